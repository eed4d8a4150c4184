//! What the channels' bills (对账单) said of an attempt, as far as they were compared (T+1).

use crate::channel_order::ChannelOrder;
use crate::history::KnownCapture;
use crate::ledger::BillDay;
use crate::money::Money;
use crate::payment::Payment;
use crate::reconciliation::DiscrepancyClass;

/// What became of a difference between bill and books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingEnd {
    /// Nobody has explained it.
    Open,
    /// The books were put right on the strength of the bill, or of what the channel said of it since.
    Repaired,
    /// A person explained it.
    Settled,
}

impl FindingEnd {
    /// Every end.
    pub const ALL: [Self; 3] = [Self::Open, Self::Repaired, Self::Settled];

    /// The word in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Repaired => "repaired",
            Self::Settled => "settled",
        }
    }
}

/// A difference (差错) between bill and books about one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillFinding {
    /// What differs.
    pub class: DiscrepancyClass,
    /// The day in whose comparison it was found.
    pub day: BillDay,
    /// What the bill says, if it has it.
    pub theirs: Option<Money>,
    /// What our books say, if they have it.
    pub ours: Option<Money>,
    /// What became of it.
    pub end: FindingEnd,
}

impl BillFinding {
    /// Whether it leaves in doubt how much money of the buyer's there is.
    #[must_use]
    pub const fn is_doubt(&self) -> bool {
        match (self.class, self.end) {
            // Money that no bill has is not there because a person has closed the matter.
            (
                DiscrepancyClass::LedgerOnly | DiscrepancyClass::RefundLedgerOnly,
                FindingEnd::Open | FindingEnd::Settled,
            )
            | (
                DiscrepancyClass::ChannelOnly
                | DiscrepancyClass::AmountDiffers
                | DiscrepancyClass::StatusDiffers
                | DiscrepancyClass::RefundChannelOnly
                | DiscrepancyClass::Foreign,
                FindingEnd::Open,
            ) => true,
            (
                DiscrepancyClass::LedgerOnly | DiscrepancyClass::RefundLedgerOnly,
                FindingEnd::Repaired,
            )
            | (
                DiscrepancyClass::ChannelOnly
                | DiscrepancyClass::AmountDiffers
                | DiscrepancyClass::StatusDiffers
                | DiscrepancyClass::RefundChannelOnly
                | DiscrepancyClass::Foreign,
                FindingEnd::Repaired | FindingEnd::Settled,
            )
            // The channel's fee is not the buyer's money, and a line that says a thing twice moves none.
            | (
                DiscrepancyClass::FeeDiffers
                | DiscrepancyClass::DuplicateLine
                | DiscrepancyClass::UnreadableLine,
                FindingEnd::Open | FindingEnd::Repaired | FindingEnd::Settled,
            ) => false,
        }
    }

    /// What only the bill had when it was found.
    fn only_in_bill(&self) -> Option<Money> {
        match self.class {
            DiscrepancyClass::ChannelOnly => self.theirs,
            DiscrepancyClass::LedgerOnly
            | DiscrepancyClass::AmountDiffers
            | DiscrepancyClass::StatusDiffers
            | DiscrepancyClass::FeeDiffers
            | DiscrepancyClass::RefundChannelOnly
            | DiscrepancyClass::RefundLedgerOnly
            | DiscrepancyClass::Foreign
            | DiscrepancyClass::DuplicateLine
            | DiscrepancyClass::UnreadableLine => None,
        }
    }
}

/// What the bills say of an attempt, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillWord {
    /// The bill in which it belongs is not compared yet.
    Waiting,
    /// The bill says what our books say: it was paid.
    Matched,
    /// Neither bill nor books have a payment for it.
    Nothing,
    /// Bill and books differ, or did.
    Differs,
}

impl BillWord {
    /// Every word.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Matched, Self::Nothing, Self::Differs];

    /// The word in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Matched => "matched",
            Self::Nothing => "nothing",
            Self::Differs => "differs",
        }
    }
}

/// What the bills say of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillFacts {
    /// The last day in whose comparison a payment for it can be missed.
    pub day: BillDay,
    /// Whether all of that day is compared, what it carried over included.
    pub is_compared: bool,
    /// Whether our books have a payment for it.
    pub is_captured: bool,
    /// What differs, or did, the earliest first.
    pub found: Vec<BillFinding>,
}

impl BillFacts {
    /// In one word.
    #[must_use]
    pub const fn word(&self) -> BillWord {
        match (self.found.is_empty(), self.is_compared, self.is_captured) {
            (false, _, _) => BillWord::Differs,
            (true, false, _) => BillWord::Waiting,
            (true, true, true) => BillWord::Matched,
            (true, true, false) => BillWord::Nothing,
        }
    }
}

/// The day by whose comparison the bill's word on an attempt is known: the later of the day whose bill
/// has its payment and the day on which we learnt of it. Of one that nobody paid, the day on which the
/// time to pay ends.
#[must_use]
pub fn bill_day(payment: &Payment, order: &ChannelOrder, known: &[KnownCapture]) -> BillDay {
    let channel = order.channel();
    let captures = payment.captures.iter();
    let of_order = captures.filter(|capture| capture.channel_order_no == order.no);
    let days = of_order.flat_map(|capture| {
        let known = known.iter().find(|one| one.trade_no == capture.trade_no);
        [Some(capture.paid_at), known.map(|one| one.at)]
    });
    let last = days.flatten().max();
    BillDay::of(channel, last.unwrap_or(payment.terms.expires_at))
}

/// How much only bills had of these, where it is in our books by now.
pub(super) fn only_in_bills<'a>(bills: impl Iterator<Item = &'a BillFacts>) -> Vec<Money> {
    let found = bills.flat_map(|bill| &bill.found);
    found.filter_map(BillFinding::only_in_bill).collect()
}
