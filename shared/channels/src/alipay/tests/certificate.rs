//! Certificate mode: requests name our certificates, answers name Alipay's.

use payonce_domain::Report;
use serde_json::json;

use super::super::{certificate_sn, root_certificate_sn};
use super::*;
use crate::claim;
use crate::notification::UnverifiedNotification;

const CERTIFICATE: &str = include_str!("../fixtures/alipay.crt");
const SN: &str = include_str!("../fixtures/alipay.sn");
const ROOT_SN: &str = include_str!("../fixtures/root.sn");
const ROOT: &str = include_str!("../fixtures/root.crt");
const APP: &str = include_str!("../fixtures/app.crt");
const APP_SN: &str = include_str!("../fixtures/app.sn");
/// Another certificate for Alipay's key, with the authority between it and the root.
const CHAIN: &str = include_str!("../fixtures/chain.crt");
const CHAIN_SN: &str = include_str!("../fixtures/chain.sn");

/// When every certificate here is valid.
fn today() -> Timestamp {
    at("2026-12-01 12:00:00")
}

fn certified() -> Box<dyn Adapter> {
    open(&json!({
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "gateway": GATEWAY,
        "app_cert_sn": "866efef280dec9137a87d047ac446315",
        "alipay_root_cert_sn": ROOT_SN,
        "alipay_certs": [CERTIFICATE],
    }))
}

#[test]
fn serials_are_those_that_openssl_computes() {
    assert_eq!(certificate_sn(CERTIFICATE).as_deref(), Some(SN));
    let roots = include_str!("../fixtures/root.crt");
    assert_eq!(root_certificate_sn(roots).as_deref(), Some(ROOT_SN));
    for text in ["", "nonsense", ALIPAY_PUBLIC] {
        assert_eq!(certificate_sn(text), None);
        assert_eq!(root_certificate_sn(text), None);
    }
}

#[test]
fn requests_name_both_serials() {
    let order = order(Method::Native);
    let request = certified()
        .create_request(&order, order.created_at)
        .unwrap();
    let app = "app_cert_sn=866efef280dec9137a87d047ac446315&";
    assert!(request.url.contains(app));
    assert!(
        request
            .url
            .contains(&format!("alipay_root_cert_sn={ROOT_SN}&"))
    );
}

