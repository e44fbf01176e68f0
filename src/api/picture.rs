//! `/v1/mini/coupons/{coupon}/qr-code` and `…/barcode`: a code as a till reads it, from the holder's screen.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderName, header};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ApiState, wallet};
use crate::{
    domain::{code::CouponCode, id::CouponId, standing::CouponStatus},
    http::{
        code::Code,
        error::ApiError,
        extract::{Path, Query},
    },
    service::mini_session::Visitor,
};

pub mod modules;

use modules::{Modules, PictureError};

/// How the picture is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PictureQuery {
    /// `svg` when it is left out.
    #[serde(default)]
    format: Format,
}

/// What browsers show.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PictureFormat")]
enum Format {
    #[default]
    Svg,
    Png,
}

/// `GET …/qr-code`
pub async fn qr_code(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<CouponId>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, ApiError> {
    let code = showable(&state, id, &visitor).await?;
    Ok(draw(&Modules::qr_code(code.as_str())?, query.format)?)
}

/// `GET …/barcode`
pub async fn barcode(
    State(state): State<ApiState>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<CouponId>,
    Query(query): Query<PictureQuery>,
) -> Result<Response, ApiError> {
    let code = showable(&state, id, &visitor).await?;
    Ok(draw(&Modules::code_128(code.as_str())?, query.format)?)
}

/// The code of a coupon of this person that may still come to be used; for one that is locked, by the order that locked it.
async fn showable(
    state: &ApiState,
    id: CouponId,
    visitor: &Visitor,
) -> Result<CouponCode, ApiError> {
    let held = wallet::find(state, id, Some(visitor)).await?;
    match held.status {
        CouponStatus::Usable | CouponStatus::NotYetValid | CouponStatus::Locked => {
            Ok(held.holding.code)
        }
        CouponStatus::Used => Err(ApiError::conflict(Code::AlreadyRedeemed, &"it was used before")),
        CouponStatus::Suspended => {
            Err(ApiError::conflict(Code::Suspended, &"its platform keeps it from being used"))
        }
        CouponStatus::Expired => Err(ApiError::conflict(Code::Expired, &"its time is over")),
        CouponStatus::Void => Err(ApiError::refused(Code::NoSuchCoupon, "no such coupon")),
    }
}

/// No cache on the way keeps it, and nothing takes it for something else.
fn draw(modules: &Modules, format: Format) -> Result<Response, PictureError> {
    const NOSNIFF: (HeaderName, &str) = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    const NOT_KEPT: (HeaderName, &str) = (header::CACHE_CONTROL, "private, no-store");
    let typed = |media: &'static str| [(header::CONTENT_TYPE, media), NOT_KEPT, NOSNIFF];
    Ok(match format {
        Format::Svg => (typed("image/svg+xml"), modules.svg()).into_response(),
        Format::Png => (typed("image/png"), modules.png()?).into_response(),
    })
}

impl From<PictureError> for ApiError {
    fn from(error: PictureError) -> Self {
        Self::internal(error)
    }
}
