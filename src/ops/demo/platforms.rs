//! Somebody takes the same coupon on Baidu and on WeChat, uses one of them, and finds the limit on both; a card goes to a
//! friend; and WeChat's wallets are held against our coupons.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    books,
    caller::{Caller, LOOKS, pause, text},
    cards::{Cards, LIMIT},
    merchant::Merchant,
    promise::{Findings, Promise},
};
use crate::simulator::{
    Simulator,
    record::{HeldState, Outcome},
    take::TakeOrder,
    wechat::{
        WechatSimulator,
        aim::{CallAim, PushAim},
        app::DEFAULT_MP,
        coupon::CouponStatus,
        effects::{EffectKind, Tally},
        fault::{CallFault, PushFault},
        phone::{CardToAdd, CardToOpen},
    },
};

/// Both platforms, the merchant between them, and whoever takes coupons on both.
pub struct Platforms<'a> {
    merchant: &'a Merchant,
    cards: &'a Cards,
    baidu: &'a Simulator,
    wechat: &'a WechatSimulator,
    /// A till, which may use coupons and do nothing else.
    till: &'a Caller,
    /// In WeChat's mini-program.
    session: Caller,
    db: &'a PgPool,
}

/// One coupon on each of them.
pub struct Pair {
    on_baidu: String,
    on_wechat: String,
}

/// As the merchant knows the member.
const UID: &str = "u-1002";
/// On Baidu the open id; on WeChat's phones the name.
const PERSON: &str = "shopper-3";
/// Whoever takes a card by its link, and whoever is given it.
const GIVER: &str = "giver-1";
const FRIEND: &str = "friend-1";
const ORDER: &str = "order-e";

impl<'a> Platforms<'a> {
    /// The member logs in to the mini-program, and the merchant says that both accounts are theirs.
    pub async fn enter(
        (merchant, cards): (&'a Merchant, &'a Cards),
        (baidu, wechat): (&'a Simulator, &'a WechatSimulator),
        (till, db): (&'a Caller, &'a PgPool),
    ) -> anyhow::Result<Self> {
        let code = wechat.login_code(DEFAULT_MP, PERSON)?;
        let login = json!({ "app_id": cards.mini, "code": code });
        let opened = merchant.mini_program.send(Method::POST, "/v1/mini/sessions", &login).await?;
        let session = merchant.mini_program.with(text(&opened, "token")?);
        let open_ids = wechat.person(PERSON)?.open_ids;
        let member = json!({ "holders": [
            { "app_id": cards.baidu.app, "open_id": PERSON },
            { "app_id": cards.mini, "open_id": open_ids.get(DEFAULT_MP) },
        ] });
        merchant.server.send(Method::PUT, &format!("/v1/members/{UID}"), &member).await?;
        Ok(Self { merchant, cards, baidu, wechat, till, session, db })
    }

    /// One on Baidu, one on WeChat, whose word of it comes twice; the next is one too many on both.
    pub async fn take(&self) -> anyhow::Result<(Pair, Promise)> {
        let mut findings = Findings::default();
        let order = || TakeOrder::new(self.cards.baidu.coupon_template_id, PERSON);
        let taken = self.baidu.take(order()).await?;
        let on_baidu = taken.code().context("no coupon on Baidu")?.to_owned();

        self.wechat.fault_pushes(PushAim::next(1, PushFault::LoseAnswer).of("user_get_card"));
        let claim = json!({ "placement_id": self.cards.placement });
        let path = "/v1/mini/cards/claims";
        let (status, leave) = self.session.try_post(path, Some("card-1"), &claim).await?;
        findings.expect(status == StatusCode::CREATED, &leave);
        let on_wechat = self.add_card(&leave, &mut findings).await?;
        let pair = Pair { on_baidu, on_wechat };
        self.open_card(&pair.on_wechat, &mut findings).await?;

        let refused = self.baidu.take(order()).await?.outcome;
        let words = match &refused {
            Outcome::Refused { msg, .. } => msg.clone(),
            Outcome::Issued { .. } | Outcome::Failed | Outcome::NotOffered { .. } => String::new(),
        };
        findings.expect(words == "已达领取上限", &json!(refused));
        let (status, unsigned) = self.session.try_post(path, Some("card-2"), &claim).await?;
        let told = status == StatusCode::CONFLICT && unsigned["code"] == "limit_reached";
        findings.expect(told, &unsigned);
        let figures = format!(
            "limit {LIMIT}: 1 taken on Baidu, 1 on WeChat; the third is told {words} there and {} here",
            unsigned["code"].as_str().unwrap_or_default(),
        );
        Ok((
            pair,
            findings.promise("一个模板，两个平台，一个限额", "two platforms, one limit", figures),
        ))
    }

