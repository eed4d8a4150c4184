//! Codes: what the domain's enums are called in records. A code is never given another meaning.

use payonce_domain::fact::Occasion;
use payonce_domain::{
    AnnouncementKind, CaseKind, ChannelOrderState, ClosingCause, DelayedMessageState, Disposition,
    MerchantSaid, Mode, PaymentState, RefundCause, RefundReport, RefundState, ReversalReport,
    Source, SuspenseReason, Timestamp, Version,
};

use super::field::Field;

/// Both directions of a table of codes. A variant without a code does not compile.
macro_rules! codes {
    ($($name:ty { $($variant:path => $code:literal),* $(,)? })*) => {$(
        impl Field for $name {
            type Kept = String;

            fn keep(&self) -> String {
                match self {
                    $($variant => $code,)*
                }
                .to_owned()
            }

            fn restore(code: String) -> Option<Self> {
                match code.as_str() {
                    $($code => Some($variant),)*
                    _ => None,
                }
            }
        }
    )*};
}
pub(super) use codes;

codes! {
    Mode {
        Mode::Strict => "s",
        Mode::Lenient => "l",
    }
    PaymentState {
        PaymentState::Created => "n",
        PaymentState::Paying => "o",
        PaymentState::Paid => "p",
        PaymentState::Closing => "g",
        PaymentState::Closed => "c",
    }
    ChannelOrderState {
        ChannelOrderState::Submitted => "s",
        ChannelOrderState::Pending => "o",
        ChannelOrderState::Closing => "g",
        ChannelOrderState::Paid => "p",
        ChannelOrderState::Failed => "f",
        ChannelOrderState::Closed => "c",
    }
    ClosingCause {
        ClosingCause::Expiry => "x",
        ClosingCause::Switch => "w",
        ClosingCause::Merchant => "m",
        ClosingCause::Superseded => "s",
        ClosingCause::PaidElsewhere => "p",
        ClosingCause::Refused => "r",
        ClosingCause::Unconfirmed => "u",
    }
    CaseKind {
        CaseKind::AmountContradiction => "a",
        CaseKind::ReturnedTooMuch => "m",
        CaseKind::UnknownRefund => "u",
        CaseKind::RefundContradiction => "c",
        CaseKind::RefundExhausted => "x",
        CaseKind::RefundWindow => "w",
        CaseKind::ReversalContradiction => "v",
        CaseKind::LateContradiction => "l",
        CaseKind::ReturnOverdue => "o",
        CaseKind::OutcomeUnknown => "n",
    }
    AnnouncementKind {
        AnnouncementKind::Paid => "p",
        AnnouncementKind::Closed => "c",
        AnnouncementKind::RefundSucceeded => "y",
        AnnouncementKind::RefundFailed => "f",
        AnnouncementKind::RefundNeedsPerson => "m",
        AnnouncementKind::ExtraCapture => "x",
        AnnouncementKind::CaseOpened => "k",
    }
    Source {
        Source::Hint => "h",
        Source::Notification => "n",
        Source::Query => "q",
        Source::Bill => "b",
    }
    RefundCause {
        RefundCause::DuplicatePayment => "d",
        RefundCause::LatePayment => "l",
        RefundCause::WrongAmount => "w",
        RefundCause::MerchantRequest => "m",
        RefundCause::Appeal => "a",
        RefundCause::Reconciliation => "b",
        RefundCause::Channel => "c",
        RefundCause::Operator => "o",
    }
    RefundState {
        RefundState::Due => "d",
        RefundState::Sent => "s",
        RefundState::Accepted => "a",
        RefundState::Succeeded => "y",
        RefundState::Failed => "f",
        RefundState::Manual => "m",
    }
    RefundReport {
        RefundReport::Succeeded => "y",
        RefundReport::Accepted => "a",
        RefundReport::Failed => "f",
        RefundReport::NotYet => "l",
        RefundReport::NeedsPerson => "m",
        RefundReport::NotFound => "n",
        RefundReport::NoAnswer => "u",
    }
    ReversalReport {
        ReversalReport::Reversed => "y",
        ReversalReport::NothingTaken => "z",
        ReversalReport::Refused => "n",
        ReversalReport::Again => "u",
    }
    DelayedMessageState {
        DelayedMessageState::Scheduled => "s",
        DelayedMessageState::Delivering => "g",
        DelayedMessageState::Retrying => "r",
        DelayedMessageState::Delivered => "y",
        DelayedMessageState::Cancelled => "c",
        DelayedMessageState::Dead => "x",
    }
    SuspenseReason {
        SuspenseReason::Reversing => "v",
        SuspenseReason::ChannelReturns => "r",
        SuspenseReason::Contradiction => "c",
    }
}

/// `a`, or `r` and the cause of the return, or `s` and the reason of the suspense.
impl Field for Disposition {
    type Kept = String;

    fn keep(&self) -> String {
        match self {
            Self::Applied => "a".to_owned(),
            Self::Returning(cause) => format!("r{}", cause.keep()),
            Self::Suspended(reason) => format!("s{}", reason.keep()),
        }
    }

    fn restore(code: String) -> Option<Self> {
        if code == "a" {
            return Some(Self::Applied);
        }
        let rest = code.get(1..)?.to_owned();
        match code.get(..1)? {
            "r" => RefundCause::restore(rest).map(Self::Returning),
            "s" => SuspenseReason::restore(rest).map(Self::Suspended),
            _ => None,
        }
    }
}

/// `t`, or `s`, or the version that was asked at.
impl Field for Occasion {
    type Kept = String;

    fn keep(&self) -> String {
        match self {
            Self::Told => "t".to_owned(),
            Self::Asked(version) => version.0.to_string(),
            Self::Sent => "s".to_owned(),
        }
    }

    fn restore(code: String) -> Option<Self> {
        match code.as_str() {
            "t" => Some(Self::Told),
            "s" => Some(Self::Sent),
            version => Some(Self::Asked(Version(version.parse().ok()?))),
        }
    }
}

/// `t` or `r` and the HTTP status, `s`, `b`, or `h` and until when.
impl Field for MerchantSaid {
    type Kept = String;

    fn keep(&self) -> String {
        match self {
            Self::Taken(status) => format!("t{status}"),
            Self::Refused(status) => format!("r{status}"),
            Self::Silent => "s".to_owned(),
            Self::Barred => "b".to_owned(),
            Self::Held(until) => format!("h{}", until.as_millis()),
        }
    }

    fn restore(code: String) -> Option<Self> {
        let rest = code.get(1..)?;
        match code.get(..1)? {
            "t" => Some(Self::Taken(rest.parse().ok()?)),
            "r" => Some(Self::Refused(rest.parse().ok()?)),
            "s" => Some(Self::Silent),
            "b" => Some(Self::Barred),
            "h" => Some(Self::Held(Timestamp::from_millis(rest.parse().ok()?))),
            _ => None,
        }
    }
}
