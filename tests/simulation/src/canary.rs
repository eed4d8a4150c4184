//! Canaries (I-18): secrets that every world holds, and that must be in nothing our functions let out: no item of a table, no
//! message, event, invocation or line of a log, no metric, and no panic. What goes to a channel may hold them.
//!
//! Formatting everything costs more than a world does, so that one seed in sixteen is listened to.

use std::cell::{Cell, RefCell};
use std::fmt::{Debug, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

/// What every account signs with, where channels speak plainly.
pub(crate) const SIGNING: &str = "canary-signing-key";
/// What messages to the merchant are signed with, and the digits of a buyer's payment code (付款码).
const OTHERS: [&str; 2] = ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "280123456789012345"];

thread_local! {
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    static HEARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether what this thread's world lets out is looked through.
pub(crate) fn listens() -> bool {
    LISTENING.get()
}

/// Begins or ends to listen on this thread.
pub(crate) fn listen(whether: bool) {
    static ONCE: Once = Once::new();
    if whether {
        ONCE.call_once(|| {
            // Whoever set another one before listens for himself.
            let _ = tracing::subscriber::set_global_default(Ear);
        });
    }
    LISTENING.set(whether);
    HEARD.set(None);
}

/// Looks through what is let out at a place.
pub(crate) fn hear(place: &str, text: &str) {
    if !listens() {
        return;
    }
    let canary = [SIGNING]
        .into_iter()
        .chain(OTHERS)
        .find(|canary| text.contains(canary));
    if let Some(canary) = canary {
        HEARD.set(Some(format!("{canary} is in {place}")));
    }
}

/// What was heard, if anything was.
pub(crate) fn heard() -> Option<String> {
    HEARD.take()
}

/// Hears every line of a log, while somebody listens.
struct Ear;

impl Subscriber for Ear {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        listens()
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        hear("a line of a log", &words.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// All that a line says.
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // A string takes whatever is written to it.
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_line_of_a_log_is_heard() {
        listen(true);
        tracing::info!(key = SIGNING, "an account was opened");
        assert_eq!(
            heard().as_deref(),
            Some("canary-signing-key is in a line of a log")
        );
        tracing::info!("nothing was said");
        assert_eq!(heard(), None);
        listen(false);
        tracing::info!("{SIGNING}");
        assert_eq!(heard(), None);
    }
}
