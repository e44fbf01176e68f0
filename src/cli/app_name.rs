//! An app as it stands on the command line.

use std::str::FromStr;

use anyhow::bail;
use sqlx::PgConnection;

use crate::{
    domain::id::AppId,
    store::{self, app::App},
};

/// An app by its id or its key.
#[derive(Debug, Clone)]
pub(super) struct AppName(String);

impl AppName {
    /// The app that is meant.
    pub async fn find(&self, conn: &mut PgConnection) -> anyhow::Result<App> {
        let Self(name) = self;
        let mut found = match name.parse::<AppId>() {
            Ok(id) => store::app::find(conn, id).await?.into_iter().collect(),
            Err(_) => store::app::list_by_key(conn, name).await?,
        };
        match (found.pop(), found.as_slice()) {
            (Some(app), []) => Ok(app),
            (None, _) => bail!("there is no app {name}"),
            (Some(one), [other, ..]) => {
                bail!("several apps have the key {name}: {} and {}; name the id", other.id, one.id)
            }
        }
    }
}

impl FromStr for AppName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}
