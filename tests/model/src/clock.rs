//! The model's time: a handful of moments at which decisions may change their minds, and no others.

use payonce_domain::{Span, Timestamp};

/// When the first request comes: a whole second, far from any border.
const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// How long a buyer has to pay.
const TIME_TO_PAY: Span = Span::minutes(30);

/// How long after the deadline "not found" still proves nothing, with a second for the border.
const MARGIN: Span = Span::seconds(301);

/// Between two moments after the margin: longer than the steady repeat of every ladder, so that whatever is
/// owed at one of them is due at the next.
const STRIDE: Span = Span::hours(2);

/// One of the moments that time consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phase(u8);

impl Phase {
    /// The first request comes, and whatever happens within seconds of it.
    pub const OPENING: Self = Self(0);
    /// Leases are over, an early question is due, a channel closes what it thought too young before.
    pub const WAITING: Self = Self(1);
    /// A second after the deadline.
    pub const EXPIRED: Self = Self(2);
    /// The margin after the deadline is over: absence proves.
    pub const PROVABLE: Self = Self(3);
    /// The last: what is owed here is owed for ever.
    pub const LAST: Self = Self(9);

    /// What the clock shows.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self.0 {
            0 => START,
            1 => START.plus(Span::minutes(6)),
            2 => deadline().plus(Span::seconds(1)),
            3 => deadline().plus(MARGIN),
            later => (3..later).fold(deadline().plus(MARGIN), |at, _| at.plus(STRIDE)),
        }
    }

    /// The next moment; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        (self < Self::LAST).then_some(Self(self.0 + 1))
    }

    /// The first moment of all that is not before `at`; what compares times only at moments cannot tell more of it.
    #[must_use]
    pub fn not_before(at: Timestamp) -> Self {
        let first = (0..Self::LAST.0).map(Self).find(|phase| at <= phase.now());
        first.unwrap_or(Self::LAST)
    }
}

/// Until when the payment can be paid.
#[must_use]
pub fn deadline() -> Timestamp {
    START.plus(TIME_TO_PAY)
}
