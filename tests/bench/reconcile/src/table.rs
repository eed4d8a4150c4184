//! The table: makes the ledger's rows as they are asked for, as a million of them must not lie in the memory
//! that is measured, and keeps whatever is put.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_store::engine::{
    Answered, BatchGet, Engine, GetItem, Item, PutItem, QueryItems, UpdateItem, Written,
};

use crate::books::{self, DAY};

/// How many shards a day's rows lie in.
pub(crate) const SHARDS: u32 = 16;

/// A key: table, partition and place.
type Key = (String, String, String);

/// The tables.
#[derive(Debug)]
pub(crate) struct Table {
    size: u64,
    items: Mutex<BTreeMap<Key, Item>>,
}

impl Table {
    /// A ledger with so many rows, but for those that only the bill has.
    pub(crate) fn new(size: u64) -> Self {
        Self {
            size,
            items: Mutex::default(),
        }
    }

    /// Makes every row once, as often as a run asks for it.
    pub(crate) fn make_all(size: u64) {
        for shard in 0..u64::from(SHARDS) {
            let mut next = Some(shard);
            while let Some(from) = next {
                let page;
                (page, next) = rows(size, from, 1_000);
                drop(std::hint::black_box(page));
            }
        }
    }

    fn page(&self, query: &QueryItems) -> Vec<Item> {
        let text = |name| {
            let mut values = query.condition.values.iter();
            let value = values.find(|(known, _)| *known == name);
            value.and_then(|(_, value)| value.as_s().ok()).cloned()
        };
        let key = text(":k").unwrap_or_default();
        let after = text(":after").unwrap_or_default();
        let limit = usize::try_from(query.limit).unwrap_or(0);
        let shard = key.strip_prefix(&format!("wechat#bench#{DAY}#"));
        if let Some(Ok(shard)) = shard.map(str::parse::<u64>) {
            // A row's place ends with its number.
            let last = after.rsplit('#').next().and_then(books::number_of);
            let from = last.map_or(shard, |last| last + u64::from(SHARDS));
            return rows(self.size, from, limit).0;
        }
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (query.table.clone(), key.clone(), after.clone());
        let found = items.range(from..);
        let found = found
            .take_while(|((table, partition, _), _)| *table == query.table && *partition == key);
        let found = found.filter(|((_, _, place), _)| *place > after);
        found.take(limit).map(|(_, item)| item.clone()).collect()
    }
}

/// Rows of one shard from a number on, and the number after them.
fn rows(size: u64, from: u64, limit: usize) -> (Vec<Item>, Option<u64>) {
    let mut page = Vec::new();
    let mut n = from;
    while n < size && page.len() < limit {
        if books::has_row(n) {
            page.push(row(n));
        }
        n += u64::from(SHARDS);
    }
    (page, (n < size).then_some(n))
}

/// A row of a payment as the store writes it.
fn row(n: u64) -> Item {
    let text = |name: &str, text: String| (name.to_owned(), AttributeValue::S(text));
    let number = |name: &str, n: u64| (name.to_owned(), AttributeValue::N(n.to_string()));
    let trade_no = books::trade_no(n);
    Item::from([
        text("k", format!("wechat#bench#{DAY}#{}", n % u64::from(SHARDS))),
        text("e", format!("p#{trade_no}")),
        number("r", 4),
        text("o", books::order_no(n)),
        text("t", trade_no),
        number("a", books::fen(n)),
        number("x", 1_795_147_200_000),
        number("v", 3),
    ])
}

fn key_of(table: &str, item: &Item) -> Key {
    let text = |name| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.cloned().unwrap_or_default()
    };
    (table.to_owned(), text("k"), text("e"))
}

impl Engine for Table {
    fn put(&self, put: PutItem) -> Answered<'_, Written> {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.insert(key_of(&put.table, &put.item), put.item);
        Box::pin(async { Ok(Written::Done(None)) })
    }

    fn get(&self, get: GetItem) -> Answered<'_, Option<Item>> {
        let text = |name| {
            let mut key = get.key.iter();
            let part = key.find(|(known, _)| *known == name);
            part.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let item = items
            .get(&(get.table.clone(), text("k"), text("e")))
            .cloned();
        Box::pin(async { Ok(item) })
    }

    fn batch_get(&self, _batch: BatchGet) -> Answered<'_, (Vec<Item>, Vec<String>)> {
        Box::pin(async { Ok((Vec::new(), Vec::new())) })
    }

    fn update(&self, _update: UpdateItem) -> Answered<'_, Written> {
        Box::pin(async { Ok(Written::Done(None)) })
    }

    fn query(&self, query: QueryItems) -> Answered<'_, Vec<Item>> {
        let page = self.page(&query);
        Box::pin(async { Ok(page) })
    }

    fn pause(&self, _wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }
}
