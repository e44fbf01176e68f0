//! What is owed, as it is shown beside what it is about.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        delivery::{DeliveryKind, DeliveryState},
        id::DeliveryId,
    },
    store::delivery::open::Open,
};

/// A delivery in short.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryBrief {
    id: DeliveryId,
    kind: DeliveryKind,
    state: DeliveryState,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<&Open> for DeliveryBrief {
    fn from(open: &Open) -> Self {
        Self { id: open.id, kind: open.kind, state: open.state, note: open.note.clone() }
    }
}
