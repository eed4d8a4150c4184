//! Advance a payment: perform what is due on it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use payonce_domain::obligation::SOON;
use payonce_domain::{
    ChannelOrderNo, Command, Fact, Payment, PaymentNo, RefundNo, Refusal, Task, Timestamp, Work,
};
use payonce_store::Stored;

use crate::App;
use crate::change::{self, Working};
use crate::failure::Failure;
use crate::metrics::{Metric, record};

/// How long after the start another task of one payment is begun. One close is three calls of up to
/// eight seconds, and the function has thirty.
const BEGIN_WITHIN: Duration = Duration::from_secs(4);

/// Who had a payment advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// A message for its time. A rung that finds nothing changed then writes nothing: the next
    /// rung's message is on its way already.
    ByMessage,
    /// The sweep, because no message did the work. The ladder moves on in the item.
    BySweep,
}

impl App {
    /// Advances every payment named, each on its own: the numbers of those that failed come back.
    pub async fn advance_all(&self, numbers: &[PaymentNo], now: Timestamp) -> Vec<PaymentNo> {
        let mut keys: Vec<_> = numbers.iter().map(|no| no.key()).collect();
        keys.sort_unstable();
        keys.dedup();
        let many = match self.store.load_many(&keys).await {
            Ok(many) => many,
            Err(error) => {
                tracing::error!(%error, "payments could not be read");
                return numbers.to_vec();
            }
        };
        let advanced = many.found.into_iter().map(|stored| async move {
            let payment_no = stored.payment().payment_no();
            let done = self.advance_alone(stored, Woken::ByMessage, now).await;
            (!done).then_some(payment_no)
        });
        let failed = futures::future::join_all(advanced).await;
        let unreadable = many.unreadable.into_iter().map(PaymentNo::new);
        failed.into_iter().flatten().chain(unreadable).collect()
    }

    /// Sends messages for their times once more: SQS carried them as far as it could.
    pub async fn pass_on(&self, wakes: &[(PaymentNo, Timestamp)], now: Timestamp) {
        self.outbox.wake_all(wakes, now).await;
    }

    /// Performs what is due on one payment, alone: even a broken promise within fails this one only
    /// (F68). Whether it was done.
    pub(crate) async fn advance_alone(&self, stored: Stored, woken: Woken, now: Timestamp) -> bool {
        let payment_no = stored.payment().payment_no();
        let work = AssertUnwindSafe(self.advance(stored, woken, now));
        let done = work.catch_unwind().await.map_or_else(
            |_| {
                tracing::error!(
                    payment.no = %payment_no,
                    "a promise about payment {payment_no} was broken; nothing was stored"
                );
                false
            },
            |done| done.is_ok(),
        );
        if !done {
            record(&[], &[(Metric::PaymentsNotAdvanced, 1)], now);
        }
        done
    }

    /// Performs what is due on one payment.
    ///
    /// # Errors
    /// A [`Failure`], already logged; what was due stays due.
    pub async fn advance(
        &self,
        stored: Stored,
        woken: Woken,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut working = Working::new(stored);
        let payment_no = working.payment().payment_no();
        // Refunds first: money that is owed does not wait for a channel that hangs.
        let owed = refunds_due(working.payment(), now);
        for no in &owed {
            self.outbox.invoke_refund(payment_no, *no).await;
        }
        if telling_overdue(working.payment(), now) {
            self.outbox.invoke_notify(payment_no).await;
        }
        let done = self.perform(&mut working, woken, now).await;
        if let Err(failure) = &done {
            tracing::error!(
                payment.no = %payment_no,
                error = failure.chain(),
                "payment {payment_no} could not be advanced"
            );
        }
        for no in refunds_due(working.payment(), now) {
            if !owed.contains(&no) {
                self.outbox.invoke_refund(payment_no, no).await;
            }
        }
        let ahead: Vec<_> = working
            .wakes_ahead(now)
            .into_iter()
            .filter(|wake| wake.at > now || wake.work == Work::Telling)
            .collect();
        self.outbox.wake(payment_no, &ahead, now).await;
        done
    }

