//! What opens other calls: access tokens, and the ticket that signatures for taking cards are made with.

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{
    Account, Client,
    exchange::{Body, Request, of_token},
    patience::patiently,
};
use crate::{
    outgoing::{answer::Heard, parameters::Parameters, secret::AccessToken},
    platform::wechat::{
        call::Call,
        error::{CallError, Garble},
        json::Fields,
        settings::TokenBy,
    },
};

const SHORTEST: TimeDelta = TimeDelta::seconds(60);
const LONGEST: TimeDelta = TimeDelta::seconds(7200);

/// A token or ticket that was just fetched.
#[derive(Debug, Clone)]
pub struct FreshToken {
    /// Opens the account's calls, or goes into signatures.
    pub token: AccessToken,
    /// A minute to two hours, whatever WeChat says.
    pub expires_in: TimeDelta,
}

impl Client {
    /// Fetches a token. `force` ends the life of the one before, where asking alone does not; only a few times a day.
    #[tracing::instrument(name = "platform.wechat.access_token", skip_all)]
    pub async fn access_token(
        &self,
        account: Account<'_>,
        secret: &SecretString,
        by: TokenBy,
        force: bool,
    ) -> Result<Heard<FreshToken>, CallError> {
        let (id, secret) = (account.app_id, secret.expose_secret());
        let (call, query, body) = match by {
            TokenBy::StableToken => {
                let body = json!({
                    "grant_type": "client_credential", "appid": id, "secret": secret,
                    "force_refresh": force,
                });
                (Call::StableToken, Parameters::default(), Body::Json(body))
            }
            TokenBy::Token => {
                let query = Parameters::default()
                    .with("grant_type", "client_credential")
                    .with("appid", id)
                    .with("secret", secret);
                (Call::Token, query, Body::Empty)
            }
        };
        let request = Request { call, account, query, body, secrets: &[secret] };
        self.exchange(request, |opened| fresh(&opened.reply, "access_token")).await
    }

    /// Fetches the ticket for cards, with the official account's token. It never leaves the server.
    #[tracing::instrument(name = "platform.wechat.card_ticket", skip_all)]
    pub async fn card_ticket(
        &self,
        account: Account<'_>,
        token: &AccessToken,
    ) -> Result<Heard<FreshToken>, CallError> {
        let secrets = &[token.expose()];
        patiently(Call::Ticket, || {
            let query = of_token(token).with("type", "wx_card");
            let request =
                Request { call: Call::Ticket, account, query, body: Body::Empty, secrets };
            self.exchange(request, |opened| fresh(&opened.reply, "ticket"))
        })
        .await
    }
}

fn fresh(reply: &Map<String, Value>, key: &str) -> Result<FreshToken, Garble> {
    let token = reply.get(key).and_then(Value::as_str).ok_or(Garble::Data)?;
    let token = AccessToken::parse(token).map_err(|_| Garble::Data)?;
    Ok(FreshToken { token, expires_in: lifetime(Fields(reply).integer("expires_in")) })
}

/// What is not said, or is no number, counts as the shortest: a token that is fetched too often is none that is stale.
fn lifetime(said: Option<i64>) -> TimeDelta {
    let seconds = said.unwrap_or_default().max(0);
    TimeDelta::try_seconds(seconds).unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reply: &Value) -> Result<FreshToken, Garble> {
        fresh(reply.as_object().unwrap(), "access_token")
    }

    #[test]
    fn a_lifetime_is_a_minute_to_two_hours_whatever_is_said() {
        for (said, seconds) in [
            (json!(7200), 7200),
            (json!("7200"), 7200),
            (json!(300), 300),
            (json!(0), 60),
            (json!(-1), 60),
            (json!(59), 60),
            (json!(2_592_000), 7200),
            (json!(1_000_000_000_000_i64), 7200),
            (json!(i64::MAX), 7200),
            (json!(i64::MIN), 60),
            (json!("soon"), 60),
            (json!(7200.5), 60),
            (json!(null), 60),
        ] {
            let fresh = read(&json!({ "access_token": "24.x", "expires_in": said })).unwrap();
            assert_eq!(fresh.expires_in.num_seconds(), seconds, "{said}");
        }
        assert_eq!(read(&json!({ "access_token": "x" })).unwrap().expires_in.num_seconds(), 60);
    }

    #[test]
    fn a_token_is_there_and_has_up_to_two_kibibytes() {
        let of = |token: Value| read(&json!({ "access_token": token, "expires_in": 60 }));

        assert!(of(json!("x".repeat(512))).is_ok());
        assert!(of(json!("x".repeat(2048))).is_ok());
        for bad in
            [json!("x".repeat(2049)), json!("x".repeat(10_000)), json!(""), json!("a b"), json!(1)]
        {
            assert_eq!(of(bad).unwrap_err(), Garble::Data);
        }
        assert_eq!(read(&json!({})).unwrap_err(), Garble::Data);
    }
}
