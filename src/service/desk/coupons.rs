//! People's coupons by their numbers.

use sqlx::PgConnection;

use super::Desk;
use crate::{
    domain::{
        cart::Cart,
        code::CouponCode,
        discount::Discount,
        id::CouponId,
        number::{CouponNumber, TemplateNumber},
        people,
        sight::Sight,
    },
    service::{
        match_cart::{At, MatchCartError, match_cart},
        person::{NamedPerson, Person},
        wallet::{self, Held},
    },
    store,
};

pub use crate::store::holding::Which;

/// A coupon as protocols know it that have no room for our ids.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Its own number.
    pub number: CouponNumber,
    /// Its template's.
    pub template: TemplateNumber,
    /// What it is.
    pub held: Held,
}

/// How a front end names a coupon.
#[derive(Debug, Clone)]
pub enum CouponName {
    /// By its number.
    Number(CouponNumber),
    /// By what its holder shows.
    Code(CouponCode),
}

/// More coupons than anybody has; of those who have more, the newest count.
const MOST: i64 = 10_000;

impl Desk {
    /// A member's coupons, newest first: up to `limit`, without the first `offset`. Nobody's, for a uid that we were not
    /// told of.
    pub async fn list_coupons(
        &self,
        uid: &str,
        sight: &Sight,
        which: Which,
        (offset, limit): (i64, i64),
    ) -> sqlx::Result<Vec<Numbered>> {
        let most = offset.saturating_add(limit).clamp(0, MOST);
        let mut conn = self.db.acquire().await?;
        let mut held = self.read(&mut conn, uid, sight, which, most).await?;
        let skipped = usize::try_from(offset).unwrap_or_default().min(held.len());
        number(&mut conn, held.split_off(skipped)).await
    }

    /// How many of a member's coupons there are, counted up to ten thousand.
    pub async fn count_coupons(
        &self,
        uid: &str,
        sight: &Sight,
        which: Which,
    ) -> sqlx::Result<usize> {
        let mut conn = self.db.acquire().await?;
        Ok(self.read(&mut conn, uid, sight, which, MOST).await?.len())
    }

    /// Those of a member's coupons that fit a cart, the best first: the largest discount, then the one that ends first, then
    /// the one with the lower number. Where the cart names no store, what is for certain stores fits as well.
    pub async fn match_coupons(
        &self,
        uid: &str,
        sight: &Sight,
        cart: &Cart,
    ) -> Result<Vec<(Numbered, Discount)>, MatchCartError> {
        let mut conn = self.db.acquire().await?;
        let person = find(&mut conn, uid).await?;
        drop(conn);
        let now = self.now();
        let matches =
            match_cart(&self.db, &self.known_terms, now, (person, sight), (cart, At::Anywhere))
                .await?;
        let (held, discounts): (Vec<_>, Vec<_>) = matches.usable.into_iter().unzip();
        let numbered = number(&mut *self.db.acquire().await?, held).await?;
        let mut usable: Vec<_> = numbered.into_iter().zip(discounts).collect();
        usable.sort_by_key(|(coupon, discount)| {
            let until = coupon.held.holding.valid_until;
            (std::cmp::Reverse(discount.discount_fen), until, coupon.number)
        });
        Ok(usable)
    }

    /// One coupon, whoever has it; one that is out of use is not there.
    pub async fn find_coupon(
        &self,
        name: &CouponName,
        sight: &Sight,
    ) -> sqlx::Result<Option<Numbered>> {
        let mut conn = self.db.acquire().await?;
        let id = match name {
            CouponName::Number(number) => store::number::find_coupon(&mut conn, *number).await?,
            CouponName::Code(code) => store::holding::find_by_code(&mut conn, code).await?,
        };
        let Some(id) = id else { return Ok(None) };
        Ok(self.look(&mut conn, &[id], sight).await?.pop())
    }

    /// Those of a member's coupons that are kept for this order, or used for it.
    pub async fn list_of_order(
        &self,
        uid: &str,
        sight: &Sight,
        order_no: &str,
    ) -> sqlx::Result<Vec<Numbered>> {
        let mut conn = self.db.acquire().await?;
        let Some(member) = find(&mut conn, uid).await?.member else { return Ok(Vec::new()) };
        let ids = store::holding::list_of_order(&mut conn, member, order_no).await?;
        self.look(&mut conn, &ids, sight).await
    }

    async fn read(
        &self,
        conn: &mut PgConnection,
        uid: &str,
        sight: &Sight,
        which: Which,
        most: i64,
    ) -> sqlx::Result<Vec<Held>> {
        let person = find(conn, uid).await?;
        if person.member.is_none() {
            return Ok(Vec::new());
        }
        let now = self.now();
        wallet::read(conn, &self.known_terms, now, (person, sight, which), (None, most)).await
    }

    async fn look(
        &self,
        conn: &mut PgConnection,
        ids: &[CouponId],
        sight: &Sight,
    ) -> sqlx::Result<Vec<Numbered>> {
        let mut holdings = Vec::new();
        for id in ids {
            let holding = store::holding::find(conn, *id, None).await?;
            holdings.extend(holding.filter(|holding| sight.sees(holding.app)));
        }
        let held = wallet::add_terms(conn, &self.known_terms, self.now(), holdings).await?;
        number(conn, held).await
    }
}

/// What can be no uid is nobody's.
pub(super) async fn find(conn: &mut PgConnection, uid: &str) -> sqlx::Result<Person> {
    if !people::is_uid(uid) {
        return Ok(Person { account: None, member: None });
    }
    Person::find(conn, &NamedPerson::Uid(uid.to_owned())).await
}

/// Adds the numbers, which those get now that were never shown by one.
async fn number(conn: &mut PgConnection, held: Vec<Held>) -> sqlx::Result<Vec<Numbered>> {
    let ids: Vec<_> = held.iter().map(|held| (held.holding.id, held.holding.template)).collect();
    let mut numbers = store::number::list(conn, &ids).await?;
    let new: Vec<_> = ids
        .iter()
        .zip(&numbers)
        .filter(|(_, (number, _))| number.is_none())
        .map(|((id, _), _)| *id)
        .collect();
    if !new.is_empty() {
        store::number::give(conn, &new).await?;
        numbers = store::number::list(conn, &ids).await?;
    }
    let numbered = held.into_iter().zip(numbers).filter_map(|(held, (number, template))| {
        Some(Numbered { number: number?, template, held })
    });
    Ok(numbered.collect())
}
