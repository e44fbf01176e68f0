//! One limit for a person, wherever their coupons come from.

use chrono::TimeDelta;
use kaquan::{
    domain::{
        claim::{FinalRefusal, PassingRefusal},
        id::{MemberId, TemplateId},
    },
    issuing::Answer,
    service::lapse_card_claims::{free_card_codes, lapse_card_claims},
};
use uuid::Uuid;

use crate::support::{
    cards::{CardScene, Deck, plant_account},
    engine::Said as _,
    plant::{Campaign, noon, plant_app, plant_codes, plant_member, plant_template, terms},
};

/// A template on two platforms, and a member with an account on each.
struct Two {
    scene: CardScene,
    baidu: Campaign,
    deck: Deck,
    member: MemberId,
}

async fn two(limit: u32) -> Two {
    let scene = CardScene::new().await;
    let mut terms = terms();
    terms.per_person_limit = limit;
    let template: TemplateId = plant_template(scene.pool(), &terms).await;
    let (app, account) = (plant_app(scene.pool()).await, plant_account(scene.pool()).await);
    let baidu = Campaign::place(scene.pool(), app, template, 9).await;
    let deck = scene.deck_of(account, template, 9).await;
    let member = plant_member(scene.pool(), &[], &[(app, "b-anna"), (account, "w-anna")]).await;
    Two { scene, baidu, deck, member }
}

impl Two {
    async fn signed(&self, reference: &str, minutes: i64) {
        sqlx::query(
            "insert into card_claim (
                 claim_id, reference, app_id, placement_id, template_id, visitor_id, person_id, signed_at, expires_at
             ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(Uuid::now_v7())
        .bind(reference)
        .bind(self.deck.campaign.app.uuid())
        .bind(self.deck.campaign.placement.uuid())
        .bind(self.deck.campaign.template.uuid())
        .bind(Uuid::now_v7())
        .bind(self.member.uuid())
        .bind(noon())
        .bind(noon() + TimeDelta::minutes(minutes))
        .execute(self.scene.pool())
        .await
        .unwrap();
    }

    async fn claims(&self, record: &str) -> Result<Answer, kaquan::issuing::NoAnswer> {
        self.scene.engine.issuer.issue(self.baidu.request(record, "b-anna")).await
    }
}

#[tokio::test]
async fn cards_count_for_the_person_but_are_never_refused() {
    let two = two(2).await;
    two.claims("r-1").await.coupon();

    let cards = [1, 2, 3].map(|n| two.deck.took(n, "w-anna", &format!("10000000000{n}")));
    two.scene.told(&two.deck, &cards).await;
    two.scene.drain().await;

    assert_eq!(two.claims("r-2").await.refusal(), FinalRefusal::LimitReached.into());
    assert_eq!(two.scene.number("select max(ordinal)::bigint from coupon").await, 4);
    two.scene.recount().await;
}

#[tokio::test]
async fn what_was_signed_counts_until_it_is_taken_or_lapses() {
    let two = two(2).await;
    two.signed("c-1", 10).await;
    two.claims("r-1").await.coupon();

    assert_eq!(two.claims("r-2").await.refusal(), PassingRefusal::Reserved.into());
    assert_eq!(two.scene.number("select count(*) from refusal").await, 0);
    two.scene.engine.clock.advance(TimeDelta::minutes(11));
    two.claims("r-2").await.coupon();
    two.scene.recount().await;
}

#[tokio::test]
async fn what_was_signed_is_used_up_by_the_card_that_carries_it_back() {
    let two = two(3).await;
    two.signed("c-1", 10).await;
    two.signed("c-2", 10).await;

    two.scene.told(&two.deck, &[two.deck.took_by(1, "w-anna", "100000000001", "c-1")]).await;
    two.scene.drain().await;

    let open = "select string_agg(reference, ',') from card_claim where state = 'signed'";
    assert_eq!(two.scene.text(open).await.unwrap(), "c-2");
    two.claims("r-1").await.coupon();
    assert_eq!(two.claims("r-2").await.refusal(), PassingRefusal::Reserved.into());
    two.scene.recount().await;
}

#[tokio::test]
async fn what_was_signed_for_one_person_is_not_used_up_by_another_who_carries_it() {
    let two = two(3).await;
    two.signed("c-1", 10).await;

    two.scene.told(&two.deck, &[two.deck.took_by(1, "w-bert", "100000000001", "c-1")]).await;
    two.scene.drain().await;

    let open = "select string_agg(reference, ',') from card_claim where state = 'signed'";
    assert_eq!(two.scene.text(open).await.unwrap(), "c-1");
    two.scene.recount().await;
}

#[tokio::test]
async fn a_code_that_was_kept_for_a_card_is_its_own_whenever_the_card_is_heard_of() {
    for (lapsed, freed) in [(false, false), (true, false), (true, true)] {
        let two = two(3).await;
        let pool = two.scene.pool();
        two.signed("c-1", 10).await;
        plant_codes(pool, two.deck.campaign.template, &["100000000001".to_owned()]).await;
        let code =
            "update card_claim set code = value, code_id = code.code_id, code_until = $1 from code";
        sqlx::query(code).bind(noon() + TimeDelta::hours(24)).execute(pool).await.unwrap();
        sqlx::query("update code set state = 'taken'").execute(pool).await.unwrap();
        let later = noon() + TimeDelta::hours(24);
        if lapsed {
            lapse_card_claims(pool, later).await.unwrap();
        }
        if freed {
            free_card_codes(pool, later).await.unwrap();
        }

        let taken = two.deck.took_by(1, "w-anna", "100000000001", "c-1");
        two.scene.told(&two.deck, &[taken]).await;
        two.scene.drain().await;
        lapse_card_claims(pool, later).await.unwrap();
        free_card_codes(pool, later).await.unwrap();

        let claims =
            "select string_agg(state || ' ' || (coupon_id is not null), ',') from card_claim";
        assert_eq!(two.scene.text(claims).await.unwrap(), "taken true");
        let codes = "select string_agg(state, ',') from code";
        assert_eq!(two.scene.text(codes).await.unwrap(), "taken", "{lapsed} {freed}");
    }
}

#[tokio::test]
async fn the_signed_cards_of_one_person_are_no_others_concern() {
    let two = two(1).await;
    two.signed("c-1", 10).await;

    let other = two.baidu.request("r-9", "b-bert");
    two.scene.engine.issuer.issue(other).await.coupon();
}
