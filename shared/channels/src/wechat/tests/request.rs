//! Requests: their bytes, their signatures, and what is refused before anything is sent.

use super::*;
use crate::http::{CannotSend, HttpRequest, Verb};
use crate::order::Detail;
use crate::rsa::VerifyingKey;

/// Checks a request's signature with the merchant's public key; returns its target and body.
fn genuine(request: &HttpRequest) -> (String, String) {
    let authorization = header(request, "authorization").unwrap();
    let pairs = authorization
        .strip_prefix("WECHATPAY2-SHA256-RSA2048 ")
        .unwrap();
    let part = |name: &str| {
        let mut parts = pairs.split(',');
        let found = parts.find_map(|pair| pair.strip_prefix(&format!("{name}=\"")));
        found.unwrap().strip_suffix('"').unwrap().to_owned()
    };
    assert_eq!(part("mchid"), MCHID);
    assert_eq!(part("serial_no"), SERIAL_NO);
    assert_eq!(part("nonce_str").len(), 32);
    assert_eq!(part("timestamp"), "1795184140");
    let verb = match request.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    };
    let target = request
        .url
        .strip_prefix("https://api.example.com")
        .unwrap()
        .to_owned();
    let body = String::from_utf8(request.body.clone()).unwrap();
    // Written out here again: the lines as the documentation has them.
    let text = [verb, &target, "1795184140", &part("nonce_str"), &body, ""].join("\n");
    let key = VerifyingKey::parse(MERCHANT_PUBLIC).unwrap();
    assert!(key.verify(text.as_bytes(), &part("signature")));
    assert_eq!(header(request, "accept"), Some("application/json"));
    assert_eq!(header(request, "wechatpay-serial"), Some(KEY_ID));
    let content_type = (request.verb == Verb::Post).then_some("application/json");
    assert_eq!(header(request, "content-type"), content_type);
    (target, body)
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut headers = request.headers.iter();
    headers
        .find(|(given, _)| *given == name)
        .map(|(_, value)| value.as_str())
}

/// F13, F24: a repeat is the same request, with the same absolute deadline.
#[test]
fn creates_say_what_was_stored_and_nothing_else() {
    let common = json!({
        "appid": APPID,
        "mchid": MCHID,
        "description": "茶/\"水\" ",
        "time_expire": "2026-11-20T22:30:00+08:00",
        "notify_url": "https://pay.example.com/v1/webhooks/wechat/demo",
        "amount": { "total": 1999, "currency": "CNY" },
    });
    let scene = json!({ "payer_client_ip": "203.0.113.7", "h5_info": { "type": "Wap" } });
    for (method, product, own) in [
        (Method::Native, "native", json!({})),
        (Method::H5, "h5", json!({ "scene_info": scene })),
        (
            Method::Jsapi,
            "jsapi",
            json!({ "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" } }),
        ),
        (
            Method::Code,
            "codepay",
            json!({ "payer": { "auth_code": "134567890123456789" }, "time_expire": null, "notify_url": null }),
        ),
    ] {
        let request = wechat().create_request(&order(method), now()).unwrap();
        let (target, body) = genuine(&request);
        assert_eq!(target, format!("/wechat/v3/pay/transactions/{product}"));
        let numbered = json!({ "out_trade_no": number("o-1", method).to_string() });
        let expected = changed(changed(common.clone(), numbered), own);
        let sent: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(sent, expected, "{product}");
        // Repeated, the same bytes under a nonce of their own.
        let again = wechat().create_request(&order(method), now()).unwrap();
        assert_eq!(again.body, request.body);
        assert_ne!(
            header(&again, "authorization"),
            header(&request, "authorization")
        );
    }
    for method in [Method::Page, Method::Wap, Method::Gateway] {
        let created = wechat().create_request(&order(method), now());
        assert_eq!(created, Err(CannotSend::NoSuchCall));
    }
    for method in Method::ALL {
        assert_eq!(wechat().action(&order(method), now()), None);
    }
}

