//! Accepts connections and serves them over HTTP/1.1, with limits that a slow or greedy client cannot talk us out of.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::arrival::{Line, Wire};

/// What one listener allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
    /// How long a connection may take to send a request's head, idle time before it included.
    pub head: Duration,
    /// How long connections may take to finish at the end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 12_288, head: Duration::from_secs(30), drain: Duration::from_secs(10) }
    }
}

/// Connections that may wait to be accepted; the kernel's own limit (`net.core.somaxconn`) may be lower.
const MOST_NEW: u32 = 4096;
/// The longest request head; longer ones are answered 431.
const LONGEST_HEAD: usize = 16 * 1024;
/// The most header fields in it.
const MOST_HEADERS: usize = 64;

/// Listens with room for a crowd that comes at once. Where the queue of new connections is short, those who find it full
/// are silently left to try again a second later.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for the last connections of its predecessor to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(MOST_NEW)
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // A full house must not keep us from hearing that it is time to stop.
        let free = tokio::select! {
            () = stop.cancelled() => break,
            free = Arc::clone(&places).acquire_owned() => free,
        };
        let Ok(place) = free else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest(&error).await;
                continue;
            }
        };
        let _ignored_where_unsupported = stream.set_nodelay(true);
        let router = router.clone();
        let (wire, line) = Wire::new(stream);
        let service =
            service_fn(move |request| respond(router.clone(), peer, line.clone(), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            // Whoever has said everything may close that side: its request is carried out, and answered if it can be.
            .half_close(true)
            .serve_connection(TokioIo::new(wire), service);
        let connection = open.watch(connection);
        connections.spawn(async move {
            // Broken connections are the network's business.
            let _result = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, open.shutdown()).await.is_err() {
        tracing::warn!("Some connections did not finish in time and are closed");
    }
    // What they still hold would keep others from ending.
    connections.shutdown().await;
}

async fn respond(
    mut router: Router,
    peer: SocketAddr,
    line: Line,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(line);
    Service::<Request<axum::body::Body>>::call(&mut router, request).await
}

/// Out of file descriptors, most likely: waiting lets some close; a broken single connection costs nothing.
#[expect(clippy::disallowed_methods, reason = "accepting again at once would spin")]
async fn rest(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::warn!(error = %error, "Cannot accept a connection");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_that_comes_at_once_finds_room() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let began = std::time::Instant::now();

        // Nobody accepts: all of them wait in the queue.
        let crowd: Vec<_> =
            (0..1000).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();

        assert_eq!(crowd.len(), 1000);
        assert!(began.elapsed() < Duration::from_secs(1), "somebody had to try again");
    }

    #[tokio::test]
    async fn a_stop_ends_what_will_not_end_by_itself() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::new(());
        let handlers = Arc::clone(&held);
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let router = Router::new().fallback(move || {
            let (held, begun) = (Arc::clone(&handlers), begun.clone());
            async move {
                begun.send(()).unwrap();
                std::future::pending::<()>().await;
                drop(held);
            }
        });
        let stop = CancellationToken::new();
        let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
        let server = tokio::spawn(serve(listener, router, limits, stop.clone()));
        let mut caller = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: kaquan\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut caller, request).await.unwrap();
        has_begun.recv().await.unwrap();

        stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(5), server).await;

        assert!(ended.is_ok(), "the listener waits for a request without end");
        assert_eq!(Arc::strong_count(&held), 1, "a handler still holds what it was given");
    }

    #[tokio::test]
    async fn a_full_house_hears_that_it_is_time_to_stop() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let drain = Duration::from_millis(50);
        let limits = Limits { connections: 1, drain, ..Limits::default() };
        let router = Router::new().fallback(async || "here");
        let server = tokio::spawn(serve(listener, router, limits, stop.clone()));
        let mut only = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: kaquan\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut only, request).await.unwrap();
        let mut answer = [0; 12];
        tokio::io::AsyncReadExt::read_exact(&mut only, &mut answer).await.unwrap();

        stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(5), server).await;

        assert_eq!(&answer, b"HTTP/1.1 200");
        assert!(ended.is_ok(), "the listener waits for a place to become free");
    }
}
