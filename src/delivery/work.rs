//! Each kind of delivery and how it is paid.

mod add_stock;
mod banner;
mod import;
mod publish;
mod sync;
mod telling;
mod update;
mod webhook;
mod withdraw;
mod write_off;

use sqlx::PgConnection;

use super::{
    Inner,
    attempt::{Held, Said, Tried},
};
use crate::{
    domain::{
        delivery::{DeliveryKind, Outcome},
        problem::Problem,
    },
    outgoing::answer::Heard,
};

/// What an attempt changes here besides its delivery, in the same transaction.
#[derive(Debug)]
pub(crate) enum Consequence {
    /// Nothing.
    None,
    /// A placement stands on the platform, or will not.
    Publication(Box<publish::Publication>),
    /// The platform shows this of a placement, and calls this address.
    Told(Box<telling::Told>),
    /// The platform has taken a placement off.
    Withdrawn,
    /// What stands on the platform becomes a placement.
    Imported(Box<import::Imported>),
    /// A banner is shown, or no more.
    Banner(Box<banner::Shown>),
    /// An endpoint wants to hear of nothing any more.
    EndpointGone,
}

/// Makes the calls of one attempt.
pub(super) async fn pay(inner: &Inner, held: &Held) -> Said {
    let Ok(kind) = DeliveryKind::try_from(held.delivery.kind.as_str()) else {
        return Said::unheard(
            Outcome::Refused,
            "这个版本的 kaquan 不认识这类任务 · this version of kaquan does not know the kind",
        );
    };
    let said = match kind {
        DeliveryKind::Sync => sync::pay(inner, held).await,
        DeliveryKind::WriteOff => write_off::pay(inner, held).await,
        DeliveryKind::Void => Err(Said::unheard(
            Outcome::Refused,
            "这个平台不接受作废通知 · this platform does not hear of voids",
        )),
        DeliveryKind::Publish => publish::pay(inner, held).await,
        DeliveryKind::Update => update::pay(inner, held).await,
        DeliveryKind::Withdraw => withdraw::pay(inner, held).await,
        DeliveryKind::Import => import::pay(inner, held).await,
        DeliveryKind::AddStock => add_stock::pay(inner, held).await,
        DeliveryKind::CreateBanner => banner::create(inner, held).await,
        DeliveryKind::DeleteBanner => banner::delete(inner, held).await,
        DeliveryKind::Webhook => webhook::pay(inner, held).await,
    };
    said.unwrap_or_else(|said| said)
}

impl Consequence {
    /// Writes it.
    pub async fn write(
        &self,
        conn: &mut PgConnection,
        inner: &Inner,
        tried: &Tried,
    ) -> anyhow::Result<()> {
        let held = &tried.held;
        match self {
            Self::None => Ok(()),
            Self::Publication(publication) => publish::settle(conn, inner, held, publication).await,
            Self::Told(told) => update::settle(conn, inner, held, **told).await,
            Self::Withdrawn => withdraw::settle(conn, inner, held).await,
            Self::Imported(imported) => import::settle(conn, inner, held, imported).await,
            Self::Banner(shown) => banner::settle(conn, inner, held, shown).await,
            Self::EndpointGone => webhook::disable(conn, inner, held).await,
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

    /// Nothing was sent, for it would be refused: `why`, and all that is wrong with it.
    fn refused(why: &str, problems: &[Problem]) -> Self {
        let problems: Vec<_> =
            problems.iter().map(|one| format!("{}: {}", one.param, one.message)).collect();
        Self::unheard(Outcome::Refused, format!("{why}: {}", problems.join("；")))
    }
}
