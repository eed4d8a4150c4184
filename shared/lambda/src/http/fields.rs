//! Taking the fields of a request, one by one, collecting everything that is wrong with them.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::problem::{FieldProblem, Problem};

/// The fields of one object. Each is taken once; what is left over at the end is unknown.
pub struct Fields<'a> {
    map: Map<String, Value>,
    pointer: String,
    problems: &'a RefCell<Vec<FieldProblem>>,
}

impl<'a> Fields<'a> {
    /// The fields of a whole request.
    #[must_use]
    pub const fn new(map: Map<String, Value>, problems: &'a RefCell<Vec<FieldProblem>>) -> Self {
        Self {
            map,
            pointer: String::new(),
            problems,
        }
    }

    /// Notes that a field is wrong.
    pub fn wrong(&self, name: &str, detail: impl Into<String>) {
        let name = name.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{}/{name}", self.pointer);
        self.problems.borrow_mut().push(FieldProblem {
            pointer,
            detail: detail.into(),
        });
    }

    /// A field that may be left out or null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A field that must be there, read by `read`, which says what it should have been.
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value) -> Result<T, String>,
    ) -> Option<T> {
        match self.take(name) {
            Some(value) => self.read(name, value, read),
            None => {
                self.wrong(name, "is required");
                None
            }
        }
    }

    /// A field that may be left out, read by `read`.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.read(name, value, read)
    }

    fn read<T>(
        &self,
        name: &str,
        value: Value,
        read: impl Fn(Value) -> Result<T, String>,
    ) -> Option<T> {
        match read(value) {
            Ok(read) => Some(read),
            Err(detail) => {
                self.wrong(name, detail);
                None
            }
        }
    }

    /// An object within this one.
    pub fn object(&mut self, name: &str, required: bool) -> Option<Fields<'a>> {
        match self.take(name) {
            Some(Value::Object(map)) => {
                let pointer = format!("{}/{name}", self.pointer);
                Some(Fields {
                    map,
                    pointer,
                    problems: self.problems,
                })
            }
            Some(_) => {
                self.wrong(name, "must be an object");
                None
            }
            None => {
                if required {
                    self.wrong(name, "is required");
                }
                None
            }
        }
    }

    /// The end of the object: whatever was not taken is unknown.
    pub fn end(self) {
        for name in self.map.keys() {
            self.wrong(name, "is not a known field");
        }
    }
}

/// What was wrong, as one problem.
///
/// # Errors
/// The problem, if there was any.
pub fn outcome<T>(value: Option<T>, problems: RefCell<Vec<FieldProblem>>) -> Result<T, Problem> {
    let problems = problems.into_inner();
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        Some(_) | None => Err(Problem::invalid(problems)),
    }
}

/// A text of so many characters, none of them a control character.
///
/// # Errors
/// What it should have been.
pub fn text(value: Value, length_max: usize) -> Result<String, String> {
    let expected = format!("must be a string of 1 to {length_max} characters");
    let Value::String(text) = value else {
        return Err(expected);
    };
    let length = text.chars().count();
    if length == 0 || length > length_max || text.chars().any(char::is_control) {
        return Err(expected);
    }
    Ok(text)
}

/// A whole number in a range.
///
/// # Errors
/// What it should have been.
pub fn integer(value: &Value, min: u64, max: u64) -> Result<u64, String> {
    let number = value.as_u64().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| format!("must be an integer from {min} to {max}"))
}
