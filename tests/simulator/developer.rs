//! A developer with a callback: honest, or wrong in one way.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Barrier, Notify};

/// How the developer answers.
#[derive(Clone)]
pub enum Manner {
    /// One code for each record, remembered.
    Honest,
    /// As honest, but only once so many calls are here together.
    Together(Arc<Barrier>),
    /// A new code for every call.
    Forgetful,
    /// The same code for everybody.
    OneCode,
    /// These answers in turn, then honest.
    Script(Vec<(u16, String)>),
    /// Never.
    Silent,
}

/// The developer's server.
#[derive(Clone)]
pub struct Developer {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    manner: Manner,
    script: Mutex<VecDeque<(u16, String)>>,
    codes: Mutex<HashMap<String, String>>,
    heard: Mutex<Vec<Value>>,
    came: Notify,
}

impl Developer {
    pub async fn start(manner: Manner) -> Self {
        let script = match &manner {
            Manner::Script(answers) => answers.iter().cloned().collect(),
            Manner::Honest
            | Manner::Together(_)
            | Manner::Forgetful
            | Manner::OneCode
            | Manner::Silent => VecDeque::new(),
        };
        let inner = Arc::new(Inner {
            manner,
            script: Mutex::new(script),
            codes: Mutex::default(),
            heard: Mutex::default(),
            came: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let router = Router::new().route("/callback", post(answer)).with_state(inner.clone());
        tokio::spawn(serve(listener, router));
        Self { url, inner }
    }

    /// The bodies that came, in their order.
    pub fn heard(&self) -> Vec<Value> {
        self.inner.heard.lock().unwrap().clone()
    }

    /// Waits until so many calls have come.
    pub async fn has_heard(&self, count: usize) {
        while self.heard().len() < count {
            self.inner.came.notified().await;
        }
    }
}

/// Carries out a request whose caller is gone already, as kaquan does; `axum::serve` may drop it.
async fn serve(listener: TcpListener, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(router.clone());
        let mut protocol = http1::Builder::new();
        protocol.half_close(true);
        tokio::spawn(protocol.serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(State(developer): State<Arc<Inner>>, body: String) -> Response {
    let call: Value = serde_json::from_str(&body).unwrap();
    let record = call["recordId"].as_str().unwrap().to_owned();
    developer.heard.lock().unwrap().push(call);
    developer.came.notify_one();
    if let Some((status, body)) = developer.script.lock().unwrap().pop_front() {
        return reply(status, body);
    }
    match &developer.manner {
        Manner::Together(barrier) => {
            barrier.wait().await;
        }
        Manner::Silent => std::future::pending().await,
        Manner::Forgetful => {
            let count = developer.heard.lock().unwrap().len();
            return success(&format!("NEW{count}"));
        }
        Manner::OneCode => return success("SAME"),
        Manner::Honest | Manner::Script(_) => {}
    }
    let mut codes = developer.codes.lock().unwrap();
    let fresh = format!("CODE{}", codes.len() + 1);
    success(codes.entry(record).or_insert(fresh))
}

fn success(code: &str) -> Response {
    reply(200, json!({ "errno": "0", "msg": "success", "data": code }).to_string())
}

fn reply(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
