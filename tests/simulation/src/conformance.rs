//! Conformance: the table in memory is asked what DynamoDB is asked, in the same order, and must answer the same.
//!
//! The questions have the shapes of everything that the store asks; keys and numbers are few and drawn at random, so
//! that conditions hold about as often as not.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use payonce_store::engine::{
    BatchGet, Engine, Expression, GetItem, Item, PutItem, QueryItems, UpdateItem, Written,
};
use tokio::net::TcpListener;

use crate::chance::Chance;
use crate::table::Tables;

const QUESTIONS: usize = 1_500;
const DOING: &str = "be compared";

/// Conditions of puts.
const PUTS: [&str; 3] = [
    "attribute_not_exists(#k)",
    "#v = :seen",
    "attribute_not_exists(#k) OR #r <= :seen",
];

/// Updates with their conditions.
const UPDATES: [(&str, &str); 10] = [
    (
        "ADD #a :seen SET #r = :one",
        "attribute_not_exists(#a) OR #a <= :room",
    ),
    (
        "ADD #a :seen SET #r = :one, #w = if_not_exists(#w, :room)",
        "attribute_not_exists(#w) OR #w > :seen",
    ),
    ("SET #a = :seen, #r = :one, #w = :room", "#w <= :seen"),
    (
        "SET #u = :room, #t = :seen, #r = :one REMOVE #a, #w",
        "attribute_not_exists(#u) OR #u <= :seen",
    ),
    ("SET #u = :room, #t = :one", "#u = :seen"),
    (
        "SET #r = :one REMOVE #a, #w, #u, #t",
        "attribute_exists(#k)",
    ),
    (
        "SET #t = :seen, #a = :one",
        "attribute_not_exists(#t) OR #t < :seen",
    ),
    ("SET #a = #a + :one", "#t = :seen"),
    ("ADD #x :set SET #r = :one", ""),
    (
        "SET #w = if_not_exists(#w, :room), #u = if_not_exists(#t, :one), #t = :seen ADD #a :one",
        "",
    ),
];

const NAMES: [(&str, &str); 9] = [
    ("#k", "k"),
    ("#v", "v"),
    ("#r", "r"),
    ("#a", "a"),
    ("#w", "w"),
    ("#u", "u"),
    ("#t", "t"),
    ("#x", "x"),
    ("#d", "d"),
];

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// An expression with those names and values that it, or the condition beside it, speaks of.
fn expression(text: &'static str, beside: &'static str, chance: &mut Chance) -> Expression {
    let speaks_of = |word: &str| {
        let words = [text, beside].into_iter();
        let mut words = words.flat_map(|text| text.split([' ', ',', '(', ')']));
        words.any(|spoken| spoken == word)
    };
    let words = AttributeValue::Ss(vec![format!("w{}", chance.below(3))]);
    let values = [
        (":seen", number(chance.below(4))),
        (":room", number(chance.below(4))),
        (":one", number(1)),
        (":set", words),
    ];
    Expression {
        text,
        names: NAMES
            .into_iter()
            .filter(|(name, _)| speaks_of(name))
            .collect(),
        values: values
            .into_iter()
            .filter(|(name, _)| speaks_of(name))
            .collect(),
    }
}

fn key(chance: &mut Chance) -> String {
    format!("k{}", chance.below(4))
}

fn item(chance: &mut Chance) -> Item {
    let mut item = Item::from([
        ("k".to_owned(), AttributeValue::S(key(chance))),
        ("v".to_owned(), number(chance.below(4))),
        ("r".to_owned(), number(chance.below(4))),
    ]);
    if chance.one_in(2) {
        // Due times differ, so that the index has one order.
        item.insert("s".to_owned(), number(chance.below(2)));
        item.insert("d".to_owned(), number(chance.below(1_000_000)));
    }
    item
}

/// Sets have no order.
fn settled(mut item: Item) -> Item {
    for value in item.values_mut() {
        if let AttributeValue::Ss(words) = value {
            words.sort();
        }
    }
    item
}

fn settled_write(written: Written) -> Written {
    match written {
        Written::Done(item) => Written::Done(item.map(settled)),
        Written::Refused(item) => Written::Refused(item.map(settled)),
    }
}

