//! An account that can be spoken to: an adapter's pure halves joined by the transport.

use payonce_domain::{Action, CreateAnswer, RefundReport, Report, ReversalReport, Timestamp};

use crate::adapter::Adapter;
use crate::claim::{self, CreateReading, TradeReading};
use crate::http::{CannotSend, HttpAnswer, HttpRequest};
use crate::order::{Order, RefundOrder};
use crate::transport::Transport;

/// What was said and the body it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// What it means.
    pub said: T,
    /// The body, for the evidence table, without what must not be kept; `None` on silence.
    pub raw: Option<Vec<u8>>,
    /// Whether the channel did its part: what the breaker counts.
    pub health: Health,
}

/// What an exchange says of the channel itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said.
    Answered,
    /// It was silent, failed, or said nothing that can be used.
    Troubled,
    /// It was not asked.
    NotAsked,
}

/// What came of a call that creates an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateTold {
    /// What the channel answered.
    Answered(CreateAnswer),
    /// How the order stands, where the call itself may take the money.
    Reported(Report),
    /// No usable answer: the order may or may not exist there.
    NoAnswer,
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

impl<T> Told<T> {
    /// The same exchange, with what was said put in other words.
    pub fn map<U>(&self, words: impl FnOnce(&T) -> U) -> Told<U> {
        Told {
            said: words(&self.said),
            raw: self.raw.clone(),
            health: self.health,
        }
    }

    /// What is known without asking the channel.
    const fn unasked(said: T) -> Self {
        Self {
            said,
            raw: None,
            health: Health::NotAsked,
        }
    }
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

    /// Creates an order. An order that the browser creates is made already, and one that this channel
    /// has no call for is refused.
    pub async fn create(&self, order: &Order, now: Timestamp) -> Told<CreateTold> {
        if let Some(action) = self.adapter.action(order, now) {
            let expires_at = None;
            let made = CreateAnswer::Made { action, expires_at };
            return Told::unasked(CreateTold::Answered(made));
        }
        let request = self.adapter.create_request(order, now);
        if request == Err(CannotSend::NoSuchCall) {
            return Told::unasked(CreateTold::Answered(CreateAnswer::Refused));
        }
        let read = |answer: &HttpAnswer| {
            let reading = self.adapter.read_create(order, answer, now);
            match reading {
                CreateReading::Made { action, expires_at } => {
                    CreateTold::Answered(CreateAnswer::Made { action, expires_at })
                }
                CreateReading::Taken => CreateTold::Answered(CreateAnswer::Taken),
                CreateReading::Refused => CreateTold::Answered(CreateAnswer::Refused),
                CreateReading::NoAnswer => CreateTold::NoAnswer,
                CreateReading::Claim(claimed) => {
                    let reading = TradeReading::Claim(claimed);
                    match claim::report(order, self.adapter.holder(), reading) {
                        Report::NoAnswer => CreateTold::NoAnswer,
                        report @ (Report::Paid { .. }
                        | Report::PaidBack { .. }
                        | Report::TakenLate { .. }
                        | Report::Unpaid
                        | Report::Closed
                        | Report::NotFound) => CreateTold::Reported(report),
                    }
                }
            }
        };
        self.exchange("create", order, request, CreateTold::NoAnswer, read)
            .await
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
            return Told::unasked(ReversalReport::Refused);
        }
        let read = |answer: &HttpAnswer| self.adapter.read_reverse(order, answer, now);
        self.exchange("reverse", order, request, ReversalReport::Again, read)
            .await
    }

    async fn exchange<T: PartialEq + Clone>(
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
                return Told::unasked(silence);
            }
        };
        let answer = match self.transport.send(request).await {
            Ok(answer) => answer,
            Err(reason) => {
                tracing::warn!(channel, operation, channel_order.no = %no, %reason, "{channel} is silent on {operation} of {no}");
                return Told {
                    said: silence,
                    raw: None,
                    health: Health::Troubled,
                };
            }
        };
        let said = if answer.status >= 500 {
            tracing::warn!(channel, operation, channel_order.no = %no, http.status = answer.status, "{channel} fails at {operation} of {no}");
            silence.clone()
        } else {
            read(&answer)
        };
        let health = if said == silence {
            Health::Troubled
        } else {
            Health::Answered
        };
        Told {
            said,
            raw: Some(self.adapter.evidence(&answer.body).into_owned()),
            health,
        }
    }
}
