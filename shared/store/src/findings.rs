//! The table `findings` (差错): what reconciliation found, each once, until somebody has seen to it.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::reconciliation::{Discrepancy, DiscrepancyClass, Proposal, Subject};
use payonce_domain::{Channel, Money, Movement, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, QueryItems};
use crate::error::StoreError;
use crate::ledger::{FIRST, LedgerPlace, place_in};
use crate::record::field::Kept;
use crate::record::{self, Item, KEY};

/// The index that lists what is open, oldest first.
const OPEN_INDEX: &str = "open";
/// Its key, there only while a finding is open.
const OPEN: &str = "oq";
const IS_OPEN: &str = "open";
/// Who sees to what no rule assigns.
const OWNER: &str = "operations";

/// Whether somebody still has to see to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingState {
    /// Nobody has yet.
    Open,
    /// It repaired itself, or a person has.
    Resolved,
}

/// A discrepancy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its number, the same however often its day is run.
    pub id: String,
    /// What differs.
    pub discrepancy: Discrepancy,
    /// Whether it is settled.
    pub state: FindingState,
    /// Who sees to it.
    pub owner: String,
    /// When it was found: it ages from then on.
    pub found_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    id: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "c")]
    class: String,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    movement: Option<String>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    order_no: Option<String>,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    refund_no: Option<String>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    trade_no: Option<String>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    position: Option<u32>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    theirs: Option<Kept<Money>>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    ours: Option<Kept<Money>>,
    #[serde(rename = "p")]
    proposal: String,
    #[serde(rename = "w")]
    owner: String,
    #[serde(rename = "x")]
    found_at: Kept<Timestamp>,
    #[serde(rename = "oq", default, skip_serializing_if = "Option::is_none")]
    open: Option<String>,
}

impl FindingRecord {
    fn of(discrepancy: &Discrepancy, key: String, now: Timestamp) -> Self {
        let subject = &discrepancy.subject;
        Self {
            key,
            id: discrepancy.id(),
            record_version: record::VERSION,
            class: discrepancy.class.name().to_owned(),
            movement: subject.movement.map(|movement| movement.name().to_owned()),
            order_no: subject.order_no.clone(),
            refund_no: subject.refund_no.clone(),
            trade_no: subject.trade_no.clone(),
            position: subject.position,
            theirs: discrepancy.theirs.map(Kept),
            ours: discrepancy.ours.map(Kept),
            proposal: discrepancy.proposal.name().to_owned(),
            owner: OWNER.to_owned(),
            found_at: Kept(now),
            open: Some(IS_OPEN.to_owned()),
        }
    }

    fn restore(self) -> Option<Finding> {
        let place = place_of(&self.key)?;
        let movement = match self.movement {
            Some(name) => Some(Movement::from_name(&name)?),
            None => None,
        };
        Some(Finding {
            discrepancy: Discrepancy {
                channel: place.channel,
                account: place.account,
                day: place.day,
                class: DiscrepancyClass::from_name(&self.class)?,
                subject: Subject {
                    movement,
                    order_no: self.order_no,
                    refund_no: self.refund_no,
                    trade_no: self.trade_no,
                    position: self.position,
                },
                theirs: self.theirs.map(|money| money.0),
                ours: self.ours.map(|money| money.0),
                proposal: Proposal::from_name(&self.proposal)?,
            },
            id: self.id,
            state: self
                .open
                .map_or(FindingState::Resolved, |_| FindingState::Open),
            owner: self.owner,
            found_at: self.found_at.0,
        })
    }
}

fn place_of(key: &str) -> Option<LedgerPlace> {
    let (channel, rest) = key.split_once('#')?;
    let (account, day) = rest.rsplit_once('#')?;
    let mut channels = Channel::ALL.into_iter();
    Some(LedgerPlace {
        channel: channels.find(|known| known.name() == channel)?,
        account: payonce_domain::AccountId::new(account).ok()?,
        day: payonce_domain::BillDay::parse(day)?,
    })
}

fn read(item: Item) -> Result<Finding, StoreError> {
    let record: FindingRecord = record::from_item(item)?;
    let name = format!("{} {}", record.key, record.id);
    record.restore().ok_or_else(|| StoreError::Unreadable {
        item: name,
        why: "the finding".to_owned(),
    })
}

impl Store {
    /// Keeps a discrepancy, open. One that was kept before stays as it is (F86). Whether it is new.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_finding(
        &self,
        discrepancy: &Discrepancy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = place(discrepancy).key();
        let item = record::to_item(&FindingRecord::of(discrepancy, key, now));
        let table = &self.tables.findings;
        let put = self.put_if(table, item, Condition::absent(), "keep a finding");
        match put.await? {
            Put::Stored => Ok(true),
            Put::Refused(_) => Ok(false),
        }
    }

    /// Says that a finding is seen to. Saying it again is the same.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub async fn resolve_finding(&self, finding: &Finding) -> Result<(), StoreError> {
        let key = place(&finding.discrepancy).key();
        let mut record = FindingRecord::of(&finding.discrepancy, key, finding.found_at);
        record.id.clone_from(&finding.id);
        record.owner.clone_from(&finding.owner);
        record.open = None;
        let item = record::to_item(&record);
        let table = &self.tables.findings;
        let there = Condition(Expression {
            text: "attribute_exists(#k)",
            names: vec![("#k", KEY)],
            values: Vec::new(),
        });
        match self.put_if(table, item, there, "resolve a finding").await? {
            Put::Stored => Ok(()),
            Put::Refused(_) => Err(StoreError::Gone(finding.id.clone())),
        }
    }

    /// What the run of a day found.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn findings(&self, place: &LedgerPlace) -> Result<Vec<Finding>, StoreError> {
        let key = place.key();
        let table = &self.tables.findings;
        let mut found = Vec::new();
        let mut after = FIRST.to_owned();
        loop {
            let doing = "read findings";
            let items = self.partition_page(table, &key, after, doing).await?;
            let Some(last) = items.last().and_then(place_in) else {
                return Ok(found);
            };
            // The day's run lies in the same place; it has no class.
            let items = items.into_iter().filter(|item| item.contains_key("c"));
            for item in items {
                found.push(read(item)?);
            }
            after = last;
        }
    }

    /// What waits for people, oldest first, at most `limit`.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn open_findings(&self, limit: i32) -> Result<Vec<Finding>, StoreError> {
        let doing = "read open findings";
        let query = QueryItems {
            table: self.tables.findings.clone(),
            index: Some(OPEN_INDEX),
            condition: Expression {
                text: "#o = :o",
                names: vec![("#o", OPEN)],
                values: vec![(":o", AttributeValue::S(IS_OPEN.to_owned()))],
            },
            limit: limit.max(1),
            doing,
        };
        let items = self.engine.query(query).await.map_err(failed(doing))?;
        items.into_iter().map(read).collect()
    }
}

fn place(discrepancy: &Discrepancy) -> LedgerPlace {
    LedgerPlace {
        channel: discrepancy.channel,
        account: discrepancy.account.clone(),
        day: discrepancy.day,
    }
}
