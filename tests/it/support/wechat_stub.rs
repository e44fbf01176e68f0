//! A small WeChat: cards, codes, tokens, and answers that get lost on their way.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It is done, and the connection breaks before the answer.
    AnswerLost,
    /// The connection breaks before anything is done.
    NeverHeard,
    /// It is answered with this number, and nothing is done.
    Refused(i64),
}

/// One card.
#[derive(Debug, Clone, Default)]
pub struct Card {
    pub kind: String,
    pub own: Map<String, Value>,
    pub status: String,
    pub left: i64,
    pub total: i64,
    pub deposited: BTreeSet<String>,
}

/// All that it knows.
#[derive(Default)]
pub struct World {
    pub cards: BTreeMap<String, Card>,
    /// How codes stand with people.
    pub codes: HashMap<String, String>,
    /// How often each was used, or made void.
    pub effects: HashMap<String, u32>,
    /// Paths of all calls, in order.
    pub calls: Vec<String>,
    /// Bodies of updates.
    pub updates: Vec<Value>,
    pub figures: Vec<Value>,
    /// Grants the same token for ever, and refuses it.
    pub stubborn: bool,
    /// How often it was made to end a token.
    pub forced: u32,
    mishaps: HashMap<String, VecDeque<Mishap>>,
    tokens: u64,
    made: u64,
    /// Answers take so long.
    slow: Duration,
}

/// Stops when it is dropped.
pub struct WechatStub {
    pub url: String,
    world: Arc<Mutex<World>>,
    task: JoinHandle<()>,
}

impl WechatStub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World { tokens: 1, ..World::default() }));
        let known = Arc::clone(&world);
        let router = Router::new().fallback(move |request: Request| {
            let world = Arc::clone(&known);
            async move { answer(&world, request).await }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, world, task }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The next calls of a path come to this.
    pub fn next(&self, path: &str, mishaps: impl IntoIterator<Item = Mishap>) {
        self.world().mishaps.entry(path.to_owned()).or_default().extend(mishaps);
    }

    /// Tokens of before are refused from now on.
    pub fn kill_tokens(&self) {
        self.world().tokens += 1;
    }

    pub fn be_slow(&self, by: Duration) {
        self.world().slow = by;
    }

    /// How often a path was called.
    pub fn calls(&self, path: &str) -> usize {
        self.world().calls.iter().filter(|called| *called == path).count()
    }

    /// The only card, and its id.
    pub fn the_card(&self) -> (String, Card) {
        let world = self.world();
        assert_eq!(world.cards.len(), 1, "{:?}", world.cards.keys());
        let (id, card) = world.cards.iter().next().unwrap();
        (id.clone(), card.clone())
    }

    /// The reviewers let all pass.
    pub fn pass(&self) {
        for card in self.world().cards.values_mut() {
            "CARD_STATUS_VERIFY_OK".clone_into(&mut card.status);
        }
    }
}

impl Drop for WechatStub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(world: &Mutex<World>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let bytes = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let (reply, lost, slow) = {
        let mut world = world.lock().unwrap();
        world.calls.push(path.clone());
        let mishap = world.mishaps.get_mut(&path).and_then(VecDeque::pop_front);
        let reply = match mishap {
            Some(Mishap::Refused(code)) => no(code),
            Some(Mishap::NeverHeard) => Value::Null,
            Some(Mishap::AnswerLost) | None => world.act(&path, &query, &body),
        };
        let lost = matches!(mishap, Some(Mishap::AnswerLost | Mishap::NeverHeard));
        (reply, lost, world.slow)
    };
    wait(slow).await;
    if lost {
        let broken = futures_util::stream::once(async {
            Err::<Vec<u8>, _>(std::io::Error::other("the connection breaks"))
        });
        return Response::new(Body::from_stream(broken));
    }
    Response::new(Body::from(reply.to_string()))
}

#[expect(clippy::disallowed_methods, reason = "an answer that takes its time")]
async fn wait(slow: Duration) {
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
}

fn no(code: i64) -> Value {
    json!({ "errcode": code, "errmsg": "no rid: 1-2-3" })
}

