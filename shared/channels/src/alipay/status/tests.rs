//! Every documented code, call by call, as a table that reads like the documentation.

use super::*;

/// What a refused call means: sub code; create, payment by code, query, close, refund,
/// refund query, reversal.
const TABLE: &str = "
ACQ.SYSTEM_ERROR                      -       -       -        NoAnswer NoAnswer    NoAnswer Again
AQC.SYSTEM_ERROR                      -       -       -        NoAnswer NoAnswer    NoAnswer Again
ACQ.TRADE_NOT_EXIST                   -       -       NotFound NotFound NeedsPerson NotFound Again
ACQ.TRADE_HAS_SUCCESS                 -       -       -        Conflict NoAnswer    NoAnswer Again
ACQ.TRADE_HAS_CLOSE                   -       -       -        Conflict NeedsPerson NoAnswer Again
ACQ.TRADE_HAS_FINISHED                -       -       -        Conflict NeedsPerson NoAnswer Refused
ACQ.CONTEXT_INCONSISTENT              -       -       -        NoAnswer NoAnswer    NoAnswer Again
ACQ.INVALID_PARAMETER                 Refused Refused -        NoAnswer NeedsPerson NoAnswer Again
ACQ.ACCESS_FORBIDDEN                  Refused Refused -        NoAnswer NeedsPerson NoAnswer Again
ACQ.EXIST_FORBIDDEN_WORD              Refused Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.PARTNER_ERROR                     Refused Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.TOTAL_FEE_EXCEED                  Refused Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.BUYER_BALANCE_NOT_ENOUGH          -       Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH -       Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.ERROR_BALANCE_PAYMENT_DISABLE     -       Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.BUYER_SELLER_EQUAL                Refused Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.TRADE_BUYER_NOT_MATCH             -       Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.BUYER_ENABLE_STATUS_FORBID        Refused Refused -        NoAnswer NeedsPerson NoAnswer Again
ACQ.PULL_MOBILE_CASHIER_FAIL          -       -       -        NoAnswer NoAnswer    NoAnswer Again
ACQ.PAYMENT_AUTH_CODE_INVALID         -       Refused -        NoAnswer NoAnswer    NoAnswer Again
ACQ.REASON_TRADE_STATUS_INVALID       -       -       -        Conflict NeedsPerson NoAnswer Again
ACQ.REASON_ILLEGAL_STATUS             -       -       -        Conflict NeedsPerson NoAnswer Again
ACQ.TRADE_STATUS_ERROR                -       -       -        Conflict NeedsPerson NoAnswer Again
ACQ.SELLER_BALANCE_NOT_ENOUGH         -       -       -        NoAnswer NotYet      NoAnswer Again
ACQ.REFUND_AMT_NOT_EQUAL_TOTAL        -       -       -        NoAnswer NeedsPerson NoAnswer Refused
ACQ.REASON_TRADE_REFUND_FEE_ERR       -       -       -        NoAnswer NeedsPerson NoAnswer Refused
ACQ.REASON_TRADE_BEEN_FREEZEN         -       -       -        NoAnswer NeedsPerson NoAnswer Refused
ACQ.TRADE_NOT_ALLOW_REFUND            -       -       -        NoAnswer NeedsPerson NoAnswer Again
ACQ.DISCORDANT_REPEAT_REQUEST         -       -       -        NoAnswer NoAnswer    NoAnswer Again
ACQ.TRADE_CANCEL_TIME_OUT             -       -       -        NoAnswer NoAnswer    NoAnswer Refused
ACQ.CANCEL_NOT_ALLOWED                -       -       -        NoAnswer NoAnswer    NoAnswer Refused
isp.bill_not_exist                    -       -       -        NoAnswer NoAnswer    NoAnswer Again
BILL_NOT_EXIST                        -       -       -        NoAnswer NoAnswer    NoAnswer Again
invalid_arguments                     -       -       -        NoAnswer NoAnswer    NoAnswer Again
INVAILID_ARGUMENTS                    -       -       -        NoAnswer NoAnswer    NoAnswer Again
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
            when("Refused", code_is_refused(code)),
            when("NotFound", query_finds_nothing(code)),
            format!("{:?}", close(code)),
            format!("{:?}", refund(code)),
            format!("{:?}", refund_query(code)),
            format!("{:?}", reversal(code)),
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
            "20000",
            Some("isp.bill_not_exist"),
            Verdict::Refused(Code::BillNotExist),
        ),
        ("20000", Some("ACQ.SYSTEM_ERROR"), Verdict::Unknown),
        ("20000", Some("ACQ.TRADE_NOT_EXIST"), Verdict::Unknown),
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
