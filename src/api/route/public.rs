//! What anybody may read: the contract of this API.

use serde_json::{Map, Value};

use super::Route;
use crate::api::{openapi, reader};

/// For everybody.
pub const PUBLIC: &[Route] = super::routes! {
    get "/openapi.json" [Nothing] => openapi::show,
        "This contract, as OpenAPI 3.1",
        gives 200 Map<String, Value>;
    get "/docs" [Nothing] => reader::page,
        "This contract, as a page for people",
        gives 200 "text/html" String;
    get "/docs/reader.js" [Nothing] => reader::script,
        "What draws that page",
        gives 200 "text/javascript" String;
};
