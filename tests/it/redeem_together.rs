//! Uses of one moment go together, and none of them fails or waits for what another one asks.

use std::time::Duration;

use futures_util::future::join_all;
use kaquan::{
    clock::Clock,
    domain::life::LifeRefusal,
    ops::audit::AuditScope,
    service::{
        life::LifeError,
        redeem::{Redeem, Redeemed, Redeemer},
    },
};
use serde_json::{Value, json};
use sqlx::Connection;

use crate::support::{
    admin::Admin,
    recount::recount,
    till::{nobody, server, wish},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// So many people with a coupon each.
async fn coupons(admin: &Admin, count: usize) -> Vec<Value> {
    let placement = admin.given_claimable("baidu", json!({}), 1000).await;
    let mut coupons = Vec::new();
    for n in 0..count {
        coupons.push(admin.claim(&placement, &format!("claim-{n}"), &format!("open-{n}")).await);
    }
    coupons.into_iter().map(|claimed| claimed.created()).collect()
}

/// All at once.
async fn redeem_all(
    server: &Redeemer,
    wishes: impl IntoIterator<Item = Redeem>,
) -> Vec<Result<Redeemed, LifeError>> {
    let all = join_all(wishes.into_iter().map(|wish| server.redeem(nobody(), wish)));
    tokio::time::timeout(PATIENCE, all).await.expect("they wait for somebody")
}

async fn is_sound(admin: &Admin) {
    recount(admin.db(), admin.clock.now(), AuditScope::DataOnly).await;
}

#[tokio::test]
async fn each_of_many_at_once_is_used_for_its_own_order_and_told() {
    let admin = Admin::new().await;
    let coupons = coupons(&admin, 100).await;
    let server = server(&admin).await;

    let wishes = coupons.iter().enumerate().map(|(n, one)| wish(&one["code"], &format!("o-{n}")));
    let answers = redeem_all(&server, wishes).await;

    for (n, (answer, coupon)) in answers.into_iter().zip(&coupons).enumerate() {
        let Ok(Redeemed::Now(used)) = answer else { panic!("{n}: {answer:?}") };
        assert_eq!(used.order_no, format!("o-{n}"));
        assert_eq!(json!(used.coupon), coupon["id"]);
        let owed = admin.owed(coupon).await;
        assert!(owed[1].starts_with("write_off waiting"), "{owed:?}");
    }
    let told: i64 = sqlx::query_scalar("select count(*) from event where kind = 'coupon.redeemed'")
        .fetch_one(admin.db())
        .await
        .unwrap();
    assert_eq!(told, 100);
    is_sound(&admin).await;
}

#[tokio::test]
async fn among_many_each_hears_what_is_true_of_its_own_wish() {
    let admin = Admin::new().await;
    let coupons = coupons(&admin, 24).await;
    let server = server(&admin).await;
    let code = |n: usize| &coupons[n]["code"];
    admin.redeem(code(0), "earlier").await.created();
    let under_one_key = wish(code(1), "key");
    let mut on_another_coupon = wish(code(2), "key");
    on_another_coupon.key = under_one_key.key.clone();
    let odd = vec![
        wish(code(0), "other"),
        wish(code(0), "earlier"),
        wish(&json!("NOBODY-HAS-THIS"), "order"),
        under_one_key,
        on_another_coupon,
        wish(code(3), "first"),
        wish(code(3), "second"),
    ];

    let plain = (4..24).map(|n| wish(code(n), &format!("o-{n}")));
    let answers = redeem_all(&server, odd.into_iter().chain(plain)).await;

    let [other, earlier, nobodys, keyed, key_taken, first, second, plain @ ..] = &answers[..]
    else {
        panic!("too few")
    };
    let refused =
        |one: &Result<_, _>| matches!(one, Err(LifeError::Refused(LifeRefusal::AlreadyRedeemed)));
    assert!(refused(other), "{other:?}");
    assert!(matches!(earlier, Ok(Redeemed::Before(_))), "{earlier:?}");
    assert!(matches!(nobodys, Err(LifeError::NoSuchCoupon)), "{nobodys:?}");
    assert!(matches!(keyed, Ok(Redeemed::Now(_))), "{keyed:?}");
    assert!(matches!(key_taken, Err(LifeError::KeyTaken)), "{key_taken:?}");
    assert!(matches!(first, Ok(Redeemed::Now(_))), "{first:?}");
    assert!(refused(second), "{second:?}");
    assert!(plain.iter().all(|one| matches!(one, Ok(Redeemed::Now(_)))), "{plain:?}");
    is_sound(&admin).await;
}

#[tokio::test]
async fn one_that_makes_the_statement_fail_fails_alone() {
    let admin = Admin::new().await;
    let coupons = coupons(&admin, 20).await;
    let server = server(&admin).await;
    sqlx::query("alter table redemption add constraint no_poison check (order_no <> 'poison')")
        .execute(admin.db())
        .await
        .unwrap();

    let wishes = coupons.iter().enumerate().map(|(n, one)| {
        let order = if n == 7 { "poison".to_owned() } else { format!("o-{n}") };
        wish(&one["code"], &order)
    });
    let answers = redeem_all(&server, wishes).await;

    for (n, answer) in answers.iter().enumerate() {
        match answer {
            Ok(Redeemed::Now(_)) => assert_ne!(n, 7),
            Err(LifeError::Db(_)) => assert_eq!(n, 7),
            other => panic!("{n}: {other:?}"),
        }
    }
    is_sound(&admin).await;
}

#[tokio::test]
async fn a_coupon_that_somebody_holds_keeps_only_its_own_user_waiting() {
    let admin = Admin::new().await;
    let coupons = coupons(&admin, 20).await;
    let server = server(&admin).await;
    let held = &coupons[0];
    let mut conn = admin.db().acquire().await.unwrap();
    let mut holder = conn.begin().await.unwrap();
    sqlx::query("select from coupon where code = $1 for update")
        .bind(held["code"].as_str().unwrap())
        .execute(&mut *holder)
        .await
        .unwrap();

    let waiting = {
        let (server, wish) = (server.clone(), wish(&held["code"], "o-0"));
        tokio::spawn(async move { server.redeem(nobody(), wish).await })
    };
    let rest =
        coupons[1..].iter().enumerate().map(|(n, one)| wish(&one["code"], &format!("r-{n}")));
    let rest = redeem_all(&server, rest).await;
    assert!(rest.iter().all(|one| matches!(one, Ok(Redeemed::Now(_)))), "{rest:?}");
    assert!(!waiting.is_finished());
    holder.rollback().await.unwrap();

    let waited = waiting.await.unwrap();
    assert!(matches!(waited, Ok(Redeemed::Now(_))), "{waited:?}");
    is_sound(&admin).await;
}
