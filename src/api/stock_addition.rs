//! `/v1/admin/placements/{placement}/stock-additions`: named changes of stock, each applied once.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::AdminState;
use crate::{
    domain::{
        id::{AdditionId, PlacementId},
        stock::Way,
    },
    http::{
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        add_stock::{self, AddStockError, Added, NewAddition},
        authenticate::Caller,
    },
    store::{self, stock_addition::StockAddition},
};

/// The body of a change; a negative amount takes unissued stock back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAdditionBody {
    name: String,
    #[serde(default = "take")]
    way: Way,
    amount: i64,
}

/// A change as it is shown.
#[derive(Serialize)]
pub struct AdditionView {
    id: AdditionId,
    placement_id: PlacementId,
    way: Way,
    name: String,
    amount: i64,
    added_by: String,
    added_at: DateTime<Utc>,
}

const fn take() -> Way {
    Way::Take
}

/// `POST …/stock-additions`: 201 when the stock has changed, 200 when it already had.
pub async fn create(
    State(state): State<AdminState>,
    Path(placement): Path<PlacementId>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewAdditionBody>,
) -> Result<(StatusCode, Json<AdditionView>), ApiError> {
    let NewAdditionBody { name, way, amount } = body;
    let new = NewAddition { placement, way, name, amount, added_by: caller.name };
    match add_stock::add_stock(&state.db, state.now(), new).await? {
        Added::Now(addition) => Ok((StatusCode::CREATED, Json(addition.into()))),
        Added::Before(addition) => Ok((StatusCode::OK, Json(addition.into()))),
    }
}

/// `GET …/stock-additions`
pub async fn list(
    State(state): State<AdminState>,
    Path(placement): Path<PlacementId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AdditionView>>, ApiError> {
    let slice = query.slice()?;
    let mut conn = state.db.acquire().await?;
    let there = store::placement::find(&mut conn, placement).await?;
    there.ok_or(AddStockError::NoSuchPlacement)?;
    let before = slice.before.map(AdditionId::from);
    let rows = store::stock_addition::list(&mut conn, placement, before, slice.to_read()).await?;
    Ok(Json(slice.page(rows, |addition| addition.id.uuid())))
}

impl From<StockAddition> for AdditionView {
    fn from(addition: StockAddition) -> Self {
        let StockAddition { id, placement, way, name, amount, added_by, added_at, .. } = addition;
        Self { id, placement_id: placement, way, name, amount, added_by, added_at }
    }
}

impl From<AddStockError> for ApiError {
    fn from(error: AddStockError) -> Self {
        match error {
            AddStockError::Invalid(problems) => Self::invalid(problems),
            AddStockError::NoSuchPlacement => Self::not_found(error.to_string()),
            AddStockError::NameTaken => Self::conflict("name_taken", &error).at("name"),
            AddStockError::StockBelowIssued => Self::conflict("stock_below_issued", &error),
            AddStockError::Db(cause) => cause.into(),
        }
    }
}
