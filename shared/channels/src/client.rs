//! An account that can be spoken to: an adapter's pure halves joined by the transport.

use payonce_domain::{Action, CreateAnswer, RefundReport, Report, ReversalReport, Timestamp};

use crate::adapter::Adapter;
use crate::claim;
use crate::http::{CannotSend, HttpAnswer, HttpRequest};
use crate::order::{Order, RefundOrder};
use crate::transport::Transport;

/// What was said and the body it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// What it means.
    pub said: T,
    /// The body as received, for the evidence table; `None` on silence.
    pub raw: Option<Vec<u8>>,
}

/// What a channel answered a close (关单). None of these proves that an order is closed: only a query does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseAnswer {
    /// It took the request.
    Accepted,
    /// The order is in another state: often it has just been paid.
    Conflict,
    /// It knows no such order, which may still come into being.
    NotFound,
    /// No usable answer.
    NoAnswer,
}

/// One account, ready to be spoken to.
#[derive(Clone, Copy)]
pub struct ChannelClient<'a> {
    adapter: &'a dyn Adapter,
    transport: &'a Transport,
}

impl<'a> ChannelClient<'a> {
    /// Joins an adapter and the transport.
    #[must_use]
    pub const fn new(adapter: &'a dyn Adapter, transport: &'a Transport) -> Self {
        Self { adapter, transport }
    }

    /// What the browser needs for an order that it creates itself; `None` where a call of ours does.
    #[must_use]
    pub fn action(&self, order: &Order, now: Timestamp) -> Option<Action> {
        self.adapter.action(order, now)
    }

    /// Creates an order. `None`: no usable answer, so it may or may not exist there. An order that the
    /// browser creates is made already, and one that this channel has no call for is refused.
    pub async fn create(&self, order: &Order, now: Timestamp) -> Told<Option<CreateAnswer>> {
        if let Some(action) = self.adapter.action(order, now) {
            let expires_at = None;
            return Told {
                said: Some(CreateAnswer::Made { action, expires_at }),
                raw: None,
            };
        }
        let request = self.adapter.create_request(order, now);
        if request == Err(CannotSend::NoSuchCall) {
            return Told {
                said: Some(CreateAnswer::Refused),
                raw: None,
            };
        }
        let read = |answer: &HttpAnswer| self.adapter.read_create(order, answer, now);
        self.exchange("create", order, request, None, read).await
    }

    /// Asks how an order stands (查单).
    pub async fn query(&self, order: &Order, now: Timestamp) -> Told<Report> {
        let request = self.adapter.query_request(order, now);
        let read = |answer: &HttpAnswer| {
            let reading = self.adapter.read_query(order, answer, now);
            claim::report(order, self.adapter.holder(), reading)
        };
        self.exchange("query", order, request, Report::NoAnswer, read)
            .await
    }

    /// Asks the channel to let nobody pay the order any more (关单).
    pub async fn close(&self, order: &Order, now: Timestamp) -> Told<CloseAnswer> {
        let request = self.adapter.close_request(order, now);
        let read = |answer: &HttpAnswer| self.adapter.read_close(order, answer, now);
        self.exchange("close", order, request, CloseAnswer::NoAnswer, read)
            .await
    }

    /// Sends a refund (退款); repeating it with the same number moves no money twice.
    pub async fn refund(
        &self,
        order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Told<RefundReport> {
        let request = self.adapter.refund_request(order, refund, now);
        let read = |answer: &HttpAnswer| self.adapter.read_refund(order, refund, answer, now);
        self.exchange("refund", order, request, RefundReport::NoAnswer, read)
            .await
    }

    /// Asks what became of a refund.
    pub async fn query_refund(
        &self,
        order: &Order,
        refund: &RefundOrder,
        now: Timestamp,
    ) -> Told<RefundReport> {
        let request = self.adapter.refund_query_request(order, refund, now);
        let read = |answer: &HttpAnswer| self.adapter.read_refund_query(order, refund, answer, now);
        self.exchange("refund_query", order, request, RefundReport::NoAnswer, read)
            .await
    }

    /// Reverses an order of unknown outcome (冲正); refused where the channel knows no reversal of it.
    pub async fn reverse(&self, order: &Order, now: Timestamp) -> Told<ReversalReport> {
        let request = self.adapter.reverse_request(order, now);
        if request == Err(CannotSend::NoSuchCall) {
            return Told {
                said: ReversalReport::Refused,
                raw: None,
            };
        }
        let read = |answer: &HttpAnswer| self.adapter.read_reverse(order, answer, now);
        self.exchange("reverse", order, request, ReversalReport::Again, read)
            .await
    }

    async fn exchange<T>(
        &self,
        operation: &'static str,
        order: &Order,
        request: Result<HttpRequest, CannotSend>,
        silence: T,
        read: impl FnOnce(&HttpAnswer) -> T,
    ) -> Told<T> {
        let channel = self.adapter.channel().name();
        let no = order.no;
        let request = match request {
            Ok(request) => request,
            Err(reason) => {
                tracing::error!(channel, operation, channel_order.no = %no, ?reason, "{operation} of {no} cannot be sent");
                let (said, raw) = (silence, None);
                return Told { said, raw };
            }
        };
        let answer = match self.transport.send(request).await {
            Ok(answer) => answer,
            Err(reason) => {
                tracing::warn!(channel, operation, channel_order.no = %no, %reason, "{channel} is silent on {operation} of {no}");
                let (said, raw) = (silence, None);
                return Told { said, raw };
            }
        };
        let said = if answer.status >= 500 {
            tracing::warn!(channel, operation, channel_order.no = %no, http.status = answer.status, "{channel} fails at {operation} of {no}");
            silence
        } else {
            read(&answer)
        };
        let raw = Some(answer.body);
        Told { said, raw }
    }
}
