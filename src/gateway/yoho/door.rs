//! Who is let in: a client that is known, and that has signed what it sends, lately if it says when.

use std::sync::Arc;

use super::{
    Yoho,
    method::Method,
    params::Params,
    refusal::Refusal,
    settings::{Mode, Settings},
    sign::is_signed,
};
use crate::{domain::gateway::Protocol, service::gateway_directory::GatewayClient};

/// How far from now, in seconds, a request may say that it was made.
const WINDOW: u64 = 300;

impl Yoho {
    /// The client, and whether it has signed the request. What it has made public is let in without a signature; one that
    /// is there is looked at all the same.
    pub(super) async fn admit(
        &self,
        params: &Params<'_>,
        method: Option<Method>,
    ) -> Result<(Arc<GatewayClient>, bool), Refusal> {
        let name = params.get("client_type").unwrap_or_default();
        // What nobody can be called is not looked for.
        if !(1..=64).contains(&name.len()) || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::UnknownClient);
        }
        let client = self.directory.find(Protocol::Yoho, name).await?;
        let client = client.ok_or(Refusal::UnknownClient)?;
        let settings = Settings::read(&client.settings);
        let Some(given) = params.get("client_secret").filter(|given| !given.is_empty()) else {
            let is_public = method.is_some_and(|method| settings.is_public(method));
            return if is_public { Ok((client, false)) } else { Err(Refusal::NoSignature) };
        };
        let client = self.signer(client, params, given).await?;
        let settings = Settings::read(&client.settings);
        match params.timestamp()? {
            Some(made) if self.desk.now().timestamp().abs_diff(made) > WINDOW => {
                return Err(Refusal::BadSignature);
            }
            None if settings.require_timestamp => return Err(Refusal::bad("timestamp")),
            Some(_) | None => {}
        }
        match settings.mode {
            Mode::Trusted if method.is_some_and(|method| !settings.allows(method)) => {
                Err(Refusal::Forbidden)
            }
            Mode::Trusted => Ok((client, true)),
            Mode::Session => Err(Refusal::SessionLost),
        }
    }

    /// The client, if it has signed this; its key may be newer than what is in memory.
    async fn signer(
        &self,
        client: Arc<GatewayClient>,
        params: &Params<'_>,
        given: &str,
    ) -> Result<Arc<GatewayClient>, Refusal> {
        if is_signed(params, given, &client.secrets) {
            return Ok(client);
        }
        let anew = self.directory.find_anew(Protocol::Yoho, &client.name).await?;
        let anew = anew.filter(|client| is_signed(params, given, &client.secrets));
        anew.ok_or(Refusal::BadSignature)
    }
}
