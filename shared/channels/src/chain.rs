//! Certificates (证书) and who vouches for them: reading PEM texts, and one link of a chain.

use payonce_domain::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA256WITHRSA};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use crate::rsa::VerifyingKey;

/// Which signatures of authorities count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainHash {
    /// RSA with SHA-256.
    Sha256,
    /// RSA with SHA-1 as well: only the public test environments still need it.
    Sha1Too,
}

/// The blocks of a PEM text.
pub(crate) fn blocks(text: &str) -> Option<Vec<Pem>> {
    let blocks = Pem::iter_from_buffer(text.as_bytes());
    blocks.collect::<Result<Vec<_>, _>>().ok()
}

/// The certificate in a block, and nothing after it.
pub(crate) fn parsed(pem: &Pem) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    rest.is_empty().then_some(certificate)
}

/// Whether `issuer` signed `certificate`.
pub(crate) fn signed_by(
    certificate: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
    hash: ChainHash,
) -> bool {
    let algorithm = &certificate.signature_algorithm.algorithm;
    let named = certificate.issuer().as_raw() == issuer.subject().as_raw()
        // It is named twice, and only the second time under the signature.
        && certificate.tbs_certificate.signature == certificate.signature_algorithm;
    let Some(key) = VerifyingKey::from_info(issuer.public_key()).filter(|_| named) else {
        return false;
    };
    let (message, signature) = (
        certificate.tbs_certificate.as_ref(),
        &certificate.signature_value.data,
    );
    if *algorithm == OID_PKCS1_SHA256WITHRSA {
        return key.verify_bytes(message, signature);
    }
    hash == ChainHash::Sha1Too
        && *algorithm == OID_PKCS1_SHA1WITHRSA
        && key.verify_bytes_sha1(message, signature)
}

/// Whether a certificate may vouch for others. Without this, whoever holds any certificate of a root
/// could issue more.
pub(crate) fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    let may_sign = |usage: Option<bool>| usage.unwrap_or(true);
    let authority = certificate.basic_constraints().ok().flatten();
    let usage = certificate.key_usage().ok();
    authority.is_some_and(|constraints| constraints.value.ca)
        && usage.is_some_and(|usage| may_sign(usage.map(|usage| usage.value.key_cert_sign())))
}

/// Whether a certificate calls itself an authority, whatever it may be used for; one whose constraints
/// cannot be read is taken for such. It signs certificates, never messages.
pub(crate) fn claims_authority(certificate: &X509Certificate<'_>) -> bool {
    match certificate.basic_constraints() {
        Ok(constraints) => constraints.is_some_and(|found| found.value.ca),
        Err(_) => true,
    }
}

/// Since when and until when a certificate is valid, in seconds since 1970.
pub(crate) fn validity(certificate: &X509Certificate<'_>) -> (i64, i64) {
    let validity = certificate.validity();
    (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    )
}

/// Whether a time lies within a validity.
pub(crate) fn covers(validity: (i64, i64), time: Timestamp) -> bool {
    i64::try_from(time.as_millis() / 1_000)
        .is_ok_and(|seconds| (validity.0..=validity.1).contains(&seconds))
}
