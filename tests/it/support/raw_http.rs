//! An HTTP client that sends whatever it is given, byte for byte, and reads one answer.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One answer as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReply {
    pub status: u16,
    /// By lower-case name, without `date`.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// Longer than the server's own patience with bodies.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends the bytes and reads until the server closes. A server that answers early and hangs up is within its rights, so
/// errors of writing do not count; no answer, or a connection that stays open, does.
pub async fn send(server: SocketAddr, request: &[u8]) -> RawReply {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let (mut from, mut to) = stream.split();
        let mut answer = Vec::new();
        let (_written, _read) = tokio::join!(to.write_all(request), from.read_to_end(&mut answer));
        answer
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await;
    parse(&answer.expect("the server neither closed nor answered"))
}

fn parse(answer: &[u8]) -> RawReply {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(answer)));
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| name != "date")
        .collect();
    RawReply { status, headers, body: answer[end + 4..].to_vec() }
}
