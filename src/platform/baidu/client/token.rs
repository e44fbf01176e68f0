//! `oauth/2.0/token`: an access token for an app.

use chrono::TimeDelta;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    Account, Client,
    exchange::{Body, Request, read_as},
};
use crate::{
    outgoing::{answer::Heard, parameters::Parameters, secret::AccessToken},
    platform::baidu::{
        call::Call,
        envelope::{Shape, integer},
        error::{CallError, Garble},
        settings::TokenBy,
    },
};

const SCOPE: &str = "smartapp_snsapi_base";
const SHORTEST: TimeDelta = TimeDelta::seconds(60);
const LONGEST: TimeDelta = TimeDelta::days(30);

/// A token that was just fetched.
#[derive(Debug, Clone)]
pub struct FreshToken {
    /// Opens the app's calls.
    pub token: AccessToken,
    /// A minute to thirty days, whatever Baidu says.
    pub expires_in: TimeDelta,
}

impl Client {
    /// Fetches a token. Whether that ends the life of older ones is not documented.
    #[tracing::instrument(name = "platform.baidu.token", skip_all)]
    pub async fn token(
        &self,
        account: Account<'_>,
        secret: &SecretString,
        by: TokenBy,
    ) -> Result<Heard<FreshToken>, CallError> {
        let parameters = Parameters::default()
            .with("grant_type", "client_credentials")
            .with("client_id", account.app_key)
            .with("client_secret", secret.expose_secret())
            .with("scope", SCOPE);
        let (method, query, body) = match by {
            TokenBy::PostForm => (Method::POST, Parameters::default(), Body::Form(parameters)),
            TokenBy::Get => (Method::GET, parameters, Body::Empty),
        };
        let request = Request {
            call: Call::Token,
            method,
            base: account.open_api,
            query,
            body,
            shape: Shape::Bare,
            secrets: &[secret.expose_secret()],
        };
        read_as(Call::Token, self.exchange(request).await?, |reply| fresh(&reply))
    }
}

fn fresh(reply: &Value) -> Result<FreshToken, Garble> {
    let token = reply.get("access_token").and_then(Value::as_str).ok_or(Garble::Data)?;
    let token = AccessToken::parse(token).map_err(|_| Garble::Data)?;
    Ok(FreshToken { token, expires_in: lifetime(reply.get("expires_in")) })
}

/// What is not said, or is no number, counts as the shortest: a token that is fetched too often is none that is stale.
fn lifetime(said: Option<&Value>) -> TimeDelta {
    let seconds = said.and_then(integer).unwrap_or_default().max(0);
    TimeDelta::try_seconds(seconds).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lifetime_is_a_minute_to_thirty_days_whatever_is_said() {
        for (said, seconds) in [
            (json!(2_592_000), 2_592_000),
            (json!("86400"), 86_400),
            (json!(0), 60),
            (json!(-1), 60),
            (json!(59), 60),
            (json!(1_000_000_000_000_i64), 2_592_000),
            (json!(i64::MAX), 2_592_000),
            (json!(i64::MIN), 60),
            (json!("soon"), 60),
            (json!(86_400.5), 60),
            (json!(null), 60),
        ] {
            assert_eq!(lifetime(Some(&said)).num_seconds(), seconds, "{said}");
        }
        assert_eq!(lifetime(None).num_seconds(), 60);
    }

    #[test]
    fn a_token_is_there_and_has_up_to_two_kibibytes() {
        let of = |token: Value| fresh(&json!({ "access_token": token, "expires_in": 60 }));

        assert!(of(json!("24.x")).is_ok());
        assert!(of(json!("x".repeat(2048))).is_ok());
        for bad in
            [json!("x".repeat(2049)), json!("x".repeat(10_000)), json!(""), json!("a b"), json!(1)]
        {
            assert_eq!(of(bad).unwrap_err(), Garble::Data);
        }
        assert_eq!(fresh(&json!({})).unwrap_err(), Garble::Data);
    }
}
