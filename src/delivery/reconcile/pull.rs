//! Asks the platform for its figures and its templates. Each call is counted like any other, and repeated with care.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;

use crate::{
    delivery::{
        Inner,
        account::{Account, AccountTrouble},
        dialect::{Baidu, Dialect},
        token::{Token, TokenTrouble},
    },
    domain::{app::PlatformKind, day::days, delivery::Outcome, id::AppId},
    outgoing::{answer::Heard, secret::AccessToken},
    platform::baidu::{
        client::{self, Client},
        comparison,
        error::CallError,
        paging::{Listing, Page, Walk},
        shown::{DayOfTemplate, ShownTemplate},
    },
    store::{
        self, delivery::call::CallLeave, platform_figure::PlatformFigure, platform_token::Purpose,
    },
};

/// What the platform said.
pub(super) struct Pulled {
    /// The first day that was asked about.
    pub first: NaiveDate,
    /// Each template and day once.
    pub figures: Vec<PlatformFigure>,
    /// What stands there.
    pub templates: Vec<ShownTemplate>,
    /// Whether the list came to its end.
    pub complete: bool,
}

impl Pulled {
    /// What people see of each template, by its id.
    pub fn seen(&self) -> Vec<(String, Value)> {
        let seen = |template: &ShownTemplate| (template.id.to_string(), comparison::seen(template));
        self.templates.iter().map(seen).collect()
    }
}