#[tokio::test]
async fn the_table_in_memory_answers_as_dynamodb_does() {
    let (client, mut tables) = (database().await, Tables::default());
    let mut chance = Chance::of(7, 0);
    let (mut done, mut refused, mut found) = (0, 0, 0);
    for question in 0..QUESTIONS {
        match chance.below(10) {
            0..=2 => {
                let text = chance.pick(&PUTS);
                let put = PutItem {
                    table: "payments".to_owned(),
                    item: item(&mut chance),
                    condition: expression(text, "", &mut chance),
                    doing: DOING,
                };
                let theirs = client.put(put.clone()).await.unwrap();
                let ours = tables.put(&put, 0, 0);
                assert_eq!(ours, theirs, "question {question}: {put:?}");
                count(&ours, &mut done, &mut refused);
            }
            3..=5 => {
                let (text, condition) = chance.pick(&UPDATES);
                let key = vec![("k", key(&mut chance))];
                let update = UpdateItem {
                    table: "controls".to_owned(),
                    key,
                    update: expression(text, condition, &mut chance),
                    condition,
                    doing: DOING,
                };
                // An update that counts on what is not there is a mistake that DynamoDB refuses; the store makes none.
                if text == "SET #a = #a + :one" && !has(&tables, &update, "a") {
                    continue;
                }
                let theirs = client.update(update.clone()).await.unwrap();
                let ours = tables.update(&update);
                let (ours, theirs) = (settled_write(ours), settled_write(theirs));
                assert_eq!(ours, theirs, "question {question}: {update:?}");
                count(&ours, &mut done, &mut refused);
            }
            6 => found += rows(&client, &mut tables, &mut chance, question).await,
            7 => {
                let get = GetItem {
                    table: chance.pick(&["payments", "controls"]).to_owned(),
                    key: vec![("k", key(&mut chance))],
                    consistent: true,
                    doing: DOING,
                };
                let theirs = client.get(get.clone()).await.unwrap().map(settled);
                let ours = tables.get(&get.table, &[&get.key[0].1]).cloned();
                assert_eq!(ours.map(settled), theirs, "question {question}: {get:?}");
            }
            8 => {
                let keys: Vec<_> = (0..3).map(|index| format!("k{index}")).collect();
                let batch = BatchGet {
                    table: "payments".to_owned(),
                    keys: keys.clone(),
                    doing: DOING,
                };
                let (mut theirs, unread) = client.batch_get(batch).await.unwrap();
                let ours = keys.iter().filter_map(|key| tables.get("payments", &[key]));
                theirs.sort_by_key(|item| item["k"].as_s().cloned().unwrap());
                assert_eq!(ours.cloned().collect::<Vec<_>>(), theirs);
                assert_eq!(unread, Vec::<String>::new());
            }
            _ => {
                let limit = i32::try_from(chance.between(1, 4)).unwrap();
                let query = QueryItems {
                    table: "payments".to_owned(),
                    index: Some("due"),
                    condition: Expression {
                        text: "#s = :s AND #d <= :until",
                        names: vec![("#s", "s"), ("#d", "d")],
                        values: vec![
                            (":s", number(chance.below(2))),
                            (":until", number(chance.below(1_200_000))),
                        ],
                    },
                    limit,
                    doing: DOING,
                };
                let theirs = Engine::query(&client, query.clone()).await.unwrap();
                let ours = tables.query(&query, 0, usize::try_from(limit).unwrap());
                assert_eq!(ours, theirs, "question {question}: {query:?}");
                found += ours.len();
            }
        }
    }
    let enough = done > 100 && refused > 100 && found > 50;
    assert!(enough, "done {done}, refused {refused}, found {found}");
}

fn count(written: &Written, done: &mut usize, refused: &mut usize) {
    match written {
        Written::Done(_) => *done += 1,
        Written::Refused(_) => *refused += 1,
    }
}

fn has(tables: &Tables, update: &UpdateItem, name: &str) -> bool {
    tables
        .get(&update.table, &[&update.key[0].1])
        .is_some_and(|item| item.contains_key(name))
}

/// A table whose keys have two parts: a row is counted, and the rows behind another are read.
async fn rows(client: &Client, tables: &mut Tables, chance: &mut Chance, question: usize) -> usize {
    let text = "SET #f = if_not_exists(#f, :now), #l = :now ADD #n :one";
    let update = UpdateItem {
        table: "evidence".to_owned(),
        key: vec![("k", key(chance)), ("e", format!("{:03}", chance.below(6)))],
        update: Expression {
            text,
            names: vec![("#f", "f"), ("#l", "l"), ("#n", "n")],
            values: vec![(":now", number(chance.below(9))), (":one", number(1))],
        },
        condition: "",
        doing: DOING,
    };
    let theirs = client.update(update.clone()).await.unwrap();
    assert_eq!(
        tables.update(&update),
        theirs,
        "question {question}: {update:?}"
    );
    let query = QueryItems {
        table: "evidence".to_owned(),
        index: None,
        condition: Expression {
            text: "#k = :k AND #e > :after",
            names: vec![("#k", "k"), ("#e", "e")],
            values: vec![
                (":k", AttributeValue::S(key(chance))),
                (
                    ":after",
                    AttributeValue::S(format!("{:03}", chance.below(6))),
                ),
            ],
        },
        limit: 3,
        doing: DOING,
    };
    let theirs = Engine::query(client, query.clone()).await.unwrap();
    let ours = tables.read(&query, 3);
    assert_eq!(ours, theirs, "question {question}: {query:?}");
    ours.len()
}

/// A DynamoDB in this process.
async fn database() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let memory = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, memory));
    let timeouts = aws_sdk_dynamodb::config::timeout::TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(10))
        .build();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(timeouts)
        .build();
    let client = Client::from_conf(config);
    table(&client, "payments", &["k"], true).await;
    table(&client, "controls", &["k"], false).await;
    table(&client, "evidence", &["k", "e"], false).await;
    client
}

async fn table(client: &Client, name: &str, keys: &[&str], has_index: bool) {
    let mut create = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        create = create
            .attribute_definitions(attribute(key, ScalarAttributeType::S))
            .key_schema(element(key, kind));
    }
    if has_index {
        let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly);
        let index = GlobalSecondaryIndex::builder()
            .index_name("due")
            .key_schema(element("s", KeyType::Hash))
            .key_schema(element("d", KeyType::Range))
            .projection(keys_only.build())
            .build();
        create = create
            .attribute_definitions(attribute("s", ScalarAttributeType::N))
            .attribute_definitions(attribute("d", ScalarAttributeType::N))
            .global_secondary_indexes(index.unwrap());
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
