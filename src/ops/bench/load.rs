//! Load: in a closed loop, each connection asking as fast as it is answered, or at a fixed rate, however slow the answers.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::{task::JoinSet, time::Instant};

use super::{
    callback::{ClaimTarget, Client, Heard, Target, post, redemption},
    cards::PushCaller,
    gateways::{YohoCaller, ZvcmsCaller},
};
use crate::clock::Clock;

/// What is asked.
#[derive(Debug, Clone)]
pub enum Shape {
    /// New records, in turn over the targets.
    Fresh(Arc<[Target]>),
    /// Records of an earlier run, over and over.
    Replay(Target, Arc<str>, u64),
    /// Claims through us, each of somebody new.
    Claims(ClaimTarget),
    /// Coupons in use.
    Script(Script),
    /// Nothing at all.
    Nothing,
}

/// What the merchant's servers and tills ask.
#[derive(Debug, Clone)]
pub enum Script {
    /// Uses of coupons, each of another one, up to so many.
    Redeem {
        /// An API key.
        key: Arc<str>,
        /// Begins each code.
        prefix: Arc<str>,
        /// How many coupons there are.
        most: u64,
    },
    /// Somebody's usable coupons.
    Wallet {
        /// An API key.
        key: Arc<str>,
        /// Whose.
        uid: Arc<str>,
    },
    /// Which of them fit a cart.
    Cart {
        /// An API key.
        key: Arc<str>,
        /// Whose.
        uid: Arc<str>,
    },
    /// Claims through Yoho, each of another member, up to so many.
    YohoClaim {
        /// Who calls.
        caller: YohoCaller,
        /// The members' uids are the numbers behind this one.
        after: i64,
        /// How many members there are.
        most: u64,
    },
    /// Which of somebody's coupons fit a cart, through zvcms.
    ZvcmsCart {
        /// Who calls.
        caller: ZvcmsCaller,
        /// The time of the signatures.
        now: DateTime<Utc>,
    },
    /// Cards that people take on WeChat, each another one.
    WechatPush {
        /// Who calls.
        caller: PushCaller,
    },
}

/// How hard.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// Each connection asks again as soon as it was answered.
    Closed,
    /// So many requests per second over all connections; time counts from when a request was due.
    Open(f64),
}

/// One measured run.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Codes given per second.
    pub per_s: f64,
    /// Half of the answers took no longer.
    pub p50_ms: f64,
    /// All but five in a hundred took no longer.
    pub p95_ms: f64,
    /// All but one in a hundred took no longer.
    pub p99_ms: f64,
    /// The slowest, like the two above counted from when the request was due.
    pub max_ms: f64,
    /// The slowest answer, counted from when the request was sent: what the server is answerable for.
    pub slowest_answer_ms: f64,
    /// Answers "try again".
    pub busy: u64,
    /// Answers that were neither a code nor "try again", and broken connections.
    pub errors: u64,
    /// Requests sent per second.
    pub offered_per_s: f64,
}

/// A run to be made.
pub struct Run {
    /// Where.
    pub address: SocketAddr,
    /// What.
    pub shape: Shape,
    /// How hard.
    pub pace: Pace,
    /// Over how many connections.
    pub connections: usize,
    /// For how long.
    pub length: Duration,
    /// Begins every record of this run.
    pub name: Arc<str>,
}

/// What one connection saw. Times are in microseconds, as they came: a histogram for each of some thousand connections
/// would cost more than the load itself.
#[derive(Default)]
struct Tally {
    times: Vec<u32>,
    slowest_answer: Duration,
    codes: u64,
    busy: u64,
    errors: u64,
}

impl Run {
    /// Makes the run.
    pub async fn measure(self, clock: &Arc<dyn Clock>) -> anyhow::Result<Figures> {
        let next = Arc::new(AtomicU64::new(0));
        let run = Arc::new(self);
        let mut clients = Vec::with_capacity(run.connections);
        for _ in 0..run.connections {
            clients.push(Client::connect(run.address).await?);
        }
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        for client in clients {
            let (run, next, now) = (Arc::clone(&run), Arc::clone(&next), clock.now());
            tasks.spawn(async move { run.one_connection(client, begin, &next, now).await });
        }
        let mut sum = Tally::default();
        while let Some(tally) = tasks.join_next().await {
            sum.add(tally??);
        }
        sum.figures(begin.elapsed())
    }

