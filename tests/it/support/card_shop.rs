//! A shop with cards on an official account and people in a mini-program; at the desk somebody plays WeChat.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::{FutureExt, future::BoxFuture};
use kaquan::{
    domain::{
        code::CouponCode,
        id::{AppId, HolderId, TemplateId},
        people::OpenId,
    },
    outgoing::secret::AccessToken,
    platform::wechat::desk::{AskError, CardTickets, CodeOwner, Desk, LoggedIn, Logins},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    admin::{Admin, Reply, plenty},
    vault::vault,
    visitor::Person,
};

/// Shown nowhere.
pub const TICKET: &str = "canary-ticket-sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy";
pub const CARD: &str = "pFS7Fjg8kV1IdDz01r4SQwMkuCKc";

/// WeChat, as far as people wait for it: a login code is `open id/union id`, an encrypted code its own text behind `enc+`.
#[derive(Default)]
pub struct Wechat {
    pub away: AtomicBool,
    /// Codes that were taken, and what was given along.
    pub taken: Mutex<HashMap<String, String>>,
    /// Happens once, while a code is being read.
    pub meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

pub struct CardShop {
    pub admin: Admin,
    pub wechat: Arc<Wechat>,
    pub account: Value,
    pub mini: Value,
    pub placement: Value,
}

impl Wechat {
    fn say<T>(&self, said: Result<T, AskError>) -> Result<T, AskError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(AskError::Away("out to lunch".to_owned()));
        }
        said
    }
}

impl Logins for Wechat {
    fn whose(&self, _: AppId, code: SecretString) -> BoxFuture<'_, Result<LoggedIn, AskError>> {
        async move {
            let code = code.expose_secret().to_owned();
            let (open_id, union_id) = code.split_once('/').unwrap_or((&code, ""));
            let logged_in = OpenId::parse(open_id)
                .map(|open_id| LoggedIn { open_id, union_id: OpenId::parse(union_id).ok() });
            self.say(logged_in.map_err(|_| AskError::Refused))
        }
        .boxed()
    }
}

impl CardTickets for Wechat {
    fn ticket(&self, _: AppId) -> BoxFuture<'_, Result<AccessToken, AskError>> {
        async move { self.say(Ok(AccessToken::parse(TICKET).unwrap())) }.boxed()
    }

    fn read_code(
        &self,
        _: AppId,
        encrypted: String,
    ) -> BoxFuture<'_, Result<CouponCode, AskError>> {
        async move {
            let meanwhile = self.meanwhile.lock().unwrap().take();
            if let Some(meanwhile) = meanwhile {
                meanwhile.await;
            }
            // As the client does it: a blank was a plus sign.
            let encrypted = encrypted.replace(' ', "+");
            let code = encrypted.strip_prefix("enc+").ok_or(AskError::Refused);
            self.say(code.map(|code| CouponCode::parse(code).unwrap()))
        }
        .boxed()
    }

    fn whose_code(
        &self,
        _: AppId,
        card_ref: String,
        code: CouponCode,
    ) -> BoxFuture<'_, Result<CodeOwner, AskError>> {
        assert_eq!(card_ref, CARD);
        let reference = self.taken.lock().unwrap().get(code.as_str()).cloned();
        let owner = |reference| CodeOwner {
            open_id: OpenId::parse("somebody").unwrap(),
            reference: Some(reference),
        };
        let said = self.say(reference.map(owner).ok_or(AskError::Refused));
        async move { said }.boxed()
    }
}

impl CardShop {
    pub async fn open() -> Self {
        Self::open_with(json!({}), json!({}), 100).await
    }

