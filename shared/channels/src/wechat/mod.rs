//! WeChat Pay (微信支付), API version 3, for a merchant of its own: QR codes, links for phones, payment
//! inside WeChat, and payment codes; query, close, reversal, refund and bills.
//!
//! Every order is created by a call of ours. There is no page for desktop browsers: a QR code is shown
//! there. An order that was paid by code is never closed, only reversed.

mod account;
mod bill;
mod certificate;
mod cipher;
mod code;
mod notification;
mod order_check;
mod request;
mod response;
mod sign;
mod statement;
mod status;

#[cfg(test)]
mod tests;

use payonce_domain::{Action, Channel, Method, RefundReport, ReversalReport, Timestamp};

use crate::adapter::{Acknowledgement, Adapter};
use crate::claim::{CreateReading, Holder, NoticeReading, TradeReading};
use crate::client::CloseAnswer;
use crate::http::{CannotSend, HttpAnswer, HttpRequest};
use crate::notification::{Rejected, UnverifiedNotification};
use crate::order::{Order, RefundOrder, Unfit};
use crate::registry::{ConfigurationError, Secrets};

pub use certificate::certificate_serial;

/// One account with WeChat Pay.
#[derive(Debug)]
pub struct Wechat {
    account: account::Account,
}

impl Wechat {
    /// Opens an account from its settings and secrets, each a JSON text.
    ///
    /// Settings: `appid`, `mchid`, `gateway` (the API's address, to which `/v3/…` is appended), `keys`
    /// (by name: `PUB_KEY_ID_…` with a public key, or a serial with a platform certificate or its key),
    /// and where wanted `answer_key` (which of the public keys answers are to be signed with) and `files`
    /// (another address that bills may be fetched from). Signing secret: `private_key`, `serial_no`.
    /// Receiving secret: `apiv3_keys`, the valid ones, or `apiv3_key`.
    ///
    /// # Errors
    /// [`ConfigurationError`] where a text cannot be used.
    pub fn open(settings: &str, secrets: Secrets<'_>) -> Result<Self, ConfigurationError> {
        let account = account::Account::open(settings, secrets)?;
        Ok(Self { account })
    }
}

impl Adapter for Wechat {
    fn channel(&self) -> Channel {
        Channel::Wechat
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Native, Method::H5, Method::Jsapi, Method::Code]
    }

    fn check(&self, order: &Order, now: Timestamp) -> Result<(), Unfit> {
        order_check::check(order, now)
    }

    fn holder(&self) -> &Holder {
        &self.account.holder
    }

    fn action(&self, _order: &Order, _now: Timestamp) -> Option<Action> {
        None
    }

    fn create_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::create(&self.account, order, now)
    }

    fn read_create(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> CreateReading {
        response::created(&self.account, order, answer, now)
    }

    fn query_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::query(&self.account, order, now)
    }

    fn read_query(&self, _order: &Order, answer: &HttpAnswer, now: Timestamp) -> TradeReading {
        response::queried(&self.account, answer, now)
    }

    fn close_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::close(&self.account, order, now)
    }

    fn read_close(&self, _order: &Order, answer: &HttpAnswer, now: Timestamp) -> CloseAnswer {
        response::closed(&self.account, answer, now)
    }

    fn refund_request(
        &self,
        _order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        request::refund(&self.account, refund, now)
    }

    fn read_refund(
        &self,
        order: &Order,
        refund: &RefundOrder,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> RefundReport {
        response::refunded(&self.account, order, refund, answer, now)
    }

    fn refund_query_request(
        &self,
        _order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        request::refund_query(&self.account, refund, now)
    }

    fn read_refund_query(
        &self,
        order: &Order,
        refund: &RefundOrder,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> RefundReport {
        response::refund_queried(&self.account, order, refund, answer, now)
    }

    fn reverse_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::reverse(&self.account, order, now)
    }

    fn read_reverse(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> ReversalReport {
        code::reversed(&self.account, order, answer, now)
    }

    fn read_notification(
        &self,
        notification: UnverifiedNotification<'_>,
    ) -> Result<NoticeReading, Rejected> {
        notification::read(&self.account, notification)
    }

    fn acknowledge(&self, accepted: bool) -> Acknowledgement {
        let (status, body) = if accepted {
            (204, "")
        } else {
            (
                500,
                r#"{"code":"FAIL","message":"not stored; send it again"}"#,
            )
        };
        Acknowledgement {
            status,
            content_type: "application/json",
            body,
        }
    }
}
