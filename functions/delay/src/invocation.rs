//! Invocations by `scan`: messages that are overdue.

use payonce_app::delay::Delay;
use payonce_domain::DelayedMessageNo;
use payonce_lambda::{Error, clock};
use serde::Deserialize;

/// Which messages. Any other field is somebody's mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overdue {
    message_nos: Vec<String>,
}

/// Delivers them. What failed stays due, and what was done is not done again when Lambda repeats the
/// invocation.
pub(crate) async fn deliver(delay: &Delay, overdue: Overdue) -> Result<(), Error> {
    let numbers: Option<Vec<_>> = overdue
        .message_nos
        .iter()
        .map(|text| DelayedMessageNo::parse(text))
        .collect();
    let numbers = numbers.ok_or("not a number of a delayed message")?;
    let failed = delay.deliver_all(&numbers, clock::now()).await;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::from("messages could not be attempted"))
    }
}
