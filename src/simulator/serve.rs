//! Accepts connections, and breaks one off without an answer when the platform is said to be away.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower::ServiceExt;

use super::caller::pause;

/// Marks a response that must never be written: its connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct HungUp;

/// From which address a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub IpAddr);

/// Serves until told to stop, then lets what is under way come to its end.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    mut stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // A dropped handle stops the server as well.
            _ = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => connect(stream, router.clone(), &open),
            Err(error) => {
                tracing::warn!(%error, "Simulator could not accept a connection");
                pause(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}

fn connect(stream: TcpStream, router: Router, open: &GracefulShutdown) {
    // Small answers must not wait for one another.
    stream.set_nodelay(true).ok();
    let peer = stream.peer_addr().map(|address| Peer(address.ip())).ok();
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let answer = router.clone().oneshot(request);
        async move {
            let Ok(answer) = answer.await;
            kept(answer)
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    let connection = open.watch(connection);
    tokio::spawn(async move {
        // A connection that broke, or was broken off, is nobody's concern.
        connection.await.ok();
    });
}

/// An error instead of a response makes the connection close with nothing more written.
fn kept<T>(answer: Response<T>) -> io::Result<Response<T>> {
    if answer.extensions().get::<HungUp>().is_some() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(answer)
}