    async fn perform(
        &self,
        working: &mut Working,
        woken: Woken,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut tasks = working.payment().tasks_due(now);
        let unconfirmed = |payment: &Payment| {
            let mut orders = payment.channel_orders.iter();
            orders.any(|order| order.is_unconfirmed(now))
        };
        // The index lists work that the item does not know of: it is behind, or the record has lost a part,
        // which a touch makes good (a compensation, a time).
        let lost = woken == Woken::BySweep && tasks.is_empty();
        if lost || tasks.contains(&Task::Expire) || unconfirmed(working.payment()) {
            self.tick(working, now).await?;
            tasks = working.payment().tasks_due(now);
        }
        let mut first_failure = None;
        let began = self.stopwatch.read();
        let mut held = Vec::new();
        for task in &tasks {
            working.shut_until = None;
            // The rest waits for its next rung: a function that is killed moves nothing on.
            if self.stopwatch.since(began) > BEGIN_WITHIN {
                break;
            }
            let tried = match task {
                Task::Query(no) => self.query_at_channel(working, *no, now).await.map(|_| ()),
                Task::Close(no) => self.close_at_channel(working, *no, now).await,
                Task::Reverse(no) => self.reverse_at_channel(working, *no, now).await,
                Task::AskRefund(no) => self.ask_refund(working, *no, now).await.map(|_| ()),
                Task::SendRefund(_)
                | Task::AwaitReturn(_)
                | Task::Expire
                | Task::Tell(_)
                | Task::Book => Ok(()),
            };
            if let Err(failure) = tried {
                first_failure.get_or_insert(failure);
            }
            held.extend(working.shut_until.and_then(|until| put_off(task, until)));
        }
        if must_move(working.payment(), woken, now) {
            for command in held {
                self.put_off(working, &command, now).await?;
            }
        }
        // Even what failed moves on, or one account without a key would keep the sweep busy for ever.
        if must_move(working.payment(), woken, now) {
            self.tick(working, now).await?;
        }
        first_failure.map_or(Ok(()), Err)
    }

    /// What a channel in trouble was not asked waits until the channel is tried again.
    pub(crate) async fn put_off(
        &self,
        working: &mut Working,
        command: &Command,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match change::carry_out(&self.store, working, command, now).await {
            Ok(_)
            | Err(Failure::Refused {
                refusal: Refusal::NotDue,
                ..
            }) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn tick(&self, working: &mut Working, now: Timestamp) -> Result<(), Failure> {
        change::note(&self.store, working, &Fact::Ticked, None, now).await?;
        Ok(())
    }
}

/// The command that puts a task off.
fn put_off(task: &Task, until: Timestamp) -> Option<Command> {
    match task {
        Task::Query(no) | Task::Close(no) | Task::Reverse(no) => {
            Some(Command::HoldChannelOrder { no: *no, until })
        }
        Task::AskRefund(no) => Some(Command::HoldRefund { no: *no, until }),
        Task::Expire | Task::SendRefund(_) | Task::AwaitReturn(_) | Task::Tell(_) | Task::Book => {
            None
        }
    }
}

/// Whether something that was tried is still due, and nobody else will move it on.
fn must_move(payment: &Payment, woken: Woken, now: Timestamp) -> bool {
    let due = payment
        .obligations()
        .into_iter()
        .filter(|obligation| obligation.due.is_due(now));
    due.into_iter().any(|obligation| match obligation.task {
        Task::SendRefund(_) | Task::Tell(_) => false,
        Task::Query(no) => woken == Woken::BySweep || !has_early_rung(payment, no, now),
        Task::Expire
        | Task::Close(_)
        | Task::Reverse(_)
        | Task::AskRefund(_)
        | Task::AwaitReturn(_)
        | Task::Book => true,
    })
}

/// Whether one of the messages that were sent when the attempt was made is still to come.
fn has_early_rung(payment: &Payment, no: ChannelOrderNo, now: Timestamp) -> bool {
    let deadline = payment.terms.expires_at;
    payment.channel_order(no).is_some_and(|order| {
        let policy = order.policy();
        let mut early = policy.early_rungs(order.pace(), order.created_at, deadline);
        early.any(|rung| rung > now.plus(SOON))
    })
}

fn refunds_due(payment: &Payment, now: Timestamp) -> Vec<RefundNo> {
    let tasks = payment.tasks_due(now);
    let refunds = tasks.into_iter().filter_map(|task| match task {
        Task::SendRefund(no) => Some(no),
        Task::Expire
        | Task::Query(_)
        | Task::Close(_)
        | Task::Reverse(_)
        | Task::AskRefund(_)
        | Task::AwaitReturn(_)
        | Task::Tell(_)
        | Task::Book => None,
    });
    refunds.collect()
}

/// Whether something is still to be told although the message for it should have been heard long ago.
fn telling_overdue(payment: &Payment, now: Timestamp) -> bool {
    let mut owed = payment.obligations().into_iter();
    owed.any(|o| o.task.work() == Work::Telling && o.due.index_time() <= now.plus(SOON))
}
