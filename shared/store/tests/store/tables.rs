//! A DynamoDB in this process, with our tables, and a client for it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use payonce_store::{Store, Tables};
use tokio::net::TcpListener;

pub const PAYMENTS: &str = "payments";
pub const EVIDENCE: &str = "evidence";
pub const MESSAGES: &str = "delayed-messages";
pub const APPEALS: &str = "appeals";
pub const SHARDS: u32 = 4;

/// The store, the client beneath it and where the database listens.
pub struct World {
    pub store: Store,
    pub client: Client,
    pub database: SocketAddr,
}

pub async fn world() -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let database = listener.local_addr().unwrap();
    let memory = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, memory));
    let client = client(database);
    table(&client, PAYMENTS, &["k"], &[DUE]).await;
    table(&client, EVIDENCE, &["k", "e"], &[]).await;
    table(&client, "merchants", &["k"], &[]).await;
    table(&client, "controls", &["k"], &[]).await;
    table(&client, "journal", &["k", "e"], &[]).await;
    table(&client, MESSAGES, &["k"], &[DUE, LIST]).await;
    table(&client, "ledger", &["k", "e"], &[]).await;
    table(&client, "findings", &["k", "e"], &[OPEN, PAYMENT]).await;
    let of_merchant = ("merchant", [("m", TEXT), ("o", TEXT)]);
    table(&client, APPEALS, &["k"], &[DUE, LIST, of_merchant]).await;
    World {
        store: store(client.clone()),
        client,
        database,
    }
}

pub fn store(client: Client) -> Store {
    Store::new(
        client,
        Tables {
            payments: PAYMENTS.to_owned(),
            evidence: EVIDENCE.to_owned(),
            merchants: "merchants".to_owned(),
            controls: "controls".to_owned(),
            delayed_messages: MESSAGES.to_owned(),
            ledger: "ledger".to_owned(),
            findings: "findings".to_owned(),
            appeals: APPEALS.to_owned(),
            journal: "journal".to_owned(),
            due_shards: SHARDS,
        },
    )
}

pub fn client(address: SocketAddr) -> Client {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(10))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(5));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(timeouts)
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}

/// An index: its name, its two keys and their types.
type Index = (&'static str, [(&'static str, ScalarAttributeType); 2]);

const TEXT: ScalarAttributeType = ScalarAttributeType::S;
const NUMBER: ScalarAttributeType = ScalarAttributeType::N;
const DUE: Index = ("due", [("s", NUMBER), ("d", NUMBER)]);
const LIST: Index = ("list", [("l", TEXT), ("o", TEXT)]);
const OPEN: Index = ("open", [("oq", TEXT), ("x", NUMBER)]);
const PAYMENT: Index = ("payment", [("pq", TEXT), ("x", NUMBER)]);

async fn table(client: &Client, name: &str, keys: &[&str], indexes: &[Index]) {
    let mut create = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        create = create
            .attribute_definitions(attribute(key, ScalarAttributeType::S))
            .key_schema(element(key, kind));
    }
    // Two indexes may share a key, which is defined once.
    let mut defined = BTreeSet::new();
    for (index, [(hash, hash_kind), (range, range_kind)]) in indexes {
        // What is open, and what is about a payment, is read from the index itself.
        let projected = match *index {
            "open" | "payment" => ProjectionType::All,
            _ => ProjectionType::KeysOnly,
        };
        let keys_only = Projection::builder().projection_type(projected);
        let index = GlobalSecondaryIndex::builder()
            .index_name(*index)
            .key_schema(element(hash, KeyType::Hash))
            .key_schema(element(range, KeyType::Range))
            .projection(keys_only.build())
            .build();
        create = create.global_secondary_indexes(index.unwrap());
        for (key, kind) in [(hash, hash_kind), (range, range_kind)] {
            if defined.insert(*key) {
                create = create.attribute_definitions(attribute(key, kind.clone()));
            }
        }
    }
    create.send().await.unwrap();
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    let attribute = AttributeDefinition::builder().attribute_name(name);
    attribute.attribute_type(kind).build().unwrap()
}

fn element(name: &str, kind: KeyType) -> KeySchemaElement {
    let element = KeySchemaElement::builder().attribute_name(name);
    element.key_type(kind).build().unwrap()
}
