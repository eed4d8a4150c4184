//! Puts the demo merchants and their channel accounts where the functions look for them: settings in the table
//! `merchants`, private keys in Secrets Manager.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials as AwsCredentials, Region};
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{AccountId, MerchantId};
use payonce_store::{ApiKey, ChannelAccount, Merchant, Store, Tables};
use serde_json::Value;

use crate::contract::Contract;
use crate::credentials::{Credentials, DemoAccount, accounts_of};
use crate::endpoints::{MerchantEndpoint, Mode};
use crate::operators::Operators;

/// What there is to seed, and where.
#[derive(Debug)]
pub(crate) struct Seeding<'a> {
    /// The emulator itself.
    pub(crate) aws_endpoint_url: &'a str,
    /// The region to name.
    pub(crate) region: &'a str,
    /// Real table names by logical name.
    pub(crate) tables: &'a BTreeMap<String, String>,
    /// The merchants with their keys.
    pub(crate) credentials: &'a Credentials,
    /// What the simulator's `GET /_ctl/keys` says, with every `base_url` already led through a test's proxy.
    pub(crate) keys: &'a Value,
    /// Names of secrets begin with this.
    pub(crate) secret_prefix: &'a str,
}

/// Writes merchants, accounts and secrets. Writing the same again changes nothing.
pub(crate) async fn seed(seeding: &Seeding<'_>) -> anyhow::Result<()> {
    let store = store(seeding)?;
    let secrets = secrets(seeding);
    let operators = Operators::of(&seeding.credentials.operator_token)?;
    let name = format!("{}console", seeding.secret_prefix);
    keep(&secrets, &name, operators.key()).await?;
    for demo in &seeding.credentials.merchants {
        let mut accounts = Vec::new();
        for account in accounts_of(&demo.merchant_id) {
            let contract = Contract::read(account, seeding.keys)?;
            accounts.push(seed_account(seeding, &secrets, account, &contract).await?);
        }
        let webhook_secret_name = format!(
            "{}merchants/{}/webhook",
            seeding.secret_prefix, demo.merchant_id
        );
        keep(&secrets, &webhook_secret_name, &demo.webhook_secret).await?;
        store
            .put_merchant(&merchant(demo, accounts, webhook_secret_name)?)
            .await
            .with_context(|| format!("storing {}", demo.merchant_id))?;
    }
    Ok(())
}

/// Stores an account's secrets. What decrypts lies apart from what signs: function `webhook` may read the one and not
/// the other.
async fn seed_account(
    seeding: &Seeding<'_>,
    secrets: &aws_sdk_secretsmanager::Client,
    account: &DemoAccount,
    contract: &Contract,
) -> anyhow::Result<ChannelAccount> {
    let prefix = seeding.secret_prefix;
    let path = format!("{}/{}", account.channel.name(), account.account);
    let secret_name = format!("{prefix}{path}");
    keep(secrets, &secret_name, &contract.signing.to_string()).await?;
    let mut receiving_secret_name = None;
    if let Some(receiving) = &contract.receiving {
        let name = format!("{prefix}receiving/{path}");
        keep(secrets, &name, &receiving.to_string()).await?;
        receiving_secret_name = Some(name);
    }
    Ok(ChannelAccount {
        id: AccountId::new(account.account).context("naming an account")?,
        channel: account.channel,
        settings: contract.settings.to_string(),
        secret_name,
        receiving_secret_name,
        stretch: payonce_domain::Stretch::NONE,
        fee_rate: FeeRate::from_millionths(FEE_MILLIONTHS),
        retired: false,
    })
}

fn merchant(
    demo: &MerchantEndpoint,
    accounts: Vec<ChannelAccount>,
    webhook_secret_name: String,
) -> anyhow::Result<Merchant> {
    let (id, key) = ApiKey::parse(&demo.api_key)
        .context("credentials.json holds a key of another time; --fresh makes a new one")?;
    let named = MerchantId::new(demo.merchant_id.as_str()).context("naming a merchant")?;
    anyhow::ensure!(id == named, "the key of {named} names {id}");
    Ok(Merchant {
        id,
        name: Some(shop_name(demo.mode).to_owned()),
        mode: match demo.mode {
            Mode::Strict => payonce_domain::Mode::Strict,
            Mode::Lenient => payonce_domain::Mode::Lenient,
        },
        api_keys: vec![key.hashed()],
        accounts,
        return_urls: demo.return_urls.clone(),
        notify_urls: demo.notify_urls.clone(),
        webhook_secret_name: Some(webhook_secret_name),
    })
}

/// What the simulator keeps of each payment, as was agreed: 0.6 %.
const FEE_MILLIONTHS: u32 = 6_000;

/// What its buyers read on the cashier's page.
const fn shop_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Strict => "青山书店 Green Hill Books",
        Mode::Lenient => "南灯灯具 South Lamp",
    }
}

fn store(seeding: &Seeding<'_>) -> anyhow::Result<Store> {
    let table = |name: &str| {
        seeding
            .tables
            .get(name)
            .cloned()
            .with_context(|| format!("no table {name} was deployed"))
    };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(seeding.region.to_owned()))
        .endpoint_url(seeding.aws_endpoint_url)
        .credentials_provider(nobody())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Ok(Store::new(
        aws_sdk_dynamodb::Client::from_conf(config),
        Tables {
            payments: table("payments")?,
            evidence: table("evidence")?,
            merchants: table("merchants")?,
            controls: table("controls")?,
            delayed_messages: table("delayed-messages")?,
            ledger: table("ledger")?,
            findings: table("findings")?,
            appeals: table("appeals")?,
            journal: table("journal")?,
            // Seeding puts nothing into the due index.
            due_shards: 1,
        },
    ))
}

fn secrets(seeding: &Seeding<'_>) -> aws_sdk_secretsmanager::Client {
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(seeding.region.to_owned()))
        .endpoint_url(seeding.aws_endpoint_url)
        .credentials_provider(nobody())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_secretsmanager::Client::from_conf(config)
}

/// The emulator asks for a signature and does not look at it.
fn nobody() -> AwsCredentials {
    AwsCredentials::new("test", "test", None, None, "local")
}

/// Makes the secret, or gives it this value.
async fn keep(
    secrets: &aws_sdk_secretsmanager::Client,
    name: &str,
    value: &str,
) -> anyhow::Result<()> {
    let made = secrets
        .create_secret()
        .name(name)
        .secret_string(value)
        .send()
        .await;
    let Err(error) = made else { return Ok(()) };
    let error = error.into_service_error();
    let exists = matches!(error, CreateSecretError::ResourceExistsException(_));
    if !exists {
        return Err(error).with_context(|| format!("making the secret {name}"));
    }
    secrets
        .put_secret_value()
        .secret_id(name)
        .secret_string(value)
        .send()
        .await
        .with_context(|| format!("changing the secret {name}"))?;
    Ok(())
}
