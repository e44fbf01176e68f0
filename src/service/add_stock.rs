//! Adds stock to a placement, or takes unissued stock back; under one name once. A platform that hands coupons out itself
//! is owed the addition.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{
    domain::{
        id::{AdditionId, PlacementId},
        placement::PlacementState,
        problem::Problem,
        statistics::Measure,
        stock::{self, Way},
    },
    store::{
        self, delivery::owe::Owed, placement::Placement, stock_addition::StockAddition,
        tally::Note, violates,
    },
};

/// The change to make.
#[derive(Debug)]
pub struct NewAddition {
    /// Whose stock.
    pub placement: PlacementId,
    /// Which of its two.
    pub way: Way,
    /// The caller's name of it, unique on the placement's app.
    pub name: String,
    /// Negative to take back.
    pub amount: i64,
    /// The name of the API key.
    pub added_by: String,
}

/// What came of it.
#[derive(Debug)]
pub enum Added {
    /// The stock has changed.
    Now(StockAddition),
    /// It had changed already, under the same name and in the same way; nothing more was done.
    Before(StockAddition),
}

/// Why the stock stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum AddStockError {
    /// Name or amount will not do.
    #[error("some values are not acceptable")]
    Invalid(Vec<Problem>),
    /// On its platform nobody gives coupons out that way, or the stock of it grows by itself.
    #[error("take, or claim where coupons are given through us")]
    WayOfNobody,
    /// There is none of this id.
    #[error("no such placement")]
    NoSuchPlacement,
    /// The app has another addition of this name.
    #[error("this name stands for another addition on the app")]
    NameTaken,
    /// So much was issued that not enough is left to take back.
    #[error("not enough unissued stock to take back")]
    StockBelowIssued,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
}

/// Applies an addition unless it already was.
pub async fn add_stock(
    db: &PgPool,
    now: DateTime<Utc>,
    new: NewAddition,
) -> Result<Added, AddStockError> {
    stock::check_addition(&new.name, new.amount).map_err(AddStockError::Invalid)?;
    let mut tx = store::begin(db).await?;

    let placement = store::placement::find(&mut tx, new.placement).await?;
    let placement = placement.ok_or(AddStockError::NoSuchPlacement)?;
    let app = placement.app;
    let gives_by_itself = placement.platform.gives_by_itself();
    if new.way == Way::Gift || gives_by_itself && new.way != Way::Take {
        return Err(AddStockError::WayOfNobody);
    }
    // Whether the platform knows the placement must not change before this is committed: see `Publication`.
    let placement = if gives_by_itself {
        let locked = store::placement::lock(&mut tx, new.placement).await?;
        locked.ok_or(AddStockError::NoSuchPlacement)?
    } else {
        placement
    };
    let addition = StockAddition {
        id: AdditionId::new(now),
        app,
        placement: new.placement,
        way: new.way,
        name: new.name,
        amount: new.amount,
        added_by: new.added_by,
        added_at: now,
    };
    if !store::stock_addition::insert_once(&mut tx, &addition).await? {
        let before = store::stock_addition::get_by_name(&mut tx, app, &addition.name).await?;
        let same = (before.placement, before.way, before.amount)
            == (addition.placement, addition.way, addition.amount);
        return if same { Ok(Added::Before(before)) } else { Err(AddStockError::NameTaken) };
    }
    store::stock::add(&mut tx, addition.placement, addition.way, addition.amount).await.map_err(
        |error| {
            if violates(&error, "stock_never_oversold") {
                AddStockError::StockBelowIssued
            } else {
                error.into()
            }
        },
    )?;
    let note = Note {
        template: placement.template,
        app,
        measure: Measure::Offered,
        count: addition.amount,
    };
    store::tally::note(&mut tx, now, &[note]).await?;
    if let Some(owed) = owed(now, &placement, &addition) {
        store::delivery::owe::owe(&mut tx, now, &owed).await?;
    }

    tx.commit().await?;
    tracing::info!(
        placement.id = %addition.placement, way = addition.way.as_str(), addition.amount, "stock added"
    );
    Ok(Added::Now(addition))
}

/// What the platform is owed of an addition; nothing of a placement that no longer stands there.
fn owed(now: DateTime<Utc>, placement: &Placement, addition: &StockAddition) -> Option<Owed> {
    let StockAddition { id, app, way, name, amount, .. } = addition;
    let is_shown =
        placement.platform.keeps_a_wallet() && placement.state != PlacementState::Withdrawn;
    if *way != Way::Take || !is_shown {
        return None;
    }
    if placement.platform.gives_by_itself() {
        // One that does not know the placement is told of all there is when it is published.
        let is_known = placement.platform_ref.is_some();
        return is_known.then(|| Owed::change_stock(now, *app, placement.id, name));
    }
    // What is taken back is not owed: the platform knows additions only.
    (*amount > 0).then(|| Owed::add_stock(now, *app, placement.id, *id, name))
}
