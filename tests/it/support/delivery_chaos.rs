//! What tests of a troubled worker look at, and the workers that they need.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    clock::{Clock, ManualClock, SystemClock},
    config,
    delivery::Worker,
    service::resume_channel::resume_channel,
    simulator::{aim::FaultAim, fault::CallFault},
};
use sqlx::{PgPool, postgres::PgConnectOptions};

use super::delivery_scene::{DeliveryScene, by_hand, undisturbed, worker_with};

/// A delivery as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub state: String,
    pub attempts: i32,
    pub presumed: bool,
    pub note: Option<String>,
    /// From now.
    pub due_in: TimeDelta,
    /// Of the attempts that counted, first to last.
    pub outcomes: Vec<String>,
}

/// The channel as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub pause_reason: Option<String>,
    pub failures: i32,
    pub open_until: Option<DateTime<Utc>>,
}

impl DeliveryScene {
    pub async fn row(&self, kind: &str, record: &str) -> Row {
        type Columns = (String, i32, bool, Option<String>, DateTime<Utc>, Vec<String>);
        let columns: Columns = sqlx::query_as(
            "select state, attempts, presumed, note, due_at, array(
                 select outcome from attempt where attempt.delivery_id = delivery.delivery_id order by number
             )
             from delivery where kind = $1 and identity = $2",
        )
        .bind(kind)
        .bind(record)
        .fetch_one(self.db())
        .await
        .unwrap();
        let (state, attempts, presumed, note, due_at, outcomes) = columns;
        Row { state, attempts, presumed, note, due_in: due_at - self.clock.now(), outcomes }
    }

    pub async fn channel(&self) -> Channel {
        let (pause_reason, failures, open_until) = sqlx::query_as(
            "select pause_reason, failures, open_until from channel where app_id = $1",
        )
        .bind(self.campaign.app.uuid())
        .fetch_one(self.db())
        .await
        .unwrap();
        Channel { pause_reason, failures, open_until }
    }

    /// As an operator does when the trouble is mended.
    pub async fn resume(&self) {
        let (db, now, app) = (self.db(), self.clock.now(), self.campaign.app);
        resume_channel(db, now, "operator", app).await.unwrap();
    }

    /// The next calls of this name go wrong, one after the other.
    pub fn next_of(&self, call: &str, faults: &[CallFault]) {
        for fault in faults {
            self.baidu.fault_calls(FaultAim::next(1, *fault).at(call)).unwrap();
        }
    }

    /// How often Baidu was asked.
    pub fn calls(&self, call: &str) -> usize {
        self.baidu.journal().iter().filter(|entry| entry.call == call).count()
    }

    /// Advances and drains until nothing is owed; what is dead stays so.
    pub async fn drain_to_the_end(&self, workers: &[&Worker]) {
        for round in 0..200 {
            futures_util::future::join_all(workers.iter().map(|worker| worker.drain())).await;
            if self.count("pending").await + self.count("leased").await == 0 {
                return;
            }
            // The unluckiest have long pauses.
            self.advance(TimeDelta::seconds(if round < 20 { 20 } else { 600 }));
        }
        panic!("{} deliveries are still pending", self.count("pending").await);
    }
}

/// A worker that does not wait long for an answer.
pub async fn impatient(
    database: &PgConnectOptions,
    clock: Arc<dyn Clock>,
    settings: config::delivery::Delivery,
    call_timeout: Duration,
) -> Worker {
    let baidu = config::baidu::Baidu { call_timeout, ..config::baidu::Baidu::default() };
    worker_with(database, clock, settings, undisturbed(), baidu).await
}

/// By hand, with so many calls at a time.
pub fn wide(in_flight: usize) -> config::delivery::Delivery {
    config::delivery::Delivery { in_flight, in_flight_per_app: in_flight, ..by_hand() }
}

/// By itself, looking so often.
pub fn looking_every(poll: Duration) -> config::delivery::Delivery {
    config::delivery::Delivery { poll, ..config::delivery::Delivery::default() }
}

/// A worker in real time.
pub async fn real(
    database: &PgConnectOptions,
    settings: config::delivery::Delivery,
    call_timeout: Duration,
) -> Worker {
    impatient(database, Arc::new(SystemClock), settings, call_timeout).await
}

/// A clock with a fault: asked for the time, it panics where it was told to.
pub struct FaultyClock {
    clock: Arc<ManualClock>,
    /// How many more times it tells the time before it panics, once.
    answers_left: Mutex<Option<usize>>,
    /// How often it panics in place of telling the database's time.
    pub panics_left: AtomicUsize,
}

impl FaultyClock {
    pub fn on(clock: &Arc<ManualClock>) -> Arc<Self> {
        let answers_left = Mutex::default();
        let panics_left = AtomicUsize::new(0);
        Arc::new(Self { clock: Arc::clone(clock), answers_left, panics_left })
    }

    /// Answers so many times, and then panics once.
    pub fn panic_after(&self, answers: usize) {
        *self.answers_left.lock().unwrap() = Some(answers);
    }
}

impl Clock for FaultyClock {
    fn now(&self) -> DateTime<Utc> {
        let due = {
            let mut left = self.answers_left.lock().unwrap();
            let due = *left == Some(0);
            *left = left.and_then(|left| left.checked_sub(1));
            due
        };
        assert!(!due, "the clock panics as it was told to");
        self.clock.now()
    }

    fn at_database(&self, database_now: DateTime<Utc>) -> DateTime<Utc> {
        self.clock.at_database(database_now)
    }

    fn instead_of_database(&self) -> Option<DateTime<Utc>> {
        let fewer = |left: usize| left.checked_sub(1);
        let spared =
            self.panics_left.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer).is_err();
        assert!(spared, "the clock panics as it was told to");
        self.clock.instead_of_database()
    }
}

/// That nothing is owed any more.
pub const ALL_DONE: &str = "select not exists (select from delivery where state <> 'done')";

/// What a counter of this process stands at; tests that run beside count too.
pub fn metric(name: &str) -> u64 {
    let text = kaquan::telemetry::metrics().unwrap().render();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |rest| rest.trim().parse().unwrap())
}

/// What must hold of deliveries and attempts at any time; each question counts what breaks it.
pub async fn assert_books(pool: &PgPool) {
    for (what, question) in [
        (
            "done means exactly one ok, anything else none",
            "select count(*) from (
                 select from delivery left join attempt using (delivery_id)
                 group by delivery_id, state
                 having count(*) filter (where outcome = 'ok') <> (state = 'done')::int
             ) as broken",
        ),
        (
            "attempts are numbered without gaps, as many as the row says",
            "select count(*) from (
                 select from delivery left join attempt using (delivery_id)
                 group by delivery_id, attempts
                 having count(number) <> coalesce(max(number), 0) or count(number) <> attempts
             ) as broken",
        ),
        (
            "each attempt has its own, rising fence, none above the row's",
            "select count(*) from (
                 select delivery_id, fence,
                     lag(fence) over (partition by delivery_id order by number) as earlier
                 from attempt
             ) as numbered
             join delivery using (delivery_id)
             where numbered.fence <= numbered.earlier or numbered.fence > delivery.fence",
        ),
        (
            "no use was told before its coupon",
            "select count(*) from delivery as used
             join delivery as told on told.subject_id = used.subject_id and told.kind = 'sync'
             where used.kind = 'write_off' and used.state = 'done' and told.state not in ('done', 'cancelled')",
        ),
    ] {
        let broken: i64 = sqlx::query_scalar(question).fetch_one(pool).await.unwrap();
        assert_eq!(broken, 0, "{what}");
    }
}
