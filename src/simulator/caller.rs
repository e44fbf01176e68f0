//! The platform's side of the line: calls the developer and reports whatever comes back.

use std::io;
use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::target;

/// More than any honest answer needs.
const MOST_ANSWER: usize = 64 * 1024;

/// Calls callback addresses; never follows a redirect, never uses a proxy.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client,
    timeout: Duration,
    allowed_hosts: Vec<String>,
}

/// What came back, or what broke.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    pub status: Option<u16>,
    pub says_json: bool,
    pub body: Option<String>,
    pub error: Option<String>,
    pub ms: u64,
}

impl Caller {
    pub fn new(timeout: Duration, allowed_hosts: Vec<String>) -> io::Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { client, timeout, allowed_hosts })
    }

    /// One call, read to its end.
    pub async fn call(&self, address: &str, letter: &str) -> Heard {
        let begun = Instant::now();
        let heard = match self.allowed(address) {
            Ok(url) => self.exchange(url, letter).await,
            Err(error) => Err(error),
        };
        finish(heard, begun)
    }

    /// One call whose caller is gone after the last byte of the request.
    pub async fn call_and_hang_up(&self, address: &str, letter: &str) -> Heard {
        let begun = Instant::now();
        let sent = match self.allowed(address) {
            Ok(url) => tokio::time::timeout(self.timeout, write_and_close(&url, letter)).await,
            Err(error) => Ok(Err(io::Error::other(error))),
        };
        let error = match sent {
            Ok(Ok(())) => "hung up after the last byte".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "timed out".to_owned(),
        };
        finish(Err(error), begun)
    }

    fn allowed(&self, address: &str) -> Result<Url, String> {
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        target::check(&url, &self.allowed_hosts).map_err(|refusal| refusal.to_string())?;
        Ok(url)
    }

    async fn exchange(&self, url: Url, letter: &str) -> Result<Heard, String> {
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let answer = request.body(letter.to_owned()).send().await.map_err(told)?;
        let status = Some(answer.status().as_u16());
        let says_json = answer
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
        let body = Some(read_body(answer).await?);
        Ok(Heard { status, says_json, body, ..Heard::default() })
    }
}

/// Waits, so that tries are apart and late calls are late.
#[expect(clippy::disallowed_methods, reason = "the platform's pauses are what is simulated")]
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

async fn read_body(mut answer: Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_ANSWER {
            return Err("the answer is longer than 64 KiB".to_owned());
        }
    }
    String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8".to_owned())
}

async fn write_and_close(url: &Url, letter: &str) -> io::Result<()> {
    if url.scheme() != "http" {
        return Err(io::Error::other("hanging up needs plain http"));
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let host = url.host_str().unwrap_or_default();
    let mut stream = match url.host() {
        Some(Host::Ipv6(address)) => TcpStream::connect((address, port)).await?,
        Some(Host::Domain(_) | Host::Ipv4(_)) | None => TcpStream::connect((host, port)).await?,
    };
    let path = url.path();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let length = letter.len();
    let request = format!(
        "POST {path}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{letter}"
    );
    // Held back, so that the last byte and the end travel in one packet: nobody can answer in between.
    socket2::SockRef::from(&stream).set_tcp_cork(true)?;
    stream.write_all(request.as_bytes()).await?;
    stream.shutdown().await
}

fn told(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    error.without_url().to_string()
}

fn finish(heard: Result<Heard, String>, begun: Instant) -> Heard {
    let mut heard = heard.unwrap_or_else(|error| Heard { error: Some(error), ..Heard::default() });
    heard.ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    heard
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Reads one request, and says whether its caller is gone at once.
    fn answer(listener: &TcpListener) -> bool {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].ends_with(b"{}"), "in one piece");
        stream.set_nonblocking(true).unwrap();
        match stream.read(&mut request) {
            Ok(read) => read == 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn who_hangs_up_is_gone_by_the_time_the_request_can_be_read() {
        let caller = Caller::new(Duration::from_secs(5), Vec::new()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());

        let gone = thread::spawn(move || (0..200).filter(|_| answer(&listener)).count());
        for _ in 0..200 {
            let heard = caller.call_and_hang_up(&address, "{}").await;
            assert_eq!(heard.error.as_deref(), Some("hung up after the last byte"));
        }

        assert_eq!(gone.join().unwrap(), 200);
    }
}
