//! What must not be heard (S12, S13), and every place where it could be: tables, events, deliveries and logs of the whole stack.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use end_to_end::{World, eventually, text};
use payonce_domain::Channel;
use serde_json::Value;

/// What is looked for, by what it is called.
pub(crate) type Canaries = BTreeMap<String, String>;

/// A ledger's row waits for the next sweep, an event for its function.
const COMES_WITHIN: Duration = Duration::from_secs(180);

/// The secrets of the stack: what signs, what decrypts, and what opens the API, the cashier and the console.
pub(crate) async fn secrets(world: &World) -> anyhow::Result<Canaries> {
    let mut secrets = Canaries::new();
    for merchant in &world.endpoints.merchants {
        let id = &merchant.merchant_id;
        secrets.insert(format!("api key of {id}"), merchant.api_key.clone());
        // Two while one is being replaced.
        let shared = format!("payonce/merchants/{id}/webhook");
        for (at, secret) in world
            .aws
            .secret(&shared)
            .await?
            .split_whitespace()
            .enumerate()
        {
            let secret = secret.trim_start_matches("whsec_").to_owned();
            secrets.insert(format!("webhook secret {at} of {id}"), secret);
        }
        for channel in Channel::ALL {
            let account = world.simulator.account_of(channel, id).await?;
            let key = text(&account, "/merchant_private_key")?;
            // One line from the middle of a PEM text: nothing else has it, however the text is broken up.
            let line = key.lines().nth(7).context("a key has many lines")?;
            secrets.insert(format!("{} key of {id}", channel.name()), line.to_owned());
            if let Some(key) = account["apiv3_key"].as_str() {
                secrets.insert(format!("APIv3 key of {id}"), key.to_owned());
            }
        }
    }
    for page in ["cashier", "console"] {
        let keys = world.aws.secret(&format!("payonce/{page}")).await?;
        for (at, key) in keys.split_whitespace().enumerate() {
            secrets.insert(format!("{page}'s key {at}"), key.to_owned());
        }
    }
    let token = world.endpoints.operator_token.clone();
    secrets.insert("operator's token".to_owned(), token);
    let short = secrets.values().filter(|secret| secret.len() < 16);
    ensure!(short.count() == 0, "what is short may occur by chance");
    ensure!(secrets.len() >= 18, "only {} secrets", secrets.len());
    Ok(secrets)
}

pub(crate) fn none_in(what: &str, text: &str, canaries: &Canaries) -> anyhow::Result<()> {
    for (name, canary) in canaries {
        ensure!(!text.contains(canary), "the {name} is in {what}: {text}");
    }
    Ok(())
}

/// Every item of every table, and each table has some.
pub(crate) async fn none_in_tables(world: &World, canaries: &Canaries) -> anyhow::Result<()> {
    let tables = &world.endpoints.tables;
    ensure!(tables.len() >= 9, "only these tables: {tables:?}");
    for table in tables.keys() {
        let items = eventually(COMES_WITHIN, "each table is written", || async {
            let items = world.aws.items(table).await?;
            ensure!(!items.is_empty(), "nothing is in {table}");
            Ok(items)
        });
        for item in items.await? {
            none_in(table, &plain(&item), canaries)?;
        }
    }
    Ok(())
}

/// Every event that comes to this queue until each of these types has come, and what lies there then.
pub(crate) async fn none_in_events(
    world: &World,
    queue: &str,
    wanted: &[&str],
    canaries: &Canaries,
) -> anyhow::Result<()> {
    let mut come = BTreeSet::new();
    let began = Instant::now();
    loop {
        let events = world.aws.take(queue).await?;
        for event in &events {
            none_in("an event", &event.to_string(), canaries)?;
            come.insert(text(event, "/detail-type")?.to_owned());
        }
        let missing = wanted.iter().find(|kind| !come.contains(**kind));
        match missing {
            None if events.is_empty() => return Ok(()),
            None => {}
            Some(kind) => {
                ensure!(began.elapsed() < COMES_WITHIN, "no {kind} came: {come:?}");
                tokio::time::sleep(Duration::from_millis(400)).await;
            }
        }
    }
}

/// Every message that any merchant was told, with each of these words in some.
pub(crate) async fn none_in_deliveries(
    world: &World,
    wanted: &[&str],
    canaries: &Canaries,
) -> anyhow::Result<()> {
    let heard = eventually(COMES_WITHIN, "merchants are told", || async {
        let mut heard = Vec::new();
        for (headers, body) in world
            .receiver
            .everything()
            .into_iter()
            .chain(world.ears.everything())
        {
            heard.push(format!("{headers:?} {}", String::from_utf8_lossy(&body)));
        }
        for word in wanted {
            ensure!(
                heard.iter().any(|one| one.contains(word)),
                "no {word} was told"
            );
        }
        Ok(heard)
    });
    for told in heard.await? {
        none_in("a delivery", &told, canaries)?;
    }
    Ok(())
}

/// Every line of every function's log since then; and nothing broke in a way that nobody foresaw.
pub(crate) async fn none_in_logs(
    world: &World,
    since: u64,
    canaries: &Canaries,
) -> anyhow::Result<()> {
    let mut read = BTreeMap::new();
    for function in world.endpoints.functions.keys() {
        let lines = world.aws.lines(function, since).await?;
        read.insert(function.as_str(), lines.len());
        for line in lines {
            none_in(&format!("the log of {function}"), &line, canaries)?;
        }
    }
    for (function, lines) in &read {
        ensure!(
            *lines > 0 || *function == "audit",
            "{function} said nothing"
        );
    }
    let lines: usize = read.values().sum();
    ensure!(lines > 50, "only {lines} lines were logged");
    Ok(())
}

/// An item as text, what it holds as bytes made readable, however deep it lies.
fn plain(item: &Value) -> String {
    let mut text = item.to_string();
    readable(item, &mut text);
    text
}

fn readable(value: &Value, text: &mut String) {
    use base64::Engine as _;
    if let Some(bytes) = value["B"].as_str() {
        let decoded = base64::engine::general_purpose::STANDARD.decode(bytes);
        text.push_str(&String::from_utf8_lossy(&decoded.unwrap_or_default()));
    }
    let members = value.as_object().into_iter().flat_map(|all| all.values());
    let list = value.as_array().into_iter().flatten();
    members.chain(list).for_each(|inner| readable(inner, text));
}
