//! A template that stands on two platforms: the merchant puts it on Baidu and on WeChat, and WeChat's reviewers pass it.

use anyhow::bail;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    caller::{LOOKS, pause, text},
    merchant::{Campaign, Merchant},
};
use crate::{
    clock::{Clock, SystemClock},
    domain::id::AppId,
    simulator::wechat::{
        WechatSimulator,
        app::{AppSeed, Callback, DEFAULT_MP, DEFAULT_OA, DEFAULT_SECRET, PushMode},
    },
};

/// A template that both platforms know.
#[derive(Debug)]
pub struct Cards {
    /// As it stands on Baidu.
    pub baidu: Campaign,
    /// Our id of the official account.
    pub account: AppId,
    /// Our id of the mini-program in which people take its cards.
    pub mini: String,
    /// Our id of the placement on the official account.
    pub placement: String,
    /// WeChat's id of the card.
    pub card_id: String,
}

/// How many one person may have, wherever they take them.
pub const LIMIT: i64 = 2;
/// The stock on each of them.
const STOCK: i64 = 50;

impl Cards {
    /// Everything that a merchant does before the first card can be taken, WeChat's console and its reviewers included.
    pub async fn open(
        merchant: &Merchant,
        on_baidu: AppId,
        wechat: &WechatSimulator,
    ) -> anyhow::Result<Self> {
        let account = open_account(merchant, wechat).await?;
        let mini = json!({
            "platform": "wechat_mini",
            "app_key": DEFAULT_MP,
            "name": "示例微信小程序",
            "secret": DEFAULT_SECRET,
            "settings": { "api_url": wechat.base_url() },
            "cards_app_id": account,
        });
        let mini = text(&merchant.post("/apps", &mini).await?, "id")?;
        let template = merchant.post("/templates", &terms()).await?;
        let baidu = place(merchant, on_baidu, &template).await?;
        let placement = place(merchant, account, &template).await?;
        let coupon_template_id = platform_ref(merchant, &baidu).await?.parse()?;
        let card_id = platform_ref(merchant, &placement).await?;
        wechat.review(&card_id, true, "")?;
        wait_until_published(merchant, &placement).await?;
        let baidu = Campaign { app: on_baidu, placement: baidu, coupon_template_id };
        Ok(Self { baidu, account, mini, placement, card_id })
    }
}

fn terms() -> Value {
    let now = SystemClock.now();
    json!({
        "title": "满60减10",
        "kind": "cash",
        "benefit": { "type": "amount", "off_fen": 1000 },
        "threshold": { "type": "amount", "fen": 6000 },
        "claim_from": now,
        "claim_until": now + TimeDelta::days(30),
        "validity": { "type": "after_claim", "days": 7 },
        "per_person_limit": LIMIT,
        "texts": { "description": "全场通用", "introduction": "下单时选用，一单一张。" },
    })
}

/// The official account, whose pushes are encrypted: our address for them stands in its console.
async fn open_account(merchant: &Merchant, wechat: &WechatSimulator) -> anyhow::Result<AppId> {
    let seed = AppSeed::default_oa();
    let account = json!({
        "platform": "wechat",
        "app_key": DEFAULT_OA,
        "name": "示例公众号",
        "secret": DEFAULT_SECRET,
        "settings": {
            "api_url": wechat.base_url(),
            "original_id": seed.original_id,
            "card": {
                "brand_name": "示例店",
                "logo_url": "http://mmbiz.qpic.cn/mmbiz/sample/0",
                "notice": "向店员出示此券",
            },
        },
    });
    let account = text(&merchant.post("/apps", &account).await?, "id")?;
    let rate = json!({ "calls_per_second": 1000, "burst": 200 });
    merchant.send(Method::PATCH, &format!("/apps/{account}/channel"), &rate).await?;
    let path = format!("/apps/{account}/push-address");
    let address = merchant.send(Method::PUT, &path, &json!({})).await?;
    let callback = Callback {
        url: text(&address, "url")?,
        token: text(&address, "token")?,
        aes_key: Some(text(&address, "encoding_aes_key")?),
        mode: PushMode::Secure,
    };
    wechat.put_app(AppSeed { callback: Some(callback), ..seed })?;
    if !wechat.verify(DEFAULT_OA).await.map_err(anyhow::Error::msg)? {
        bail!("WeChat's console does not take the address for pushes");
    }
    Ok(account.parse()?)
}

/// A placement with stock, published: the platform knows it when this returns. Our id of it.
async fn place(merchant: &Merchant, app: AppId, template: &Value) -> anyhow::Result<String> {
    let placement = json!({ "app_id": app, "template_id": template["id"] });
    let placement = text(&merchant.post("/placements", &placement).await?, "id")?;
    merchant.add_stock(&placement, "both-1", "take", STOCK).await?;
    merchant.post(&format!("/placements/{placement}/publish"), &json!({})).await?;
    merchant.wait_until_paid(app).await?;
    Ok(placement)
}

async fn platform_ref(merchant: &Merchant, placement: &str) -> anyhow::Result<String> {
    text(&merchant.get(&format!("/placements/{placement}")).await?, "platform_ref")
}

async fn wait_until_published(merchant: &Merchant, placement: &str) -> anyhow::Result<()> {
    let path = format!("/placements/{placement}");
    for _ in 0..LOOKS {
        if merchant.get(&path).await?["platform_state"] == "published" {
            return Ok(());
        }
        pause().await;
    }
    bail!("WeChat's reviewers were not heard of")
}
