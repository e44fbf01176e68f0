//! `/v1/admin/banners`: pictures that lead to a placement, shown by its platform.

use axum::extract::{FromRequest, Multipart, Request, State, multipart::MultipartError};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{ApiState, delivery_brief::DeliveryBrief, platform_rules};
use crate::{
    domain::{
        banner::BannerState,
        id::{BannerId, PlacementId},
        problem::Problems,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query, expect_media_type},
        page::{ListQuery, Page},
    },
    service::{
        add_banner::{AddBannerError, NewBanner, add_banner},
        remove_banner::{RemoveBannerError, remove_banner},
    },
    store::{self, banner::Banner, delivery::open::Open},
};

/// A banner as it is shown, with what was owed last for it.
#[derive(Serialize, JsonSchema)]
pub struct BannerView {
    id: BannerId,
    placement_id: PlacementId,
    title: String,
    dest_url: String,
    image_type: String,
    platform_ref: Option<String>,
    pic_url: Option<String>,
    state: BannerState,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryBrief>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The fields of an upload.
struct Form {
    title: String,
    dest_url: String,
    image: Bytes,
}

/// `POST /v1/admin/placements/{placement}/banners`: a form with `title`, `dest_url` and the file `image`.
pub async fn create(
    State(state): State<ApiState>,
    Path(placement): Path<PlacementId>,
    request: Request,
) -> Result<(StatusCode, Json<BannerView>), ApiError> {
    expect_media_type(request.headers(), "multipart/form-data")?;
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|rejection| bad(rejection.body_text()))?;
    let there = store::placement::find(&mut *state.db.acquire().await?, placement).await?;
    let platform = there.ok_or(AddBannerError::NoSuchPlacement)?.platform;
    let Form { title, dest_url, image } = read(form).await?;
    let checked = platform_rules::check_banner(platform, &title, &dest_url, image.clone());
    let image_type = checked.map_err(ApiError::invalid)?.to_owned();
    let new = NewBanner { placement, title, dest_url, image: image.to_vec(), image_type };
    let (banner, open) = add_banner(&state.db, state.now(), new).await?;
    Ok((StatusCode::ACCEPTED, Json(BannerView::from((banner, Some(&open))))))
}

/// `GET /v1/admin/placements/{placement}/banners`
pub async fn list(
    State(state): State<ApiState>,
    Path(placement): Path<PlacementId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<BannerView>>, ApiError> {
    let slice = query.slice()?;
    let mut conn = state.db.acquire().await?;
    let there = store::placement::find(&mut conn, placement).await?;
    there.ok_or(AddBannerError::NoSuchPlacement)?;
    let before = slice.before.map(BannerId::from);
    let banners = store::banner::list(&mut conn, placement, before, slice.to_read()).await?;
    let subjects: Vec<_> = banners.iter().map(|banner| banner.id.uuid()).collect();
    let latest = store::delivery::open::list_latest(&mut conn, &subjects).await?;
    let about = |banner: &Banner| latest.iter().find(|open| open.subject == banner.id.uuid());
    let rows = banners.into_iter().map(|banner| (about(&banner), banner));
    let rows = rows.map(|(open, banner)| (banner, open)).collect();
    Ok(Json(slice.page(rows, |(banner, _)| banner.id.uuid())))
}

/// `DELETE /v1/admin/banners/{banner}`: 202 when the platform is still to hear of it.
pub async fn remove(
    State(state): State<ApiState>,
    Path(id): Path<BannerId>,
) -> Result<(StatusCode, Json<BannerView>), ApiError> {
    let (banner, open) = remove_banner(&state.db, state.now(), id).await?;
    let status = if open.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(BannerView::from((banner, open.as_ref())))))
}

async fn read(mut form: Multipart) -> Result<Form, ApiError> {
    let (mut title, mut dest_url, mut image) = (None, None, None);
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let twice = match name.as_str() {
            "title" => title.replace(field.text().await?).is_some(),
            "dest_url" => dest_url.replace(field.text().await?).is_some(),
            "image" => image.replace(field.bytes().await?).is_some(),
            _ => return Err(bad(format!("`{name}` is not a field of this form")).at(name)),
        };
        if twice {
            return Err(bad(format!("`{name}` stands twice")).at(name));
        }
    }
    let mut problems = Problems::default();
    problems.expect(title.is_some(), "title", "a field of the form");
    problems.expect(dest_url.is_some(), "dest_url", "a field of the form");
    problems.expect(image.is_some(), "image", "a file of the form");
    problems.into_result().map_err(ApiError::invalid)?;
    Ok(Form {
        title: title.unwrap_or_default(),
        dest_url: dest_url.unwrap_or_default(),
        image: image.unwrap_or_default(),
    })
}

fn bad(detail: String) -> ApiError {
    ApiError::refused(Code::InvalidBody, detail)
}

impl From<MultipartError> for ApiError {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = "a picture has less than 2 MiB";
            return Self::refused(Code::BodyTooLarge, detail);
        }
        bad(error.body_text())
    }
}

impl From<(Banner, Option<&Open>)> for BannerView {
    fn from((banner, open): (Banner, Option<&Open>)) -> Self {
        Self {
            id: banner.id,
            placement_id: banner.placement,
            title: banner.title,
            dest_url: banner.dest_url,
            image_type: banner.image_type,
            platform_ref: banner.platform_ref,
            pic_url: banner.pic_url,
            state: banner.state,
            delivery: open.map(DeliveryBrief::from),
            created_at: banner.created_at,
            updated_at: banner.updated_at,
        }
    }
}

impl From<AddBannerError> for ApiError {
    fn from(error: AddBannerError) -> Self {
        match error {
            AddBannerError::NoSuchPlacement => Self::not_found(error.to_string()),
            AddBannerError::NoBanners => Self::conflict(Code::NoBanners, &error),
            AddBannerError::NoWallet => Self::conflict(Code::NoWallet, &error),
            AddBannerError::Withdrawn => Self::conflict(Code::WrongState, &error),
            AddBannerError::AlreadyThere => Self::conflict(Code::BannerExists, &error),
            AddBannerError::Db(cause) => cause.into(),
        }
    }
}

impl From<RemoveBannerError> for ApiError {
    fn from(error: RemoveBannerError) -> Self {
        match error {
            RemoveBannerError::NoSuchBanner => Self::not_found(error.to_string()),
            RemoveBannerError::Db(cause) => cause.into(),
        }
    }
}
