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
        let reading = adapter.read_query(&order, &answer(body), order.created_at);
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
        received_at: at("2026-11-20 23:00:00"),
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
