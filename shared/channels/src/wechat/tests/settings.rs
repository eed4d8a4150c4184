//! Accounts: what settings and secrets can be used, and whose signatures then count.

use payonce_domain::Report;

use super::*;
use crate::claim::{self, TradeReading};
use crate::registry::ConfigurationError;
use crate::wechat::certificate_serial;

const PLATFORM: &str = include_str!("../fixtures/platform.crt");
const PLATFORM_SERIAL: &str = include_str!("../fixtures/platform.serial");
const PLATFORM_HIGH: &str = include_str!("../fixtures/platform-high.crt");
const PLATFORM_HIGH_SERIAL: &str = include_str!("../fixtures/platform-high.serial");

fn opens(settings: &Value, secrets: Secrets<'_>) -> Result<(), ConfigurationError> {
    adapter(Channel::Wechat, &settings.to_string(), secrets).map(drop)
}

#[test]
fn serials_are_those_that_openssl_prints() {
    for (pem, serial) in [
        (PLATFORM, PLATFORM_SERIAL),
        (PLATFORM_HIGH, PLATFORM_HIGH_SERIAL),
    ] {
        assert_eq!(certificate_serial(pem).as_deref(), Some(serial));
    }
    assert_eq!(certificate_serial(WECHAT_PUBLIC), None);
}

#[test]
fn what_cannot_be_used_is_named() {
    for changes in [
        json!({ "appid": null }),
        json!({ "appid": "wx\"1" }),
        json!({ "mchid": "" }),
        json!({ "mchid": "19000x" }),
        json!({ "gateway": "api.mch.weixin.qq.com" }),
        json!({ "gateway": "https://api.example.com/?a=1" }),
        json!({ "gateway": "https://user@api.example.com" }),
        json!({ "files": "ftp://files.example.com" }),
        json!({ "keys": {} }),
        json!({ "keys": { KEY_ID: "garbage" } }),
        json!({ "keys": { "ABC": PLATFORM } }),
        json!({ "answer_key": "PUB_KEY_ID_9" }),
    ] {
        let settings = changed(account(), changes.clone());
        let opened = opens(&settings, Secrets::default());
        assert!(
            matches!(opened, Err(ConfigurationError::Settings(_))),
            "{changes}"
        );
    }
    for (signing, receiving) in [
        (Some(json!({ "private_key": MERCHANT_KEY })), None),
        (
            Some(json!({ "private_key": MERCHANT_KEY, "serial_no": "xyz" })),
            None,
        ),
        (
            Some(json!({ "private_key": "garbage", "serial_no": SERIAL_NO })),
            None,
        ),
        (None, Some(json!({}))),
        (None, Some(json!({ "apiv3_keys": ["short"] }))),
        (
            None,
            Some(json!({ "apiv3_key": "0123456789abcdef0123456789ABCDEFx" })),
        ),
    ] {
        let (signing, receiving) = (
            signing.map(|json| json.to_string()),
            receiving.map(|json| json.to_string()),
        );
        let secrets = Secrets {
            signing: signing.as_deref(),
            receiving: receiving.as_deref(),
        };
        let opened = opens(&account(), secrets);
        assert!(matches!(opened, Err(ConfigurationError::Secret(_))));
    }
}

/// F39: while keys change, each counts under its own name.
#[test]
fn while_keys_change_both_count_each_under_its_own_name() {
    let lower = PLATFORM_HIGH_SERIAL.to_lowercase();
    let keys = json!({
        KEY_ID: STRANGER_PUBLIC,
        "PUB_KEY_ID_02": MERCHANT_PUBLIC,
        PLATFORM_SERIAL: PLATFORM,
        lower.as_str(): PLATFORM_HIGH,
    });
    let settings = changed(account(), json!({ "keys": keys }));
    let adapter = open(&settings);
    let order = order(Method::Native);
    let body = trade(Method::Native, json!({})).to_string().into_bytes();
    let paid = |key: &str, serial: &str| {
        let answer = HttpAnswer {
            status: 200,
            headers: headers(key, serial, &body, now()),
            body: body.clone(),
        };
        let reading = adapter.read_query(&order, &answer, now());
        let said = reading != TradeReading::NoAnswer;
        let report = claim::report(&order, adapter.holder(), reading);
        assert_eq!(said, matches!(report, Report::Paid { .. }));
        said
    };
    assert!(paid(STRANGER_KEY, KEY_ID));
    assert!(paid(MERCHANT_KEY, "PUB_KEY_ID_02"));
    assert!(paid(WECHAT_KEY, PLATFORM_SERIAL));
    assert!(paid(WECHAT_KEY, PLATFORM_HIGH_SERIAL));
    assert!(!paid(WECHAT_KEY, KEY_ID));
    assert!(!paid(STRANGER_KEY, PLATFORM_SERIAL));
    assert!(!paid(WECHAT_KEY, "PUB_KEY_ID_03"));

    // Answers are asked for under the last public key, or the one that is named; a certificate is not.
    let asked = |settings: &Value| {
        let request = open(settings).query_request(&order, now()).unwrap();
        let mut headers = request.headers.into_iter();
        headers.find(|(name, _)| *name == "wechatpay-serial")
    };
    let named = |name: &str| Some(("wechatpay-serial", name.to_owned()));
    assert_eq!(asked(&settings), named("PUB_KEY_ID_02"));
    let chosen = changed(settings, json!({ "answer_key": KEY_ID }));
    assert_eq!(asked(&chosen), named(KEY_ID));
    let old = json!({ "keys": { PLATFORM_SERIAL: PLATFORM } });
    assert_eq!(asked(&changed(account(), old)), None);
}
