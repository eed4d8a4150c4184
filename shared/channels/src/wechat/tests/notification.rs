//! Notifications: what is forged, what is genuine but not ours, and what is news.

use payonce_domain::{RefundReport, Report, ReturnedSum};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::*;
use crate::notification::{News, Notice, Rejected, UnverifiedNotification};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn encrypt(key: &str, aad: &str, plaintext: &str) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap());
    let mut bytes = plaintext.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(*b"0123456789ab");
    key.seal_in_place_append_tag(nonce, Aad::from(aad.as_bytes()), &mut bytes)
        .unwrap();
    STANDARD.encode(bytes)
}

/// A notification whose content is under `key`, not signed yet.
fn message(key: &str, event: &str, original: &str, content: &Value) -> Value {
    json!({
        "id": "n-1",
        "create_time": "2026-11-20T22:15:31+08:00",
        "event_type": event,
        "resource_type": "encrypt-resource",
        "summary": "支付成功",
        "resource": {
            "original_type": original,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": encrypt(key, original, &content.to_string()),
            "associated_data": original,
            "nonce": "0123456789ab",
        },
    })
}

fn verify_with(headers: &[(String, String)], body: &[u8]) -> Result<Notice, Rejected> {
    wechat().verify(UnverifiedNotification {
        headers,
        body,
        received_at: now(),
    })
}

fn verify(message: &Value) -> Result<Notice, Rejected> {
    let body = message.to_string().into_bytes();
    verify_with(&headers(WECHAT_KEY, KEY_ID, &body, now()), &body)
}

fn told(changes: Value) -> Result<News, Rejected> {
    let content = trade(Method::Native, changes);
    let message = message(API_KEY, "TRANSACTION.SUCCESS", "transaction", &content);
    verify(&message).map(|notice| notice.news)
}

fn paid(fen: u64) -> News {
    News::Trade(Report::Paid {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(fen),
        paid_at: at("2026-11-20 22:15:30"),
    })
}

#[test]
fn payments_are_news_under_either_key() {
    let content = trade(Method::Native, json!({}));
    for key in [API_KEY, API_KEY_OLD] {
        let notice = verify(&message(
            key,
            "TRANSACTION.SUCCESS",
            "transaction",
            &content,
        ))
        .unwrap();
        assert_eq!(notice.channel_order_no, number("o-1", Method::Native));
        assert_eq!(notice.news, paid(1999));
    }
    let stranger = "00000000000000000000000000000000";
    let other = verify(&message(
        stranger,
        "TRANSACTION.SUCCESS",
        "transaction",
        &content,
    ));
    assert!(matches!(other, Err(Rejected::Unreadable(_))));
    // Fen are what the message says; whether they are right is judged elsewhere.
    let amount = json!({ "amount": { "total": 1, "currency": "CNY" } });
    assert_eq!(told(amount), Ok(paid(1)));
}

#[test]
fn genuine_messages_of_others_are_told_apart() {
    assert_eq!(
        told(json!({ "mchid": "1900000002" })),
        Err(Rejected::WrongMerchant)
    );
    assert_eq!(told(json!({ "mchid": null })), Err(Rejected::WrongMerchant));
    assert_eq!(
        told(json!({ "appid": "wx00000000000002" })),
        Err(Rejected::WrongMerchant)
    );
    assert_eq!(told(json!({ "appid": null })), Err(Rejected::WrongMerchant));
    assert_eq!(
        told(json!({ "out_trade_no": "S2021" })),
        Err(Rejected::NotOurNumber)
    );
    let alipay = ChannelOrderNo::new(
        number("o-1", Method::Native).key(),
        Channel::Alipay,
        Method::Native,
        1,
    );
    let alipay = json!({ "out_trade_no": alipay.to_string() });
    assert_eq!(told(alipay), Err(Rejected::NotOurNumber));
    for changes in [
        json!({ "trade_state": "WHATEVER" }),
        json!({ "transaction_id": null }),
        json!({ "amount": { "total": 1999, "currency": "USD" } }),
        json!({ "amount": { "total": 1999 } }),
        json!({ "success_time": "" , "amount": null }),
    ] {
        let told = told(changes.clone());
        assert!(matches!(told, Err(Rejected::Unreadable(_))), "{changes}");
    }
}

