//! Answers: what each becomes, and what none may become.

use payonce_domain::{Action, RefundReport, Report, ReversalReport};

use super::*;
use crate::claim::{self, CreateReading, TradeReading};
use crate::client::CloseAnswer;
use crate::rsa::VerifyingKey;

const QUERY_PAID: &[u8] = include_bytes!("../fixtures/query-paid.json");
const QUERY_PAID_SIGN: &str = include_str!("../fixtures/query-paid.sign");
const CLOSE_DONE_SIGN: &str = include_str!("../fixtures/close-done.sign");

/// An answer with these parts of a signature, at the fixtures' time.
fn signed(status: u16, body: &[u8], signature: &str, nonce: &str, timestamp: &str) -> HttpAnswer {
    let headers = [
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-serial", KEY_ID),
    ];
    HttpAnswer {
        status,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        body: body.to_vec(),
    }
}

fn report(order: &Order, answer: &HttpAnswer) -> Report {
    let adapter = wechat();
    let reading = adapter.read_query(order, answer, now());
    claim::report(order, adapter.holder(), reading)
}

pub(super) fn paid() -> Report {
    Report::Paid {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(1999),
        paid_at: at("2026-11-20 22:15:30"),
    }
}

#[test]
fn answers_that_openssl_signed_are_read() {
    let order = order(Method::Native);
    assert_eq!(order.no.to_string(), include_str!("../fixtures/order.txt"));
    let answer = signed(200, QUERY_PAID, QUERY_PAID_SIGN, "N0NCE", "1795184131");
    assert_eq!(report(&order, &answer), paid());
    let closed = signed(204, b"", CLOSE_DONE_SIGN, "N0NCE", "1795184131");
    let read = |answer: &HttpAnswer| wechat().read_close(&order, answer, now());
    assert_eq!(read(&closed), CloseAnswer::Accepted);
    let other = signed(204, b"", QUERY_PAID_SIGN, "N0NCE", "1795184131");
    assert_eq!(read(&other), CloseAnswer::NoAnswer);
}

#[test]
fn s1_no_single_bit_can_be_changed() {
    let order = order(Method::Native);
    let flips = |text: &[u8]| {
        let text = text.to_vec();
        (0..text.len() * 8).map(move |bit| {
            let mut other = text.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            other
        })
    };
    for body in flips(QUERY_PAID) {
        let answer = signed(200, &body, QUERY_PAID_SIGN, "N0NCE", "1795184131");
        assert_eq!(report(&order, &answer), Report::NoAnswer);
    }
    let texts = |text: &str| flips(text.as_bytes()).filter_map(|b| String::from_utf8(b).ok());
    for nonce in texts("N0NCE") {
        let answer = signed(200, QUERY_PAID, QUERY_PAID_SIGN, &nonce, "1795184131");
        assert_eq!(report(&order, &answer), Report::NoAnswer, "{nonce}");
    }
    for timestamp in texts("1795184131") {
        let answer = signed(200, QUERY_PAID, QUERY_PAID_SIGN, "N0NCE", &timestamp);
        assert_eq!(report(&order, &answer), Report::NoAnswer, "{timestamp}");
    }
    for signature in texts(QUERY_PAID_SIGN) {
        let answer = signed(200, QUERY_PAID, &signature, "N0NCE", "1795184131");
        assert_eq!(report(&order, &answer), Report::NoAnswer, "{signature}");
    }
}

#[test]
fn a_signature_counts_for_five_minutes_either_way() {
    let order = order(Method::Native);
    let answer = signed(200, QUERY_PAID, QUERY_PAID_SIGN, "N0NCE", "1795184131");
    let made = Timestamp::from_millis(1_795_184_131_000);
    for (time, counts) in [
        (made.plus(Span::millis(299_999)), true),
        (made.minus(Span::millis(299_999)), true),
        (made.plus(Span::millis(300_000)), false),
        (made.minus(Span::millis(300_000)), false),
    ] {
        let reading = wechat().read_query(&order, &answer, time);
        assert_eq!(reading != TradeReading::NoAnswer, counts);
    }
}

#[test]
fn headers_that_are_missing_or_doubled_prove_nothing() {
    let order = order(Method::Native);
    let whole = said(200, &trade(Method::Native, json!({})));
    assert_eq!(report(&order, &whole), paid());
    for name in ["timestamp", "nonce", "signature", "serial"] {
        let name = format!("wechatpay-{name}");
        let mut answer = whole.clone();
        answer.headers.retain(|(given, _)| *given != name);
        assert_eq!(report(&order, &answer), Report::NoAnswer, "{name}");
        let mut answer = whole.clone();
        let twice = answer.headers.iter().find(|(given, _)| *given == name);
        let twice = twice.unwrap().clone();
        answer.headers.push(twice);
        assert_eq!(report(&order, &answer), Report::NoAnswer, "{name}");
    }
    let mut other_kind = whole.clone();
    for (name, value) in &mut other_kind.headers {
        if name == "wechatpay-signature-type" {
            *value = "WECHATPAY2-SM2-WITH-SM3".to_owned();
        }
    }
    assert_eq!(report(&order, &other_kind), Report::NoAnswer);
}

