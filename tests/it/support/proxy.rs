//! A proxy between an engine and Postgres that breaks what it is told to break.
//!
//! It understands just enough of the protocol to see a `COMMIT` go by; all else is bytes.

mod breaker;

use std::{io, sync::Arc, time::Duration};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixStream},
    task::{JoinHandle, JoinSet},
};

use breaker::{Breaker, Fate};

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut when the client commits; the server never hears of it.
    CommitLost,
    /// The connection is cut right after the `COMMIT` went to the server, which may be slower than the client's next try.
    CommitRaced,
    /// The server commits, and the connection is cut in place of its reply.
    ReplyLost,
    /// From the client's `COMMIT` on nothing passes in either direction, and neither side is told.
    Vanishes,
    /// The connection is cut after that many more bytes.
    CutAfter(Direction, usize),
    /// Everything is held until the proxy is healed.
    Silence,
    /// Everything the client says takes that much longer.
    Slow(Duration),
    /// Connections are cut and new ones closed at once.
    Down,
}

/// Which bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Requests,
    Replies,
}

/// Listens on a port of its own until it is dropped.
pub struct Proxy {
    port: u16,
    upstream: PgConnectOptions,
    breaker: Arc<Breaker>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(upstream: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let breaker = Arc::new(Breaker::default());
        let accepting = tokio::spawn(accept(listener, upstream.clone(), Arc::clone(&breaker)));
        Self { port, upstream: upstream.clone(), breaker, accepting }
    }

    /// The way to the same database, through the proxy.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(self.upstream.get_username())
            .database(self.upstream.get_database().unwrap())
            .ssl_mode(PgSslMode::Disable)
    }

    /// Breaks one thing, at the next occasion.
    pub fn once(&self, fault: Fault) {
        self.breaker.plan(fault, true);
    }

    /// Stays broken until healed.
    pub fn set(&self, fault: Fault) {
        self.breaker.plan(fault, false);
    }

    pub fn heal(&self) {
        self.breaker.heal();
    }

    /// How many connections were cut or silenced.
    pub fn struck(&self) -> usize {
        self.breaker.struck()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: PgConnectOptions, breaker: Arc<Breaker>) {
    // The connections end with the proxy.
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        while connections.try_join_next().is_some() {}
        if breaker.is(Fault::Down) {
            continue;
        }
        let (upstream, breaker) = (upstream.clone(), Arc::clone(&breaker));
        connections.spawn(async move {
            // Whichever way it ends, both sockets are dropped.
            let _broken = if let Some(folder) = upstream.get_socket() {
                let path = folder.join(format!(".s.PGSQL.{}", upstream.get_port()));
                carry(client, UnixStream::connect(path).await.unwrap(), &breaker).await
            } else {
                let address = (upstream.get_host(), upstream.get_port());
                carry(client, TcpStream::connect(address).await.unwrap(), &breaker).await
            };
        });
    }
}

async fn carry(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite,
    breaker: &Breaker,
) -> io::Result<()> {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    let fate = Fate::default();
    tokio::select! {
        end = breaker.carry_requests(from_client, to_server, &fate) => end,
        end = breaker.carry_replies(from_server, to_client, &fate) => end,
        () = breaker.until_down() => Ok(()),
    }
}
