//! The fee (手续费) that a channel agreed to keep.

use crate::money::Money;

const MILLION: u128 = 1_000_000;

/// A share of each payment, in millionths: 0.6 % is 6,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeeRate(u32);

impl FeeRate {
    /// So many millionths; `None` beyond the whole.
    #[must_use]
    pub fn from_millionths(millionths: u32) -> Option<Self> {
        (u128::from(millionths) <= MILLION).then_some(Self(millionths))
    }

    /// In millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Whether this fee for this payment is as agreed. Channels round fractions of a fen each in its own
    /// way, so either neighbour will do.
    #[must_use]
    pub fn allows(self, amount: Money, fee: Money) -> bool {
        let exact = u128::from(amount.minor()) * u128::from(self.0);
        let (down, up) = (exact / MILLION, exact.div_ceil(MILLION));
        (down..=up).contains(&u128::from(fee.minor()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_may_be_rounded_either_way_and_no_further() {
        let rate = FeeRate::from_millionths(6_000).unwrap();
        let allowed = |fee| rate.allows(Money::from_fen(1_999), Money::from_fen(fee));
        assert_eq!([10, 11, 12, 13].map(allowed), [false, true, true, false]);
        assert!(rate.allows(Money::from_fen(1_000), Money::from_fen(6)));
        assert!(!rate.allows(Money::from_fen(1_000), Money::from_fen(7)));
        assert_eq!(FeeRate::from_millionths(1_000_001), None);
    }
}
