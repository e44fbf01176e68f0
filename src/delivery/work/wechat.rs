//! What we owe WeChat, kind by kind.
//!
//! Redeeming cannot be undone and has no name by which a repetition would be known; nor have creations and changes of
//! stock. So whoever does not know what an attempt has done looks first, and acts only on what can be told for sure.

mod add_stock;
mod deposit;
mod publish;
mod showing;
mod update;
mod void;
mod withdraw;
mod write_off;

use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::PgConnection;

use super::{Consequence, subject::platform_ref_of};
use crate::{
    delivery::{
        Inner,
        ask::ask,
        attempt::{Held, Said},
        dialect::Wechat,
    },
    domain::delivery::{DeliveryKind, Outcome},
    outgoing::answer::Heard,
    platform::wechat::{error::CallError, shown::ShownCard},
};

/// What an attempt changes here of what stands at WeChat.
#[derive(Debug)]
pub(crate) enum Change {
    /// A card stands there, or will not.
    Publication(publish::Publication),
    /// WeChat shows this of a placement.
    Told(update::Told),
    /// WeChat has less stock than was to be taken back.
    Refused(add_stock::Refused),
    /// A use that was given back was not made there.
    NotOwed,
}

/// Makes the calls of one attempt.
pub(super) async fn pay(inner: &Inner, held: &Held, kind: DeliveryKind) -> Result<Said, Said> {
    match kind {
        DeliveryKind::WriteOff => write_off::pay(inner, held).await,
        DeliveryKind::Void => void::pay(inner, held).await,
        DeliveryKind::Publish => publish::pay(inner, held).await,
        DeliveryKind::Update => update::pay(inner, held).await,
        DeliveryKind::Withdraw => withdraw::pay(inner, held).await,
        DeliveryKind::AddStock => add_stock::pay(inner, held).await,
        DeliveryKind::Sync
        | DeliveryKind::Import
        | DeliveryKind::CreateBanner
        | DeliveryKind::DeleteBanner
        | DeliveryKind::Webhook => {
            let note = "微信没有这种接口 · WeChat has no call for this";
            Err(Said::unheard(Outcome::Refused, note))
        }
    }
}

impl Change {
    /// Writes it.
    pub async fn write(
        &self,
        conn: &mut PgConnection,
        inner: &Inner,
        held: &Held,
    ) -> anyhow::Result<()> {
        match self {
            Self::Publication(publication) => publish::settle(conn, inner, held, publication).await,
            Self::Told(told) => update::settle(conn, inner, held, told).await,
            Self::Refused(refused) => add_stock::settle(conn, inner, refused).await,
            Self::NotOwed => write_off::settle(conn, inner, held).await,
        }
    }
}

impl From<Change> for Consequence {
    fn from(change: Change) -> Self {
        Self::Wechat(Box::new(change))
    }
}

/// The card of the placement that a delivery is about, as it stands there.
async fn look(inner: &Inner, held: &Held) -> Result<ShownCard, Said> {
    let card = platform_ref_of(held)?;
    let heard =
        ask!(Wechat, inner, held, |account, token| inner.wechat.get_card(account, token, card));
    Ok(heard.value)
}

/// Remembers with which number the call was refused, whatever becomes of it.
async fn note_code<T>(
    call: impl Future<Output = Result<Heard<T>, CallError>>,
    code: &AtomicI64,
) -> Result<Heard<T>, CallError> {
    let said = call.await;
    let refused = said.as_ref().err().and_then(CallError::code);
    code.store(refused.unwrap_or_default(), Ordering::Relaxed);
    said
}

/// What stays the same however often it is asked: to be done again, or left to a person.
fn refused(note: impl Into<String>) -> Said {
    Said::unheard(Outcome::Refused, note)
}