#[test]
fn what_cannot_be_read_is_genuine_and_no_news() {
    let content = trade(Method::Native, json!({}));
    let whole = message(API_KEY, "TRANSACTION.SUCCESS", "transaction", &content);
    let mut resource = whole["resource"].clone();
    resource["algorithm"] = json!("AEAD_SM4_GCM");
    let other_algorithm = changed(whole.clone(), json!({ "resource": resource }));
    resource = whole["resource"].clone();
    resource["associated_data"] = json!("refund");
    let other_aad = changed(whole.clone(), json!({ "resource": resource }));
    resource = whole["resource"].clone();
    resource["nonce"] = json!("short");
    let other_nonce = changed(whole.clone(), json!({ "resource": resource }));
    for message in [
        other_algorithm,
        other_aad,
        other_nonce,
        changed(whole.clone(), json!({ "resource": null })),
        changed(
            whole.clone(),
            json!({ "event_type": "PAYSCORE.USER_OPEN_SERVICE" }),
        ),
        changed(whole.clone(), json!({ "event_type": "TRANSACTION" })),
        // A payment that calls itself a refund.
        changed(whole, json!({ "event_type": "REFUND.SUCCESS" })),
        message(API_KEY, "TRANSACTION.SUCCESS", "refund", &content),
    ] {
        let rejected = verify(&message).unwrap_err();
        assert!(matches!(rejected, Rejected::Unreadable(_)), "{rejected}");
        assert!(rejected.is_genuine());
    }
    // Without the key that opens it, it is not lost: it is answered with a refusal and comes again.
    let settings = account().to_string();
    let closed = adapter(Channel::Wechat, &settings, Secrets::default()).unwrap();
    let body = message(API_KEY, "TRANSACTION.SUCCESS", "transaction", &content)
        .to_string()
        .into_bytes();
    let rejected = closed.verify(UnverifiedNotification {
        headers: &headers(WECHAT_KEY, KEY_ID, &body, now()),
        body: &body,
        received_at: now(),
    });
    assert!(matches!(rejected, Err(Rejected::Unreadable(_))));
}

/// F33, F39: forged, under a key we do not know, or sent to see whether we verify.
#[test]
fn s1_forgeries_are_not_genuine() {
    let content = trade(Method::Native, json!({}));
    let body = message(API_KEY, "TRANSACTION.SUCCESS", "transaction", &content)
        .to_string()
        .into_bytes();
    let good = headers(WECHAT_KEY, KEY_ID, &body, now());
    assert!(verify_with(&good, &body).is_ok());
    let with = |name: &str, value: &str| -> Vec<(String, String)> {
        let mut other = good.clone();
        for (given, old) in &mut other {
            if given == name {
                *old = value.to_owned();
            }
        }
        other
    };
    let far = Span::minutes(5);
    for (headers, expected) in [
        (
            headers(STRANGER_KEY, KEY_ID, &body, now()),
            Some(Rejected::BadSignature),
        ),
        (
            headers(WECHAT_KEY, "PUB_KEY_ID_9", &body, now()),
            Some(Rejected::BadSignature),
        ),
        (
            with("wechatpay-signature", "AAAA"),
            Some(Rejected::BadSignature),
        ),
        (
            with("wechatpay-signature", "WECHATPAY/SIGNTEST/AAAA"),
            Some(Rejected::Probe),
        ),
        (headers(WECHAT_KEY, KEY_ID, &body, now().minus(far)), None),
        (headers(WECHAT_KEY, KEY_ID, &body, now().plus(far)), None),
        (with("wechatpay-timestamp", "-1795184140"), None),
        (with("wechatpay-timestamp", ""), None),
        (with("wechatpay-timestamp", "99999999999999999999"), None),
        (with("wechatpay-nonce", "a\nb"), None),
        (Vec::new(), None),
    ] {
        let rejected = verify_with(&headers, &body).unwrap_err();
        assert!(!rejected.is_genuine(), "{rejected}");
        assert_eq!(rejected.is_expected(), rejected == Rejected::Probe);
        match expected {
            Some(expected) => assert_eq!(rejected, expected),
            None => assert!(matches!(rejected, Rejected::Malformed(_)), "{rejected}"),
        }
    }
    let long = vec![b' '; 64 * 1024 + 1];
    let signed = headers(WECHAT_KEY, KEY_ID, &long, now());
    assert!(matches!(
        verify_with(&signed, &long),
        Err(Rejected::Malformed(_))
    ));
    for index in 0..body.len() {
        let mut other = body.clone();
        other[index] ^= 1 << (index % 8);
        assert_eq!(verify_with(&good, &other), Err(Rejected::BadSignature));
    }
}

