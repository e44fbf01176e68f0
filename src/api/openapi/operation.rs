//! One route as the contract tells it.

use serde_json::{Map, Value, json};

use super::{example::Example, idempotency_key, operation_id, path_parameter, schemas::Schemas};
use crate::{
    api::route::{Content, Route},
    domain::access::{Asks, Permission, Role, Scope},
};

/// The operation, with an example where there is one.
pub fn describe(route: &Route, schemas: &mut Schemas, example: Option<&Example>) -> Value {
    let mut parameters = Vec::new();
    for name in variables(route.path) {
        let schema = path_parameter(name, &mut schemas.taken);
        let example = example.and_then(|example| example.path.get(name));
        parameters.push(parameter("path", name, true, schema, example));
    }
    if let Some(describe) = route.doc.query {
        let (fields, required) = schemas.query(describe);
        for (name, schema) in fields {
            let example = example.and_then(|example| example.query.get(&name));
            let required = required.contains(&name);
            parameters.push(parameter("query", &name, required, schema, example));
        }
    }
    if let Some(required) = idempotency_key(route) {
        let schema = json!({ "type": "string", "pattern": "^[!-~]{1,255}$" });
        let example = example.and_then(|example| example.idempotency_key.clone());
        let example = example.map(Value::String);
        let mut key = parameter("header", "Idempotency-Key", required, schema, example.as_ref());
        key["description"] = "Names this act: the same key again is answered the same.".into();
        parameters.push(key);
    }
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [tag(route.path)],
        "summary": route.doc.summary,
        "parameters": parameters,
        "responses": responses(route, schemas, example),
        "security": security(route.asks),
    });
    if let Asks::Staff(permission) = route.asks {
        operation["description"] = allowed(permission).into();
    }
    if let Some(takes) = &route.doc.takes {
        let schema = schemas.taken(takes.describe);
        let content = content(takes, &schema, example.and_then(|example| example.body.as_ref()));
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// A refusal.
pub fn refusal(description: &str, problem: &Value) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": problem } },
    })
}

/// The names in braces.
pub fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(
    place: &str,
    name: &str,
    required: bool,
    mut schema: Value,
    example: Option<&Value>,
) -> Value {
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut parameter =
        json!({ "in": place, "name": name, "required": required, "schema": schema });
    for (member, value) in [("description", description), ("example", example.cloned())] {
        if let Some(value) = value {
            parameter[member] = value;
        }
    }
    parameter
}

fn content(content: &Content, schema: &Value, example: Option<&Value>) -> Value {
    let mut described = json!({ "schema": schema });
    if let Some(example) = example {
        described["example"] = example.clone();
    }
    let kinds = content.media_type.split(", ");
    kinds.map(|kind| (kind.to_owned(), described.clone())).collect()
}

fn responses(route: &Route, schemas: &mut Schemas, example: Option<&Example>) -> Value {
    let mut responses = Map::new();
    let first = route.doc.status;
    let shown = example.map_or(first, |example| example.status);
    for status in [Some(first), route.doc.or_status].into_iter().flatten() {
        let mut response = json!({ "description": success(route, status) });
        if let Some(gives) = &route.doc.gives {
            let schema = schemas.given(gives.describe);
            let example = example.filter(|_| status == shown);
            response["content"] =
                content(gives, &schema, example.and_then(|example| example.response.as_ref()));
        }
        responses.insert(status.to_string(), response);
    }
    let problem = schemas.problem();
    for (status, description) in refusals(route) {
        responses.insert(status.to_owned(), refusal(description, &problem));
    }
    responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
    responses.into()
}

fn success(route: &Route, status: u16) -> &'static str {
    match status {
        200 if route.doc.status == 201 => {
            "Done before and not now: this tells what it has become since, and it may have been undone."
        }
        201 => "Done now.",
        202 => "Promised: the platform is still to hear of it.",
        204 => "Done; there is nothing to say.",
        _ => "Done.",
    }
}

/// The refusals that this route can come to.
fn refusals(route: &Route) -> impl Iterator<Item = (&'static str, &'static str)> {
    let staff = matches!(route.asks, Asks::Staff(_));
    let ours = route.path.starts_with("/v1/");
    let (changes, takes) = (route.method != "get", route.doc.takes.is_some());
    let names_something = route.path.contains('{') || takes;
    [
        (true, "400", "Unreadable: the body, a parameter or a header."),
        (true, "401", "Nobody we know: no key or session, or none that counts."),
        (staff, "403", "Known, and not allowed this."),
        (names_something, "404", "Not there, or not yours."),
        (changes, "409", "Its state, or a limit, says no."),
        (takes, "413", "Too large."),
        (takes, "415", "Another kind of body is taken here."),
        (changes || takes, "422", "Readable, and wrong: `problems` lists all of it."),
        (ours, "429", "Too many calls; `Retry-After` says when to come back."),
        (ours, "503", "Too busy; try again, with the same `Idempotency-Key` where there is one."),
    ]
    .into_iter()
    .filter_map(|(applies, status, description)| applies.then_some((status, description)))
}

fn security(asks: Asks) -> Value {
    match asks {
        Asks::Nothing => json!([]),
        Asks::Holder => json!([{ "session": [] }]),
        Asks::Operator => json!([{ "operator": [] }]),
        Asks::Staff(_) => json!([{ "key": [] }, { "operator": [] }]),
    }
}

fn allowed(permission: Permission) -> String {
    let roles = Role::ALL.into_iter().filter(|role| role.allows(permission));
    let scopes = Scope::ALL.into_iter().filter(|scope| scope.allows(permission));
    let roles: Vec<_> = roles.map(Role::as_str).collect();
    let scopes: Vec<_> = scopes.map(Scope::as_str).collect();
    format!("For the roles {} and keys with the scope {}.", roles.join(", "), scopes.join(" or "))
}

fn tag(path: &str) -> String {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("v1"), Some("admin"), Some(part)) => format!("admin: {part}"),
        (Some("v1"), Some("mini"), _) => "mini-program".to_owned(),
        (Some("v1"), ..) => "servers and tills".to_owned(),
        _ => "contract".to_owned(),
    }
}