#[test]
fn queries_become_reports() {
    let order = order(Method::Code);
    let says = |changes| report(&order, &said(200, &trade(Method::Code, changes)));
    let paid_back = Report::PaidBack {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(1999),
        paid_at: at("2026-11-20 22:15:30"),
    };
    let state =
        |word: &str| json!({ "trade_state": word, "success_time": null, "transaction_id": null });
    assert_eq!(says(json!({})), paid());
    // One fen may have gone back, or all: the word is the same, and the order was paid.
    assert_eq!(says(json!({ "trade_state": "REFUND" })), paid());
    assert_eq!(says(json!({ "trade_state": "REVOKED" })), paid_back);
    for word in ["NOTPAY", "USERPAYING", "PAYERROR"] {
        assert_eq!(says(state(word)), Report::Unpaid, "{word}");
    }
    for word in ["CLOSED", "REVOKED"] {
        assert_eq!(says(state(word)), Report::Closed, "{word}");
    }
    let amount = |amount: Value| json!({ "amount": amount });
    for changes in [
        json!({ "trade_state": "WHATEVER" }),
        json!({ "trade_state": null }),
        json!({ "transaction_id": null }),
        json!({ "success_time": "yesterday" }),
        json!({ "amount": null }),
        amount(json!({ "total": 1999 })),
        amount(json!({ "total": 1999, "currency": "USD" })),
        amount(json!({ "total": "1999", "currency": "CNY" })),
        amount(json!({ "total": 19.99, "currency": "CNY" })),
        amount(json!({ "total": -1999, "currency": "CNY" })),
        // Genuine, and about another order, merchant or application.
        json!({ "out_trade_no": number("o-2", Method::Code).to_string() }),
        json!({ "out_trade_no": null }),
        json!({ "mchid": "1900000002" }),
        json!({ "appid": "wx00000000000002" }),
    ] {
        assert_eq!(says(changes.clone()), Report::NoAnswer, "{changes}");
    }
    // What was taken is said as it is, right or wrong: the domain judges it.
    let fen = says(amount(json!({ "total": 1, "currency": "CNY" })));
    assert!(matches!(fen, Report::Paid { amount, .. } if amount == Money::from_fen(1)));
}

#[test]
fn a_name_that_occurs_twice_is_no_answer() {
    let order = order(Method::Native);
    let body = trade(Method::Native, json!({})).to_string();
    let body = body
        .replacen('{', "{\"trade_state\":\"CLOSED\",", 1)
        .into_bytes();
    let answer = HttpAnswer {
        status: 200,
        headers: headers(WECHAT_KEY, KEY_ID, &body, now()),
        body,
    };
    assert_eq!(report(&order, &answer), Report::NoAnswer);
}