fn refunded(event: &str, changes: Value) -> Result<News, Rejected> {
    let content = json!({
        "mchid": MCHID,
        "out_trade_no": number("o-1", Method::Native).to_string(),
        "transaction_id": TRADE_NO,
        "out_refund_no": refund().no.to_string(),
        "refund_id": "50300000",
        "refund_status": "SUCCESS",
        "amount": { "total": 1999, "refund": 500, "payer_total": 1999, "payer_refund": 500 },
    });
    let content = changed(content, changes);
    verify(&message(API_KEY, event, "refund", &content)).map(|notice| notice.news)
}

#[test]
fn refunds_of_ours_are_news() {
    let no = refund().no;
    for (word, report) in [
        ("SUCCESS", RefundReport::Succeeded),
        ("ABNORMAL", RefundReport::NeedsPerson),
        ("CLOSED", RefundReport::Failed),
    ] {
        let news = refunded(&format!("REFUND.{word}"), json!({ "refund_status": word }));
        let amount = Some(Money::from_fen(500));
        assert_eq!(news, Ok(News::Refund { no, report, amount }));
        // The API's own name for it is another one, and is not looked for here.
        let named = json!({ "refund_status": null, "status": word });
        let news = refunded(&format!("REFUND.{word}"), named);
        assert_eq!(news, Err(Rejected::Unreadable("refund_status")));
    }
    for (event, changes) in [
        ("REFUND.CLOSED", json!({})),
        ("REFUND.WHATEVER", json!({ "refund_status": "WHATEVER" })),
        ("REFUND.SUCCESS", json!({ "out_refund_no": null })),
        ("REFUND.SUCCESS", json!({ "out_trade_no": null })),
        ("REFUND.SUCCESS", json!({ "amount": { "refund": "500" } })),
    ] {
        let news = refunded(event, changes.clone());
        assert!(matches!(news, Err(Rejected::Unreadable(_))), "{changes}");
    }
    let other = refunded("REFUND.SUCCESS", json!({ "mchid": "1900000002" }));
    assert_eq!(other, Err(Rejected::WrongMerchant));
    let nobody = refunded("REFUND.SUCCESS", json!({ "mchid": null }));
    assert_eq!(nobody, Err(Rejected::WrongMerchant));
}

#[test]
fn money_that_others_sent_back_is_returned_and_not_ours() {
    let foreign = json!({ "out_refund_no": "console-1" });
    let returned = News::Returned {
        return_no: "console-1".to_owned(),
        returned: ReturnedSum::Alone(Money::from_fen(500)),
    };
    assert_eq!(refunded("REFUND.SUCCESS", foreign.clone()), Ok(returned));
    // The next one by hand has a number and an amount of its own, and says nothing of the first.
    let next = json!({
        "out_refund_no": "console-2",
        "amount": { "total": 1999, "refund": 300, "payer_total": 1999, "payer_refund": 300 },
    });
    let returned = News::Returned {
        return_no: "console-2".to_owned(),
        returned: ReturnedSum::Alone(Money::from_fen(300)),
    };
    assert_eq!(refunded("REFUND.SUCCESS", next), Ok(returned));
    let failed = changed(foreign, json!({ "refund_status": "CLOSED" }));
    assert_eq!(refunded("REFUND.CLOSED", failed), Ok(News::Nothing));
    // A number of ours, for money of another order.
    let elsewhere = json!({ "out_trade_no": number("o-2", Method::Native).to_string() });
    let news = refunded("REFUND.SUCCESS", elsewhere);
    assert!(matches!(news, Ok(News::Returned { .. })), "{news:?}");
}

#[test]
fn the_channel_is_answered_in_its_own_words() {
    let (yes, no) = (wechat().acknowledge(true), wechat().acknowledge(false));
    assert_eq!((yes.status, yes.body), (204, ""));
    assert_eq!(no.status, 500);
    let body: Value = serde_json::from_str(no.body).unwrap();
    assert_eq!(body["code"], "FAIL");
    assert!(body["message"].is_string());
}
