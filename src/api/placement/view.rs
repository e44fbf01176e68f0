//! Placements as they are shown.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    api::{delivery_brief::DeliveryBrief, platform_rules},
    domain::{
        app::PlatformKind,
        delivery::DeliveryState,
        id::{AppId, PlacementId, TemplateId, TokenId},
        placement::{PlacementState, PlatformState, Review, Standing},
        stock::Way,
    },
    store::{
        self, callback_token::CallbackToken, delivery::open::Open, placement::Placement,
        published::Published, stock::Stock,
    },
};

/// A placement; in lists without its tokens.
#[derive(Serialize, JsonSchema)]
pub struct PlacementView {
    id: PlacementId,
    template_id: TemplateId,
    app_id: AppId,
    platform: PlatformKind,
    platform_ref: Option<String>,
    state: PlacementState,
    platform_state: PlatformState,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_note: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Value>")]
    settings: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewView>,
    version: i32,
    stock: Vec<StockView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_tokens: Option<Vec<TokenView>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What the platform's reviewers say.
#[derive(Serialize, JsonSchema)]
struct ReviewView {
    state: Review,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_at: Option<DateTime<Utc>>,
}

/// Where a platform has nothing to set, nothing is shown.
fn is_empty(settings: &Value) -> bool {
    settings.as_object().is_none_or(serde_json::Map::is_empty)
}

/// A placement right after it was made: the only time its callback address is shown.
#[derive(Serialize, JsonSchema)]
pub struct PlacedView {
    /// It lies flat.
    #[serde(flatten)]
    pub placement: PlacementView,
    /// Where its platform calls one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
}

/// A placement, and what its platform is owed now.
#[derive(Serialize, JsonSchema)]
pub struct OwedPlacementView {
    /// It lies flat.
    #[serde(flatten)]
    pub placement: PlacementView,
    /// Left out when there is nobody to tell, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryBrief>,
    /// What the platform's reviewers will look at anew; nobody can take any until they have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs_review: Vec<&'static str>,
}

/// A rotation: the only time the new callback address is shown.
#[derive(Serialize, JsonSchema)]
pub struct RotationView {
    /// It lies flat.
    #[serde(flatten)]
    pub token: TokenView,
    /// To be told to the platform.
    pub callback_url: Option<String>,
    /// What tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryBrief>,
}

/// What is read beside placements to show them.
pub struct Facts {
    stocks: Vec<Stock>,
    published: Vec<Published>,
    unsettled: Vec<Open>,
}

#[derive(Serialize, JsonSchema)]
struct StockView {
    way: Way,
    total: i64,
    issued: i64,
    left: i64,
}

/// A token without its secret.
#[derive(Serialize, JsonSchema)]
pub struct TokenView {
    id: TokenId,
    created_at: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
}

impl Facts {
    /// Of all these placements.
    pub async fn read(conn: &mut PgConnection, ids: &[PlacementId]) -> sqlx::Result<Self> {
        let subjects: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
        Ok(Self {
            stocks: store::stock::list(conn, ids).await?,
            published: store::published::list(conn, ids).await?,
            unsettled: store::delivery::open::list_unsettled(conn, &subjects).await?,
        })
    }

    /// How a placement stands on its platform, and what a person should know about that.
    fn platform_state(&self, placement: &Placement) -> (PlatformState, Option<String>) {
        let own = |open: &&Open| open.subject == placement.id.uuid();
        let unsettled: Vec<_> = self.unsettled.iter().filter(own).collect();
        let published = self.published.iter().find(|one| one.placement == placement.id);
        let kinds: Vec<_> = unsettled.iter().map(|open| (open.kind, open.state)).collect();
        let standing = Standing {
            state: placement.state,
            is_known: placement.platform_ref.is_some(),
            is_behind: published.is_some_and(Published::is_behind),
            review: placement.review,
            unsettled: &kinds,
        };
        let dead = unsettled.iter().find(|open| open.state == DeliveryState::Dead);
        let state = standing.platform_state();
        let note = match (state, dead) {
            (PlatformState::Failed, None) => {
                Some("平台上显示的不是最新内容，请重新推送更新".to_owned())
            }
            (PlatformState::Refused, None) => placement.review_note.clone(),
            _ => dead.and_then(|open| open.note.clone()),
        };
        (state, note)
    }
}

impl From<(Placement, &Facts, Option<Vec<CallbackToken>>)> for PlacementView {
    fn from((placement, facts, tokens): (Placement, &Facts, Option<Vec<CallbackToken>>)) -> Self {
        let (platform_state, platform_note) = facts.platform_state(&placement);
        let own = facts.stocks.iter().filter(|stock| stock.placement == placement.id);
        let own = own.map(|&Stock { way, total, issued, .. }| StockView {
            way,
            total,
            issued,
            left: total - issued,
        });
        Self {
            id: placement.id,
            template_id: placement.template,
            app_id: placement.app,
            platform: placement.platform,
            platform_ref: placement.platform_ref,
            state: placement.state,
            platform_state,
            platform_note,
            code_mode: platform_rules::code_mode(placement.platform, &placement.settings),
            review: placement.review.map(|state| ReviewView {
                state,
                note: placement.review_note,
                reviewed_at: placement.reviewed_at.filter(|_| state != Review::Pending),
            }),
            settings: placement.settings,
            version: placement.version,
            stock: own.collect(),
            callback_tokens: tokens.map(|tokens| tokens.into_iter().map(TokenView::from).collect()),
            created_at: placement.created_at,
            updated_at: placement.updated_at,
        }
    }
}

impl From<CallbackToken> for TokenView {
    fn from(token: CallbackToken) -> Self {
        let CallbackToken { id, created_at, retires_at } = token;
        Self { id, created_at, retires_at }
    }
}
