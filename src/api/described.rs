//! Bodies that are read piece by piece, as the readers of the documentation see them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::template::OpeningBody;
use crate::domain::{imported_terms::ImportedTerms, terms::Terms};

/// The terms of a new template, and how it begins.
pub struct NewTemplateBody;

/// The version that was read, and the terms to change.
pub struct TemplateEditBody;

/// The platform's id, and the terms that the platform does not know.
pub struct NewImportBody;

/// The fields of an upload.
pub struct BannerForm;

impl JsonSchema for NewTemplateBody {
    fn schema_name() -> Cow<'static, str> {
        "NewTemplateBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Terms::json_schema(generator);
        add(&mut schema, "state", generator.subschema_for::<OpeningBody>());
        schema
    }
}

impl JsonSchema for TemplateEditBody {
    fn schema_name() -> Cow<'static, str> {
        "TemplateEditBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Terms::json_schema(generator);
        let required = schema.get("required").and_then(Value::as_array).cloned();
        let required = required.unwrap_or_default();
        if let Some(Value::Object(fields)) = schema.get_mut("properties") {
            for (name, field) in fields {
                // The default of a creation is none of a change.
                field.as_object_mut().map(|field| field.remove("default"));
                if !required.contains(&name.as_str().into()) {
                    *field = json!({ "anyOf": [field, { "type": "null" }] });
                }
            }
        }
        add(&mut schema, "version", generator.subschema_for::<i32>());
        schema.insert("required".into(), json!(["version"]));
        let told = "A field given replaces the whole of it; null takes it back to what a creation without it means.";
        schema.insert("description".into(), told.into());
        schema
    }
}

impl JsonSchema for NewImportBody {
    fn schema_name() -> Cow<'static, str> {
        "NewImportBody".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ImportedTerms::json_schema(generator);
        let digits = json_schema!({ "type": "string", "pattern": "^[0-9]{1,18}$" });
        add(&mut schema, "platform_ref", digits);
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.push("platform_ref".into());
        }
        schema
    }
}

impl JsonSchema for BannerForm {
    fn schema_name() -> Cow<'static, str> {
        "BannerForm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "title": { "type": "string", "description": "What people read." },
                "dest_url": { "type": "string", "description": "Where it leads, in the mini-program." },
                "image": {
                    "type": "string",
                    "contentMediaType": "application/octet-stream",
                    "description": "PNG or JPEG, less than 2 MiB.",
                },
            },
            "required": ["title", "dest_url", "image"],
            "additionalProperties": false,
        })
    }
}

fn add(schema: &mut Schema, name: &str, field: Schema) {
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        fields.insert(name.to_owned(), field.to_value());
    }
}
