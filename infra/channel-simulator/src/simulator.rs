//! The simulator as a whole: one world behind one lock, and the keys that never change.
//!
//! Handlers lock for the length of a decision and never while they wait or sign.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rsa::rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::{
    alipay,
    bills::Discrepancies,
    books::{Books, Channel, Order},
    clock::{Clock, Moment},
    faults::{Fault, Faults, Operation},
    journal::{Journal, Kind, Line},
    notice::Notices,
    unionpay, wechat,
};

/// Everything that changes.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) books: Books,
    pub(crate) notices: Notices,
    pub(crate) numbers: Numbers,
    pub(crate) faults: Faults,
    pub(crate) discrepancies: Discrepancies,
    /// The bills of WeChat Pay that wait to be fetched.
    pub(crate) downloads: wechat::Downloads,
    /// The bills of Alipay that wait to be fetched.
    pub(crate) bill_files: alipay::BillFiles,
    pub(crate) journal: Journal,
}

impl World {
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(crate) fn write(&mut self, line: Line) {
        let now = self.now();
        self.journal.write(now, line);
    }

    /// Notes that money moved.
    pub(crate) fn write_money(&mut self, order: &Order, operation: &str, detail: Value) {
        self.write(Line {
            kind: Kind::Money,
            channel: Some(order.channel.name()),
            operation: operation.to_owned(),
            channel_order_no: Some(order.channel_order_no.clone()),
            outcome: "moved".to_owned(),
            detail,
        });
    }
}

/// Where channel numbers come from. They never repeat, not even after the books were thrown away,
/// because a merchant's books may be older than ours.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Numbers {
    run: u32,
    next: u64,
    styles: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            run: OsRng.next_u32() % 1_000_000,
            next: 1,
            styles: 0,
        }
    }
}

impl Numbers {
    /// Those of a world that is to be the same every time it is played.
    pub(crate) fn of_run(run: u32) -> Self {
        Self {
            run: run % 1_000_000,
            next: 1,
            styles: 0,
        }
    }

    pub(crate) fn run(&self) -> u32 {
        self.run
    }

    pub(crate) fn take(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Counts answers, so that each can be written differently from the one before.
    pub(crate) fn next_style(&mut self) -> u64 {
        let style = self.styles;
        self.styles += 1;
        style
    }
}

/// Sixteen letters and digits that nobody can guess.
pub(crate) fn unguessable() -> String {
    format!("{:016x}", OsRng.next_u64())
}

/// Lets one message wait until another has passed it.
#[derive(Debug)]
pub(crate) struct Turn(watch::Sender<u64>);

impl Default for Turn {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Turn {
    pub(crate) fn passed(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    pub(crate) async fn wait(&self, longest: Duration) {
        let mut receiver = self.0.subscribe();
        // Both a timeout and the next message end the wait; which of them it was does not matter.
        let _either = tokio::time::timeout(longest, receiver.changed()).await;
    }
}

/// Whose accounts are played, by channel.
#[derive(Debug)]
pub(crate) struct Accounts {
    pub(crate) alipay: alipay::Accounts,
    pub(crate) wechat: wechat::Accounts,
    pub(crate) unionpay: unionpay::Accounts,
    /// Signs what a stranger forges, at every channel.
    pub(crate) stranger_key_pem: String,
}

/// What every handler shares.
#[derive(Debug)]
pub(crate) struct Simulator {
    world: Mutex<World>,
    pub(crate) accounts: Arc<Accounts>,
    /// Where the outside finds this process, without a slash at the end.
    pub(crate) public_url: String,
    /// Says how far the clock is ahead, to whoever follows it.
    pub(crate) clock_file: Option<PathBuf>,
    /// Rung when something changed that the state file should know.
    pub(crate) changed: Notify,
    /// Rung when a notification may have become due.
    pub(crate) due: Notify,
    pub(crate) answers: Turn,
    pub(crate) deliveries: Turn,
}

impl Simulator {
    pub(crate) fn new(world: World, accounts: Arc<Accounts>, public_url: String) -> Self {
        Self {
            world: Mutex::new(world),
            accounts,
            public_url,
            clock_file: None,
            changed: Notify::new(),
            due: Notify::new(),
            answers: Turn::default(),
            deliveries: Turn::default(),
        }
    }

    /// Looks at the world without changing what is saved.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.lock())
    }

    /// Changes the world; the state file and the notifier hear of it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_one();
        self.due.notify_one();
        result
    }

    /// What merchants' clocks show now.
    pub(crate) fn wall(&self) -> Moment {
        self.look(|world| world.clock.wall())
    }

    pub(crate) fn write(&self, line: Line) {
        self.look(|world| world.write(line));
    }

    pub(crate) fn take_fault(
        &self,
        channel: Channel,
        operation: Operation,
        channel_order_no: Option<&str>,
    ) -> Option<Fault> {
        self.look(|world| world.faults.take(channel, operation, channel_order_no))
    }

    /// A handler that panicked has failed its own request; the books themselves are changed by
    /// whole steps and stay usable.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
