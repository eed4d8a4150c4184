//! One account with UnionPay: who we are there, whose certificates we trust, and the key we sign with.

use payonce_domain::Timestamp;
use serde::Deserialize;

use super::certificate::{self, Authorities};
use super::message::Fields;
use super::sign;
use crate::claim::Holder;
use crate::registry::ConfigurationError;
use crate::rsa::SigningKey;

/// The name that UnionPay's own certificates carry: what tells them from any other customer's of the
/// same authority.
const SIGNER_NAME: &str = "中国银联股份有限公司";

#[derive(Deserialize)]
struct Settings {
    mer_id: String,
    gateway: String,
    files: Option<String>,
    root_cert: String,
    middle_certs: Vec<String>,
    #[serde(default)]
    signer_names: Vec<String>,
    #[serde(default)]
    test_chain: bool,
}

#[derive(Deserialize)]
struct Secret {
    private_key: String,
    certificate: Option<String>,
    cert_id: Option<String>,
}

/// An account, opened.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) holder: Holder,
    pub(super) mer_id: String,
    pub(super) gateway: String,
    pub(super) files: String,
    pub(super) signer: Option<Signer>,
    authorities: Authorities,
}

/// What we sign with: the key, and the serial that names its certificate (`certId`). Both come out of one
/// secret, so that they change at the same moment.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: SigningKey,
    pub(super) cert_id: String,
}

impl Account {
    pub(super) fn open(settings: &str, secret: Option<&str>) -> Result<Self, ConfigurationError> {
        let settings: Settings = serde_json::from_str(settings).map_err(|_| {
            ConfigurationError::Settings(
                "not an object with mer_id, gateway, root_cert and middle_certs",
            )
        })?;
        let digits = settings.mer_id.bytes().all(|byte| byte.is_ascii_digit());
        if settings.mer_id.len() != 15 || !digits {
            return Err(ConfigurationError::Settings("mer_id is 15 digits"));
        }
        let gateway = address(&settings.gateway)
            .ok_or(ConfigurationError::Settings("gateway is an http address"))?;
        let files = match &settings.files {
            Some(files) => files.clone(),
            None => format!("{gateway}/"),
        };
        address(&files).ok_or(ConfigurationError::Settings("files is an http address"))?;
        let names = if settings.signer_names.is_empty() {
            vec![SIGNER_NAME.to_owned()]
        } else {
            settings.signer_names
        };
        let authorities = Authorities::open(
            &settings.root_cert,
            &settings.middle_certs,
            &names,
            settings.test_chain,
        )?;
        Ok(Self {
            holder: Holder {
                merchant: settings.mer_id.clone(),
                application: None,
            },
            mer_id: settings.mer_id,
            gateway,
            files,
            signer: secret.map(Signer::open).transpose()?,
            authorities,
        })
    }

    /// Whether UnionPay signed these fields: with a certificate that it sent along, that leads to the
    /// pinned root, is valid at this time, and is UnionPay's own.
    pub(super) fn signed(&self, fields: &Fields, at: Timestamp) -> bool {
        let ours = fields
            .get("signMethod")
            .is_some_and(|method| method == "01");
        let leaf = fields.get("signPubKeyCert").filter(|_| ours);
        leaf.and_then(|leaf| self.authorities.leaf_key(leaf, at))
            .is_some_and(|key| sign::holds(&key, fields))
    }
}

impl Signer {
    fn open(secret: &str) -> Result<Self, ConfigurationError> {
        let secret: Secret = serde_json::from_str(secret)
            .map_err(|_| ConfigurationError::Secret("not an object with private_key"))?;
        let key = SigningKey::parse(&secret.private_key).ok_or(ConfigurationError::Secret(
            "private_key is not an RSA key of 2048 bits or more",
        ))?;
        let cert_id = match (&secret.certificate, secret.cert_id) {
            (Some(pem), _) => match certificate::merchant(pem) {
                // Each request would be refused with 11, and each refund handed to a person.
                Some((_, public)) if !key.belongs_to(&public) => {
                    return Err(ConfigurationError::Secret(
                        "certificate is not that of private_key",
                    ));
                }
                found => found.map(|(serial, _)| serial),
            },
            (None, Some(cert_id)) => Some(cert_id),
            (None, None) => None,
        };
        let decimal = |text: &String| {
            !text.is_empty() && text.len() <= 50 && text.bytes().all(|b| b.is_ascii_digit())
        };
        let cert_id = cert_id.filter(decimal).ok_or(ConfigurationError::Secret(
            "certificate is not a certificate, and cert_id is not its decimal serial",
        ))?;
        Ok(Self { key, cert_id })
    }
}

/// An http address without a slash at its end.
fn address(text: &str) -> Option<String> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    (web && !text.contains(['?', '#'])).then(|| text.trim_end_matches('/').to_owned())
}
