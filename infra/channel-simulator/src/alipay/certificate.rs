//! Certificate mode (证书模式): a small authority with Alipay's shape, and the numbers that messages
//! name its certificates by.
//!
//! The root file holds, in this order, an RSA root, a root with an elliptic-curve key and the RSA
//! certificate under the first that issues everybody else's. Only the RSA ones count for the file's
//! number, so who reads it carelessly finds a wrong one.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use md5::{Digest, Md5};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1v15::{Signature, SigningKey},
    rand_core::{OsRng, RngCore},
    sha2::Sha256,
};
use serde::{Deserialize, Serialize};
use x509_cert::{
    Certificate,
    builder::{Builder, CertificateBuilder, Profile},
    der::{DecodePem, EncodePem, pem::LineEnding},
    name::Name,
    serial_number::SerialNumber,
    spki::SubjectPublicKeyInfoOwned,
    time::Validity,
};

use crate::rsa_key;

/// A root whose key is no RSA key. OpenSSL made it, and its private key was thrown away:
///
/// ```text
/// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null \
///   -days 7300 -out elliptic_root.pem -subj "/C=CN/O=Simulated Financial/\
/// OU=Certification Authority/CN=Simulated Financial Certification Authority E1"
/// ```
const ELLIPTIC_ROOT: &str = include_str!("elliptic_root.pem");

/// The family of signature algorithms that counts for a root file's number.
const RSA_FAMILY: &str = "1.2.840.113549.1.1.";

const ROOT: &str = "CN=Simulated Financial Certification Authority R1,OU=Certification Authority,\
                    O=Simulated Financial,C=CN";
const ISSUER: &str = "CN=Simulated Financial Certification Authority Class 2 R1,\
                      OU=Certification Authority,O=Simulated Financial,C=CN";

/// Certificates outlive any test, also one that moves the clock.
const LIFE: Duration = Duration::from_secs(20 * 365 * 86_400);
/// Clocks differ; a certificate made now is valid already where it is an hour earlier.
const BACKDATED: Duration = Duration::from_secs(86_400);

/// What a merchant in certificate mode downloads, as PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Certificates {
    pub(crate) app_cert: String,
    /// One for each of Alipay's keys, in their order.
    pub(crate) alipay_certs: [String; 2],
    pub(crate) alipay_root_cert: String,
}

/// The numbers (SN) of the same certificates, as messages carry them.
#[derive(Clone, Debug)]
pub(crate) struct SerialNumbers {
    pub(crate) app_cert: String,
    pub(crate) alipay_certs: [String; 2],
    pub(crate) alipay_root_cert: String,
}

impl Certificates {
    /// Makes the authority, has it certify these keys, and forgets its keys.
    pub(crate) fn make(
        app_id: &str,
        seller_id: &str,
        app_key: &RsaPublicKey,
        alipay_keys: [&RsaPublicKey; 2],
    ) -> anyhow::Result<Self> {
        let (root_key, issuer_key) = (Signer::make()?, Signer::make()?);
        let (root, issuer) = (name(ROOT)?, name(ISSUER)?);
        let root_cert = certify(
            Profile::Root,
            root.clone(),
            &root_key.public(),
            &root_key.signs,
        )?;
        let below_root = Profile::SubCA {
            issuer: root,
            path_len_constraint: Some(0),
        };
        let issuer_cert = certify(
            below_root,
            issuer.clone(),
            &issuer_key.public(),
            &root_key.signs,
        )?;
        let leaf = |common_name: &str, unit: &str, key: &RsaPublicKey| {
            let subject = name(&format!(
                "CN={common_name},OU={unit},O=Simulated Financial,C=CN"
            ))?;
            let profile = Profile::Leaf {
                issuer: issuer.clone(),
                enable_key_agreement: false,
                enable_key_encipherment: false,
            };
            certify(profile, subject, key, &issuer_key.signs)
        };
        let alipay_cert = |key| leaf(&format!("Alipay-{seller_id}"), "Alipay", key);
        let [first, second] = alipay_keys;
        Ok(Self {
            app_cert: leaf(&format!("{seller_id}-{app_id}"), seller_id, app_key)?,
            alipay_certs: [alipay_cert(first)?, alipay_cert(second)?],
            alipay_root_cert: format!("{root_cert}{ELLIPTIC_ROOT}{issuer_cert}"),
        })
    }

    pub(crate) fn serial_numbers(&self) -> anyhow::Result<SerialNumbers> {
        let [first, second] = &self.alipay_certs;
        Ok(SerialNumbers {
            app_cert: serial_number(&self.app_cert)?,
            alipay_certs: [serial_number(first)?, serial_number(second)?],
            alipay_root_cert: root_serial_number(&self.alipay_root_cert)?,
        })
    }
}

/// A key of the authority.
struct Signer {
    key: RsaPrivateKey,
    signs: SigningKey<Sha256>,
}

