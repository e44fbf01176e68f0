//! People who log in: our API before a simulated Baidu, and whoever holds a session.

use kaquan::{
    api::{self, ApiState},
    simulator::{app::DEFAULT_APP_KEY, switches::Switches},
};
use serde_json::{Value, json};

use super::{
    admin::{Admin, Reply, on_database},
    delivery_scene::DeliveryScene,
    vault::vault,
};

pub struct LoginScene {
    pub baidu: DeliveryScene,
    pub admin: Admin,
}

impl LoginScene {
    pub async fn new() -> Self {
        Self::with(Switches::default()).await
    }

    pub async fn with(switches: Switches) -> Self {
        let baidu = DeliveryScene::with(switches).await;
        let mut admin = Admin::new().await;
        let state = on_database(admin.state, baidu.db(), baidu.clock.clone());
        admin.state = ApiState { vault: vault(), login: baidu.worker.login(), ..state };
        admin.router = api::router(admin.state.clone());
        Self { baidu, admin }
    }

    pub fn app(&self) -> String {
        self.baidu.campaign.app.to_string()
    }

    /// As the app's settings say from now on.
    pub async fn log_in_by(&self, form: &str) {
        sqlx::query(
            "update app
             set settings = settings || jsonb_build_object('login', $1::text), version = version + 1",
        )
        .bind(form)
        .execute(self.baidu.db())
        .await
        .unwrap();
    }

    /// What the mini-program gets from `swan.login`.
    pub fn code(&self, open_id: &str) -> String {
        self.baidu.baidu.login_code(DEFAULT_APP_KEY, open_id)
    }

    pub async fn post(&self, body: Value) -> Reply {
        let mut request = self.admin.request("POST", "/v1/mini/sessions", body.to_string());
        request.headers_mut().remove("authorization");
        self.admin.send(request).await
    }

    pub async fn log_in_with(&self, code: &str) -> Reply {
        self.post(json!({ "app_id": self.app(), "code": code })).await
    }

    /// A session; its token.
    pub async fn log_in(&self, open_id: &str) -> String {
        let opened = self.log_in_with(&self.code(open_id)).await.created();
        opened["token"].as_str().unwrap().to_owned()
    }

    pub async fn ask(&self, token: &str, method: &str, path: &str) -> Reply {
        let mut request = self.admin.request(method, path, "");
        let shown = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", shown);
        self.admin.send(request).await
    }

    pub async fn who_am_i(&self, token: &str) -> Reply {
        self.ask(token, "GET", "/v1/mini/sessions/current").await
    }
}
