//! A stand-in for Baidu that answers whatever a test wants, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use kaquan::domain::id::AppId;
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinHandle};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub query: String,
    pub body: String,
}

/// What is answered, byte for byte.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Listens on a port of its own until it is dropped.
pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

/// The token that [`Reply::token`] grants.
pub const TOKEN: &str = "24.5ca0a11e5ca0a11e5ca0a11e5ca0a11e.2592000.1797000000.282335-10000001";

impl Stub {
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let router = Router::new().fallback(move |request: Request| {
            let (answer, heard) = (answer.clone(), Arc::clone(&heard));
            async move {
                let asked = read(request).await;
                let reply = answer(&asked);
                heard.lock().unwrap().push(asked);
                reply.into_response()
            }
        });
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked, serving }
    }

    /// Everything it was asked at paths that end so.
    pub fn asked(&self, path_end: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path.ends_with(path_end)).cloned().collect()
    }

    /// From now on the app's calls go here.
    pub async fn takes_calls_of(&self, pool: &PgPool, app: AppId) {
        sqlx::query(
            "update app set version = version + 1,
                 settings = jsonb_build_object('open_api_url', $2::text, 'session_api_url', $2::text)
             where app_id = $1",
        )
        .bind(app.uuid())
        .bind(&self.url)
        .execute(pool)
        .await
        .unwrap();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Asked {
    /// Whether it asks for an access token.
    pub fn is_for_token(&self) -> bool {
        self.path.ends_with("/oauth/2.0/token")
    }
}

impl Reply {
    /// Any JSON, with status 200.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", "application/json;charset=UTF-8".to_owned())];
        Self { status: 200, headers, body: body.into() }
    }

    /// As a write-off and, with another key for the words, a sync is answered.
    pub fn success() -> Self {
        Self::json(r#"{"errno":"0","msg":"success"}"#)
    }

    pub fn token() -> Self {
        Self::json(format!(r#"{{"access_token":"{TOKEN}","expires_in":2592000}}"#))
    }

    pub fn status(status: u16, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { status, headers, body: b"busy".to_vec() }
    }

    fn into_response(self) -> Response {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        builder.body(Body::from(self.body)).unwrap()
    }
}

async fn read(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Asked {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        // A picture is none.
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}
