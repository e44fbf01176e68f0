//! Who a login code of a WeChat mini-program belongs to, as far as WeChat tells.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use kaquan::{
    domain::id::AppId,
    platform::wechat::{
        client::session::UnionId,
        login::{Keeper, Login, LoginAccount, LoginError, NotReady},
        settings::MiniSettings,
    },
};
use url::Url;
use uuid::Uuid;

use crate::support::{
    stub::{Stub, answer},
    wechat_desk::{APP_ID, client, js_code, secret},
};

/// Keeps one mini-program, or none.
struct One(Option<Url>);

impl Keeper for One {
    fn account(&self, _: AppId) -> BoxFuture<'_, Result<LoginAccount, NotReady>> {
        let account = self.0.clone().map(|url| LoginAccount {
            app_key: APP_ID.to_owned(),
            settings: MiniSettings { api_url: Some(url) },
            secret: secret(),
        });
        async { account.ok_or_else(|| NotReady("there is none".to_owned())) }.boxed()
    }
}

fn login(keeper: One) -> Login {
    Login::new(client(), Arc::new(keeper))
}

fn app() -> AppId {
    Uuid::nil().into()
}

#[tokio::test]
async fn a_person_has_an_open_id_and_perhaps_a_union_id() {
    let stub = Stub::answering([
        answer(200, r#"{"openid":"oMP","session_key":"k","unionid":"oU"}"#),
        answer(200, r#"{"openid":"oMP","session_key":"k"}"#),
    ])
    .await;
    let login = login(One(Some(stub.url.clone())));

    let bound = login.whose(app(), &js_code()).await.unwrap();
    let alone = login.whose(app(), &js_code()).await.unwrap();

    assert_eq!(bound.open_id.as_str(), "oMP");
    assert_eq!(bound.union_id.as_ref().map(UnionId::as_str), Some("oU"));
    assert_eq!(alone.union_id, None);
}

#[tokio::test]
async fn a_code_that_is_not_taken_is_told_from_trouble_of_ours_or_wechats() {
    for (body, refused) in [
        (r#"{"errcode":40029,"errmsg":"invalid code"}"#, true),
        (r#"{"errcode":40226,"errmsg":"code blocked"}"#, true),
        (r#"{"errcode":40125,"errmsg":"invalid appsecret"}"#, false),
        (r#"{"errcode":45011,"errmsg":"too fast"}"#, false),
        (r#"{"errcode":-1,"errmsg":"system error"}"#, false),
        (r#"{"openid":"oMP"}"#, false),
        ("<html>", false),
    ] {
        let stub = Stub::answering([answer(200, body)]).await;

        let error = login(One(Some(stub.url.clone()))).whose(app(), &js_code()).await.unwrap_err();

        assert_eq!(matches!(error, LoginError::Refused), refused, "{body}");
    }
    let error = login(One(None)).whose(app(), &js_code()).await.unwrap_err();
    assert!(matches!(error, LoginError::Away(why) if why == "there is none"));
}