    /// What `wx.addCard` does with leave to take a card: the code in the clear.
    async fn add_card(&self, leave: &Value, findings: &mut Findings) -> anyhow::Result<String> {
        let list: Vec<CardToAdd> = serde_json::from_value(leave["cardList"].clone())?;
        let added = self.wechat.add_card(DEFAULT_MP, PERSON, &list);
        findings.expect(added.err_msg == "addCard:ok", &json!(added));
        let cards = added.card_list.iter().map(|card| {
            json!({ "code": card.code, "cardId": card.card_id, "isSuccess": card.is_success })
        });
        let result = json!({ "cardList": cards.collect::<Vec<_>>() });
        let path = format!("/v1/mini/cards/claims/{}/result", text(leave, "claim_id")?);
        text(&self.session.send(Method::POST, &path, &result).await?, "code")
    }

    /// What `wx.openCard` does, once WeChat has told of the card.
    async fn open_card(&self, code: &str, findings: &mut Findings) -> anyhow::Result<()> {
        let known = self.wait_until(code, "usable").await?;
        let wish = json!({ "coupon_ids": [known["coupon_id"]] });
        let opened = self.session.send(Method::POST, "/v1/mini/cards/open", &wish).await?;
        let list: Vec<CardToOpen> = serde_json::from_value(opened["cardList"].clone())?;
        let said = self.wechat.open_card(DEFAULT_MP, PERSON, &list);
        findings.expect(said == "openCard:ok" && list[0].code == code, &json!([said, opened]));
        Ok(())
    }

    /// The till uses the card. WeChat hears of it, and its answer is lost; Baidu's coupon stays what it is.
    pub async fn redeem(&self, pair: &Pair) -> anyhow::Result<Promise> {
        let mut findings = Findings::default();
        let consume = CallAim::next(1, CallFault::HangUpAfterAccepting).at("/card/code/consume");
        self.wechat.fault_calls(consume)?;
        let body = json!({ "code": pair.on_wechat, "order_no": ORDER });
        let (status, used) = self.till.try_post("/v1/redemptions", Some(ORDER), &body).await?;
        findings.expect(status == StatusCode::CREATED, &used);
        self.merchant.wait_until_paid(self.cards.account).await?;

        let effects = self.wechat.effects();
        let name = format!("{}/{}", self.cards.card_id, pair.on_wechat);
        let told = effects
            .iter()
            .find(|(effect, _)| effect.kind == EffectKind::Consume && effect.name == name);
        let told = told.map_or_else(Tally::default, |(_, tally)| *tally);
        findings.expect(told == Tally { applied: 1, refused: 0 }, &json!(told));
        let held = self.wechat.wallet(PERSON);
        let is_used = held.len() == 1 && held[0].status == CouponStatus::Consumed;
        findings.expect(is_used, &json!(held));
        let other = self.look_up(&pair.on_baidu).await?;
        let there = self.baidu.wallet(PERSON);
        let is_left =
            other["status"] == "usable" && there.iter().all(|h| h.state != HeldState::Used);
        findings.expect(is_left, &json!([other, there]));
        let figures = format!(
            "used at the till, WeChat's answer lost: {} use there; the one on Baidu stays {}",
            told.applied,
            other["status"].as_str().unwrap_or_default(),
        );
        Ok(findings.promise("在微信恰好核销一次", "used on WeChat exactly once", figures))
    }

