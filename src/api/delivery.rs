//! `/v1/admin/deliveries`: what we owe the platforms, how each try went, and what a person can do about it.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use self::view::{DeliveryDetailView, DeliveryView, ReplaysView};
use super::ApiState;
use crate::{
    domain::{
        delivery::{
            DeliveryKind, DeliveryState,
            by_hand::{CancelRefusal, ReplayRefusal},
        },
        id::{AppId, CouponId, DeliveryId, PlacementId},
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{Page, Slice},
    },
    service::{
        authenticate::Caller,
        cancel_delivery::{self, CancelDeliveryError},
        replay_dead::{self, ReplayDeadError},
        replay_delivery::{self, ReplayDeliveryError},
    },
    store::{
        self,
        delivery::{list::Filter, replay::Dead},
    },
};

pub mod view;

/// Which deliveries, and which part of the list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveriesQuery {
    app_id: Option<AppId>,
    state: Option<DeliveryState>,
    kind: Option<DeliveryKind>,
    placement_id: Option<PlacementId>,
    coupon_id: Option<CouponId>,
    created_since: Option<DateTime<Utc>>,
    settled_since: Option<DateTime<Utc>>,
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which of the dead are to be tried anew.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaysBody {
    app_id: Option<AppId>,
    kind: Option<DeliveryKind>,
    since: DateTime<Utc>,
}

/// `GET /v1/admin/deliveries`
pub async fn list(
    State(state): State<ApiState>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryView>>, ApiError> {
    let slice = Slice::read(query.limit, query.cursor.as_deref())?;
    let filter = Filter {
        app: query.app_id,
        state: query.state,
        kind: query.kind,
        placement: query.placement_id,
        coupon: query.coupon_id,
        created_since: query.created_since,
        settled_since: query.settled_since,
    };
    let mut conn = state.db.acquire().await?;
    let before = slice.before.map(DeliveryId::from);
    let rows = store::delivery::list::list(&mut conn, filter, before, slice.to_read()).await?;
    Ok(Json(slice.page(rows, |delivery| delivery.id.uuid())))
}

/// `GET /v1/admin/deliveries/{delivery}`
pub async fn get(
    State(state): State<ApiState>,
    Path(id): Path<DeliveryId>,
) -> Result<Json<DeliveryDetailView>, ApiError> {
    Ok(Json(show(&state, id).await?))
}

/// `POST /v1/admin/deliveries/{delivery}/replay`
pub async fn replay(
    State(state): State<ApiState>,
    Path(id): Path<DeliveryId>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<DeliveryDetailView>, ApiError> {
    replay_delivery::replay_delivery(&state.db, state.now(), &caller.name, id).await?;
    Ok(Json(show(&state, id).await?))
}

/// `POST /v1/admin/deliveries/{delivery}/cancel`
pub async fn cancel(
    State(state): State<ApiState>,
    Path(id): Path<DeliveryId>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<DeliveryDetailView>, ApiError> {
    cancel_delivery::cancel_delivery(&state.db, state.now(), &caller.name, id).await?;
    Ok(Json(show(&state, id).await?))
}

/// `POST /v1/admin/delivery-replays`
pub async fn replay_dead(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<ReplaysBody>,
) -> Result<Json<ReplaysView>, ApiError> {
    let dead = Dead { app: body.app_id, kind: body.kind, since: body.since };
    let replayed = replay_dead::replay_dead(&state.db, state.now(), &caller.name, dead).await?;
    Ok(Json(ReplaysView { replayed }))
}

async fn show(state: &ApiState, id: DeliveryId) -> Result<DeliveryDetailView, ApiError> {
    let mut conn = state.db.acquire().await?;
    let delivery = store::delivery::list::find(&mut conn, id).await?;
    let delivery = delivery.ok_or_else(|| ApiError::not_found("no such delivery"))?;
    let blocker = store::delivery::show::find_blocker(&mut conn, id).await?;
    let attempts = store::delivery::show::list_attempts(&mut conn, id).await?;
    Ok(DeliveryDetailView::new(delivery, blocker, attempts))
}

impl From<ReplayDeliveryError> for ApiError {
    fn from(error: ReplayDeliveryError) -> Self {
        match error {
            ReplayDeliveryError::NoSuchDelivery => Self::not_found(error.to_string()),
            ReplayDeliveryError::Refused(ReplayRefusal::NotDead { .. }) => {
                Self::conflict(Code::WrongState, &error)
            }
            ReplayDeliveryError::Db(cause) => cause.into(),
        }
    }
}

impl From<CancelDeliveryError> for ApiError {
    fn from(error: CancelDeliveryError) -> Self {
        match error {
            CancelDeliveryError::NoSuchDelivery => Self::not_found(error.to_string()),
            CancelDeliveryError::Refused(CancelRefusal::UnderWay) => {
                Self::conflict(Code::AttemptUnderWay, &error)
            }
            CancelDeliveryError::Refused(CancelRefusal::Done | CancelRefusal::Needed { .. }) => {
                Self::conflict(Code::WrongState, &error)
            }
            CancelDeliveryError::Db(cause) => cause.into(),
        }
    }
}

impl From<ReplayDeadError> for ApiError {
    fn from(error: ReplayDeadError) -> Self {
        match error {
            ReplayDeadError::NoSuchApp => Self::no_such("app_id", &error),
            ReplayDeadError::Db(cause) => cause.into(),
        }
    }
}
