//! DynamoDB's expressions, as far as the store uses them: conditions and updates over one item.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_store::engine::{Expression, Item};

/// Whether a condition holds of what is there. Terms are joined by OR alone.
pub(crate) fn holds(text: &str, on: &Expression, there: Option<&Item>) -> bool {
    text.split(" OR ")
        .any(|term| term_holds(term.trim(), on, there))
}

fn term_holds(term: &str, on: &Expression, there: Option<&Item>) -> bool {
    let attribute = |name: &str| there.and_then(|item| item.get(real(name, on)));
    if let Some(name) = argument(term, "attribute_not_exists") {
        return attribute(name).is_none();
    }
    if let Some(name) = argument(term, "attribute_exists") {
        return attribute(name).is_some();
    }
    let mut words = term.split(' ');
    let (name, operator, operand) = (words.next(), words.next(), words.next());
    let (Some(name), Some(operator), Some(operand)) = (name, operator, operand) else {
        unreachable!("a condition this table does not know: {term}");
    };
    let (Some(left), right) = (attribute(name), value(operand, on)) else {
        return false;
    };
    let order = match (number(left), number(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ if left == right => std::cmp::Ordering::Equal,
        _ => return false,
    };
    match operator {
        "=" => order.is_eq(),
        "<=" => order.is_le(),
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        _ => unreachable!("an operator this table does not know: {term}"),
    }
}

/// Carries an update out.
pub(crate) fn change(on: &Expression, item: &mut Item) {
    let before = item.clone();
    let mut verb = "";
    let mut clause = String::new();
    for word in on.text.split(' ').chain(["SET"]) {
        if ["SET", "ADD", "REMOVE"].contains(&word) {
            carry_out(verb, &clause, on, &before, item);
            verb = word;
            clause.clear();
        } else {
            clause.push_str(word);
            clause.push(' ');
        }
    }
}

fn carry_out(verb: &str, clause: &str, on: &Expression, before: &Item, item: &mut Item) {
    for part in parts(clause) {
        let part = part.trim();
        match verb {
            "SET" => {
                if let Some((name, operand)) = part.split_once(" = ") {
                    let set = operand_of(operand.trim(), on, before);
                    item.insert(real(name.trim(), on).to_owned(), set);
                }
            }
            "ADD" => {
                if let Some((name, operand)) = part.split_once(' ') {
                    add(item, real(name, on), value(operand.trim(), on));
                }
            }
            "REMOVE" => {
                item.remove(real(part, on));
            }
            _ => {}
        }
    }
}

/// The parts between commas that stand in no brackets.
fn parts(clause: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (index, letter) in clause.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&clause[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&clause[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn operand_of(operand: &str, on: &Expression, before: &Item) -> AttributeValue {
    if let Some(inner) = argument(operand, "if_not_exists") {
        let (name, otherwise) = inner.split_once(", ").unwrap_or((inner, ""));
        let there = before.get(real(name, on));
        return there
            .cloned()
            .unwrap_or_else(|| value(otherwise, on).clone());
    }
    if let Some((name, more)) = operand.split_once(" + ") {
        let left = before.get(real(name, on)).and_then(number).unwrap_or(0);
        let right = number(value(more, on)).unwrap_or(0);
        return AttributeValue::N((left + right).to_string());
    }
    value(operand, on).clone()
}

fn add(item: &mut Item, name: &str, more: &AttributeValue) {
    let sum = match (item.get(name), more) {
        (Some(AttributeValue::Ss(there)), AttributeValue::Ss(more)) => {
            let mut all = there.clone();
            all.extend(more.iter().filter(|one| !there.contains(one)).cloned());
            AttributeValue::Ss(all)
        }
        (Some(there), AttributeValue::N(_)) => {
            let sum = number(there).unwrap_or(0) + number(more).unwrap_or(0);
            AttributeValue::N(sum.to_string())
        }
        (_, more) => more.clone(),
    };
    item.insert(name.to_owned(), sum);
}

fn argument<'a>(term: &'a str, function: &str) -> Option<&'a str> {
    term.strip_prefix(function)?
        .strip_prefix('(')?
        .strip_suffix(')')
}

fn real<'a>(name: &'a str, on: &'a Expression) -> &'a str {
    let known = on
        .names
        .iter()
        .find(|(placeholder, _)| *placeholder == name);
    known.map_or(name, |(_, real)| real)
}

fn value<'a>(name: &str, on: &'a Expression) -> &'a AttributeValue {
    let known = on
        .values
        .iter()
        .find(|(placeholder, _)| *placeholder == name);
    match known {
        Some((_, value)) => value,
        None => unreachable!("no value for {name} in {}", on.text),
    }
}

/// The number in an attribute, if it is one.
pub(crate) fn number(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}
