//! A day's run of reconciliation, in the table `findings` beside what it found.
//!
//! Whoever works on a day holds a lease; one that is cut off is taken up by the next after the lease.
//! Everything a run does may be done twice, so taking up means doing the day again.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::reconciliation::Report;
use payonce_domain::{AccountId, BillDay, Channel, MerchantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::call::{Condition, Put};
use crate::engine::Expression;
use crate::error::StoreError;
use crate::ledger::{FIRST, LedgerPlace, place_in};
use crate::record::field::Kept;
use crate::record::{self, KEY};
use crate::report::ReportJson;

/// The sort key of a run among the findings of its day; findings' are hexadecimal.
const RUN: &str = "run";
/// The sort key of how far an account has come.
const ACCOUNT: &str = "account";
/// The partition that lists every account.
const ACCOUNTS: &str = "accounts";
/// A run's own version.
const VERSION: &str = "v";

/// How a day's run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    /// Somebody works on it, or was cut off.
    Working,
    /// The channel has not made its bill yet.
    NotReady,
    /// The channel says that nothing happened, and we know of movements.
    Missing,
    /// The channel gave no usable answer.
    NoAnswer,
    /// The file's hash is not the one the channel named.
    WrongSeal,
    /// The file is cut off, or does not hold what its own summary says.
    Truncated,
    /// The file is of another form, another day or another merchant.
    Unreadable,
    /// The bill was compared.
    Closed,
    /// The channel says that nothing happened, and we know of nothing either.
    ClosedEmpty,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Working,
        Self::NotReady,
        Self::Missing,
        Self::NoAnswer,
        Self::WrongSeal,
        Self::Truncated,
        Self::Unreadable,
        Self::Closed,
        Self::ClosedEmpty,
    ];

    /// As records and views name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::NotReady => "not_ready",
            Self::Missing => "missing",
            Self::NoAnswer => "no_answer",
            Self::WrongSeal => "wrong_seal",
            Self::Truncated => "truncated",
            Self::Unreadable => "unreadable",
            Self::Closed => "closed",
            Self::ClosedEmpty => "closed_empty",
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the day is done.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        match self {
            Self::Closed | Self::ClosedEmpty => true,
            Self::Working
            | Self::NotReady
            | Self::Missing
            | Self::NoAnswer
            | Self::WrongSeal
            | Self::Truncated
            | Self::Unreadable => false,
        }
    }
}

/// A day's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Whose day.
    pub place: LedgerPlace,
    /// How it stands.
    pub state: RunState,
    /// How often it was begun.
    pub attempts: u32,
    /// Until when whoever works on it is left alone.
    pub lease_until: Timestamp,
    /// When it came to its state.
    pub at: Timestamp,
    /// Its numbers; none before it is closed.
    pub report: Report,
    /// In how many pieces lies what it carried over.
    pub pieces: u32,
    version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    place: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "v")]
    version: u64,
    #[serde(rename = "s")]
    state: String,
    #[serde(rename = "u")]
    attempts: u32,
    #[serde(rename = "l")]
    lease_until: Kept<Timestamp>,
    #[serde(rename = "x")]
    at: Kept<Timestamp>,
    #[serde(rename = "j")]
    report: ReportJson,
    #[serde(rename = "n")]
    pieces: u32,
}

/// An account whose bills are compared, and its owner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    place: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "m")]
    owner: Kept<MerchantId>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    place: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "d")]
    closed: String,
}

impl Run {
    fn new(place: LedgerPlace) -> Self {
        Self {
            place,
            state: RunState::Working,
            attempts: 0,
            lease_until: Timestamp::from_millis(0),
            at: Timestamp::from_millis(0),
            report: Report::default(),
            pieces: 0,
            version: 0,
        }
    }

    fn record(&self) -> RunRecord {
        RunRecord {
            key: self.place.key(),
            place: RUN.to_owned(),
            record_version: record::VERSION,
            version: self.version,
            state: self.state.name().to_owned(),
            attempts: self.attempts,
            lease_until: Kept(self.lease_until),
            at: Kept(self.at),
            report: ReportJson::from(&self.report),
            pieces: self.pieces,
        }
    }

    fn restore(record: RunRecord, place: &LedgerPlace) -> Option<Self> {
        Some(Self {
            place: place.clone(),
            state: RunState::from_name(&record.state)?,
            attempts: record.attempts,
            lease_until: record.lease_until.0,
            at: record.at.0,
            report: record.report.restore()?,
            pieces: record.pieces,
            version: record.version,
        })
    }
}

