//! What a platform is told of a placement: read at the moment of sending, so that it is never older than what was owed.

use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    delivery::{
        Inner,
        attempt::{Held, Said},
        work::subject::{SOON, platform_ref_of},
    },
    domain::{delivery::Outcome, id::TokenId, placement::PlacementState},
    outgoing::answer::Heard,
    platform::baidu::{
        callback,
        draft::draft,
        error::{CallError, Failure},
        form::TemplateForm,
    },
    service::{
        callback_secret::{CallbackSecretError, callback_secret},
        push_placement_update::owe_update,
    },
    store::{self, placement::Placement, template::CountedTemplate},
    vault::VaultError,
};

/// What is told, and how it is called here.
#[derive(Debug)]
pub(super) struct Telling {
    pub form: TemplateForm,
    pub told: Told,
}

/// What the platform knows once it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub version: i32,
    pub token: TokenId,
}

/// Terms and callback address of a placement as they are now.
pub(super) async fn read(inner: &Inner, placement: &Placement) -> Result<Telling, Said> {
    let template = {
        let mut conn = inner.db.acquire().await?;
        store::template::find(&mut conn, placement.template).await?
    };
    let Some(CountedTemplate { template, .. }) = template else {
        return Err(Said::unheard(Outcome::Refused, "券模板已不存在 · the template is gone"));
    };
    let now = inner.clock.now();
    let (token, secret) = callback_secret(&inner.db, &inner.vault, now, placement.id).await?;
    let address = callback::address(&inner.public_url, secret.expose_secret());
    let form = draft(&template.terms, address).map_err(|problems| {
        Said::refused("平台不接受券的内容 · Baidu would refuse the terms", &problems)
    })?;
    Ok(Telling { form, told: Told { version: template.version, token } })
}

/// Terms of an earlier version, beside the address of now: to compare with what stands there, which has no address.
pub(super) async fn read_version(
    inner: &Inner,
    placement: &Placement,
    version: i32,
) -> Result<Option<TemplateForm>, Said> {
    let mut conn = inner.db.acquire().await?;
    let terms = store::template::find_terms(&mut conn, placement.template, version).await?;
    let nowhere = SecretString::from("https://callback.invalid/");
    Ok(terms.and_then(|terms| draft(&terms, nowhere).ok()))
}

/// Writes down what the platform was told of a locked placement, and owes what has changed in the meantime.
pub(super) async fn mark_told(
    conn: &mut PgConnection,
    inner: &Inner,
    placement: &Placement,
    told: Told,
) -> anyhow::Result<()> {
    let now = inner.clock.now();
    let Told { version, token } = told;
    store::published::mark_told(conn, now, placement.id, version, token).await?;
    store::callback_token::retire_older(conn, now, token).await?;
    store::route::mark_changed(conn).await?;
    let behind = store::published::get(conn, placement.id).await?.is_behind();
    if behind && placement.state != PlacementState::Withdrawn {
        owe_update(conn, now, placement).await?;
    }
    Ok(())
}

/// Baidu's own number for a template, from the text that we keep.
pub(super) fn template_of(held: &Held) -> Result<i64, Said> {
    let known = platform_ref_of(held)?.parse().ok();
    let note = "投放的平台编号不是百度的编号 · the placement's id is none of Baidu's";
    known.ok_or_else(|| Said::unheard(Outcome::Refused, note))
}

/// Remembers whether the call was answered with this failure, whatever becomes of it.
pub(super) async fn spot<T>(
    call: impl Future<Output = Result<Heard<T>, CallError>>,
    wanted: fn(&Failure) -> bool,
    spotted: &AtomicBool,
) -> Result<Heard<T>, CallError> {
    let said = call.await;
    if said.as_ref().is_err_and(|error| wanted(&error.failure)) {
        spotted.store(true, Ordering::Relaxed);
    }
    said
}

impl From<CallbackSecretError> for Said {
    fn from(error: CallbackSecretError) -> Self {
        let outcome = match error {
            // That value is broken for everybody; a key that is not here may be with another server.
            CallbackSecretError::Sealed(VaultError::NotOurs) => Outcome::Refused,
            CallbackSecretError::Sealed(_) => Outcome::NotYet { after: Some(SOON) },
            CallbackSecretError::Randomness(_) | CallbackSecretError::Db(_) => {
                Outcome::NotYet { after: None }
            }
        };
        Self::unheard(
            outcome,
            format!("没有可告知的回调地址 · no callback address to tell: {error}"),
        )
    }
}
