//! DynamoDB's expressions, as far as the store uses them: conditions and updates over one item.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_store::engine::{Expression, Item};

/// Whether a condition holds of what is there: one of those joined by OR, all of whose terms joined by AND hold.
pub(crate) fn holds(text: &str, on: &Expression, there: Option<&Item>) -> bool {
    let mut either = text.split(" OR ");
    let holds = |term: &str| term_holds(term.trim(), on, there);
    text.is_empty() || either.any(|all| all.split(" AND ").all(holds))
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
    let order = match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => left.cmp(right),
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ if left == right => std::cmp::Ordering::Equal,
            _ => return false,
        },
    };
    match operator {
        "=" => order.is_eq(),
        "<=" => order.is_le(),
        "<" => order.is_lt(),
        ">=" => order.is_ge(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn n(value: u64) -> AttributeValue {
        AttributeValue::N(value.to_string())
    }

    fn item(version: u64) -> Item {
        Item::from([("v".to_owned(), n(version))])
    }

    fn on(text: &'static str) -> Expression {
        Expression {
            text,
            names: vec![("#v", "v"), ("#w", "w"), ("#k", "k")],
            values: vec![(":seen", n(3)), (":one", n(1))],
        }
    }

    #[test]
    fn conditions_mean_what_they_mean_to_dynamodb() {
        let cases = [
            ("#v = :seen", Some(3), true),
            ("#v = :seen", Some(4), false),
            ("#v = :seen", None, false),
            ("#v <= :seen", Some(2), true),
            ("#v < :seen", Some(3), false),
            ("#v >= :seen", Some(3), true),
            ("#v >= :seen", Some(2), false),
            ("attribute_not_exists(#v)", None, true),
            ("attribute_not_exists(#v)", Some(1), false),
            ("attribute_exists(#v)", Some(1), true),
            ("", None, true),
            (
                "attribute_exists(#v) AND attribute_not_exists(#w)",
                Some(3),
                true,
            ),
            ("attribute_exists(#v) AND #v = :seen", Some(4), false),
            ("attribute_not_exists(#v) OR #v <= :seen", Some(3), true),
            ("attribute_not_exists(#w) OR #w <= :seen", Some(9), true),
        ];
        for (text, version, expected) in cases {
            let there = version.map(item);
            let found = holds(text, &on(text), there.as_ref());
            assert_eq!(found, expected, "{text} on {version:?}");
        }
    }

    #[test]
    fn updates_do_what_dynamodb_does() {
        let both = "SET #v = #v + :one, #w = if_not_exists(#w, :seen)";
        let cases = [
            ("SET #v = :seen", Some(3), None),
            (both, Some(8), Some(3)),
            ("SET #w = if_not_exists(#v, :one) REMOVE #v", None, Some(7)),
            ("ADD #w :one SET #v = :seen", Some(3), Some(1)),
        ];
        for (text, v, w) in cases {
            let mut there = item(7);
            change(&on(text), &mut there);
            let number = |name: &str| there.get(name).and_then(number);
            assert_eq!((number("v"), number("w")), (v, w), "{text}");
        }
    }
}
