//! `/openapi.json`: the contract of this API, built from the list of routes and the types that they take and give.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use self::schemas::Schemas;
use super::route::{self, Route, keeping::Keeping};
use crate::domain::id::{
    AppId, BannerId, CardClaimId, CouponId, DeliveryId, GatewayClientId, GatewayGrantId, HolderId,
    ImportId, KeyId, OperatorId, PageId, PlacementId, ReconciliationId, RedemptionId, SessionId,
    TemplateId,
};

pub mod example;
mod operation;
mod schemas;

/// It does not change while the server runs.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

const INTRODUCTION: &str = "The coupon backend (卡券) that a merchant runs on its own server.\n\n\
    JSON in snake_case; money in fen; moments in RFC 3339, shown in UTC. Fields and parameters that \
    an operation does not know are refused. Every answer carries `X-Request-Id`. A refusal is a \
    problem document whose `code` is part of this contract. Members may be added to answers; \
    readers ignore those that they do not know.";

/// `GET /openapi.json`
pub async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}

/// The whole contract.
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let examples = example::all();
    let mut paths = Map::new();
    for route in route::all() {
        let example = examples.iter().find(|example| example.operation == operation_id(route));
        let operation = operation::describe(route, &mut schemas, example);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation;
    }
    let problem = schemas.problem();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "kaquan",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": {},
            "securitySchemes": {
                "key": bearer("kq_…", "An API key of the merchant's servers and tills."),
                "operator": bearer("ko_…", "A session of somebody who works for the merchant."),
                "session": bearer("ks_…", "A session of somebody in a mini-program."),
            },
            "responses": { "Problem": operation::refusal("No.", &problem) },
        },
    });
    schemas.settle(&mut document);
    document
}

/// What an operation is called: the function that answers it.
pub fn operation_id(route: &Route) -> String {
    route.name.replace(' ', "").replace("::", "_")
}

/// Whether a call of the route takes an `Idempotency-Key`, and whether it must have one.
pub fn idempotency_key(route: &Route) -> Option<bool> {
    match Keeping::of(route) {
        Keeping::Nothing => None,
        keeping @ (Keeping::OwnKey | Keeping::Kept | Keeping::Required | Keeping::Sealed) => {
            Some(keeping.requires_key())
        }
    }
}

/// What stands in the path under this name.
fn path_parameter(name: &str, generator: &mut SchemaGenerator) -> Value {
    let schema = match name {
        "app" | "endpoint" => generator.subschema_for::<AppId>(),
        "banner" => generator.subschema_for::<BannerId>(),
        "claim" => generator.subschema_for::<CardClaimId>(),
        "client" => generator.subschema_for::<GatewayClientId>(),
        "coupon" => generator.subschema_for::<CouponId>(),
        "delivery" => generator.subschema_for::<DeliveryId>(),
        "grant" => generator.subschema_for::<GatewayGrantId>(),
        "import" => generator.subschema_for::<ImportId>(),
        "holder" => generator.subschema_for::<HolderId>(),
        "key" => generator.subschema_for::<KeyId>(),
        "operator" => generator.subschema_for::<OperatorId>(),
        "page" => generator.subschema_for::<PageId>(),
        "placement" => generator.subschema_for::<PlacementId>(),
        "reconciliation" => generator.subschema_for::<ReconciliationId>(),
        "redemption" => generator.subschema_for::<RedemptionId>(),
        "session" => generator.subschema_for::<SessionId>(),
        "template" => generator.subschema_for::<TemplateId>(),
        "uid" => schemars::json_schema!({ "type": "string", "pattern": "^[!-~]{1,64}$" }),
        _ => generator.subschema_for::<String>(),
    };
    schema.to_value()
}

fn bearer(format: &str, description: &str) -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": format,
        "description": description,
    })
}