impl Signer {
    fn make() -> anyhow::Result<Self> {
        let key = rsa_key::read(&rsa_key::make()?)?;
        Ok(Self {
            signs: SigningKey::new(key.clone()),
            key,
        })
    }

    fn public(&self) -> RsaPublicKey {
        self.key.to_public_key()
    }
}

/// `CN=…,OU=…,O=…,C=CN` is encoded from its end: the country comes first.
fn name(text: &str) -> anyhow::Result<Name> {
    Name::from_str(text).with_context(|| format!("the name {text}"))
}

fn certify(
    profile: Profile,
    subject: Name,
    key: &RsaPublicKey,
    signer: &SigningKey<Sha256>,
) -> anyhow::Result<String> {
    let mut serial = [0; 16];
    OsRng.fill_bytes(&mut serial);
    let now = SystemTime::now();
    let validity = Validity {
        not_before: (now - BACKDATED)
            .try_into()
            .context("a certificate's start")?,
        not_after: (now + LIFE).try_into().context("a certificate's end")?,
    };
    let certificate = CertificateBuilder::new(
        profile,
        SerialNumber::new(&serial).context("a certificate's number")?,
        validity,
        subject,
        SubjectPublicKeyInfoOwned::from_key(key.clone()).context("a certificate's key")?,
        signer,
    )
    .and_then(|builder| builder.build::<Signature>())
    .context("making a certificate")?;
    certificate
        .to_pem(LineEnding::LF)
        .context("writing a certificate")
}

/// MD5 over the issuer and the decimal number, in lower-case hexadecimal digits.
fn serial_number(pem: &str) -> anyhow::Result<String> {
    let certificate = Certificate::from_pem(pem).context("reading a certificate")?;
    Ok(serial_number_of(&certificate))
}

fn root_serial_number(pem: &str) -> anyhow::Result<String> {
    let certificates =
        Certificate::load_pem_chain(pem.as_bytes()).context("reading a root file")?;
    Ok(root_serial_number_of(&certificates))
}

/// The numbers of those certificates of a root file that were signed with RSA, joined by `_`.
fn root_serial_number_of(certificates: &[Certificate]) -> String {
    let numbers: Vec<_> = certificates
        .iter()
        .filter(|one| {
            let algorithm = one.signature_algorithm.oid.to_string();
            algorithm.starts_with(RSA_FAMILY)
        })
        .map(serial_number_of)
        .collect();
    numbers.join("_")
}

fn serial_number_of(certificate: &Certificate) -> String {
    let certificate = &certificate.tbs_certificate;
    let number = decimal(certificate.serial_number.as_bytes());
    let digest = Md5::digest(format!("{}{number}", certificate.issuer));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Big-endian bytes in base ten.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u32];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit * 256;
            *digit = carry % 10;
            carry /= 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u32::to_string).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde_json::Value;
    use x509_cert::der::Decode;

    use super::*;

    /// The vectors, or `None` where this checkout stands alone. In CI their absence is a failure.
    fn vectors() -> Option<Value> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = root.join("../../../shared/vectors/alipay.json");
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(serde_json::from_str(&text).unwrap()),
            Err(error) if std::env::var_os("CI").is_some() => {
                panic!("CI must have {}: {error}", path.display())
            }
            Err(error) => {
                #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
                {
                    eprintln!("SKIPPED: no vectors at {}: {error}", path.display());
                }
                None
            }
        }
    }

    /// Certificates in lines of any length, which the reader of our own would refuse.
    fn certificates(text: &str) -> Vec<Certificate> {
        let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
        blocks
            .map(|block| {
                let base64 = block.split("-----END").next().unwrap();
                let base64: String = base64.split_whitespace().collect();
                Certificate::from_der(&STANDARD.decode(base64).unwrap()).unwrap()
            })
            .collect()
    }

    #[test]
    fn numbers_are_those_that_alipays_own_tools_compute() {
        let Some(vectors) = vectors() else { return };
        let keys = &vectors["keys"];
        let list = vectors["vectors"].as_array().unwrap();
        let mut count = 0;
        for vector in list {
            let read = || certificates(keys[vector["key"].as_str().unwrap()].as_str().unwrap());
            let number = match vector["kind"].as_str().unwrap() {
                "cert_sn" => serial_number_of(&read()[0]),
                "root_cert_sn" => root_serial_number_of(&read()),
                _ => continue,
            };
            assert_eq!(vector["expect"], number, "{}", vector["id"]);
            count += 1;
        }
        assert_eq!(count, 3);
    }

    #[test]
    fn long_numbers_are_written_in_base_ten() {
        for (bytes, wanted) in [
            (&[0][..], "0"),
            (&[1, 0], "256"),
            (&[0, 255], "255"),
            (&[255; 16], "340282366920938463463374607431768211455"),
        ] {
            assert_eq!(decimal(bytes), wanted);
        }
    }
}
