//! What is to go wrong: whose process dies at which call, and whose messages are lost.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::call::{Call, Parted, SEND_MESSAGES, Subject};

/// On which side of a call its maker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing was passed on: the call never happened.
    Before,
    /// It happened, and its answer never arrived.
    After,
}

/// A crash to come, once: the process that makes this call is killed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crash {
    /// The function.
    pub function: String,
    /// Which of its calls.
    pub label: String,
    /// The how-manieth of them, from 1, counted from the laying of the plan; a later one if its maker was dead already.
    pub nth: u32,
    /// On which side.
    pub moment: Moment,
    /// About what; `None` for calls that name none, like fetching a secret.
    pub about: Option<Subject>,
}

impl Crash {
    fn concerns(&self, call: &Call) -> bool {
        let about = match &self.about {
            Some(subject) => call.about.contains(subject),
            None => call.about.is_empty(),
        };
        about && call.function == self.function && call.label == self.label
    }
}

#[derive(Debug)]
struct Laid {
    crash: Crash,
    seen: u32,
    happened: bool,
}

/// The crashes and losses that are laid.
#[derive(Debug, Default)]
pub struct Plan {
    laid: Mutex<Vec<Laid>>,
    lost: Mutex<BTreeSet<Subject>>,
}

impl Plan {
    /// Lays a crash.
    pub fn lay(&self, crash: Crash) {
        self.crashes().push(Laid {
            crash,
            seen: 0,
            happened: false,
        });
    }

    /// Whether it has come to pass.
    #[must_use]
    pub fn happened(&self, crash: &Crash) -> bool {
        self.crashes()
            .iter()
            .any(|laid| laid.crash == *crash && laid.happened)
    }

    /// Forgets a crash that did not come about.
    pub fn withdraw(&self, crash: &Crash) {
        self.crashes()
            .retain(|laid| laid.crash != *crash || laid.happened);
    }

    /// From now on the queue takes the messages about this and never delivers one.
    pub fn lose_messages_about(&self, subject: impl Into<Subject>) {
        self.losing().insert(subject.into());
    }

    /// From now on they are delivered.
    pub fn deliver_messages_about(&self, subject: impl Into<Subject>) {
        self.losing().remove(&subject.into());
    }

    /// What is left of a request to the queue; `None` if all of it is to arrive, or if it is no such request.
    pub(crate) fn part(&self, call: &Call, body: &[u8]) -> Option<Parted> {
        if call.label == SEND_MESSAGES {
            Parted::of(body, &self.losing())
        } else {
            None
        }
    }

    /// Whether somebody is to die at this call.
    pub(crate) fn strikes(&self, moment: Moment, call: &Call) -> bool {
        self.crashes().iter().any(|laid| laid.is_next(moment, call))
    }

    /// The maker of the call died before it was passed on. For every other plan it did not happen.
    pub(crate) fn struck(&self, moment: Moment, call: &Call) {
        for laid in self
            .crashes()
            .iter_mut()
            .filter(|laid| laid.is_next(moment, call))
        {
            laid.happened = true;
        }
    }

    /// The call was passed on; its maker died of it or lives.
    pub(crate) fn passed(&self, call: &Call, struck: bool) {
        for laid in self.crashes().iter_mut() {
            if struck && laid.is_next(Moment::After, call) {
                laid.happened = true;
            }
            if laid.crash.concerns(call) {
                laid.seen += 1;
            }
        }
    }

    fn losing(&self) -> MutexGuard<'_, BTreeSet<Subject>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crashes(&self) -> MutexGuard<'_, Vec<Laid>> {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Laid {
    fn is_next(&self, moment: Moment, call: &Call) -> bool {
        !self.happened
            && self.crash.moment == moment
            && self.seen + 1 >= self.crash.nth
            && self.crash.concerns(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::Side;

    fn call(label: &str) -> Call {
        Call {
            function: "pay".to_owned(),
            side: Side::Aws,
            label: label.to_owned(),
            about: BTreeSet::new(),
        }
    }

    #[test]
    fn a_crash_strikes_at_its_own_call_and_once() {
        let plan = Plan::default();
        let crash = Crash {
            function: "pay".to_owned(),
            label: "put payments".to_owned(),
            nth: 2,
            moment: Moment::After,
            about: None,
        };
        plan.lay(crash.clone());
        let put = call("put payments");
        assert!(!plan.strikes(Moment::After, &put));
        plan.passed(&put, false);
        plan.passed(&call("get merchants"), false);
        assert!(!plan.strikes(Moment::Before, &put));
        assert!(plan.strikes(Moment::After, &put));
        plan.passed(&put, true);
        assert!(plan.happened(&crash));
        assert!(!plan.strikes(Moment::After, &put));
    }
}
