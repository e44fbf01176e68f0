//! Those who call, put straight into the tables: holders and people at work with a session, without a platform and
//! without a hash.

use chrono::{DateTime, TimeDelta, Utc};
use kaquan::{
    api::ApiState,
    domain::{
        access::{Grant, Role},
        id::{AppId, OperatorId, SessionId},
        people::OpenId,
    },
    service::{
        create_key::{NewKey, create_key_by},
        mini_session,
        secret::Fresh,
    },
    store::{self, operator::Operator, operator_session::NewOperatorSession},
};
use uuid::Uuid;

/// A session of a holder; its token.
pub async fn holder(state: &ApiState, app: AppId, open_id: &str) -> String {
    let open_id = OpenId::parse(open_id).unwrap();
    let opened = mini_session::open(&state.db, state.now(), state.lifetime, app, &open_id).await;
    opened.unwrap().token.reveal().to_owned()
}

/// A key of a name of its own.
pub async fn key(state: &ApiState, grant: impl Into<Grant>) -> String {
    let name = Uuid::new_v4().simple().to_string();
    let new = NewKey { name, grant: grant.into(), sources: Vec::new() };
    let made = create_key_by(&state.db, state.now(), new, None).await.unwrap();
    made.1.reveal().to_owned()
}

/// Somebody at work who cannot log in, for want of a password.
pub async fn operator(state: &ApiState, role: Role) -> OperatorId {
    let id = OperatorId::new(state.now());
    let operator = Operator {
        id,
        login: Uuid::new_v4().simple().to_string(),
        name: "小王".to_owned(),
        role,
        store: Some("徐家汇店".to_owned()),
        created_at: state.now(),
        last_login_at: None,
        disabled_at: None,
    };
    let mut conn = state.db.acquire().await.unwrap();
    store::operator::insert(&mut conn, &operator, "no hash").await.unwrap();
    id
}

/// A session of somebody at work; its token.
pub async fn work_session(state: &ApiState, operator: OperatorId) -> String {
    let token = Fresh::random_checked("ko_").unwrap();
    let now: DateTime<Utc> = state.now();
    let new = NewOperatorSession {
        id: SessionId::new(now),
        operator,
        created_at: now,
        expires_at: now + TimeDelta::minutes(30),
        ends_at: now + TimeDelta::hours(12),
    };
    let mut conn = state.db.acquire().await.unwrap();
    store::operator_session::insert(&mut conn, &new, &token.hash()).await.unwrap();
    token.reveal().to_owned()
}
