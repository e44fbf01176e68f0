//! Logins where no platform is.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use kaquan::{
    config::baidu::Baidu,
    domain::id::AppId,
    platform::baidu::{
        client::Client,
        login::{Keeper, Login, LoginAccount, LoginToken, NotReady},
    },
};

struct NoKeeper;

impl Keeper for NoKeeper {
    fn account(&self, _: AppId) -> BoxFuture<'_, Result<LoginAccount, NotReady>> {
        async { Err(NotReady("no platform in this test".to_owned())) }.boxed()
    }

    fn token(&self, _: AppId, _: Option<i64>) -> BoxFuture<'_, Result<LoginToken, NotReady>> {
        async { Err(NotReady("no platform in this test".to_owned())) }.boxed()
    }
}

pub fn nobody_logs_in() -> Login {
    Login::new(Client::new(&Baidu::default()).unwrap(), Arc::new(NoKeeper))
}
