//! Adds a merchant to a deployed stack, or gives one other settings, and prints its API key once.
//!
//! ```sh
//! MERCHANTS_TABLE=… cargo run -p payonce-lambda --example add_merchant < merchant.json
//! ```
//!
//! The region and the credentials are those of the AWS command line. The channel accounts' secrets must be in Secrets
//! Manager already: what does not open is not stored. A merchant that exists keeps its keys; `--new-key` gives it one
//! more and drops all but the newest of the old ones. It keeps its accounts too: one that is to take no new orders is
//! listed with `"retired": true`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person"
)]

use std::io::Read;
use std::process::ExitCode;

use anyhow::{Context, bail};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use payonce_channels::Secrets;
use payonce_delivery::{Address, Reach, SigningSecret};
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{AccountId, Channel, MerchantId, Mode, Stretch};
use payonce_lambda::http::foreign::Link;
use payonce_store::{ApiKey, ChannelAccount, Merchant, Store, Tables};
use serde::Deserialize;
use serde_json::Value;

/// What is read from standard input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    merchant_id: String,
    /// What buyers know it by, on the cashier's page.
    name: Option<String>,
    mode: String,
    #[serde(default)]
    return_urls: Vec<String>,
    #[serde(default)]
    notify_urls: Vec<String>,
    webhook_secret_name: Option<String>,
    accounts: Vec<AskedAccount>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedAccount {
    account: String,
    channel: String,
    settings: Value,
    secret_name: String,
    receiving_secret_name: Option<String>,
    /// How much further apart its orders are asked about, in percent: 100 to 1000.
    stretch_percent: Option<u16>,
    /// What the channel agreed to keep, in millionths: 0.6 % is 6000. Without it fees are not checked.
    fee_millionths: Option<u32>,
    #[serde(default)]
    retired: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match add().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn add() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let new_key = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--new-key"] => true,
        _ => bail!("the only argument is --new-key; the merchant is read from standard input"),
    };
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("reading standard input")?;
    let asked: Asked = serde_json::from_str(&text).context("reading the merchant")?;

    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let config = config.http_client(http).load().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let store = Store::new(aws_sdk_dynamodb::Client::new(&config), tables()?);

    let id = MerchantId::new(asked.merchant_id.as_str()).context("merchant_id")?;
    let known = store
        .merchant(&id)
        .await
        .context("looking for the merchant")?;
    let (mut api_keys, known_name, known_secret_name, kept) = known
        .map(|known| {
            (
                known.api_keys,
                known.name,
                known.webhook_secret_name,
                known.accounts,
            )
        })
        .unwrap_or_default();
    let made = (api_keys.is_empty() || new_key).then(|| ApiKey::generate(&id));
    if let Some(key) = &made {
        api_keys.truncate(1);
        api_keys.insert(0, key.hashed());
    }
    let mut accounts = Vec::new();
    for account in &asked.accounts {
        let opened = opened(account, &secrets).await;
        accounts.push(opened.with_context(|| format!("the account {}", account.account))?);
    }
    none_is_missing(&kept, &accounts)?;
    let webhook_secret_name = asked.webhook_secret_name.or(known_secret_name);
    for address in &asked.return_urls {
        anyhow::ensure!(
            Link::read(address).is_some(),
            "return_urls: {address} must be an address of the web that reads one way: no name before the host, no spaces"
        );
    }
    can_be_told(&asked.notify_urls, webhook_secret_name.as_deref(), &secrets).await?;
    let merchant = Merchant {
        id: id.clone(),
        name: asked.name.or(known_name),
        mode: match asked.mode.as_str() {
            "strict" => Mode::Strict,
            "lenient" => Mode::Lenient,
            _ => bail!("mode must be strict or lenient"),
        },
        api_keys,
        accounts,
        return_urls: asked.return_urls,
        notify_urls: asked.notify_urls,
        webhook_secret_name,
    };
    store
        .put_merchant(&merchant)
        .await
        .context("storing the merchant")?;
    println!("merchant {id} is stored; functions see it within a minute");
    if let Some(key) = made {
        println!(
            "API key, shown once and kept only as a hash:\n{}",
            key.reveal()
        );
    }
    Ok(())
}

/// Only the table of merchants is touched, and the list of accounts whose bills are compared.
fn tables() -> anyhow::Result<Tables> {
    let merchants = std::env::var("MERCHANTS_TABLE")
        .context("MERCHANTS_TABLE must be the stack's output MerchantsTableName")?;
    let findings = std::env::var("FINDINGS_TABLE")
        .context("FINDINGS_TABLE must be the stack's output FindingsTableName")?;
    Ok(Tables {
        payments: String::new(),
        evidence: String::new(),
        merchants,
        controls: String::new(),
        delayed_messages: String::new(),
        ledger: String::new(),
        findings,
        appeals: String::new(),
        journal: String::new(),
        due_shards: 1,
    })
}

