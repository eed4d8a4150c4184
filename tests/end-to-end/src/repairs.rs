//! How long it took until all was well again: from the money that came, or the deadline that passed, to the last change of
//! a payment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::Value;

/// The longest time of each scenario. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Repairs(Arc<Mutex<BTreeMap<&'static str, Duration>>>);

impl Repairs {
    /// Notes how long a settled payment took: `books` is the channel's side of it, `timeline` ours.
    pub(crate) fn note(
        &self,
        scenario: &'static str,
        payment: &Value,
        books: &[Value],
        timeline: &Value,
    ) -> anyhow::Result<()> {
        let captures = books
            .iter()
            .filter_map(|order| order["captures"].as_array())
            .flatten()
            .filter_map(|capture| capture["at"].as_str());
        let first_money = captures.map(instant).collect::<anyhow::Result<Vec<_>>>()?;
        let began = match first_money.into_iter().min() {
            Some(paid_at) => paid_at,
            None => instant(payment["expires_at"].as_str().context("a deadline")?)?,
        };
        let entries = timeline["entries"].as_array().context("a timeline")?;
        // Merchants are told at their own pace.
        let mut moved = entries.iter().rev().filter(|entry| entry["what"] != "told");
        let last = moved.next().and_then(|entry| entry["at"].as_str());
        let ended = instant(last.context("an entry")?)?;
        let took = ended.duration_since(began);
        let took = Duration::try_from(took).unwrap_or_default();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = all.entry(scenario).or_default();
        *longest = took.max(*longest);
        Ok(())
    }

    /// The longest time of each scenario, by name.
    #[must_use]
    pub fn longest(&self) -> BTreeMap<&'static str, Duration> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn instant(text: &str) -> anyhow::Result<Timestamp> {
    text.parse().with_context(|| format!("{text} is no time"))
}
