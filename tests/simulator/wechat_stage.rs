//! A running WeChat, a client that speaks to it, and a merchant who is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use kaquan::simulator::clock::Clock;
use kaquan::simulator::wechat::app::{
    AppKind, AppSeed, Callback, DEFAULT_MP, DEFAULT_OA, DEFAULT_SECRET, PushMode,
};
use kaquan::simulator::wechat::crypto;
use kaquan::simulator::wechat::phone::{AddedCard, CardToAdd};
use kaquan::simulator::wechat::switches::Switches;
use kaquan::simulator::wechat::{Settings, WechatSimulator, start};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The moment at which every story begins: six in the morning of 15 November 2023 in UTC+8.
pub const NOW: i64 = 1_700_000_000;
pub const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

pub struct WechatStage {
    pub simulator: WechatSimulator,
    pub client: Client,
    pub token: String,
    pub ticket: String,
}

impl WechatStage {
    pub async fn set() -> Self {
        Self::with(|_| {}).await
    }

    /// A stage on which some switches stand otherwise.
    pub async fn with(turn: impl FnOnce(&mut Switches)) -> Self {
        let mut switches = Switches::default();
        turn(&mut switches);
        let begin = chrono::DateTime::from_timestamp(NOW, 0).unwrap();
        let page = AppSeed {
            kind: AppKind::Mp,
            appid: Some("wx86a091e50ad40000".to_owned()),
            original_id: Some("gh_86a091e50ad4".to_owned()),
            ..AppSeed::default()
        };
        let settings = Settings {
            apps: vec![AppSeed::default_oa(), AppSeed::default_mp(), page],
            switches,
            clock: Clock::from_source(move || begin),
            seed: Some(1),
            push_timeout: Duration::from_secs(2),
            pause_between_tries: Duration::ZERO,
            ..Settings::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = start(listener, settings).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let (token, ticket) = (String::new(), String::new());
        let mut stage = Self { simulator, client, token, ticket };
        stage.token = text(&stage.fresh_token().await["access_token"]);
        stage.ticket = text(&stage.get("/cgi-bin/ticket/getticket?type=wx_card").await["ticket"]);
        stage
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.base_url())
    }

    pub async fn fresh_token(&self) -> Value {
        self.stable(&json!({})).await
    }

    pub async fn stable(&self, more: &Value) -> Value {
        let mut body = json!({ "grant_type": "client_credential", "appid": DEFAULT_OA, "secret": DEFAULT_SECRET });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let sent = self.client.post(self.url("/cgi-bin/stable_token")).json(&body).send().await;
        sent.unwrap().json().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = self.url(&format!("{path}{mark}access_token={}", self.token));
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// A call that must be answered with a whole JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let url = self.url(&format!("{path}?access_token={}", self.token));
        let reply = self.client.post(url).body(body.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "application/json; encoding=utf-8");
        reply.json().await.unwrap()
    }

    /// The documented body of a good card.
    pub fn body(more: &Value) -> Value {
        let mut base = json!({
            "logo_url": "http://mmbiz.qpic.cn/mmbiz/a/0", "brand_name": "微信餐厅",
            "code_type": "CODE_TYPE_TEXT", "title": "双人火锅套餐", "color": "Color010",
            "notice": "使用时出示此券", "description": "不可与其他优惠同享",
            "date_info": {
                "type": "DATE_TYPE_FIX_TIME_RANGE",
                "begin_timestamp": NOW - 60, "end_timestamp": NOW + 30 * 86_400,
            },
            "sku": { "quantity": 300 }, "get_limit": 3, "can_give_friend": true,
            "center_title": "立即使用",
            "center_app_brand_user_name": "gh_sim000000002@app",
            "center_app_brand_pass": "pages/use?from=card",
        });
        for (name, value) in more.as_object().unwrap() {
            base[name] = value.clone();
        }
        json!({ "card": {
            "card_type": "GROUPON", "groupon": { "base_info": base, "deal_detail": "锅底2选1" },
        } })
    }

