//! The DynamoDB tables: one item for one payment, changed by one conditional write.
//!
//! A payment with all its parts is one item of the table `payments`. It is made by one put that
//! requires the key to be free, and changed by one put that requires the version that was read, so
//! two writers can never both succeed and nothing is ever half written. Whoever loses is handed the
//! item as it stands, in the same answer, and decides again.
//!
//! | Table | One item is |
//! |---|---|
//! | `payments` | a payment; the sparse index `due` lists those that are owed work |
//! | `evidence` | a message of a channel, word for word, never changed; or what a buyer did, and how often |
//! | `merchants` | a merchant, or the owner of a channel account |
//! | `controls` | what operators may stop or limit, breakers and turns |
//! | `ledger` | a movement of money by account, day and shard; or what a day's reconciliation carried over |
//! | `findings` | a discrepancy that a day's reconciliation found, or that day's run; its sparse index `open` lists what waits for people |
//! | `journal` | what an operator did or proposed, something out of the ordinary, counts of an hour |
//! | `delayed-messages` | a delayed message; its sparse index `due` lists those with an attempt to come, and `list` each merchant's by state |
//! | `appeals` | an appeal, as its history; its sparse index `due` lists those that wait for a time, `list` the open ones and the others, and `merchant` each merchant's |
//!
//! What attributes are called is written in `record` and its neighbours only: their names are short,
//! because DynamoDB bills by the kilobyte.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod api_key;
mod appeals;
pub mod audit;
mod batch;
mod breakers;
mod buyer_acts;
mod call;
mod controls;
mod delayed_messages;
pub mod dossier;
mod due;
mod dynamo;
pub mod engine;
mod error;
mod evidence;
mod finding_record;
mod findings;
mod journal;
mod ledger;
mod merchants;
mod payments;
mod record;
mod report;
mod runs;
mod stored;
mod token;
#[cfg(test)]
mod walk;

use std::sync::Arc;

pub use api_key::{ApiKey, HashedKey};
pub use appeals::{AppealCreated, AppealList, AppealPage, AppealPlace, AppealSaved, StoredAppeal};
pub use breakers::{Breaker, Line, Work};
pub use buyer_acts::KeptAct;
pub use controls::RefundControls;
pub use delayed_messages::{
    MessageCreated, MessagePage, MessagePlace, MessageSaved, StoredMessage,
};
pub use due::DueItem;
use engine::Engine;
pub use error::StoreError;
pub use evidence::KeptMessage;
pub use findings::{ChannelSaid, Finding, FindingState, NOBODY, SettledBy, Sides};
pub use journal::{Happening, HappeningKind, Hour, OperatorAct, Proposal, ProposalState};
pub use ledger::{LedgerPlace, Pool};
pub use merchants::{ChannelAccount, Merchant};
pub use payments::{Created, Many, Saved};
pub use report::report_json;
pub use runs::{Run, RunState};
pub use stored::{BrokenChain, Stored, TimelineEntry};

/// The tables' names, and how many parts the due index is split into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// Payments, with the index `due`.
    pub payments: String,
    /// What channels said.
    pub evidence: String,
    /// Merchants and the owners of channel accounts.
    pub merchants: String,
    /// What operators may stop or limit.
    pub controls: String,
    /// Delayed messages, with indexes `due` and `list`.
    pub delayed_messages: String,
    /// What T+1 compares with the bills.
    pub ledger: String,
    /// What it found, with an index `open`.
    pub findings: String,
    /// Appeals, with indexes `due`, `list` and `merchant`.
    pub appeals: String,
    /// What operators did, and what there is to look at.
    pub journal: String,
    /// Parts of each due index. Raising it is safe at any time as long as the sweep reads the larger
    /// number: an item moves to its new part with its next write.
    pub due_shards: u32,
}

/// Reads and writes the tables. Cheap to clone.
///
/// Time-outs, retries and the region are the client's, which the caller builds.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    tables: Arc<Tables>,
}

impl Store {
    /// A store over these tables of DynamoDB.
    #[must_use]
    pub fn new(client: aws_sdk_dynamodb::Client, tables: Tables) -> Self {
        Self::over(Arc::new(client), tables)
    }

    /// A store over these tables of an engine.
    #[must_use]
    pub fn over(engine: Arc<dyn Engine>, tables: Tables) -> Self {
        Self {
            engine,
            tables: Arc::new(tables),
        }
    }
}
