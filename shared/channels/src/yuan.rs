//! Amounts as decimal text in yuan, converted with whole numbers only.

use payonce_domain::{Currency, Money};

/// Ten trillion yuan. A larger figure is a broken one, and sums of such would not fit a count of fen.
const FEN_MAX: u64 = 1_000_000_000_000_000;

/// Writes an amount as yuan with two decimals.
pub(crate) fn format(amount: Money) -> String {
    match amount.currency() {
        Currency::Cny => format!("{}.{:02}", amount.minor() / 100, amount.minor() % 100),
    }
}

/// Reads yuan with at most two decimals: ASCII digits and one point, no sign, no exponent, no spaces.
pub(crate) fn parse(text: &str) -> Option<Money> {
    let (whole, fraction) = match text.split_once('.') {
        None => (text, "00"),
        Some((whole, fraction)) => (whole, fraction),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 2 {
        return None;
    }
    let yuan: u64 = whole.parse().ok()?;
    let hundredths: u64 = fraction.parse().ok()?;
    let hundredths = if fraction.len() == 1 {
        hundredths * 10
    } else {
        hundredths
    };
    let fen = yuan.checked_mul(100)?.checked_add(hundredths)?;
    (fen <= FEN_MAX).then_some(Money::from_fen(fen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// F23: what is no amount of yuan is not read as one.
    #[test]
    fn two_decimals_at_most() {
        for (text, fen) in [
            ("0", 0),
            ("0.01", 1),
            ("12", 1_200),
            ("12.3", 1_230),
            ("12.30", 1_230),
            ("100000000.00", 10_000_000_000),
            ("10000000000000.00", FEN_MAX),
        ] {
            assert_eq!(parse(text), Some(Money::from_fen(fen)), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.005",
            "1.000",
            "-1",
            "+1",
            "-0",
            "1e3",
            "1E3",
            " 1",
            "1 ",
            "1,000",
            "１２",
            "1..2",
            "1.2.3",
            "0x1",
            "NaN",
            "10000000000000.01",
            "184467440737095516.15",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        /// F23: every amount reads back.
        /// S11: what is written is read back, to the fen.
        #[test]
        fn amounts_read_back(fen in 0..=FEN_MAX) {
            prop_assert_eq!(parse(&format(Money::from_fen(fen))), Some(Money::from_fen(fen)));
        }

        /// F23: fen to yuan and back.
        #[test]
        fn what_is_read_is_what_is_written(text in "\\PC{0,24}") {
            if let Some(amount) = parse(&text) {
                let whole = text.split('.').next().unwrap().trim_start_matches('0');
                let written = format(amount);
                prop_assert_eq!(written.split('.').next().unwrap().trim_start_matches('0'), whole);
            }
        }
    }
}
