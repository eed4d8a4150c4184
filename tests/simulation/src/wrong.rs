//! Wrong designs: deliberate mistakes, each of which the auditor must catch.
//!
//! They are switches of the simulation's own parts: of what the real code stands on, or of who calls it.
//! None of them is in anything that is shipped.

use std::cell::Cell;

macro_rules! wrongs {
    ($($(#[doc = $text:literal])* $name:ident = $short:literal;)*) => {
        /// A wrong design.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Wrong { $($(#[doc = $text])* $name,)* }

        impl Wrong {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name on the command line and in the table.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $short,)* }
            }

            /// What is done wrong.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => concat!($($text),*),)* }
            }
        }
    };
}

wrongs! {
    /// Nobody sweeps the index: messages alone move everything.
    NoSweep = "no-sweep";
    /// A write is confirmed before it is durable, so that channels are called before the intent is.
    CallBeforeIntent = "call-before-intent";
    /// A payment is overwritten whatever version is there.
    Overwrite = "overwrite";
    /// Making a payment does not require its key to be free.
    NoUniqueKey = "no-unique-key";
    /// "Not found" is taken for "closed".
    AbsenceFails = "absence-fails";
    /// Silence is taken for "closed".
    SilenceFails = "silence-fails";
    /// "Not paid yet" is taken for "closed": a naive close.
    UnpaidFails = "unpaid-fails";
    /// A refund is repeated under a fresh number.
    FreshRefundNumber = "fresh-refund-number";
    /// A create is repeated under a fresh number.
    FreshOrderNumber = "fresh-order-number";
    /// A notification is believed without its signature.
    UnsignedTrusted = "unsigned-trusted";
    /// A notification for another merchant is believed.
    ForeignTrusted = "foreign-trusted";
    /// The amount that was taken is not compared with the one that was asked.
    AmountNotCompared = "amount-not-compared";
    /// A partial refund sends the whole capture.
    WholeRefund = "whole-refund";
    /// A scan keeps the earliest capture and refunds the others, whichever paid the order.
    ScanChooses = "scan-chooses";
    /// A refund's number is made of its reason as well: the scan finds another reason.
    RefundByReason = "refund-by-reason";
    /// State and due time are written one after the other.
    TwoWrites = "two-writes";
    /// After forty minutes a payment is dropped from the index: its limit of questions is reached.
    DropsOld = "drops-old";
    /// No bill is ever compared.
    NoBills = "no-bills";
    /// A bill that was cut off is taken for a whole one.
    CutBillTaken = "cut-bill-taken";
    /// What waits for its other half is forgotten overnight.
    NothingCarried = "nothing-carried";
    /// Movements are not written to the ledger.
    NoLedger = "no-ledger";
    /// A success is stored first, and what it decides in a second write.
    DecisionLater = "decision-later";
    /// What is missing from a record is not derived again.
    NotDerivedAgain = "not-derived-again";
    /// A notification is acknowledged before it is stored.
    AcknowledgesFirst = "acknowledges-first";
}

thread_local! {
    static BUILT: Cell<Option<Wrong>> = const { Cell::new(None) };
}

/// Builds this thread's world wrong, or right again.
pub(crate) fn build(wrong: Option<Wrong>) {
    BUILT.set(wrong);
}

/// Whether this thread's world is built wrong in this way.
pub(crate) fn is_built(wrong: Wrong) -> bool {
    BUILT.get() == Some(wrong)
}

/// Whether this thread's world writes a record in two halves.
pub(crate) fn writes_twice() -> bool {
    is_built(Wrong::TwoWrites) || is_built(Wrong::DecisionLater)
}

/// Whether what is written of a record in this thread's world need not agree with its due time.
pub(crate) fn index_lies() -> bool {
    writes_twice() || is_built(Wrong::NotDerivedAgain)
}
