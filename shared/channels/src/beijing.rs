//! Channels write times as Beijing reads them, without a zone. China keeps one offset, without summer
//! time, so no zone database is needed.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use payonce_domain::Timestamp;

const BEIJING: Offset = Offset::constant(8);

const SPACED: &str = "%Y-%m-%d %H:%M:%S";
const COMPACT: &str = "%Y%m%d%H%M%S";

/// `yyyy-MM-dd HH:mm:ss` in Beijing; fractions of a second are dropped, so a deadline never grows.
pub(crate) fn format(time: Timestamp) -> String {
    written(time, SPACED)
}

/// `yyyyMMddHHmmss` in Beijing, as UnionPay writes times.
pub(crate) fn format_compact(time: Timestamp) -> String {
    written(time, COMPACT)
}

/// Reads `yyyy-MM-dd HH:mm:ss` in Beijing, and nothing looser.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    read(text, b"####-##-## ##:##:##")
}

/// Reads `yyyyMMddHHmmss` in Beijing, and nothing looser.
pub(crate) fn parse_compact(text: &str) -> Option<Timestamp> {
    read(text, b"##############")
}

fn written(time: Timestamp, pattern: &str) -> String {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    BEIJING.to_datetime(instant).strftime(pattern).to_string()
}

/// Reads digits where the form has `#`, and what the form has elsewhere. A bill has a million of these.
fn read(text: &str, form: &[u8]) -> Option<Timestamp> {
    let text = text.as_bytes();
    if text.len() != form.len() {
        return None;
    }
    // Year, month, day, hour, minute and second, of two digits each but the first.
    let mut parts = [0i16; 6];
    let mut digits = 0;
    for (byte, formed) in text.iter().zip(form) {
        if *formed != b'#' {
            if byte != formed {
                return None;
            }
            continue;
        }
        let part = match digits {
            0..4 => 0,
            _ => (digits - 2) / 2,
        };
        let digit = i16::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        parts[part] = parts[part] * 10 + digit;
        digits += 1;
    }
    let [year, rest @ ..] = parts;
    let [month, day, hour, minute, second] = rest.map(|part| i8::try_from(part).unwrap_or(-1));
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let instant = BEIJING.to_timestamp(civil).ok()?;
    let time = u64::try_from(instant.as_millisecond()).ok()?;
    Some(Timestamp::from_millis(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// F24: a deadline is rounded down, so the channel's never outlives ours.
    #[test]
    fn beijing_is_eight_hours_ahead_and_fractions_are_dropped() {
        // date -u -d '2019-08-15 07:56:24' +%s
        let time = Timestamp::from_millis(1_565_855_784_999);
        assert_eq!(format(time), "2019-08-15 15:56:24");
        assert_eq!(parse("2019-08-15 15:56:24"), Some(time.floor_to_second()));
    }

    #[test]
    fn nothing_looser_is_read() {
        for text in [
            "",
            "2019-08-15",
            "2019-08-15T15:56:24",
            "2019-8-15 15:56:24",
            "2019-08-15 15:56:24 ",
            "2019-08-15  15:56:24",
            "2019-02-30 00:00:00",
            "1960-01-01 00:00:00",
            "2019-08-15 24:00:00",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn times_read_back(seconds in 0u64..4_000_000_000) {
            let time = Timestamp::from_millis(seconds * 1_000);
            prop_assert_eq!(parse(&format(time)), Some(time));
            prop_assert_eq!(parse_compact(&format_compact(time)), Some(time));
        }
    }
}
