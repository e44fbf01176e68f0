//! What platforms say of placements: that they may be shown, that they may not, that little is left of them.

use chrono::{DateTime, Utc};

use super::{CardApplier, Placements, Told, Trouble, count};
use crate::{
    domain::{card::Happening, id::PlacementId},
    store::{
        self,
        card::{
            placed,
            push::{self, PushState},
        },
    },
};

impl CardApplier {
    pub(super) async fn apply_words(
        &self,
        now: DateTime<Utc>,
        words: Vec<Told>,
        placements: &Placements,
    ) -> sqlx::Result<()> {
        for told in words {
            let Some(placed) = placements.get(&told.name()) else { continue };
            if let Err(error) = self.apply_word(now, &told, placed.placement).await {
                self.put_off(now, &told, &Trouble::of(error)?).await?;
            }
        }
        Ok(())
    }

    async fn apply_word(
        &self,
        now: DateTime<Utc>,
        told: &Told,
        placement: PlacementId,
    ) -> sqlx::Result<()> {
        let mut tx = store::begin(&self.db).await?;
        if push::keep(&mut tx, &[told.id]).await?.is_empty() {
            return Ok(());
        }
        match &told.event.what {
            Happening::Reviewed { refusal } => {
                let refusal = refusal.as_deref();
                let is_new = placed::review(&mut tx, placement, refusal, told.event.at).await?;
                match refusal {
                    None if is_new => {
                        placed::arm_additions(&mut tx, now, placement).await?;
                    }
                    Some(reason) if is_new => {
                        placed::tell_refused(&mut tx, now, placement, reason).await?;
                    }
                    None | Some(_) => {}
                }
                tracing::info!(placement.id = %placement, passed = refusal.is_none(), is_new, "placement reviewed");
            }
            Happening::StockLow { detail } => {
                placed::tell_low(&mut tx, now, placement, detail).await?;
            }
            Happening::Taken(_)
            | Happening::Gifting { .. }
            | Happening::Returned { .. }
            | Happening::Deleted { .. }
            | Happening::Used { .. }
            | Happening::Seen { .. } => {}
        }
        push::settle(&mut tx, &[told.id], PushState::Applied, None).await?;
        tx.commit().await?;
        count("applied", 1);
        Ok(())
    }
}
