//! The table `findings` (差错): what reconciliation found, each once, until somebody has seen to it.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::reconciliation::{BillLine, Discrepancy};
use payonce_domain::{LedgerRow, OperatorId, PaymentKey, Timestamp};

use crate::Store;
use crate::call::{Condition, Put, failed};
use crate::engine::{Expression, QueryItems};
use crate::error::StoreError;
use crate::finding_record::FindingRecord;
use crate::ledger::{FIRST, LedgerPlace, place_in};
use crate::record::{self, Item, KEY};

/// The index that lists what is open, oldest first.
const OPEN_INDEX: &str = "open";
/// Its key, there only while a finding is open.
const OPEN: &str = "oq";
/// The index that lists all that was ever found about a payment, oldest first.
const PAYMENT_INDEX: &str = "payment";
/// Its key, there only where the payment is one of ours.
const PAYMENT: &str = "pq";
/// As many as are read of one payment; each movement of its money is found once in each class at most.
const OF_PAYMENT_MAX: i32 = 200;
pub(crate) const IS_OPEN: &str = "open";
/// Who sees to what nobody has taken.
pub const NOBODY: &str = "operations";

/// Whether somebody still has to see to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingState {
    /// Nobody has yet.
    Open,
    /// It repaired itself, or a person has.
    Resolved,
}

impl FindingState {
    /// As views name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// Both sides of a discrepancy as they were when it was found: its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sides {
    /// The line of the bill, if the channel has it.
    pub line: Option<BillLine>,
    /// The row of the ledger, if we have it.
    pub row: Option<LedgerRow>,
}

/// What the channel said when it was asked again because of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelSaid {
    /// What.
    pub word: ChannelWord,
    /// When.
    pub at: Timestamp,
}

/// How a person settled a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledBy {
    /// Who.
    pub operator: OperatorId,
    /// When.
    pub at: Timestamp,
    /// Why, in the operator's words.
    pub why: String,
}

/// A discrepancy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its number, the same however often its day is run.
    pub id: String,
    /// What differs.
    pub discrepancy: Discrepancy,
    /// What each side has.
    pub sides: Sides,
    /// What the channel said of it since.
    pub said: Option<ChannelSaid>,
    /// Whether it is settled.
    pub state: FindingState,
    /// Who sees to it: an operator, or [`NOBODY`] in particular.
    pub owner: String,
    /// When it was found: it ages from then on.
    pub found_at: Timestamp,
    /// Who settled it; `None` also for what repaired itself.
    pub settled: Option<SettledBy>,
    /// How often it was changed. Whoever changes it names the version that he saw.
    pub version: u64,
}

impl Finding {
    /// A discrepancy that was just found.
    pub(crate) fn new(discrepancy: &Discrepancy, sides: &Sides, now: Timestamp) -> Self {
        Self {
            id: discrepancy.id(),
            discrepancy: discrepancy.clone(),
            sides: sides.clone(),
            said: None,
            state: FindingState::Open,
            owner: NOBODY.to_owned(),
            found_at: now,
            settled: None,
            version: 0,
        }
    }

    /// The account and day that it belongs to.
    #[must_use]
    pub fn place(&self) -> LedgerPlace {
        place(&self.discrepancy)
    }
}

fn read(item: Item) -> Result<Finding, StoreError> {
    let record: FindingRecord = record::from_item(item)?;
    let name = record.name();
    record.restore().ok_or_else(|| StoreError::Unreadable {
        item: name,
        why: "the finding".to_owned(),
    })
}

impl Store {
    /// Keeps a discrepancy of which nothing but itself is known. See [`Store::keep_finding_with`].
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_finding(
        &self,
        discrepancy: &Discrepancy,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sides = Sides::default();
        self.keep_finding_with(discrepancy, &sides, now).await
    }

    /// Keeps a discrepancy, open, with what each side has. One that was kept before stays as it is (F86).
    /// Whether it is new.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be kept.
    pub async fn keep_finding_with(
        &self,
        discrepancy: &Discrepancy,
        sides: &Sides,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let finding = Finding::new(discrepancy, sides, now);
        let item = record::to_item(&FindingRecord::of(&finding));
        let table = &self.tables.findings;
        let put = self.put_if(table, item, Condition::absent(), "keep a finding");
        match put.await? {
            Put::Stored => Ok(true),
            Put::Refused(_) => Ok(false),
        }
    }

    /// Says that a finding is seen to by itself. Saying it again is the same, and what a person did with it
    /// meanwhile stands.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub async fn resolve_finding(&self, finding: &Finding) -> Result<(), StoreError> {
        let mut resolved = finding.clone();
        resolved.state = FindingState::Resolved;
        self.change_finding(&mut resolved).await.map(|_| ())
    }

    /// Stores a finding as it is now; `false`: somebody changed it since it was read, and nothing is stored.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be stored.
    pub async fn change_finding(&self, finding: &mut Finding) -> Result<bool, StoreError> {
        let seen = finding.version;
        finding.version += 1;
        let item = record::to_item(&FindingRecord::of(finding));
        let text = if seen == 0 {
            "attribute_exists(#k) AND attribute_not_exists(#v)"
        } else {
            "attribute_exists(#k) AND #v = :seen"
        };
        let values = (seen > 0).then(|| (":seen", AttributeValue::N(seen.to_string())));
        let unmoved = Condition(Expression {
            text,
            names: vec![("#k", KEY), ("#v", "v")],
            values: values.into_iter().collect(),
        });
        let table = &self.tables.findings;
        match self
            .put_if(table, item, unmoved, "change a finding")
            .await?
        {
            Put::Stored => Ok(true),
            Put::Refused(_) => Ok(false),
        }
    }

    /// One finding of a day, by its number.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn finding(
        &self,
        place: &LedgerPlace,
        id: &str,
    ) -> Result<Option<Finding>, StoreError> {
        let table = &self.tables.findings;
        let key = place.key();
        let item = self.get_placed(table, &key, id, "load a finding").await?;
        let item = item.filter(|item| item.contains_key("c"));
        item.map(read).transpose()
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
        let open = (OPEN, IS_OPEN.to_owned());
        self.listed_findings(OPEN_INDEX, open, limit, doing).await
    }

    /// All that was ever found about a payment, oldest first. The index may be a moment old.
    ///
    /// # Errors
    /// A [`StoreError`] if it cannot be had or read.
    pub async fn findings_about(&self, payment: PaymentKey) -> Result<Vec<Finding>, StoreError> {
        let doing = "read the findings about a payment";
        let about = (PAYMENT, payment.to_string());
        self.listed_findings(PAYMENT_INDEX, about, OF_PAYMENT_MAX, doing)
            .await
    }

    async fn listed_findings(
        &self,
        index: &'static str,
        (key, value): (&'static str, String),
        limit: i32,
        doing: &'static str,
    ) -> Result<Vec<Finding>, StoreError> {
        let query = QueryItems {
            table: self.tables.findings.clone(),
            index: Some(index),
            condition: Expression {
                text: "#i = :i",
                names: vec![("#i", key)],
                values: vec![(":i", AttributeValue::S(value))],
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
