//! `kaquan conform`: holds a live server against the rules of a merchant protocol, one case for each.
//!
//! The cases are data, `tests/gateways/*.jsonl`. The kit shares nothing with the gateways but the documents: it signs and
//! reads with code of its own.

mod case;
mod judge;
mod office;
mod pattern;
mod plan;
pub mod report;
mod runner;
pub mod sign;
mod text;
mod wire;
mod words;
mod world;
mod yoho;
mod zvcms;

use std::sync::Arc;

use reqwest::Url;
use secrecy::SecretString;

use self::{
    case::Case,
    judge::Credentials,
    report::{Report, Verdict},
    runner::Runner,
};
use crate::clock::Clock;

/// Which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// The open API v2 of 智迈.
    Zvcms,
    /// The promotion API of the Yoho app.
    Yoho,
}

/// What to hold against the rules.
pub struct Settings {
    /// Which rules.
    pub gateway: Gateway,
    /// Where the protocol is spoken; without a path, at its usual one.
    pub url: Url,
    /// `OPENID:SECRET@GRANT` or `CLIENT_TYPE:PRIVATE_KEY:SALT`.
    pub key: SecretString,
    /// The administration of that server, for cases that need something to be there, and a key of an owner.
    pub admin: Option<(Url, SecretString)>,
    /// Only cases whose names begin so.
    pub only: Option<String>,
}

/// Why nothing was held against anything.
#[derive(Debug, thiserror::Error)]
pub enum ConformError {
    /// What was to be shown as a key is none.
    #[error("a key of this protocol looks like {0}")]
    Key(&'static str),
    /// A rule that comes with the program cannot be read.
    #[error("the cases cannot be read: {0}")]
    Cases(String),
    /// Nobody answers.
    #[error("{url} does not answer: {why}")]
    Unreachable {
        /// Where.
        url: Url,
        /// What happened instead.
        why: reqwest::Error,
    },
    /// The administration would not make what the cases need.
    #[error("what the cases need could not be made: {0:#}")]
    World(anyhow::Error),
}

impl Gateway {
    /// As it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zvcms => "zvcms",
            Self::Yoho => "yoho",
        }
    }

    /// Where it is spoken when nobody says otherwise.
    const fn path(self) -> &'static str {
        match self {
            Self::Zvcms => "/api/v2",
            Self::Yoho => "/gateway",
        }
    }

    const fn cases(self) -> &'static str {
        match self {
            Self::Zvcms => include_str!("../../tests/gateways/zvcms.jsonl"),
            Self::Yoho => include_str!("../../tests/gateways/yoho.jsonl"),
        }
    }

    fn read(self) -> Result<Vec<Case>, ConformError> {
        case::read(self.cases()).map_err(ConformError::Cases)
    }

    fn credentials(self, key: &str) -> Result<Credentials, ConformError> {
        let (end, shape) = match self {
            Self::Zvcms => ('@', "OPENID:SECRET@GRANT"),
            Self::Yoho => (':', "CLIENT_TYPE:PRIVATE_KEY:SALT"),
        };
        let parts = key.split_once(':').and_then(|(name, rest)| {
            let (secret, beside) = rest.rsplit_once(end)?;
            Some(Credentials {
                name: name.to_owned(),
                secret: SecretString::from(secret.to_owned()),
                beside: beside.to_owned(),
            })
        });
        parts.ok_or(ConformError::Key(shape))
    }
}

/// Names and rules of the cases.
pub fn list(gateway: Gateway) -> Result<Vec<(String, String)>, ConformError> {
    Ok(gateway.read()?.into_iter().map(|case| (case.name, case.rule)).collect())
}

/// Runs the cases one after the other and tells of each as soon as it is known.
pub async fn run(
    settings: Settings,
    clock: Arc<dyn Clock>,
    mut tell: impl FnMut(&Verdict),
) -> Result<Report, ConformError> {
    let mut cases = settings.gateway.read()?;
    if let Some(only) = &settings.only {
        cases.retain(|case| case.name.starts_with(only));
    }
    let mut runner = Runner::start(settings, clock, &cases).await?;
    let mut report = Report::default();
    for case in &cases {
        let verdict = runner.try_out(case).await;
        tell(&verdict);
        report.cases.push(verdict);
    }
    Ok(report)
}

#[cfg(test)]
mod tests;
