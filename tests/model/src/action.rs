//! What may happen next.

use payonce_domain::schedule::Creation;
use payonce_domain::{Mode, RefundNo, Task};

use crate::channel::{Call, Standing, payable_until};
use crate::clock::Phase;
use crate::names::{No, Way};
use crate::world::World;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A client asks to pay in the way of this index.
    Request(usize),
    /// An operator closes the payment.
    OperatorCloses,
    /// A part is given back by hand.
    OperatorGivesBack,
    /// A message comes for work that is due.
    Message,
    /// It comes once more while somebody is at the work already.
    MessageTwice,
    /// The sweep finds something due.
    Sweep,
    /// Somebody has a refund sent that is due.
    Refunder(RefundNo),
    /// An invocation takes its next step.
    Step(usize),
    /// Its call does not reach the channel.
    CallLost(usize),
    /// Its call does, and the answer is lost.
    AnswerLost(usize),
    /// It gives its call up, which arrives later.
    CallLate(usize),
    /// The channel refuses its refund for good.
    Refuses(usize),
    /// An invocation is killed before its next step.
    Killed(usize),
    /// An invocation is killed while its call is on the way.
    KilledCalling(usize),
    /// A call without a sender arrives.
    Arrives(Call),
    /// The channel's notification is delivered.
    Notified(No),
    /// It is never delivered.
    NoticeLost(No),
    /// The buyer opens a page.
    Opened(No),
    /// The buyer pays.
    Paid(No),
    /// Time passes; whatever the sweep could do was done.
    TimePasses,
}

impl Action {
    /// Whether the system does this by itself; everything else may never happen.
    #[must_use]
    pub const fn is_of_the_system(self) -> bool {
        match self {
            Self::Message
            | Self::Sweep
            | Self::Refunder(_)
            | Self::Step(_)
            | Self::Arrives(_)
            | Self::Notified(_)
            | Self::TimePasses => true,
            Self::Request(_)
            | Self::OperatorCloses
            | Self::OperatorGivesBack
            | Self::MessageTwice
            | Self::CallLost(_)
            | Self::AnswerLost(_)
            | Self::CallLate(_)
            | Self::Refuses(_)
            | Self::Killed(_)
            | Self::KilledCalling(_)
            | Self::NoticeLost(_)
            | Self::Opened(_)
            | Self::Paid(_) => false,
        }
    }
}

/// The merchant's world: its mode and the ways to pay that clients choose from.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The merchant's mode.
    pub mode: Mode,
    /// The ways to pay; the first request always chooses the first.
    pub ways: [Way; 2],
}

impl World {
    /// Everything that may happen.
    pub fn actions(&self, actions: &mut Vec<Action>) {
        let Some(payment) = &self.payment else {
            actions.push(Action::Request(0));
            return;
        };
        if self.processes.len() < self.left.at_once {
            self.starts(actions);
        }
        for index in 0..self.processes.len() {
            self.steps(index, actions);
        }
        actions.extend(self.adrift.iter().copied().map(Action::Arrives));
        for no in &self.notices {
            actions.push(Action::Notified(*no));
            if self.left.losses > 0 {
                actions.push(Action::NoticeLost(*no));
            }
        }
        for order in &payment.channel_orders {
            self.buyer(order.no, actions);
        }
        if self.time_may_pass() {
            actions.push(Action::TimePasses);
        }
    }

    fn starts(&self, actions: &mut Vec<Action>) {
        if self.left.requests > 0 && self.phase <= Phase::EXPIRED {
            actions.push(Action::Request(1));
        }
        if self.left.closes > 0 && self.phase <= Phase::EXPIRED {
            actions.push(Action::OperatorCloses);
        }
        if self.left.gifts > 0 {
            actions.push(Action::OperatorGivesBack);
        }
        let advancing = self.processes.iter().any(|process| process.is_advance());
        if advancing && self.left.duplicates > 0 && self.is_due() {
            actions.push(Action::MessageTwice);
        } else if !advancing && self.is_swept() {
            actions.push(Action::Sweep);
        } else if !advancing && self.is_due() {
            actions.push(Action::Message);
        }
        actions.extend(self.refunds_due().into_iter().map(Action::Refunder));
    }

    fn refunds_due(&self) -> Vec<RefundNo> {
        let tasks = self
            .payment
            .as_ref()
            .map(|payment| payment.tasks_due(self.now()));
        let tasks = tasks.into_iter().flatten();
        let refund = |task| match task {
            Task::SendRefund(no) => Some(no),
            Task::Expire
            | Task::Query(_)
            | Task::Close(_)
            | Task::Reverse(_)
            | Task::AskRefund(_)
            | Task::AwaitReturn(_)
            | Task::Tell(_)
            | Task::Book => None,
        };
        tasks.filter_map(refund).collect()
    }

    fn steps(&self, index: usize, actions: &mut Vec<Action>) {
        let process = &self.processes[index];
        actions.push(Action::Step(index));
        let changes_books = process.next_call();
        if self.left.crashes > 0 && (process.touched || changes_books.is_some()) {
            if process.touched {
                actions.push(Action::Killed(index));
            }
            if changes_books.is_some() {
                actions.push(Action::KilledCalling(index));
            }
        }
        if self.left.losses > 0 && process.calls() {
            actions.push(Action::CallLost(index));
            if changes_books.is_some() {
                actions.extend([Action::AnswerLost(index), Action::CallLate(index)]);
            }
        }
        if self.left.refusals > 0 && matches!(changes_books, Some(Call::Refund(_))) {
            actions.push(Action::Refuses(index));
        }
    }

    fn buyer(&self, no: No, actions: &mut Vec<Action>) {
        if self.phase > payable_until(no) {
            return;
        }
        let by_browser = match payonce_domain::schedule::policy(no.channel(), no.method()).creation
        {
            Creation::ByBrowser => true,
            Creation::ByCall | Creation::Once => false,
        };
        match self.channel.standing(no) {
            None if by_browser => actions.push(Action::Opened(no)),
            Some(Standing::Open) => actions.push(Action::Paid(no)),
            None | Some(Standing::Paid(_) | Standing::Closed) => {}
        }
    }

    /// An invocation lives for seconds and the sweep comes each minute, so neither outlasts a moment.
    fn time_may_pass(&self) -> bool {
        self.processes.is_empty()
            && !self.is_swept()
            && self.refunds_due().is_empty()
            && !self.owed().is_empty()
            && self.phase.next().is_some()
    }
}
