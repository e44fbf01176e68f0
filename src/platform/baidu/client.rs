//! The client for Baidu's calls: one function for each, parameters exactly where the documents put them.
//!
//! No call is repeated here. Who calls knows whether that is safe, and keeps the books of it.

mod banner;
mod coupon;
mod exchange;
pub mod identity;
mod listing;
mod statistics;
mod template;
pub mod token;

use std::time::Duration;

use reqwest::redirect::Policy;
use url::Url;

use crate::config::baidu::Baidu;

/// Makes the calls. Cheap to clone: all clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    call_timeout: Duration,
    upload_timeout: Duration,
}

/// Whose calls they are, and where they go.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The app's key; it is no secret.
    pub app_key: &'a str,
    /// Where the open API lives.
    pub open_api: &'a Url,
    /// Where old session keys are asked for.
    pub session_api: &'a Url,
}

/// Connections that were idle for longer are not used again: the other side may just be hanging up.
const IDLE: Duration = Duration::from_secs(20);

impl Client {
    /// Built once; fails only where the machine has no certificates to trust.
    pub fn new(config: &Baidu) -> reqwest::Result<Self> {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("kaquan/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry token and secret to whoever it names.
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            // Shorter than the whole, so that what was never sent is told from what was never answered.
            .connect_timeout(config.call_timeout * 2 / 3)
            .pool_idle_timeout(IDLE)
            .build()?;
        let (call_timeout, upload_timeout) = (config.call_timeout, config.upload_timeout);
        Ok(Self { http, call_timeout, upload_timeout })
    }
}
