//! The published contract: it tells every route and nothing else, and it can be read on a page that asks nobody else.

use std::collections::BTreeSet;

use axum::body::Body;
use http_body_util::BodyExt;
use kaquan::api::{openapi, route};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::admin::Admin;

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap();
        operations.iter().map(move |(method, operation)| (method, path, operation))
    })
}

/// Everything in the document, with the way to it.
fn walk(value: &Value, way: &str, see: &mut impl FnMut(&str, &Value)) {
    see(way, value);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| walk(field, &format!("{way}/{name}"), see));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, way, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The text behind an address that needs no key.
async fn open_page(path: &str) -> (http::HeaderMap, String) {
    let admin = Admin::new().await;
    let request = http::Request::get(path).body(Body::empty()).unwrap();
    let response = admin.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn the_contract_tells_every_route_and_nothing_else() {
    let document = openapi::document();

    let told: BTreeSet<_> =
        operations(&document).map(|(method, path, _)| (method.clone(), path.clone())).collect();

    let routes: BTreeSet<_> =
        route::all().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(told, routes);
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = openapi::document();

    let names: Vec<_> = operations(&document)
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect();

    let different: BTreeSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len());
}

#[test]
fn what_was_done_before_is_told_as_it_has_become_since() {
    let document = openapi::document();
    for path in ["/v1/redemptions", "/v1/mini/redemptions", "/v1/locks"] {
        let told = &document["paths"][path]["post"]["responses"]["200"]["description"];

        assert!(told.as_str().unwrap().contains("it may have been undone"), "{path}: {told}");
    }
    let told = &document["components"]["schemas"]["RedemptionView"]["description"];
    assert!(told.as_str().unwrap().contains("look at `given_back_at`"), "{told}");
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_needed() {
    let document = openapi::document();

    let mut led = BTreeSet::new();
    walk(&document, "", &mut |way, value| {
        if let Some(path) = value.get("$ref").and_then(Value::as_str) {
            let place = document.pointer(path.strip_prefix('#').unwrap());
            assert!(place.is_some(), "{way}: {path} leads nowhere");
            led.insert(path.rsplit('/').next().unwrap().to_owned());
        }
    });

    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(led.contains(name), "nobody needs {name}");
        // A number is what a name gets that two types share.
        assert!(!name.ends_with(|last: char| last.is_ascii_digit()), "{name} means two things");
    }
}

#[test]
fn every_part_of_a_path_says_what_it_looks_like() {
    for (method, path, operation) in operations(&openapi::document()) {
        let told: Vec<_> = operation["parameters"].as_array().unwrap().clone();
        let told: Vec<_> = told.iter().filter(|parameter| parameter["in"] == "path").collect();

        assert_eq!(told.len(), path.matches('{').count(), "{method} {path}");
        for parameter in told {
            assert!(parameter["schema"]["pattern"].is_string(), "{method} {path}: {parameter}");
        }
    }
}

#[test]
fn what_may_be_left_out_on_the_way_in_is_there_on_the_way_out() {
    let document = openapi::document();
    let schemas = &document["components"]["schemas"];
    let requires = |schema: &str, field: &str| {
        schemas[schema]["required"].as_array().unwrap().contains(&field.into())
    };

    assert!(!requires("NewTemplateBody", "scope"));
    assert!(requires("TemplateView", "scope"));
    assert_eq!(schemas["NewTemplateBody"]["additionalProperties"], false);
}

#[tokio::test]
async fn the_contract_is_served_to_anybody() {
    let (headers, text) = open_page("/openapi.json").await;

    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), openapi::document());
}

#[tokio::test]
async fn the_page_asks_no_outside_host() {
    let (headers, page) = open_page("/docs").await;
    let (_, script) = open_page("/docs/reader.js").await;

    let policy = headers["content-security-policy"].to_str().unwrap();
    for directive in policy.split(';').map(str::trim) {
        let sources = directive.split(' ').skip(1);
        for source in sources {
            let own = ["'none'", "'self'", "'unsafe-inline'", "data:"].contains(&source);
            assert!(own, "{directive}: {source}");
        }
    }
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!page.contains("//"), "{page}");
    for address in page.split('"').filter(|text| text.starts_with('/')) {
        assert!(["/docs/reader.js", "/openapi.json"].contains(&address), "{address}");
    }
    assert!(script.contains("rapi-doc"));
}

#[tokio::test]
async fn a_parameter_that_nobody_looks_at_is_refused() {
    let admin = Admin::new().await;
    let app = admin.given_app("key").await;

    let reply = admin.get(&format!("/v1/admin/apps/{app}?verbose=1")).await;

    reply.problem(400, "invalid_query");
}
