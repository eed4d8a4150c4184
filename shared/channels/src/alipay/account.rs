//! One account with Alipay: who we are there, whose signatures we trust, and the key we sign with.

use payonce_domain::Timestamp;
use serde::Deserialize;

use super::certificate::{self, Trusted};
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
    app_cert: Option<String>,
    app_cert_sn: Option<String>,
    alipay_root_cert: Option<String>,
    alipay_root_cert_sn: Option<String>,
    #[serde(default)]
    alipay_certs: Vec<String>,
}

#[derive(Deserialize)]
struct Secret {
    private_key: String,
    /// The certificate (应用公钥证书) of this very key. Here, it changes together with the key; the
    /// settings, which are read at another time, give it only where this does not.
    app_cert: Option<String>,
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
        /// The serial of our own certificate; empty where nothing is sent.
        app_sn: String,
        /// The serials of the roots we know.
        root_sn: String,
        /// Alipay's certificates. While one is being changed, two are in use.
        trusted: Vec<Trusted>,
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
        let secret: Option<Secret> = secret
            .map(serde_json::from_str)
            .transpose()
            .map_err(|_| ConfigurationError::Secret("not an object with private_key"))?;
        let key = secret
            .as_ref()
            .map(|secret| signing_key(&settings, secret))
            .transpose()?;
        Ok(Self {
            holder: Holder {
                merchant: settings.seller_id.clone(),
                application: Some(settings.app_id.clone()),
            },
            app_id: settings.app_id.clone(),
            gateway: settings.gateway.clone(),
            mode: Mode::of(&settings, secret.as_ref())?,
            key,
        })
    }

    /// Whether Alipay signed `message`. An answer in certificate mode names the certificate, and then
    /// only that one counts; a notification may come under any that is valid.
    /// Certificates count while they are valid, and `now` is when the message arrived.
    pub(super) fn verify(
        &self,
        message: &[u8],
        signature: &str,
        certificate: Named<'_>,
        now: Timestamp,
    ) -> bool {
        match &self.mode {
            Mode::Keys(keys) => keys.iter().any(|key| key.verify(message, signature)),
            Mode::Certificates { trusted, .. } => trusted.iter().any(|trusted| {
                let eligible = match certificate {
                    Named::As(name) => name == trusted.sn,
                    Named::Nothing => false,
                    Named::NotExpected => true,
                };
                let holds = eligible && trusted.verify(message, signature);
                if holds && !trusted.is_valid(now) {
                    let sn = &trusted.sn;
                    tracing::error!(sn, "alipay signs with its certificate {sn} out of its time");
                    return false;
                }
                holds
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
    /// By certificates as soon as the settings speak of any. A secret alone does not change the mode: a
    /// change from keys to certificates is made in the settings, after the secret has the certificate.
    fn of(settings: &Settings, secret: Option<&Secret>) -> Result<Self, ConfigurationError> {
        let named = [
            &settings.app_cert,
            &settings.app_cert_sn,
            &settings.alipay_root_cert,
            &settings.alipay_root_cert_sn,
        ];
        if settings.alipay_certs.is_empty() && named.iter().all(|value| value.is_none()) {
            Self::keys(settings)
        } else {
            Self::certificates(settings, secret)
        }
    }

    fn keys(settings: &Settings) -> Result<Self, ConfigurationError> {
        let keys = settings.public_keys.iter();
        let keys: Option<Vec<_>> = keys.map(|pem| VerifyingKey::parse(pem)).collect();
        match keys {
            Some(keys) if !keys.is_empty() => Ok(Self::Keys(keys)),
            Some(_) => Err(ConfigurationError::Settings("public_keys is empty")),
            None => Err(ConfigurationError::Settings(
                "a public key is not an RSA key",
            )),
        }
    }

    fn certificates(
        settings: &Settings,
        secret: Option<&Secret>,
    ) -> Result<Self, ConfigurationError> {
        let root = settings.alipay_root_cert.as_deref();
        let root_sn = match (root, &settings.alipay_root_cert_sn) {
            (Some(pem), _) => certificate::root_certificate_sn(pem).ok_or(
                ConfigurationError::Settings("alipay_root_cert holds no RSA certificate"),
            )?,
            (None, Some(sn)) => sn.clone(),
            (None, None) => {
                return Err(ConfigurationError::Settings(
                    "certificate mode needs alipay_root_cert or alipay_root_cert_sn",
                ));
            }
        };
        let own = secret.and_then(|secret| secret.app_cert.as_deref());
        let app_sn = match (own.or(settings.app_cert.as_deref()), &settings.app_cert_sn) {
            (Some(pem), _) => Some(certificate::certificate_sn(pem).ok_or(
                ConfigurationError::Settings("app_cert is not a certificate"),
            )?),
            (None, Some(sn)) => Some(sn.clone()),
            (None, None) => None,
        };
        if secret.is_some() && app_sn.is_none() {
            return Err(ConfigurationError::Settings(
                "certificate mode needs app_cert or app_cert_sn",
            ));
        }
        let certificates = settings.alipay_certs.iter();
        let trusted: Option<Vec<_>> = certificates.map(|pem| Trusted::read(pem, root)).collect();
        match trusted {
            Some(trusted) if !trusted.is_empty() => Ok(Self::Certificates {
                app_sn: app_sn.unwrap_or_default(),
                root_sn,
                trusted,
            }),
            Some(_) => Err(ConfigurationError::Settings("alipay_certs is empty")),
            None => Err(ConfigurationError::Settings(
                "an Alipay certificate cannot be read, or the root does not vouch for it",
            )),
        }
    }
}

/// The key we sign with. A certificate that lies beside it or in the settings must be that key's own:
/// Alipay would refuse every call under another one.
fn signing_key(settings: &Settings, secret: &Secret) -> Result<SigningKey, ConfigurationError> {
    let key = SigningKey::parse(&secret.private_key).ok_or(ConfigurationError::Secret(
        "private_key is not an RSA key of 2048 bits or more",
    ))?;
    let certificate = secret.app_cert.as_ref().or(settings.app_cert.as_ref());
    let belongs = certificate.is_none_or(|pem| {
        certificate::public_key(pem).is_some_and(|public| key.belongs_to(&public))
    });
    belongs.then_some(key).ok_or(ConfigurationError::Secret(
        "app_cert is not the certificate of private_key",
    ))
}
