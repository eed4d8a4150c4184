//! A Lambda host and an AWS in memory, small and quick enough that what is measured is the function between them.

mod cloud;
mod host;
mod process;
mod seed;

pub use cloud::Cloud;
pub use host::Host;
pub use process::Usage;
pub use seed::{Demo, secret, seed};
