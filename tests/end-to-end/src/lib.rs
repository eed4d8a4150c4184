//! The deployed local stack, driven from outside: what a merchant, a buyer, a channel, a stranger and an operator can do
//! to it, and an audit that believes only the channel's own books.
//!
//! A test binary has a main of its own (`harness = false`): it hands its scenarios to [`run`], which starts one stack for
//! all of them and stops it at the end, whatever became of them.

mod audit;
mod aws;
mod buyer;
mod ears;
mod eventually;
mod expect;
mod export;
mod http;
mod merchant;
mod notification;
mod operator;
mod proxied;
pub mod proxy;
mod receiver;
mod repairs;
mod run;
mod signing;
mod simulator;
mod way;
mod world;

pub use audit::audit;
pub use aws::Aws;
pub use buyer::Buyer;
pub use ears::{Ear, Ears, Received, Reply};
pub use eventually::eventually;
pub use expect::{attempt, is_one_of, is_problem, refunds, same, text};
pub use export::export;
pub use http::{Answer, Http};
pub use merchant::{Merchant, Order};
pub use notification::{Message, Notification, Paid};
pub use operator::{Operator, login};
pub use proxied::Proxied;
pub use receiver::{Receiver, Told, milliseconds};
pub use repairs::Repairs;
pub use run::{Scenario, play, run, scenario};
pub use simulator::{Fault, Simulator};
pub use way::{CLIENT_IP, PAYER, Way};
pub use world::World;
