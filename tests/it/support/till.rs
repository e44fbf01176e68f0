//! Tills at a server of their own, without HTTP.

use kaquan::{
    domain::{
        access::Actor,
        code::CouponCode,
        event::Cause,
        life::{ActKey, Shown},
    },
    service::{
        known_terms::KnownTerms,
        life::Named,
        redeem::{Redeem, Redeemer},
    },
};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;

use super::admin::Admin;

/// Another server on the same database.
pub async fn server(admin: &Admin) -> Redeemer {
    let pool = PgPoolOptions::new().max_connections(8);
    let db = pool.connect_with(admin.database.options.clone()).await.unwrap();
    Redeemer::start(db, admin.clock.clone(), KnownTerms::default())
}

/// The use of a coupon for an order, under a key of its own.
pub fn wish(code: &Value, order_no: &str) -> Redeem {
    Redeem {
        coupon: Named::anybodys(Shown::Code(CouponCode::parse(code.as_str().unwrap()).unwrap())),
        order_no: order_no.to_owned(),
        store: None,
        operator: None,
        cart: None,
        discount_fen: None,
        only_if_kept: false,
        key: ActKey { owner: uuid::Uuid::new_v4(), text: "till".into() },
    }
}

/// Nobody in particular.
pub fn nobody() -> Cause {
    Cause { actor: Actor::Kaquan, request: None }
}
