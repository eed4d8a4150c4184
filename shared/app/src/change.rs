//! Load, decide, save: the one loop in which a payment is changed.

use payonce_domain::{
    Answer, Command, Decision, Fact, Payment, PaymentKey, Refusal, Source, Timestamp, Wake, Work,
    decide,
};
use payonce_store::{Saved, Store, StoreError, Stored};

use crate::failure::Failure;
use crate::watch;

/// How often a decision is made again because somebody else wrote first. Each time somebody did make
/// progress, so this is a bound on bad luck, not on work.
const TRIES_MAX: usize = 64;

/// A payment as last seen, and the wakes that decisions on it asked for.
pub(crate) struct Working {
    pub(crate) stored: Stored,
    pub(crate) wakes: Vec<Wake>,
    /// Until when a channel is not asked, if one was not because of that.
    pub(crate) shut_until: Option<Timestamp>,
}

impl Working {
    pub(crate) const fn new(stored: Stored) -> Self {
        Self::woken(stored, Vec::new())
    }

    pub(crate) const fn woken(stored: Stored, wakes: Vec<Wake>) -> Self {
        Self {
            stored,
            wakes,
            shut_until: None,
        }
    }

    pub(crate) fn payment(&self) -> &Payment {
        self.stored.payment()
    }

    /// The wakes still worth a message: those of work not done meanwhile.
    pub(crate) fn wakes_ahead(&self, now: Timestamp) -> Vec<Wake> {
        let tasks = self.payment().tasks_due(now);
        let due_now = |work: Work| tasks.iter().any(|task| task.work() == work);
        let mut ahead: Vec<_> = self
            .wakes
            .iter()
            .copied()
            .filter(|wake| {
                wake.at > now.plus(payonce_domain::obligation::SOON) || due_now(wake.work)
            })
            .collect();
        ahead.sort_unstable();
        ahead.dedup();
        ahead
    }
}

/// A raw message that a fact rests on, kept before the decision that cites it.
pub(crate) struct Raw<'a> {
    pub(crate) source: Source,
    pub(crate) bytes: &'a [u8],
}

/// Takes note of a fact. What it changes is stored when this returns; a fact that changes nothing
/// costs nothing.
pub(crate) async fn note(
    store: &Store,
    working: &mut Working,
    fact: &Fact,
    raw: Option<Raw<'_>>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let payment_no = working.payment().payment_no();
    let mut kept = false;
    for _ in 0..TRIES_MAX {
        let decision = decide::on_fact(working.payment(), fact.clone(), now);
        if !decision.changed() {
            return Ok(false);
        }
        if let (Some(raw), false) = (&raw, kept) {
            let key = working.payment().key;
            store.keep_evidence(key, raw.source, now, raw.bytes).await?;
            kept = true;
        }
        let saved = save(store, working, &decision, now).await;
        if saved.map_err(|error| Failure::writing(payment_no, error))? {
            return Ok(true);
        }
    }
    Err(Failure::Unavailable(anyhow::anyhow!(
        "payment {payment_no} keeps moving"
    )))
}

/// Carries out a command, deciding again if somebody wrote first.
pub(crate) async fn carry_out(
    store: &Store,
    working: &mut Working,
    command: &Command,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let payment_no = working.payment().payment_no();
    for _ in 0..TRIES_MAX {
        let decision = decide::on_command(working.payment(), command.clone(), now)
            .map_err(|refusal| Failure::refused(payment_no, refusal))?;
        if !decision.changed() {
            return Ok(decision.answer().clone());
        }
        let saved = save(store, working, &decision, now).await;
        if saved.map_err(|error| Failure::writing(payment_no, error))? {
            return Ok(decision.answer().clone());
        }
    }
    Err(Failure::refused(payment_no, Refusal::Moved))
}

/// Writes a decision. `false`: somebody wrote first, and `working` now holds what they wrote.
async fn save(
    store: &Store,
    working: &mut Working,
    decision: &Decision,
    now: Timestamp,
) -> Result<bool, StoreError> {
    match store.save(&working.stored, decision).await? {
        Saved::Done(stored) => {
            watch::changed(Some(working.payment()), stored.payment(), now);
            working.stored = stored;
            working.wakes.extend_from_slice(decision.wakes());
            Ok(true)
        }
        Saved::Moved(current) => {
            working.stored = current;
            Ok(false)
        }
    }
}

/// The payment with this key, as it is at this moment.
pub(crate) async fn load(store: &Store, key: PaymentKey) -> Result<Option<Working>, StoreError> {
    Ok(store.load(key).await?.map(Working::new))
}
