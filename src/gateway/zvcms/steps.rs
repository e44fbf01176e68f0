//! `coupon.lock`, `coupon.unlock`, `coupon.verify` and `coupon.cancel-verify`: the steps of a coupon's life, each once.

use super::{
    Data, Zvcms,
    door::Call,
    failure::Failure,
    once::Done,
    params::Naming,
    refusal::{of_database, of_linking, of_step},
    wallet::{item, told},
};
use crate::{
    domain::{
        benefit::Threshold,
        id::CouponId,
        life::{ActKey, Shown, Whose},
        standing::CouponStatus,
    },
    service::{
        desk::coupons::Numbered,
        give_back::{GiveBack, give_back},
        life::Named,
        lock_coupon::{LockCoupon, UnlockCoupon, lock_coupon, unlock_coupon},
        redeem::Redeem,
        save_member,
    },
};

impl Zvcms {
    pub(super) async fn lock(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (uid, naming) = (reader.user_id()?, Naming::Number(reader.number("id")?));
        let (order, seconds) = (reader.order()?, reader.lock_seconds()?);
        self.once(call, reader.request_no()?, async {
            self.check_member(uid).await?;
            let found = self.named(call, &naming).await?;
            let shown = Shown::Id(found.held.holding.id);
            let wish = LockCoupon {
                coupon: Named { shown, whose: Whose::Member(uid.to_owned()) },
                order_no: order.to_owned(),
                expires_in_seconds: seconds,
            };
            let locked = lock_coupon(&self.desk.db, &*self.desk.clock, &call.cause(), wish).await;
            locked.map_err(|error| of_step(&error))?;
            self.after(call, &found).await
        })
        .await
    }

    pub(super) async fn unlock(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (naming, order) = (Naming::Number(reader.number("id")?), reader.order()?);
        self.once(call, reader.request_no()?, async {
            let found = self.named(call, &naming).await?;
            let coupon = anybodys(found.held.holding.id);
            let wish = UnlockCoupon { coupon, order_no: order.to_owned() };
            let free = unlock_coupon(&self.desk.db, &*self.desk.clock, &call.cause(), wish).await;
            free.map_err(|error| of_step(&error))?;
            self.after(call, &found).await
        })
        .await
    }

    pub(super) async fn verify(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (naming, order) = (reader.naming()?, reader.order()?);
        let (store, amount_fen) = (reader.store()?, reader.fen("amount")?);
        let name = reader.request_no()?;
        if store.is_some_and(|store| !call.knows_store(store)) {
            return Err(Failure::param("multi_store_sn"));
        }
        self.once(call, name, async {
            let found = self.named(call, &naming).await?;
            check_amount(&found, amount_fen)?;
            let redeem = Redeem {
                coupon: anybodys(found.held.holding.id),
                order_no: order.to_owned(),
                store: store.map(str::to_owned),
                operator: None,
                cart: None,
                discount_fen: None,
                only_if_kept: false,
                key: ActKey { owner: call.grant.id.uuid(), text: name.to_owned() },
            };
            let used = self.desk.redeemer.redeem(call.cause(), redeem).await;
            used.map_err(|error| of_step(&error))?;
            self.after(call, &found).await
        })
        .await
    }

    pub(super) async fn cancel_verify(&self, call: &Call) -> Result<Data, Failure> {
        let reader = call.reader()?;
        let (naming, order) = (Naming::Number(reader.number("id")?), reader.order()?);
        self.once(call, reader.request_no()?, async {
            let found = self.named(call, &naming).await?;
            let coupon = anybodys(found.held.holding.id);
            let wish = GiveBack { coupon, order_no: order.to_owned(), lines: None };
            let given = give_back(&self.desk.db, &*self.desk.clock, &call.cause(), wish).await;
            given.map_err(|error| of_step(&error))?;
            self.after(call, &found).await
        })
        .await
    }

    async fn check_member(&self, uid: &str) -> Result<(), Failure> {
        let mut conn = self.desk.db.acquire().await.map_err(|error| of_database(&error))?;
        let found = save_member::find(&mut conn, uid).await;
        found.map(drop).map_err(|error| of_linking(&error))
    }

    /// The coupon as it is after its step.
    async fn after(&self, call: &Call, before: &Numbered) -> Result<Done, Failure> {
        let code = before.held.holding.code.clone();
        let coupon = self.named(call, &Naming::Code(code)).await?;
        told(&item(call.eyes(), &coupon)).map(Done::Stays)
    }
}

fn anybodys(coupon: CouponId) -> Named {
    Named::anybodys(Shown::Id(coupon))
}

/// Without its lines nobody knows which goods of an order count, but all of them together must be enough. One that is used
/// already is judged by its order alone.
fn check_amount(coupon: &Numbered, amount_fen: Option<i64>) -> Result<(), Failure> {
    match (&coupon.held.terms.threshold, amount_fen) {
        (Threshold::Amount { fen }, Some(amount_fen))
            if amount_fen < *fen && coupon.held.status != CouponStatus::Used =>
        {
            Err(Failure::NotMet)
        }
        (Threshold::None | Threshold::Amount { .. } | Threshold::Pieces { .. }, _) => Ok(()),
    }
}
