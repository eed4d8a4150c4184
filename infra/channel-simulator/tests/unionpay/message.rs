//! Messages as a merchant writes and believes them: two hashes, a chain, and a name.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1v15::{Signature, SigningKey, VerifyingKey},
    pkcs8::{DecodePrivateKey, DecodePublicKey},
    sha2::{Digest, Sha256},
    signature::{SignatureEncoding, Signer, Verifier},
};
use serde_json::Value;
use x509_cert::{
    Certificate,
    der::{DecodePem, Encode, asn1::Utf8StringRef, oid::db::rfc4519::CN},
};

pub(crate) type Fields = BTreeMap<String, String>;

/// Whether a message is the channel's, and if not, why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    Genuine,
    /// The chain holds and somebody else has signed.
    AnothersCertificate,
    BadSignature,
    BadChain,
}

pub(crate) fn fields(pairs: &[(&str, &str)]) -> Fields {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

fn digest(fields: &Fields) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if name != "signature" && !value.is_empty() {
            text.push_str(&format!("&{name}={value}"));
        }
    }
    let hash = Sha256::digest(text.trim_start_matches('&').as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sign(private_key: &str, mut fields: Fields) -> Fields {
    let key = SigningKey::<Sha256>::new(RsaPrivateKey::from_pkcs8_pem(private_key).unwrap());
    let signature = key.sign(digest(&fields).as_bytes()).to_bytes();
    fields.insert("signature".into(), STANDARD.encode(signature));
    fields
}

/// Reads `k=v&k=v` as it comes: a value ends at the next `&` outside of braces.
pub(crate) fn parse(body: &str) -> Fields {
    let (mut fields, mut depth, mut start) = (Fields::new(), 0, 0);
    let body = format!("{body}&");
    for (index, letter) in body.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            '&' if depth == 0 => {
                let (name, value) = body[start..index].split_once('=').unwrap();
                let earlier = fields.insert(name.to_owned(), value.to_owned());
                assert_eq!(earlier, None, "{name} comes twice");
                start = index + 1;
            }
            _ => {}
        }
    }
    fields
}

/// What a careful merchant thinks of a message.
pub(crate) fn believe(keys: &Value, fields: &Fields) -> Belief {
    let pem = &fields["signPubKeyCert"];
    assert!(pem.contains("\r\n"), "{pem}");
    let certificate = |pem: &str| Certificate::from_pem(pem.as_bytes()).unwrap();
    let leaf = certificate(&pem.replace("\r\n", "\n"));
    let middle = certificate(keys["middle_cert"].as_str().unwrap());
    let root = certificate(keys["root_cert"].as_str().unwrap());
    let holds = is_issued(&leaf, &middle) && is_issued(&middle, &root) && is_issued(&root, &root);
    if !holds {
        return Belief::BadChain;
    }
    let signature = STANDARD.decode(&fields["signature"]).unwrap();
    let signature = Signature::try_from(signature.as_slice());
    let signed = key_of(&leaf);
    if !signature.is_ok_and(|one| signed.verify(digest(fields).as_bytes(), &one).is_ok()) {
        return Belief::BadSignature;
    }
    if common_name(&leaf).split('@').nth(2) != Some("中国银联股份有限公司") {
        return Belief::AnothersCertificate;
    }
    Belief::Genuine
}

fn key_of(certificate: &Certificate) -> VerifyingKey<Sha256> {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    VerifyingKey::new(RsaPublicKey::from_public_key_der(&key.to_der().unwrap()).unwrap())
}

fn is_issued(certificate: &Certificate, issuer: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    let signature = Signature::try_from(certificate.signature.raw_bytes()).unwrap();
    body.issuer == issuer.tbs_certificate.subject
        && key_of(issuer)
            .verify(&body.to_der().unwrap(), &signature)
            .is_ok()
}

pub(crate) fn common_name(certificate: &Certificate) -> String {
    let names = certificate.tbs_certificate.subject.0.iter();
    let mut names = names.flat_map(|one| one.0.iter());
    let name = names.find(|one| one.oid == CN).unwrap();
    Utf8StringRef::try_from(&name.value)
        .unwrap()
        .as_str()
        .to_owned()
}