    /// A good card that has passed its review.
    pub async fn card(&self, more: &Value) -> String {
        let made = self.post("/card/create", &Self::body(more)).await;
        assert_eq!(made["errcode"], 0, "{made}");
        let card_id = text(&made["card_id"]);
        self.simulator.review(&card_id, true, "").unwrap();
        card_id
    }

    /// A card whose codes are drawn from so many deposited ones.
    pub async fn deposit_card(&self, codes: &[&str]) -> String {
        let more = json!({
            "use_custom_code": true, "get_custom_code_mode": "GET_CUSTOM_CODE_MODE_DEPOSIT",
            "sku": { "quantity": 0 },
        });
        let card_id = self.card(&more).await;
        let body = json!({ "card_id": card_id, "code": codes });
        assert_eq!(self.post("/card/code/deposit", &body).await["succ_code"], json!(codes));
        let body = json!({ "card_id": card_id, "increase_stock_value": codes.len() });
        assert_eq!(self.post("/card/modifystock", &body).await["errcode"], 0);
        card_id
    }

    /// A `cardExt` as our endpoint should sign it.
    pub fn ext(&self, card_id: &str, nonce: &str, more: &Value) -> Value {
        let field = |name: &str| more[name].as_str().unwrap_or_default().to_owned();
        let timestamp = NOW.to_string();
        let signature = crypto::sorted_sha1(&[
            &self.ticket,
            card_id,
            &timestamp,
            nonce,
            &field("code"),
            &field("openid"),
        ]);
        let mut ext = json!({ "timestamp": timestamp, "nonce_str": nonce, "signature": signature });
        for (name, value) in more.as_object().unwrap() {
            ext[name] = value.clone();
        }
        json!(ext.to_string())
    }

    pub fn add(&self, person: &str, card_id: &str, ext: Value) -> Result<String, i64> {
        let list = [CardToAdd { card_id: card_id.to_owned(), card_ext: ext }];
        let added = self.simulator.add_card(DEFAULT_MP, person, &list);
        let Some(AddedCard { code, refused, .. }) = added.card_list.into_iter().next() else {
            return Err(0);
        };
        code.ok_or_else(|| refused.unwrap().0)
    }

    /// The merchant who hears of events, in a mode.
    pub async fn merchant(&self, mode: PushMode, answers: &[(u16, &str)]) -> Merchant {
        let merchant = Merchant::start(answers).await;
        let callback = Callback {
            url: merchant.url.clone(),
            token: "simtoken".to_owned(),
            aes_key: Some(AES_KEY.to_owned()),
            mode,
        };
        let seed = AppSeed { callback: Some(callback), ..AppSeed::default_oa() };
        self.simulator.put_app(seed).unwrap();
        merchant
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A merchant's callback, which answers as it is told and then well.
#[derive(Clone, Default)]
pub struct Merchant {
    pub url: String,
    heard: Arc<Mutex<Vec<(String, String)>>>,
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
}

impl Merchant {
    async fn start(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let merchant = Self { url, answers: Arc::new(Mutex::new(answers)), ..Self::default() };
        let router =
            Router::new().route("/callback", axum::routing::any(hear)).with_state(merchant.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        merchant
    }

    /// Queries and bodies, in the order in which they came.
    pub fn heard(&self) -> Vec<(String, String)> {
        self.heard.lock().unwrap().clone()
    }
}

async fn hear(
    State(merchant): State<Merchant>,
    RawQuery(query): RawQuery,
    body: String,
) -> (StatusCode, String) {
    let query = query.unwrap_or_default();
    let echo = parameter(&query, "echostr");
    merchant.heard.lock().unwrap().push((query, body));
    let answer = merchant.answers.lock().unwrap().pop_front();
    let (status, body) = answer.unwrap_or((200, echo));
    (StatusCode::from_u16(status).unwrap(), body)
}

/// A parameter of a query; empty when it is not there.
pub fn parameter(query: &str, name: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
