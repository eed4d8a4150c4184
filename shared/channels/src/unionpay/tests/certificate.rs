//! Whom UnionPay's messages are believed from.

use payonce_domain::{Span, Timestamp};

use super::super::certificate::{Authorities, merchant};
use super::{LEAF, MERCHANT, MIDDLE, NOW, ROOT};
use crate::registry::ConfigurationError;

const CUSTOMER: &str = include_str!("../fixtures/customer.crt");
const ELSEWHERE: &str = include_str!("../fixtures/elsewhere.crt");
const EXPIRED: &str = include_str!("../fixtures/expired.crt");
const BENEATH: &str = include_str!("../fixtures/beneath.crt");
const AUTHORITY: &str = include_str!("../fixtures/authority.crt");
const OTHER: &str = include_str!("../fixtures/other.crt");

fn open(middles: &[&str]) -> Result<Authorities, ConfigurationError> {
    let middles: Vec<_> = middles.iter().map(|pem| (*pem).to_owned()).collect();
    Authorities::open(ROOT, &middles, &["中国银联股份有限公司".to_owned()], false)
}

#[test]
fn only_unionpays_own_certificate_is_believed() {
    let authorities = open(&[MIDDLE]).unwrap();
    assert!(authorities.leaf_key(LEAF, NOW).is_some());
    for (what, pem) in [
        ("another customer of the same authority", CUSTOMER),
        (
            "the name alone, from an authority that is not pinned",
            ELSEWHERE,
        ),
        ("one that is over", EXPIRED),
        ("one vouched for by a customer", BENEATH),
        ("an authority", MIDDLE),
        ("one that calls itself an authority", AUTHORITY),
        ("the root", ROOT),
        ("nothing", ""),
        (
            "garbage",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        ("two at once", &format!("{LEAF}{CUSTOMER}")),
        (
            "two at once, the other way round",
            &format!("{CUSTOMER}{LEAF}"),
        ),
    ] {
        assert!(authorities.leaf_key(pem, NOW).is_none(), "{what}");
    }
}

#[test]
fn certificates_count_within_their_time_only() {
    let authorities = open(&[MIDDLE]).unwrap();
    for time in [Timestamp::from_millis(0), NOW.plus(Span::days(40_000))] {
        assert!(authorities.leaf_key(LEAF, time).is_none(), "{time:?}");
    }
    // 2026-01-01 12:00 UTC: but for its end, it would be believed.
    let noon = Timestamp::from_millis(1_767_268_800_000);
    assert!(authorities.leaf_key(EXPIRED, noon).is_some());
    assert!(
        authorities
            .leaf_key(EXPIRED, noon.plus(Span::days(1)))
            .is_none()
    );
}

/// While UnionPay changes its authority, messages under both are believed.
#[test]
fn two_authorities_at_once() {
    let authorities = open(&[MIDDLE, OTHER]).unwrap();
    assert!(authorities.leaf_key(LEAF, NOW).is_some());
    assert!(authorities.leaf_key(ELSEWHERE, NOW).is_some());
}

#[test]
fn what_the_root_did_not_issue_is_no_authority() {
    for middles in [&[][..], &[LEAF], &[CUSTOMER], &["nothing"], &[MIDDLE, LEAF]] {
        assert!(open(middles).is_err(), "{middles:?}");
    }
}

/// Every flipped bit of a sample of the certificate's bytes. What wraps the signed part is not signed, so
/// a flip there may go unnoticed; it can change no key.
#[test]
fn a_certificate_that_was_tampered_with_is_not_believed() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let authorities = open(&[MIDDLE]).unwrap();
    let body: String = LEAF
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(body).unwrap();
    let genuine = authorities.leaf_key(LEAF, NOW);
    for at in (0..der.len()).step_by(7) {
        for bit in 0..8 {
            let mut flipped = der.clone();
            flipped[at] ^= 1 << bit;
            let text = STANDARD.encode(flipped);
            let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
            let believed = authorities.leaf_key(&pem, NOW);
            assert!(
                believed.is_none() || (believed == genuine && at < 8),
                "bit {bit} of byte {at}"
            );
        }
    }
}

#[test]
fn the_serial_is_written_in_decimal() {
    let serial = merchant(MERCHANT).map(|(serial, _)| serial);
    assert_eq!(serial.as_deref(), Some("1234567890123456789012"));
    assert!(merchant("nothing").is_none());
}
