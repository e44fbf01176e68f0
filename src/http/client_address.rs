//! Who calls: the peer of the connection, or whom a trusted hop names; and which addresses are one caller's.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap, Request, request::Parts};
use ipnet::IpNet;

/// The caller's address. `X-Forwarded-For` counts only as far as the hops that wrote it are trusted, from the right.
pub fn client_address<B>(request: &Request<B>, trusted: &[IpNet]) -> Option<IpAddr> {
    address_in(request.extensions(), request.headers(), trusted)
}

/// The same of a request whose body is read elsewhere.
pub fn client_address_of(parts: &Parts, trusted: &[IpNet]) -> Option<IpAddr> {
    address_in(&parts.extensions, &parts.headers, trusted)
}

fn address_in(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    Some(resolve(peer, headers, trusted))
}

/// Where one caller may have any address: whoever has one of IPv6 has all of its /64.
pub fn network_of(address: IpAddr) -> IpNet {
    let bits = if address.is_ipv4() { 32 } else { 64 };
    IpNet::new(address, bits).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let named = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|hop| hop.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical()))
        .collect::<Vec<_>>();
    let mut caller = peer;
    for hop in named.into_iter().rev() {
        match hop {
            Some(address) if is_trusted(caller) => caller = address,
            _ => break,
        }
    }
    caller
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_choose_their_address() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, caller) in [
            ("203.0.113.9", Some("198.51.100.1"), "203.0.113.9"),
            ("10.0.0.2", None, "10.0.0.2"),
            ("10.0.0.2", Some("198.51.100.1"), "198.51.100.1"),
            ("10.0.0.2", Some("192.0.2.66, 198.51.100.1"), "198.51.100.1"),
            ("10.0.0.2", Some("192.0.2.66, 198.51.100.1, 10.0.0.3"), "198.51.100.1"),
            ("10.0.0.2", Some("not an address"), "10.0.0.2"),
            ("::ffff:10.0.0.2", Some("::ffff:198.51.100.1"), "198.51.100.1"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(text) = forwarded {
                headers.insert("x-forwarded-for", text.parse().unwrap());
            }
            let peer = peer.parse::<IpAddr>().unwrap().to_canonical();
            let expected: IpAddr = caller.parse().unwrap();
            assert_eq!(resolve(peer, &headers, &trusted), expected, "{peer} {forwarded:?}");
        }
    }
}
