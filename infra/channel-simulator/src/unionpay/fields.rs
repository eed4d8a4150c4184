//! The fields of each transaction: which must be there, and what they may hold.

use axum::http::Uri;

use super::{
    message::Wrong,
    request::Kind,
    resp_code::{BAD_FORMAT, MISSING_FIELD},
    sign::Fields,
};
use crate::clock::Moment;

const ADDRESS_LENGTH_MAX: usize = 256;
const RESERVED_LENGTH_MAX: usize = 1024;

/// Every field that is looked at. Others are let through, as the real gateway knows many more.
const KNOWN: [&str; 21] = [
    "merId",
    "bizType",
    "orderId",
    "txnTime",
    "txnAmt",
    "currencyCode",
    "frontUrl",
    "backUrl",
    "payTimeout",
    "issInsCode",
    "reqReserved",
    "riskRateInfo",
    "orderDesc",
    "qrNo",
    "termId",
    "queryId",
    "origQryId",
    "origOrderId",
    "origTxnTime",
    "settleDate",
    "fileType",
];

/// What must be there beside the fields that every message has.
fn required(kind: Kind, fields: &Fields) -> Vec<&'static str> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_empty());
    let original = |mut names: Vec<&'static str>| {
        // Either the channel's number names the original, or both parts of the merchant's do.
        match (has("origQryId"), has("origOrderId"), has("origTxnTime")) {
            (true, _, _) | (false, true, true) => {}
            (false, true, false) => names.push("origTxnTime"),
            (false, false, true) => names.push("origOrderId"),
            (false, false, false) => names.push("origQryId"),
        }
        names
    };
    match kind {
        Kind::Consume => vec![
            "orderId",
            "txnTime",
            "txnAmt",
            "currencyCode",
            "frontUrl",
            "backUrl",
        ],
        Kind::CodeConsume => vec!["orderId", "txnTime", "txnAmt", "currencyCode", "qrNo"],
        Kind::Undo | Kind::Refund => original(vec!["orderId", "txnTime", "txnAmt", "backUrl"]),
        Kind::Reversal => vec!["orderId", "txnTime"],
        Kind::Query if fields.get("txnSubType").is_some_and(|sub| sub == "02") => vec!["queryId"],
        Kind::Query if has("queryId") => Vec::new(),
        Kind::Query => vec!["orderId", "txnTime"],
        Kind::File => vec!["txnTime", "settleDate", "fileType"],
    }
}

/// Checks what must be there, then what is there.
pub(crate) fn check_all(kind: Kind, fields: &Fields) -> Result<(), Wrong> {
    for name in required(kind, fields) {
        if fields.get(name).is_none_or(String::is_empty) {
            return Err(Wrong::new(MISSING_FIELD, name));
        }
    }
    for name in KNOWN {
        if let Some(value) = fields.get(name)
            && !value.is_empty()
        {
            check(name, value)?;
        }
    }
    Ok(())
}

/// Checks one field that is there.
pub(crate) fn check(name: &str, value: &str) -> Result<(), Wrong> {
    let is_right = match name {
        "merId" => is_digits(value, 15, 15),
        "bizType" => is_digits(value, 6, 6),
        // Letters and digits only: a hyphen or an underscore is refused.
        "orderId" | "origOrderId" => is_alphanumeric(value, 8, 40),
        "txnTime" | "origTxnTime" | "payTimeout" => Moment::from_beijing_compact(value).is_some(),
        "txnAmt" => is_digits(value, 1, 12) && !value.starts_with('0'),
        "currencyCode" => value == "156",
        "frontUrl" | "backUrl" => is_address(value),
        "issInsCode" => is_alphanumeric(value, 1, 20),
        // It comes back inside messages whose fields are separated by these two.
        "reqReserved" => value.len() <= RESERVED_LENGTH_MAX && !value.contains(['&', '=']),
        "riskRateInfo" => value.starts_with('{') && value.ends_with('}'),
        "orderDesc" => value.chars().count() <= 32,
        "qrNo" => is_digits(value, 18, 20) && value.starts_with("62"),
        "termId" => is_alphanumeric(value, 8, 8),
        "queryId" | "origQryId" => is_digits(value, 21, 21),
        "settleDate" => {
            // Any leap year tells whether there is such a day.
            is_digits(value, 4, 4)
                && Moment::from_beijing_compact(&format!("2024{value}000000")).is_some()
        }
        "fileType" => value == "00",
        _ => true,
    };
    if is_right {
        Ok(())
    } else {
        Err(Wrong::new(BAD_FORMAT, name))
    }
}

fn is_digits(value: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_alphanumeric(value: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_address(value: &str) -> bool {
    let uri = value.parse::<Uri>();
    value.len() <= ADDRESS_LENGTH_MAX
        && uri.is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hold_what_the_document_says() {
        for (name, right, wrong) in [
            ("orderId", "A1234567", "A123456"),
            ("orderId", "12345678", "1234-5678"),
            ("orderId", "ORDER12345", "ORDER_12345"),
            ("txnTime", "20261126101010", "20261326101010"),
            ("payTimeout", "20261126101010", "2026-11-26 10:10:10"),
            ("txnAmt", "1", "0"),
            ("txnAmt", "999999999999", "1000000000000"),
            ("txnAmt", "1999", "19.99"),
            ("txnAmt", "10", "010"),
            ("currencyCode", "156", "CNY"),
            ("backUrl", "https://a.example/b", "a.example/b"),
            ("reqReserved", "abc", "a=b"),
            ("reqReserved", "{abc}", "a&b"),
            ("qrNo", "620000000000000000", "61000000000000000000"),
            ("qrNo", "62000000000000000000", "62000000000000000"),
            ("termId", "TERM0001", "TERM-001"),
            ("queryId", "512209110416475616528", "51220911041647561652"),
            ("settleDate", "0229", "0230"),
            ("fileType", "00", "01"),
        ] {
            assert_eq!(check(name, right), Ok(()), "{name}={right}");
            let refused = check(name, wrong).unwrap_err();
            assert_eq!(refused, Wrong::new(BAD_FORMAT, name), "{name}={wrong}");
        }
    }

    #[test]
    fn the_original_needs_a_whole_name() {
        let missing = |names: &[&str]| {
            let fields = names
                .iter()
                .map(|name| ((*name).to_owned(), "x".to_owned()));
            required(Kind::Refund, &fields.collect()).split_off(4)
        };
        assert_eq!(missing(&[]), ["origQryId"]);
        assert_eq!(missing(&["origOrderId"]), ["origTxnTime"]);
        assert_eq!(missing(&["origTxnTime"]), ["origOrderId"]);
        assert!(missing(&["origOrderId", "origTxnTime"]).is_empty());
        assert!(missing(&["origQryId"]).is_empty());
    }
}
