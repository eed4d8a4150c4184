//! The clock: read once for each message, and passed down from there.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use payonce_domain::{Span, Timestamp};

/// The file that says how many seconds this clock runs ahead, for whom the local stack plays tomorrow. A binary
/// built for real reads none: only time itself moves its clock.
static AHEAD: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let named = cfg!(debug_assertions).then(|| std::env::var_os("CLOCK_AHEAD_FILE"));
    named.flatten().map(PathBuf::from)
});

/// The present moment.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    AHEAD.as_ref().map_or(now, |file| now.plus(ahead(file)))
}

/// What the file says; nothing, as long as there is none.
fn ahead(file: &PathBuf) -> Span {
    let said = std::fs::read_to_string(file).ok();
    let seconds = said.and_then(|text| text.trim().parse().ok());
    Span::seconds(seconds.unwrap_or(0))
}

/// RFC 3339 in UTC, as every time in the HTTP contract.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

/// Reads RFC 3339 with any offset; `None` if it is no such text or lies before 1970.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(at.as_millisecond())
        .ok()
        .map(Timestamp::from_millis)
}
