//! Amounts, times and numbers as operators read them.

use jiff::tz::Offset;
use payonce_domain::{Money, Timestamp};

/// An amount in yuan, with its fen.
pub(crate) fn yuan(amount: Money) -> String {
    let (whole, fen) = (amount.minor() / 100, amount.minor() % 100);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("¥{grouped}.{fen:02}")
}

/// An amount as a person types it: `12`, `12.3` or `12.34` yuan.
pub(crate) fn read_yuan(text: &str) -> Option<Money> {
    let text = text.trim().trim_start_matches('¥');
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = !whole.is_empty() && digits(whole) && digits(decimals) && decimals.len() <= 2;
    if !plain {
        return None;
    }
    let fen: u64 = format!("{decimals:0<2}").parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    Some(Money::from_fen(whole.checked_mul(100)?.checked_add(fen)?))
}

/// A time in Beijing.
pub(crate) fn beijing(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    let at = Offset::constant(8).to_datetime(at);
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_is_what_is_meant() {
        for (text, fen) in [
            ("12", Some(1_200)),
            ("12.3", Some(1_230)),
            ("¥0.01", Some(1)),
            (" 19.99 ", Some(1_999)),
            ("1.999", None),
            ("-1", None),
            ("1,000", None),
            ("1e3", None),
            ("", None),
            (".5", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(read_yuan(text), fen.map(Money::from_fen), "{text}");
        }
    }

    #[test]
    fn amounts_and_times_read_as_people_write_them() {
        assert_eq!(yuan(Money::from_fen(12_345_678)), "¥123,456.78");
        let at = Timestamp::from_millis(1_795_183_200_000);
        assert_eq!(beijing(at), "2026-11-20 22:00:00");
    }
}
