//! Faults: what may go wrong, one class each. A seed enables some of them.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $in:literal;)*) => {
        /// A class of faults.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// Every class.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is called in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Enabled, it strikes once in so many chances.
            #[must_use]
            pub const fn once_in(self) -> u64 {
                match self { $(Self::$name => $in,)* }
            }
        }
    };
}

faults! {
    /// The table refuses a call for its rate.
    StoreThrottled = "store: throttled", 15;
    /// A write happened and was not answered.
    StoreApplied = "store: unknown, applied", 12;
    /// A write did not happen and was not answered.
    StoreLost = "store: unknown, not applied", 12;
    /// A write was repeated within, and its own first attempt stood against it.
    OwnWrite = "store: own write refused", 8;
    /// The index is behind, by up to a minute.
    StaleIndex = "store: stale index", 3;
    /// A page of the index is shorter than asked for.
    ShortPage = "store: short page", 4;
    /// A batch leaves keys unread.
    Unread = "store: keys left unread", 4;
    /// A request to a channel never arrives.
    RequestLost = "channel: request lost", 6;
    /// A request arrives, its answer does not.
    AnswerLost = "channel: answer lost", 5;
    /// A request arrives long after its sender gave up.
    RequestLate = "channel: request arrives late", 8;
    /// The channel fails with a status of 500.
    Fails = "channel: status 500", 8;
    /// The channel takes another amount than was asked.
    WrongAmount = "channel: takes a wrong amount", 8;
    /// A refund fails for good under its number.
    RefundFails = "channel: refund fails", 4;
    /// A refund is taken and carried out later.
    RefundSlow = "channel: refund under way", 2;
    /// A refund is refused without effect.
    RefundNotYet = "channel: refund refused for now", 4;
    /// A notification of the channel is lost for good.
    NoticeLost = "notice: lost", 2;
    /// It comes twice or more.
    NoticeDoubled = "notice: doubled", 3;
    /// It comes late, behind others.
    NoticeLate = "notice: late", 3;
    /// A stranger sends one.
    NoticeForged = "notice: forged", 3;
    /// One of another merchant comes to this account.
    NoticeForeign = "notice: for another merchant", 4;
    /// A message is lost.
    MessageLost = "queue: lost", 4;
    /// A message comes twice.
    MessageDoubled = "queue: doubled", 5;
    /// A message comes late, behind others.
    MessageLate = "queue: late", 4;
    /// The queue cannot be reached.
    QueueDown = "queue: refuses", 10;
    /// An invocation is deleted unsent.
    InvocationLost = "invocation: lost", 4;
    /// An invocation runs twice, at the same time.
    InvocationDoubled = "invocation: doubled", 4;
    /// A sweep does not take place.
    SweepMissed = "sweep: missed", 6;
    /// A function is killed before a call leaves it.
    CrashBefore = "crash: before a call", 2;
    /// A function is killed after a call took effect and before it hears of it.
    CrashAfter = "crash: after a call", 2;
    /// A function's clock is wrong by up to half a minute.
    Skew = "clock: skewed", 3;
    /// The merchant's server answers with an error, or not at all.
    MerchantDown = "merchant: server down", 2;
    /// The event bus does not take an event.
    BusDown = "bus: refuses", 4;
    /// A refund that was not sent disappears from its record.
    RefundErased = "defect: unsent refund deleted", 2;
    /// A part of a record loses its due time.
    DueErased = "defect: due time lost", 4;
    /// The channel takes money, tells nobody, and says to whoever asks that the order is closed: only the bill has it.
    Forgotten = "channel: forgets what it took", 6;
    /// A channel answers nobody for a while.
    Outage = "channel: out of order", 20;
    /// A row of the ledger is lost.
    RowErased = "defect: ledger row lost", 2;
    /// A payment's record is again what it was before its last write.
    DecisionUndone = "defect: decision undone", 4;
    /// A bill is not made yet when it should be.
    BillLate = "bill: late", 12;
    /// A bill is cut off.
    BillCut = "bill: cut off", 6;
    /// An answer of a channel is changed on its way.
    AnswerDamaged = "channel: answer damaged", 8;
}

/// Some classes of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults(u64);

impl Faults {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Fault::ALL
            .iter()
            .fold(Self::default(), |all, fault| all.with(*fault))
    }

    /// The classes whose bits are set.
    #[must_use]
    pub fn drawn(bits: u64) -> Self {
        Self(bits & Self::all().0)
    }

    const fn bit(fault: Fault) -> u64 {
        1 << fault.index()
    }

    /// With this one.
    #[must_use]
    pub const fn with(self, fault: Fault) -> Self {
        Self(self.0 | Self::bit(fault))
    }

    /// Without this one.
    #[must_use]
    pub const fn without(self, fault: Fault) -> Self {
        Self(self.0 & !Self::bit(fault))
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, fault: Fault) -> bool {
        self.0 & Self::bit(fault) != 0
    }
}

impl Fault {
    /// Its place among all.
    #[must_use]
    #[allow(clippy::as_conversions, reason = "a fieldless enum's own number")]
    pub const fn index(self) -> usize {
        self as usize
    }
}
