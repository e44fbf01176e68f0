//! Who is let in. The checks come in one order, and a nonce is used up only by whoever has signed it.

use std::sync::Arc;

use http::request::Parts;
use secrecy::SecretString;

use super::{
    Zvcms,
    action::Action,
    envelope::{Envelope, Params},
    failure::Failure,
    params::Reader,
    refusal::of_database,
    settings::Settings,
    sign::{Scheme, message},
    view::Eyes,
};
use crate::{
    domain::{access::Actor, event::Cause, gateway::Protocol},
    http::{client_address::client_address_of, request_id},
    service::gateway_directory::{GatewayClient, GatewayGrant},
};

/// A request that was let in.
pub(super) struct Call {
    pub client: Arc<GatewayClient>,
    pub grant: GatewayGrant,
    pub settings: Settings,
    pub action: Action,
    pub params: Params,
}

/// What a proxy writes about whom it asks for.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Whether a program on this machine sent this, and for nobody else as far as it says.
pub(super) fn is_near(parts: &Parts) -> bool {
    let is_forwarded = FORWARDED.iter().any(|name| parts.headers.contains_key(*name));
    !is_forwarded && client_address_of(parts, &[]).is_none_or(|peer| peer.is_loopback())
}

impl Zvcms {
    /// The client, by its `OpenId`. Who names none that is known waits as long as for a signature.
    pub(super) async fn client(&self, envelope: &Envelope) -> Result<Arc<GatewayClient>, Failure> {
        let found = self.directory.find(Protocol::Zvcms, &envelope.open_id).await;
        if let Some(client) = found.map_err(|error| of_database(&error))? {
            return Ok(client);
        }
        let message = message(&self.settings.path, envelope).unwrap_or_default();
        let nobodys = [SecretString::from("0".repeat(32))];
        let _compared = Scheme::default().admits(&message, &envelope.token, &nobodys);
        Err(Failure::BadOpenId)
    }

    /// The rest of the checks, up to the parameters.
    pub(super) async fn admit(
        &self,
        client: Arc<GatewayClient>,
        envelope: Envelope,
        is_near: bool,
    ) -> Result<Call, Failure> {
        self.check_time(&envelope)?;
        let client = self.signer(client, &envelope, self.is_loopback && is_near).await?;
        let now = self.limits.now(self.desk.clock.instead_of_database());
        self.limits.of_client(now, client.id)?;
        let (client, grant) = self.grant(client, &envelope.grant_code).await?;
        self.use_nonce(&client, &envelope).await?;
        let action = Action::parse(&envelope.action).ok_or(Failure::NoAction)?;
        let is_granted = |actions: &Vec<String>| actions.iter().any(|name| *name == action.name());
        if !grant.actions.as_ref().is_none_or(is_granted) {
            return Err(Failure::Forbidden);
        }
        let settings = Settings::read(&client.settings);
        Ok(Call { client, grant, settings, action, params: envelope.params })
    }

    /// Ten digits, and no further from now than the window on either side.
    fn check_time(&self, envelope: &Envelope) -> Result<(), Failure> {
        let is_seconds = envelope.timestamp.len() == 10;
        let made: i64 = envelope.timestamp.parse().map_err(|_| Failure::BadTime)?;
        let away = self.desk.now().timestamp().abs_diff(made);
        let is_near = away <= self.settings.window.as_secs();
        if is_seconds && is_near { Ok(()) } else { Err(Failure::BadTime) }
    }

    /// The client, if it has signed this; its secret may be newer than what is in memory.
    async fn signer(
        &self,
        client: Arc<GatewayClient>,
        envelope: &Envelope,
        is_near: bool,
    ) -> Result<Arc<GatewayClient>, Failure> {
        if self.has_signed(&client, envelope, is_near)? {
            return Ok(client);
        }
        let anew = self.directory.find_anew(Protocol::Zvcms, &client.name).await;
        match anew.map_err(|error| of_database(&error))? {
            Some(client) if self.has_signed(&client, envelope, is_near)? => Ok(client),
            Some(_) | None => Err(Failure::BadToken),
        }
    }

    fn has_signed(
        &self,
        client: &GatewayClient,
        envelope: &Envelope,
        is_near: bool,
    ) -> Result<bool, Failure> {
        let settings = Settings::read(&client.settings);
        if settings.scheme == Scheme::None {
            if !is_near {
                tracing::warn!(client.id = %client.id, "a client that does not sign is let in on loopback only, and through no proxy");
            }
            return Ok(is_near);
        }
        let message = message(&settings.signed_address(&self.settings.path), envelope)?;
        Ok(settings.scheme.admits(&message, &envelope.token, &client.secrets))
    }

    /// One of the client's own grants; it may be newer than what is in memory.
    async fn grant(
        &self,
        client: Arc<GatewayClient>,
        code: &str,
    ) -> Result<(Arc<GatewayClient>, GatewayGrant), Failure> {
        let find = |client: &GatewayClient| client.grants.iter().find(|g| g.code == code).cloned();
        if let Some(grant) = find(&client) {
            return Ok((client, grant));
        }
        let anew = self.directory.find_anew(Protocol::Zvcms, &client.name).await;
        let anew = anew.map_err(|error| of_database(&error))?.ok_or(Failure::BadOpenId)?;
        let grant = find(&anew).ok_or(Failure::BadGrant)?;
        Ok((anew, grant))
    }

    /// Whoever is let in at one end of the window could come again until the other.
    async fn use_nonce(&self, client: &GatewayClient, envelope: &Envelope) -> Result<(), Failure> {
        let until = self.desk.now() + 2 * self.settings.window;
        let taken = self.nonces.take(client.id, &envelope.nonce, until).await;
        if taken.map_err(|error| of_database(&error))? { Ok(()) } else { Err(Failure::Replay) }
    }
}

impl Call {
    /// The parameters, if none of them could be taken for two.
    pub(super) fn reader(&self) -> Result<Reader<'_>, Failure> {
        Reader::new(&self.params, self.settings.request_money_unit)
    }

    /// How the client sees coupons.
    pub(super) const fn eyes(&self) -> Eyes {
        Eyes::of(&self.settings)
    }

    /// Whether this store exists for the grant.
    pub(super) fn knows_store(&self, store: &str) -> bool {
        self.grant.stores.as_ref().is_none_or(|known| known.iter().any(|other| other == store))
    }

    /// Who makes something happen, and with which request.
    pub(super) fn cause(&self) -> Cause {
        Cause { actor: Actor::Client(self.client.id), request: request_id::current() }
    }
}
