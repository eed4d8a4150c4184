//! UnionPay's response codes and what they mean (应答码): one match from the code to its class, and one
//! for each call from the class to ours. A code that is not here is no answer, never a guess.

use payonce_domain::{RefundForm, RefundReport};

/// What a code says, whoever it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// 00; and A6, "success with a defect": the money moved and the booking has a flaw.
    Success,
    /// Not settled yet: 05 accepted, 70 the card holder is typing.
    Pending,
    /// UnionPay itself does not know: 03 time-out, 04 state unknown, 06 busy ("query first"), 99 general
    /// error.
    Unknown,
    /// Not now: 02 closed, 37 too often, 39 out of hours, 41 not to be had yet.
    NotNow,
    /// 12: a transaction of this number and time is there already.
    Duplicate,
    /// 34: there is none.
    NotFound,
    /// 35, 36: what it refers to is missing, in another state, or does not match.
    Original,
    /// 42, 74, 75: deducted, and not booked as a payment; it goes back.
    GoesBack,
    /// 64: the balance does not reach.
    NotEnough,
    /// The message is wrong, and will be each time: 10, 11, 13, 14.
    Faulty,
    /// The merchant or its contract is: 31, 32.
    Misconfigured,
    /// Declined for good: by the bank, the card, a limit or a rule.
    Declined,
    /// 98: no such file.
    NoFile,
}

/// Reads a response code.
pub(super) fn class(code: &str) -> Option<Class> {
    Some(match code {
        "00" | "A6" => Class::Success,
        "05" | "70" => Class::Pending,
        "03" | "04" | "06" | "99" => Class::Unknown,
        "02" | "37" | "39" | "41" => Class::NotNow,
        "12" => Class::Duplicate,
        "34" => Class::NotFound,
        "35" | "36" => Class::Original,
        "42" | "74" | "75" => Class::GoesBack,
        "64" => Class::NotEnough,
        "10" | "11" | "13" | "14" => Class::Faulty,
        "31" | "32" => Class::Misconfigured,
        "01" | "30" | "33" | "38" | "40" | "43" | "44" | "60" | "61" | "62" | "63" | "65"
        | "66" | "67" | "68" | "69" | "71" | "72" | "73" | "76" | "77" | "78" | "79" | "80"
        | "82" => Class::Declined,
        "98" => Class::NoFile,
        _ => return None,
    })
}

/// What became of an order, by `origRespCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Paid.
    Paid,
    /// Deducted too late, or not booked: it goes back by itself.
    GoesBack,
    /// Not paid yet.
    Open,
    /// This try was not paid; on a page the buyer may try another card until the order's time is over.
    Declined,
}

/// Reads what became of an order. "Other than 00 and A6" is failure only once `payTimeout` is over, and
/// then it is for good.
pub(super) const fn fate(class: Class) -> Fate {
    match class {
        Class::Success => Fate::Paid,
        Class::GoesBack => Fate::GoesBack,
        Class::Pending | Class::Unknown | Class::NotNow | Class::Duplicate => Fate::Open,
        Class::NotFound
        | Class::Original
        | Class::NotEnough
        | Class::Faulty
        | Class::Misconfigured
        | Class::Declined
        | Class::NoFile => Fate::Declined,
    }
}

/// What a payment code's refusal is worth: only what the bank or a rule declined is refused for good.
pub(super) const fn code_is_refused(class: Class) -> bool {
    match class {
        Class::Declined | Class::NotEnough | Class::Faulty | Class::Misconfigured => true,
        Class::Success
        | Class::Pending
        | Class::Unknown
        | Class::NotNow
        | Class::Duplicate
        | Class::NotFound
        | Class::Original
        | Class::GoesBack
        | Class::NoFile => false,
    }
}

/// What the answer to a refund or an undo means. 00 says only that it was accepted.
pub(super) const fn refund(class: Class, form: RefundForm) -> RefundReport {
    match class {
        // 12: the first sending arrived. The question will tell what became of it.
        Class::Success | Class::Pending | Class::Duplicate => RefundReport::Accepted,
        Class::Unknown | Class::GoesBack | Class::NoFile => RefundReport::NoAnswer,
        Class::NotNow | Class::NotEnough => RefundReport::NotYet,
        Class::Faulty | Class::Misconfigured => RefundReport::NeedsPerson,
        // "Original in another state": the settlement day of an undo is over, and a refund still works.
        Class::Original | Class::NotFound | Class::Declined => match form {
            RefundForm::Undo => RefundReport::Failed,
            RefundForm::Refund => match class {
                Class::Declined => RefundReport::Failed,
                Class::Success
                | Class::Pending
                | Class::Unknown
                | Class::NotNow
                | Class::Duplicate
                | Class::NotFound
                | Class::Original
                | Class::GoesBack
                | Class::NotEnough
                | Class::Faulty
                | Class::Misconfigured
                | Class::NoFile => RefundReport::NeedsPerson,
            },
        },
    }
}

/// What became of a refund or an undo, by the code of its own transaction.
pub(super) const fn refund_fate(class: Class) -> RefundReport {
    match class {
        Class::Success => RefundReport::Succeeded,
        Class::Pending | Class::NotNow | Class::Duplicate => RefundReport::Accepted,
        Class::Unknown | Class::GoesBack | Class::NoFile => RefundReport::NoAnswer,
        Class::NotFound
        | Class::Original
        | Class::NotEnough
        | Class::Faulty
        | Class::Misconfigured
        | Class::Declined => RefundReport::Failed,
    }
}