impl Store {
    /// The run of this day, if it was ever begun.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn run(&self, place: &LedgerPlace) -> Result<Option<Run>, StoreError> {
        let key = place.key();
        let table = &self.tables.findings;
        let item = self.get_placed(table, &key, RUN, "load a run").await?;
        let Some(item) = item else { return Ok(None) };
        let run = Run::restore(record::from_item(item)?, place);
        run.map(Some).ok_or_else(|| StoreError::Unreadable {
            item: key,
            why: "the run".to_owned(),
        })
    }

    /// Begins to work on a day, or does so again; `None`: somebody else does.
    ///
    /// # Errors
    /// A [`StoreError`] if the run cannot be read or stored.
    pub async fn begin_run(
        &self,
        place: &LedgerPlace,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Run>, StoreError> {
        let before = self.run(place).await?;
        let mut run = before.unwrap_or_else(|| Run::new(place.clone()));
        if run.state == RunState::Working && run.lease_until > now {
            return Ok(None);
        }
        run.state = RunState::Working;
        run.attempts = run.attempts.saturating_add(1);
        run.lease_until = lease_until;
        run.at = now;
        Ok(self.save_run(&mut run).await?.then_some(run))
    }

    /// Stores how a run stands; `false`: somebody else has taken it up meanwhile.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub async fn save_run(&self, run: &mut Run) -> Result<bool, StoreError> {
        let seen = run.version;
        run.version += 1;
        let unmoved = Condition(Expression {
            text: "attribute_not_exists(#k) OR #v = :seen",
            names: vec![("#k", KEY), ("#v", VERSION)],
            values: vec![(":seen", AttributeValue::N(seen.to_string()))],
        });
        let item = record::to_item(&run.record());
        let table = &self.tables.findings;
        match self.put_if(table, item, unmoved, "store a run").await? {
            Put::Stored => Ok(true),
            Put::Refused(_) => Ok(false),
        }
    }

    /// Lists an account among those whose bills are compared.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub(crate) async fn list_account(
        &self,
        owner: &MerchantId,
        channel: Channel,
        account: &AccountId,
    ) -> Result<(), StoreError> {
        let item = record::to_item(&ListedRecord {
            key: ACCOUNTS.to_owned(),
            place: account_key(channel, account),
            record_version: record::VERSION,
            owner: Kept(owner.clone()),
        });
        let table = &self.tables.findings;
        let not_newer = Condition::not_newer();
        match self
            .put_if(table, item, not_newer, "list an account")
            .await?
        {
            Put::Stored | Put::Refused(_) => Ok(()),
        }
    }

    /// Every account whose bills are compared, and its owner.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be had or read.
    pub async fn listed_accounts(
        &self,
    ) -> Result<Vec<(MerchantId, Channel, AccountId)>, StoreError> {
        let table = &self.tables.findings;
        let mut listed = Vec::new();
        let mut after = FIRST.to_owned();
        loop {
            let doing = "read the list of accounts";
            let items = self.partition_page(table, ACCOUNTS, after, doing).await?;
            let Some(last) = items.last().and_then(place_in) else {
                return Ok(listed);
            };
            for item in items {
                let record: ListedRecord = record::from_item(item)?;
                let account = read_account(&record.place);
                let (channel, account) = account.ok_or_else(|| StoreError::Unreadable {
                    item: record.place.clone(),
                    why: "an account in the list".to_owned(),
                })?;
                listed.push((record.owner.0, channel, account));
            }
            after = last;
        }
    }

    /// The last day of an account that is closed, all days before it being so too.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn closed_until(
        &self,
        channel: Channel,
        account: &AccountId,
    ) -> Result<Option<BillDay>, StoreError> {
        let key = account_key(channel, account);
        let table = &self.tables.findings;
        let doing = "load how far an account has come";
        let item = self.get_placed(table, &key, ACCOUNT, doing).await?;
        let Some(item) = item else { return Ok(None) };
        let record: AccountRecord = record::from_item(item)?;
        let day = BillDay::parse(&record.closed);
        day.map(Some).ok_or_else(|| StoreError::Unreadable {
            item: key,
            why: "the day".to_owned(),
        })
    }

    /// Says that this day and all before it are closed. An earlier day than before changes nothing.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub async fn close_until(&self, place: &LedgerPlace) -> Result<(), StoreError> {
        let day = place.day.to_string();
        let item = record::to_item(&AccountRecord {
            key: account_key(place.channel, &place.account),
            place: ACCOUNT.to_owned(),
            record_version: record::VERSION,
            closed: day.clone(),
        });
        let later = Condition(Expression {
            text: "attribute_not_exists(#k) OR #d < :d",
            names: vec![("#k", KEY), ("#d", "d")],
            values: vec![(":d", AttributeValue::S(day))],
        });
        let table = &self.tables.findings;
        match self.put_if(table, item, later, "close a day").await? {
            Put::Stored | Put::Refused(_) => Ok(()),
        }
    }
}

fn account_key(channel: Channel, account: &AccountId) -> String {
    format!("{}#{account}", channel.name())
}

fn read_account(text: &str) -> Option<(Channel, AccountId)> {
    let (channel, account) = text.split_once('#')?;
    let mut channels = Channel::ALL.into_iter();
    let channel = channels.find(|known| known.name() == channel)?;
    Some((channel, AccountId::new(account).ok()?))
}
