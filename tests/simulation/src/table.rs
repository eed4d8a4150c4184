//! The tables in memory: the contents, and an index that may be behind them.
//!
//! What goes wrong on the way is the world's to decide; what is stored is stored.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_store::engine::{Item, PutItem, QueryItems, UpdateItem, Written};

use crate::expression::{change, holds, number};

/// One item, and what the index shows of it.
#[derive(Debug, Default)]
struct Row {
    item: Item,
    /// What the index will show, and from when on.
    listed: Vec<(u64, Option<(u64, u64)>)>,
}

/// All tables.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rows: BTreeMap<String, Row>,
}

fn address(table: &str, key: &[&str]) -> String {
    let mut address = table.to_owned();
    for part in key {
        address.push('/');
        address.push_str(part);
    }
    address
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}

fn key_of(put: &PutItem) -> String {
    let sort = text(&put.item, "e");
    if ["evidence", "findings", "journal", "ledger"].contains(&put.table.as_str()) {
        address(&put.table, &[text(&put.item, "k"), sort])
    } else {
        address(&put.table, &[text(&put.item, "k")])
    }
}

fn listing(item: &Item) -> Option<(u64, u64)> {
    Some((number(item.get("s")?)?, number(item.get("d")?)?))
}

impl Tables {
    /// Puts an item if its condition holds. The index shows it `lag` later.
    pub(crate) fn put(&mut self, put: &PutItem, now: u64, lag: u64) -> Written {
        let key = key_of(put);
        let there = self.rows.get(&key).map(|row| &row.item);
        if !holds(put.condition.text, &put.condition, there) {
            return Written::Refused(there.cloned());
        }
        self.set(key, put.item.clone(), now + lag);
        Written::Done(None)
    }

    fn set(&mut self, key: String, item: Item, shown_at: u64) {
        let row = self.rows.entry(key).or_default();
        let listing = listing(&item);
        row.item = item;
        let last = row.listed.last().map(|(_, listing)| *listing);
        if last != Some(listing) {
            let earliest = row.listed.last().map_or(0, |(at, _)| *at);
            row.listed.push((shown_at.max(earliest), listing));
        }
    }

    pub(crate) fn get(&self, table: &str, key: &[&str]) -> Option<&Item> {
        self.rows.get(&address(table, key)).map(|row| &row.item)
    }

    /// Replaces an item behind everybody's back.
    pub(crate) fn damage(&mut self, table: &str, key: &str, item: Item, now: u64) {
        self.set(address(table, &[key]), item, now);
    }

    /// The address of a table's last item, in the order of keys.
    pub(crate) fn last_of(&self, table: &str) -> Option<String> {
        let prefix = address(table, &[""]);
        let rows = self.rows.range(prefix.clone()..);
        let own = rows.take_while(|(key, _)| key.starts_with(&prefix));
        own.last().map(|(key, _)| key.clone())
    }

    /// Loses an item.
    pub(crate) fn erase(&mut self, address: &str) {
        self.rows.remove(address);
    }

    pub(crate) fn update(&mut self, update: &UpdateItem) -> Written {
        let parts: Vec<_> = update.key.iter().map(|(_, part)| part.as_str()).collect();
        let key = address(&update.table, &parts);
        let there = self.rows.get(&key).map(|row| &row.item);
        if !holds(update.condition, &update.update, there) {
            return Written::Refused(None);
        }
        let mut item = there.cloned().unwrap_or_default();
        for (name, part) in &update.key {
            item.insert((*name).to_owned(), AttributeValue::S(part.clone()));
        }
        change(&update.update, &mut item);
        self.set(key, item.clone(), 0);
        Written::Done(Some(item))
    }

    /// What a table itself holds, in the order of its keys.
    pub(crate) fn read(&self, query: &QueryItems, limit: usize) -> Vec<Item> {
        let items = self.items(&query.table).filter(|item| {
            let mut terms = query.condition.text.split(" AND ");
            terms.all(|term| holds(term, &query.condition, Some(item)))
        });
        items.take(limit).cloned().collect()
    }

    /// What the index shows at this moment.
    pub(crate) fn query(&self, query: &QueryItems, now: u64, limit: usize) -> Vec<Item> {
        let bound = |name: &str| {
            let values = query.condition.values.iter();
            let mut values = values.filter(|(placeholder, _)| *placeholder == name);
            values
                .next()
                .and_then(|(_, value)| number(value))
                .unwrap_or(0)
        };
        let (shard, until) = (bound(":s"), bound(":until"));
        let prefix = address(&query.table, &[""]);
        let rows = self.rows.range(prefix.clone()..);
        let rows = rows.take_while(|(key, _)| key.starts_with(&prefix));
        let mut found: Vec<(u64, Item)> = rows
            .filter_map(|(_, row)| {
                let seen = row.listed.iter().rev().find(|(at, _)| *at <= now);
                let (listed_in, due) = seen?.1?;
                (listed_in == shard && due <= until).then(|| {
                    let shown = Item::from([
                        (
                            "k".to_owned(),
                            row.item
                                .get("k")
                                .cloned()
                                .unwrap_or(AttributeValue::Null(true)),
                        ),
                        ("d".to_owned(), AttributeValue::N(due.to_string())),
                        ("s".to_owned(), AttributeValue::N(shard.to_string())),
                    ]);
                    (due, shown)
                })
            })
            .collect();
        found.sort_by_key(|(due, _)| *due);
        found.truncate(limit);
        found.into_iter().map(|(_, item)| item).collect()
    }

    /// The earliest time for which anything is listed, or will be.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let rows = self.rows.values();
        let listed = rows.filter_map(|row| {
            let last = row.listed.last()?;
            let shown = row
                .listed
                .iter()
                .filter_map(|(_, listing)| *listing)
                .map(|(_, due)| due);
            match last.1 {
                Some((_, due)) => Some(due.max(last.0)),
                None => shown.min().filter(|_| false),
            }
        });
        listed.min()
    }

    /// The items of a table, for whoever looks from outside.
    pub(crate) fn items(&self, table: &str) -> impl Iterator<Item = &Item> {
        let prefix = address(table, &[""]);
        let rows = self.rows.range(prefix.clone()..);
        rows.take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(_, row)| &row.item)
    }
}
