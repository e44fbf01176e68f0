//! What we owe Baidu, kind by kind.

mod add_stock;
mod banner;
mod import;
mod publish;
mod sync;
mod telling;
mod update;
mod withdraw;
mod write_off;

use sqlx::PgConnection;

use super::Consequence;
use crate::{
    delivery::{
        Inner,
        attempt::{Held, Said},
    },
    domain::delivery::{DeliveryKind, Outcome},
};

/// What an attempt changes here of what stands on Baidu.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is always behind a box")]
pub(crate) enum Change {
    /// A placement stands there, or will not.
    Publication(publish::Publication),
    /// Baidu shows this of a placement, and calls this address.
    Told(telling::Told),
    /// Baidu has taken a placement off.
    Withdrawn,
    /// What stands there becomes a placement.
    Imported(import::Imported),
    /// A banner is shown, or no more.
    Banner(banner::Shown),
}

/// Makes the calls of one attempt.
pub(super) async fn pay(inner: &Inner, held: &Held, kind: DeliveryKind) -> Result<Said, Said> {
    match kind {
        DeliveryKind::Sync => sync::pay(inner, held).await,
        DeliveryKind::WriteOff => write_off::pay(inner, held).await,
        DeliveryKind::Publish => publish::pay(inner, held).await,
        DeliveryKind::Update => update::pay(inner, held).await,
        DeliveryKind::Withdraw => withdraw::pay(inner, held).await,
        DeliveryKind::Import => import::pay(inner, held).await,
        DeliveryKind::AddStock => add_stock::pay(inner, held).await,
        DeliveryKind::CreateBanner => banner::create(inner, held).await,
        DeliveryKind::DeleteBanner => banner::delete(inner, held).await,
        DeliveryKind::Void | DeliveryKind::Webhook => {
            let note = "这个平台不接受作废通知 · this platform does not hear of voids";
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
            Self::Told(told) => update::settle(conn, inner, held, *told).await,
            Self::Withdrawn => withdraw::settle(conn, inner, held).await,
            Self::Imported(imported) => import::settle(conn, inner, held, imported).await,
            Self::Banner(shown) => banner::settle(conn, inner, held, shown).await,
        }
    }
}

impl From<Change> for Consequence {
    fn from(change: Change) -> Self {
        Self::Baidu(Box::new(change))
    }
}
