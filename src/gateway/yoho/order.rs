//! Ours: what an order does with coupons. It keeps them when it is made, uses them when it is paid, and lets go of all it
//! kept or used when it comes to nothing. Each step can be repeated.

use serde::Serialize;

use super::{Call, Yoho, argument::Uid, envelope::Said, refusal::Refusal, wire::local};
use crate::{
    domain::{
        discount::scope::admits_store,
        life::{ActKey, LifeRefusal, Shown, Whose},
        number::{CouponNumber, TemplateNumber},
        standing::CouponStatus,
    },
    service::{
        desk::coupons::{CouponName, Numbered, Which},
        give_back::{GiveBack, give_back},
        life::{LifeError, Named},
        lock_coupon::{LockCoupon, UnlockCoupon, lock_coupon, unlock_coupon},
        redeem::{Redeem, Redeemed},
    },
};

/// A coupon that an order keeps, or has used already.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptRow<'a> {
    coupon_code: &'a str,
    coupon_id: TemplateNumber,
    id: CouponNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
}

/// Who orders, and what.
struct Order<'a> {
    uid: Uid,
    code: &'a str,
}

/// As many of somebody's coupons as are looked at for one of a template.
const MOST_LOOKED_AT: i64 = 500;
/// How often what others did meanwhile is looked at anew.
const MOST_TRIES: usize = 4;

impl Yoho {
    /// `app.promotion.useCoupon`.
    pub(super) async fn use_coupon<'a>(&'a self, call: &Call<'_>) -> Result<Said<'a>, Refusal> {
        let (order, seconds) = (Order::of(call)?, call.params.lock_seconds()?);
        let mut refused = None;
        for coupon in self.meant(call, &order).await? {
            match self.keep(call, &order, &coupon, seconds).await {
                Ok(locked_until) => {
                    return Said::ok(
                        "操作成功",
                        &KeptRow {
                            coupon_code: coupon.held.holding.code.as_str(),
                            coupon_id: coupon.template,
                            id: coupon.number,
                            locked_until,
                        },
                    );
                }
                // Nobody knows what became of it, so another one could be one too many.
                Err(no @ (Refusal::Internal | Refusal::RateLimited)) => return Err(no),
                // Of the same template there may be more.
                Err(no) => refused = refused.or(Some(no)),
            }
        }
        Err(refused.unwrap_or(Refusal::ClaimNotFound))
    }

