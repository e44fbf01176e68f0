//! `/v1/admin/placements/{placement}/stock-additions`: named changes of stock, each applied once.

use axum::{Extension, extract::State};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiState, delivery_brief::DeliveryBrief};
use crate::{
    domain::{
        id::{AdditionId, PlacementId},
        problem::Problem,
        stock::Way,
    },
    http::{
        code::Code,
        error::ApiError,
        extract::{Json, Path, Query},
        page::{ListQuery, Page},
    },
    service::{
        add_stock::{self, AddStockError, Added, NewAddition},
        authenticate::Caller,
    },
    store::{self, delivery::open::Open, stock_addition::StockAddition},
};

/// The body of a change; a negative amount takes unissued stock back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdditionBody {
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    name: String,
    #[serde(default = "take")]
    way: Way,
    #[schemars(range(min = -1_000_000_000, max = 1_000_000_000))]
    amount: i64,
}

/// A change as it is shown, with what its platform is owed of it.
#[derive(Serialize, JsonSchema)]
pub struct AdditionView {
    id: AdditionId,
    placement_id: PlacementId,
    way: Way,
    name: String,
    amount: i64,
    added_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryBrief>,
    added_at: DateTime<Utc>,
}

const fn take() -> Way {
    Way::Take
}

/// `POST …/stock-additions`: 201 when the stock has changed, 200 when it already had.
pub async fn create(
    State(state): State<ApiState>,
    Path(placement): Path<PlacementId>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<NewAdditionBody>,
) -> Result<(StatusCode, Json<AdditionView>), ApiError> {
    let NewAdditionBody { name, way, amount } = body;
    let new = NewAddition { placement, way, name, amount, added_by: caller.name };
    let (status, addition) = match add_stock::add_stock(&state.db, state.now(), new).await? {
        Added::Now(addition) => (StatusCode::CREATED, addition),
        Added::Before(addition) => (StatusCode::OK, addition),
    };
    let mut conn = state.db.acquire().await?;
    let names = [addition.name.clone()];
    let owed = store::delivery::open::list_additions(&mut conn, addition.app, &names).await?;
    Ok((status, Json(AdditionView::from((addition, owed.as_slice())))))
}

/// `GET …/stock-additions`
pub async fn list(
    State(state): State<ApiState>,
    Path(placement): Path<PlacementId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AdditionView>>, ApiError> {
    let slice = query.slice()?;
    let mut conn = state.db.acquire().await?;
    let there = store::placement::find(&mut conn, placement).await?;
    let app = there.ok_or(AddStockError::NoSuchPlacement)?.app;
    let before = slice.before.map(AdditionId::from);
    let rows = store::stock_addition::list(&mut conn, placement, before, slice.to_read()).await?;
    let names: Vec<_> = rows.iter().map(|addition| addition.name.clone()).collect();
    let owed = store::delivery::open::list_additions(&mut conn, app, &names).await?;
    let rows = rows.into_iter().map(|row| (row, owed.as_slice())).collect();
    Ok(Json(slice.page(rows, |(addition, _)| addition.id.uuid())))
}

impl From<(StockAddition, &[(String, Open)])> for AdditionView {
    fn from((addition, owed): (StockAddition, &[(String, Open)])) -> Self {
        let StockAddition { id, placement, way, name, amount, added_by, added_at, .. } = addition;
        let delivery = owed.iter().find(|(known, _)| *known == name);
        let delivery = delivery.map(|(_, open)| DeliveryBrief::from(open));
        Self { id, placement_id: placement, way, name, amount, added_by, delivery, added_at }
    }
}

impl From<AddStockError> for ApiError {
    fn from(error: AddStockError) -> Self {
        match error {
            AddStockError::Invalid(problems) => Self::invalid(problems),
            AddStockError::NoSuchPlacement => Self::not_found(error.to_string()),
            AddStockError::WayOfNobody => {
                Self::invalid(vec![Problem { param: "way", message: error.to_string() }])
            }
            AddStockError::NameTaken => Self::conflict(Code::NameTaken, &error).at("name"),
            AddStockError::StockBelowIssued => Self::conflict(Code::StockBelowIssued, &error),
            AddStockError::Db(cause) => cause.into(),
        }
    }
}
