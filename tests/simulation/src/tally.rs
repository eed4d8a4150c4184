//! What a run met: faults, crash points and the things that must happen sometimes.

use std::collections::BTreeMap;

use crate::fault::Fault;

macro_rules! sometimes {
    ($($name:ident = $text:literal;)*) => {
        /// Something that must happen now and then, or a green run proves nothing about it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Sometimes { $(#[doc = $text] $name,)* }

        impl Sometimes {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// In words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

sometimes! {
    Paid = "an order is paid";
    ClosedUnpaid = "an order ends unpaid";
    TwoCaptures = "two captures of one order";
    ThreeCaptures = "three captures of one order";
    DuplicateReturned = "a duplicate goes back";
    LateReturned = "money that came after the close goes back";
    WrongAmountReturned = "a wrong amount goes back";
    LearntByNotice = "a success is learnt by a notification";
    LearntByMessage = "a success is learnt by a queue's message";
    LearntBySweep = "a success is learnt by the sweep";
    LearntByRequest = "a success is learnt by a merchant's request";
    OwnWrite = "an own write stands against its repetition";
    LostRace = "a write loses to another";
    SecondGeneration = "a refund's second generation is sent";
    Burnt = "an order is placed once more to prove it dead";
    Recreated = "a create is repeated by another caller";
    Switched = "a buyer switches to another channel";
    Superseded = "an order is replaced by another";
    MerchantRefund = "a merchant's refund goes back";
    PartialRefunds = "several refunds of one capture";
    Held = "a refund waits for the kill switch";
    HeldByCap = "a refund waits for the next hour's cap";
    AskedByNumber = "an order is initiated again by its number";
    ShownPaid = "an order is shown as paid more than once";
    Reversed = "a payment code is reversed and its money goes back";
    NothingToReverse = "a payment code is reversed and nothing was taken";
    ChannelReturns = "a late capture is returned by its channel";
    Mismatch = "another amount under the same order number is refused";
    AlreadyPaid = "a paid order refuses to be paid";
    StateUnknown = "a strict order refuses a second attempt";
    ForgeryRefused = "a forged notification is refused";
    ForeignRefused = "another merchant's notification is refused";
    ToldAgain = "a merchant is told again";
    RefundRepaired = "a deleted refund is made again";
    RefundRepairedBySweep = "a deleted refund is made again by the sweep";
    SentWhenCalm = "a refund is sent in time once the world is calm";
    OperatorRefund = "a refund by hand goes back";
    ApprovedTwice = "a refund by hand is approved more than once";
    OperatorBesideSweep = "an operator and the sweep are at one payment";
    LearntByClose = "a success is learnt by whoever came to close";
    DueRepaired = "a lost due time is set again";
    Zombie = "a request arrives after its sender was killed";
    CaseOpened = "a case is opened for people";
    LearntByBill = "a success is learnt by the bill alone";
    Discrepancy = "a bill and the books differ";
    BreakerOpened = "a channel in trouble is left alone";
    Restored = "a record is made what its history says";
}

/// From so many times on, a call that no function died before or after is a hole in the proof. What is made more
/// seldom is listed by `--crash-points`.
const MADE_OFTEN: u64 = 1_000;

/// The same for calls of jobs that run once in every world, of which a proof has twenty thousand.
const MADE_IN_EVERY_WORLD: u64 = 20_000;

/// Counts of one run, or of many.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How often each class of faults struck.
    pub faults: BTreeMap<Fault, u64>,
    /// Calls by function, what was being done and for which time in one run: made, killed before, killed after.
    pub points: BTreeMap<(&'static str, &'static str, u8), (u64, u64, u64)>,
    /// How often each thing that must happen sometimes did.
    pub sometimes: BTreeMap<Sometimes, u64>,
    /// Steps of the world.
    pub steps: u64,
    /// Simulated time in milliseconds.
    pub simulated_ms: u64,
    /// Seeds that came to rest.
    pub quiet: u64,
    /// Payments that ended with a person to look at them.
    pub for_people: u64,
    /// Seeds.
    pub seeds: u64,
    /// Exchanges with channels in their real words, signatures included.
    pub exchanges: u64,
    /// Notifications that real channels signed.
    pub notices: u64,
}

impl Tally {
    /// The first, the second, and every later time that a function does the same are told apart.
    pub const TURNS: u8 = 3;

    pub(crate) fn saw(&mut self, what: Sometimes) {
        *self.sometimes.entry(what).or_default() += 1;
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (point, (made, before, after)) in &other.points {
            let sum = self.points.entry(*point).or_default();
            *sum = (sum.0 + made, sum.1 + before, sum.2 + after);
        }
        for (what, count) in &other.sometimes {
            *self.sometimes.entry(*what).or_default() += count;
        }
        self.steps += other.steps;
        self.simulated_ms += other.simulated_ms;
        self.quiet += other.quiet;
        self.for_people += other.for_people;
        self.seeds += other.seeds;
        self.exchanges += other.exchanges;
        self.notices += other.notices;
    }

    /// What a large run should have met and did not.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let faults = Fault::ALL
            .iter()
            .filter(|fault| !self.faults.contains_key(fault));
        let faults = faults.map(|fault| format!("never struck: {}", fault.name()));
        let sometimes = Sometimes::ALL
            .iter()
            .filter(|what| !self.sometimes.contains_key(what));
        let sometimes = sometimes.map(|what| format!("never happened: {}", what.name()));
        let points = self
            .points
            .iter()
            .filter(|((job, _, _), (made, before, after))| {
                // Every world compares its bills by some hundred calls, and at most three are died at.
                let often = match *job {
                    "reconcile" | "audit" => MADE_IN_EVERY_WORLD,
                    _ => MADE_OFTEN,
                };
                // Setting the world up is not what is tested.
                *job != "set up" && *made >= often && (*before == 0 || *after == 0)
            });
        let points = points.map(|((job, doing, turn), (made, before, after))| {
            format!("crash point not covered: {job}, {doing}, time {turn} (made {made}, before {before}, after {after})")
        });
        faults.chain(sometimes).chain(points).collect()
    }
}
