//! One merchant with one Alipay account, and the requests it makes.

use anyhow::Context;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use payonce_domain::{AccountId, Channel, MerchantId, Mode};
use payonce_store::{ApiKey, ChannelAccount, Merchant, Store, Tables};
use serde_json::{Value, json};

use crate::cloud::Cloud;

const PRIVATE_KEY: &str = include_str!("../../../shared/channels/src/alipay/fixtures/merchant.pem");
const ALIPAY_KEY: &str =
    include_str!("../../../shared/channels/src/alipay/fixtures/alipay.public.pem");

/// The merchant, as it calls.
#[derive(Debug)]
pub struct Demo {
    key: ApiKey,
}

/// The value of the merchant's secret.
#[must_use]
pub fn secret() -> String {
    json!({ "private_key": PRIVATE_KEY }).to_string()
}

/// Puts the merchant where the functions look for it.
///
/// # Errors
/// If it cannot be stored.
pub async fn seed(cloud: &Cloud) -> anyhow::Result<Demo> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(cloud.url())
        .credentials_provider(Credentials::new("test", "test", None, None, "bench"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let tables = Tables {
        payments: "payments".to_owned(),
        evidence: "evidence".to_owned(),
        merchants: "merchants".to_owned(),
        controls: "controls".to_owned(),
        delayed_messages: "delayed-messages".to_owned(),
        ledger: "ledger".to_owned(),
        findings: "findings".to_owned(),
        appeals: "appeals".to_owned(),
        journal: "journal".to_owned(),
        due_shards: 4,
    };
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), tables);
    let id = MerchantId::new("m-bench").context("naming the merchant")?;
    let key = ApiKey::generate(&id);
    let settings = json!({
        "app_id": "2021000000000001",
        "seller_id": "2088000000000001",
        "gateway": "http://127.0.0.1:9/gateway.do",
        "public_keys": [ALIPAY_KEY],
    });
    let account = ChannelAccount {
        id: AccountId::new("alipay-bench").context("naming the account")?,
        channel: Channel::Alipay,
        settings: settings.to_string(),
        secret_name: "payonce/alipay/alipay-bench".to_owned(),
        receiving_secret_name: None,
        stretch: payonce_domain::Stretch::NONE,
        fee_rate: None,
        retired: false,
    };
    let merchant = Merchant {
        id,
        name: None,
        mode: Mode::Strict,
        api_keys: vec![key.hashed()],
        accounts: vec![account],
        return_urls: Vec::new(),
        notify_urls: Vec::new(),
        webhook_secret_name: None,
    };
    store
        .put_merchant(&merchant)
        .await
        .context("storing the merchant")?;
    Ok(Demo { key })
}

impl Demo {
    /// The environment of `pay`.
    #[must_use]
    pub fn environment(cloud: &Cloud) -> Vec<(&'static str, String)> {
        let fixed = [
            ("AWS_LAMBDA_FUNCTION_NAME", "pay"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("PAYMENTS_TABLE", "payments"),
            ("EVIDENCE_TABLE", "evidence"),
            ("MERCHANTS_TABLE", "merchants"),
            ("CONTROLS_TABLE", "controls"),
            ("DELAYED_MESSAGES_TABLE", "delayed-messages"),
            ("DUE_SHARDS", "4"),
            ("MESSAGES", "on"),
            ("EVENT_BUS", "events"),
            ("NOTIFY_LOOPBACK", "false"),
            ("PUBLIC_URL", "https://pay.example"),
            ("RUST_LOG", "info"),
        ];
        let mut environment: Vec<_> = fixed
            .map(|(name, value)| (name, value.to_owned()))
            .into_iter()
            .collect();
        environment.push(("AWS_ENDPOINT_URL", cloud.url().to_owned()));
        environment.push((
            "PAYMENT_QUERIES_QUEUE_URL",
            format!("{}/000000000000/queries", cloud.url()),
        ));
        environment.push((
            "MERCHANT_NOTIFICATIONS_QUEUE_URL",
            format!("{}/000000000000/notifications", cloud.url()),
        ));
        environment
    }

    /// `POST /v1/payments` for an order, as API Gateway hands it over.
    #[must_use]
    pub fn initiate(&self, order: &str) -> Value {
        let body = json!({
            "merchant_order_no": order,
            "amount": { "value": 1_999, "currency": "CNY" },
            "subject": "shoes",
            "channel": "alipay",
            "method": "page",
        });
        let authorization = format!("Bearer {}", self.key.reveal());
        json!({
            "version": "2.0",
            "routeKey": "POST /v1/payments",
            "rawPath": "/v1/payments",
            "rawQueryString": "",
            "headers": { "authorization": authorization, "content-type": "application/json" },
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "bench",
                "domainName": "pay.example",
                "domainPrefix": "pay",
                "http": {
                    "method": "POST",
                    "path": "/v1/payments",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "bench",
                },
                "requestId": "bench",
                "routeKey": "POST /v1/payments",
                "stage": "$default",
                "time": "20/Nov/2026:12:00:00 +0000",
                "timeEpoch": 1_795_176_000_000_u64,
            },
            "body": body.to_string(),
            "isBase64Encoded": false,
        })
    }
}
