//! Cards that were given away under new codes: they go on as what their givers had.

use kaquan::{
    domain::{
        card::{CardEvent, Suspension},
        code::CouponCode,
        event::Cause,
        id::CouponId,
        life::Shown,
    },
    issuing::Given,
    service::{
        life::Named,
        lock_coupon::{LockCoupon, lock_coupon},
        void_coupon::{void_coupon, void_unused},
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    cards::{CardScene, Deck, at},
    engine::Said as _,
    till::{nobody, wish},
};

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

fn cause() -> Cause {
    nobody()
}

fn code(story: usize, step: usize) -> String {
    format!("{story:04}{step}0000000")
}

fn chain(deck: &Deck, story: usize) -> [CardEvent; 3] {
    [
        deck.took(0, "anna", &code(story, 0)),
        deck.was_given(5, "bert", &code(story, 1), &code(story, 0)),
        deck.was_given(9, "carl", &code(story, 2), &code(story, 1)),
    ]
}

async fn void(scene: &CardScene, code: &str) {
    let id: Uuid = sqlx::query_scalar("select coupon_id from coupon where code = $1")
        .bind(code)
        .fetch_one(scene.pool())
        .await
        .unwrap();
    let coupon = CouponId::from(id);
    void_coupon(scene.pool(), &*scene.engine.clock, &cause(), coupon, "refund").await.unwrap();
}

#[tokio::test]
async fn whoever_accepts_what_was_voided_meanwhile_has_nothing() {
    let scene = CardScene::new().await;
    let deck = scene.deck(1).await;
    sqlx::query("update placement set tells_voids = true").execute(scene.pool()).await.unwrap();
    let chain = chain(&deck, 0);
    scene.told(&deck, &[chain[0].clone(), deck.gives(3, "anna", &code(0, 0))]).await;
    scene.drain().await;

    void(&scene, &code(0, 0)).await;
    scene.told(&deck, &chain[1..2]).await;
    scene.drain().await;

    assert_eq!(scene.number("select count(*) from coupon where state = 'void'").await, 2);
    let reasons =
        "select count(*) from event where kind = 'coupon.voided' and data ->> 'reason' = 'refund'";
    assert_eq!(scene.number(reasons).await, 2);
    assert_eq!(scene.number("select count(*) from delivery where kind = 'void'").await, 2);
    scene.recount().await;
}

#[tokio::test]
async fn whoever_is_given_what_its_giver_has_used_has_nothing() {
    for order in [[0, 1], [1, 0]] {
        let scene = CardScene::new().await;
        let deck = scene.deck(1).await;
        sqlx::query("update placement set tells_voids = true").execute(scene.pool()).await.unwrap();
        let chain = chain(&deck, 0);
        scene.told(&deck, &chain[..1]).await;
        scene.drain().await;
        // WeChat has not heard of the use when it lets her give the card away.
        scene.redeemer().redeem(nobody(), wish(&json!(code(0, 0)), "o-1")).await.unwrap();
        for place in order {
            scene.told(&deck, &chain[1 + place..=1 + place]).await;
            scene.drain().await;
        }

        assert_eq!(scene.number("select count(*) from coupon where state = 'redeemed'").await, 1);
        assert_eq!(scene.number("select count(*) from coupon where state = 'void'").await, 2);
        // Whoever has it now is told; what was passed on is nobody's there.
        let told = "select count(*) from delivery join coupon on coupon_id = subject_id
                    where kind = 'void' and code = '000020000000'";
        assert_eq!(scene.number(told).await, 1, "{order:?}");
        scene.recount().await;
    }
}

#[tokio::test]
async fn whenever_one_is_voided_and_heard_of_nobody_after_it_has_anything() {
    let scene = CardScene::new().await;
    let mut story = 0;
    for order in ORDERS {
        for moment in 0..3 {
            story += 1;
            let deck = scene.deck(1).await;
            let chain = chain(&deck, story);
            let mut is_void = false;
            for (step, place) in order.into_iter().enumerate() {
                scene.told(&deck, &chain[place..=place]).await;
                scene.drain().await;
                let is_there = order[..=step].contains(&0);
                if is_there && !is_void && step >= moment {
                    void(&scene, &code(story, 0)).await;
                    is_void = true;
                }
            }
            let state = scene.state(&deck).await;
            let voided = state.iter().filter(|line| line.contains(" void")).count();
            assert_eq!(voided, 3, "{order:?} {moment} {state:#?}");
        }
    }
    scene.recount().await;
}

#[tokio::test]
async fn a_gift_is_valid_as_long_as_what_it_was_in_any_order() {
    let scene = CardScene::new().await;
    for (story, order) in ORDERS.into_iter().enumerate() {
        let deck = scene.deck(1).await;
        let chain = chain(&deck, story);
        for place in order {
            scene.told(&deck, &chain[place..=place]).await;
            scene.drain().await;
        }
    }

    let spans = "select count(distinct (valid_from, valid_until, terms_version)) from coupon";
    assert_eq!(scene.number("select count(*) from coupon").await, 18);
    assert_eq!(scene.number(spans).await, 1);
    scene.recount().await;
}

#[tokio::test]
async fn all_unused_of_a_template_are_voided_with_what_became_of_them() {
    let scene = CardScene::new().await;
    let deck = scene.deck(1).await;
    scene.told(&deck, &chain(&deck, 0)).await;
    scene.drain().await;

    let template = deck.campaign.template;
    let done = void_unused(scene.pool(), &*scene.engine.clock, &cause(), template, "over").await;

    assert_eq!(
        (
            done.unwrap().voided,
            scene.number("select count(*) from coupon where state = 'void'").await
        ),
        (3, 3)
    );
    scene.recount().await;
}

#[tokio::test]
async fn whoever_is_given_a_card_is_not_held_by_its_givers_order() {
    let scene = CardScene::new().await;
    let deck = scene.deck(1).await;
    scene.told(&deck, &[deck.took(0, "anna", &code(0, 0))]).await;
    scene.drain().await;
    let shown = CouponCode::parse(&code(0, 0)).unwrap();
    let wish = LockCoupon {
        coupon: Named::anybodys(Shown::Code(shown)),
        order_no: "o-1".into(),
        expires_in_seconds: None,
    };
    lock_coupon(scene.pool(), &*scene.engine.clock, &nobody(), wish).await.unwrap();

    scene.told(&deck, &[deck.was_given(9, "bert", &code(0, 0), &code(0, 0))]).await;
    scene.drain().await;

    assert_eq!(scene.text("select state from coupon").await.unwrap(), "issued");
    assert_eq!(scene.number("select count(*) from coupon_lock").await, 0);
    let unlocked = "select data ->> 'order_no' from event where kind = 'coupon.unlocked'";
    assert_eq!(scene.text(unlocked).await.unwrap(), "o-1");
    scene.recount().await;
}

#[tokio::test]
async fn what_must_not_be_used_is_never_usable() {
    let scene = CardScene::new().await;
    let deck = scene.deck(2).await;
    for (record, suspension, used) in [
        ("r-1", Some((Suspension::Deleted, at(3))), None),
        ("r-2", None, Some((at(4), "console".to_owned()))),
    ] {
        let mut request = deck.campaign.request(record, "anna");
        let code = CouponCode::parse(&format!("10000000{record}")).unwrap();
        request.given = Some(Given { code, at: at(0), inherited: None, suspension, used });
        scene.engine.issuer.issue(request).await.coupon();
    }

    assert_eq!(scene.text("select reason from coupon_suspension").await.unwrap(), "deleted");
    let redeemed = "select count(*) from coupon where state = 'redeemed'";
    assert_eq!(scene.number(redeemed).await, 1);
    for kind in ["coupon.suspended", "coupon.redeemed"] {
        let told = format!("select count(*) from event where kind = '{kind}'");
        assert_eq!(scene.number(&told).await, 1);
    }
}

#[tokio::test]
async fn a_round_that_finds_only_what_another_server_has_did_nothing() {
    let scene = CardScene::new().await;
    let deck = scene.deck(1).await;
    scene.told(&deck, &[deck.took(0, "anna", &code(0, 0))]).await;
    let mut other = kaquan::store::begin(scene.pool()).await.unwrap();
    sqlx::query("select from card_push for no key update").execute(&mut *other).await.unwrap();

    assert_eq!(scene.applier.apply_due().await.unwrap(), 0);

    other.rollback().await.unwrap();
    scene.drain().await;
    assert_eq!(scene.pushes("applied").await, 1);
}
