//! Payment codes: what the answer to the one call means.

use super::response::paid;
use super::*;
use crate::claim::{self, CreateReading, TradeReading};

#[test]
fn a_payment_code_pays_at_once_or_is_taken() {
    let order = order(Method::Code);
    let read = |answer: HttpAnswer| wechat().read_create(&order, &answer, now());
    let CreateReading::Claim(claim) = read(said(200, &trade(Method::Code, json!({})))) else {
        panic!("a payment is a claim");
    };
    let report = claim::report(&order, wechat().holder(), TradeReading::Claim(claim));
    assert_eq!(report, paid());
    let waiting = trade(
        Method::Code,
        json!({ "trade_state": "USERPAYING", "success_time": null }),
    );
    assert_eq!(read(said(200, &waiting)), CreateReading::Taken);
    assert_eq!(
        read(said(202, &refusal("USERPAYING"))),
        CreateReading::Taken
    );
    assert_eq!(
        read(said(400, &refusal("USERPAYING"))),
        CreateReading::Taken
    );
    assert_eq!(
        read(unsigned(202, &refusal("USERPAYING"))),
        CreateReading::NoAnswer
    );
    assert_eq!(
        read(said(403, &refusal("NOT_ENOUGH"))),
        CreateReading::Refused
    );
    assert_eq!(read(said(200, &json!({}))), CreateReading::NoAnswer);
    // Behind each of these a payment may be under way, so the order is asked about and reversed.
    for (http, word) in [
        (400, "INVALID_REQUEST"),
        (400, "BANK_ERROR"),
        (400, "USER_PAYING"),
        (403, "ACCOUNT_ERROR"),
        (403, "USER_ACCOUNT_ABNORMAL"),
        (403, "TRADE_ERROR"),
        (403, "RULE_LIMIT"),
        (429, "FREQUENCY_LIMITED"),
        (400, "SYSTEM_ERROR"),
    ] {
        let answer = read(said(http, &refusal(word)));
        assert_eq!(answer, CreateReading::NoAnswer, "{word}");
    }
    // What shows no code to a buyer is refused for good by a rule.
    let ruled = said(403, &refusal("RULE_LIMIT"));
    let native = super::order(Method::Native);
    let refused = wechat().read_create(&native, &ruled, now());
    assert_eq!(refused, CreateReading::Refused);
}
