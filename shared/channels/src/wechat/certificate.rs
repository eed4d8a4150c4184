//! Serial numbers of certificates (证书序列号) as WeChat Pay writes them: hexadecimal, upper case, with
//! leading zeros kept.

use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use crate::rsa::VerifyingKey;

/// What a PEM text that holds a certificate contains.
const ARMOUR: &str = "-----BEGIN CERTIFICATE-----";

/// Whether a text is a certificate rather than a bare key.
pub(super) fn is_certificate(pem: &str) -> bool {
    pem.contains(ARMOUR)
}

/// The serial of the first certificate in a PEM text (`serial_no`, `Wechatpay-Serial`).
#[must_use]
pub fn certificate_serial(pem: &str) -> Option<String> {
    read(pem, |certificate| {
        let bytes = certificate.raw_serial();
        // DER puts a zero byte before a number whose first bit is set; it is no part of the number.
        let bytes = match bytes {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => rest,
            all => all,
        };
        Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect())
    })
}

/// The RSA key in the first certificate of a PEM text.
pub(super) fn public_key(pem: &str) -> Option<VerifyingKey> {
    read(pem, |certificate| {
        VerifyingKey::from_info(certificate.public_key())
    })
}

fn read<T>(pem: &str, part: impl FnOnce(&X509Certificate<'_>) -> Option<T>) -> Option<T> {
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
    part(&certificate)
}
