//! What is to go wrong: whose process dies at which call, and whose messages are lost.

use std::collections::{BTreeMap, BTreeSet};
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

/// A call as a hunt knows it: its label, what it is about, and the how-manieth of these in its run.
type Point = (String, BTreeSet<Subject>, u32);

/// A function that is killed at the first call of each run at which it has not died yet, before it and after it.
#[derive(Debug, Default)]
struct Hunt {
    function: String,
    died: BTreeSet<(Point, Moment)>,
    seen: BTreeMap<(String, BTreeSet<Subject>), u32>,
}

/// The crashes and losses that are laid.
#[derive(Debug, Default)]
pub struct Plan {
    laid: Mutex<Vec<Laid>>,
    lost: Mutex<BTreeSet<Subject>>,
    hunt: Mutex<Hunt>,
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

    /// Hunts a function: each of its runs ends at the first call at which none ended yet, until one finds no such call.
    pub fn hunt(&self, function: &str) {
        *self.hunted() = Hunt {
            function: function.to_owned(),
            ..Hunt::default()
        };
    }

    /// The hunted function begins anew. Gives how often it died until now.
    pub fn begin_run(&self) -> usize {
        let mut hunt = self.hunted();
        hunt.seen.clear();
        hunt.died.len()
    }

    /// Nothing is hunted any more. Gives where the function died, with how many of its calls are alike.
    pub fn end_hunt(&self) -> BTreeMap<(String, Moment), usize> {
        let mut deaths = BTreeMap::new();
        for ((label, _, _), moment) in std::mem::take(&mut *self.hunted()).died {
            *deaths.entry((label, moment)).or_default() += 1;
        }
        deaths
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
        self.hunted().is_next(moment, call)
            || self.crashes().iter().any(|laid| laid.is_next(moment, call))
    }

    /// The maker of the call died before it was passed on. For every other plan it did not happen.
    pub(crate) fn struck(&self, moment: Moment, call: &Call) {
        self.hunted().struck(moment, call);
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
        let mut hunt = self.hunted();
        if struck {
            hunt.struck(Moment::After, call);
        }
        hunt.passed(call);
        drop(hunt);
        for laid in self.crashes().iter_mut() {
            if struck && laid.is_next(Moment::After, call) {
                laid.happened = true;
            }
            if laid.crash.concerns(call) {
                laid.seen += 1;
            }
        }
    }

    fn hunted(&self) -> MutexGuard<'_, Hunt> {
        self.hunt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn losing(&self) -> MutexGuard<'_, BTreeSet<Subject>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crashes(&self) -> MutexGuard<'_, Vec<Laid>> {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hunt {
    fn point(&self, call: &Call) -> Point {
        let kind = (call.label.clone(), call.about.clone());
        let nth = self.seen.get(&kind).copied().unwrap_or(0) + 1;
        (kind.0, kind.1, nth)
    }

    fn is_next(&self, moment: Moment, call: &Call) -> bool {
        call.function == self.function && !self.died.contains(&(self.point(call), moment))
    }

    fn struck(&mut self, moment: Moment, call: &Call) {
        if call.function == self.function {
            self.died.insert((self.point(call), moment));
        }
    }

    fn passed(&mut self, call: &Call) {
        if call.function == self.function {
            let kind = (call.label.clone(), call.about.clone());
            *self.seen.entry(kind).or_default() += 1;
        }
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

    #[test]
    fn a_hunted_function_dies_on_both_sides_of_every_call_and_then_lives() {
        let plan = Plan::default();
        plan.hunt("pay");
        let calls = [call("get payments"), call("put payments")];
        let (mut deaths, mut runs) = (Vec::new(), 0);
        'runs: loop {
            runs += 1;
            assert_eq!(plan.begin_run(), deaths.len());
            for call in &calls {
                for moment in [Moment::Before, Moment::After] {
                    let strikes = plan.strikes(moment, call);
                    match moment {
                        Moment::Before if strikes => plan.struck(moment, call),
                        Moment::Before => continue,
                        Moment::After => plan.passed(call, strikes),
                    }
                    if strikes {
                        deaths.push((call.label.clone(), moment));
                        continue 'runs;
                    }
                }
            }
            break;
        }
        assert_eq!(runs, 5, "{deaths:?}");
        let each_once = deaths.into_iter().map(|death| (death, 1)).collect();
        assert_eq!(plan.end_hunt(), each_once);
        assert!(!plan.strikes(Moment::Before, &calls[0]));
    }
}
