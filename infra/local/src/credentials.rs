//! The demo merchants and the secrets made up for them, kept so that a restart does not change the keys in a newcomer's
//! shell history.

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use payonce_domain::MerchantId;
use payonce_store::ApiKey;
use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::endpoints::{MerchantEndpoint, Mode};

/// One account of a demo merchant at a simulated channel.
pub(crate) struct DemoAccount {
    pub(crate) channel: &'static str,
    pub(crate) account: &'static str,
    pub(crate) merchant_id: &'static str,
}

/// Every account that is seeded: here, at the simulator, and nowhere else.
pub(crate) const ACCOUNTS: [DemoAccount; 2] = [
    DemoAccount {
        channel: "alipay",
        account: "alipay-strict",
        merchant_id: "m-strict",
    },
    DemoAccount {
        channel: "alipay",
        account: "alipay-lenient",
        merchant_id: "m-lenient",
    },
];

/// What `credentials.json` holds.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Credentials {
    pub(crate) operator_token: String,
    pub(crate) merchants: Vec<MerchantEndpoint>,
}

impl Credentials {
    /// Takes those of the last run, or makes new ones.
    pub(crate) fn load_or_make(directory: &Directory) -> anyhow::Result<Self> {
        let path = directory.credentials();
        if let Ok(text) = std::fs::read_to_string(&path) {
            return serde_json::from_str(&text)
                .with_context(|| format!("reading {}; --fresh makes a new one", path.display()));
        }
        let made = Self {
            operator_token: format!("op_{}", URL_SAFE_NO_PAD.encode(random::<32>()?)),
            merchants: vec![
                merchant("m-strict", Mode::Strict)?,
                merchant("m-lenient", Mode::Lenient)?,
            ],
        };
        let text = serde_json::to_string_pretty(&made).context("writing credentials")?;
        Directory::write(&path, &text)?;
        Ok(made)
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
