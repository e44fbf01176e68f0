//! The worker's accounts and access tokens for those who have logged in: the same tokens, fetched as seldom.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

use super::{Inner, token::TokenTrouble};
use crate::{
    domain::id::AppId,
    platform::baidu::login::{Keeper, LoginAccount, LoginToken, NotReady},
    store::platform_token::Purpose,
};

/// What a worker knows of accounts and tokens.
pub(crate) struct Desk(pub Arc<Inner>);

impl Keeper for Desk {
    fn account(&self, app: AppId) -> BoxFuture<'_, Result<LoginAccount, NotReady>> {
        async move {
            let account = self.0.accounts.current(&self.0, app).await;
            let account = account.map_err(|trouble| NotReady(trouble.to_string()))?;
            let settings = account.baidu();
            let settings = settings.ok_or_else(|| NotReady("the app is not Baidu's".to_owned()))?;
            Ok(LoginAccount {
                app_key: account.app_key.clone(),
                settings: settings.clone(),
                secret: account.secret.clone(),
            })
        }
        .boxed()
    }

    fn token(
        &self,
        app: AppId,
        refused: Option<i64>,
    ) -> BoxFuture<'_, Result<LoginToken, NotReady>> {
        let inner = Arc::clone(&self.0);
        // A task of its own: whoever fetches has leased the right to, and would keep everybody else waiting if the caller
        // hung up in the middle.
        let getting = tokio::spawn(async move {
            let account = inner.accounts.current(&inner, app).await;
            let account = account.map_err(|trouble| NotReady(trouble.to_string()))?;
            let token = inner.tokens.get(&inner, &account, Purpose::Access, refused).await?;
            Ok(LoginToken { value: token.value.clone(), generation: token.generation })
        });
        async move { getting.await.map_err(|error| NotReady(error.to_string()))? }.boxed()
    }
}

impl From<TokenTrouble> for NotReady {
    fn from(trouble: TokenTrouble) -> Self {
        Self(trouble.note)
    }
}
