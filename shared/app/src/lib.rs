//! Use cases, one verb a file: load, decide, save, act.
//!
//! Every one keeps the same order: what is intended is stored before a channel hears of it, what a
//! channel says is stored before anybody is told, and what a message would have done is in the item
//! already. Silence changes nothing. The clock is read by the caller, once for each message.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod accounts;
mod advance;
pub mod appeals;
pub mod audit;
mod breakers;
mod bus;
mod carrier;
mod cashier;
mod change;
mod choose;
mod close;
pub mod console;
pub mod delay;
mod failure;
mod give_back;
mod initiate;
mod look_up;
mod metrics;
mod notified;
mod outbox;
mod query_log;
mod queue;
mod reconcile;
mod send_refund;
mod settlement;
mod speak;
mod stopwatch;
mod sweep;
mod tell;
mod watch;

pub use accounts::{Accounts, BillOpener, Opener};
pub use advance::Woken;
pub use bus::{Bus, Event};
pub use carrier::{Carried, Carrier, Message, Vault};
pub use cashier::{AtCashier, CashierKeys, InvalidCashierKey, OfferedChannel};
pub use choose::{AuthCode, WayToPay};
pub use close::Closed;
pub use failure::{Failure, Invalid};
pub use give_back::GivenBack;
pub use initiate::{InitiateRequest, Initiated, Outcome, Replaces};
pub use metrics::{Age, Metric, NAMESPACE, dimension_values, log_to};
pub use outbox::{Names, Outbox};
pub use reconcile::{AccountDay, Reconciled};
pub use send_refund::RefundOutcome;
pub use settlement::SettlementDay;
pub use stopwatch::Stopwatch;
pub use sweep::{Rehearsal, Swept, WouldDo};
pub use tell::{Telling, message_id};

use breakers::Breakers;
use payonce_channels::Transport;
use payonce_delivery::Courier;
use payonce_store::Store;

/// Everything the use cases act through, built once for each process.
pub struct App {
    /// The tables.
    pub store: Store,
    /// Merchants and their channel accounts, remembered for a minute.
    pub accounts: Accounts,
    /// The way to the channels.
    pub transport: Transport,
    /// The queues and the invocations of `refund` and `notify`: accelerators only.
    pub outbox: Outbox,
    /// The way to the merchants.
    pub courier: Courier,
    /// The event bus.
    pub bus: Bus,
    /// Where the channels and the buyers reach us; no slash at the end.
    pub public_url: String,
    /// How long things take and are remembered.
    stopwatch: Stopwatch,
    /// Which channel accounts are left alone for a while.
    breakers: Breakers,
    /// Which merchants do not answer.
    silent: tell::SilentMerchants,
}

impl App {
    /// Joins the parts. Nothing is fetched or connected before it is needed.
    #[must_use]
    pub fn new(
        store: Store,
        accounts: Accounts,
        transport: Transport,
        outbox: Outbox,
        courier: Courier,
        bus: Bus,
        public_url: String,
    ) -> Self {
        Self {
            stopwatch: Stopwatch::default(),
            breakers: Breakers::new(store.clone(), Stopwatch::default()),
            silent: tell::SilentMerchants::default(),
            store,
            accounts,
            transport,
            outbox,
            courier,
            bus,
            public_url,
        }
    }

    /// The same, with another stopwatch.
    #[must_use]
    pub fn timed_by(self, stopwatch: Stopwatch) -> Self {
        Self {
            breakers: Breakers::new(self.store.clone(), stopwatch),
            stopwatch,
            ..self
        }
    }
}
