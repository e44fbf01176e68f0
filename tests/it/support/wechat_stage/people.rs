//! What people do on their phones, and at our till.

use kaquan::simulator::wechat::{
    app::DEFAULT_MP,
    phone::{Added, CardToAdd, CardToOpen},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{super::stage::Said, Somebody, Taken, WechatStage};

impl WechatStage {
    /// Logs in as a phone does.
    pub async fn log_in(&self, name: &str) -> Somebody {
        self.try_log_in(name).await.is(201);
        let token = self.answers.lock().unwrap().last().unwrap().clone();
        let said: Value = serde_json::from_str(token.split_once('\n').unwrap().1).unwrap();
        Somebody { name: name.to_owned(), token: said["token"].as_str().unwrap().to_owned() }
    }

    pub async fn try_log_in(&self, name: &str) -> Said {
        let code = self.wechat.login_code(DEFAULT_MP, name).unwrap();
        let body = json!({ "app_id": self.mini, "code": code }).to_string();
        let to = (Method::POST, 0, "/v1/mini/sessions");
        self.send(to, ("", "login"), "application/json", Some(body)).await
    }

    /// Somebody asks in the mini-program.
    pub async fn ask_as(
        &self,
        who: &Somebody,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        let key = Uuid::new_v4().to_string();
        self.ask_at((0, who, &key), method, path, body).await
    }

    /// The same, of one of the servers and under a key of their choice.
    pub async fn ask_at(
        &self,
        (server, who, key): (usize, &Somebody, &str),
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Said {
        let body = body.map(|body| body.to_string());
        self.send((method, server, path), (&who.token, key), "application/json", body).await
    }

    pub async fn sign(&self, who: &Somebody) -> Said {
        self.sign_at(0, who).await
    }

    pub async fn sign_at(&self, server: usize, who: &Somebody) -> Said {
        let body = json!({ "placement_id": self.placement["id"], "channel": "poster-7" });
        let key = Uuid::new_v4().to_string();
        self.ask_at((server, who, &key), Method::POST, "/v1/mini/cards/claims", Some(body)).await
    }

    /// What the phone makes of a signed claim.
    pub fn add(&self, who: &Somebody, signed: &Value) -> Added {
        let list: Vec<CardToAdd> = serde_json::from_value(signed["cardList"].clone()).unwrap();
        self.wechat.add_card(DEFAULT_MP, &who.name, &list)
    }

    /// Signed, taken and told to us by the mini-program; WeChat's own word may still be on its way.
    pub async fn take(&self, who: &Somebody) -> Taken {
        let signed = self.sign(who).await.is(201).body;
        let added = self.add(who, &signed);
        assert_eq!(added.err_msg, "addCard:ok");
        let claim = signed["claim_id"].as_str().unwrap().to_owned();
        let path = format!("/v1/mini/cards/claims/{claim}/result");
        let list = json!({ "cardList": added.card_list });
        let known = self.ask_as(who, Method::POST, &path, Some(list)).await.is(200).body;
        Taken {
            claim,
            card_id: added.card_list[0].card_id.clone(),
            encrypted: added.card_list[0].code.clone().unwrap(),
            code: known["code"].as_str().unwrap().to_owned(),
        }
    }

    /// The same for somebody new, and we know of it.
    pub async fn taken_by(&self, name: &str) -> (Somebody, Taken, String) {
        let who = self.log_in(name).await;
        let taken = self.take(&who).await;
        self.settle().await;
        let coupon = self.coupon(&taken.code).await;
        (who, taken, coupon)
    }

    /// Our id of the coupon with a code.
    pub async fn coupon(&self, code: &str) -> String {
        sqlx::query_scalar("select typed_id('cpn', coupon_id) from coupon where code = $1")
            .bind(code)
            .fetch_one(self.db())
            .await
            .unwrap()
    }

    /// What `wx.openCard` calls back with.
    pub fn open_cards(&self, who: &Somebody, list: &Value) -> String {
        let list: Vec<CardToOpen> = serde_json::from_value(list.clone()).unwrap();
        self.wechat.open_card(DEFAULT_MP, &who.name, &list)
    }

    /// What somebody can use, with us.
    pub async fn holds(&self, who: &Somebody) -> Vec<Value> {
        let path = "/v1/mini/coupons?tab=usable";
        let said = self.ask_as(who, Method::GET, path, None).await.is(200);
        said.body["data"].as_array().unwrap().clone()
    }

    /// At our till.
    pub async fn redeem(&self, code: &str, order: &str) -> Said {
        let body =
            json!({ "code": code, "order_no": order, "store": "徐家汇店", "operator": "till-3" });
        self.post("/v1/redemptions", body).await
    }
}
