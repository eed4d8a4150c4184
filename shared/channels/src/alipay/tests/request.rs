//! What we send: every signature is checked with the public key, one of them against OpenSSL's own.

use std::collections::BTreeMap;

use payonce_domain::{Action, Method, Span, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::http::{CannotSend, HttpRequest, Verb};
use crate::rsa::VerifyingKey;

type Members = BTreeMap<String, String>;

fn decode(text: &str) -> Members {
    form::parse(text.as_bytes()).unwrap()
}

/// The members of an address and a body; the signature must hold over all of them together.
fn checked(url: &str, body: &[u8]) -> Members {
    let (base, query) = url.split_once('?').unwrap();
    assert_eq!(base, GATEWAY);
    let mut members = decode(query);
    if !body.is_empty() {
        members.extend(form::parse(body).unwrap());
    }
    let lines: Vec<_> = members
        .iter()
        .filter(|(name, _)| *name != "sign")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = VerifyingKey::parse(MERCHANT_PUBLIC).unwrap();
    assert!(key.verify(lines.join("&").as_bytes(), &members["sign"]));
    members
}

pub(super) fn sent(request: Result<HttpRequest, CannotSend>, method: &str) -> (Members, Value) {
    let request = request.unwrap();
    assert_eq!(request.verb, Verb::Post);
    let members = checked(&request.url, &request.body);
    assert_eq!(members["method"], method);
    // The gateway has to know the charset before it can decode the body.
    assert!(request.url.contains("charset=utf-8"));
    let content = serde_json::from_str(&members["biz_content"]).unwrap();
    (members, content)
}

fn page(order: &Order, now: Timestamp) -> String {
    let Some(Action::Redirect { url }) = alipay().action(order, now) else {
        panic!("a page order has an address");
    };
    url
}

#[test]
fn a_page_address_signs_what_openssl_signed() {
    let order = order(Method::Page);
    let url = page(&order, order.created_at);
    let members = checked(&url, b"");
    let signature = include_str!("../fixtures/page.sign");
    assert_eq!(members["sign"], signature);
    let text: Vec<_> = members
        .iter()
        .filter(|(name, _)| *name != "sign")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(text.join("&"), include_str!("../fixtures/page.txt"));
}

#[test]
fn a_phone_page_names_where_to_go_when_the_buyer_leaves() {
    let mut order = order(Method::Wap);
    let members = checked(&page(&order, order.created_at), b"");
    assert_eq!(members["method"], "alipay.trade.wap.pay");
    let content: Value = serde_json::from_str(&members["biz_content"]).unwrap();
    assert_eq!(content["product_code"], "QUICK_WAP_WAY");
    assert_eq!(content["quit_url"], "https://shop.example.com/back?a=1");

    order.return_url = None;
    let members = checked(&page(&order, order.created_at), b"");
    assert!(!members.contains_key("return_url"));
    assert!(!members["biz_content"].contains("quit_url"));
}

#[test]
fn clicks_close_together_get_the_same_bytes() {
    let order = order(Method::Page);
    let after = |span| page(&order, order.created_at.plus(span));
    let first = after(Span::millis(0));
    assert_eq!(after(Span::millis(599_999)), first);
    let second = after(Span::minutes(10));
    assert_ne!(second, first);
    assert_eq!(after(Span::minutes(19)), second);
    assert!(second.contains("timestamp=2026-11-20+22%3A20%3A00"));
    // A clock that is behind changes nothing.
    assert_eq!(page(&order, Timestamp::from_millis(0)), first);
}

/// F24, F76: the deadline is absolute, and a refund always has its own number.
#[test]
fn calls_carry_what_each_method_needs() {
    let adapter = alipay();
    let (now, order, refund) = (at("2026-11-20 22:20:01"), order(Method::Page), refund());
    let native = super::order(Method::Native);
    let no = order.no.to_string();

    let request = adapter.create_request(&native, now);
    let (members, content) = sent(request, "alipay.trade.precreate");
    assert_eq!(members["notify_url"], native.notify_url);
    assert_eq!(members["timestamp"], "2026-11-20 22:20:01");
    let expected = json!({
        "out_trade_no": native.no.to_string(), "total_amount": "19.99", "subject": "茶／水",
        "time_expire": "2026-11-20 22:30:00",
    });
    assert_eq!(content, expected);

    let (_, content) = sent(adapter.query_request(&order, now), "alipay.trade.query");
    assert_eq!(content, json!({ "out_trade_no": no }));
    let (_, content) = sent(adapter.close_request(&order, now), "alipay.trade.close");
    assert_eq!(content, json!({ "out_trade_no": no }));

    let request = adapter.refund_request(&order, &refund, now);
    let (_, content) = sent(request, "alipay.trade.refund");
    let expected = json!({
        "out_trade_no": no, "refund_amount": "5.00", "out_request_no": refund.no.to_string(),
        "refund_reason": "重复支付",
    });
    assert_eq!(content, expected);

    let request = adapter.refund_query_request(&order, &refund, now);
    let (_, content) = sent(request, "alipay.trade.fastpay.refund.query");
    let expected = json!({ "out_trade_no": no, "out_request_no": refund.no.to_string() });
    assert_eq!(content, expected);
}

#[test]
fn a_repeated_create_says_the_same() {
    let (adapter, order) = (alipay(), order(Method::Native));
    let content = |now| {
        sent(
            adapter.create_request(&order, now),
            "alipay.trade.precreate",
        )
        .1
    };
    assert_eq!(
        content(at("2026-11-20 22:10:00")),
        content(at("2026-11-20 22:29:00"))
    );
}

#[test]
fn subjects_are_what_alipay_takes() {
    let mut order = order(Method::Native);
    for (subject, expected) in [
        ("a=b&c/d", "a＝b＆c／d".to_owned()),
        ("two\nlines\t\u{7f}", "two lines  ".to_owned()),
        (&"茶".repeat(300), "茶".repeat(256)),
        (&"/".repeat(257), "／".repeat(256)),
    ] {
        order.subject = subject.to_owned();
        let request = alipay().create_request(&order, order.created_at);
        let (_, content) = sent(request, "alipay.trade.precreate");
        assert_eq!(content["subject"], expected);
    }
}

#[test]
fn without_a_secret_nothing_is_sent() {
    let adapter = adapter(&settings().to_string(), None).unwrap();
    let (order, refund) = (order(Method::Page), refund());
    let now = order.created_at;
    assert_eq!(adapter.action(&order, now), None);
    for request in [
        adapter.create_request(&order, now),
        adapter.create_request(&super::order(Method::Native), now),
        adapter.query_request(&order, now),
        adapter.close_request(&order, now),
        adapter.refund_request(&order, &refund, now),
        adapter.refund_query_request(&order, &refund, now),
        adapter.reverse_request(&super::order(Method::Code), now),
    ] {
        assert_eq!(request, Err(CannotSend::NoSecret));
    }
}

#[test]
fn other_methods_are_not_alipays() {
    for method in [Method::Jsapi, Method::H5, Method::Gateway] {
        let order = order(method);
        assert_eq!(alipay().action(&order, order.created_at), None);
        let request = alipay().create_request(&order, order.created_at);
        assert_eq!(request, Err(CannotSend::NoSuchCall));
    }
}

#[test]
fn keys_come_in_four_forms() {
    let order = order(Method::Page);
    let expected = page(&order, order.created_at);
    let armour = include_str!("../fixtures/merchant.pkcs1.pem");
    let bare: String = armour
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    for key in [armour, &bare, include_str!("../fixtures/merchant.bare.txt")] {
        let secret = json!({ "private_key": key }).to_string();
        let adapter = adapter(&settings().to_string(), Some(&secret)).unwrap();
        let action = adapter.action(&order, order.created_at);
        assert_eq!(
            action,
            Some(Action::Redirect {
                url: expected.clone()
            })
        );
    }
}

#[test]
fn accounts_that_cannot_work_are_refused() {
    let with = |name: &str, value: Value| {
        let mut settings = settings();
        settings[name] = value;
        adapter(&settings.to_string(), None).err()
    };
    for (name, value) in [
        ("app_id", json!("")),
        ("seller_id", json!("not digits")),
        ("gateway", json!("ftp://example.com")),
        ("gateway", json!("https://example.com/?a=1")),
        ("public_keys", json!([])),
        ("public_keys", json!(["nonsense"])),
        ("app_cert_sn", json!("half of certificate mode")),
    ] {
        assert!(with(name, value.clone()).is_some(), "{name} {value}");
    }
    for secret in ["", "{}", r#"{"private_key":"nonsense"}"#] {
        let opened = adapter(&settings().to_string(), Some(secret));
        assert!(opened.is_err(), "{secret}");
    }
}
