//! Logs: one JSON object a line, with ids as fields. Bodies, secrets and personal data never enter one.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard output; `RUST_LOG` chooses the level.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Logging that was started already, as by a test, is as good.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .without_time()
        .with_ansi(false)
        .with_env_filter(filter)
        .try_init();
}
