//! Signed callbacks as Baidu sends them, claims as a merchant sends them, and a client of one connection that does nothing it need not.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::platform::baidu::sign::{Reading, Signed};

/// Where callbacks of one campaign go.
#[derive(Debug, Clone)]
pub struct Target {
    /// The secret part of the address.
    pub token: String,
    /// Baidu's id of the template.
    pub platform_ref: String,
}

/// Where claims of one campaign go.
#[derive(Debug, Clone)]
pub struct ClaimTarget {
    /// Our id of the placement.
    pub placement: String,
    /// An API key.
    pub key: String,
}

/// How the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A code.
    Code,
    /// "Try again".
    Busy,
    /// Anything else.
    Other,
}

/// One keep-alive connection.
pub struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    response: Vec<u8>,
}

impl Client {
    /// Connects to the server.
    pub async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), response: vec![0; 1024] })
    }

    /// Sends one callback and waits for its answer.
    pub async fn call(
        &mut self,
        target: &Target,
        record: &str,
        open_id: &str,
        now: DateTime<Utc>,
    ) -> std::io::Result<Heard> {
        let timestamp = now.timestamp().to_string();
        let signed = Signed {
            record_id: record,
            open_id,
            coupon_template_id: &target.platform_ref,
            timestamp: &timestamp,
        };
        let sign = signed.sign(Reading::Documented);
        let (token, template) = (&target.token, &target.platform_ref);
        let body = format!(
            r#"{{"recordId":"{record}","openId":"{open_id}","couponTemplateId":{template},"timestamp":{timestamp},"sign":"{sign}"}}"#
        );
        let request = format!(
            "POST /callbacks/baidu/{token} HTTP/1.1\r\nhost: kaquan\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(request.as_bytes()).await
    }

    /// Claims one coupon through us.
    pub async fn claim(
        &mut self,
        target: &ClaimTarget,
        record: &str,
        open_id: &str,
    ) -> std::io::Result<Heard> {
        let ClaimTarget { placement, key } = target;
        let body = format!(r#"{{"placement_id":"{placement}","open_id":"{open_id}"}}"#);
        let request = format!(
            "POST /v1/claims HTTP/1.1\r\nhost: kaquan\r\nauthorization: Bearer {key}\r\n\
             idempotency-key: {record}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(request.as_bytes()).await
    }

    /// Sends a request as it is; the status of its answer.
    pub async fn ask(&mut self, request: &[u8]) -> std::io::Result<u16> {
        self.exchange(request, b"").await.map(|(status, _)| status)
    }

    /// The same, and whether the body begins so.
    async fn exchange(&mut self, request: &[u8], begins: &[u8]) -> std::io::Result<(u16, bool)> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            if filled == self.response.len() {
                self.response.resize(2 * filled, 0);
            }
            let read = self.stream.read(&mut self.response[filled..]).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some((status, body)) = whole(&self.response[..filled]) {
                let status = status.parse().map_err(std::io::Error::other)?;
                return Ok((status, body.starts_with(begins)));
            }
        }
    }

    /// The same, for one who only wants to know whether it came to something: then the body begins with `success`.
    pub async fn act(&mut self, request: &[u8], success: &[u8]) -> std::io::Result<Heard> {
        Ok(match self.exchange(request, success).await? {
            (200 | 201, true) => Heard::Code,
            (429 | 503, _) => Heard::Busy,
            _ => Heard::Other,
        })
    }

    /// Sends a request that costs the server nothing, to see what the client itself can do.
    pub async fn ping(&mut self) -> std::io::Result<Heard> {
        match self.send(b"GET /health/live HTTP/1.1\r\nhost: kaquan\r\n\r\n").await? {
            Heard::Other => Ok(Heard::Code),
            heard @ (Heard::Code | Heard::Busy) => Ok(heard),
        }
    }

    async fn send(&mut self, request: &[u8]) -> std::io::Result<Heard> {
        self.request.clear();
        self.request.extend_from_slice(request);
        self.stream.write_all(&self.request).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.response[filled..]).await?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some(heard) = understand(&self.response[..filled]) {
                return Ok(heard);
            }
        }
    }
}

/// The use of a coupon for an order.
pub fn redemption(key: &str, code: &str, order_no: &str) -> Vec<u8> {
    let body = format!(r#"{{"code":"{code}","order_no":"{order_no}","store":"shop-1"}}"#);
    post("/v1/redemptions", key, &format!("idempotency-key: {order_no}\r\n"), &body)
}

/// A request with a JSON body.
pub fn post(path: &str, key: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: kaquan\r\nauthorization: Bearer {key}\r\n{headers}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The answer, once it is complete.
fn understand(response: &[u8]) -> Option<Heard> {
    let (status, body) = whole(response)?;
    Some(match status {
        "200" if body.starts_with(br#"{"errno":"0","msg":"success""#) => Heard::Code,
        "201" => Heard::Code,
        "503" => Heard::Busy,
        _ => Heard::Other,
    })
}

/// Status and body, once both are complete.
fn whole(response: &[u8]) -> Option<(&str, &[u8])> {
    let head_end = response.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&response[..head_end]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    let body = response.get(head_end..head_end + length)?;
    Some((head.get(9..12)?, body))
}
