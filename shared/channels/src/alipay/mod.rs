//! Alipay (支付宝), OpenAPI version 2: page and phone pages, QR codes, payment codes, query, close,
//! reversal, refund, and bills.
//!
//! A page order comes into being when the buyer opens the signed address, so it is never created by a
//! call, and "no such trade" proves nothing before its expiry. A payment code (付款码) is the opposite:
//! one call takes the money, is never repeated, and is reversed (撤销) if its outcome stays unknown.
//!
//! The settings: `app_id`, `seller_id`, `gateway`, and how the two sides know each other. Either
//! `public_keys` (公钥模式), or (证书模式) `alipay_certs` with `alipay_root_cert` and `app_cert`, each a PEM
//! text. Where the root is given, each of Alipay's certificates must lead to it; `alipay_root_cert_sn` and
//! `app_cert_sn` may stand for the texts. The signing secret: `private_key`, and better here than in the
//! settings `app_cert`, so that both change at once. Two of Alipay's keys or certificates may be valid
//! at a time.

mod account;
mod bill;
mod certificate;
mod check;
mod code;
mod notification;
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

pub use certificate::{certificate_sn, root_certificate_sn};
pub use statement::AlipayStatements;

/// One account with Alipay.
#[derive(Debug)]
pub struct Alipay {
    account: account::Account,
}

impl Alipay {
    /// Opens an account from its settings and, where it is to send, its secret; both are JSON texts.
    ///
    /// # Errors
    /// [`ConfigurationError`] where either text cannot be used.
    pub fn open(settings: &str, secrets: Secrets<'_>) -> Result<Self, ConfigurationError> {
        let account = account::Account::open(settings, secrets.signing)?;
        Ok(Self { account })
    }
}

impl Adapter for Alipay {
    fn channel(&self) -> Channel {
        Channel::Alipay
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Page, Method::Wap, Method::Native, Method::Code]
    }

    fn check(&self, order: &Order, now: Timestamp) -> Result<(), Unfit> {
        check::check(order, now)
    }

    fn holder(&self) -> &Holder {
        &self.account.holder
    }

    fn action(&self, order: &Order, now: Timestamp) -> Option<Action> {
        let url = request::page(&self.account, order, now).ok()?;
        Some(Action::Redirect { url })
    }

    fn create_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        match order.no.method() {
            Method::Native => request::precreate(&self.account, order, now),
            // Where there is no secret, a page order is not impossible, only not ours to make here.
            Method::Page | Method::Wap => Err(CannotSend::NoSecret),
            Method::Code => request::pay(&self.account, order, now),
            Method::Jsapi | Method::H5 | Method::Gateway => Err(CannotSend::NoSuchCall),
        }
    }

    fn read_create(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> CreateReading {
        match order.no.method() {
            Method::Native => response::created(&self.account, order, answer, now),
            Method::Code => code::paid(&self.account, order, answer, now),
            // No call creates these, so nothing answers one.
            Method::Page | Method::Wap | Method::Jsapi | Method::H5 | Method::Gateway => {
                CreateReading::NoAnswer
            }
        }
    }

    fn query_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        request::query(&self.account, order, now)
    }

    fn read_query(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> TradeReading {
        response::queried(&self.account, order, answer, now)
    }

    fn close_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend> {
        match order.no.method() {
            // What a buyer's code began is reversed, paid or not.
            Method::Code => Err(CannotSend::NoSuchCall),
            Method::Page
            | Method::Wap
            | Method::Native
            | Method::Jsapi
            | Method::H5
            | Method::Gateway => request::close(&self.account, order, now),
        }
    }

    fn read_close(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> CloseAnswer {
        response::closed(&self.account, order, answer, now)
    }

    fn refund_request(
        &self,
        order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        request::refund(&self.account, order, refund, now)
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
        order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        request::refund_query(&self.account, order, refund, now)
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
        request::cancel(&self.account, order, now)
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
            (200, "success")
        } else {
            (500, "failure")
        };
        Acknowledgement {
            status,
            content_type: "text/plain; charset=utf-8",
            body,
        }
    }
}
