//! The demo merchants and the secrets made up for them, kept so that a restart does not change the keys in a newcomer's
//! shell history.

use std::io::ErrorKind;

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use payonce_domain::{Channel, MerchantId};
use payonce_store::ApiKey;
use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::endpoints::{MerchantEndpoint, Mode};

/// One account of a demo merchant at a simulated channel.
#[derive(Debug)]
pub(crate) struct DemoAccount {
    pub(crate) channel: Channel,
    pub(crate) account: &'static str,
    pub(crate) merchant_id: &'static str,
    /// Whether Alipay and we know each other by certificates (证书模式) there, and not by bare keys.
    pub(crate) has_certificates: bool,
}

const fn account(
    merchant_id: &'static str,
    channel: Channel,
    account: &'static str,
) -> DemoAccount {
    DemoAccount {
        channel,
        account,
        merchant_id,
        has_certificates: false,
    }
}

/// Every account that is seeded: here, at the simulator, and nowhere else.
pub(crate) const ACCOUNTS: [DemoAccount; 10] = [
    account("m-strict", Channel::Alipay, "alipay-strict"),
    account("m-strict", Channel::Wechat, "wechat-strict"),
    account("m-strict", Channel::Unionpay, "unionpay-strict"),
    account("m-lenient", Channel::Alipay, "alipay-lenient"),
    account("m-lenient", Channel::Wechat, "wechat-lenient"),
    account("m-lenient", Channel::Unionpay, "unionpay-lenient"),
    DemoAccount {
        has_certificates: true,
        ..account("m-spare", Channel::Alipay, "alipay-certificates")
    },
    account("m-spare", Channel::Alipay, "alipay-spare"),
    account("m-spare", Channel::Wechat, "wechat-spare"),
    account("m-spare", Channel::Unionpay, "unionpay-spare"),
];

/// The demo merchants as `endpoints.json` lists them. The spare one comes last, so that whoever takes the first of a
/// mode gets one with a plain account on every channel.
const MERCHANTS: [(&str, Mode); 3] = [
    ("m-strict", Mode::Strict),
    ("m-lenient", Mode::Lenient),
    ("m-spare", Mode::Lenient),
];

/// The accounts of one demo merchant.
pub(crate) fn accounts_of(merchant_id: &str) -> impl Iterator<Item = &'static DemoAccount> {
    ACCOUNTS
        .iter()
        .filter(move |each| each.merchant_id == merchant_id)
}

/// What `credentials.json` holds.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Credentials {
    pub(crate) operator_token: String,
    pub(crate) merchants: Vec<MerchantEndpoint>,
}

impl Credentials {
    /// Takes those of the last run, or makes new ones. A file of an older program may lack a demo merchant: that one is
    /// made, and the others keep the keys that somebody may have copied.
    pub(crate) fn load_or_make(directory: &Directory) -> anyhow::Result<Self> {
        let path = directory.credentials();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        };
        let kept = match &text {
            Some(text) => serde_json::from_str(text)
                .with_context(|| format!("reading {}; --fresh makes a new one", path.display()))?,
            None => Self {
                operator_token: format!("op_{}", URL_SAFE_NO_PAD.encode(random::<32>()?)),
                merchants: Vec::new(),
            },
        };
        let complete = kept.completed()?;
        let complete_text =
            serde_json::to_string_pretty(&complete).context("writing credentials")?;
        if text.as_ref() != Some(&complete_text) {
            Directory::write(&path, &complete_text)?;
        }
        Ok(complete)
    }

    /// Exactly the demo merchants, in their order, each with the keys it has or with new ones.
    fn completed(self) -> anyhow::Result<Self> {
        let mut kept = self.merchants;
        let merchants = MERCHANTS.into_iter().map(|(merchant_id, mode)| {
            let place = kept.iter().position(|each| each.merchant_id == merchant_id);
            place.map_or_else(
                || merchant(merchant_id, mode),
                |place| Ok(kept.swap_remove(place)),
            )
        });
        Ok(Self {
            merchants: merchants.collect::<anyhow::Result<_>>()?,
            operator_token: self.operator_token,
        })
    }
}

