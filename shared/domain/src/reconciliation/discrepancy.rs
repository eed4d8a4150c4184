//! A discrepancy (差错): a difference between bill and books that the pool did not settle.

use std::fmt::Write as _;

use crate::channel::Channel;
use crate::evidence::Digest;
use crate::ids::AccountId;
use crate::ledger::{BillDay, LedgerRow, Movement};
use crate::money::Money;
use crate::numbers::{ChannelOrderNo, RefundNo};

use super::BillLine;

/// What differs, named from a side: 长款 and 短款 flip with the point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiscrepancyClass {
    /// The channel has a payment that we do not have (渠道单边账, 长款).
    ChannelOnly,
    /// We have a payment that the channel's bill does not have (本方单边账, 短款).
    LedgerOnly,
    /// Both have it, with different amounts.
    AmountDiffers,
    /// Both have it, and say different things of how it stands.
    StatusDiffers,
    /// The channel kept another fee than agreed.
    FeeDiffers,
    /// The channel has a refund that we do not have.
    RefundChannelOnly,
    /// We have a refund that the channel's bill does not have.
    RefundLedgerOnly,
    /// A line without a number of ours, or about no payment of this account. Never refunded by us.
    Foreign,
    /// A line that repeats another.
    DuplicateLine,
    /// A line that cannot be read.
    UnreadableLine,
}

impl DiscrepancyClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::ChannelOnly,
        Self::LedgerOnly,
        Self::AmountDiffers,
        Self::StatusDiffers,
        Self::FeeDiffers,
        Self::RefundChannelOnly,
        Self::RefundLedgerOnly,
        Self::Foreign,
        Self::DuplicateLine,
        Self::UnreadableLine,
    ];

    /// As records and views name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChannelOnly => "channel_only",
            Self::LedgerOnly => "ledger_only",
            Self::AmountDiffers => "amount_differs",
            Self::StatusDiffers => "status_differs",
            Self::FeeDiffers => "fee_differs",
            Self::RefundChannelOnly => "refund_channel_only",
            Self::RefundLedgerOnly => "refund_ledger_only",
            Self::Foreign => "foreign",
            Self::DuplicateLine => "duplicate_line",
            Self::UnreadableLine => "unreadable_line",
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// What people are advised to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proposal {
    /// Nothing: the books were put right on the strength of the bill.
    Repaired,
    /// Hold back what the order is to settle and ask the channel about it.
    QueryChannel,
    /// Hold back what the order is to settle: asked, the channel denies it.
    HoldBack,
    /// Put it to the channel with both sides' numbers.
    AskChannel,
    /// Ask the merchant whose it is: it did not come through us.
    AskMerchant,
    /// Look at the payment's timeline and its open case.
    LookAtCase,
    /// Nothing moves: note that the channel repeated itself.
    Note,
}

impl Proposal {
    /// Every proposal.
    pub const ALL: [Self; 7] = [
        Self::Repaired,
        Self::QueryChannel,
        Self::HoldBack,
        Self::AskChannel,
        Self::AskMerchant,
        Self::LookAtCase,
        Self::Note,
    ];

    /// As records and views name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::QueryChannel => "query_channel",
            Self::HoldBack => "hold_back",
            Self::AskChannel => "ask_channel",
            Self::AskMerchant => "ask_merchant",
            Self::LookAtCase => "look_at_case",
            Self::Note => "note",
        }
    }

    /// Reads such a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|proposal| proposal.name() == name)
    }
}

/// What a discrepancy is about, in the words of the side that has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// In which direction money moved; `None`: the line cannot be read.
    pub movement: Option<Movement>,
    /// The order's number, as it stands there.
    pub order_no: Option<String>,
    /// The refund's number, as it stands there.
    pub refund_no: Option<String>,
    /// The channel's number for the trade.
    pub trade_no: Option<String>,
    /// The line's place in its bill, from 1.
    pub position: Option<u32>,
}

impl Subject {
    /// About a line.
    #[must_use]
    pub fn of_line(line: &BillLine) -> Self {
        Self {
            movement: Some(line.movement),
            order_no: Some(line.order_no.clone()),
            refund_no: line.refund_no.clone(),
            trade_no: Some(line.trade_no.to_string()),
            position: Some(line.position),
        }
    }

    /// The attempt of ours that it is about, if a number in it is one of ours.
    #[must_use]
    pub fn channel_order_no(&self) -> Option<ChannelOrderNo> {
        let by_order = self.order_no.as_deref().and_then(ChannelOrderNo::parse);
        let by_refund = || RefundNo::parse(self.refund_no.as_deref()?);
        by_order.or_else(|| by_refund().map(RefundNo::channel_order))
    }

    /// About a row of ours.
    #[must_use]
    pub fn of_row(row: &LedgerRow) -> Self {
        Self {
            movement: Some(row.movement),
            order_no: Some(row.order_no.to_string()),
            refund_no: row.refund_no.map(|no| no.to_string()),
            trade_no: Some(row.trade_no.to_string()),
            position: None,
        }
    }
}

/// A difference, found once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// At which channel.
    pub channel: Channel,
    /// On which account.
    pub account: AccountId,
    /// The day of the bill, or of the ledger, that it was found in.
    pub day: BillDay,
    /// What differs.
    pub class: DiscrepancyClass,
    /// About what.
    pub subject: Subject,
    /// What the channel says, if anything.
    pub theirs: Option<Money>,
    /// What we say, if anything.
    pub ours: Option<Money>,
    /// What to do about it.
    pub proposal: Proposal,
}

impl Discrepancy {
    /// The same for the same difference however often a day is run: a hash over channel, account, day,
    /// class and what names the line or row (F86).
    #[must_use]
    pub fn id(&self) -> String {
        let subject = &self.subject;
        let movement = subject.movement.map_or("-", Movement::name);
        // A line that repeats another, or that cannot be read, is named by its place alone.
        let place = match self.class {
            DiscrepancyClass::DuplicateLine | DiscrepancyClass::UnreadableLine => subject.position,
            DiscrepancyClass::ChannelOnly
            | DiscrepancyClass::LedgerOnly
            | DiscrepancyClass::AmountDiffers
            | DiscrepancyClass::StatusDiffers
            | DiscrepancyClass::FeeDiffers
            | DiscrepancyClass::RefundChannelOnly
            | DiscrepancyClass::RefundLedgerOnly
            | DiscrepancyClass::Foreign => None,
        };
        let mut text = String::new();
        for part in [
            self.channel.name(),
            self.account.as_str(),
            &self.day.to_string(),
            self.class.name(),
            movement,
            subject.order_no.as_deref().unwrap_or(""),
            subject.refund_no.as_deref().unwrap_or(""),
            subject.trade_no.as_deref().unwrap_or(""),
        ] {
            write!(text, "{}:{part}", part.len()).expect("a String takes any text");
        }
        write!(text, "{place:?}").expect("a String takes any text");
        Digest::of(text.as_bytes()).to_hex()[..32].to_owned()
    }
}
