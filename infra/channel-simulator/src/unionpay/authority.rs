//! The certificates: a root and a middle authority, UnionPay's own, the merchants', and a stranger's.
//!
//! All hang from one root, as they do behind the real UnionPay. So a chain alone proves nothing about
//! who has signed: only the name in the certificate does.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context;
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1v15::{Signature, SigningKey},
    rand_core::{OsRng, RngCore},
    sha2::Sha256,
};
use serde::{Deserialize, Serialize};
use x509_cert::{
    builder::{Builder, CertificateBuilder, Profile},
    der::{EncodePem, pem::LineEnding},
    name::Name,
    serial_number::SerialNumber,
    spki::SubjectPublicKeyInfoOwned,
    time::{Time, Validity},
};

use super::sign::{self, Fields};
use crate::{
    faults::Spoil,
    rsa_key::{self, PrivateKey},
};

const ROOT: &str = "CN=CFCA SIMULATED CS CA,O=China Financial Certification Authority,C=CN";
const MIDDLE: &str = "CN=CFCA SIMULATED OCA1,O=China Financial Certification Authority,C=CN";
/// Whose signature a merchant may believe: the third part is what has to be checked.
const UNIONPAY: &str = "041@8310000000083040@中国银联股份有限公司@00016495";
/// Somebody else with a certificate of the same authority.
const STRANGER: &str = "041@8310000000099999@某某科技有限公司@00099999";

/// Amounts that a channel in error would get wrong together.
const AMOUNTS: [&str; 2] = ["txnAmt", "settleAmt"];

const DAY: Duration = Duration::from_secs(86_400);
/// Far enough that no test outlives it, and before 2050, when certificates write times differently.
const LIFE_DAYS: u32 = 20 * 365;

/// What must be the same after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SavedAuthority {
    root_cert: String,
    middle_key: String,
    middle_cert: String,
    /// UnionPay's own: one signs, the other is ready for a rotation.
    leaves: [SavedLeaf; 2],
    signs_with_second: bool,
    stranger_cert: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedLeaf {
    key: String,
    cert: String,
}

/// The certificates, and the keys that sign for UnionPay and for the stranger.
#[derive(Debug)]
pub(crate) struct Authority {
    saved: SavedAuthority,
    leaves: [Leaf; 2],
    signs_with_second: AtomicBool,
    stranger: PrivateKey,
}

#[derive(Debug)]
struct Leaf {
    key: PrivateKey,
    public_key: String,
}

impl SavedAuthority {
    /// Makes every key and certificate that accounts share.
    pub(crate) fn make(stranger: &PrivateKey) -> anyhow::Result<Self> {
        let [root_key, middle_key, first_key, second_key] = std::thread::scope(|scope| {
            let keys = [(); 4].map(|()| scope.spawn(rsa_key::make));
            keys.map(|key| key.join().map_err(rsa_key::panicked)?)
        });
        let (root, middle_key) = (rsa_key::read(&root_key?)?, middle_key?);
        let middle = rsa_key::read(&middle_key)?;
        let middle_profile = Profile::SubCA {
            issuer: name(ROOT)?,
            path_len_constraint: Some(0),
        };
        let root_cert = issue(Profile::Root, ROOT, &root.to_public_key(), &root)?;
        let middle_cert = issue(middle_profile, MIDDLE, &middle.to_public_key(), &root)?;
        let leaf = |common_name: &str, key| {
            issue(leaf_profile()?, &leaf_subject(common_name), &key, &middle)
        };
        let certify = |key: String| {
            let public_key = rsa_key::read(&key)?.to_public_key();
            let cert = leaf(UNIONPAY, public_key)?.pem;
            Ok::<_, anyhow::Error>(SavedLeaf { key, cert })
        };
        Ok(Self {
            root_cert: root_cert.pem,
            middle_cert: middle_cert.pem,
            leaves: [certify(first_key?)?, certify(second_key?)?],
            signs_with_second: false,
            stranger_cert: leaf(STRANGER, stranger.public())?.pem,
            middle_key,
        })
    }

    /// A merchant's certificate, which names it by its serial.
    pub(crate) fn certify(&self, mer_id: &str, key: &RsaPrivateKey) -> anyhow::Result<Certified> {
        let middle = rsa_key::read(&self.middle_key)?;
        let subject = leaf_subject(&format!("041@{mer_id}@{mer_id}@00000001"));
        issue(leaf_profile()?, &subject, &key.to_public_key(), &middle)
    }
}

impl Authority {
    pub(crate) fn new(saved: SavedAuthority, stranger: PrivateKey) -> anyhow::Result<Self> {
        let [first, second] = &saved.leaves;
        Ok(Self {
            leaves: [Leaf::read(first)?, Leaf::read(second)?],
            signs_with_second: AtomicBool::new(saved.signs_with_second),
            stranger,
            saved,
        })
    }

