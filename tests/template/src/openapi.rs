//! `infra/openapi.yaml` as data, and whether a value is what one of its schemas promises.
//!
//! The check knows the keywords that the document uses and refuses any other, so that none is read as "anything goes".

use anyhow::Context;
use serde_json::{Map, Value};

use crate::template::each;

/// The whole document.
#[derive(Clone, Debug)]
pub struct OpenApi(Value);

/// One operation of the document.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// `GET`, `POST`…
    pub method: &'a str,
    /// The path, with its parameters in braces.
    pub path: &'a str,
    /// What the document says of it.
    pub value: &'a Value,
}

/// An example, with the schema it must fit.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The status it is an answer with, or `request`.
    pub place: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The example itself.
    pub value: &'a Value,
    /// Its schema.
    pub schema: &'a Value,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Keywords that say nothing about which values fit, or what other tests look after.
const NOTES: [&str; 8] = [
    "title",
    "description",
    "default",
    "examples",
    "format",
    "pattern",
    "dependentRequired",
    "summary",
];

impl OpenApi {
    /// Reads `infra/openapi.yaml`.
    ///
    /// # Errors
    /// When it is not there or not YAML.
    pub fn read() -> anyhow::Result<Self> {
        let path = crate::root().join("infra").join("openapi.yaml");
        let text = std::fs::read_to_string(&path).context("reading infra/openapi.yaml")?;
        Ok(Self(
            serde_yaml_ng::from_str(&text).context("reading YAML")?,
        ))
    }

    /// All of it.
    #[must_use]
    pub const fn whole(&self) -> &Value {
        &self.0
    }

    /// A schema by its name.
    ///
    /// # Panics
    /// When there is none: a test that asks for it is out of date.
    #[must_use]
    pub fn schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(!schema.is_null(), "the document has no schema {name}");
        schema
    }

    /// Follows a reference, if the value is one.
    ///
    /// # Panics
    /// When the reference leads nowhere.
    #[must_use]
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else {
            return value;
        };
        let pointer = reference
            .strip_prefix('#')
            .expect("references stay in the document");
        let target = self.0.pointer(pointer);
        assert!(target.is_some(), "{reference} leads nowhere");
        self.resolve(target.expect("asserted just now"))
    }

    /// Every operation, in the order of the paths.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let mut found = Vec::new();
        for (path, item) in members(&self.0["paths"]) {
            for (method, value) in members(item).filter(|(name, _)| METHODS.contains(name)) {
                found.push(Operation {
                    method,
                    path,
                    value,
                });
            }
        }
        found
    }

    /// Every example of every operation.
    #[must_use]
    pub fn examples(&self) -> Vec<Example<'_>> {
        let mut found = Vec::new();
        for operation in self.operations() {
            self.collect("request", &operation.value["requestBody"], &mut found);
            for (status, response) in members(&operation.value["responses"]) {
                self.collect(status, self.resolve(response), &mut found);
            }
        }
        found
    }

    fn collect<'a>(&'a self, place: &'a str, holder: &'a Value, found: &mut Vec<Example<'a>>) {
        for (_, media) in members(&holder["content"]) {
            for (name, example) in members(&media["examples"]) {
                let value = &self.resolve(example)["value"];
                found.push(Example {
                    place,
                    name,
                    value,
                    schema: &media["schema"],
                });
            }
        }
    }

    /// What is wrong with a value that should be as the named schema says; empty if nothing is.
    #[must_use]
    pub fn check(&self, schema: &str, value: &Value) -> Vec<String> {
        self.check_against(self.schema(schema), value)
    }

    /// What is wrong with a value that should be as this schema says; empty if nothing is.
    #[must_use]
    pub fn check_against(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.fit(schema, value, "", &mut wrong);
        wrong
    }

    fn fit(&self, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let schema = self.resolve(schema);
        let mut note = |text: String| wrong.push(format!("{place}: {text}"));
        for (keyword, rule) in members(schema) {
            let fits = match keyword {
                "type" => each(rule).into_iter().any(|kind| is_of(kind, value)),
                "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
                "const" => rule == value,
                "minimum" => value.as_i64().is_none_or(|n| Some(n) >= rule.as_i64()),
                "maximum" => value.as_i64().is_none_or(|n| Some(n) <= rule.as_i64()),
                "minLength" => length(value).is_none_or(|n| Some(n) >= rule.as_u64()),
                "maxLength" => length(value).is_none_or(|n| Some(n) <= rule.as_u64()),
                "minItems" => items(value).is_none_or(|list| Some(list.len()) >= count(rule)),
                "maxItems" => items(value).is_none_or(|list| Some(list.len()) <= count(rule)),
                "uniqueItems" => items(value)
                    .is_none_or(|list| (1..list.len()).all(|at| !list[..at].contains(&list[at]))),
                "required" => {
                    !value.is_object() || texts(rule).all(|name| value.get(name).is_some())
                }
                "properties" | "additionalProperties" | "items" | "oneOf" | "allOf" => true,
                other => NOTES.contains(&other),
            };
            if !fits {
                note(format!("{value} does not fit {keyword}: {rule}"));
            }
        }
        self.fit_members(schema, value, place, wrong);
        for all in schema["allOf"].as_array().into_iter().flatten() {
            self.fit(all, value, place, wrong);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let fitting = choices
                .iter()
                .filter(|one| self.check_against(one, value).is_empty());
            let count = fitting.count();
            if count != 1 {
                wrong.push(format!("{place}: {value} fits {count} of oneOf"));
            }
        }
    }

    fn fit_members(&self, schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
        for (name, inner) in members(value) {
            let place = format!("{place}/{name}");
            let known = &schema["properties"][name];
            match (known, &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => wrong.push(format!("{place}: not known")),
                (Value::Null, Value::Null | Value::Bool(true)) => {}
                (Value::Null, others) => self.fit(others, inner, &place, wrong),
                (known, _) => self.fit(known, inner, &place, wrong),
            }
        }
        let items = &schema["items"];
        if let (Some(list), false) = (value.as_array(), items.is_null()) {
            for (index, inner) in list.iter().enumerate() {
                self.fit(items, inner, &format!("{place}/{index}"), wrong);
            }
        }
    }
}

