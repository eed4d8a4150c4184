//! Serial numbers of certificates (证书序列号) as Alipay computes them: not the certificate's own, but a
//! digest over its issuer and that number.

use md5::{Digest as _, Md5};
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::rsa::VerifyingKey;

/// What the object identifier of every RSA signature algorithm begins with.
const RSA_FAMILY: &str = "1.2.840.113549.1.1.";

/// The serial of the first certificate in a PEM text (`app_cert_sn`, `alipay_cert_sn`).
#[must_use]
pub fn certificate_sn(pem: &str) -> Option<String> {
    let pem = blocks(pem)?.into_iter().next()?;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    sn(&certificate)
}

/// The serial of a root file (`alipay_root_cert_sn`): those of its RSA certificates, joined by `_`. The
/// file holds SM2 certificates as well, which do not count.
#[must_use]
pub fn root_certificate_sn(pem: &str) -> Option<String> {
    let mut serials = Vec::new();
    for pem in blocks(pem)? {
        let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        if algorithm.starts_with(RSA_FAMILY) {
            serials.push(sn(&certificate)?);
        }
    }
    (!serials.is_empty()).then(|| serials.join("_"))
}

/// The RSA key in the first certificate of a PEM text.
pub(super) fn public_key(pem: &str) -> Option<VerifyingKey> {
    let pem = blocks(pem)?.into_iter().next()?;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    VerifyingKey::from_info(certificate.public_key())
}

fn blocks(text: &str) -> Option<Vec<Pem>> {
    let blocks = Pem::iter_from_buffer(text.as_bytes());
    blocks.collect::<Result<Vec<_>, _>>().ok()
}

fn sn(certificate: &X509Certificate<'_>) -> Option<String> {
    let issuer = issuer_text(certificate.issuer())?;
    let serial = &certificate.tbs_certificate.serial;
    let digest = Md5::digest(format!("{issuer}{serial}"));
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The issuer's names, last first, as `CN=…,O=…` without spaces.
fn issuer_text(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for attribute in name.iter_attributes() {
        let short = match attribute.attr_type().to_id_string().as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            _ => return None,
        };
        parts.push(format!("{short}={}", attribute.as_str().ok()?));
    }
    parts.reverse();
    Some(parts.join(","))
}
