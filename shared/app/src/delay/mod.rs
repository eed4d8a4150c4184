//! The general delayed-message service (通用延迟消息): schedule, read, list, cancel, send again, deliver.
//!
//! A message waits in its table and in that table's due index. The queue carries it over the last
//! quarter of an hour and may lose it: the sweep finds whatever is overdue and has it delivered.

mod bus;
mod cancel;
mod change;
mod deliver;
mod failure;
mod read;
mod resend;
mod schedule;
mod wheel;

pub use bus::Bus;
pub use failure::MessageFailure;
pub use schedule::Scheduled;
pub use wheel::{Turned, Wheel};

use payonce_delivery::Courier;
use payonce_store::Store;

use crate::Accounts;

/// Everything the use cases of delayed messages act through, built once for each process.
pub struct Delay {
    /// The tables.
    pub store: Store,
    /// Merchants and their secrets, remembered for a while.
    pub accounts: Accounts,
    /// What brings a message to its time.
    pub wheel: Wheel,
    /// The way to merchants.
    pub courier: Courier,
    /// The way to the event bus.
    pub bus: Bus,
}
