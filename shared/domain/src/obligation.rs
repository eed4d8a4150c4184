//! Obligations (待办): what is still owed about a payment, and when.
//!
//! Each is read off the part it concerns, so none can be left behind by a state change. The
//! earliest of their times is what the due index carries: that index is the lost-order table (掉单表).

use crate::channel_order::{ChannelOrder, ChannelOrderState};
use crate::ids::ChannelTradeNo;
use crate::numbers::{ChannelOrderNo, RefundNo};
use crate::payment::{Payment, PaymentState};
use crate::refund::RefundState;
use crate::time::{Span, Timestamp};

/// When something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// Its own time.
    pub at: Timestamp,
    /// Whether a message was sent for that time; the index then waits [`BACKSTOP`] longer.
    pub messaged: bool,
}

/// How long the sweep leaves work to the message that was sent for it.
pub const BACKSTOP: Span = Span::seconds(60);

/// Work this close is done now: a timer a moment early costs less than another wake-up.
pub const SOON: Span = Span::seconds(2);

impl Due {
    /// When the sweep has to look, should the message be lost.
    #[must_use]
    pub const fn index_time(self) -> Timestamp {
        if self.messaged {
            self.at.plus(BACKSTOP)
        } else {
            self.at
        }
    }

    /// Whether it is to be done at `now`.
    #[must_use]
    pub fn is_due(self, now: Timestamp) -> bool {
        self.at <= now.plus(SOON)
    }
}

/// Who is woken for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Whoever speaks with channels.
    Channels,
    /// Whoever tells merchants and the bus.
    Telling,
}

/// A message that should wake somebody for a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wake {
    /// When.
    pub at: Timestamp,
    /// For what.
    pub work: Work,
}

/// Something to do about a payment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Begin closing: the deadline has passed.
    Expire,
    /// Ask the channel about an attempt (查单).
    Query(ChannelOrderNo),
    /// Ask, close at the channel, ask again (关单).
    Close(ChannelOrderNo),
    /// Reverse an attempt whose outcome is unknown (冲正).
    Reverse(ChannelOrderNo),
    /// Have a refund sent (退款).
    SendRefund(RefundNo),
    /// Ask the channel about a refund.
    AskRefund(RefundNo),
    /// Look whether the channel returned this capture by itself.
    AwaitReturn(ChannelTradeNo),
    /// Tell the bus or the merchant; the sequence number of the announcement (商户通知).
    Tell(u32),
    /// Write to the ledger what the last change moved (记账).
    Book,
}

impl Task {
    /// Whose work it is.
    #[must_use]
    pub const fn work(&self) -> Work {
        match self {
            Self::Tell(_) => Work::Telling,
            Self::Expire
            | Self::Query(_)
            | Self::Close(_)
            | Self::Reverse(_)
            | Self::SendRefund(_)
            | Self::AskRefund(_)
            | Self::AwaitReturn(_)
            | Self::Book => Work::Channels,
        }
    }

    /// What is to be done, as views name it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::Query(_) => "query",
            Self::Close(_) => "close",
            Self::Reverse(_) => "reverse",
            Self::SendRefund(_) => "send-refund",
            Self::AskRefund(_) => "ask-refund",
            Self::AwaitReturn(_) => "await-return",
            Self::Tell(_) => "tell",
            Self::Book => "book",
        }
    }

    /// The number of what it is to be done about; `None`: the payment itself.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        match self {
            Self::Expire | Self::Book => None,
            Self::Query(no) | Self::Close(no) | Self::Reverse(no) => Some(no.to_string()),
            Self::SendRefund(no) | Self::AskRefund(no) => Some(no.to_string()),
            Self::AwaitReturn(no) => Some(no.to_string()),
            Self::Tell(sequence) => Some(sequence.to_string()),
        }
    }
}

/// A task and its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obligation {
    /// When.
    pub due: Due,
    /// What.
    pub task: Task,
}

impl Payment {
    /// Everything owed about this payment, earliest first.
    #[must_use]
    pub fn obligations(&self) -> Vec<Obligation> {
        let mut all = Vec::new();
        match self.state {
            PaymentState::Created | PaymentState::Paying => {
                let due = Due {
                    at: self.terms.expires_at,
                    messaged: false,
                };
                all.push(Obligation {
                    due,
                    task: Task::Expire,
                });
            }
            PaymentState::Paid | PaymentState::Closing | PaymentState::Closed => {}
        }
        for order in &self.channel_orders {
            if let (Some(due), Some(task)) = (order.due, order_task(order)) {
                all.push(Obligation { due, task });
            }
        }
        for refund in &self.refunds {
            let task = match refund.state {
                RefundState::Due => Task::SendRefund(refund.no),
                RefundState::Sent | RefundState::Accepted | RefundState::Manual => {
                    Task::AskRefund(refund.no)
                }
                RefundState::Succeeded | RefundState::Failed => continue,
            };
            all.extend(refund.due.map(|due| Obligation { due, task }));
        }
        for capture in &self.captures {
            let task = Task::AwaitReturn(capture.trade_no.clone());
            all.extend(capture.due.map(|due| Obligation { due, task }));
        }
        for announcement in &self.announcements {
            let task = Task::Tell(announcement.sequence);
            all.extend(announcement.due().map(|due| Obligation { due, task }));
        }
        let book = self.unbooked.as_ref().map(|unbooked| Obligation {
            due: unbooked.due(),
            task: Task::Book,
        });
        all.extend(book);
        all.sort();
        all
    }

    /// What is to be done at `now`, earliest first.
    #[must_use]
    pub fn tasks_due(&self, now: Timestamp) -> Vec<Task> {
        let due = self.obligations().into_iter().filter(|o| o.due.is_due(now));
        due.map(|o| o.task).collect()
    }

    /// The time this payment has in the due index; `None` once nothing is owed.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.obligations().iter().map(|o| o.due.index_time()).min()
    }
}

fn order_task(order: &ChannelOrder) -> Option<Task> {
    match order.state {
        ChannelOrderState::Submitted | ChannelOrderState::Pending => Some(Task::Query(order.no)),
        ChannelOrderState::Closing if order.policy().reverses => Some(Task::Reverse(order.no)),
        ChannelOrderState::Closing => Some(Task::Close(order.no)),
        ChannelOrderState::Paid | ChannelOrderState::Failed | ChannelOrderState::Closed => None,
    }
}
