//! The table `journal` (日志): what operators did, what they wait for, and what there is to look at.
//!
//! Nothing here decides about money: a payment's own history does. Rows are made once and read by
//! partition, newest last.
//!
//! | Partition | One row is |
//! |---|---|
//! | `day#20412` | something out of the ordinary that a payment met |
//! | `hours#20412` | counts of one hour and shard, for pictures |
//! | `trade#…` | the payment that a channel's trade number belongs to |
//! | `acts#20412`, `acts#` and a payment's key | what an operator did, and why |
//! | `proposals` | a refund that one operator proposed |
//! | `logins` | a login that was used, and is used up |

mod acts;
mod happenings;
mod hours;
mod proposals;
mod rows;

pub use acts::OperatorAct;
pub use happenings::{Happening, HappeningKind};
pub use hours::Hour;
pub use proposals::{Proposal, ProposalState};

use payonce_domain::Timestamp;

const DAY_MS: u64 = 86_400_000;

/// The day of a moment in UTC, as partitions name it: the number of days since 1970.
fn day(at: Timestamp) -> u64 {
    at.as_millis() / DAY_MS
}

/// A moment at the beginning of a sort key: fixed width, so that rows lie in the order of time.
fn place(at: Timestamp) -> String {
    format!("{:013}", at.as_millis())
}
