//! Placements as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    api::AdminState,
    domain::{
        app::PlatformKind,
        id::{AppId, PlacementId, TemplateId, TokenId},
        placement::PlacementState,
        stock::Way,
    },
    service::secret::Fresh,
    store::{callback_token::CallbackToken, placement::Placement, stock::Stock},
};

/// A placement; in lists without its tokens.
#[derive(Serialize)]
pub struct PlacementView {
    id: PlacementId,
    template_id: TemplateId,
    app_id: AppId,
    platform: PlatformKind,
    platform_ref: Option<String>,
    state: PlacementState,
    version: i32,
    stock: Vec<StockView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_tokens: Option<Vec<TokenView>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A placement right after it was made: the only time its callback address is shown.
#[derive(Serialize)]
pub struct PlacedView {
    #[serde(flatten)]
    pub placement: PlacementView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
}

/// A rotation: the only time the new callback address is shown.
#[derive(Serialize)]
pub struct RotationView {
    #[serde(flatten)]
    pub token: TokenView,
    pub callback_url: Option<String>,
}

#[derive(Serialize)]
struct StockView {
    way: Way,
    total: i64,
    issued: i64,
    left: i64,
}

/// A token without its secret.
#[derive(Serialize)]
pub struct TokenView {
    id: TokenId,
    created_at: DateTime<Utc>,
    retires_at: Option<DateTime<Utc>>,
}

/// The address to give to the platform, where the platform calls one.
pub fn callback_url(state: &AdminState, platform: PlatformKind, secret: &Fresh) -> Option<String> {
    let folder = match platform {
        PlatformKind::Baidu => "baidu",
        PlatformKind::Wechat | PlatformKind::Own => return None,
    };
    let base = state.public_url.as_str().trim_end_matches('/');
    Some(format!("{base}/callbacks/{folder}/{}", secret.reveal()))
}

impl From<(Placement, &[Stock], Option<Vec<CallbackToken>>)> for PlacementView {
    fn from(
        (placement, stocks, tokens): (Placement, &[Stock], Option<Vec<CallbackToken>>),
    ) -> Self {
        let own = stocks.iter().filter(|stock| stock.placement == placement.id);
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
