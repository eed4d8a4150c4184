//! Conditional puts and reads by key, in this crate's words.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::Version;

use crate::Store;
use crate::engine::{EngineError, Expression, GetItem, PutItem, UpdateItem, Written};
use crate::error::StoreError;
use crate::record::{self, Item};

/// What must hold of the item that is there for a put to replace it.
pub(crate) struct Condition(pub(crate) Expression);

impl Condition {
    /// Nothing may be there.
    pub(crate) fn absent() -> Self {
        Self(Expression {
            text: "attribute_not_exists(#k)",
            names: vec![("#k", record::KEY)],
            values: Vec::new(),
        })
    }

    /// What is there must be what was seen.
    pub(crate) fn unmoved(seen: Version) -> Self {
        Self(Expression {
            text: "#v = :seen",
            names: vec![("#v", record::ITEM_VERSION)],
            values: vec![(":seen", AttributeValue::N(seen.0.to_string()))],
        })
    }

    /// What is there must not have been written by a newer program, which knows more than this one.
    pub(crate) fn not_newer() -> Self {
        Self(Expression {
            text: "attribute_not_exists(#k) OR #r <= :r",
            names: vec![("#k", record::KEY), ("#r", record::RECORD_VERSION)],
            values: vec![(":r", AttributeValue::N(record::VERSION.to_string()))],
        })
    }
}

/// What became of a conditional put.
pub(crate) enum Put {
    /// The item is stored.
    Stored,
    /// The condition did not hold: this is there, if the table said so and anything is.
    Refused(Option<Item>),
}

/// A call that failed, while this was being done.
pub(crate) fn failed(doing: &'static str) -> impl FnOnce(EngineError) -> StoreError {
    move |error| StoreError::Call {
        doing,
        unknown: error.unknown,
        source: error.source,
    }
}

impl Store {
    /// Puts an item if a condition holds, and otherwise brings what is there: one call.
    pub(crate) async fn put_if(
        &self,
        table: &str,
        item: Item,
        condition: Condition,
        doing: &'static str,
    ) -> Result<Put, StoreError> {
        let put = PutItem {
            table: table.to_owned(),
            item,
            condition: condition.0,
            doing,
        };
        match self.engine.put(put).await.map_err(failed(doing))? {
            Written::Done(_) => Ok(Put::Stored),
            Written::Refused(there) => Ok(Put::Refused(there)),
        }
    }

    /// Changes an item of the table `controls`: the item afterwards; `None` where the condition did
    /// not hold.
    pub(crate) async fn change_control(
        &self,
        key: String,
        update: Expression,
        condition: &'static str,
        doing: &'static str,
    ) -> Result<Option<Item>, StoreError> {
        let update = UpdateItem {
            table: self.tables.controls.clone(),
            key: vec![(record::KEY, key)],
            update,
            condition,
            doing,
        };
        match self.engine.update(update).await.map_err(failed(doing))? {
            Written::Done(item) => Ok(Some(item.unwrap_or_default())),
            Written::Refused(_) => Ok(None),
        }
    }

    /// The item with this key, as of its last write.
    pub(crate) async fn get(
        &self,
        table: &str,
        key: &str,
        doing: &'static str,
    ) -> Result<Option<Item>, StoreError> {
        let get = GetItem {
            table: table.to_owned(),
            key: vec![(record::KEY, key.to_owned())],
            consistent: true,
            doing,
        };
        self.engine.get(get).await.map_err(failed(doing))
    }
}
