//! `kaquan health`: asks the server that runs on this machine whether it is ready, as containers do.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};

use super::output;
use crate::config::Config;

/// Longer than the server itself waits for its database.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let url = format!("http://{}/health/ready", reachable(config.server.listen));
    // The server is on this machine, whatever proxies the environment names.
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let answer = client.get(&url).send().await.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("{url} does not answer"))?;
    let (status, text) = (answer.status(), answer.text().await?);
    if !status.is_success() {
        bail!("{url} says {status}: {text}");
    }
    output::say(text);
    Ok(ExitCode::SUCCESS)
}

/// Where to knock at a server that listens on all addresses.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}
