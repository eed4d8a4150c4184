//! Certificates (证书): whom they belong to, who vouches for them, and when. Their serial numbers (证书序列号)
//! are computed as Alipay does: not the certificate's own, but a digest over its issuer and that number.

use md5::{Digest as _, Md5};
use payonce_domain::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::chain::{self, ChainHash, blocks, covers, is_authority, parsed, signed_by, validity};
use crate::rsa::VerifyingKey;

/// What the object identifier of every RSA signature algorithm begins with.
const RSA_FAMILY: &str = "1.2.840.113549.1.1.";

/// How many certificates may stand above one another. Alipay's are three: its own, an authority, the root.
const DEPTH_MAX: u8 = 5;

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
        if is_rsa(&certificate) {
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

/// A certificate whose signatures count while it is valid.
#[derive(Debug)]
pub(super) struct Trusted {
    /// Its serial.
    pub(super) sn: String,
    /// Its key.
    key: VerifyingKey,
    /// Since when it is valid, and all that vouch for it.
    not_before: i64,
    /// Until when; both are seconds since 1970.
    not_after: i64,
}

impl Trusted {
    /// Reads the first certificate of a PEM text; those after it may stand between it and the root. With
    /// the text of a root file, an unbroken chain of signatures must lead to one of its RSA certificates.
    pub(super) fn read(pem: &str, roots: Option<&str>) -> Option<Self> {
        let blocks = blocks(pem)?;
        let sent: Option<Vec<_>> = blocks.iter().map(parsed).collect();
        let sent = sent?;
        let leaf = sent.first()?;
        let validity = match roots {
            None => validity(leaf),
            Some(roots) => {
                let blocks = chain::blocks(roots)?;
                // The file holds SM2 certificates as well, of which some cannot even be read here.
                let roots: Vec<_> = blocks.iter().filter_map(parsed).filter(is_rsa).collect();
                vouched(leaf, &sent[1..], &roots, DEPTH_MAX)?
            }
        };
        Some(Self {
            sn: sn(leaf)?,
            key: VerifyingKey::from_info(leaf.public_key())?,
            not_before: validity.0,
            not_after: validity.1,
        })
    }

    /// Whether it is valid at this time.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        covers((self.not_before, self.not_after), now)
    }

    /// Whether its owner signed `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &str) -> bool {
        self.key.verify(message, signature)
    }
}

/// When a certificate and everything up to a root is valid; `None` if no root vouches for it.
fn vouched(
    certificate: &X509Certificate<'_>,
    between: &[X509Certificate<'_>],
    roots: &[X509Certificate<'_>],
    depth: u8,
) -> Option<(i64, i64)> {
    let depth = depth.checked_sub(1)?;
    let own = validity(certificate);
    let above = match roots
        .iter()
        .find(|root| signed_by(certificate, root, ChainHash::Sha256))
    {
        Some(root) => validity(root),
        None => between
            .iter()
            .filter(|other| is_authority(other) && signed_by(certificate, other, ChainHash::Sha256))
            .find_map(|other| vouched(other, between, roots, depth))?,
    };
    Some((own.0.max(above.0), own.1.min(above.1)))
}

fn is_rsa(certificate: &X509Certificate<'_>) -> bool {
    let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
    algorithm.starts_with(RSA_FAMILY)
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
