//! Where kaquan listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

/// Where kaquan listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port; TLS is the business of the proxy in front.
    pub listen: SocketAddr,
    /// How platforms reach kaquan from outside; callback addresses begin with it.
    pub public_url: Url,
    /// Address ranges of the proxies in front, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
}

impl Default for Server {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
        #[expect(clippy::expect_used, reason = "the text is on this line")]
        let public_url = "http://127.0.0.1:8080".parse().expect("a URL");
        Self { listen, public_url, trusted_proxies: Vec::new(), connections: 12_288 }
    }
}

impl Server {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        if !matches!(self.public_url.scheme(), "http" | "https")
            || self.public_url.query().is_some()
        {
            problems
                .push("[server] public_url: expected http(s)://host, without a query".to_owned());
        }
        if self.connections == 0 {
            problems.push("[server] connections: must be above zero".to_owned());
        }
    }
}