    /// With these terms, these settings of the placement, and so much on the platform.
    pub async fn open_with(terms: Value, settings: Value, stock: i64) -> Self {
        let wechat = Arc::new(Wechat::default());
        let desk = Desk { logins: wechat.clone(), tickets: wechat.clone() };
        let admin = Admin::at_desk(vault(), &plenty(), Some(desk)).await;
        let account = json!({ "platform": "wechat", "app_key": "wxaccount", "name": "公众号" });
        let account = admin.post("/v1/admin/apps", account).await.created()["id"].clone();
        let mini = json!({
            "platform": "wechat_mini", "app_key": "wxmini", "name": "小程序", "secret": "s3cret",
            "cards_app_id": account,
        });
        let mini = admin.post("/v1/admin/apps", mini).await.created()["id"].clone();
        let template = json!(admin.given_template(terms).await);
        let placement = admin.given_claimable_on(&account, &template, 0).await;
        sqlx::query("update placement set platform_ref = $1, review = 'passed', settings = $2")
            .bind(CARD)
            .bind(settings)
            .execute(admin.db())
            .await
            .unwrap();
        sqlx::query("update stock set total = $1 where way = 'take'")
            .bind(stock)
            .execute(admin.db())
            .await
            .unwrap();
        Self { admin, wechat, account, mini, placement }
    }

    pub async fn visitor(&self, open_id: &str) -> Person<'_> {
        self.admin.person(&self.mini, open_id).await
    }

    /// Logs somebody in, as WeChat names them.
    pub async fn log_in(&self, code: &str) -> Reply {
        let body = json!({ "app_id": self.mini, "code": code });
        let mut request = self.admin.request("POST", "/v1/mini/sessions", body.to_string());
        request.headers_mut().remove("authorization");
        self.admin.send(request).await
    }

    /// Somebody takes the card that they were given leave for.
    pub fn take(&self, ext: &Value, code: &str) {
        let reference = ext["outer_str"].as_str().unwrap().to_owned();
        self.wechat.taken.lock().unwrap().insert(code.to_owned(), reference);
    }

    pub async fn sign(&self, person: &Person<'_>, key: &str) -> Reply {
        let body = json!({ "placement_id": self.placement["id"] });
        person.post("/v1/mini/cards/claims", Some(key), body).await
    }

    pub fn account_id(&self) -> AppId {
        self.account.as_str().unwrap().parse().unwrap()
    }

    /// A card that somebody of the account has taken, as the platform's word makes it a coupon; whom the limit counts is
    /// whoever the holder belongs to.
    pub async fn plant_coupon(&self, open_id: &str, code: &str) -> Value {
        let holder = HolderId::derive(self.account_id(), open_id);
        let template: TemplateId = self.placement["template_id"].as_str().unwrap().parse().unwrap();
        sqlx::query(
            "insert into holder (holder_id, app_id, open_id, created_at) values ($1, $2, $3, now())
             on conflict do nothing",
        )
        .bind(holder.uuid())
        .bind(self.account_id().uuid())
        .bind(open_id)
        .execute(self.admin.db())
        .await
        .unwrap();
        sqlx::query_scalar::<_, String>(
            "insert into coupon (coupon_id, placement_id, template_id, terms_version, app_id, holder_id, person_id,
                 ordinal, record, way, code, valid_from, valid_until, issued_at)
             select gen_random_uuid(), placement_id, template_id, 1, app_id, $1, coalesce(member_id, $1),
                 1 + (select count(*) from coupon where template_id = $2 and person_id = coalesce(member_id, $1)),
                 $3, 'take', $3, '2026-11-01', '2027-11-01', '2026-11-11'
             from placement, (select member_id from holder where holder_id = $1) as whose
             where template_id = $2
             returning typed_id('cpn', coupon_id)",
        )
        .bind(holder.uuid())
        .bind(template.uuid())
        .bind(code)
        .fetch_one(self.admin.db())
        .await
        .unwrap()
        .into()
    }

    pub async fn suspend(&self, coupon: &Value, reason: &str) {
        suspend(&self.admin, coupon, reason).await;
    }
}

/// As the word of a platform does it: with the next version of the coupon.
pub async fn suspend(admin: &Admin, coupon: &Value, reason: &str) {
    let id: kaquan::domain::id::CouponId = coupon.as_str().unwrap().parse().unwrap();
    sqlx::query(
        "with moved as (update coupon set version = version + 1 where coupon_id = $1)
         insert into coupon_suspension (coupon_id, reason, since) values ($1, $2, now())
         on conflict on constraint coupon_suspension_pkey do update set reason = excluded.reason",
    )
    .bind(id.uuid())
    .bind(reason)
    .execute(admin.db())
    .await
    .unwrap();
}