fn merchant(merchant_id: &str, mode: Mode) -> anyhow::Result<MerchantEndpoint> {
    let id = MerchantId::new(merchant_id).expect("the demo merchants are well named");
    Ok(MerchantEndpoint {
        merchant_id: merchant_id.to_owned(),
        api_key: ApiKey::generate(&id).reveal().to_owned(),
        mode,
        webhook_secret: format!("whsec_{}", STANDARD.encode(random::<24>()?)),
        return_urls: vec![format!("https://{merchant_id}.example/return")],
        notify_urls: vec![format!("https://{merchant_id}.example/notify")],
    })
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("asking for randomness: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use payonce_domain::AccountId;
    use serde_json::Value;

    use super::*;

    fn directory(name: &str) -> Directory {
        let root = crate::binaries::workspace().join("target/local-tests");
        Directory::take(&root.join(name), true).unwrap()
    }

    fn written(directory: &Directory) -> Value {
        serde_json::from_slice(&std::fs::read(directory.credentials()).unwrap()).unwrap()
    }

    #[test]
    fn a_restart_changes_no_key() {
        let directory = directory("credentials-restart");
        let first = Credentials::load_or_make(&directory).unwrap();
        let ids: Vec<_> = first
            .merchants
            .iter()
            .map(|each| &each.merchant_id)
            .collect();
        assert_eq!(ids, ["m-strict", "m-lenient", "m-spare"]);
        let before = written(&directory);
        Credentials::load_or_make(&directory).unwrap();
        assert_eq!(written(&directory), before);
        let keys: BTreeSet<_> = first.merchants.iter().map(|each| &each.api_key).collect();
        assert_eq!(keys.len(), 3);
    }

    #[test]
    fn a_file_that_lacks_a_merchant_is_completed_and_the_others_keep_their_keys() {
        let directory = directory("credentials-older");
        Credentials::load_or_make(&directory).unwrap();
        let whole = written(&directory);
        let mut older = whole.clone();
        older["merchants"].as_array_mut().unwrap().truncate(2);
        Directory::write(&directory.credentials(), &older.to_string()).unwrap();

        let completed = Credentials::load_or_make(&directory).unwrap();
        let now = written(&directory);
        assert_eq!(now["operator_token"], whole["operator_token"]);
        for kept in [0, 1] {
            assert_eq!(now["merchants"][kept], whole["merchants"][kept]);
        }
        let spare = &completed.merchants[2];
        assert_eq!(now["merchants"][2]["api_key"], spare.api_key.as_str());
        assert_eq!(spare.merchant_id, "m-spare");
        let (names, _) = ApiKey::parse(&spare.api_key).unwrap();
        assert_eq!(names.to_string(), "m-spare");
    }

    #[test]
    fn a_file_that_cannot_be_read_says_what_helps() {
        let directory = directory("credentials-unreadable");
        Directory::write(&directory.credentials(), "{\"merchants\": 3}").unwrap();
        let error = Credentials::load_or_make(&directory).unwrap_err();
        assert!(format!("{error:#}").contains("--fresh"), "{error:#}");
    }

    #[test]
    fn every_demo_merchant_has_an_account_on_every_channel_and_no_name_is_used_twice() {
        for (merchant_id, _) in MERCHANTS {
            let channels: BTreeSet<_> = accounts_of(merchant_id).map(|each| each.channel).collect();
            assert_eq!(channels, BTreeSet::from(Channel::ALL), "{merchant_id}");
        }
        let seeded = MERCHANTS.iter().flat_map(|(id, _)| accounts_of(id));
        assert_eq!(seeded.count(), ACCOUNTS.len());
        let names: BTreeSet<_> = ACCOUNTS.iter().map(|each| each.account).collect();
        assert_eq!(names.len(), ACCOUNTS.len());
        for name in names {
            assert!(AccountId::new(name).is_ok(), "{name}");
        }
    }

    /// So that whoever takes the first account, or the first merchant of a mode, meets nothing unusual.
    #[test]
    fn only_the_last_merchant_has_an_account_with_certificates() {
        let with: Vec<_> = ACCOUNTS
            .iter()
            .filter(|each| each.has_certificates)
            .map(|each| (each.merchant_id, each.account, each.channel))
            .collect();
        let last = MERCHANTS[MERCHANTS.len() - 1].0;
        assert_eq!(with, [(last, "alipay-certificates", Channel::Alipay)]);
    }
}
