//! The requests about appeals, read field by field.

use std::cell::RefCell;
use std::collections::BTreeMap;

use payonce_app::appeals::Answer;
use payonce_domain::appeal::{AppealRequest, Claim, ORDERS_MAX, Party, Position, TEXT_CHARS_MAX};
use payonce_domain::{MerchantAppealNo, MerchantId, PaymentNo, StatementId};
use payonce_store::AppealPlace;
use serde_json::Value;

use super::fields::{self, Fields};
use super::problem::{FieldProblem, Problem};
use super::requests::string;
use super::strict_json;

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: u64 = 100;

/// What part of a merchant's appeals is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// How many at most.
    pub limit: usize,
    /// After which.
    pub after: Option<AppealPlace>,
}

/// Reads `POST /v1/appeals` of this merchant.
///
/// # Errors
/// 400 naming every field that is wrong, or 413.
pub fn open(body: &[u8], merchant_id: &MerchantId) -> Result<AppealRequest, Problem> {
    let problems = RefCell::new(Vec::new());
    let mut fields = Fields::new(strict_json::object(body)?, &problems);
    let id = fields.required("merchant_appeal_no", |value| {
        MerchantAppealNo::new(string(value)?).map_err(|error| error.to_string())
    });
    let opened_by = fields.required("opened_by", |value| {
        let party = Party::from_name(&string(value)?);
        let party = party.filter(|party| matches!(party, Party::Buyer | Party::Merchant));
        party.ok_or_else(|| "must be buyer or merchant".to_owned())
    });
    let claim = fields.required("claim", |value| {
        let claim = Claim::from_name(&string(value)?);
        claim.ok_or_else(|| "must be paid_twice or other".to_owned())
    });
    let orders = fields.required("payment_nos", payment_nos);
    let text = fields.optional("text", |value| text(&value));
    if text.is_none() && claim == Some(Claim::Other) {
        fields.wrong("text", "is required for the claim other");
    }
    fields.end();
    let request = (|| {
        Some(AppealRequest {
            merchant_id: merchant_id.clone(),
            id: id?,
            opened_by: opened_by?,
            claim: claim?,
            orders: orders?,
            text,
        })
    })();
    fields::outcome(request, problems)
}

/// Reads `POST /v1/appeals/{appeal_no}/statements`: the merchant's own words.
///
/// # Errors
/// 400 naming every field that is wrong, or 413.
pub fn statement(body: &[u8]) -> Result<Answer, Problem> {
    let problems = RefCell::new(Vec::new());
    let mut fields = Fields::new(strict_json::object(body)?, &problems);
    let id = fields.required("statement_no", |value| {
        StatementId::new(string(value)?).map_err(|error| error.to_string())
    });
    let position = fields.required("position", |value| {
        let position = Position::from_name(&string(value)?);
        position.ok_or_else(|| "must be supports, opposes or neutral".to_owned())
    });
    let text = fields.required("text", |value| text(&value));
    fields.end();
    let answer = (|| {
        Some(Answer {
            id: id?,
            by: Party::Merchant,
            position: position?,
            text: text?,
        })
    })();
    fields::outcome(answer, problems)
}

/// Reads the parameters of `GET /v1/appeals`.
///
/// # Errors
/// 400 naming every parameter that is wrong.
pub fn list(parameters: &BTreeMap<String, String>) -> Result<ListRequest, Problem> {
    let mut problems = Vec::new();
    let mut wrong = |name: &str, detail: String| {
        let pointer = format!("/{name}");
        problems.push(FieldProblem { pointer, detail });
    };
    let mut limit = LIMIT_DEFAULT;
    let mut after = None;
    for (name, text) in parameters {
        match name.as_str() {
            "limit" => match text.parse::<u64>() {
                Ok(number @ 1..=LIMIT_MAX) => limit = usize::try_from(number).unwrap_or(limit),
                Ok(_) | Err(_) => {
                    wrong(name, format!("must be an integer from 1 to {LIMIT_MAX}"));
                }
            },
            "cursor" => match AppealPlace::parse(text) {
                Some(place) => after = Some(place),
                None => wrong(name, "must be a next_cursor of this list".to_owned()),
            },
            _ => wrong(name, "is not a known parameter".to_owned()),
        }
    }
    if problems.is_empty() {
        Ok(ListRequest { limit, after })
    } else {
        Err(Problem::invalid(problems))
    }
}

