//! The schemas of what is taken and what is given, which differ: what may be left out on the way in is there on the way out.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    api::route::DescribeType,
    http::{
        error::ProblemView,
        page::{CURSOR, MOST},
    },
};

/// Where a schema that is taken, or the same both ways, stands in the document.
const SCHEMAS: &str = "#/components/schemas/";
/// Where a schema that is given stands until it is known whether it differs.
const GIVEN: &str = "#/given/";

/// Collects schemas while the document is built.
pub struct Schemas {
    /// Of what callers send.
    pub taken: SchemaGenerator,
    /// Of what callers get.
    pub given: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let taken = SchemaSettings::draft2020_12()
            .for_deserialize()
            .with(|settings| settings.definitions_path = "/components/schemas".into());
        let given = SchemaSettings::draft2020_12()
            .for_serialize()
            .with(|settings| settings.definitions_path = "/given".into());
        Self { taken: taken.into_generator(), given: given.into_generator() }
    }
}

impl Schemas {
    /// The schema of a body that callers send.
    pub fn taken(&mut self, describe: DescribeType) -> Value {
        let mut schema = describe(&mut self.taken).to_value();
        bound(&mut schema);
        schema
    }

    /// The schema of a body that callers get.
    pub fn given(&mut self, describe: DescribeType) -> Value {
        describe(&mut self.given).to_value()
    }

    /// The schema of a refusal.
    pub fn problem(&mut self) -> Value {
        self.given(SchemaGenerator::subschema_for::<ProblemView<'static>>)
    }

    /// The fields of a query, and those that must be there.
    pub fn query(&mut self, describe: DescribeType) -> (Map<String, Value>, BTreeSet<String>) {
        let schema = self.taken(describe);
        let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix(SCHEMAS));
        let mut schema = match name {
            Some(name) => self.taken.definitions().get(name).cloned().unwrap_or_default(),
            None => schema,
        };
        bound(&mut schema);
        let required = schema["required"].as_array().into_iter().flatten();
        let required = required.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let mut fields = schema["properties"].as_object().cloned().unwrap_or_default();
        fields.values_mut().for_each(present);
        if let Some(cursor) = fields.get_mut("cursor") {
            cursor["pattern"] = CURSOR.into();
        }
        if let Some(limit) = fields.get_mut("limit") {
            limit["minimum"] = json!(1);
            limit["maximum"] = json!(MOST);
        }
        (fields, required)
    }

    /// Writes all schemas that the document needs into it, those that differ on the way out under a name of their own.
    pub fn settle(mut self, document: &mut Value) {
        let mut taken = self.taken.take_definitions(false);
        taken.values_mut().for_each(bound);
        let given = self.given.take_definitions(false);
        let differing = differing(&taken, &given);
        let settled = |name: &str| {
            let suffix = if differing.contains(name) { "View" } else { "" };
            format!("{name}{suffix}")
        };
        let rename = |path: &mut String| {
            if let Some(name) = path.strip_prefix(GIVEN) {
                *path = format!("{SCHEMAS}{}", settled(name));
            }
        };
        for (name, mut schema) in given {
            each_reference(&mut schema, &rename);
            taken.entry(settled(&name)).or_insert(schema);
        }
        each_reference(document, &rename);
        document["components"]["schemas"] = needed(&taken, document).into_iter().collect();
    }
}

/// The names that mean another thing on the way out, if only because of what they refer to.
fn differing(taken: &Map<String, Value>, given: &Map<String, Value>) -> BTreeSet<String> {
    let mut differing = BTreeSet::new();
    loop {
        let before = differing.len();
        for (name, schema) in given {
            let Some(other) = taken.get(name) else { continue };
            let (mut same, mut refers) = (schema.clone(), false);
            bound(&mut same);
            let references = names(schema, GIVEN);
            refers |= references.iter().any(|name| differing.contains(name));
            each_reference(&mut same, &|path| *path = path.replace(GIVEN, SCHEMAS));
            if refers || same != *other {
                differing.insert(name.clone());
            }
        }
        if differing.len() == before {
            return differing;
        }
    }
}

/// The schemas that the document refers to, and those that they refer to.
fn needed(schemas: &Map<String, Value>, document: &Value) -> BTreeMap<String, Value> {
    let mut needed = BTreeMap::new();
    let mut open = names(document, SCHEMAS);
    while let Some(name) = open.pop_first() {
        if let Some(schema) = schemas.get(&name).filter(|_| !needed.contains_key(&name)) {
            open.extend(names(schema, SCHEMAS));
            needed.insert(name, schema.clone());
        }
    }
    needed
}

fn names(value: &Value, place: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                let path = fields.get("$ref").and_then(Value::as_str);
                found.extend(path.and_then(|path| path.strip_prefix(place)).map(str::to_owned));
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

fn each_reference(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(path)) = fields.get_mut("$ref") {
                change(path);
            }
            fields.values_mut().for_each(|field| each_reference(field, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_reference(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Says what a format only hints at: which whole numbers fit.
fn bound(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let bounds = match fields.get("format").and_then(Value::as_str) {
                Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
                Some("uint32") => Some((0, i64::from(u32::MAX))),
                Some("int64") => Some((i64::MIN, i64::MAX)),
                _ => None,
            };
            if let Some((least, most)) = bounds {
                fields.entry("minimum").or_insert(json!(least));
                fields.entry("maximum").or_insert(json!(most));
            }
            fields.values_mut().for_each(bound);
        }
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A parameter is left out, never null.
fn present(field: &mut Value) {
    let null = json!("null");
    if let Some(kinds) = field.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| *kind != null);
        if let [kind] = kinds.as_slice() {
            field["type"] = kind.clone();
        }
    }
    if let Some(choices) = field.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != null);
    }
    if let Some(Value::Array(values)) = field.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(fields) = field.as_object_mut() {
        fields.retain(|name, value| name != "default" || !value.is_null());
    }
}
