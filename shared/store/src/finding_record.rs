//! How a finding is kept: the names of its attributes, and the way back.

use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::reconciliation::{Discrepancy, DiscrepancyClass, Proposal, Subject};
use payonce_domain::{
    AccountId, BillDay, Channel, Money, Movement, OperatorId, PaymentKey, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::findings::{ChannelSaid, Finding, FindingState, IS_OPEN, SettledBy, Sides};
use crate::ledger::{LedgerPlace, PooledLine, PooledRow};
use crate::record;
use crate::record::field::Kept;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingRecord {
    #[serde(rename = "k")]
    key: String,
    #[serde(rename = "e")]
    id: String,
    #[serde(rename = "r")]
    record_version: u64,
    #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
    version: u64,
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
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    line: Option<PooledLine>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    row: Option<PooledRow>,
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    said: Option<SaidRecord>,
    #[serde(rename = "z", default, skip_serializing_if = "Option::is_none")]
    settled: Option<SettledRecord>,
    /// The payment, where a number of it is one of ours: what the index `payment` lists by.
    #[serde(rename = "pq", default, skip_serializing_if = "Option::is_none")]
    payment: Option<Kept<PaymentKey>>,
    #[serde(rename = "oq", default, skip_serializing_if = "Option::is_none")]
    open: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidRecord {
    w: String,
    x: Kept<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettledRecord {
    o: Kept<OperatorId>,
    x: Kept<Timestamp>,
    y: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl FindingRecord {
    pub(crate) fn of(finding: &Finding) -> Self {
        let discrepancy = &finding.discrepancy;
        let subject = &discrepancy.subject;
        Self {
            key: finding.place().key(),
            id: finding.id.clone(),
            record_version: record::VERSION,
            version: finding.version,
            class: discrepancy.class.name().to_owned(),
            movement: subject.movement.map(|movement| movement.name().to_owned()),
            order_no: subject.order_no.clone(),
            refund_no: subject.refund_no.clone(),
            trade_no: subject.trade_no.clone(),
            position: subject.position,
            theirs: discrepancy.theirs.map(Kept),
            ours: discrepancy.ours.map(Kept),
            proposal: discrepancy.proposal.name().to_owned(),
            owner: finding.owner.clone(),
            found_at: Kept(finding.found_at),
            line: finding.sides.line.as_ref().map(PooledLine::of),
            row: finding.sides.row.as_ref().map(PooledRow::of),
            said: finding.said.map(|said| SaidRecord {
                w: said.word.name().to_owned(),
                x: Kept(said.at),
            }),
            settled: finding.settled.as_ref().map(|settled| SettledRecord {
                o: Kept(settled.operator.clone()),
                x: Kept(settled.at),
                y: settled.why.clone(),
            }),
            payment: subject.channel_order_no().map(|no| Kept(no.key())),
            open: match finding.state {
                FindingState::Open => Some(IS_OPEN.to_owned()),
                FindingState::Resolved => None,
            },
        }
    }

    /// How an item that cannot be read is named.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.key, self.id)
    }

    pub(crate) fn restore(self) -> Option<Finding> {
        let place = place_of(&self.key)?;
        let movement = match self.movement {
            Some(name) => Some(Movement::from_name(&name)?),
            None => None,
        };
        let line = match self.line {
            Some(line) => Some(line.restore()?),
            None => None,
        };
        let row = match self.row {
            Some(row) => Some(row.restore(&place.account)?),
            None => None,
        };
        let said = match self.said {
            Some(said) => Some(said.restore()?),
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
            sides: Sides { line, row },
            said,
            id: self.id,
            state: self
                .open
                .map_or(FindingState::Resolved, |_| FindingState::Open),
            owner: self.owner,
            found_at: self.found_at.0,
            settled: self.settled.map(|settled| SettledBy {
                operator: settled.o.0,
                at: settled.x.0,
                why: settled.y,
            }),
            version: self.version,
        })
    }
}

impl SaidRecord {
    fn restore(self) -> Option<ChannelSaid> {
        let mut words = ChannelWord::ALL.into_iter();
        Some(ChannelSaid {
            word: words.find(|word| word.name() == self.w)?,
            at: self.x.0,
        })
    }
}

fn place_of(key: &str) -> Option<LedgerPlace> {
    let (channel, rest) = key.split_once('#')?;
    let (account, day) = rest.rsplit_once('#')?;
    let mut channels = Channel::ALL.into_iter();
    Some(LedgerPlace {
        channel: channels.find(|known| known.name() == channel)?,
        account: AccountId::new(account).ok()?,
        day: BillDay::parse(day)?,
    })
}