    /// Somebody takes a card by its link and gives it to a friend, under a new code; that the gift was on its way is told
    /// only after it has arrived. Then both books are the same.
    pub async fn give(&self) -> anyhow::Result<Promise> {
        let mut findings = Findings::default();
        let old = self.wechat.take(GIVER, &self.cards.card_id)?;
        self.wait_until(&old, "usable").await?;
        self.wechat.fault_pushes(PushAim::next(1, PushFault::Reorder).of("user_gifting_card"));
        self.wechat.gift(GIVER, &old, Some(FRIEND), false)?;
        let new = self.wechat.accept(FRIEND, &old)?;
        self.wait_until(&new, "usable").await?;
        self.wait_until(&old, "suspended").await?;
        self.wechat.settled().await;
        let body = json!({ "code": old, "order_no": "order-f" });
        let (_, refused) = self.till.try_post("/v1/redemptions", Some("order-f"), &body).await?;
        findings.expect(refused["code"] == "suspended", &refused);

        let (ours, theirs) = (self.ours().await?, self.theirs());
        let differ = ours.symmetric_difference(&theirs).count();
        findings.expect(differ == 0 && ours.len() == 2, &json!([ours, theirs]));
        let left = self.merchant.left(&self.cards.placement, "take").await?;
        let inside = self.wechat.cards();
        let there = inside.iter().find(|card| card.card_id == self.cards.card_id);
        findings.expect(there.is_some_and(|card| card.quantity == left), &json!(left));
        let report = self.wechat.report();
        findings.expect(report.is_clean(), &json!(report));
        let figures = format!(
            "given to a friend: a new code, the old one is {}; {} wallets, {differ} differ; {left} left on \
             both sides; {} calls, {} pushes, 0 remarks",
            refused["code"].as_str().unwrap_or_default(),
            theirs.len(),
            self.wechat.journal().len(),
            self.wechat.pushes().len(),
        );
        Ok(findings.promise("微信卡包与我们记的一致", "WeChat's wallets equal ours", figures))
    }

    /// As WeChat knows it: holder, code, and whether it was used.
    fn theirs(&self) -> BTreeSet<(String, String, &'static str)> {
        let held = self.wechat.wallets().into_values().flatten();
        held.map(|held| (held.openid, held.code, held.status.name())).collect()
    }

    /// As we do. What somebody else has by now lies in no wallet.
    async fn ours(&self) -> anyhow::Result<BTreeSet<(String, String, &'static str)>> {
        let mut ours = BTreeSet::new();
        let entries = books::ours(self.db, self.cards.account).await?;
        for entry in entries.into_values().flatten() {
            let status = match self.look_up(&entry.code).await?["status"].as_str() {
                Some("usable") => CouponStatus::Normal.name(),
                Some("used") => CouponStatus::Consumed.name(),
                Some("suspended") => continue,
                other => bail!("a card is {other:?}"),
            };
            ours.insert((entry.open_id, entry.code, status));
        }
        Ok(ours)
    }

    /// Pushes are answered before they are applied, so a coupon may take a moment.
    async fn wait_until(&self, code: &str, status: &str) -> anyhow::Result<Value> {
        let mut known = Value::Null;
        for _ in 0..LOOKS {
            known = self.look_up(code).await?;
            if known["status"] == status {
                return Ok(known);
            }
            pause().await;
        }
        bail!("a card is not {status} after a minute: {known}")
    }

    /// What the till is told of a code.
    async fn look_up(&self, code: &str) -> anyhow::Result<Value> {
        let body = json!({ "code": code });
        Ok(self.till.try_post("/v1/coupon-lookups", None, &body).await?.1)
    }
}