fn ok(more: &Value) -> Value {
    let mut reply = json!({ "errcode": 0, "errmsg": "ok" });
    for (key, value) in more.as_object().into_iter().flatten() {
        reply[key] = value.clone();
    }
    reply
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

impl World {
    fn act(&mut self, path: &str, query: &str, body: &Value) -> Value {
        if path == "/cgi-bin/stable_token" {
            if body["force_refresh"] == true {
                self.forced += 1;
                self.tokens += u64::from(!self.stubborn);
            }
            return json!({ "access_token": format!("token-{}", self.tokens), "expires_in": 7200 });
        }
        if self.stubborn || !query.contains(&format!("access_token=token-{}", self.tokens)) {
            return no(40001);
        }
        match path {
            "/cgi-bin/ticket/getticket" => ok(&json!({ "ticket": "ticket-1", "expires_in": 7200 })),
            "/card/create" => self.create(&body["card"]),
            "/card/batchget" => {
                let ids: Vec<_> = self.cards.keys().collect();
                ok(&json!({ "card_id_list": ids, "total_num": ids.len() }))
            }
            "/datacube/getcardcardinfo" => json!({ "list": self.figures }),
            "/card/code/get" => self.look(body),
            "/card/code/decrypt" => ok(&json!({ "code": body["encrypt_code"] })),
            "/card/code/consume" => self.end(body, &["NORMAL"], "CONSUMED"),
            "/card/code/unavailable" => self.end(body, &["NORMAL", "GIFT_TIMEOUT"], "UNAVAILABLE"),
            _ => self.about_card(path, body),
        }
    }

    fn create(&mut self, card: &Value) -> Value {
        self.made += 1;
        let id = format!("p{:027}", self.made);
        let card_type = card["card_type"].as_str().unwrap().to_owned();
        let own = card[card_type.to_ascii_lowercase()].as_object().unwrap().clone();
        let quantity = own["base_info"]["sku"]["quantity"].as_i64().unwrap();
        let status = "CARD_STATUS_NOT_VERIFY".to_owned();
        let (left, total) = (quantity, quantity);
        let card = Card { kind: card_type, own, status, left, total, ..Card::default() };
        self.cards.insert(id.clone(), card);
        ok(&json!({ "card_id": id }))
    }

    fn about_card(&mut self, path: &str, body: &Value) -> Value {
        let id = body["card_id"].as_str().unwrap_or_default().to_owned();
        if path == "/card/delete" {
            return if self.cards.remove(&id).is_some() { ok(&json!({})) } else { no(40073) };
        }
        if path == "/card/update" {
            self.updates.push(body.clone());
        }
        let Some(card) = self.cards.get_mut(&id) else { return no(40073) };
        match path {
            "/card/get" => ok(&json!({ "card": card.shown(&id) })),
            "/card/update" => card.update(body),
            "/card/modifystock" => card.modify(body),
            "/card/code/deposit" => {
                let codes: Vec<String> = texts(&body["code"]).into_iter().collect();
                if codes.iter().any(|code| code.starts_with("FOREIGN")) {
                    return no(40116);
                }
                let (failed, codes): (Vec<_>, Vec<_>) =
                    codes.into_iter().partition(|code| code.starts_with("BAD"));
                let (mut new, mut known) = (Vec::new(), Vec::new());
                for code in codes {
                    if card.deposited.insert(code.clone()) { &mut new } else { &mut known }
                        .push(code);
                }
                ok(&json!({ "succ_code": new, "duplicate_code": known, "fail_code": failed }))
            }
            "/card/code/checkcode" => {
                let (there, missing): (Vec<_>, Vec<_>) = texts(&body["code"])
                    .into_iter()
                    .partition(|code| card.deposited.contains(code));
                ok(&json!({ "exist_code": there, "not_exist_code": missing }))
            }
            "/card/code/getdepositcount" => ok(&json!({ "count": card.deposited.len() })),
            _ => panic!("{path}"),
        }
    }

    fn look(&self, body: &Value) -> Value {
        let code = body["code"].as_str().unwrap();
        let Some(status) = self.codes.get(code) else { return no(40056) };
        let card_id = body["card_id"].as_str().unwrap_or("p1");
        ok(&json!({
            "card": { "card_id": card_id, "code": code, "begin_time": 1, "end_time": 2 },
            "openid": "oUSER", "can_consume": status == "NORMAL", "user_card_status": status,
        }))
    }

    fn end(&mut self, body: &Value, from: &[&str], status: &str) -> Value {
        let code = body["code"].as_str().unwrap();
        match self.codes.get(code).map(String::as_str) {
            Some(stands) if from.contains(&stands) => {
                self.codes.insert(code.to_owned(), status.to_owned());
                *self.effects.entry(code.to_owned()).or_default() += 1;
                let card_id = body["card_id"].as_str().unwrap_or("p1");
                ok(&json!({ "card": { "card_id": card_id }, "openid": "oUSER" }))
            }
            Some("CONSUMED") => no(40099),
            Some(_) => no(40127),
            None => no(40056),
        }
    }
}

impl Card {
    fn shown(&self, id: &str) -> Value {
        let mut own = Value::Object(self.own.clone());
        own["base_info"]["id"] = id.into();
        own["base_info"]["status"] = self.status.clone().into();
        own["base_info"]["color"] = "#63b359".into();
        own["base_info"]["sku"] = json!({ "quantity": self.left, "total_quantity": self.total });
        json!({ "card_type": self.kind, self.kind.to_ascii_lowercase(): own })
    }

    fn update(&mut self, body: &Value) -> Value {
        let new = &body[self.kind.to_ascii_lowercase()]["base_info"];
        let mut base = self.own["base_info"].clone();
        let mut check = false;
        for (key, value) in new.as_object().unwrap() {
            check |= ["logo_url", "notice", "description", "color"].contains(&key.as_str());
            base[key] = value.clone();
        }
        self.own.insert("base_info".to_owned(), base);
        if check {
            "CARD_STATUS_NOT_VERIFY".clone_into(&mut self.status);
        }
        ok(&json!({ "send_check": check }))
    }

    fn modify(&mut self, body: &Value) -> Value {
        let by = |key: &str| body[key].as_i64().unwrap_or_default();
        let amount = by("increase_stock_value") - by("reduce_stock_value");
        let codes = i64::try_from(self.deposited.len()).unwrap();
        let is_deposit = self.own["base_info"].get("get_custom_code_mode").is_some();
        if self.left + amount < 0 || is_deposit && self.left + amount > codes {
            return no(40122);
        }
        self.left += amount;
        self.total += amount;
        ok(&json!({}))
    }
}
