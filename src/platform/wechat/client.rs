//! The client for WeChat's calls: one function for each, parameters exactly where the documents put them.
//!
//! Only while WeChat is busy a call is repeated here, and only one that does nothing twice. Whether anything else is safe
//! to repeat, whoever calls knows, and keeps the books of it.

pub mod card;
pub mod code;
pub mod deposit;
mod exchange;
pub mod listing;
mod patience;
pub mod people;
pub mod qr;
pub mod session;
pub mod statistics;
pub mod token;
mod upload;

use std::time::Duration;

use reqwest::redirect::Policy;
use url::Url;

use crate::config::wechat::Wechat;

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
    /// The `AppID`; it is no secret.
    pub app_id: &'a str,
    /// Where the API lives.
    pub api: &'a Url,
}

/// Connections that were idle for longer are not used again: the other side may just be hanging up.
const IDLE: Duration = Duration::from_secs(20);

impl Client {
    /// Built once; fails only where the machine has no certificates to trust.
    pub fn new(config: &Wechat) -> reqwest::Result<Self> {
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("kaquan/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry token and secret to whoever it names.
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .retry(reqwest::retry::never())
            // Shorter than the whole, so that what was never sent is told from what was never answered.
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(IDLE)
            .build()?;
        let (call_timeout, upload_timeout) = (config.call_timeout, config.upload_timeout);
        Ok(Self { http, call_timeout, upload_timeout })
    }
}
