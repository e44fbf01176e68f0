//! `getsessionkey` and its elder `jscode2sessionkey`: who a login code belongs to.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    Account, Client,
    exchange::{Body, Request, read_as},
};
use crate::{
    domain::people::OpenId,
    outgoing::{
        answer::Heard,
        parameters::Parameters,
        secret::{AccessToken, SessionKey},
    },
    platform::baidu::{
        call::Call,
        envelope::Shape,
        error::{CallError, Garble},
    },
};

/// What a login code is worth, once.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user in this app.
    pub open_id: OpenId,
    /// Opens what the user's mini-program sends sealed.
    pub key: SessionKey,
}

impl Client {
    /// Changes a login code for a session. The code is spent, whatever the answer.
    #[tracing::instrument(name = "platform.baidu.session_key", skip_all)]
    pub async fn session_key(
        &self,
        account: Account<'_>,
        token: &AccessToken,
        code: &SecretString,
    ) -> Result<Heard<Session>, CallError> {
        let request = Request {
            call: Call::SessionKey,
            method: Method::POST,
            base: account.open_api,
            query: Parameters::default()
                .with("access_token", token.expose())
                .with("code", code.expose_secret()),
            body: Body::EmptyForm,
            shape: Shape::Numbered,
            secrets: &[token.expose(), code.expose_secret()],
        };
        let heard = self.exchange(request).await?;
        read_as(Call::SessionKey, heard, |data| session(&data, "open_id"))
    }

    /// The same in the older way, with the app's secret in place of a token.
    #[tracing::instrument(name = "platform.baidu.old_session_key", skip_all)]
    pub async fn old_session_key(
        &self,
        account: Account<'_>,
        secret: &SecretString,
        code: &SecretString,
    ) -> Result<Heard<Session>, CallError> {
        let form = Parameters::default()
            .with("code", code.expose_secret())
            .with("client_id", account.app_key)
            .with("sk", secret.expose_secret());
        let request = Request {
            call: Call::OldSessionKey,
            method: Method::POST,
            base: account.session_api,
            query: Parameters::default(),
            body: Body::Form(form),
            shape: Shape::Bare,
            secrets: &[secret.expose_secret(), code.expose_secret()],
        };
        let heard = self.exchange(request).await?;
        read_as(Call::OldSessionKey, heard, |reply| session(&reply, "openid"))
    }
}

fn session(data: &Value, open_id: &str) -> Result<Session, Garble> {
    let text = |key: &str| data.get(key).and_then(Value::as_str).ok_or(Garble::Data);
    let open_id = OpenId::parse(text(open_id)?).map_err(|_| Garble::Data)?;
    let key = SessionKey::parse(text("session_key")?).map_err(|_| Garble::Data)?;
    Ok(Session { open_id, key })
}
