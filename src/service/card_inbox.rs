//! Keeps what platforms push of cards, before anybody works out what it means.
//!
//! What comes in at one moment is written with one statement: while one batch is being written the next one gathers. Whoever
//! does not hear in time is told nothing, and his platform pushes again; so nothing may pile up here either.

use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, timeout},
};

use super::together::give_up;
use crate::store;

pub use crate::store::card_push::{Kept, NewCardPush};

/// Where pushes are handed in; cheap to clone.
#[derive(Debug, Clone)]
pub struct CardInbox {
    waiting: mpsc::Sender<Waiting>,
    /// Rung when something was kept that is to be applied.
    pub stored: Arc<Notify>,
}

#[derive(Debug)]
struct Waiting {
    push: NewCardPush,
    reply: oneshot::Sender<Kept>,
}

/// It was not kept, as far as anybody knows: the platform is to push it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Too many wait already.
    #[error("too many pushes wait")]
    Full,
    /// The database failed.
    #[error("the database failed")]
    Failed,
}

/// So many may wait; at the slowest disk that is worth having, less than a second's worth.
const ROOM: usize = 4096;
/// So many are written at once.
const MOST: usize = 500;
/// How long a batch may take with its connection. The database gives up before that by itself.
const LONGEST: Duration = Duration::from_secs(2);

impl CardInbox {
    /// An inbox, and the task that writes until the last clone of it is dropped.
    pub fn open(
        database: &PgConnectOptions,
        stored: Arc<Notify>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        // Its own, so that it waits for nobody; and what waits for a lock is not left behind in the database.
        let options = database
            .clone()
            .application_name("kaquan pushes")
            .options([("statement_timeout", "1500ms"), ("synchronous_commit", "on")]);
        let db = store::pool().max_connections(2).connect_lazy_with(options);
        let (waiting, inbox) = mpsc::channel(ROOM);
        (Self { waiting, stored: Arc::clone(&stored) }, write(db, inbox, stored))
    }

    /// Returns when it is kept for good, or was already. Whoever stops waiting does not know.
    pub async fn keep(&self, push: NewCardPush) -> Result<Kept, NotKept> {
        let (reply, kept) = oneshot::channel();
        self.waiting.try_send(Waiting { push, reply }).map_err(|_| NotKept::Full)?;
        kept.await.map_err(|_| NotKept::Failed)
    }
}

async fn write(db: PgPool, mut inbox: mpsc::Receiver<Waiting>, stored: Arc<Notify>) {
    let mut batch = Vec::with_capacity(MOST);
    while inbox.recv_many(&mut batch, MOST).await > 0 {
        // Whoever has given up waiting pushes again.
        batch.retain(|one| !one.reply.is_closed());
        if batch.is_empty() {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        metrics::histogram!("kaquan_card_push_batch_size").record(batch.len() as f64);
        match keep_all(&db, &batch).await {
            Ok(kept) => tell(&mut batch, kept, &stored),
            // One of them may be to blame: each one by itself.
            Err(error) if batch.len() > 1 && is_about_a_row(&error) => {
                for one in batch.drain(..) {
                    let mut alone = vec![one];
                    match keep_all(&db, &alone).await {
                        Ok(kept) => tell(&mut alone, kept, &stored),
                        Err(error) => complain(&error, 1),
                    }
                }
            }
            Err(error) => complain(&error, batch.len()),
        }
        batch.clear();
    }
    db.close().await;
}

async fn keep_all(db: &PgPool, batch: &[Waiting]) -> sqlx::Result<Vec<Kept>> {
    let began = Instant::now();
    let pushes: Vec<_> = batch.iter().map(|one| &one.push).collect();
    let acquired = timeout(LONGEST, db.acquire()).await;
    let mut conn = acquired.map_err(|_| sqlx::Error::PoolTimedOut)??;
    let Ok(kept) = timeout(LONGEST, store::card_push::insert(&mut conn, &pushes)).await else {
        return Err(give_up(conn));
    };
    let kept = kept?;
    metrics::histogram!("kaquan_card_push_store_seconds").record(began.elapsed().as_secs_f64());
    Ok(kept)
}

fn tell(batch: &mut Vec<Waiting>, kept: Vec<Kept>, stored: &Notify) {
    let is_work = |(one, kept): (&Waiting, &Kept)| one.push.event.is_some() && *kept == Kept::New;
    if batch.iter().zip(&kept).any(is_work) {
        stored.notify_one();
    }
    for (one, kept) in batch.drain(..).zip(kept) {
        let _gone = one.reply.send(kept);
    }
}

/// Data that a column does not take; anything else would be the same for each of them.
fn is_about_a_row(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| {
        code.starts_with("22") || code.starts_with("23") || code.starts_with("54")
    })
}

fn complain(error: &sqlx::Error, pushes: usize) {
    tracing::error!(error = %error, pushes, "Pushes cannot be kept; their platform sends them again");
}
