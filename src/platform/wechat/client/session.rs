//! `sns/jscode2session`: who a login code of a mini-program belongs to.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::{
    Account, Client,
    exchange::{Body, Request},
};
use crate::{
    domain::people::OpenId,
    outgoing::{answer::Heard, parameters::Parameters, secret::SessionKey},
    platform::wechat::{
        call::Call,
        error::{CallError, Garble},
        json::Fields,
    },
};

/// What a login code is worth, once.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user in this mini-program.
    pub open_id: OpenId,
    /// The user in all apps of one owner; only where they are bound together.
    pub union_id: Option<UnionId>,
    /// Opens what the user's mini-program sends sealed.
    pub session_key: SessionKey,
}

/// One person in all apps that are bound to one Open Platform account; never written to a log in full.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnionId(OpenId);

impl UnionId {
    /// Takes what can be an open id, for it has the same shape.
    pub fn parse(text: &str) -> Option<Self> {
        OpenId::parse(text).ok().map(Self)
    }

    /// For the database, which keeps it as it does open ids.
    pub fn into_open_id(self) -> OpenId {
        self.0
    }

    /// The text, for the database.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for UnionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnionId({} characters)", self.as_str().len())
    }
}

impl Client {
    /// Changes a login code for a session, with the mini-program's own secret. The code is spent, whatever the answer.
    #[tracing::instrument(name = "platform.wechat.session", skip_all)]
    pub async fn session(
        &self,
        account: Account<'_>,
        secret: &SecretString,
        js_code: &SecretString,
    ) -> Result<Heard<Session>, CallError> {
        let (secret, js_code) = (secret.expose_secret(), js_code.expose_secret());
        let query = Parameters::default()
            .with("appid", account.app_id)
            .with("secret", secret)
            .with("js_code", js_code)
            .with("grant_type", "authorization_code");
        let secrets = &[secret, js_code];
        let request = Request { call: Call::Session, account, query, body: Body::Empty, secrets };
        self.exchange(request, |opened| {
            let reply = Fields(&opened.reply);
            let open_id = reply.text("openid").and_then(|said| OpenId::parse(&said).ok());
            let key = reply.text("session_key").and_then(|said| SessionKey::parse(&said).ok());
            let union_id = reply.text("unionid");
            Ok(Session {
                open_id: open_id.ok_or(Garble::Data)?,
                union_id: union_id
                    .map(|said| UnionId::parse(&said).ok_or(Garble::Data))
                    .transpose()?,
                session_key: key.ok_or(Garble::Data)?,
            })
        })
        .await
    }
}
