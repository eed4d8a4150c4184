//! Amounts of money: whole minor units and a currency, with checked arithmetic.

use std::fmt;

/// A currency (币种). The three channels settle in yuan only; the type is here so that an amount
/// can never be read without asking which currency it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    /// Chinese yuan; the minor unit is the fen, a hundredth.
    Cny,
}

impl Currency {
    /// The ISO 4217 letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
        }
    }

    /// Reads ISO 4217 letters; anything we do not settle in is `None`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        (code == "CNY").then_some(Self::Cny)
    }
}

/// An amount of money (金额) in minor units: for yuan, fen. Never negative: direction is a type or
/// a field's name, never a sign.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    minor: u64,
    currency: Currency,
}

impl Money {
    /// The largest amount one order may have: 100,000,000 yuan, Alipay's own limit for
    /// `total_amount` and the tightest of the three channels.
    pub const ORDER_MAX: Self = Self::from_fen(10_000_000_000);

    /// So many fen.
    #[must_use]
    pub const fn from_fen(fen: u64) -> Self {
        Self::new(fen, Currency::Cny)
    }

    /// So many minor units of a currency.
    #[must_use]
    pub const fn new(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// No money at all, in the currency of `self`.
    #[must_use]
    pub const fn zero_like(self) -> Self {
        Self::new(0, self.currency)
    }

    /// The count of minor units.
    #[must_use]
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum, or `None` on overflow or where the currencies differ.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        let minor = self.minor.checked_add(other.minor)?;
        Some(Self::new(minor, self.currency))
    }

    /// The difference, or `None` below zero or where the currencies differ.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        let minor = self.minor.checked_sub(other.minor)?;
        Some(Self::new(minor, self.currency))
    }

    /// The smaller of two amounts of one currency; where the currencies differ, nothing at all.
    #[must_use]
    pub fn at_most(self, limit: Self) -> Self {
        if self.currency != limit.currency {
            return limit.zero_like();
        }
        Self::new(self.minor.min(limit.minor), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.minor, self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_currency_is_settled_in() {
        assert_eq!(Currency::Cny.code(), "CNY");
        assert_eq!(Currency::from_code("CNY"), Some(Currency::Cny));
        for other in ["", "cny", "USD", "CNYCNY"] {
            assert_eq!(Currency::from_code(other), None, "{other}");
        }
    }

    proptest! {
        /// F23: checked against integers too wide to overflow.
        /// S11: no sum wraps and no difference goes below nothing.
        #[test]
        fn sums_and_differences_agree_with_wide_integers(a: u64, b: u64) {
            let (x, y) = (Money::from_fen(a), Money::from_fen(b));
            let sum = u128::from(a) + u128::from(b);
            prop_assert_eq!(x.checked_add(y).map(|m| u128::from(m.minor())), (sum <= u128::from(u64::MAX)).then_some(sum));
            prop_assert_eq!(x.checked_sub(y).map(Money::minor), a.checked_sub(b));
            prop_assert_eq!(x.at_most(y).minor(), a.min(b));
        }
    }
}
