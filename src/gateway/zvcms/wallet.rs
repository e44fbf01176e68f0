//! `coupon.user-coupon-list`, after the public page of the original, and `coupon.user-coupon-info`.

use serde::Serialize;
use serde_json::value::to_raw_value;

use super::{
    Data, Zvcms,
    door::Call,
    failure::Failure,
    params::{Naming, Page, Reader},
    refusal::{of_database, of_match},
    view::{Eyes, InHand, ItemView, Shown},
};
use crate::{
    domain::{
        benefit::Threshold,
        cart::Cart,
        discount::scope::admits_store,
        number::CouponNumber,
        standing::{CouponStatus, Tab},
    },
    service::{
        desk::coupons::{CouponName, Numbered, Which},
        wallet::Held,
    },
};

/// `data` of every list.
#[derive(Serialize)]
pub(super) struct ItemList<T> {
    pub item_list: Vec<T>,
}

/// The channel that `from_pay_page` stands for, 买单页面.
const PAY_PAGE: &str = "pay_page";
/// So many are read at once.
const PORTION: u16 = 500;

/// What a coupon has to be to be listed.
struct Wanted<'a> {
    eyes: Eyes,
    at_pay_page: bool,
    /// With goods for so much.
    amount_fen: Option<i64>,
    store: Option<&'a str>,
}

impl Zvcms {
    pub(super) async fn user_coupon_list(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (uid, page) = (reader.user_id()?, reader.page()?);
        let wanted = Wanted {
            eyes: call.eyes(),
            at_pay_page: reader.flag("from_pay_page")?,
            amount_fen: None,
            store: reader.store()?,
        };
        let shopping = reader.flag("shopping")?;
        let found = if shopping {
            let cart = Cart {
                lines: reader.cart()?,
                store: wanted.store.map(str::to_owned),
                shipping_fen: None,
            };
            self.fitting(call, uid, &wanted, cart).await?.into_iter().skip(page.skip).collect()
        } else {
            let which = which(&reader)?;
            let wanted = Wanted { amount_fen: reader.fen("amount")?, ..wanted };
            self.listed(call, uid, &wanted, which, page).await?
        };
        let eyes = call.eyes();
        let item_list = found.iter().take(page.limit).map(|coupon| item(eyes, coupon)).collect();
        told(&ItemList { item_list })
    }

    pub(super) async fn user_coupon_info(&self, call: &Call) -> Result<Data, Failure> {
        let found = self.named(call, &call.reader()?.naming()?).await?;
        told(&item(call.eyes(), &found))
    }

    /// The coupon that is named, if it is one that the grant sees.
    pub(super) async fn named(
        &self,
        call: &Call,
        naming: &Naming<'_>,
    ) -> Result<Numbered, Failure> {
        let name = match naming {
            Naming::Number(text) => {
                CouponName::Number(CouponNumber::parse(text).ok_or(Failure::NotFound)?)
            }
            Naming::Code(code) => CouponName::Code(code.clone()),
        };
        let found = self.desk.find_coupon(&name, &call.grant.sight).await;
        found.map_err(|error| of_database(&error))?.ok_or(Failure::NotFound)
    }

    /// What of a wallet is wanted, newest first, up to the end of the page.
    async fn listed(
        &self,
        call: &Call,
        uid: &str,
        wanted: &Wanted<'_>,
        which: Which,
        page: Page,
    ) -> Result<Vec<Numbered>, Failure> {
        let mut found = Vec::new();
        if !wanted.store.is_none_or(|store| call.knows_store(store)) {
            return Ok(found);
        }
        let (mut offset, mut skip) = (0, page.skip);
        loop {
            let portion = (offset, i64::from(PORTION));
            let read = self.desk.list_coupons(uid, &call.grant.sight, which, portion).await;
            let read = read.map_err(|error| of_database(&error))?;
            let is_last = read.len() < usize::from(PORTION);
            for coupon in read.into_iter().filter(|coupon| wanted.admits(&coupon.held)) {
                if skip > 0 {
                    skip -= 1;
                } else {
                    found.push(coupon);
                }
            }
            if is_last || found.len() >= page.limit {
                return Ok(found);
            }
            offset += i64::from(PORTION);
        }
    }

    /// What fits a cart, the best first.
    async fn fitting(
        &self,
        call: &Call,
        uid: &str,
        wanted: &Wanted<'_>,
        cart: Cart,
    ) -> Result<Vec<Numbered>, Failure> {
        let nowhere = !wanted.store.is_none_or(|store| call.knows_store(store));
        if cart.lines.is_empty() || nowhere {
            return Ok(Vec::new());
        }
        let matches = self.desk.match_coupons(uid, &call.grant.sight, &cart).await;
        let matches = matches.map_err(|error| of_match(&error))?;
        let fitting = matches.into_iter().map(|(coupon, _)| coupon);
        Ok(fitting.filter(|coupon| wanted.admits(&coupon.held)).collect())
    }
}

/// `expire`, which only this listing knows.
fn which(reader: &Reader<'_>) -> Result<Which, Failure> {
    match reader.text("expire")? {
        None => Ok(Which::All),
        Some("canuse") => Ok(Which::Ready),
        Some("used") => Ok(Which::Tab(Tab::Used)),
        Some("expired") => Ok(Which::Tab(Tab::Expired)),
        Some(_) => Err(Failure::param("expire")),
    }
}

impl Wanted<'_> {
    fn admits(&self, held: &Held) -> bool {
        let terms = &held.terms;
        // A number of pieces cannot be told from an amount.
        let is_reached = match (&terms.threshold, self.amount_fen) {
            (Threshold::Amount { fen }, Some(amount_fen)) => *fen <= amount_fen,
            (Threshold::Amount { .. }, None) | (Threshold::None | Threshold::Pieces { .. }, _) => {
                true
            }
        };
        let is_offered = !self.at_pay_page
            || (held.status == CouponStatus::Usable && terms.is_offered_on(PAY_PAGE));
        self.eyes.sees(terms)
            && is_reached
            && is_offered
            && self.store.is_none_or(|store| admits_store(&terms.scope, Some(store)))
    }
}

/// A coupon as the client sees it.
pub(super) fn item(eyes: Eyes, coupon: &Numbered) -> ItemView<'_> {
    let Numbered { number, template, held } = coupon;
    let holding = &held.holding;
    let mine = InHand {
        number: number.get(),
        validity: (holding.valid_from, holding.valid_until),
        status: held.status,
        code: holding.code.as_str(),
    };
    eyes.item(Shown { template: template.get(), terms: &held.terms }, mine)
}

/// As it is sent.
pub(super) fn told<T: Serialize>(data: &T) -> Result<Data, Failure> {
    to_raw_value(data).map_err(|_| Failure::Internal)
}
