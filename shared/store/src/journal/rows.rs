//! Rows of the journal: a partition, a place in it, and JSON of whoever keeps it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, QueryItems};
use crate::error::StoreError;
use crate::record::{self, Item, KEY, RECORD_VERSION};

/// The sort key.
pub(super) const PLACE: &str = "e";
/// The row's content.
const CONTENT: &str = "j";
/// How a proposal stands; other rows have none.
pub(super) const STATE: &str = "s";
/// How many rows one call brings.
const PAGE: i32 = 500;

/// A row to be kept.
pub(super) struct Row<'a, T> {
    pub(super) partition: String,
    pub(super) place: String,
    pub(super) state: Option<&'a str>,
    pub(super) content: &'a T,
}

impl<T: Serialize> Row<'_, T> {
    fn item(&self) -> Item {
        let text = serde_json::to_string(self.content).expect("rows are texts and numbers");
        let mut item = Item::from([
            (KEY.to_owned(), AttributeValue::S(self.partition.clone())),
            (PLACE.to_owned(), AttributeValue::S(self.place.clone())),
            (
                RECORD_VERSION.to_owned(),
                AttributeValue::N(record::VERSION.to_string()),
            ),
            (CONTENT.to_owned(), AttributeValue::S(text)),
        ]);
        if let Some(state) = self.state {
            item.insert(STATE.to_owned(), AttributeValue::S(state.to_owned()));
        }
        item
    }
}

impl Store {
    /// Keeps a row; `false`: the condition did not hold.
    pub(super) async fn keep_row<T: Serialize>(
        &self,
        row: &Row<'_, T>,
        condition: Condition,
        doing: &'static str,
    ) -> Result<bool, StoreError> {
        let table = &self.tables.journal;
        let put = self.put_if(table, row.item(), condition, doing).await?;
        Ok(matches!(put, Put::Stored))
    }

    /// The rows of a partition from a place on, oldest first, at most `limit` if it is given.
    pub(super) async fn rows<T: DeserializeOwned>(
        &self,
        partition: &str,
        from: &str,
        limit: Option<usize>,
    ) -> Result<Vec<T>, StoreError> {
        let items = self.journal_items(partition, from, limit).await?;
        items.iter().map(|item| content(partition, item)).collect()
    }

    pub(super) async fn journal_items(
        &self,
        partition: &str,
        from: &str,
        limit: Option<usize>,
    ) -> Result<Vec<Item>, StoreError> {
        let doing = "read the journal";
        let most = limit.unwrap_or(usize::MAX);
        let mut found: Vec<Item> = Vec::new();
        let mut from = from.to_owned();
        loop {
            let query = QueryItems {
                table: self.tables.journal.clone(),
                index: None,
                condition: Expression {
                    text: "#k = :k AND #e >= :from",
                    names: vec![("#k", KEY), ("#e", PLACE)],
                    values: vec![
                        (":k", AttributeValue::S(partition.to_owned())),
                        (":from", AttributeValue::S(from.clone())),
                    ],
                },
                limit: PAGE,
                doing,
            };
            let page = self.engine.query(query).await.map_err(failed(doing))?;
            let last = page.last().and_then(|item| item.get(PLACE)?.as_s().ok());
            let last = last.cloned();
            found.extend(page);
            match last {
                // The place right behind it.
                Some(last) if found.len() < most => from = format!("{last}\u{1}"),
                Some(_) | None => {
                    found.truncate(most);
                    return Ok(found);
                }
            }
        }
    }
}

fn content<T: DeserializeOwned>(partition: &str, item: &Item) -> Result<T, StoreError> {
    let text = item.get(CONTENT).and_then(|text| text.as_s().ok());
    let read = text.map(|text| serde_json::from_str(text));
    let unreadable = |why: String| StoreError::Unreadable {
        item: partition.to_owned(),
        why,
    };
    match read {
        Some(Ok(content)) => Ok(content),
        Some(Err(error)) => Err(unreadable(error.to_string())),
        None => Err(unreadable("a row has no content".to_owned())),
    }
}

/// Whatever is there may be replaced by the same.
pub(super) fn anyway() -> Condition {
    Condition::not_newer()
}
