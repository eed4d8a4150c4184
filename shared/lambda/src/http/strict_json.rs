//! Reading JSON that strangers wrote: no name twice, no deep nesting, nothing after the end, and an
//! error that points at the place.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::problem::{FieldProblem, Problem};

/// More than any request of ours needs; larger bodies are refused unread.
pub const BODY_MAX_BYTES: usize = 64 * 1024;
/// Requests of ours nest two deep; this leaves room and stops towers.
const DEPTH_MAX: usize = 16;

/// Reads an object.
///
/// # Errors
/// 413 for a body that is too large, 400 with a pointer for one that is not an acceptable object.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.len() > BODY_MAX_BYTES {
        return Err(Problem::too_large(BODY_MAX_BYTES));
    }
    let path = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Node { path: &path }
        .deserialize(&mut reader)
        .and_then(|value| {
            reader.end()?;
            Ok(value)
        });
    let pointer = path
        .borrow()
        .iter()
        .fold(String::new(), |pointer, step: &String| {
            format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
        });
    match read {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(at(pointer, "must be a JSON object")),
        // serde_json's own words may repeat what was sent; the place is enough to find it.
        Err(error) if error.is_data() => Err(at(pointer, &error_text(&error))),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(at(
                pointer,
                &format!("is not valid JSON at line {line}, column {column}"),
            ))
        }
    }
}

fn error_text(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let known = ["is given twice", "is nested too deeply"];
    let said = known.into_iter().find(|said| text.contains(said));
    said.unwrap_or("is not acceptable").to_owned()
}

fn at(pointer: String, detail: &str) -> Problem {
    Problem::invalid(vec![FieldProblem {
        pointer,
        detail: detail.to_owned(),
    }])
}

/// A value at the end of `path`. The path is taken back only on success, so that after an error it
/// names the place.
#[derive(Clone, Copy)]
struct Node<'a> {
    path: &'a RefCell<Vec<String>>,
}

impl Node<'_> {
    fn enter<E: serde::de::Error>(self, step: String) -> Result<(), E> {
        self.path.borrow_mut().push(step);
        if self.path.borrow().len() > DEPTH_MAX {
            return Err(E::custom("is nested too deeply"));
        }
        Ok(())
    }

    fn leave(self) {
        self.path.borrow_mut().pop();
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            self.enter(values.len().to_string())?;
            let Some(value) = seq.next_element_seed(self)? else {
                break;
            };
            self.leave();
            values.push(value);
        }
        self.leave();
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            self.enter(name.clone())?;
            if values.contains_key(&name) {
                return Err(A::Error::custom("is given twice"));
            }
            let value = map.next_value_seed(self)?;
            self.leave();
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(body: &str) -> String {
        format!("{:?}", object(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn errors_point_at_the_place() {
        assert!(
            refusal(r#"{"a":{"b":1,"b":2}}"#)
                .contains(r#"pointer: "/a/b", detail: "is given twice"#)
        );
        assert!(refusal("[1]").contains("must be a JSON object"));
        assert!(refusal(r#"{"a":1} x"#).contains("not valid JSON"));
        assert!(refusal(r#"{"a":"#).contains(r#"pointer: "/a""#));
        assert!(refusal("").contains("not valid JSON"));
        let tower = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(refusal(&tower).contains("nested too deeply"));
        let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(BODY_MAX_BYTES));
        assert!(refusal(&huge).contains("413"));
    }

    proptest! {
        /// F41: whatever the bytes are, the answer is a value or an error.
        #[test]
        fn no_bytes_break_it(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = object(&body);
        }

        #[test]
        fn flat_objects_read_as_serde_json_reads_them(names in proptest::collection::btree_set("[a-z~/]{1,5}", 0..6)) {
            let map: Map<_, _> = names.into_iter().enumerate().map(|(i, n)| (n, Value::from(i))).collect();
            prop_assert_eq!(object(Value::Object(map.clone()).to_string().as_bytes()).unwrap(), map);
        }
    }
}