/// Whether the merchant's addresses are ones that `notify` sends to, and its secret one that signs.
async fn can_be_told(
    addresses: &[String],
    secret_name: Option<&str>,
    secrets: &aws_sdk_secretsmanager::Client,
) -> anyhow::Result<()> {
    for address in addresses {
        Address::check(address, Reach::Public)
            .map_err(|objection| anyhow::anyhow!("notify_urls: {address} {objection}"))?;
    }
    let Some(name) = secret_name else {
        anyhow::ensure!(
            addresses.is_empty(),
            "webhook_secret_name is missing: nothing is sent unsigned"
        );
        return Ok(());
    };
    anyhow::ensure!(
        name.contains("merchants/"),
        "webhook_secret_name must lie under <SecretPrefix>merchants/: function notify reads nothing else"
    );
    let secret = fetched(secrets, "webhook_secret_name", name).await?;
    SigningSecret::all(&secret).context("webhook_secret_name")?;
    Ok(())
}

/// The account, if its settings and its secrets fit together.
async fn opened(
    asked: &AskedAccount,
    secrets: &aws_sdk_secretsmanager::Client,
) -> anyhow::Result<ChannelAccount> {
    let id = AccountId::new(asked.account.as_str()).context("its name")?;
    let channel = Channel::from_name(&asked.channel)
        .with_context(|| format!("there is no channel {:?}", asked.channel))?;
    let receiving_name = asked.receiving_secret_name.as_deref();
    lie_apart(channel, &asked.secret_name, receiving_name)?;
    let signing = fetched(secrets, "secret_name", &asked.secret_name).await?;
    let receiving = match receiving_name {
        Some(name) => Some(fetched(secrets, "receiving_secret_name", name).await?),
        None => None,
    };
    let settings = asked.settings.to_string();
    let both = Secrets {
        signing: Some(&signing),
        receiving: receiving.as_deref(),
    };
    payonce_channels::adapter(channel, &settings, both).context("opening it")?;
    let fee_rate = match asked.fee_millionths {
        None => None,
        Some(millionths) => {
            let rate = FeeRate::from_millionths(millionths);
            Some(rate.context("fee_millionths must be at most 1000000")?)
        }
    };
    let stretch = match asked.stretch_percent {
        None => Stretch::NONE,
        Some(percent) => {
            Stretch::from_percent(percent).context("stretch_percent must be from 100 to 1000")?
        }
    };
    Ok(ChannelAccount {
        id,
        channel,
        settings,
        secret_name: asked.secret_name.clone(),
        receiving_secret_name: asked.receiving_secret_name.clone(),
        stretch,
        fee_rate,
        retired: asked.retired,
    })
}

/// What decrypts must lie where function `webhook` may read, and what signs must not.
fn lie_apart(channel: Channel, signing: &str, receiving: Option<&str>) -> anyhow::Result<()> {
    let folder = "/receiving/";
    if signing.contains(folder) {
        bail!(
            "secret_name must not lie under <SecretPrefix>receiving/, where function webhook reads"
        );
    }
    match (channel, receiving) {
        (Channel::Wechat, None) => {
            bail!("receiving_secret_name is missing: wechat encrypts what it notifies")
        }
        (Channel::Wechat, Some(name)) if !name.contains(folder) => bail!(
            "receiving_secret_name must lie under <SecretPrefix>receiving/: function webhook reads nothing else"
        ),
        (Channel::Alipay | Channel::Unionpay, Some(_)) => bail!(
            "receiving_secret_name has no use: {} encrypts no notification",
            channel.name()
        ),
        (Channel::Wechat, Some(_)) | (Channel::Alipay | Channel::Unionpay, None) => Ok(()),
    }
}

async fn fetched(
    secrets: &aws_sdk_secretsmanager::Client,
    field: &str,
    name: &str,
) -> anyhow::Result<String> {
    let secret = secrets.get_secret_value().secret_id(name).send().await;
    let secret = secret.with_context(|| format!("{field}: fetching the secret {name}"))?;
    let text = secret.secret_string();
    let text = text.with_context(|| format!("{field}: the secret {name} is not a text"))?;
    Ok(text.to_owned())
}

/// An account's open orders and late notifications need it for as long as there may be any.
fn none_is_missing(kept: &[ChannelAccount], asked: &[ChannelAccount]) -> anyhow::Result<()> {
    for old in kept {
        let is_same = |new: &ChannelAccount| new.channel == old.channel && new.id == old.id;
        if !asked.iter().any(is_same) {
            bail!(
                "the {} account {} is not listed any more; list it with \"retired\": true, since its open orders need it",
                old.channel.name(),
                old.id
            );
        }
    }
    Ok(())
}