/// Why the platform could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum PullError {
    #[error("calls to this app are paused: {0}")]
    Paused(String),
    #[error("the platform was away and is left alone until {0}")]
    Resting(DateTime<Utc>),
    #[error("the app's secret is not known")]
    NoSecret,
    #[error("the app's rate leaves no room for it")]
    NoRoom,
    #[error("this version of kaquan knows no figures of this platform")]
    NoFigures,
    #[error("the platform's figures of {0} have more pages than anybody's")]
    Endless(NaiveDate),
    #[error(transparent)]
    Account(#[from] AccountTrouble),
    #[error("{}", .0.note)]
    Token(TokenTrouble),
    #[error("the platform did not answer well: {0}")]
    Call(#[from] CallError),
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// How often a call is made at most; it changes nothing there, so it can be made again.
const TRIES: u32 = 3;
/// The first pause between tries; the next is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// How often to wait for the app's rate, before it is left for later.
const WAITS: u32 = 100;
/// The longest of those waits.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

type Answer<'a, T> = BoxFuture<'a, Result<Heard<T>, CallError>>;

/// All there is to hear about these days, and about the templates of now.
pub(super) async fn pull(
    inner: &Inner,
    app: AppId,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Pulled, PullError> {
    let mut line = Line::open(inner, app).await?;
    let standing = line
        .walk(
            |template: &ShownTemplate| template.id,
            |page| {
                move |client: &Client, account, token| {
                    client.list_templates(account, token, page).boxed()
                }
            },
        )
        .await?;
    let mut figures = Vec::new();
    // One day at a time: how the platform writes the day of a row is not documented.
    for day in days(first, last) {
        let counted = line
            .walk(
                |counted: &DayOfTemplate| counted.template,
                |page| {
                    move |client: &Client, account, token| {
                        client.statistics(account, token, (day, day), page).boxed()
                    }
                },
            )
            .await?;
        if !counted.complete {
            return Err(PullError::Endless(day));
        }
        figures.extend(counted.items.iter().map(|counted| figure(day, counted)));
    }
    let complete = standing.complete;
    let templates = standing.items.into_iter().filter(|template| template.deleted == 0).collect();
    Ok(Pulled { first, figures, templates, complete })
}

fn figure(day: NaiveDate, counted: &DayOfTemplate) -> PlatformFigure {
    PlatformFigure {
        platform_ref: counted.template.to_string(),
        day,
        views: (counted.view_pv, counted.view_uv),
        takes: (counted.get_pv, counted.get_uv),
        get_rate: counted.get_rate,
        uses: (counted.use_pv, counted.use_uv),
        use_rate: counted.use_rate,
        stock: counted.stock,
    }
}

/// What a call needs besides its own words.
struct Line<'a> {
    inner: &'a Inner,
    app: AppId,
    account: Arc<Account>,
    token: Option<Arc<Token>>,
}

impl<'a> Line<'a> {
    async fn open(inner: &'a Inner, app: AppId) -> Result<Self, PullError> {
        let account = inner.accounts.current(inner, app).await;
        let account = account.map_err(|trouble| match trouble {
            AccountTrouble::Gone => PullError::NoSecret,
            trouble @ (AccountTrouble::Sealed(_) | AccountTrouble::Db(_)) => trouble.into(),
        })?;
        match account.platform {
            PlatformKind::Baidu => Ok(Self { inner, app, account, token: None }),
            PlatformKind::Wechat | PlatformKind::WechatMini | PlatformKind::Own => {
                Err(PullError::NoFigures)
            }
        }
    }

    /// All pages of a list, each item once, whether its pages count from zero or from one.
    async fn walk<T, K, C>(
        &mut self,
        key: fn(&T) -> K,
        call: impl Fn(i64) -> C,
    ) -> Result<Listing<T>, PullError>
    where
        K: Eq + std::hash::Hash,
        C: for<'x> Fn(&'x Client, client::Account<'x>, &'x AccessToken) -> Answer<'x, Page<T>>,
    {
        let mut walk = Walk::new(key);
        while let Some(page) = walk.next_page() {
            match self.ask(call(page)).await {
                Err(PullError::Call(error))
                    if walk.may_begin_at_one() && error.refuses_the_parameters() =>
                {
                    walk.begin_at_one();
                }
                heard => walk.take(heard?),
            }
        }
        Ok(walk.finish())
    }

    /// One call, made again where that may help.
    async fn ask<T>(
        &mut self,
        call: impl for<'x> Fn(&'x Client, client::Account<'x>, &'x AccessToken) -> Answer<'x, T>,
    ) -> Result<T, PullError> {
        let mut renewed = false;
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            self.wait_for_leave().await?;
            let token = self.token().await?;
            let said = {
                let account = Baidu::account(&self.account).ok_or(PullError::NoFigures)?;
                call(&self.inner.baidu, account, &token.value).await
            };
            let error = match said {
                Ok(heard) => return Ok(heard.value),
                Err(error) => error,
            };
            if error.token_problem() && !renewed {
                renewed = true;
                let refused = Some(token.generation);
                let tokens = &self.inner.tokens;
                let fresh = tokens.get(self.inner, &self.account, Purpose::Access, refused).await;
                self.token = Some(fresh.map_err(PullError::Token)?);
                continue;
            }
            if tries == TRIES || !may_pass(&error) {
                return Err(error.into());
            }
            wait(pause + PAUSE.mul_f64(Inner::chance() / 2.0)).await;
            pause *= 2;
            tries += 1;
        }
    }

    async fn token(&mut self) -> Result<Arc<Token>, PullError> {
        if let Some(token) = &self.token {
            return Ok(Arc::clone(token));
        }
        let token = self.inner.tokens.get(self.inner, &self.account, Purpose::Access, None).await;
        let token = token.map_err(PullError::Token)?;
        self.token = Some(Arc::clone(&token));
        Ok(token)
    }

    /// Every call comes out of the app's bucket, as deliveries do.
    async fn wait_for_leave(&self) -> Result<(), PullError> {
        for _ in 0..WAITS {
            let now = self.inner.clock.instead_of_database();
            let leave = {
                let mut conn = self.inner.db.acquire().await?;
                let leave = store::delivery::call::take(&mut conn, now, self.app).await?;
                if leave.is_none() {
                    let now = self.inner.clock.now();
                    store::channel::insert_missing(&mut conn, now).await?;
                }
                leave
            };
            // Without a channel before, there is one now.
            let Some(leave) = leave else { continue };
            match leave {
                CallLeave::Granted => return Ok(()),
                CallLeave::Later(span) => {
                    wait(span.to_std().unwrap_or_default().min(LONGEST_WAIT)).await;
                }
                CallLeave::Paused(reason) => return Err(PullError::Paused(reason)),
                CallLeave::Resting(until) => return Err(PullError::Resting(until)),
                CallLeave::NoSecret => return Err(PullError::NoSecret),
            }
        }
        Err(PullError::NoRoom)
    }
}

/// Whether the same call may fare better in a moment.
fn may_pass(error: &CallError) -> bool {
    match error.outcome(false) {
        Outcome::Busy { .. }
        | Outcome::Unknown { .. }
        | Outcome::NotAsked
        | Outcome::NotYet { .. }
        | Outcome::TooFast { .. } => true,
        Outcome::Done
        | Outcome::DoneBefore
        | Outcome::UsedUpToday
        | Outcome::Locked
        | Outcome::Refused => false,
    }
}

#[expect(clippy::disallowed_methods, reason = "only the worker waits")]
async fn wait(pause: Duration) {
    tokio::time::sleep(pause).await;
}
