//! Yuan as Alipay writes them, fen as the books keep them.

pub(crate) use crate::money::yuan;

/// 100 million yuan, the most that one trade may be.
const FEN_MAX: i64 = 10_000_000_000;

/// Reads 0.01 to 100000000 yuan with at most two decimals.
pub(crate) fn fen(text: &str) -> Option<i64> {
    let (yuan, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(yuan) || !is_digits(decimals) || yuan.len() > 9 || decimals.len() > 2 {
        return None;
    }
    let hundredths: i64 = format!("{decimals:0<2}").parse().ok()?;
    let fen = yuan.parse::<i64>().ok()? * 100 + hundredths;
    (1..=FEN_MAX).contains(&fen).then_some(fen)
}

/// One fen more than a written amount, for the fault that errs by so much.
pub(crate) fn one_fen_more(text: &str) -> String {
    fen(text).map_or_else(|| text.to_owned(), |amount| yuan(amount + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        for (text, wanted) in [
            ("0.01", Some(1)),
            ("12", Some(1200)),
            ("12.3", Some(1230)),
            ("12.30", Some(1230)),
            ("100000000", Some(FEN_MAX)),
            ("100000000.00", Some(FEN_MAX)),
            ("100000000.01", None),
            ("0", None),
            ("0.00", None),
            ("0.001", None),
            ("12.", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1,000", None),
            (" 1", None),
            ("", None),
        ] {
            assert_eq!(fen(text), wanted, "{text}");
        }
        assert_eq!(yuan(1205), "12.05");
        assert_eq!(one_fen_more("12.99"), "13.00");
    }
}