fn payment_nos(value: Value) -> Result<Vec<PaymentNo>, String> {
    let expected = format!("must be 1 to {ORDERS_MAX} different payment numbers");
    let Value::Array(items) = value else {
        return Err(expected);
    };
    let numbers = items.iter().map(|item| PaymentNo::parse(item.as_str()?));
    let numbers: Option<Vec<_>> = numbers.collect();
    let numbers = numbers.ok_or_else(|| expected.clone())?;
    let mut different = numbers.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < numbers.len() || !(1..=ORDERS_MAX).contains(&numbers.len()) {
        return Err(expected);
    }
    Ok(numbers)
}

/// Words of a party: lines are allowed, other control characters are not.
fn text(value: &Value) -> Result<String, String> {
    let text = value.as_str().and_then(said);
    text.ok_or_else(|| format!("must be a string of 1 to {TEXT_CHARS_MAX} characters"))
}

/// What somebody wrote, if it can be kept: not blank, not too long, nothing in it but lines of text.
#[must_use]
pub fn said(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n");
    let trimmed = text.trim();
    let kept = trimmed.chars().all(|one| one == '\n' || !one.is_control());
    let fits = (1..=TEXT_CHARS_MAX).contains(&trimmed.chars().count());
    (kept && fits).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(change: impl Fn(&mut Value)) -> Result<AppealRequest, Problem> {
        let mut body = json!({
            "merchant_appeal_no": "a-1", "opened_by": "buyer", "claim": "paid_twice",
            "payment_nos": [number("one"), number("two")],
        });
        change(&mut body);
        open(
            body.to_string().as_bytes(),
            &MerchantId::new("shop").unwrap(),
        )
    }

    fn number(order: &str) -> String {
        let shop = MerchantId::new("shop").unwrap();
        let order = payonce_domain::MerchantOrderNo::new(order).unwrap();
        PaymentNo::new(payonce_domain::PaymentKey::derive(&shop, &order)).to_string()
    }

    #[test]
    fn a_whole_request_is_read_and_each_wrong_field_refused() {
        assert_eq!(read(|_| {}).unwrap().orders.len(), 2);
        let wrongs: [fn(&mut Value); 9] = [
            |b| b["merchant_appeal_no"] = json!(""),
            |b| b["opened_by"] = json!("platform"),
            |b| b["claim"] = json!("theft"),
            |b| b["claim"] = json!("other"),
            |b| b["payment_nos"] = json!([]),
            |b| b["payment_nos"][1] = b["payment_nos"][0].clone(),
            |b| b["payment_nos"][1] = json!("P1"),
            |b| b["text"] = json!("bell \u{7}"),
            |b| b["amount"] = json!(5),
        ];
        for wrong in wrongs {
            let mut shown = json!({"payment_nos": [1, 2]});
            wrong(&mut shown);
            assert!(read(wrong).is_err(), "{shown}");
        }
    }

    #[test]
    fn words_keep_their_lines_and_nothing_else() {
        assert_eq!(said("  a\r\nb "), Some("a\nb".to_owned()));
        assert_eq!(said(" \n "), None);
        assert_eq!(
            said(&"长".repeat(TEXT_CHARS_MAX)).map(|s| s.chars().count()),
            Some(1_000)
        );
        assert_eq!(said(&"长".repeat(TEXT_CHARS_MAX + 1)), None);
    }
}
