//! The merchant's own systems are to hear of something. Each message stands for itself: there is no order among them.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;

use super::Consequence;
use crate::{
    delivery::{
        Inner,
        account::AccountTrouble,
        ask::LONGEST_CALL,
        attempt::{Held, Said},
    },
    domain::delivery::Outcome,
    platform::webhooks::{
        client::{CallError, Heard},
        sign::{Message, Secret},
    },
    store::{self, webhook_endpoint::Target},
    vault::Place,
};

/// Tells the endpoint, if it is still to be told.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Result<Said, Said> {
    let target = {
        let mut conn = inner.db.acquire().await?;
        store::webhook_endpoint::find_target(&mut conn, held.app).await?
    };
    let target = target.ok_or_else(|| Said::from(AccountTrouble::Gone))?;
    if target.disabled {
        let note = "接收地址已停用 · the endpoint is disabled";
        return Err(Said::unheard(Outcome::Refused, note));
    }
    let now = inner.clock.now();
    let secrets = secrets(inner, held, &target, now)?;
    let body = held.delivery.payload.to_string();
    may_call(inner, held)?;
    let message = Message { id: &held.delivery.identity, timestamp: now, body: body.as_bytes() };
    Ok(match inner.webhooks.send(&target.url, message, &secrets).await {
        Ok(heard) => answered(heard),
        Err(error) => unanswered(&error),
    })
}

/// Nobody is to hear of anything any more at an endpoint that said it is gone.
pub(super) async fn disable(
    conn: &mut PgConnection,
    inner: &Inner,
    held: &Held,
) -> anyhow::Result<()> {
    if store::webhook_endpoint::mark_disabled(conn, held.app, inner.clock.now()).await? {
        tracing::warn!(app.id = %held.app, "the endpoint says that it is gone for good, and is disabled");
    }
    Ok(())
}

/// The present secret, and the one before it while that still counts.
fn secrets(
    inner: &Inner,
    held: &Held,
    target: &Target,
    now: DateTime<Utc>,
) -> Result<Vec<Secret>, Said> {
    let id = held.app.uuid();
    let sealed = target.secret.as_deref().ok_or_else(|| Said::from(AccountTrouble::Gone))?;
    let mut secrets = vec![open(inner, Place::app_secret(id), sealed)?];
    let old = target.old_secret.as_deref().filter(|_| target.old_secret_until > Some(now));
    if let Some(sealed) = old {
        secrets.push(open(inner, Place::old_webhook_secret(id), sealed)?);
    }
    Ok(secrets)
}

fn open(inner: &Inner, place: Place, sealed: &[u8]) -> Result<Secret, Said> {
    let text: SecretString = inner.vault.unseal(place, sealed).map_err(AccountTrouble::Sealed)?;
    Secret::parse(text.expose_secret()).map_err(|error| {
        Said::unheard(Outcome::Locked, format!("密钥格式不对 · the secret will not do: {error}"))
    })
}

/// To be asked right before sending: a process that was stopped for a while may have lost its lease.
fn may_call(inner: &Inner, held: &Held) -> Result<(), Said> {
    if inner.stop.is_cancelled() {
        let outcome = Outcome::NotYet { after: Some(TimeDelta::zero()) };
        return Err(Said::unheard(outcome, "kaquan 正在停止 · kaquan is stopping"));
    }
    if held.is_ours_for(LONGEST_CALL) {
        return Ok(());
    }
    let outcome = Outcome::NotYet { after: None };
    Err(Said::unheard(outcome, "租约即将到期 · the lease was about to end"))
}

/// Anything but "yes" and "gone" is tried again, for days: most of it is mended on the other side.
fn answered(heard: Heard) -> Said {
    let Heard { status, retry_after, body } = heard;
    let (outcome, consequence) = match status {
        status if status.is_success() => (Outcome::Done, Consequence::None),
        StatusCode::GONE => (Outcome::Refused, Consequence::EndpointGone),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            (Outcome::Busy { after: retry_after }, Consequence::None)
        }
        _ => (Outcome::Busy { after: None }, Consequence::None),
    };
    let note = match outcome {
        Outcome::Done => None,
        _ if status.is_redirection() => {
            Some(format!("HTTP {status}：不跟随跳转 · redirects are not followed"))
        }
        _ => Some(format!("HTTP {status}")),
    };
    // An answer without a word is an answer too.
    let answer = Some(if body.is_empty() { status.as_str().to_owned() } else { body });
    Said { outcome, answer, note, consequence }
}

fn unanswered(error: &CallError) -> Said {
    let outcome = match error {
        CallError::NotAllowed(_) | CallError::NotSent(_) => Outcome::Busy { after: None },
        CallError::NoAnswer(_) => Outcome::Unknown { after: None },
    };
    Said::unheard(outcome, error.to_string())
}
