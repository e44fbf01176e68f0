//! Two accounts of one person: who is found to be whom, and what only looks like it.

use kaquan::{
    domain::people::OpenId,
    service::card_bond::{Clue, meet},
};
use serde_json::{Value, json};

use crate::support::{admin::noon, card_shop::CardShop};

impl CardShop {
    async fn meets(&self, open_id: &str, clue: Clue<'_>) -> Option<String> {
        let open_id = OpenId::parse(open_id).unwrap();
        let met = meet(self.admin.db(), noon(), self.account_id(), &open_id, clue).await.unwrap();
        met.map(|member| member.to_string())
    }

    async fn reference(&self, open_id: &str) -> String {
        let person = self.visitor(open_id).await;
        let signed = self.sign(&person, "key").await.created();
        let ext = signed["cardList"][0]["cardExt"].as_str().unwrap();
        let ext: Value = serde_json::from_str(ext).unwrap();
        ext["outer_str"].as_str().unwrap().to_owned()
    }

    /// As `visitor card-holder`.
    async fn bonds(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select visitor.open_id || ' ' || card.open_id from holder_bond
             join holder as visitor on visitor.holder_id = visitor_id
             join holder as card on card.holder_id = card_holder_id order by 1",
        )
        .fetch_all(self.admin.db())
        .await
        .unwrap()
    }
}

fn by_reference(reference: &str) -> Clue<'_> {
    Clue { reference: Some(reference), union_id: None }
}

fn by_union(union_id: &str) -> Clue<'_> {
    Clue { reference: None, union_id: Some(union_id) }
}

#[tokio::test]
async fn who_takes_a_card_with_leave_is_whoever_was_given_it_and_sees_the_coupon() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;
    assert_eq!(shop.meets("anna-account", by_reference(&reference)).await, None);
    let coupon = shop.plant_coupon("anna-account", "111").await;

    let anna = shop.visitor("anna").await;
    assert_eq!(anna.tab("usable").await, std::slice::from_ref(&coupon));
    let body = json!({ "coupon_id": coupon, "order_no": "o-1" });
    anna.post("/v1/mini/redemptions", Some("key"), body).await.created();
    assert_eq!(shop.visitor("bert").await.tab("usable").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_reference_bonds_its_first_taker_only_and_one_of_another_account_nobody() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;

    shop.meets("first", by_reference(&reference)).await;
    shop.meets("second", by_reference(&reference)).await;
    shop.meets("third", by_reference("forged")).await;
    shop.meets("first", by_reference(&reference)).await;
    assert_eq!(shop.bonds().await, ["anna first"]);

    let foreign = shop.reference("bert").await;
    sqlx::query("update card_claim set app_id = gen_random_uuid() where reference = $1")
        .bind(&foreign)
        .execute(shop.admin.db())
        .await
        .unwrap();
    shop.meets("bert-account", by_reference(&foreign)).await;
    assert_eq!(shop.bonds().await, ["anna first"]);
}

#[tokio::test]
async fn the_name_over_all_accounts_bonds_from_either_side() {
    let shop = CardShop::open().await;
    shop.log_in("anna/union-anna").await.created();
    shop.meets("anna-account", by_union("union-anna")).await;
    shop.meets("bert-account", by_union("union-bert")).await;
    shop.log_in("bert/union-bert").await.created();

    assert_eq!(shop.bonds().await, ["anna anna-account", "bert bert-account"]);
}

#[tokio::test]
async fn what_the_names_speak_against_is_not_bonded_by_a_reference() {
    let shop = CardShop::open().await;
    shop.log_in("anna/union-anna").await.created();
    let reference = shop.reference("anna").await;

    let passed_on = Clue { reference: Some(&reference), union_id: Some("union-bert") };
    shop.meets("bert-account", passed_on).await;
    assert_eq!(shop.bonds().await, Vec::<String>::new());

    shop.meets("bert-account", by_union("union-anna")).await;
    let kept: String =
        sqlx::query_scalar("select union_id from holder where open_id = 'bert-account'")
            .fetch_one(shop.admin.db())
            .await
            .unwrap();
    assert_eq!(kept, "union-bert");
}

