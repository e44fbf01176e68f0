//! One limit for a person, wherever their coupons come from.

use chrono::TimeDelta;
use kaquan::{
    domain::{
        claim::{FinalRefusal, PassingRefusal},
        id::{MemberId, TemplateId},
    },
    issuing::Answer,
};
use uuid::Uuid;

use crate::support::{
    cards::{CardScene, Deck, plant_account},
    engine::Said as _,
    plant::{Campaign, noon, plant_app, plant_member, plant_template, terms},
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
async fn the_signed_cards_of_one_person_are_no_others_concern() {
    let two = two(1).await;
    two.signed("c-1", 10).await;

    let other = two.baidu.request("r-9", "b-bert");
    two.scene.engine.issuer.issue(other).await.coupon();
}
