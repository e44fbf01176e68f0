//! Addresses for servers that must know theirs before they listen.

use std::net::{SocketAddr, TcpListener, TcpStream};

/// An address of this machine that nobody else is given meanwhile: a connection that was closed at our end keeps it
/// for a minute, though only from those who have no wish for this very port.
pub fn reserved_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let caller = TcpStream::connect(address).unwrap();
    let (answered, _) = listener.accept().unwrap();
    drop(answered);
    drop(caller);
    address
}
