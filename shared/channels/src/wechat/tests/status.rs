//! Every documented code, with the one thing it means for each call.

use super::*;
use CloseAnswer as C;
use Offer as O;
use RefundReport as F;
use ReversalReport as V;

/// Status, code; is a create refused for good, is a payment by code; close; refund; reversal; bill.
type Row = (u16, &'static str, bool, bool, C, F, V, O);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (202, "USERPAYING", false, false, C::Conflict, F::NoAnswer, V::Again, O::NoAnswer),
    (400, "PARAM_ERROR", true, true, C::NoAnswer, F::NeedsPerson, V::Again, O::NoAnswer),
    (400, "INVALID_REQUEST", false, false, C::Conflict, F::NeedsPerson, V::Refused, O::NoAnswer),
    (400, "APPID_MCHID_NOT_MATCH", true, true, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
    (400, "MCH_NOT_EXISTS", true, true, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
    (400, "ORDER_CLOSED", false, false, C::Conflict, F::NeedsPerson, V::Again, O::NoAnswer),
    (400, "ORDER_PAID", false, false, C::Conflict, F::NoAnswer, V::Again, O::NoAnswer),
    (400, "ORDERPAID", false, false, C::Conflict, F::NoAnswer, V::Again, O::NoAnswer),
    (400, "NO_STATEMENT_EXIST", false, false, C::NoAnswer, F::NoAnswer, V::Again, O::Nothing),
    (400, "STATEMENT_CREATING", false, false, C::NoAnswer, F::NoAnswer, V::Again, O::NotReady),
    (400, "TRADE_OVERDUE", false, false, C::NoAnswer, F::NeedsPerson, V::Refused, O::NoAnswer),
    (400, "REFUND_FEE_MISMATCH", false, false, C::NoAnswer, F::NeedsPerson, V::Again, O::NoAnswer),
    (400, "AUTH_CODE_INVALID", false, true, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
    (401, "SIGN_ERROR", false, false, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
    (403, "NO_AUTH", true, true, C::NoAnswer, F::NeedsPerson, V::Again, O::NoAnswer),
    (403, "RULE_LIMIT", true, false, C::NoAnswer, F::NeedsPerson, V::Refused, O::NoAnswer),
    (403, "TRADE_ERROR", true, false, C::NoAnswer, F::NeedsPerson, V::Refused, O::NoAnswer),
    (403, "USER_ACCOUNT_ABNORMAL", true, false, C::NoAnswer, F::NeedsPerson, V::Refused, O::NoAnswer),
    (403, "OUT_TRADE_NO_USED", false, false, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
    (403, "NOT_ENOUGH", false, true, C::NoAnswer, F::NotYet, V::Again, O::NoAnswer),
    (404, "ORDER_NOT_EXIST", false, false, C::NotFound, F::NeedsPerson, V::Again, O::NoAnswer),
    (404, "RESOURCE_NOT_EXISTS", false, false, C::NoAnswer, F::NeedsPerson, V::Again, O::NoAnswer),
    (429, "FREQUENCY_LIMITED", false, false, C::NoAnswer, F::NotYet, V::Again, O::NotReady),
    (429, "RATELIMIT_EXCEEDED", false, false, C::NoAnswer, F::NotYet, V::Again, O::NotReady),
    (500, "SYSTEM_ERROR", false, false, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
    (503, "SERVICE_UNAVAILABLE", false, false, C::NoAnswer, F::NoAnswer, V::Again, O::NoAnswer),
];

#[test]
fn every_documented_code_has_one_meaning_for_each_call() {
    for (http, word, refused, by_code, closed, refunded, reversed, offered) in TABLE {
        let code = Code::read(*http, word).unwrap();
        assert_eq!(create_is_refused(code), *refused, "{word}");
        assert_eq!(code_is_refused(code), *by_code, "{word}");
        assert_eq!(close(code), *closed, "{word}");
        assert_eq!(refund(code), *refunded, "{word}");
        assert_eq!(reverse(code), *reversed, "{word}");
        assert_eq!(bill(code), *offered, "{word}");
        // A refusal never says that money moved, nor opens the next refund's number.
        assert!(!matches!(refunded, F::Succeeded | F::Accepted | F::Failed));
    }
    assert_eq!(TABLE.len(), 26);
}

#[test]
fn a_word_we_do_not_know_is_not_guessed() {
    for (http, word) in [
        (400, ""),
        (400, "param_error"),
        (400, "ORDER_NOT_EXIST"),
        (403, "RESOURCE_NOT_EXISTS"),
        (404, "ORDERNOTEXIST"),
        (404, "NOT_FOUND"),
    ] {
        assert_eq!(Code::read(http, word), None, "{http} {word}");
    }
    assert_eq!(TradeState::read("success"), None);
    assert_eq!(TradeState::read("ACCEPT"), None);
    assert_eq!(refund_status("CHANGE"), None);
}
