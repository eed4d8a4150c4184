//! One account with Alipay: who we are there, whose signatures we trust, and the key we sign with.

use serde::Deserialize;

use super::certificate;
use crate::claim::Holder;
use crate::registry::ConfigurationError;
use crate::rsa::{SigningKey, VerifyingKey};

#[derive(Deserialize)]
struct Settings {
    app_id: String,
    seller_id: String,
    gateway: String,
    #[serde(default)]
    public_keys: Vec<String>,
    app_cert_sn: Option<String>,
    alipay_root_cert_sn: Option<String>,
    #[serde(default)]
    alipay_certs: Vec<String>,
}

#[derive(Deserialize)]
struct Secret {
    private_key: String,
}

/// An account, opened.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) holder: Holder,
    pub(super) app_id: String,
    pub(super) gateway: String,
    pub(super) mode: Mode,
    pub(super) key: Option<SigningKey>,
}

/// How the two sides know each other's keys (公钥模式, 证书模式).
#[derive(Debug)]
pub(super) enum Mode {
    /// By bare keys. While Alipay's key is being changed, two are valid at once.
    Keys(Vec<VerifyingKey>),
    /// By certificates, which requests and answers name.
    Certificates {
        /// The serial of our own certificate.
        app_sn: String,
        /// The serials of the roots we know.
        root_sn: String,
        /// Alipay's certificates: serial and key.
        trusted: Vec<(String, VerifyingKey)>,
    },
}

impl Account {
    pub(super) fn open(settings: &str, secret: Option<&str>) -> Result<Self, ConfigurationError> {
        let settings: Settings = serde_json::from_str(settings).map_err(|_| {
            ConfigurationError::Settings("not an object with app_id, seller_id and gateway")
        })?;
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !numeric(&settings.app_id) || !numeric(&settings.seller_id) {
            return Err(ConfigurationError::Settings(
                "app_id and seller_id are digits",
            ));
        }
        let web = |scheme: &str| settings.gateway.starts_with(scheme);
        if !(web("https://") || web("http://")) || settings.gateway.contains(['?', '#']) {
            return Err(ConfigurationError::Settings(
                "gateway is an http address without a query",
            ));
        }
        Ok(Self {
            holder: Holder {
                merchant: settings.seller_id.clone(),
                application: Some(settings.app_id.clone()),
            },
            app_id: settings.app_id.clone(),
            gateway: settings.gateway.clone(),
            mode: Mode::of(&settings)?,
            key: secret.map(signing_key).transpose()?,
        })
    }

    /// Whether Alipay signed `message`. An answer in certificate mode names the certificate, and then
    /// only that one counts; a notification may come under any that is valid.
    pub(super) fn verify(&self, message: &[u8], signature: &str, certificate: Named<'_>) -> bool {
        match &self.mode {
            Mode::Keys(keys) => keys.iter().any(|key| key.verify(message, signature)),
            Mode::Certificates { trusted, .. } => trusted.iter().any(|(sn, key)| {
                let eligible = match certificate {
                    Named::As(name) => name == sn,
                    Named::Nothing => false,
                    Named::NotExpected => true,
                };
                eligible && key.verify(message, signature)
            }),
        }
    }
}

/// Which certificate a message names as its signer's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named<'a> {
    /// This one.
    As(&'a str),
    /// None, though it should.
    Nothing,
    /// Messages of this kind name none.
    NotExpected,
}

impl Mode {
    fn of(settings: &Settings) -> Result<Self, ConfigurationError> {
        let (app_sn, root_sn) = match (&settings.app_cert_sn, &settings.alipay_root_cert_sn) {
            (Some(app), Some(root)) => (app.clone(), root.clone()),
            (None, None) if settings.alipay_certs.is_empty() => {
                let keys = settings.public_keys.iter();
                let keys: Option<Vec<_>> = keys.map(|pem| VerifyingKey::parse(pem)).collect();
                return match keys {
                    Some(keys) if !keys.is_empty() => Ok(Self::Keys(keys)),
                    Some(_) => Err(ConfigurationError::Settings("public_keys is empty")),
                    None => Err(ConfigurationError::Settings(
                        "a public key is not an RSA key",
                    )),
                };
            }
            (Some(_) | None, Some(_) | None) => {
                return Err(ConfigurationError::Settings(
                    "certificate mode needs app_cert_sn, alipay_root_cert_sn and alipay_certs",
                ));
            }
        };
        let trusted: Option<Vec<_>> = settings
            .alipay_certs
            .iter()
            .map(|pem| {
                Some((
                    certificate::certificate_sn(pem)?,
                    certificate::public_key(pem)?,
                ))
            })
            .collect();
        match trusted {
            Some(trusted) if !trusted.is_empty() => Ok(Self::Certificates {
                app_sn,
                root_sn,
                trusted,
            }),
            Some(_) => Err(ConfigurationError::Settings("alipay_certs is empty")),
            None => Err(ConfigurationError::Settings(
                "an Alipay certificate cannot be read",
            )),
        }
    }
}

fn signing_key(secret: &str) -> Result<SigningKey, ConfigurationError> {
    let secret: Secret = serde_json::from_str(secret)
        .map_err(|_| ConfigurationError::Secret("not an object with private_key"))?;
    SigningKey::parse(&secret.private_key).ok_or(ConfigurationError::Secret(
        "private_key is not an RSA key of 2048 bits or more",
    ))
}
