//! Uses a coupon for an order, and owes its platform the news; all or nothing, in one statement.
//!
//! Under load those who ask at the same moment go together; whoever does not get through with them goes alone, here.

mod together;
mod wish;

use std::sync::Arc;

use sqlx::{PgConnection, PgPool};
use tokio::time::timeout;

use self::{
    together::Told,
    wish::{Wish, story},
};
use super::{
    known_terms::KnownTerms,
    life::{LifeError, MOST_TRIES, Named, step},
    together::{LANES, LONGEST, Late, Together, give_up},
};
use crate::{
    clock::Clock,
    domain::{
        cart::Cart,
        discount::Discount,
        event::Cause,
        id::{CouponId, RedemptionId},
        life::{self, ActKey, Ruling},
    },
    store::{
        self,
        life::{
            Found,
            redeeming::{Use, redeem},
        },
        redemption::Redemption,
    },
};

/// A coupon is to be used.
#[derive(Debug)]
pub struct Redeem {
    /// Which.
    pub coupon: Named,
    /// The merchant's order; repeated for the same one, a use is the same use.
    pub order_no: String,
    /// Where.
    pub store: Option<String>,
    /// By whom.
    pub operator: Option<String>,
    /// What is bought; without it nothing is worked out.
    pub cart: Option<Cart>,
    /// What the caller takes off, to be held against what we work out.
    pub discount_fen: Option<i64>,
    /// Whether it is to be used only as long as it is kept for the order.
    pub only_if_kept: bool,
    /// The caller's name of this act.
    pub key: ActKey,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used from now on.
    Now(Redemption),
    /// It was used for this order already, or under this key; nothing more was done.
    Before(Redemption),
}

/// Who uses coupons; cheap to clone.
#[derive(Clone)]
pub struct Redeemer {
    tools: Tools,
    together: Together<Arc<Wish>, Told>,
}

/// What a use is made with.
#[derive(Clone)]
struct Tools {
    db: PgPool,
    /// Connections for uses alone, on which nobody waits for a coupon.
    tills: PgPool,
    clock: Arc<dyn Clock>,
    known_terms: KnownTerms,
}

/// What is to be done about a wish.
enum Judged {
    /// The coupon is to be used.
    Use(Redemption),
    /// It was used before under this key, for what is asked now or for something else.
    Keyed { redemption: RedemptionId, is_the_same: bool },
    /// It was used before for this order.
    Repeated(RedemptionId),
}

/// What came of one try.
enum Tried {
    Told(Redeemed),
    /// The coupon was changed since it was judged, or somebody is about to.
    TooLate(CouponId),
}

impl Redeemer {
    /// Begins to wait for wishes, on the present runtime, until the last clone is dropped.
    pub fn start(db: PgPool, clock: Arc<dyn Clock>, known_terms: KnownTerms) -> Self {
        let tills = store::pool()
            .max_connections(2 * LANES)
            .connect_lazy_with(store::planned_once((*db.connect_options()).clone()));
        let tools = Tools { db, tills, clock, known_terms };
        let all = tools.clone();
        let together = Together::start(move |wishes| all.clone().redeem_together(wishes));
        Self { tools, together }
    }

    /// Uses a coupon at most once, however many ask at the same time.
    ///
    /// It happens at the database's time, by which the coupon was issued: a server whose clock is slow would refuse what
    /// is valid from its issue on.
    pub async fn redeem(&self, cause: Cause, redeem: Redeem) -> Result<Redeemed, LifeError> {
        redeem.check()?;
        let wish = Arc::new(Wish::new(cause, redeem));
        let told = match self.together.ask(Arc::clone(&wish)).await {
            Ok(Some(Some(told))) => told,
            Ok(Some(None) | None) => self.tools.redeem_alone(&wish).await,
            // The key of the use tells what came of it.
            Err(Late) => Err(sqlx::Error::PoolTimedOut.into()),
        };
        if let Ok(Redeemed::Now(redemption)) = &told {
            tracing::info!(coupon.id = %redemption.coupon, redemption.id = %redemption.id, "coupon redeemed");
        }
        told
    }
}

impl Tools {
    async fn redeem_alone(&self, wish: &Wish) -> Result<Redeemed, LifeError> {
        for _ in 0..MOST_TRIES {
            let mut conn = self.tills.acquire().await?;
            let Ok(tried) = timeout(LONGEST, self.try_alone(&mut conn, wish)).await else {
                return Err(give_up(conn).into());
            };
            let held = match tried? {
                Tried::Told(told) => return Ok(told),
                Tried::TooLate(coupon) => coupon,
            };
            drop(conn);
            let mut conn = self.db.acquire().await?;
            let Ok(waited) = timeout(LONGEST, store::life::wait_for(&mut conn, held)).await else {
                drop(give_up(conn));
                break;
            };
            waited?;
        }
        Err(LifeError::Busy)
    }