    /// Whichever connection is free takes the next request, waits until it is due, and times it from then: a request
    /// that finds no free connection in time counts as slow, too.
    async fn one_connection(
        &self,
        mut client: Client,
        begin: Instant,
        next: &AtomicU64,
        began_at: DateTime<Utc>,
    ) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        let end = begin + self.length;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let due = match self.pace {
                Pace::Closed => Instant::now(),
                #[expect(clippy::cast_precision_loss, reason = "a few million requests")]
                Pace::Open(rate) => begin + Duration::from_secs_f64(number as f64 / rate),
            };
            if due >= end || Instant::now() >= end || number >= self.shape.most() {
                return Ok(tally);
            }
            if matches!(self.pace, Pace::Open(_)) {
                tokio::time::sleep_until(due).await;
            }
            let sent = Instant::now();
            let heard = self.ask(&mut client, number, began_at + (sent - begin)).await;
            tally.note(heard.as_ref().ok().copied(), due.elapsed());
            tally.slowest_answer = tally.slowest_answer.max(sent.elapsed());
            if heard.is_err() {
                client = Client::connect(self.address).await?;
            }
        }
    }

    async fn ask(
        &self,
        client: &mut Client,
        number: u64,
        now: DateTime<Utc>,
    ) -> std::io::Result<Heard> {
        match &self.shape {
            Shape::Nothing => client.ping().await,
            Shape::Fresh(targets) => {
                let target = &targets[usize::try_from(number).unwrap_or_default() % targets.len()];
                let (record, open_id) = names(&self.name, number);
                client.call(target, &record, &open_id, now).await
            }
            Shape::Claims(target) => {
                let (record, open_id) = names(&self.name, number);
                client.claim(target, &record, &open_id).await
            }
            Shape::Script(script) => client.act(&script.request(number), script.success()).await,
            Shape::Replay(target, earlier, count) => {
                let (record, open_id) = names(earlier, number % count);
                client.call(target, &record, &open_id, now).await
            }
        }
    }
}

impl Shape {
    /// How many requests there are to make.
    fn most(&self) -> u64 {
        match self {
            Self::Script(Script::Redeem { most, .. } | Script::YohoClaim { most, .. }) => *most,
            Self::Script(
                Script::Wallet { .. }
                | Script::Cart { .. }
                | Script::ZvcmsCart { .. }
                | Script::WechatPush { .. },
            )
            | Self::Fresh(_)
            | Self::Replay(..)
            | Self::Claims(_)
            | Self::Nothing => u64::MAX,
        }
    }
}

impl Script {
    /// What every answer that came to something begins with.
    const fn success(&self) -> &'static [u8] {
        match self {
            Self::Redeem { .. } | Self::Wallet { .. } | Self::Cart { .. } => b"{",
            Self::YohoClaim { .. } => br#"{"alg":"SALT_MD5","code":200,"#,
            Self::ZvcmsCart { .. } => br#"{"status":true,"code":0,"#,
            Self::WechatPush { .. } => b"success",
        }
    }

    /// The n-th request.
    fn request(&self, number: u64) -> Vec<u8> {
        match self {
            Self::Redeem { key, prefix, .. } => {
                let code = format!("{prefix}{number:012}");
                redemption(key, &code, &format!("order-{code}"))
            }
            Self::Wallet { key, uid } => format!(
                "GET /v1/coupons?uid={uid}&tab=usable&limit=50 HTTP/1.1\r\nhost: kaquan\r\n\
                 authorization: Bearer {key}\r\n\r\n"
            )
            .into_bytes(),
            Self::Cart { key, uid } => {
                let line = r#"{"goods_id":"g-1","unit_price_fen":12000,"quantity":1}"#;
                let body = format!(r#"{{"uid":"{uid}","cart":{{"lines":[{line}]}}}}"#);
                post("/v1/cart-matches", key, "", &body)
            }
            Self::YohoClaim { caller, after, .. } => caller.claim(after + number.cast_signed() + 1),
            Self::ZvcmsCart { caller, now } => caller.match_cart(number, *now),
            Self::WechatPush { caller } => caller.take(number),
        }
    }
}

/// The n-th record of a run, and who takes it.
fn names(run: &str, number: u64) -> (String, String) {
    (format!("{run}{number:024x}"), format!("50zRWFu-{run}{number:012x}"))
}

impl Tally {
    fn note(&mut self, heard: Option<Heard>, took: Duration) {
        self.times.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        match heard {
            Some(Heard::Code) => self.codes += 1,
            Some(Heard::Busy) => self.busy += 1,
            Some(Heard::Other) | None => self.errors += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.codes += other.codes;
        self.busy += other.busy;
        self.errors += other.errors;
        self.slowest_answer = self.slowest_answer.max(other.slowest_answer);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a run of some seconds")]
    fn figures(&self, took: Duration) -> anyhow::Result<Figures> {
        let mut times = Histogram::<u64>::new(3)?;
        for time in &self.times {
            times.record(u64::from(*time))?;
        }
        let ms = |micros: u64| micros as f64 / 1000.0;
        Ok(Figures {
            per_s: self.codes as f64 / took.as_secs_f64(),
            p50_ms: ms(times.value_at_quantile(0.5)),
            p95_ms: ms(times.value_at_quantile(0.95)),
            p99_ms: ms(times.value_at_quantile(0.99)),
            max_ms: ms(times.max()),
            slowest_answer_ms: self.slowest_answer.as_secs_f64() * 1000.0,
            busy: self.busy,
            errors: self.errors,
            offered_per_s: self.times.len() as f64 / took.as_secs_f64(),
        })
    }
}