#[test]
fn s1_what_nobody_signed_ends_nothing_and_moves_no_money() {
    let (native, code, refund) = (order(Method::Native), order(Method::Code), refund());
    let adapter = wechat();
    let unknown = refusal("ORDER_NOT_EXIST");
    assert_eq!(report(&native, &said(404, &unknown)), Report::NotFound);
    let gone = refusal("RESOURCE_NOT_EXISTS");
    let asked = |answer| adapter.read_refund_query(&native, &refund, &answer, now());
    assert_eq!(asked(said(404, &gone)), RefundReport::NotFound);
    for word in [
        "PARAM_ERROR",
        "INVALID_REQUEST",
        "ORDER_CLOSED",
        "ORDER_PAID",
        "TRADE_OVERDUE",
        "SIGN_ERROR",
        "NO_AUTH",
        "RULE_LIMIT",
        "USER_ACCOUNT_ABNORMAL",
        "NOT_ENOUGH",
        "ORDER_NOT_EXIST",
        "RESOURCE_NOT_EXISTS",
        "FREQUENCY_LIMITED",
        "SYSTEM_ERROR",
        "AUTH_CODE_INVALID",
    ] {
        for answer in [unsigned(404, &refusal(word)), forged(404, &refusal(word))] {
            let created = adapter.read_create(&code, &answer, now());
            assert_eq!(created, CreateReading::NoAnswer, "{word}");
            assert_eq!(report(&native, &answer), Report::NoAnswer, "{word}");
            assert_eq!(asked(answer.clone()), RefundReport::NoAnswer, "{word}");
            let closed = adapter.read_close(&native, &answer, now());
            assert!(
                matches!(closed, CloseAnswer::NoAnswer | CloseAnswer::Conflict),
                "{word}"
            );
            let refunded = adapter.read_refund(&native, &refund, &answer, now());
            assert!(
                matches!(refunded, RefundReport::NoAnswer | RefundReport::NotYet),
                "{word}"
            );
            let reversed = adapter.read_reverse(&code, &answer, now());
            assert_eq!(reversed, ReversalReport::Again, "{word}");
        }
    }
    // Nor does a success that nobody signed, or that somebody else did.
    for answer in [
        unsigned(200, &trade(Method::Native, json!({}))),
        forged(200, &trade(Method::Native, json!({}))),
    ] {
        assert_eq!(report(&native, &answer), Report::NoAnswer);
        assert_eq!(
            adapter.read_reverse(&code, &answer, now()),
            ReversalReport::Again
        );
    }
    assert_eq!(
        adapter.read_close(&native, &unsigned(204, &Value::Null), now()),
        CloseAnswer::NoAnswer
    );
    // What asks to be tried again may be believed from anybody.
    let slow = unsigned(429, &refusal("FREQUENCY_LIMITED"));
    assert_eq!(
        adapter.read_refund(&native, &refund, &slow, now()),
        RefundReport::NotYet
    );
    let poor = unsigned(403, &refusal("NOT_ENOUGH"));
    assert_eq!(
        adapter.read_refund(&native, &refund, &poor, now()),
        RefundReport::NotYet
    );
    let paid = unsigned(400, &refusal("ORDER_PAID"));
    assert_eq!(
        adapter.read_close(&native, &paid, now()),
        CloseAnswer::Conflict
    );
    assert_eq!(
        adapter.read_close(&native, &said(404, &unknown), now()),
        CloseAnswer::NotFound
    );
}

#[test]
fn creates_give_something_to_pay_with() {
    let made = |order: &Order, body: Value| wechat().read_create(order, &said(200, &body), now());
    let until = |text: &str| (at(text) < at("2026-11-20 22:30:00")).then(|| at(text));
    let url = "weixin://wxpay/bizpayurl?pr=1";
    let qr = Action::Qr {
        content: url.to_owned(),
    };
    let native = order(Method::Native);
    let expected = CreateReading::Made {
        action: qr.clone(),
        expires_at: None,
    };
    assert_eq!(made(&native, json!({ "code_url": url })), expected);
    let long = Order {
        expires_at: now().plus(Span::days(1)),
        ..native.clone()
    };
    let expected = CreateReading::Made {
        action: qr,
        expires_at: Some(at("2026-11-21 00:15:40")),
    };
    assert_eq!(made(&long, json!({ "code_url": url })), expected);

    let h5 = order(Method::H5);
    let link = "https://wx.example.com/checkmweb?prepay_id=1&package=2";
    let back = "&redirect_url=https%3A%2F%2Fshop%2Eexample%2Ecom%2Fback%3Fa%3D1%26b%3D%E8%8C%B6%20%E6%B0%B4";
    let redirect = |url: String| CreateReading::Made {
        action: Action::Redirect { url },
        expires_at: until("2026-11-20 22:20:40"),
    };
    assert_eq!(
        made(&h5, json!({ "h5_url": link })),
        redirect(format!("{link}{back}"))
    );
    let nowhere = Order {
        return_url: None,
        ..h5.clone()
    };
    assert_eq!(
        made(&nowhere, json!({ "h5_url": link })),
        redirect(link.to_owned())
    );

    for (order, body) in [
        (&native, json!({})),
        (&native, json!({ "code_url": "" })),
        (&native, json!({ "h5_url": link })),
        (&h5, json!({ "h5_url": "javascript:alert(1)" })),
        (&order(Method::Jsapi), json!({ "prepay_id": 1 })),
    ] {
        assert_eq!(made(order, body), CreateReading::NoAnswer);
    }
    let read = |status, word| wechat().read_create(&native, &said(status, &refusal(word)), now());
    assert_eq!(read(400, "PARAM_ERROR"), CreateReading::Refused);
    assert_eq!(read(403, "OUT_TRADE_NO_USED"), CreateReading::NoAnswer);
    assert_eq!(read(400, "ORDER_PAID"), CreateReading::NoAnswer);
    assert_eq!(read(400, "NEWLY_INVENTED"), CreateReading::NoAnswer);
}

