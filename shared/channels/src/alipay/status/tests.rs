//! Every documented code, call by call, as a table that reads like the documentation.

use super::*;

/// What a refused call means: sub code; create, query, close, refund, refund query.
const TABLE: &str = "
ACQ.SYSTEM_ERROR                      -       -         NoAnswer  NoAnswer     NoAnswer
AQC.SYSTEM_ERROR                      -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.TRADE_NOT_EXIST                   -       NotFound  NotFound  NeedsPerson  NotFound
ACQ.TRADE_HAS_SUCCESS                 -       -         Conflict  NoAnswer     NoAnswer
ACQ.TRADE_HAS_CLOSE                   -       -         Conflict  NeedsPerson  NoAnswer
ACQ.TRADE_HAS_FINISHED                -       -         Conflict  NeedsPerson  NoAnswer
ACQ.CONTEXT_INCONSISTENT              -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.INVALID_PARAMETER                 Refused -         NoAnswer  NeedsPerson  NoAnswer
ACQ.ACCESS_FORBIDDEN                  Refused -         NoAnswer  NeedsPerson  NoAnswer
ACQ.EXIST_FORBIDDEN_WORD              Refused -         NoAnswer  NoAnswer     NoAnswer
ACQ.PARTNER_ERROR                     Refused -         NoAnswer  NoAnswer     NoAnswer
ACQ.TOTAL_FEE_EXCEED                  Refused -         NoAnswer  NoAnswer     NoAnswer
ACQ.BUYER_BALANCE_NOT_ENOUGH          -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.ERROR_BALANCE_PAYMENT_DISABLE     -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.BUYER_SELLER_EQUAL                Refused -         NoAnswer  NoAnswer     NoAnswer
ACQ.TRADE_BUYER_NOT_MATCH             -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.BUYER_ENABLE_STATUS_FORBID        Refused -         NoAnswer  NeedsPerson  NoAnswer
ACQ.PULL_MOBILE_CASHIER_FAIL          -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.PAYMENT_AUTH_CODE_INVALID         -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.REASON_TRADE_STATUS_INVALID       -       -         Conflict  NeedsPerson  NoAnswer
ACQ.REASON_ILLEGAL_STATUS             -       -         Conflict  NeedsPerson  NoAnswer
ACQ.TRADE_STATUS_ERROR                -       -         Conflict  NeedsPerson  NoAnswer
ACQ.SELLER_BALANCE_NOT_ENOUGH         -       -         NoAnswer  NotYet       NoAnswer
ACQ.REFUND_AMT_NOT_EQUAL_TOTAL        -       -         NoAnswer  NeedsPerson  NoAnswer
ACQ.REASON_TRADE_REFUND_FEE_ERR       -       -         NoAnswer  NeedsPerson  NoAnswer
ACQ.REASON_TRADE_BEEN_FREEZEN         -       -         NoAnswer  NeedsPerson  NoAnswer
ACQ.TRADE_NOT_ALLOW_REFUND            -       -         NoAnswer  NeedsPerson  NoAnswer
ACQ.DISCORDANT_REPEAT_REQUEST         -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.TRADE_CANCEL_TIME_OUT             -       -         NoAnswer  NoAnswer     NoAnswer
ACQ.CANCEL_NOT_ALLOWED                -       -         NoAnswer  NoAnswer     NoAnswer
";

#[test]
fn every_documented_sub_code_means_what_the_table_says() {
    for line in TABLE.trim().lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let Verdict::Refused(code) = verdict("40004", Some(cells[0])) else {
            panic!("{} is not known", cells[0]);
        };
        let when = |word: &'static str, said: bool| if said { word } else { "-" }.to_owned();
        let said = [
            when("Refused", create_is_refused(code)),
            when("NotFound", query_finds_nothing(code)),
            format!("{:?}", close(code)),
            format!("{:?}", refund(code)),
            format!("{:?}", refund_query(code)),
        ];
        assert_eq!(said.as_slice(), &cells[1..], "{}", cells[0]);
    }
}

#[test]
fn the_gateway_is_judged_by_code_and_sub_code() {
    for (code, sub_code, expected) in [
        ("10000", None, Verdict::Done),
        ("10003", None, Verdict::InProgress),
        ("20000", None, Verdict::Unknown),
        ("20000", Some("isp.unknow-error"), Verdict::Unknown),
        ("20000", Some("aop.unknow-error"), Verdict::Unknown),
        ("40004", Some("unknow-error"), Verdict::Unknown),
        (
            "20001",
            Some("aop.invalid-auth-token"),
            Verdict::Misconfigured,
        ),
        ("40001", Some("isv.missing-app-id"), Verdict::Faulty),
        (
            "40002",
            Some("isv.invalid-signature"),
            Verdict::Misconfigured,
        ),
        ("40002", Some("isv.invalid-app-id"), Verdict::Misconfigured),
        ("40002", Some("isv.invalid-parameter"), Verdict::Faulty),
        ("40002", None, Verdict::Misconfigured),
        ("40003", None, Verdict::Misconfigured),
        ("40005", None, Verdict::Limited),
        ("40005", Some("isv.app-call-limited"), Verdict::Limited),
        ("40004", Some("isv.method-call-limited"), Verdict::Limited),
        ("40004", Some("method-call-limited"), Verdict::Limited),
        (
            "40006",
            Some("isv.insufficient-isv-permissions"),
            Verdict::Misconfigured,
        ),
        ("40004", Some("ACQ.SOMETHING_NEW"), Verdict::Unmapped),
        ("40004", Some("TRADE_NOT_EXIST"), Verdict::Unmapped),
        ("40004", None, Verdict::Unmapped),
        ("50000", None, Verdict::Unmapped),
        ("", None, Verdict::Unmapped),
    ] {
        assert_eq!(verdict(code, sub_code), expected, "{code} {sub_code:?}");
    }
}

#[test]
fn four_words_for_the_state_of_a_trade_and_no_other() {
    for (word, expected) in [
        ("WAIT_BUYER_PAY", Some(TradeStatus::WaitBuyerPay)),
        ("TRADE_CLOSED", Some(TradeStatus::Closed)),
        ("TRADE_SUCCESS", Some(TradeStatus::Success)),
        ("TRADE_FINISHED", Some(TradeStatus::Finished)),
        ("TRADE_PENDING", None),
        ("trade_success", None),
        ("", None),
    ] {
        assert_eq!(TradeStatus::read(word), expected, "{word}");
    }
}