#[test]
fn the_other_calls_name_the_order_and_the_refund() {
    let (adapter, native, code) = (wechat(), order(Method::Native), order(Method::Code));
    let no = native.no;
    let base = "/wechat/v3/pay/transactions/out-trade-no";
    let (target, body) = genuine(&adapter.query_request(&native, now()).unwrap());
    assert_eq!(target, format!("{base}/{no}?mchid={MCHID}"));
    assert_eq!(body, "");
    let (target, body) = genuine(&adapter.close_request(&native, now()).unwrap());
    assert_eq!(target, format!("{base}/{no}/close"));
    assert_eq!(body, format!("{{\"mchid\":\"{MCHID}\"}}"));
    let (target, body) = genuine(&adapter.reverse_request(&code, now()).unwrap());
    assert_eq!(target, format!("{base}/{}/reverse", code.no));
    assert_eq!(
        body,
        format!("{{\"appid\":\"{APPID}\",\"mchid\":\"{MCHID}\"}}")
    );
    // What was paid by code is reversed and not closed, and nothing else is reversed.
    let none = Err(CannotSend::NoSuchCall);
    assert_eq!(adapter.close_request(&code, now()), none);
    assert_eq!(adapter.reverse_request(&native, now()), none);

    let refund = refund();
    let (target, body) = genuine(&adapter.refund_request(&native, &refund, now()).unwrap());
    assert_eq!(target, "/wechat/v3/refund/domestic/refunds");
    let expected = json!({
        "transaction_id": TRADE_NO,
        "out_refund_no": refund.no.to_string(),
        "reason": "重复支付",
        "notify_url": "https://pay.example.com/v1/webhooks/wechat/demo",
        "amount": { "refund": 500, "total": 1999, "currency": "CNY" },
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    let asked = adapter.refund_query_request(&native, &refund, now());
    let (target, body) = genuine(&asked.unwrap());
    assert_eq!(
        target,
        format!("/wechat/v3/refund/domestic/refunds/{}", refund.no)
    );
    assert_eq!(body, "");
}

#[test]
fn without_the_secret_nothing_is_sent() {
    let settings = account().to_string();
    let adapter = adapter(Channel::Wechat, &settings, Secrets::default()).unwrap();
    let (order, refund) = (order(Method::Native), refund());
    let none = Err(CannotSend::NoSecret);
    assert_eq!(adapter.create_request(&order, now()), none);
    assert_eq!(adapter.query_request(&order, now()), none);
    assert_eq!(adapter.refund_request(&order, &refund, now()), none);
    // A payment code that is gone is no refusal: the call that used it may have taken money.
    let used = Order {
        auth_code: None,
        ..super::order(Method::Code)
    };
    assert_eq!(wechat().create_request(&used, now()), none);
}

#[test]
fn long_texts_are_cut_by_characters() {
    let long = Order {
        subject: "茶".repeat(200),
        ..order(Method::Native)
    };
    let request = wechat().create_request(&long, now()).unwrap();
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent["description"], json!("茶".repeat(127)));
}

#[test]
fn what_the_channel_would_refuse_is_known_before() {
    let unfit = |order: Order| wechat().check(&order, now()).map_err(|unfit| unfit.detail);
    for method in [Method::Native, Method::H5, Method::Jsapi, Method::Code] {
        assert_eq!(unfit(order(method)), Ok(()), "{method:?}");
        let free = Order {
            amount: Money::from_fen(0),
            ..order(method)
        };
        assert_eq!(unfit(free), Err(Detail::Amount));
    }
    let payer = |payer: Option<&str>| {
        let payer = payer.map(str::to_owned);
        unfit(Order {
            payer,
            ..order(Method::Jsapi)
        })
    };
    for text in [
        None,
        Some(""),
        Some("o p"),
        Some("茶"),
        Some(&*"o".repeat(129)),
    ] {
        assert_eq!(payer(text), Err(Detail::Payer), "{text:?}");
    }
    let client_ip = |ip: Option<&str>| {
        let client_ip = ip.map(str::to_owned);
        unfit(Order {
            client_ip,
            ..order(Method::H5)
        })
    };
    assert_eq!(client_ip(Some("2001:db8::7")), Ok(()));
    for text in [None, Some(""), Some("203.0.113"), Some("localhost")] {
        assert_eq!(client_ip(text), Err(Detail::ClientIp), "{text:?}");
    }
    let auth_code = |code: Option<&str>| {
        let auth_code = code.map(str::to_owned);
        unfit(Order {
            auth_code,
            ..order(Method::Code)
        })
    };
    for text in [
        None,
        Some("13456789012345678"),
        Some("1345678901234567890"),
        Some("164567890123456789"),
        Some("13456789012345678x"),
    ] {
        assert_eq!(auth_code(text), Err(Detail::AuthCode), "{text:?}");
    }
    let ends = |method, life: Span| {
        unfit(Order {
            expires_at: now().plus(life),
            ..order(method)
        })
    };
    let millis = Span::millis;
    assert_eq!(ends(Method::Native, millis(59_999)), Err(Detail::Expiry));
    assert_eq!(ends(Method::Native, Span::minutes(1)), Ok(()));
    assert_eq!(ends(Method::Native, Span::days(7)), Ok(()));
    let eighth = Span::millis(Span::days(7).as_millis() + 1_000);
    assert_eq!(ends(Method::Native, eighth), Err(Detail::Expiry));
    assert_eq!(ends(Method::H5, eighth), Ok(()));
    assert_eq!(ends(Method::Jsapi, Span::days(16)), Err(Detail::Expiry));
    // This call names no deadline.
    assert_eq!(ends(Method::Code, millis(0)), Ok(()));
}
