//! Certificate mode: who is named in each message, and what a wrong name costs.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use rsa::{
    RsaPublicKey,
    pkcs1v15::{Signature, VerifyingKey},
    pkcs8::{DecodePublicKey, EncodePublicKey},
    sha2::Sha256,
    signature::Verifier,
};
use serde_json::{Value, json};
use x509_parser::{pem::Pem, prelude::X509Certificate};

use crate::harness::{Ear, Stage, is_genuine, page_order};

const QUERY: &str = "alipay.trade.query";
const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";

async fn certified() -> Stage {
    let mut stage = Stage::new().await;
    stage.keys = keys(&stage).await;
    stage
}

async fn keys(stage: &Stage) -> Value {
    stage.get("/_ctl/keys").await.json()["alipay"][1].clone()
}

fn certificates(pem: &Value) -> Vec<Pem> {
    Pem::iter_from_buffer(pem.as_str().unwrap().as_bytes())
        .map(Result::unwrap)
        .collect()
}

/// The number of a certificate, made from the documents with another reader than the simulator's.
fn number(certificate: &X509Certificate<'_>) -> String {
    let mut names: Vec<_> = certificate
        .issuer()
        .iter_attributes()
        .map(|one| {
            let short = match one.attr_type().to_id_string().as_str() {
                "2.5.4.3" => "CN",
                "2.5.4.6" => "C",
                "2.5.4.10" => "O",
                "2.5.4.11" => "OU",
                other => panic!("{other}"),
            };
            format!("{short}={}", one.as_str().unwrap())
        })
        .collect();
    names.reverse();
    let text = format!("{}{}", names.join(","), certificate.tbs_certificate.serial);
    let digest = Md5::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number_of(pem: &Value) -> String {
    number(&certificates(pem)[0].parse_x509().unwrap())
}

fn root_number(pem: &Value) -> String {
    let numbers: Vec<_> = certificates(pem)
        .iter()
        .map(|one| one.parse_x509().unwrap())
        .filter(|one| {
            let algorithm = one.signature_algorithm.algorithm.to_id_string();
            algorithm.starts_with("1.2.840.113549.1.1")
        })
        .map(|one| number(&one))
        .collect();
    assert_eq!(numbers.len(), 2);
    numbers.join("_")
}

fn public_key(pem: &Value) -> RsaPublicKey {
    let pems = certificates(pem);
    let certificate = pems[0].parse_x509().unwrap();
    RsaPublicKey::from_public_key_der(certificate.public_key().raw).unwrap()
}

fn parameters(stage: &Stage, method: &str, content: &Value) -> BTreeMap<String, String> {
    let (app, root) = (
        number_of(&stage.keys["app_cert"]),
        root_number(&stage.keys["alipay_root_cert"]),
    );
    let more = [("app_cert_sn", &*app), ("alipay_root_cert_sn", &root)];
    stage.parameters(method, content, &more)
}

/// The signed object, and the number of the certificate whose key signed it.
async fn call(stage: &Stage, method: &str, content: &Value) -> (Value, String) {
    let parameters = parameters(stage, method, content);
    let answer = stage.exchange(&parameters).await.unwrap();
    let reply = stage
        .verified(method, &answer.body)
        .unwrap_or_else(|| panic!("the signature does not fit: {}", answer.body));
    let number = answer.json()["alipay_cert_sn"].as_str().unwrap().to_owned();
    (reply, number)
}

#[tokio::test]
async fn answers_name_the_certificate_that_they_were_signed_for() {
    let stage = certified().await;
    assert_eq!(stage.keys["mode"], "certificates");
    let alipay = number_of(&stage.keys["alipay_cert"]);
    // Each answer is written in another style, and every style carries the number.
    for _ in 0..4 {
        let (reply, number) = call(&stage, QUERY, &json!({"out_trade_no": "A1"})).await;
        assert_eq!(reply["sub_code"], "ACQ.TRADE_NOT_EXIST");
        assert_eq!(number, alipay);
    }
    let plain = Stage::new().await;
    assert_eq!(plain.keys["mode"], "keys");
    assert_eq!(plain.keys.get("app_cert"), None);
    let answer = plain
        .try_call(QUERY, &json!({"out_trade_no": "A1"}))
        .await
        .unwrap();
    assert_eq!(answer.json().get("alipay_cert_sn"), None);
}

#[tokio::test]
async fn a_request_has_to_name_both_certificates() {
    let stage = certified().await;
    let content = json!({"out_trade_no": "A1"});
    let app = number_of(&stage.keys["app_cert"]);
    let root = root_number(&stage.keys["alipay_root_cert"]);
    let first_root_only = root.split('_').next().unwrap();
    let alipay = number_of(&stage.keys["alipay_cert"]);
    let (bad_app, bad_root) = ("isv.invalid-app-cert-sn", "isv.invalid-alipay-root-cert-sn");
    for (app_cert_sn, alipay_root_cert_sn, sub_code) in [
        ("", &*root, bad_app),
        (&*alipay, &root, bad_app),
        (&app.to_uppercase(), &root, bad_app),
        (&app, "", bad_root),
        (&app, first_root_only, bad_root),
        (&app, &app, bad_root),
    ] {
        let more = [
            ("app_cert_sn", app_cert_sn),
            ("alipay_root_cert_sn", alipay_root_cert_sn),
        ];
        let parameters = stage.parameters(QUERY, &content, &more);
        let answer = stage.exchange(&parameters).await.unwrap().json();
        let error = &answer["error_response"];
        assert_eq!(
            (&error["code"], &error["sub_code"]),
            (&json!("40002"), &json!(sub_code)),
            "{more:?}"
        );
        assert_eq!(answer.get("sign"), None);
    }
}

#[tokio::test]
async fn the_certificates_hold_the_keys_and_lead_to_the_root() {
    let stage = certified().await;
    let keys = &stage.keys;
    let channel = RsaPublicKey::from_public_key_pem(keys["channel_public_key"].as_str().unwrap());
    assert_eq!(public_key(&keys["alipay_cert"]), channel.unwrap());
    let next = RsaPublicKey::from_public_key_pem(keys["next_channel_public_key"].as_str().unwrap());
    assert_eq!(public_key(&keys["next_alipay_cert"]), next.unwrap());

    let pems = certificates(&keys["alipay_root_cert"]);
    let roots: Vec<_> = pems.iter().map(|one| one.parse_x509().unwrap()).collect();
    assert_eq!(roots.len(), 3);
    let signed = |certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>| {
        assert_eq!(certificate.issuer(), issuer.subject());
        let key = RsaPublicKey::from_public_key_der(issuer.public_key().raw).unwrap();
        let signature = Signature::try_from(&*certificate.signature_value.data).unwrap();
        VerifyingKey::<Sha256>::new(key)
            .verify(certificate.tbs_certificate.as_ref(), &signature)
            .unwrap();
    };
    signed(&roots[0], &roots[0]);
    signed(&roots[2], &roots[0]);
    for name in ["app_cert", "alipay_cert", "next_alipay_cert"] {
        let pems = certificates(&keys[name]);
        signed(&pems[0].parse_x509().unwrap(), &roots[2]);
    }
    let elliptic = &roots[1].signature_algorithm.algorithm;
    assert_eq!(elliptic.to_id_string(), "1.2.840.10045.4.3.2");
}

#[tokio::test]
async fn after_a_rotation_the_next_key_signs() {
    let mut stage = certified().await;
    let before = stage.keys.clone();
    let rotate = json!({"channel": "alipay", "account": "alipay-certified"});
    assert_eq!(
        stage
            .post("/_ctl/keys/rotate", &rotate.to_string())
            .await
            .status,
        200
    );
    // Whoever has not heard of it cannot verify any more.
    let parameters_then = parameters(&stage, QUERY, &json!({"out_trade_no": "A1"}));
    let answer = stage.exchange(&parameters_then).await.unwrap();
    assert!(stage.verified(QUERY, &answer.body).is_none());

    stage.keys = keys(&stage).await;
    for (now, then) in [
        ("channel_public_key", "next_channel_public_key"),
        ("alipay_cert", "next_alipay_cert"),
        ("next_channel_public_key", "channel_public_key"),
        ("next_alipay_cert", "alipay_cert"),
        ("app_cert", "app_cert"),
        ("alipay_root_cert", "alipay_root_cert"),
    ] {
        assert_eq!(stage.keys[now], before[then], "{now}");
    }
    let (_, number) = call(&stage, QUERY, &json!({"out_trade_no": "A1"})).await;
    assert_eq!(number, number_of(&before["next_alipay_cert"]));

    // Notifications follow, and the rotation outlives the process.
    let mut stage = stage.restarted().await;
    stage.keys = keys(&stage).await;
    assert_eq!(stage.keys["alipay_cert"], before["next_alipay_cert"]);
    let ear = Ear::new().await;
    let app = number_of(&stage.keys["app_cert"]);
    let root = root_number(&stage.keys["alipay_root_cert"]);
    let more = [
        ("app_cert_sn", &*app),
        ("alipay_root_cert_sn", &root),
        ("notify_url", &ear.url),
    ];
    stage.open(&page_order("A1"), &more).await;
    stage.pay("A1").await;
    assert!(is_genuine(&stage, &ear.hear(1).await[0]));

    let nobody = json!({"channel": "alipay", "account": "nobody"});
    let refused = stage.post("/_ctl/keys/rotate", &nobody.to_string()).await;
    assert_eq!(
        (refused.status, &refused.json()["field"]),
        (400, &json!("account"))
    );
}

#[tokio::test]
async fn an_account_with_keys_rotates_too() {
    let mut stage = Stage::new().await;
    let next = stage.keys["next_channel_public_key"].clone();
    assert_ne!(next, stage.keys["channel_public_key"]);
    let rotate = json!({"channel": "alipay", "account": "alipay-strict"});
    let shown = stage.post("/_ctl/keys/rotate", &rotate.to_string()).await;
    stage.keys = shown.json()["alipay"][0].clone();
    assert_eq!(stage.keys["channel_public_key"], next);
    assert_eq!(stage.query("A1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    // The private key that is shown belongs to the public one.
    let key = crate::harness::private_key(&stage.keys["channel_private_key"]);
    let public = key
        .to_public_key()
        .to_public_key_pem(rsa::pkcs8::LineEnding::LF);
    assert_eq!(json!(public.unwrap()), next);
}

#[tokio::test]
async fn a_certificate_can_be_fetched_by_its_number() {
    let stage = certified().await;
    for name in ["alipay_cert", "next_alipay_cert"] {
        let number = number_of(&stage.keys[name]);
        let (reply, _) = call(&stage, DOWNLOAD, &json!({"alipay_cert_sn": number})).await;
        let content = reply["alipay_cert_content"].as_str().unwrap();
        let pem = String::from_utf8(STANDARD.decode(content).unwrap()).unwrap();
        assert_eq!(json!(pem), stage.keys[name]);
    }
    let (reply, _) = call(&stage, DOWNLOAD, &json!({"alipay_cert_sn": "00"})).await;
    assert_eq!(reply["code"], "40002");
}