    async fn try_alone(&self, conn: &mut PgConnection, wish: &Wish) -> Result<Tried, LifeError> {
        let Some(found) = store::life::find(conn, wish.asked()).await? else {
            return replay_of_another(conn, &wish.redeem.key, &wish.hash).await.map(Tried::Told);
        };
        let redemption = match self.judge(conn, wish, &found).await? {
            Judged::Use(redemption) => redemption,
            Judged::Keyed { redemption, is_the_same } => {
                return replay(conn, redemption, is_the_same).await.map(Tried::Told);
            }
            Judged::Repeated(redemption) => {
                return self.repeat(conn, wish, &found, redemption).await.map(Tried::Told);
            }
        };
        match redeem(conn, &[self.granted(wish, &found, &redemption)]).await {
            Ok(used) if !used.is_empty() => Ok(Tried::Told(Redeemed::Now(redemption))),
            // Somebody was quicker, with this coupon or with this key, or is about to be.
            Ok(_) => Ok(Tried::TooLate(found.id)),
            Err(error) if store::violates(&error, "redemption_one_per_key") => {
                Ok(Tried::TooLate(found.id))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What was done for the same order before, if what is bought now takes the same off.
    async fn repeat(
        &self,
        conn: &mut PgConnection,
        wish: &Wish,
        found: &Found,
        redemption: RedemptionId,
    ) -> Result<Redeemed, LifeError> {
        let earlier = replay(conn, redemption, true).await?;
        if wish.redeem.cart.is_none() {
            return Ok(earlier);
        }
        let now = wish.redeem.work_out(conn, &self.known_terms, found).await?;
        earlier.agreeing_with(now.as_ref())
    }

    async fn judge(
        &self,
        conn: &mut PgConnection,
        wish: &Wish,
        found: &Found,
    ) -> Result<Judged, LifeError> {
        if let Some(redemption) = found.keyed {
            let is_the_same = found.keyed_hash.as_deref() == Some(&wish.hash[..]);
            return Ok(Judged::Keyed { redemption, is_the_same });
        }
        let now = self.clock.at_database(found.database_now);
        let judge = if wish.redeem.only_if_kept { life::redeem_kept } else { life::redeem };
        let ruling = judge(&found.facts(), &wish.redeem.order_no, now)?;
        if let (Ruling::Before, Some(redemption)) = (ruling, found.of_order) {
            return Ok(Judged::Repeated(redemption));
        }
        let worked_out = wish.redeem.work_out(conn, &self.known_terms, found).await?;
        Ok(Judged::Use(wish.redeem.redemption(found, worked_out.as_ref(), now)))
    }

    fn granted<'a>(&self, wish: &'a Wish, found: &Found, redemption: &'a Redemption) -> Use<'a> {
        let step = step(found, &*self.clock, &wish.cause, story(redemption));
        Use { step, redemption, key: &wish.redeem.key, request_hash: &wish.hash }
    }
}

impl Redeemed {
    /// The same order is the same use only as long as it takes the same off: one that was priced anew, or that somebody
    /// else has told another story about, must not hear of another discount as if it were its own.
    fn agreeing_with(self, now: Option<&Discount>) -> Result<Self, LifeError> {
        let (Self::Now(earlier) | Self::Before(earlier)) = &self;
        match (earlier.discount_fen, now.map(|now| now.discount_fen)) {
            (Some(computed_fen), Some(sent_fen)) if computed_fen != sent_fen => {
                Err(LifeError::DiscountDiffers { sent_fen, computed_fen })
            }
            (_, None | Some(_)) => Ok(self),
        }
    }
}

/// The coupon is not there; but the key may name a use of another one.
async fn replay_of_another(
    conn: &mut PgConnection,
    key: &ActKey,
    hash: &[u8],
) -> Result<Redeemed, LifeError> {
    let keyed = store::life::find_keyed(conn, key).await?.ok_or(LifeError::NoSuchCoupon)?;
    replay(conn, keyed.id, keyed.request_hash.as_deref() == Some(hash)).await
}

async fn replay(
    conn: &mut PgConnection,
    redemption: RedemptionId,
    is_the_same: bool,
) -> Result<Redeemed, LifeError> {
    if !is_the_same {
        return Err(LifeError::KeyTaken);
    }
    let earlier = store::redemption::find(conn, redemption).await?;
    Ok(Redeemed::Before(earlier.ok_or(sqlx::Error::RowNotFound)?))
}
