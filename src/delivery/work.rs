//! Each kind of delivery and how it is paid.

mod sync;
mod write_off;

use sqlx::PgConnection;

use super::{
    Inner,
    attempt::{Held, Said, Tried},
};
use crate::{
    domain::delivery::{DeliveryKind, Outcome},
    platform::baidu::answer::Heard,
};

/// What an attempt changes here besides its delivery, in the same transaction.
#[derive(Debug)]
pub(crate) enum Consequence {
    /// Nothing.
    None,
}

/// Makes the calls of one attempt.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Said {
    let Ok(kind) = DeliveryKind::try_from(held.delivery.kind.as_str()) else {
        return Said::unheard(Outcome::Refused, "this version of kaquan does not know the kind");
    };
    let said = match kind {
        DeliveryKind::Sync => sync::pay(inner, held).await,
        DeliveryKind::WriteOff => write_off::pay(inner, held).await,
        DeliveryKind::Publish
        | DeliveryKind::Update
        | DeliveryKind::Withdraw
        | DeliveryKind::Import
        | DeliveryKind::AddStock
        | DeliveryKind::CreateBanner
        | DeliveryKind::DeleteBanner => {
            Err(Said::unheard(Outcome::Refused, "this version of kaquan does not know the kind"))
        }
    };
    said.unwrap_or_else(|said| said)
}

impl Consequence {
    /// Writes it.
    pub async fn write(
        &self,
        _conn: &mut PgConnection,
        _inner: &Inner,
        _tried: &Tried,
    ) -> anyhow::Result<()> {
        match self {
            Self::None => Ok(()),
        }
    }
}

impl Said {
    /// The platform has it.
    fn done<T>(heard: &Heard<T>) -> Self {
        Self {
            outcome: Outcome::Done,
            answer: Some(heard.answer.as_str().to_owned()),
            note: None,
            consequence: Consequence::None,
        }
    }
}
