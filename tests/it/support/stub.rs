//! A platform made of bytes: answers each request as it was told to, and keeps what it heard.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// One request as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    /// Path and query, as they were written.
    pub target: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What becomes of one request.
#[derive(Debug, Clone)]
pub enum Scripted {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for as long as the caller waits.
    AndSilence(Vec<u8>),
}

/// Stops when it is dropped.
pub struct Stub {
    pub url: Url,
    script: Arc<Mutex<VecDeque<Scripted>>>,
    heard: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

/// A whole answer with this status and body.
pub fn answer(status: u16, body: &str) -> Scripted {
    answer_with(status, "Content-Type: application/json\r\n", body.as_bytes())
}

/// The same with header lines of one's own.
pub fn answer_with(status: u16, headers: &str, body: &[u8]) -> Scripted {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    Scripted::Bytes([head.as_bytes(), body].concat())
}

impl Stub {
    /// Answers so many requests, in this order.
    pub async fn answering(script: impl IntoIterator<Item = Scripted>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (told, kept) = (Arc::clone(&script), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&told), Arc::clone(&kept)));
            }
        });
        Self { url, script, heard, task }
    }

    /// The requests so far; all that was scripted has to be used up.
    pub fn heard(&self) -> Vec<Asked> {
        assert_eq!(self.script.lock().unwrap().len(), 0, "fewer requests than answers");
        self.heard.lock().unwrap().clone()
    }

    /// The only request.
    pub fn heard_one(&self) -> Asked {
        let mut heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.remove(0)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Arc<Mutex<VecDeque<Scripted>>>,
    heard: Arc<Mutex<Vec<Asked>>>,
) {
    let Some(asked) = read(&mut stream).await else { return };
    heard.lock().unwrap().push(asked);
    let next = script.lock().unwrap().pop_front();
    let (bytes, silence) = match next {
        Some(Scripted::Bytes(bytes)) => (bytes, false),
        Some(Scripted::AndSilence(bytes)) => (bytes, true),
        None => (b"HTTP/1.1 599 Not scripted\r\nContent-Length: 0\r\n\r\n".to_vec(), false),
    };
    // A caller that has heard enough hangs up; that is its right.
    let _may_be_gone = stream.write_all(&bytes).await;
    if silence {
        let _end = stream.read_u8().await;
    }
}

/// Reads head and body; `None` when the caller leaves before.
async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers: BTreeMap<_, _> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked { method, target, headers, body })
}
