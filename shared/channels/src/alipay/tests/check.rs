//! What Alipay would refuse is refused before anything is stored.

use payonce_domain::{BankCode, Span};

use super::*;
use crate::order::Detail;

fn judged(change: impl FnOnce(&mut Order)) -> Option<Detail> {
    let mut order = order(Method::Code);
    order.auth_code = Some("286412345678901234".to_owned());
    change(&mut order);
    let judged = alipay().check(&order, at("2026-11-20 22:10:00"));
    judged.err().map(|unfit| {
        assert!(!unfit.why.is_empty());
        unfit.detail
    })
}

#[test]
fn amounts_from_a_fen_to_a_hundred_million_yuan() {
    for (fen, unfit) in [
        (0, Some(Detail::Amount)),
        (1, None),
        (10_000_000_000, None),
        (10_000_000_001, Some(Detail::Amount)),
    ] {
        let detail = judged(|order| order.amount = Money::from_fen(fen));
        assert_eq!(detail, unfit, "{fen}");
    }
}

#[test]
fn deadlines_within_fifteen_days() {
    let now = at("2026-11-20 22:10:00");
    for (span, unfit) in [
        (Span::millis(59_999), Some(Detail::Expiry)),
        (Span::minutes(1), None),
        (Span::days(15), None),
        (Span::millis(15 * 86_400_000 + 1), Some(Detail::Expiry)),
    ] {
        let detail = judged(|order| order.expires_at = now.plus(span));
        assert_eq!(detail, unfit, "{span:?}");
    }
}

#[test]
fn a_payment_code_has_a_form() {
    for (code, fits) in [
        ("2512345678901234", true),
        ("301234567890123456789012", true),
        ("281234567890123", false),
        ("3012345678901234567890123", false),
        ("2412345678901234", false),
        ("3112345678901234", false),
        ("28123456789012x4", false),
        ("２８123456789012", false),
        ("", false),
    ] {
        let detail = judged(|order| order.auth_code = Some(code.to_owned()));
        assert_eq!(detail, (!fits).then_some(Detail::AuthCode), "{code}");
    }
    let missing = judged(|order| order.auth_code = None);
    assert_eq!(missing, Some(Detail::AuthCode));
}

#[test]
fn a_page_needs_no_code_and_no_method_takes_a_bank() {
    let now = at("2026-11-20 22:10:00");
    for method in [Method::Page, Method::Wap, Method::Native] {
        assert_eq!(alipay().check(&order(method), now), Ok(()));
    }
    let detail = judged(|order| order.bank = BankCode::new("ICBC").ok());
    assert_eq!(detail, Some(Detail::Bank));
}