    /// `app.promotion.confirmCouponUse`: all that the order keeps, also what it has kept for longer than it was to.
    pub(super) async fn confirm_coupon_use<'a>(
        &'a self,
        call: &Call<'_>,
    ) -> Result<Said<'a>, Refusal> {
        let (order, store) = (Order::of(call)?, call.params.plain_if_given("storeSn")?);
        let mut coupons = self.of_order(call, &order).await?;
        if coupons.is_empty() {
            return Err(Refusal::ClaimNotFound);
        }
        coupons.retain(|coupon| coupon.held.status != CouponStatus::Used);
        if coupons.iter().any(|coupon| !admits_store(&coupon.held.terms.scope, store)) {
            return Err(Refusal::ScopeMismatch);
        }
        // What is likeliest to be refused comes first, so that nothing is used for an order that is then refused.
        coupons.sort_by_key(|coupon| match coupon.held.status {
            CouponStatus::Locked => 2,
            CouponStatus::Usable => 1,
            CouponStatus::Expired
            | CouponStatus::NotYetValid
            | CouponStatus::Used
            | CouponStatus::Void
            | CouponStatus::Suspended => 0,
        });
        for coupon in &coupons {
            self.use_up(call, &order, store, coupon).await?;
        }
        Said::ok("操作成功", &true)
    }

    /// `app.promotion.cancelOrderCouponUse`: an order that has nothing is as it should be.
    pub(super) async fn cancel_order_coupon_use<'a>(
        &'a self,
        call: &Call<'_>,
    ) -> Result<Said<'a>, Refusal> {
        let order = Order::of(call)?;
        for _ in 0..MOST_TRIES {
            let mut is_free = true;
            for coupon in &self.of_order(call, &order).await? {
                is_free &= match self.let_go(call, &order, coupon).await {
                    // It was let go of, or changed since it was looked at; both are looked at anew.
                    Ok(changed) => !changed,
                    Err(
                        Refusal::OrderConflict
                        | Refusal::ClaimUsed
                        | Refusal::ClaimLocked
                        | Refusal::ClaimNotFound,
                    ) => false,
                    Err(refusal) => return Err(refusal),
                };
            }
            if is_free {
                return Said::ok("操作成功", &true);
            }
        }
        Err(Refusal::RateLimited)
    }

    /// The coupons that may be meant, the likeliest first: the one that is named, or those of a template, first what the
    /// order has already, then what is free by its end, then what others keep.
    async fn meant(&self, call: &Call<'_>, order: &Order<'_>) -> Result<Vec<Numbered>, Refusal> {
        let params = call.params;
        let (number, code) = (params.coupon_if_given()?, params.code_if_given()?);
        let template = params.template_if_given()?;
        let name = match (number, &code) {
            (Some(number), _) => CouponName::Number(number),
            (None, Some(code)) => CouponName::Code(code.clone()),
            (None, None) => {
                let template = template.ok_or(Refusal::bad("couponId"))?;
                return self.of_template(call, order, template).await;
            }
        };
        let found = self.desk.find_coupon(&name, &call.client.sight).await?;
        let found = found.filter(|coupon| {
            template.is_none_or(|template| template == coupon.template)
                && code.as_ref().is_none_or(|code| *code == coupon.held.holding.code)
        });
        Ok(found.into_iter().collect())
    }

    async fn of_template(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        template: TemplateNumber,
    ) -> Result<Vec<Numbered>, Refusal> {
        let (uid, sight) = (order.uid.to_string(), &call.client.sight);
        let (desk, page) = (&self.desk, (0, MOST_LOOKED_AT));
        // In this order: what the order itself takes meanwhile is seen in the one or in the other.
        let mut others = desk.list_coupons(&uid, sight, Which::Ready, page).await?;
        let mut coupons = self.of_order(call, order).await?;
        coupons.retain(|coupon| coupon.template == template);
        let is_its = |other: &Numbered| coupons.iter().any(|own| own.number == other.number);
        others.retain(|coupon| coupon.template == template && !is_its(coupon));
        coupons.sort_by_key(|coupon| {
            !matches!(coupon.held.status, CouponStatus::Used | CouponStatus::Locked)
        });
        others.sort_by_key(|coupon| {
            let is_kept = coupon.held.status == CouponStatus::Locked;
            (is_kept, coupon.held.holding.valid_until, coupon.number)
        });
        coupons.append(&mut others);
        Ok(coupons)
    }

    /// What the order keeps or has used, also what it has kept for longer than it was to. Whether a lock has passed is not
    /// for the clock of this server to say: the steps are judged by the database's.
    async fn of_order(&self, call: &Call<'_>, order: &Order<'_>) -> Result<Vec<Numbered>, Refusal> {
        let uid = order.uid.to_string();
        Ok(self.desk.list_of_order(&uid, &call.client.sight, order.code).await?)
    }

    /// Until when it is kept; nothing if the order has used it already.
    async fn keep(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        coupon: &Numbered,
        seconds: i64,
    ) -> Result<Option<String>, Refusal> {
        let wish = LockCoupon {
            coupon: order.named(coupon),
            order_no: order.code.to_owned(),
            expires_in_seconds: Some(seconds),
        };
        match lock_coupon(&self.desk.db, &*self.desk.clock, &call.cause(), wish).await {
            Ok(locked) => Ok(Some(local(locked.expires_at))),
            Err(LifeError::Refused(LifeRefusal::AlreadyRedeemed))
                if self.is_of_order(call, order, coupon).await? =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Uses one for good. What the order has let go of since it was looked at is free, and not to be used for it; what is
    /// still listed for it was kept for longer than it was to, and nobody else has taken it.
    async fn use_up(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        store: Option<&str>,
        coupon: &Numbered,
    ) -> Result<(), Refusal> {
        let redeem = async |only_if_kept| {
            let wish = order.redeem(call, store, coupon, only_if_kept);
            self.desk.redeemer.redeem(call.cause(), wish).await
        };
        let used = match redeem(true).await {
            Err(LifeError::Refused(LifeRefusal::NotKept))
                if self.is_of_order(call, order, coupon).await? =>
            {
                redeem(false).await?
            }
            used => used?,
        };
        match used {
            Redeemed::Before(earlier) if earlier.reversed_at.is_some() => {
                Err(Refusal::ClaimNotFound)
            }
            Redeemed::Now(_) | Redeemed::Before(_) => Ok(()),
        }
    }

    async fn is_of_order(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        coupon: &Numbered,
    ) -> Result<bool, Refusal> {
        let of_order = self.of_order(call, order).await?;
        Ok(of_order.iter().any(|other| other.number == coupon.number))
    }

    /// Whether there was anything to let go of.
    async fn let_go(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        coupon: &Numbered,
    ) -> Result<bool, Refusal> {
        let (db, clock, cause) = (&self.desk.db, &*self.desk.clock, call.cause());
        let (named, order_no) = (order.named(coupon), order.code.to_owned());
        if coupon.held.status == CouponStatus::Used {
            let wish = GiveBack { coupon: named, order_no, lines: None };
            Ok(give_back(db, clock, &cause, wish).await?.changed)
        } else {
            let wish = UnlockCoupon { coupon: named, order_no };
            Ok(unlock_coupon(db, clock, &cause, wish).await?.changed)
        }
    }
}

impl<'a> Order<'a> {
    fn of(call: &'a Call<'_>) -> Result<Self, Refusal> {
        Ok(Self { uid: call.params.uid()?, code: call.params.plain("orderCode")? })
    }

    fn redeem(
        &self,
        call: &Call<'_>,
        store: Option<&str>,
        coupon: &Numbered,
        only_if_kept: bool,
    ) -> Redeem {
        let text = format!("yoho {} {}", self.code, coupon.number);
        Redeem {
            coupon: self.named(coupon),
            order_no: self.code.to_owned(),
            store: store.map(ToOwned::to_owned),
            operator: None,
            cart: None,
            discount_fen: None,
            key: ActKey { owner: call.client.id.uuid(), text },
            only_if_kept,
        }
    }

    /// The coupon, if it is in the hands of whoever orders.
    fn named(&self, coupon: &Numbered) -> Named {
        let shown = Shown::Id(coupon.held.holding.id);
        Named { shown, whose: Whose::Member(self.uid.to_string()) }
    }
}