#[test]
fn an_answer_counts_under_the_certificate_it_names() {
    let (adapter, order) = (certified(), order(Method::Page));
    let content = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let sign = sign(ALIPAY_KEY, content);
    let report = |certificate: &str| {
        let body =
            format!(r#"{{"alipay_trade_query_response":{content},{certificate}"sign":"{sign}"}}"#);
        let reading = adapter.read_query(&order, &answer(body), today());
        claim::report(&order, adapter.holder(), reading)
    };
    let named = |sn: &str| report(&format!(r#""alipay_cert_sn":"{sn}","#));
    assert_eq!(named(SN), Report::NotFound);
    assert_eq!(named("866efef280dec9137a87d047ac446315"), Report::NoAnswer);
    assert_eq!(named(""), Report::NoAnswer);
    assert_eq!(report(""), Report::NoAnswer);
}

#[test]
fn notifications_name_no_certificate() {
    let notice = certified().verify(UnverifiedNotification {
        headers: &[],
        body: include_bytes!("../fixtures/paid.form"),
        received_at: today(),
    });
    assert!(notice.is_ok());
}

#[test]
fn certificates_that_cannot_be_read_are_refused() {
    for certs in [json!([]), json!(["nonsense"]), json!([ALIPAY_PUBLIC])] {
        let settings = json!({
            "app_id": APP_ID, "seller_id": SELLER_ID, "gateway": GATEWAY,
            "app_cert_sn": SN, "alipay_root_cert_sn": ROOT_SN, "alipay_certs": certs,
        });
        assert!(adapter(&settings.to_string(), None).is_err());
    }
}

/// Certificate mode with every certificate as its file holds it.
fn whole() -> serde_json::Value {
    json!({
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "gateway": GATEWAY,
        "app_cert": APP,
        "alipay_root_cert": ROOT,
        "alipay_certs": [CERTIFICATE, CHAIN],
    })
}

fn named(adapter: &dyn Adapter, sn: &str, now: Timestamp) -> Report {
    let order = order(Method::Page);
    let content = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let sign = sign(ALIPAY_KEY, content);
    let body = format!(
        r#"{{"alipay_trade_query_response":{content},"alipay_cert_sn":"{sn}","sign":"{sign}"}}"#
    );
    let reading = adapter.read_query(&order, &answer(body), now);
    claim::report(&order, adapter.holder(), reading)
}

#[test]
fn serials_are_computed_from_the_certificates_themselves() {
    let order = order(Method::Native);
    let request = open(&whole())
        .create_request(&order, order.created_at)
        .unwrap();
    assert!(request.url.contains(&format!("app_cert_sn={APP_SN}&")));
    assert!(
        request
            .url
            .contains(&format!("alipay_root_cert_sn={ROOT_SN}&"))
    );
}

/// F39: while keys change, messages under both are believed.
#[test]
fn two_certificates_of_alipays_are_trusted_while_they_change() {
    let adapter = open(&whole());
    for sn in [SN, CHAIN_SN] {
        assert_eq!(named(adapter.as_ref(), sn, today()), Report::NotFound);
    }
    assert_eq!(named(adapter.as_ref(), APP_SN, today()), Report::NoAnswer);
}

#[test]
fn a_certificate_counts_while_it_is_valid() {
    let adapter = open(&whole());
    for time in ["2026-11-21 08:13:22", "2127-01-01 00:00:00"] {
        assert_eq!(named(adapter.as_ref(), SN, at(time)), Report::NoAnswer);
        let notice = adapter.verify(UnverifiedNotification {
            headers: &[],
            body: include_bytes!("../fixtures/paid.form"),
            received_at: at(time),
        });
        assert_eq!(notice, Err(crate::notification::Rejected::BadSignature));
    }
    let first = at("2026-11-21 08:13:23");
    assert_eq!(named(adapter.as_ref(), SN, first), Report::NotFound);
}

#[test]
fn the_root_must_vouch_for_each_of_alipays_certificates() {
    let leaf_alone: String = CHAIN
        .split_inclusive("-----END CERTIFICATE-----")
        .take(1)
        .collect();
    let pretender = include_str!("../fixtures/pretender.crt");
    let forged = include_str!("../fixtures/forged.crt");
    for (why, certificates) in [
        ("the authority is missing", json!([leaf_alone])),
        ("one is good, one is not", json!([CERTIFICATE, leaf_alone])),
        ("only the name is the root's", json!([pretender])),
        ("issued by who is no authority", json!([forged])),
    ] {
        let mut settings = whole();
        settings["alipay_certs"] = certificates;
        let opened = adapter(&settings.to_string(), None);
        assert!(
            matches!(opened, Err(ConfigurationError::Settings(_))),
            "{why}"
        );
        // Without the root's own certificate nobody can be asked to vouch.
        settings["alipay_root_cert"] = json!(null);
        settings["alipay_root_cert_sn"] = json!(ROOT_SN);
        assert!(adapter(&settings.to_string(), None).is_ok(), "{why}");
    }
}

#[test]
fn no_bit_of_a_certificate_can_be_changed() {
    let pem = x509_parser::pem::Pem::iter_from_buffer(CERTIFICATE.as_bytes());
    let der = pem.into_iter().next().unwrap().unwrap().contents;
    let parsed = x509_parser::parse_x509_certificate(&der).unwrap().1;
    let signed = parsed.tbs_certificate.as_ref().len();
    let signature = parsed.signature_value.data.len();
    let read = |der: &[u8]| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        super::super::certificate::Trusted::read(&pem, Some(ROOT))
    };
    assert!(read(&der).is_some());
    // The envelope's head is four bytes long.
    for index in (4..4 + signed).chain(der.len() - signature..der.len()) {
        for bit in 0..8 {
            let mut other = der.clone();
            other[index] ^= 1 << bit;
            assert!(read(&other).is_none(), "bit {bit} of byte {index}");
        }
    }
}

#[test]
fn our_certificate_lies_with_its_key_or_else_in_the_settings() {
    let mut settings = whole();
    let order = order(Method::Native);
    let url = |settings: &serde_json::Value, secret: serde_json::Value| {
        let adapter = adapter(&settings.to_string(), Some(&secret.to_string()));
        adapter.map(|adapter| {
            adapter
                .create_request(&order, order.created_at)
                .unwrap()
                .url
        })
    };
    // The secret's own certificate counts, whatever serial the settings still give.
    settings["app_cert"] = json!(null);
    settings["app_cert_sn"] = json!("866efef280dec9137a87d047ac446315");
    let both = json!({ "private_key": MERCHANT_KEY, "app_cert": APP });
    assert!(url(&settings, both.clone()).unwrap().contains(APP_SN));
    let alone = json!({ "private_key": MERCHANT_KEY });
    let named = url(&settings, alone.clone()).unwrap();
    assert!(named.contains("866efef280dec9137a87d047ac446315"));
    // A key without any certificate, or with another key's, signs in vain.
    settings["app_cert_sn"] = json!(null);
    assert!(url(&settings, alone.clone()).is_err());
    assert!(url(&settings, both.clone()).is_ok());
    let foreign = json!({ "private_key": STRANGER_KEY, "app_cert": APP });
    assert!(url(&settings, foreign).is_err());
    // What only receives needs neither.
    assert!(adapter(&settings.to_string(), None).is_ok());
    // The mode is the settings': a certificate in the secret waits there for the change.
    let keys = url(&super::settings(), both).unwrap();
    assert!(!keys.contains("app_cert_sn"));
}
