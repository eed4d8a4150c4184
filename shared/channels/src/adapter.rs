//! What a channel's adapter does: build requests, read answers, and nothing else.

use std::borrow::Cow;

use payonce_domain::{Action, Channel, Method, RefundReport, ReversalReport, Timestamp};

use crate::claim::{self, CreateReading, Holder, NoticeReading, TradeReading};
use crate::client::CloseAnswer;
use crate::http::{CannotSend, HttpAnswer, HttpRequest};
use crate::notification::{Notice, Rejected, UnverifiedNotification};
use crate::order::{Order, RefundOrder, Unfit};

/// What we answer a channel that notified us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body, to the byte: Alipay reads nothing but `success` as success.
    pub body: &'static str,
}

/// One account with one channel, as pure functions.
///
/// A builder says [`CannotSend`] where the channel has no such call, or where the account was opened
/// without its secret. A reader sees only answers with a status below 500: anything else is no answer, for every
/// channel alike, and never reaches it.
pub trait Adapter: Send + Sync {
    /// Which channel it speaks to.
    fn channel(&self) -> Channel;

    /// The ways to pay this channel offers through us.
    fn methods(&self) -> &'static [Method];

    /// Whether the channel would take this order, judged before anything is stored: what a buyer's
    /// detail must look like is the channel's to say.
    ///
    /// # Errors
    /// [`Unfit`] names the detail.
    fn check(&self, order: &Order, now: Timestamp) -> Result<(), Unfit>;

    /// Whose account it is. Every claim about an order is compared with it.
    fn holder(&self) -> &Holder;

    /// What the buyer's browser needs to create the order at the channel by itself; `None` where a call
    /// of ours creates it. Rebuilt at each request, never stored.
    fn action(&self, order: &Order, now: Timestamp) -> Option<Action>;

    /// The call that creates the order.
    ///
    /// # Errors
    /// [`CannotSend`] where the browser creates it, or nobody can.
    fn create_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend>;

    /// Reads the answer to a create.
    fn read_create(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> CreateReading;

    /// The question how an order stands (查单).
    ///
    /// # Errors
    /// [`CannotSend`] where there is no such call or no secret.
    fn query_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend>;

    /// Reads what the channel claims about the order.
    fn read_query(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> TradeReading;

    /// The call that ends the buyer's ability to pay (关单).
    ///
    /// # Errors
    /// [`CannotSend`] where there is no such call or no secret.
    fn close_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend>;

    /// Reads the answer to a close.
    fn read_close(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> CloseAnswer;

    /// The call that sends money back (退款).
    ///
    /// # Errors
    /// [`CannotSend`] where there is no such call or no secret.
    fn refund_request(
        &self,
        order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend>;

    /// Reads the answer to a refund.
    fn read_refund(
        &self,
        order: &Order,
        refund: &RefundOrder,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> RefundReport;

    /// The question what became of a refund (退款查询).
    ///
    /// # Errors
    /// [`CannotSend`] where there is no such call or no secret.
    fn refund_query_request(
        &self,
        order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Result<HttpRequest, CannotSend>;

    /// Reads the answer to that question.
    fn read_refund_query(
        &self,
        order: &Order,
        refund: &RefundOrder,
        answer: &HttpAnswer,
        now: Timestamp,
    ) -> RefundReport;

    /// The call that reverses an order of unknown outcome (冲正).
    ///
    /// # Errors
    /// [`CannotSend`] where there is no such call or no secret.
    fn reverse_request(&self, order: &Order, now: Timestamp) -> Result<HttpRequest, CannotSend>;

    /// Reads the answer to a reversal.
    fn read_reverse(&self, order: &Order, answer: &HttpAnswer, now: Timestamp) -> ReversalReport;

    /// Checks a notification's signature and only then reads it.
    ///
    /// # Errors
    /// [`Rejected`] says whether it was forged, or genuine and not readable.
    fn read_notification(
        &self,
        notification: UnverifiedNotification<'_>,
    ) -> Result<NoticeReading, Rejected>;

    /// What of a message's body may be kept as evidence. A channel that repeats what must not be stored
    /// leaves it out here; the signature then holds over the message as it came, not as it is kept.
    fn evidence<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(body)
    }

    /// What to answer a notification: `accepted` once what it says is safely stored.
    fn acknowledge(&self, accepted: bool) -> Acknowledgement;
}

// On the trait object and not in the trait: an adapter can neither replace nor skip the comparison.
impl dyn Adapter + '_ {
    /// Verifies a notification and compares it with the account.
    ///
    /// # Errors
    /// [`Rejected`] tells a forgery from a genuine message that is not for us.
    pub fn verify(&self, notification: UnverifiedNotification<'_>) -> Result<Notice, Rejected> {
        let reading = self.read_notification(notification)?;
        claim::notice(self.channel(), self.holder(), reading)
    }
}
