//! The query log (查询日志): what was asked of a channel about a payment and what it said, above all
//! where that changed nothing and so left no other trace.
//!
//! It is a line in the function's log, found by the payment's number. What changes a payment is in its
//! history and, word for word, in the evidence table; the digest joins the two.

use std::fmt::Debug;

use payonce_channels::Told;
use payonce_domain::{Digest, PaymentNo, Version};

/// What a channel can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Create,
    Query,
    Close,
    Reverse,
    Refund,
    RefundQuery,
}

impl Question {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Query => "query",
            Self::Close => "close",
            Self::Reverse => "reverse",
            Self::Refund => "refund",
            Self::RefundQuery => "refund_query",
        }
    }
}

/// The payment a question is about, at the version it was asked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) payment_no: PaymentNo,
    pub(crate) version: Version,
    pub(crate) question: Question,
}

/// Enters an answer. `about` is the number of the attempt or refund.
pub(crate) fn enter<T: Debug>(asked: Asked, about: &str, told: &Told<T>) {
    let digest = told.raw.as_deref().map(|raw| Digest::of(raw).to_hex());
    let (question, payment_no) = (asked.question.name(), asked.payment_no);
    tracing::info!(
        log = "query",
        payment.no = %payment_no,
        payment.version = asked.version.0,
        question,
        about,
        said = ?told.said,
        evidence.digest = digest,
        "asked the channel: {question} of {about}"
    );
}