    pub(crate) fn to_saved(&self) -> SavedAuthority {
        SavedAuthority {
            signs_with_second: self.signs_with_second.load(Ordering::SeqCst),
            ..self.saved.clone()
        }
    }

    /// UnionPay signs with its other key from now on. Its messages bring the certificate along, so
    /// that only a merchant who has pinned one is surprised.
    pub(crate) fn rotate_key(&self) {
        self.signs_with_second.fetch_xor(true, Ordering::SeqCst);
    }

    fn signing(&self) -> (&Leaf, &SavedLeaf) {
        let ([first, second], [saved_first, saved_second]) = (&self.leaves, &self.saved.leaves);
        if self.signs_with_second.load(Ordering::SeqCst) {
            (second, saved_second)
        } else {
            (first, saved_first)
        }
    }

    /// What is shown of it beside every account.
    pub(crate) fn shown(&self) -> [(&'static str, &str); 5] {
        let (leaf, saved) = self.signing();
        [
            ("channel_private_key", &saved.key),
            ("channel_public_key", &leaf.public_key),
            ("channel_cert", &saved.cert),
            ("middle_cert", &self.saved.middle_cert),
            ("root_cert", &self.saved.root_cert),
        ]
    }

    /// Completes a message of the channel: certificate and signature.
    pub(crate) fn seal(&self, mut fields: Fields, spoil: Spoil) -> Fields {
        if spoil == Spoil::WrongAmount {
            for amount in AMOUNTS {
                if let Some(value) = fields.get_mut(amount)
                    && let Ok(fen) = value.parse::<i64>()
                {
                    *value = (fen + 1).to_string();
                }
            }
        }
        let (leaf, saved) = self.signing();
        let (key, certificate) = match spoil {
            Spoil::WrongKey => (&self.stranger, &self.saved.stranger_cert),
            Spoil::Nothing | Spoil::WrongAmount | Spoil::BadSignature => (&leaf.key, &saved.cert),
        };
        for (name, value) in [
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            (
                "signPubKeyCert",
                &certificate.trim_end().replace('\n', "\r\n"),
            ),
        ] {
            fields.insert(name.to_owned(), value.to_owned());
        }
        let mut signature = sign::sign(key, &fields);
        if spoil == Spoil::BadSignature {
            signature = rsa_key::spoil(&signature);
        }
        fields.insert("signature".to_owned(), signature);
        fields
    }
}

impl Leaf {
    fn read(saved: &SavedLeaf) -> anyhow::Result<Self> {
        let key = rsa_key::read(&saved.key)?;
        Ok(Self {
            public_key: rsa_key::public_pem(&key)?,
            key: PrivateKey::new(key),
        })
    }
}

/// A certificate and its number.
#[derive(Clone, Debug)]
pub(crate) struct Certified {
    pub(crate) pem: String,
    /// The serial as UnionPay writes it, in decimal.
    pub(crate) serial: String,
}

fn issue(
    profile: Profile,
    subject: &str,
    key: &RsaPublicKey,
    issuer: &RsaPrivateKey,
) -> anyhow::Result<Certified> {
    // Real serials have eleven decimal digits or more: they do not fit 32 bits.
    let serial = 60_000_000_000 + OsRng.next_u64() % 30_000_000_000;
    let now = crate::clock::wall().as_system_time();
    let validity = Validity {
        not_before: Time::try_from(now - DAY).context("dating a certificate")?,
        not_after: Time::try_from(now + DAY * LIFE_DAYS).context("dating a certificate")?,
    };
    let key = SubjectPublicKeyInfoOwned::from_key(key.clone()).context("reading a public key")?;
    let signer = SigningKey::<Sha256>::new(issuer.clone());
    let serial_number = SerialNumber::from(serial);
    let builder = CertificateBuilder::new(
        profile,
        serial_number,
        validity,
        name(subject)?,
        key,
        &signer,
    );
    let certificate = builder
        .and_then(|builder| builder.build::<Signature>())
        .with_context(|| format!("making the certificate of {subject}"))?;
    let pem = certificate
        .to_pem(LineEnding::LF)
        .context("writing a certificate")?;
    Ok(Certified {
        pem,
        serial: serial.to_string(),
    })
}

fn leaf_profile() -> anyhow::Result<Profile> {
    Ok(Profile::Leaf {
        issuer: name(MIDDLE)?,
        enable_key_agreement: false,
        enable_key_encipherment: true,
    })
}

fn leaf_subject(common_name: &str) -> String {
    format!("CN={common_name},OU=Organizational-1,OU=CUP,O=CFCA OCA1,C=CN")
}

fn name(text: &str) -> anyhow::Result<Name> {
    text.parse()
        .with_context(|| format!("reading the name {text}"))
}
