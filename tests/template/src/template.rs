//! `template.yaml` as JSON, and what the tests ask of it.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::{Map, Value, json};
use serde_yaml_ng as yaml;

/// One thing that one function may do.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Grant {
    /// The function's logical id.
    pub function: String,
    /// `service:Operation`.
    pub action: String,
    /// A logical id, or a name with what follows it.
    pub resource: String,
}

/// The whole template.
#[derive(Clone, Debug)]
pub struct Template(Value);

impl Template {
    /// Reads the template at the root of the repository.
    ///
    /// # Errors
    /// When it is not there or not YAML.
    pub fn read() -> anyhow::Result<Self> {
        let path = crate::root().join("template.yaml");
        let text = std::fs::read_to_string(&path).context("reading template.yaml")?;
        Self::parse(&text)
    }

    /// Reads a template from text.
    ///
    /// # Errors
    /// When it is not YAML.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let document: yaml::Value = yaml::from_str(text).context("reading YAML")?;
        Ok(Self(long_form(document)))
    }

    /// All of it.
    #[must_use]
    pub fn whole(&self) -> &Value {
        &self.0
    }

    /// Resources of a type, by logical id.
    #[must_use]
    pub fn resources(&self, kind: &str) -> Vec<(&str, &Value)> {
        self.0["Resources"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), resource))
            .collect()
    }

    /// The functions, by logical id.
    #[must_use]
    pub fn functions(&self) -> Vec<(&str, &Value)> {
        self.resources("AWS::Serverless::Function")
    }

    /// A property of a function, or else of `Globals`.
    #[must_use]
    pub fn function_property<'a>(&'a self, function: &'a Value, name: &str) -> &'a Value {
        let own = &function["Properties"][name];
        if own.is_null() {
            &self.0["Globals"]["Function"][name]
        } else {
            own
        }
    }

    /// Everything that the functions' own policies allow.
    ///
    /// # Panics
    /// When a policy is something else than statements that allow: such a template has more to be read than we read.
    #[must_use]
    pub fn grants(&self) -> BTreeSet<Grant> {
        let mut grants = BTreeSet::new();
        for (function, resource) in self.functions() {
            let policies = resource["Properties"]["Policies"].as_array();
            for policy in policies.expect("each function has a list of policies") {
                let statements = policy["Statement"].as_array();
                for statement in statements.expect("a policy is written out, not named") {
                    assert_eq!(statement["Effect"], "Allow");
                    for action in texts(&statement["Action"]) {
                        for resource in reached(&statement["Resource"]) {
                            grants.insert(Grant {
                                function: function.to_owned(),
                                action: action.clone(),
                                resource: resource_name(resource),
                            });
                        }
                    }
                }
            }
        }
        grants
    }
}

/// What a statement is about, either side of a condition.
fn reached(resource: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    for one in each(resource) {
        match one["Fn::If"].as_array() {
            Some(sides) => found.extend(&sides[1..]),
            None => found.push(one),
        }
    }
    found.retain(|one| one["Ref"] != "AWS::NoValue");
    found
}

/// The logical id that an ARN is made of, or the end of a longer name.
fn resource_name(arn: &Value) -> String {
    if let Some(id) = arn["Fn::GetAtt"][0].as_str() {
        return id.to_owned();
    }
    let Some(text) = arn["Fn::Sub"].as_str() else {
        return arn.to_string();
    };
    // Everything in a folder of a bucket, or the bucket itself.
    let bucket = text.strip_prefix("arn:${AWS::Partition}:s3:::");
    if let Some(bucket) = bucket.or_else(|| text.starts_with("${ExportsBucket").then_some(text)) {
        let name = bucket
            .replace("${", "")
            .replace(".Arn}", "")
            .replace('}', "");
        return match name.strip_suffix("/*") {
            Some(folder) => format!("{folder}/"),
            None => name,
        };
    }
    let folder = text
        .split_once(":${AWS::AccountId}:secret:${SecretPrefix}")
        .and_then(|(_, name)| name.strip_suffix('*'));
    match folder {
        Some("") => "secrets under SecretPrefix".to_owned(),
        // Without the slash it would also cover names that only begin like the folder.
        Some(folder) if folder.ends_with('/') => {
            format!("secrets under SecretPrefix, {folder} only")
        }
        Some(_) | None => text.replace("${", "").replace(".Arn}", ""),
    }
}

/// The elements of a list, or the one value that stands in a list's place.
pub(crate) fn each(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |list| list.iter().collect())
}

fn texts(value: &Value) -> Vec<String> {
    each(value)
        .into_iter()
        .map(|each| each.as_str().expect("actions are texts").to_owned())
        .collect()
}

fn long_form(value: yaml::Value) -> Value {
    match value {
        yaml::Value::Null => Value::Null,
        yaml::Value::Bool(truth) => Value::Bool(truth),
        yaml::Value::Number(number) => number
            .as_i64()
            .map_or_else(|| json!(number.as_f64()), |whole| json!(whole)),
        yaml::Value::String(text) => Value::String(text),
        yaml::Value::Sequence(list) => Value::Array(list.into_iter().map(long_form).collect()),
        yaml::Value::Mapping(mapping) => {
            let mut object = Map::new();
            for (key, value) in mapping {
                let key = key.as_str().expect("keys are texts").to_owned();
                object.insert(key, long_form(value));
            }
            Value::Object(object)
        }
        yaml::Value::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                plain @ ("Ref" | "Condition") => plain.to_owned(),
                function => format!("Fn::{function}"),
            };
            let mut inner = long_form(tagged.value);
            if name == "Fn::GetAtt"
                && let Some((resource, attribute)) =
                    inner.as_str().and_then(|text| text.split_once('.'))
            {
                inner = json!([resource, attribute]);
            }
            json!({ name: inner })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let template =
            Template::parse("a: !GetAtt Table.Arn\nb: !If [C, [!Ref D], !Ref 'AWS::NoValue']\n")
                .unwrap();
        assert_eq!(
            template.whole(),
            &json!({
                "a": { "Fn::GetAtt": ["Table", "Arn"] },
                "b": { "Fn::If": ["C", [{ "Ref": "D" }], { "Ref": "AWS::NoValue" }] },
            })
        );
    }
}
