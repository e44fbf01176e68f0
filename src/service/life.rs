//! What the steps of a coupon's life have in common: how it is named, why a step was not taken, what is told of it.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use super::known_terms::KnownTerms;
use crate::{
    clock::Clock,
    domain::{
        discount::Misfit,
        event::Cause,
        life::{LifeRefusal, Shown, Whose},
        problem::Problem,
        terms::Terms,
    },
    store::life::{Asked, Found, Step},
};

/// A coupon as a request names it.
#[derive(Debug, Clone)]
pub struct Named {
    /// Which.
    pub shown: Shown,
    /// Whose it has to be; one that is somebody else's is not there.
    pub whose: Whose,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// Something that was said will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// There is none, or none of theirs.
    #[error("no such coupon")]
    NoSuchCoupon,
    /// There is no such template.
    #[error("no such template")]
    NoSuchTemplate,
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] LifeRefusal),
    /// The coupon is not for this cart, or not for this store.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The till takes off something else than the terms say.
    #[error("the coupon takes {computed_fen} fen off, not {sent_fen}")]
    DiscountDiffers {
        /// What the request says.
        sent_fen: i64,
        /// What the terms say.
        computed_fen: i64,
    },
    /// Another use was asked for under this key before.
    #[error("the key was used for another redemption")]
    KeyTaken,
    /// The coupon changed each time before the step was written.
    #[error("too many ask for this coupon at once; try again")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// How often a step is judged anew because somebody else was quicker.
pub(super) const MOST_TRIES: usize = 8;

impl Named {
    /// A coupon of anybody's, as at a till.
    pub fn anybodys(shown: Shown) -> Self {
        Self { shown, whose: Whose::Anybodys }
    }

    /// What its next step is judged by, which may be for an order.
    pub(super) fn asked<'a>(&'a self, order_no: Option<&'a str>) -> Asked<'a> {
        Asked { shown: &self.shown, whose: &self.whose, order_no, key: None }
    }
}

/// The step that is taken now if the coupon is still as it was found; told with these fields besides.
pub(super) fn step<'a>(
    found: &Found,
    clock: &dyn Clock,
    cause: &'a Cause,
    fields: Value,
) -> Step<'a> {
    let mut data = Map::new();
    data.insert("coupon_id".to_owned(), json!(found.id));
    data.insert("template_id".to_owned(), json!(found.template));
    data.insert("placement_id".to_owned(), json!(found.placement));
    data.insert("app_id".to_owned(), json!(found.app));
    data.insert("by".to_owned(), json!(cause.actor.kind()));
    if let Value::Object(fields) = fields {
        data.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    let now = clock.at_database(found.database_now);
    Step { coupon: found.id, version: found.version, now, cause, data: Value::Object(data) }
}

/// The terms that a coupon keeps.
pub(super) async fn get_terms(
    conn: &mut PgConnection,
    known_terms: &KnownTerms,
    found: &Found,
) -> sqlx::Result<Arc<Terms>> {
    let version = (found.template, found.terms_version);
    let mut terms = known_terms.get(conn, [version]).await?;
    terms.remove(&version).ok_or(sqlx::Error::RowNotFound)
}
