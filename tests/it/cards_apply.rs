//! What is told of cards, one thing at a time.

use kaquan::{
    domain::{card::Till, id::CouponId, life::Shown},
    service::{
        life::{LifeError, Named},
        lock_coupon::{LockCoupon, lock_coupon},
        redeem::Redeem,
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    cards::{CardScene, Deck, at, their_till},
    engine::Said as _,
    till::{nobody, wish},
};

async fn coupon(scene: &CardScene, code: &str) -> CouponId {
    let id: Uuid = sqlx::query_scalar("select coupon_id from coupon where code = $1")
        .bind(code)
        .fetch_one(scene.pool())
        .await
        .unwrap();
    id.into()
}

async fn taken(stock: i64) -> (CardScene, Deck, CouponId) {
    let scene = CardScene::new().await;
    let deck = scene.deck(stock).await;
    scene.told(&deck, &[deck.took(0, "anna", "100000000001")]).await;
    scene.drain().await;
    let coupon = coupon(&scene, "100000000001").await;
    (scene, deck, coupon)
}

async fn told(scene: &CardScene, kind: &str) -> i64 {
    scene.number(&format!("select count(*) from event where kind = '{kind}'")).await
}

fn use_for(order_no: &str) -> Redeem {
    wish(&json!("100000000001"), order_no)
}

#[tokio::test]
async fn a_card_is_valid_from_when_it_was_taken_and_was_issued_when_we_heard_of_it() {
    let (scene, ..) = taken(1).await;

    let row: (chrono::DateTime<chrono::Utc>, bool, String) =
        sqlx::query_as("select valid_from, issued_at > valid_from, way from coupon")
            .fetch_one(scene.pool())
            .await
            .unwrap();

    assert_eq!(row, (at(0), true, "take".into()));
    scene.recount().await;
}

#[tokio::test]
async fn more_than_the_stock_allows_is_written_down_and_the_stock_grows() {
    let scene = CardScene::new().await;
    let deck = scene.deck(2).await;
    let events: Vec<_> =
        (0..5).map(|n| deck.took(n, &format!("open-{n}"), &format!("10000000000{n}"))).collect();

    scene.told(&deck, &events).await;
    scene.drain().await;

    let beyond = "select sum(amount)::bigint from stock_addition where name like 'beyond/%' and added_by = 'kaquan'";
    assert_eq!(scene.number(beyond).await, 3);
    assert_eq!(scene.number("select total from stock where way = 'take'").await, 5);
    assert_eq!(scene.number("select issued from stock where way = 'take'").await, 5);
    scene.recount().await;
}

#[tokio::test]
async fn a_gift_uses_up_no_stock_and_counts_as_no_claim() {
    let (scene, deck, _) = taken(1).await;

    scene.told(&deck, &[deck.was_given(9, "bert", "100000000002", "100000000001")]).await;
    scene.drain().await;

    assert_eq!(scene.number("select issued from stock where way = 'take'").await, 1);
    assert_eq!(scene.number("select total from stock where way = 'gift'").await, 1);
    let claimed = "select sum(count)::bigint from tally where measure = 'claimed'";
    assert_eq!(scene.number(claimed).await, 1);
    assert_eq!(scene.text("select reason from coupon_suspension").await.unwrap(), "given_away");
    scene.recount().await;
}

#[tokio::test]
async fn a_chain_of_gifts_comes_to_the_same_in_any_order() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let scene = CardScene::new().await;
    let mut states = Vec::new();
    for (number, order) in orders.into_iter().enumerate() {
        let deck = scene.deck(1).await;
        let code = |step: usize| format!("{number}00{step}00000000");
        let chain = [
            deck.took(0, "anna", &code(0)),
            deck.was_given(5, "bert", &code(1), &code(0)),
            deck.was_given(9, "carl", &code(2), &code(1)),
        ];
        for place in order {
            scene.told(&deck, &chain[place..=place]).await;
            scene.drain().await;
        }
        assert_eq!(scene.pushes("pending").await, 0);
        states.push(scene.state(&deck).await);
    }
    assert!(states.iter().all(|state| *state == states[0]), "{states:#?}");
    let given_away =
        states[0].iter().filter(|line| line.starts_with("coupon") && line.contains("given_away"));
    assert_eq!(given_away.count(), 2);
    scene.recount().await;
}

