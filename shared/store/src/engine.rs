//! The engine beneath the tables: the few calls of DynamoDB that this crate makes, and what each may answer.
//!
//! One implementation speaks to DynamoDB (`dynamo.rs`). The other is the simulation's, which keeps
//! its items in memory and is meaner than DynamoDB is. What a condition or an update means is said in
//! DynamoDB's own expressions, so both are asked the same.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::StoreError;
use crate::stored::Stored;

/// An item, as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// What an engine will have answered.
pub type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// An expression with the names and values it stands on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expression {
    /// The text; empty where there is none.
    pub text: &'static str,
    /// What `#name` stands for.
    pub names: Vec<(&'static str, &'static str)>,
    /// What `:value` stands for.
    pub values: Vec<(&'static str, AttributeValue)>,
}

/// A conditional put of a whole item.
#[derive(Debug, Clone)]
pub struct PutItem {
    /// The table.
    pub table: String,
    /// The item; its key is among its attributes.
    pub item: Item,
    /// What must hold of the item that is there.
    pub condition: Expression,
    /// What is being done, for people.
    pub doing: &'static str,
}

/// A read of one item by its whole key.
#[derive(Debug, Clone)]
pub struct GetItem {
    /// The table.
    pub table: String,
    /// The key's attributes.
    pub key: Vec<(&'static str, String)>,
    /// Whether it must be as of the last write.
    pub consistent: bool,
    /// What is being done, for people.
    pub doing: &'static str,
}

/// A read of many items, which may leave some unread.
#[derive(Debug, Clone)]
pub struct BatchGet {
    /// The table.
    pub table: String,
    /// The keys, at most a hundred.
    pub keys: Vec<String>,
    /// What is being done, for people.
    pub doing: &'static str,
}

/// A conditional change of one item's attributes.
#[derive(Debug, Clone)]
pub struct UpdateItem {
    /// The table.
    pub table: String,
    /// The key's attributes.
    pub key: Vec<(&'static str, String)>,
    /// What changes. Names and values of `condition` are kept here too.
    pub update: Expression,
    /// What must hold; empty where nothing must.
    pub condition: &'static str,
    /// What is being done, for people.
    pub doing: &'static str,
}

/// A read of a table or an index in the order of its sort key. One page, which may be short.
#[derive(Debug, Clone)]
pub struct QueryItems {
    /// The table.
    pub table: String,
    /// The index; without it, the table itself, as of its last write.
    pub index: Option<&'static str>,
    /// Which entries.
    pub condition: Expression,
    /// At most so many.
    pub limit: i32,
    /// What is being done, for people.
    pub doing: &'static str,
}

/// What became of a conditional write.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It is stored; after an update, the item as it is now.
    Done(Option<Item>),
    /// The condition did not hold: this is there, if the table said so and anything is.
    Refused(Option<Item>),
}

/// A call without a usable answer.
#[derive(Debug)]
pub struct EngineError {
    /// Whether a write may have happened all the same: some attempt was sent and never answered.
    pub unknown: bool,
    /// What the engine said of the last attempt.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A key-value engine with conditional writes and sparse indexes.
///
/// A call that fails is repeated within by whoever implements this, or not at all; the store never does.
pub trait Engine: Debug + Send + Sync {
    /// Puts an item if a condition holds, and otherwise brings what is there.
    fn put(&self, put: PutItem) -> Answered<'_, Written>;

    /// Reads an item.
    fn get(&self, get: GetItem) -> Answered<'_, Option<Item>>;

    /// Reads many items: those found, and the keys left unread.
    fn batch_get(&self, batch: BatchGet) -> Answered<'_, (Vec<Item>, Vec<String>)>;

    /// Changes an item if a condition holds.
    fn update(&self, update: UpdateItem) -> Answered<'_, Written>;

    /// Reads a table or an index.
    fn query(&self, query: QueryItems) -> Answered<'_, Vec<Item>>;

    /// Waits, before what was left unread is asked for again.
    fn pause(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The payment in an item of the table of payments, for whoever looks at an engine from outside.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub fn payment(item: Item) -> Result<Stored, StoreError> {
    crate::record::read(item)
}
