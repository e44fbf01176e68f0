//! A shop whose coupons live through whatever the model thinks of.

use chrono::{DateTime, Utc};
use kaquan::{
    app::upkeep::Upkeep,
    clock::Clock,
    config::Config,
    domain::{
        access::{Grant, Role, Scope},
        id::AppId,
        people::OpenId,
    },
    ops::audit::AuditScope,
    service::mini_session,
};
use serde_json::{Value, json};

use super::{
    admin::{Admin, Reply, lifetime},
    life_model::{Act, Model},
    people,
    recount::recount,
};

/// How many coupons are played with at a time.
pub const COUPONS: usize = 3;

pub struct Shop {
    pub admin: Admin,
    pub upkeep: Upkeep,
    placement: Value,
    tills: [String; 2],
}

impl Shop {
    pub async fn open() -> Self {
        let admin = Admin::new().await;
        // A tenth off, so that each cart has a discount of its own.
        let benefit = json!({ "type": "percent", "off_basis_points": 1000 });
        let lasting = json!({
            "claim_until": "2099-01-01T00:00:00Z", "kind": "discount", "benefit": benefit,
        });
        let placement = admin.given_claimable("baidu", lasting, 100_000).await;
        let orders = people::key(&admin.state, Grant::Scopes(vec![Scope::Redeem])).await;
        let tills = [orders, admin.key(Role::Operator).await];
        let clock: std::sync::Arc<dyn Clock> = admin.clock.clone();
        let upkeep = Upkeep::new(&Config::default(), admin.db(), &clock);
        Self { admin, upkeep, placement, tills }
    }

    /// A few fresh coupons, each somebody else's.
    pub async fn coupons(&self) -> Vec<Value> {
        let mut coupons = Vec::new();
        for _ in 0..COUPONS {
            let name = uuid::Uuid::new_v4().simple().to_string();
            let mut coupon = self.admin.claim(&self.placement, &name, &name).await.created();
            coupon["open_id"] = json!(name);
            coupons.push(coupon);
        }
        coupons
    }

    pub async fn ask(
        &self,
        coupons: &[Value],
        coupon: usize,
        order: u8,
        caller: usize,
        act: &Act,
    ) -> Reply {
        let shown = &coupons[coupon];
        let line = json!({ "goods_id": "tea", "unit_price_fen": 8000, "quantity": 1 });
        let mut body = json!({ "code": shown["code"], "order_no": format!("order-{order}") });
        let mut secret = self.tills[caller].clone();
        let path = match act {
            Act::Lock { minutes } => {
                body["expires_in_seconds"] = json!(minutes * 60);
                "/v1/locks"
            }
            Act::Unlock => "/v1/unlocks",
            Act::Redeem { lines } => {
                if *lines > 0 {
                    body["lines"] = (0..*lines).map(|_| line.clone()).collect();
                }
                "/v1/redemptions"
            }
            Act::RedeemOwn => {
                secret = self.session(coupons[0]["open_id"].as_str().unwrap()).await;
                "/v1/mini/redemptions"
            }
            Act::GiveBack { lines } => {
                if let Some(lines) = lines {
                    body["lines"] = json!(lines);
                }
                "/v1/give-backs"
            }
            Act::Void => {
                let id = shown["id"].as_str().unwrap();
                let path = format!("/v1/admin/coupons/{id}/void");
                return self.admin.act(&path, json!({ "reason": "模型" })).await;
            }
        };
        let key = uuid::Uuid::new_v4().to_string();
        self.admin.act_as(&secret, &key, path, body).await
    }

    /// Takes all out of use that is unused, also of those before; how many that were.
    pub async fn void_unused(&self) -> usize {
        let template = self.placement["template_id"].as_str().unwrap();
        let path = format!("/v1/admin/templates/{template}/void-unused");
        let said = self.admin.act(&path, json!({ "reason": "模型" })).await.ok();
        assert_eq!(said["left"], 0);
        usize::try_from(said["voided"].as_u64().unwrap()).unwrap()
    }

    async fn session(&self, open_id: &str) -> String {
        let app: AppId = self.placement["app_id"].as_str().unwrap().parse().unwrap();
        let open_id = OpenId::parse(open_id).unwrap();
        let (db, now) = (self.admin.db(), self.admin.clock.now());
        let opened = mini_session::open(db, now, lifetime(), app, &open_id).await.unwrap();
        opened.token.reveal().to_owned()
    }

    pub async fn recount(&self) {
        recount(self.admin.db(), self.admin.clock.now(), AuditScope::DataOnly).await;
    }
}

/// What nobody has said anything of yet.
pub fn fresh(coupons: &[Value]) -> Vec<Model> {
    let until = |coupon: &Value| -> DateTime<Utc> {
        coupon["valid_until"].as_str().unwrap().parse().unwrap()
    };
    coupons.iter().map(|coupon| Model::fresh(until(coupon))).collect()
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