#[tokio::test]
async fn what_is_none_of_ours_is_laid_aside_until_it_is() {
    let scene = CardScene::new().await;
    let deck = scene.deck(3).await;
    deck.name(scene.pool(), None).await;
    let events = [deck.took(0, "anna", "100000000001"), deck.gives(3, "anna", "100000000001")];

    scene.told(&deck, &events).await;
    scene.drain().await;
    let aside = scene.pushes("foreign").await;
    let mut tx = kaquan::store::begin(scene.pool()).await.unwrap();
    let placement = kaquan::store::placement::lock(&mut tx, deck.campaign.placement).await;
    let mut placement = placement.unwrap().unwrap();
    placement.platform_ref = Some(deck.card_ref.clone());
    kaquan::store::placement::update(&mut tx, &placement).await.unwrap();
    tx.commit().await.unwrap();
    scene.drain().await;

    assert_eq!((aside, scene.pushes("foreign").await, scene.pushes("applied").await), (2, 0, 2));
    assert_eq!(scene.text("select reason from coupon_suspension").await.unwrap(), "gifting");
    scene.recount().await;
}

#[tokio::test]
async fn a_code_that_another_coupon_shows_fails_alone_with_a_note() {
    let (scene, deck, _) = taken(9).await;
    let other = scene.deck(9).await;

    scene.told(&other, &[other.took(0, "bert", "100000000001")]).await;
    scene.told(&deck, &[deck.took(0, "carl", "100000000003")]).await;
    while scene.applier.apply_due().await.unwrap() > 0 {}

    assert_eq!(scene.pushes("applied").await, 2);
    let note =
        scene.text("select note from card_push where state = 'pending' and attempts = 1").await;
    assert_eq!(note.unwrap(), "another coupon shows its code");
    for _ in 0..30 {
        scene.engine.clock.advance(chrono::TimeDelta::hours(2));
        scene.applier.apply_due().await.unwrap();
    }
    assert_eq!(scene.pushes("failed").await, 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_left_to_people() {
    let (scene, deck, _) = taken(1).await;
    scene
        .told(&deck, &[deck.took(1, "bert", "no code!"), deck.took(2, "carl", "100000000002")])
        .await;
    sqlx::query("update card_push set event = '{}' where open_id = 'carl'")
        .execute(scene.pool())
        .await
        .unwrap();

    scene.drain().await;

    assert_eq!((scene.pushes("failed").await, scene.pushes("applied").await), (2, 1));
    scene.recount().await;
}

#[tokio::test]
async fn a_use_at_another_till_is_a_use_and_nothing_is_owed_for_it() {
    let (scene, deck, coupon) = taken(1).await;
    let named = Named::anybodys(Shown::Id(coupon));
    let lock = LockCoupon { coupon: named, order_no: "o-1".into(), expires_in_seconds: None };
    lock_coupon(scene.pool(), &*scene.engine.clock, &nobody(), lock).await.unwrap();

    scene.told(&deck, &[deck.used(60, "anna", "100000000001", their_till())]).await;
    scene.drain().await;

    let order =
        scene.text("select order_no from redemption where operator = 'console'").await.unwrap();
    assert_eq!(order, format!("card/{}", coupon.uuid()));
    assert_eq!(scene.number("select count(*) from coupon_lock").await, 0);
    assert_eq!(scene.number("select count(*) from delivery").await, 0);
    let elsewhere = "select data ->> 'elsewhere' from event where kind = 'coupon.redeemed'";
    assert_eq!(scene.text(elsewhere).await.unwrap(), "true");
    scene.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_uses_at_once_one_stands_and_people_hear_of_the_other() {
    for round in 0..8 {
        let (scene, deck, coupon) = taken(1).await;
        let redeemer = scene.redeemer();
        scene.told(&deck, &[deck.used(60, "anna", "100000000001", their_till())]).await;

        let (ours, theirs) =
            tokio::join!(redeemer.redeem(nobody(), use_for("o-1")), scene.applier.apply_due());
        theirs.unwrap();
        scene.drain().await;

        let uses = scene.number("select count(*) from redemption").await;
        assert_eq!(uses, 1, "round {round}");
        match ours {
            Ok(_) => assert_eq!(told(&scene, "coupon.conflict").await, 1, "round {round}"),
            Err(LifeError::Refused(_)) => assert_eq!(told(&scene, "coupon.conflict").await, 0),
            Err(error) => panic!("{error}"),
        }
        let order = scene.text("select order_no from redemption").await.unwrap();
        assert_eq!(
            order == format!("card/{}", coupon.uuid()),
            told(&scene, "coupon.conflict").await == 0
        );
        scene.recount().await;
    }
}

#[tokio::test]
async fn what_we_did_ourselves_is_no_news_and_what_nobody_did_is_a_conflict_said_once() {
    let (scene, deck, _) = taken(1).await;
    scene.told(&deck, &[deck.took(0, "bert", "100000000002")]).await;
    scene.drain().await;
    scene.redeemer().redeem(nobody(), use_for("o-1")).await.unwrap();

    for code in ["100000000001", "100000000002", "100000000002"] {
        scene.told(&deck, &[deck.used(60, "anna", code, Till::Ours)]).await;
        scene.drain().await;
    }

    let reasons =
        "select string_agg(data ->> 'reason', ',') from event where kind = 'coupon.conflict'";
    assert_eq!(scene.text(reasons).await.unwrap(), "used_without_us");
    // Whoever made the call, the coupon is used; nothing is owed for that.
    let tills = "select string_agg(operator, ',') from redemption where order_no like 'card/%'";
    assert_eq!(scene.text(tills).await.unwrap(), "api");
    assert_eq!(scene.number("select count(*) from coupon where state = 'redeemed'").await, 2);
    assert_eq!(scene.pushes("applied").await, 5);
    scene.recount().await;
}

#[tokio::test]
async fn a_use_of_which_nobody_says_where_is_ours_if_there_is_one() {
    let (scene, deck, _) = taken(1).await;
    scene.told(&deck, &[deck.took(0, "bert", "100000000002")]).await;
    scene.drain().await;
    scene.redeemer().redeem(nobody(), use_for("o-1")).await.unwrap();

    for code in ["100000000001", "100000000002"] {
        scene.told(&deck, &[deck.used(60, "anna", code, Till::Unknown)]).await;
        scene.drain().await;
    }

    assert_eq!(told(&scene, "coupon.conflict").await, 0);
    let tills = "select string_agg(operator, ',') from redemption where order_no like 'card/%'";
    assert_eq!(scene.text(tills).await.unwrap(), "unknown");
    scene.recount().await;
}

#[tokio::test]
async fn a_coupon_is_kept_from_use_while_it_is_given_and_handed_over_for_good() {
    let (scene, deck, coupon) = taken(1).await;
    let whose = "select open_id from holder join coupon using (holder_id)";

    scene.told(&deck, &[deck.gives(5, "anna", "100000000001")]).await;
    scene.drain().await;
    let kept = scene.text("select reason from coupon_suspension").await;
    scene.told(&deck, &[deck.was_given(9, "bert", "100000000001", "100000000001")]).await;
    scene.drain().await;

    assert_eq!(kept.unwrap(), "gifting");
    assert_eq!(scene.number("select count(*) from coupon_suspension").await, 0);
    assert_eq!(scene.text(whose).await.unwrap(), "bert");
    for kind in ["coupon.suspended", "coupon.resumed", "coupon.handed_over"] {
        assert_eq!(told(&scene, kind).await, 1, "{kind} of {coupon}");
    }
    let first = "select open_id from holder join coupon on person_id = holder.holder_id";
    assert_eq!(scene.text(first).await.unwrap(), "anna");
    scene.recount().await;
}

#[tokio::test]
async fn only_the_latest_word_of_the_reviewers_counts_and_a_pass_lets_stock_through() {
    let scene = CardScene::new().await;
    let deck = scene.deck(1).await;
    let review = "select concat_ws(' ', review, review_note) from placement";

    scene.told(&deck, &[deck.reviewed(9, Some("the logo is not yours"))]).await;
    scene.drain().await;
    scene.told(&deck, &[deck.reviewed(5, None), deck.reviewed(9, None)]).await;
    scene.drain().await;
    let refused = scene.text(review).await.unwrap();
    assert_eq!(told(&scene, "placement.review_failed").await, 1);
    scene.told(&deck, &[deck.reviewed(20, None)]).await;
    sqlx::query(
        "insert into delivery (delivery_id, app_id, kind, subject_id, placement_id, identity, state, due_at, created_at)
         select gen_random_uuid(), app_id, 'add_stock', gen_random_uuid(), placement_id, 'more', 'pending', '2027-01-01', '2026-11-11'
         from placement",
    )
    .execute(scene.pool())
    .await
    .unwrap();
    scene.drain().await;

    assert_eq!(refused, "failed the logo is not yours");
    assert_eq!(scene.text(review).await.unwrap(), "passed");
    assert_eq!(scene.number("select count(*) from delivery where due_at < '2026-11-12'").await, 1);
}

#[tokio::test]
async fn that_little_is_left_is_told_once_for_each_push() {
    let scene = CardScene::new().await;
    let deck = scene.deck(10).await;

    scene.told(&deck, &[deck.runs_low(5)]).await;
    scene.drain().await;
    scene.drain().await;

    assert_eq!(told(&scene, "stock.low").await, 1);
}

#[tokio::test]
async fn a_record_that_is_known_is_answered_as_always() {
    let scene = CardScene::new().await;
    let deck = scene.deck(1).await;
    let mut request = deck.campaign.request("r-1", "anna");
    request.given = Some(kaquan::issuing::Given {
        code: kaquan::domain::code::CouponCode::parse("100000000001").unwrap(),
        at: at(0),
        inherited: None,
        suspension: None,
        used: None,
    });

    let first = scene.engine.issuer.issue(request.clone()).await.coupon();
    let again = scene.engine.issuer.issue(request).await.coupon();

    assert_eq!(first, again);
    assert_eq!(first.code.as_str(), "100000000001");
}
