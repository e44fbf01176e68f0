//! A system of the merchant's that is told of things: keeps what it hears, checks signatures as the specification tells
//! receivers to, and answers whatever a test wants.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use serde_json::Value;
use sha2::Sha256;
use tokio::{net::TcpListener, task::JoinHandle};

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Message {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Status and headers of an answer.
pub type Answer = (u16, Vec<(&'static str, String)>);

type Script = Arc<Mutex<Box<dyn FnMut(usize) -> Answer + Send>>>;

/// Listens on a port of its own until it is dropped.
pub struct Receiver {
    pub url: String,
    heard: Arc<Mutex<Vec<Message>>>,
    script: Script,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Says yes to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Message>>> = Arc::default();
        let script: Script = Arc::new(Mutex::new(Box::new(|_| (200, Vec::new()))));
        let (kept, said) = (Arc::clone(&heard), Arc::clone(&script));
        let router = Router::new().fallback(move |request: Request| {
            let (kept, said) = (Arc::clone(&kept), Arc::clone(&said));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
                let number = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(Message { headers: parts.headers, body });
                    kept.len()
                };
                let (status, headers) = (said.lock().unwrap())(number);
                let response = Response::builder().status(status);
                let response = headers.into_iter().fold(response, |r, (n, v)| r.header(n, v));
                response.body(Body::from("a word")).unwrap()
            }
        });
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, heard, script, serving }
    }

    /// From now on: what is answered to the first, second, … message.
    pub fn answer(&self, script: impl FnMut(usize) -> Answer + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    pub fn answer_always(&self, status: u16) {
        self.answer(move |_| (status, Vec::new()));
    }

    pub fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether one of the signatures is of this secret, over what came.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(&self.body);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}