#[tokio::test]
async fn whoever_is_a_member_on_one_side_is_one_on_the_other() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;
    shop.admin.given_member("uid-anna", json!({ "classes": [] }), &[(&shop.mini, "anna")]).await;
    let member = shop.meets("anna-account", by_reference(&reference)).await;
    assert!(member.is_some());

    // The other way round, and only when the merchant says so later.
    let reference = shop.reference("bert").await;
    shop.meets("bert-account", by_reference(&reference)).await;
    let holders = [(&shop.account, "bert-account")];
    shop.admin.given_member("uid-bert", json!({ "classes": [] }), &holders).await;
    let bert = shop.visitor("bert").await.get("/v1/mini/sessions/current").await.ok();
    assert_eq!(bert["member_uid"], "uid-bert");
    let linked: i64 = sqlx::query_scalar(
        "select count(*) from holder join member using (member_id) where uid = 'uid-bert'",
    )
    .fetch_one(shop.admin.db())
    .await
    .unwrap();
    assert_eq!(linked, 2);
}

#[tokio::test]
async fn an_account_that_has_coupons_is_linked_to_nobody() {
    let shop = CardShop::open().await;
    shop.plant_coupon("anna-account", "111").await;
    let reference = shop.reference("anna").await;
    shop.admin.given_member("uid-anna", json!({ "classes": [] }), &[(&shop.mini, "anna")]).await;

    assert_eq!(shop.meets("anna-account", by_reference(&reference)).await, None);

    let anna = shop.visitor("anna").await;
    assert_eq!(anna.tab("usable").await.len(), 1);
}

#[tokio::test]
async fn open_leave_goes_over_to_whom_the_limit_counts_from_now_on() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;
    shop.meets("anna-account", by_reference(&reference)).await;
    shop.plant_coupon("anna-account", "111").await;
    sqlx::query("update card_claim set state = 'taken'").execute(shop.admin.db()).await.unwrap();

    let anna = shop.visitor("anna").await;
    shop.sign(&anna, "again").await.problem(409, "limit_reached");
}

#[tokio::test]
async fn two_who_meet_the_same_reference_at_once_do_not_both_become_its_owner() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;

    let meetings = (0..6).map(|number| {
        let (shop, reference) = (&shop, reference.as_str());
        async move { shop.meets(&format!("account-{number}"), by_reference(reference)).await }
    });
    futures_util::future::join_all(meetings).await;

    assert_eq!(shop.bonds().await.len(), 1);
}

#[tokio::test]
async fn who_has_cards_already_is_linked_to_nobody_under_another_name_either() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;
    shop.meets("anna-account", by_reference(&reference)).await;
    shop.plant_coupon("anna-account", "111").await;

    let holders = json!([{ "app_id": shop.mini, "open_id": "anna" }]);
    let body = json!({ "classes": [], "holders": holders });
    let refused = shop.admin.put("/v1/members/uid-anna", body).await;

    refused.problem(409, "holder_has_coupons");
}

#[tokio::test]
async fn what_a_member_and_their_card_holder_had_counts_together() {
    let shop = CardShop::open().await;
    shop.plant_coupon("anna-account", "111").await;
    let reference = shop.reference("anna").await;
    shop.admin.given_member("uid-anna", json!({ "classes": [] }), &[(&shop.mini, "anna")]).await;
    shop.meets("anna-account", by_reference(&reference)).await;
    sqlx::query("update card_claim set state = 'taken'").execute(shop.admin.db()).await.unwrap();

    let anna = shop.visitor("anna").await;
    shop.sign(&anna, "again").await.problem(409, "limit_reached");
}

#[tokio::test]
async fn an_old_reference_says_nothing_of_whose_it_was() {
    let shop = CardShop::open().await;
    let reference = shop.reference("anna").await;
    sqlx::query(
        "update card_claim set state = 'lapsed', expires_at = expires_at - interval '25 hours'",
    )
    .execute(shop.admin.db())
    .await
    .unwrap();

    shop.meets("anna-account", by_reference(&reference)).await;

    assert_eq!(shop.bonds().await, Vec::<String>::new());
}
