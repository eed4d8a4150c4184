//! Waiting for what happens by itself.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::bail;

/// Often enough to see seconds, seldom enough to leave the machine to the functions.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// Looks again and again until `look` has nothing more to say against it; fails with its last words.
///
/// # Errors
/// If it did not come about within the time.
pub async fn eventually<T, F>(
    within: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let began = Instant::now();
    loop {
        match look().await {
            Ok(seen) => return Ok(seen),
            Err(not_yet) if began.elapsed() > within => {
                bail!("within {within:?} not yet {what}: {not_yet:#}")
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
