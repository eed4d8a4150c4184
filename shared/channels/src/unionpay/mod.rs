//! UnionPay (银联) online payment gateway, 5.1.0: the banks' online banking (网银) by a form that the
//! buyer's browser posts, and payment codes (被扫); query, undo, refund, reversal and bills.
//!
//! The gateway has no close: an order ends by its `payTimeout`, and what a bank's page captures after
//! that goes back by itself. A transaction is named by `orderId` and `txnTime` together: the time is the
//! one that was stored when the attempt was made, on every call, for ever, because the same number with
//! another time would be a second payable transaction.

mod account;
mod banks;
mod bill;
mod certificate;
mod message;
mod notification;
mod order_check;
mod request;
mod response;
mod sign;
mod statement;
mod status;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use payonce_domain::{Action, Channel, Method, RefundReport, ReversalReport, Timestamp};

use crate::adapter::{Acknowledgement, Adapter};
use crate::claim::{CreateReading, Holder, NoticeReading, TradeReading};
use crate::client::CloseAnswer;
use crate::http::{CannotSend, HttpAnswer, HttpRequest};
use crate::notification::{Rejected, UnverifiedNotification};
use crate::order::{Order, RefundOrder, Unfit};
use crate::registry::{ConfigurationError, Secrets};

pub use banks::{BANKS, Bank};
pub use statement::UnionpayStatements;

/// One account with UnionPay.
#[derive(Debug)]
pub struct Unionpay {
    account: account::Account,
}

impl Unionpay {
    /// Opens an account from its settings and, where it is to send, its secret; both are JSON texts.
    ///
    /// Settings: `mer_id`, `gateway` (to which `/gateway/api/…` is appended), `root_cert` and
    /// `middle_certs` (UnionPay's authorities, pinned), and where wanted `files` (the address of the file
    /// host), `signer_names` and `test_chain` (for the public test environment, whose authorities sign
    /// with SHA-1). Signing secret: `private_key`, and `certificate` or `cert_id`.
    ///
    /// # Errors
    /// [`ConfigurationError`] where either text cannot be used.
    pub fn open(settings: &str, secrets: Secrets<'_>) -> Result<Self, ConfigurationError> {
        let account = account::Account::open(settings, secrets.signing)?;
        Ok(Self { account })
    }
}

impl Adapter for Unionpay {
    fn channel(&self) -> Channel {
        Channel::Unionpay
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Gateway, Method::Code]
    }

    fn check(&self, order: &Order, now: Timestamp) -> Result<(), Unfit> {
        order_check::check(order, now)
    }

    fn holder(&self) -> &Holder {
        &self.account.holder
    }

    fn action(&self, order: &Order, _now: Timestamp) -> Option<Action> {
        request::form(&self.account, order).ok()
    }

    fn create_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::consume_by_code(&self.account, order)
    }

    fn read_create(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> CreateReading {
        response::created(&self.account, order, answer, now)
    }

    fn query_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::query(&self.account, &order.no.to_string(), order.created_at)
    }

    fn read_query(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> TradeReading {
        response::queried(&self.account, order, answer, now)
    }

    fn close_request(&self, _order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        Err(CannotSend::NoSuchCall)
    }

    fn read_close(&self, _order: &Order, _answer: &HttpAnswer, _now: Timestamp) -> CloseAnswer {
        CloseAnswer::NoAnswer
    }

    fn refund_request(
        &self,
        _order: &Order,
        refund: &RefundOrder,
        _now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        request::refund(&self.account, refund)
    }

    fn read_refund(
        &self,
        _order: &Order,
        refund: &RefundOrder,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> RefundReport {
        response::refunded(&self.account, refund, answer, now)
    }

    fn refund_query_request(
        &self,
        _order: &Order,
        refund: &RefundOrder,
        _now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        request::query(&self.account, &refund.no.to_string(), refund.sent_at)
    }

    fn read_refund_query(
        &self,
        _order: &Order,
        refund: &RefundOrder,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> RefundReport {
        response::refund_queried(&self.account, refund, answer, now)
    }

    fn reverse_request(&self, order: &Order, _now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::reverse(&self.account, order)
    }

    fn read_reverse(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> ReversalReport {
        response::reversed(&self.account, order, answer, now)
    }

    fn read_notification(
        &self,
        notification: UnverifiedNotification<'_>,
    ) -> Result<NoticeReading, Rejected> {
        notification::read(&self.account, notification)
    }

    fn evidence<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        message::without_code(body)
    }

    fn acknowledge(&self, accepted: bool) -> Acknowledgement {
        let (status, body) = if accepted {
            (200, "ok")
        } else {
            (500, "not stored; send it again")
        };
        Acknowledgement {
            status,
            content_type: "text/plain; charset=utf-8",
            body,
        }
    }
}
