//! One account with WeChat Pay: who we are there, whose signatures we trust, the key we sign with, and
//! the keys that open what is sent to us.

use std::collections::BTreeMap;

use payonce_domain::Timestamp;
use serde::Deserialize;

use super::certificate::{certificate_serial, is_certificate, public_key};
use super::cipher::ApiKey;
use super::sign;
use crate::claim::Holder;
use crate::registry::{ConfigurationError, Secrets};
use crate::rsa::{SigningKey, VerifyingKey};

/// What the name of a public key (微信支付公钥ID) begins with; any other name is a certificate's serial.
const PUBLIC_KEY: &str = "PUB_KEY_ID_";

#[derive(Deserialize)]
struct Settings {
    appid: String,
    mchid: String,
    gateway: String,
    files: Option<String>,
    keys: BTreeMap<String, String>,
    answer_key: Option<String>,
}

#[derive(Deserialize)]
struct Signing {
    private_key: String,
    serial_no: String,
}

#[derive(Deserialize)]
struct Receiving {
    #[serde(default)]
    apiv3_keys: Vec<String>,
    apiv3_key: Option<String>,
}

/// An account, opened.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) holder: Holder,
    pub(super) appid: String,
    pub(super) mchid: String,
    /// The address that paths are appended to, without a slash at its end.
    pub(super) gateway: String,
    /// Scheme and host of the places that bills may be fetched from.
    pub(super) file_origins: Vec<String>,
    /// The key that we ask WeChat Pay to sign its answers with. Only public keys are asked for by name.
    pub(super) answer_key: Option<String>,
    /// Every key whose signatures count, by the name that messages give. Public keys and platform
    /// certificates lie together: during a change of mode messages come under both.
    trusted: BTreeMap<String, VerifyingKey>,
    pub(super) signer: Option<Signer>,
    /// The APIv3 keys that may have encrypted a notification; two while one replaces the other.
    pub(super) api_keys: Vec<ApiKey>,
}

/// What requests are signed with. The serial belongs to the key, so both change at once.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: SigningKey,
    pub(super) serial_no: String,
}

impl Account {
    pub(super) fn open(settings: &str, secrets: Secrets<'_>) -> Result<Self, ConfigurationError> {
        let settings: Settings = serde_json::from_str(settings).map_err(|_| {
            ConfigurationError::Settings("not an object with appid, mchid, gateway and keys")
        })?;
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain(&settings.appid) {
            return Err(ConfigurationError::Settings("appid is letters and digits"));
        }
        if settings.mchid.is_empty() || !settings.mchid.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ConfigurationError::Settings("mchid is digits"));
        }
        let gateway = settings.gateway.trim_end_matches('/').to_owned();
        let mut file_origins = Vec::new();
        for address in [Some(&gateway), settings.files.as_ref()]
            .into_iter()
            .flatten()
        {
            let (origin, _) = sign::split(address).ok_or(ConfigurationError::Settings(
                "gateway and files are http addresses without a query",
            ))?;
            if address.contains(['?', '#']) {
                return Err(ConfigurationError::Settings(
                    "gateway and files are http addresses without a query",
                ));
            }
            file_origins.push(origin.to_owned());
        }
        let trusted = trusted(&settings.keys)?;
        let answer_key = answer_key(&trusted, settings.answer_key)?;
        Ok(Self {
            holder: Holder {
                merchant: settings.mchid.clone(),
                application: Some(settings.appid.clone()),
            },
            appid: settings.appid,
            mchid: settings.mchid,
            gateway,
            file_origins,
            answer_key,
            trusted,
            signer: secrets.signing.map(signer).transpose()?,
            api_keys: secrets.receiving.map_or_else(|| Ok(Vec::new()), api_keys)?,
        })
    }

    /// Who signed a message, judged by its headers and the bytes of its body.
    pub(super) fn verify(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> sign::Verdict {
        sign::verify(headers, body, now, |serial| self.trusted.get(serial))
    }
}

fn trusted(
    keys: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, VerifyingKey>, ConfigurationError> {
    if keys.is_empty() {
        return Err(ConfigurationError::Settings("keys is empty"));
    }
    let mut trusted = BTreeMap::new();
    for (name, pem) in keys {
        // WeChat Pay writes serials in capitals; a console or a person may not have.
        let name = if name.starts_with(PUBLIC_KEY) {
            name.clone()
        } else {
            name.to_ascii_uppercase()
        };
        let key = if is_certificate(pem) {
            if certificate_serial(pem).as_ref() != Some(&name) {
                return Err(ConfigurationError::Settings(
                    "a certificate in keys is not named by its serial",
                ));
            }
            public_key(pem)
        } else {
            VerifyingKey::parse(pem)
        };
        let key = key.ok_or(ConfigurationError::Settings(
            "keys holds what is neither an RSA key nor a certificate",
        ))?;
        trusted.insert(name, key);
    }
    Ok(trusted)
}

/// The public key we ask for: the one that is named, or else the one whose name sorts last.
fn answer_key(
    trusted: &BTreeMap<String, VerifyingKey>,
    named: Option<String>,
) -> Result<Option<String>, ConfigurationError> {
    match named {
        Some(name) if trusted.contains_key(&name) => Ok(Some(name)),
        Some(_) => Err(ConfigurationError::Settings("answer_key is not in keys")),
        None => {
            let mut names = trusted.keys().rev();
            Ok(names.find(|name| name.starts_with(PUBLIC_KEY)).cloned())
        }
    }
}

fn signer(secret: &str) -> Result<Signer, ConfigurationError> {
    let secret: Signing = serde_json::from_str(secret)
        .map_err(|_| ConfigurationError::Secret("not an object with private_key and serial_no"))?;
    let serial_no = secret.serial_no.to_ascii_uppercase();
    if serial_no.is_empty() || !serial_no.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ConfigurationError::Secret(
            "serial_no is not a certificate's serial in hexadecimal",
        ));
    }
    let key = SigningKey::parse(&secret.private_key).ok_or(ConfigurationError::Secret(
        "private_key is not an RSA key of 2048 bits or more",
    ))?;
    Ok(Signer { key, serial_no })
}

fn api_keys(secret: &str) -> Result<Vec<ApiKey>, ConfigurationError> {
    let secret: Receiving = serde_json::from_str(secret)
        .map_err(|_| ConfigurationError::Secret("not an object with apiv3_keys"))?;
    let keys = secret.apiv3_keys.iter().chain(&secret.apiv3_key);
    let keys: Option<Vec<_>> = keys.map(|key| ApiKey::new(key)).collect();
    match keys {
        Some(keys) if !keys.is_empty() => Ok(keys),
        Some(_) => Err(ConfigurationError::Secret("apiv3_keys is empty")),
        None => Err(ConfigurationError::Secret("an APIv3 key has 32 bytes")),
    }
}
