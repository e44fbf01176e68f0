//! The sample merchant: a program on the merchant's side, which uses the API as any other would.

use anyhow::{Context, bail};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::caller::{Caller, LOOKS, fine, pause, text};
use crate::domain::id::AppId;

/// A merchant's programs.
pub struct Merchant {
    /// With a key that may do everything.
    pub server: Caller,
    /// Before anybody has logged in.
    pub mini_program: Caller,
}

/// What the merchant says of a campaign before it stands.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Baidu's name of the app.
    pub app_key: &'a str,
    /// Baidu's secret of the app.
    pub secret: &'a str,
    /// Where Baidu listens.
    pub open_api_url: &'a str,
    /// What the coupon is worth.
    pub terms: Value,
    /// The stock to be taken on Baidu.
    pub to_take: i64,
    /// The stock to be claimed through us.
    pub to_claim: i64,
}

/// A template that Baidu knows.
#[derive(Debug)]
pub struct Campaign {
    /// Our id of the app.
    pub app: AppId,
    /// Our id of the placement.
    pub placement: String,
    /// Baidu's id of the template.
    pub coupon_template_id: i64,
}

/// The smallest picture that every reader takes: one red dot.
const DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\
    \0\0\0\x0cIDATx\xdac\xf8ol\x0c\0\x03\x9a\x01f\xff\x10L\xd2\0\0\0\0IEND\xaeB`\x82";

impl Merchant {
    /// An app, a template and its placement, with stock, published: Baidu knows it when this returns.
    pub async fn open_campaign(&self, wish: Wish<'_>) -> anyhow::Result<Campaign> {
        let app = json!({
            "platform": "baidu",
            "app_key": wish.app_key,
            "name": "示例小程序",
            "secret": wish.secret,
            "settings": { "open_api_url": wish.open_api_url },
        });
        let app = text(&self.post("/apps", &app).await?, "id")?;
        // Baidu's own limit is not known; the simulated one has none.
        let rate = json!({ "calls_per_second": 1000, "burst": 200 });
        self.send(Method::PATCH, &format!("/apps/{app}/channel"), &rate).await?;
        let template = self.post("/templates", &wish.terms).await?;
        let placement = json!({ "app_id": app, "template_id": template["id"] });
        let placement = text(&self.post("/placements", &placement).await?, "id")?;
        self.add_stock(&placement, "demo-1", "take", wish.to_take).await?;
        // The same name again adds nothing, as after a lost answer.
        self.add_stock(&placement, "demo-1", "take", wish.to_take).await?;
        self.add_stock(&placement, "demo-2", "claim", wish.to_claim).await?;
        self.post(&format!("/placements/{placement}/publish"), &json!({})).await?;

        let app = app.parse()?;
        self.wait_until_paid(app).await?;
        let shown = self.get(&format!("/placements/{placement}")).await?;
        if shown["platform_state"] != "published" {
            bail!("not on Baidu: {} {}", shown["platform_state"], shown["platform_note"]);
        }
        let coupon_template_id = text(&shown, "platform_ref")?.parse()?;
        Ok(Campaign { app, placement, coupon_template_id })
    }

    /// A coupon of the merchant's own shop, of which no platform hears: its placement.
    pub async fn open_own_campaign(&self, terms: &Value, stock: i64) -> anyhow::Result<String> {
        let app = json!({ "platform": "own", "app_key": "shop", "name": "门店与商城" });
        let app = self.post("/apps", &app).await?;
        let template = self.post("/templates", terms).await?;
        let placement = json!({ "app_id": app["id"], "template_id": template["id"] });
        let placement = text(&self.post("/placements", &placement).await?, "id")?;
        self.add_stock(&placement, "shop-1", "claim", stock).await?;
        Ok(placement)
    }

    /// A till, whose key may use coupons and do nothing else.
    pub async fn open_till(&self) -> anyhow::Result<Caller> {
        let key = self.post("/keys", &json!({ "name": "till-1", "scopes": ["redeem"] })).await?;
        Ok(self.server.with(text(&key, "key")?))
    }

    /// Adds stock under a name.
    pub async fn add_stock(
        &self,
        placement: &str,
        name: &str,
        way: &str,
        amount: i64,
    ) -> anyhow::Result<()> {
        let addition = json!({ "name": name, "way": way, "amount": amount });
        self.post(&format!("/placements/{placement}/stock-additions"), &addition).await.map(drop)
    }

    /// Gives the placement another callback address, which is told here once; the old one lives on for an hour.
    pub async fn rotate(&self, placement: &str) -> anyhow::Result<String> {
        let path = format!("/placements/{placement}/callback-token-rotations");
        let rotated = self.post(&path, &json!({ "old_lives_for_seconds": 3600 })).await?;
        text(&rotated, "callback_url")
    }

    /// Shows a picture beside the coupon on Baidu.
    pub async fn add_banner(&self, placement: &str) -> anyhow::Result<()> {
        let path = format!("/placements/{placement}/banners");
        let form = Form::new()
            .text("title", "满减")
            .text("dest_url", "/pages/index")
            .part("image", Part::bytes(DOT).file_name("banner.png"));
        let request = self.server.request(Method::POST, &admin(&path)).multipart(form);
        let (status, answer) = self.server.ask(request).await?;
        fine(&path, status, answer).map(drop)
    }

    /// What is left of the stock of a way.
    pub async fn left(&self, placement: &str, way: &str) -> anyhow::Result<i64> {
        let shown = self.get(&format!("/placements/{placement}")).await?;
        let stocks = shown["stock"].as_array().map(Vec::as_slice).unwrap_or_default();
        let stock = stocks.iter().find(|stock| stock["way"] == way);
        stock.and_then(|stock| stock["left"].as_i64()).context("a placement without a stock")
    }

    /// Everything that the app's platform is or was owed.
    pub async fn deliveries(&self, app: AppId) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/deliveries?app_id={app}&limit=200{cursor}")).await?;
            all.extend(page["data"].as_array().into_iter().flatten().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }

    /// Waits until the app's platform is owed nothing, a minute at most.
    pub async fn wait_until_paid(&self, app: AppId) -> anyhow::Result<()> {
        let path = format!("/apps/{app}/channel");
        let mut channel = Value::Null;
        for _ in 0..LOOKS {
            channel = self.get(&path).await?;
            let owed = ["waiting", "pending", "leased"];
            if owed.iter().all(|state| channel["deliveries"][state] == 0) {
                return Ok(());
            }
            pause().await;
        }
        bail!("the platform is still owed something after a minute: {channel}")
    }

    /// What is there, by its path in the admin API.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.server.get(&admin(path)).await
    }

    /// The same for something new.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, body).await
    }

    /// The same for any change.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.server.send(method, &admin(path), body).await
    }
}

fn admin(path: &str) -> String {
    format!("/v1/admin{path}")
}
