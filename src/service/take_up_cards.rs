//! Takes up cards of which their platform never told: its word can be lost for good when it meets a server that is away.
//!
//! The mini-program has told of them, and the platform has named their holder when it was asked whether that is so. What it
//! tells later, if it does, says more and counts.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::{
    domain::card::{CardEvent, Happening},
    service::card_inbox::NewCardPush,
    store::{
        card_push,
        upkeep::cards::{UnheardCard, list_unheard},
    },
};

/// So many at a time.
pub const PORTION: i64 = 100;
/// The platform's own word mostly comes within seconds, and again after a minute or two.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// Nobody looks for older ones.
const OLDEST: TimeDelta = TimeDelta::days(3);
/// What stands for the platform's word.
const KIND: &str = "seen";

/// One portion of them becomes pushes; how many.
pub async fn take_up_cards(db: &PgPool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut conn = db.acquire().await?;
    let unheard = list_unheard(&mut conn, (now - OLDEST, now - PATIENCE), PORTION).await?;
    let pushes: Vec<_> = unheard.into_iter().filter_map(|card| push(card, now)).collect();
    let number = i64::try_from(pushes.len()).unwrap_or(i64::MAX);
    if number > 0 {
        card_push::insert(&mut conn, &pushes.iter().collect::<Vec<_>>()).await?;
        tracing::warn!(
            cards = number,
            "the platform never told of cards that were taken; they are taken up"
        );
    }
    Ok(number)
}

fn push(card: UnheardCard, now: DateTime<Utc>) -> Option<NewCardPush> {
    let UnheardCard { app, card_ref, code, open_id, at } = card;
    let event = CardEvent {
        at,
        card_ref: card_ref.clone(),
        open_id: open_id.clone(),
        what: Happening::Seen { code: code.as_str().to_owned() },
    };
    let event = serde_json::to_value(event).ok()?;
    let body = event.to_string();
    Some(NewCardPush {
        app,
        open_id,
        pushed_at: at,
        kind: KIND.to_owned(),
        card_ref,
        code: code.as_str().to_owned(),
        digest: Sha256::digest(&body).into(),
        body,
        event: Some(event),
        received_at: now,
    })
}
