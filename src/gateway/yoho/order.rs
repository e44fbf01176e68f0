//! Ours: what an order does with coupons. It keeps them when it is made, uses them when it is paid, and lets go of all it
//! kept or used when it comes to nothing. Each step can be repeated.

use serde::Serialize;

use super::{Call, Yoho, argument::Uid, envelope::Said, refusal::Refusal, wire::local};
use crate::{
    domain::{
        life::{ActKey, LifeRefusal, Shown, Whose},
        number::{CouponNumber, TemplateNumber},
        standing::{CouponStatus, Tab},
    },
    service::{
        desk::coupons::{CouponName, Numbered, Which},
        give_back::{GiveBack, give_back},
        life::{LifeError, Named},
        lock_coupon::{LockCoupon, UnlockCoupon, lock_coupon, unlock_coupon},
        redeem::Redeem,
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
        let mut refusal = Refusal::ClaimNotFound;
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
                // Another order was quicker; of the same template there may be more.
                Err(no @ (Refusal::ClaimLocked | Refusal::ClaimUsed)) => refusal = no,
                Err(no) => return Err(no),
            }
        }
        Err(refusal)
    }

    /// `app.promotion.confirmCouponUse`.
    pub(super) async fn confirm_coupon_use<'a>(
        &'a self,
        call: &Call<'_>,
    ) -> Result<Said<'a>, Refusal> {
        let (order, store) = (Order::of(call)?, call.params.plain_if_given("storeSn")?);
        let coupons = self.of_order(call, &order).await?;
        if coupons.is_empty() {
            return Err(Refusal::ClaimNotFound);
        }
        for coupon in coupons.iter().filter(|coupon| coupon.held.status != CouponStatus::Used) {
            let text = format!("yoho {} {}", order.code, coupon.number);
            let wish = Redeem {
                coupon: order.named(coupon),
                order_no: order.code.to_owned(),
                store: store.map(ToOwned::to_owned),
                operator: None,
                cart: None,
                discount_fen: None,
                only_if_kept: false,
                key: ActKey { owner: call.client.id.uuid(), text },
            };
            self.desk.redeemer.redeem(call.cause(), wish).await?;
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
            let coupons = self.of_order(call, &order).await?;
            if coupons.is_empty() {
                return Said::ok("操作成功", &true);
            }
            for coupon in &coupons {
                match self.let_go(call, &order, coupon).await {
                    // It changed since it was looked at, and is looked at anew.
                    Ok(())
                    | Err(Refusal::OrderConflict | Refusal::ClaimUsed | Refusal::ClaimLocked) => {}
                    Err(refusal) => return Err(refusal),
                }
            }
        }
        Err(Refusal::RateLimited)
    }

    /// The coupons that may be meant, the likeliest first: the one that is named, or those of a template, first what the
    /// order has already and then by their end.
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
        let mut free = desk.list_coupons(&uid, sight, Which::Tab(Tab::Usable), page).await?;
        let mut coupons = self.of_order(call, order).await?;
        coupons.retain(|coupon| coupon.template == template);
        if coupons.is_empty() {
            free.retain(|coupon| coupon.template == template);
            free.sort_by_key(|coupon| (coupon.held.holding.valid_until, coupon.number));
            coupons = free;
        }
        Ok(coupons)
    }

    /// What the order keeps or has used; a lock that has passed keeps nothing, also before it is cleared away.
    async fn of_order(&self, call: &Call<'_>, order: &Order<'_>) -> Result<Vec<Numbered>, Refusal> {
        let uid = order.uid.to_string();
        let mut coupons = self.desk.list_of_order(&uid, &call.client.sight, order.code).await?;
        coupons.retain(|coupon| {
            matches!(coupon.held.status, CouponStatus::Locked | CouponStatus::Used)
        });
        Ok(coupons)
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
                if self.has_used(call, order, coupon).await? =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn has_used(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        coupon: &Numbered,
    ) -> Result<bool, Refusal> {
        let of_order = self.of_order(call, order).await?;
        Ok(of_order.iter().any(|other| other.number == coupon.number))
    }

    async fn let_go(
        &self,
        call: &Call<'_>,
        order: &Order<'_>,
        coupon: &Numbered,
    ) -> Result<(), Refusal> {
        let (db, clock, cause) = (&self.desk.db, &*self.desk.clock, call.cause());
        let (named, order_no) = (order.named(coupon), order.code.to_owned());
        if coupon.held.status == CouponStatus::Used {
            give_back(db, clock, &cause, GiveBack { coupon: named, order_no, lines: None }).await?;
        } else {
            unlock_coupon(db, clock, &cause, UnlockCoupon { coupon: named, order_no }).await?;
        }
        Ok(())
    }
}

impl<'a> Order<'a> {
    fn of(call: &'a Call<'_>) -> Result<Self, Refusal> {
        Ok(Self { uid: call.params.uid()?, code: call.params.plain("orderCode")? })
    }

    /// The coupon, if it is in the hands of whoever orders.
    fn named(&self, coupon: &Numbered) -> Named {
        let shown = Shown::Id(coupon.held.holding.id);
        Named { shown, whose: Whose::Member(self.uid.to_string()) }
    }
}