#[test]
fn what_a_page_inside_wechat_gets_is_signed() {
    let answer = said(
        200,
        &json!({ "prepay_id": "wx201410272009395522657a690389285100" }),
    );
    let made = wechat().read_create(&order(Method::Jsapi), &answer, now());
    let CreateReading::Made {
        action: Action::Jsapi { parameters },
        ..
    } = made
    else {
        panic!("{made:?}");
    };
    assert_eq!(parameters["appId"], APPID);
    assert_eq!(parameters["signType"], "RSA");
    assert_eq!(parameters["timeStamp"], "1795184140");
    assert_eq!(
        parameters["package"],
        "prepay_id=wx201410272009395522657a690389285100"
    );
    let lines = [
        APPID,
        "1795184140",
        &parameters["nonceStr"],
        &parameters["package"],
        "",
    ];
    let key = VerifyingKey::parse(MERCHANT_PUBLIC).unwrap();
    assert!(key.verify(lines.join("\n").as_bytes(), &parameters["paySign"]));
    assert_eq!(parameters.len(), 6);
}

#[test]
fn a_reversal_is_repeated_until_the_answer_proves_it() {
    let order = order(Method::Code);
    let read = |body: Value| wechat().read_reverse(&order, &said(200, &body), now());
    let no = order.no.to_string();
    assert_eq!(
        read(json!({ "out_trade_no": no, "recall": "N" })),
        ReversalReport::Reversed
    );
    assert_eq!(
        read(json!({ "recall": "N", "trade_state": "REVOKED" })),
        ReversalReport::Reversed
    );
    assert_eq!(
        read(json!({ "trade_state": "CLOSED" })),
        ReversalReport::NothingTaken
    );
    // All that the document shows of a success.
    assert_eq!(
        read(json!({ "appid": APPID, "mchid": MCHID, "out_trade_no": no })),
        ReversalReport::Reversed
    );
    let empty = said(204, &Value::Null);
    assert_eq!(
        wechat().read_reverse(&order, &empty, now()),
        ReversalReport::Reversed
    );
    for body in [
        json!({}),
        json!({ "out_trade_no": no }),
        json!({ "recall": null }),
        json!({ "recall": "Y", "trade_state": "REVOKED" }),
        json!({ "recall": "N", "trade_state": 1 }),
        json!({ "recall": "Y" }),
        json!({ "recall": true }),
        json!({ "recall": "?" }),
        json!({ "recall": "N", "out_trade_no": number("o-2", Method::Code).to_string() }),
        json!({ "recall": "N", "mchid": "1900000002" }),
        json!({ "recall": "N", "trade_state": "SUCCESS" }),
        json!({ "recall": "N", "trade_state": "WHATEVER" }),
    ] {
        assert_eq!(read(body.clone()), ReversalReport::Again, "{body}");
    }
    let refused = said(400, &refusal("INVALID_REQUEST"));
    assert_eq!(
        wechat().read_reverse(&order, &refused, now()),
        ReversalReport::Refused
    );
}

#[test]
fn refunds_are_ours_in_number_and_amount_or_no_answer() {
    let (order, refund) = (order(Method::Native), refund());
    let body = |changes| {
        let whole = json!({
            "refund_id": "50300000",
            "out_refund_no": refund.no.to_string(),
            "out_trade_no": order.no.to_string(),
            "transaction_id": TRADE_NO,
            "status": "SUCCESS",
            "amount": { "total": 1999, "refund": 500, "currency": "CNY" },
        });
        said(200, &changed(whole, changes))
    };
    let both = |changes: Value| {
        let sent = wechat().read_refund(&order, &refund, &body(changes.clone()), now());
        let asked = wechat().read_refund_query(&order, &refund, &body(changes), now());
        assert_eq!(sent, asked);
        sent
    };
    for (word, report) in [
        ("SUCCESS", RefundReport::Succeeded),
        ("PROCESSING", RefundReport::Accepted),
        ("ABNORMAL", RefundReport::NeedsPerson),
        ("CLOSED", RefundReport::Failed),
        ("CHANGE", RefundReport::NoAnswer),
    ] {
        assert_eq!(both(json!({ "status": word })), report, "{word}");
    }
    for changes in [
        json!({ "out_refund_no": "R1" }),
        json!({ "out_refund_no": null }),
        json!({ "out_trade_no": number("o-2", Method::Native).to_string() }),
        json!({ "transaction_id": "4200002026112000000000000002" }),
        json!({ "amount": { "total": 1999, "refund": 501, "currency": "CNY" } }),
        json!({ "amount": { "total": 1999, "refund": 500, "currency": "USD" } }),
        json!({ "amount": null }),
        json!({ "status": null }),
    ] {
        assert_eq!(both(changes.clone()), RefundReport::NoAnswer, "{changes}");
    }
}