/// The members of an object; none of anything else.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flat_map(Map::iter);
    members.map(|(name, value)| (name.as_str(), value))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        Some(_) | None => false,
    }
}

fn items(value: &Value) -> Option<&Vec<Value>> {
    value.as_array()
}

fn count(rule: &Value) -> Option<usize> {
    rule.as_u64().and_then(|count| usize::try_from(count).ok())
}

fn length(value: &Value) -> Option<u64> {
    u64::try_from(value.as_str()?.chars().count()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        let document = OpenApi(json!({ "components": { "schemas": {
            "Thing": {
                "type": "object",
                "additionalProperties": false,
                "required": ["n"],
                "properties": {
                    "n": { "type": "integer", "minimum": 1 },
                    "word": { "oneOf": [{ "enum": ["a", "b"] }, { "type": "null" }] },
                    "list": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } },
                },
            },
            "Odd": { "multipleOf": 3 },
        } } }));
        let wrong = |value: Value| document.check("Thing", &value);
        assert!(wrong(json!({ "n": 1, "word": null, "list": [{ "n": 2 }] })).is_empty());
        assert_eq!(wrong(json!({})).len(), 1);
        assert_eq!(wrong(json!({ "n": 0 })).len(), 1);
        assert_eq!(wrong(json!({ "n": 1, "word": "c" })).len(), 1);
        assert_eq!(wrong(json!({ "n": 1, "other": 1 })), ["/other: not known"]);
        assert_eq!(wrong(json!({ "n": 1, "list": [{ "n": "2" }] })).len(), 1);
        assert_eq!(
            document.check("Odd", &json!(3)).len(),
            1,
            "an unknown keyword is no blank cheque"
        );
    }
}
