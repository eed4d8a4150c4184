//! What others may call their things: every byte that each identifier takes, and how many of them.

use payonce_domain::{
    AccountId, BankCode, ChannelTradeNo, Digest, EventType, MerchantAppealNo, MerchantId,
    MerchantMessageId, MerchantOrderNo, MerchantRefundNo, OperatorId, StatementId,
};

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Takes exactly these bytes, and exactly these lengths.
fn assert_takes(takes: impl Fn(String) -> bool, lengths: (usize, usize), alphabet: &[&str]) {
    let alphabet = alphabet.concat();
    let (least, most) = lengths;
    for byte in 0..=0x7f_u8 {
        let letter = char::from(byte);
        let text = String::from(letter).repeat(least.max(1));
        assert_eq!(takes(text), alphabet.contains(letter), "{letter:?}");
    }
    assert!(!takes("é".repeat(least)), "beyond ASCII");
    for length in [0, least - 1, least, most, most + 1] {
        let fits = (least..=most).contains(&length);
        assert_eq!(takes("7".repeat(length)), fits, "{length} characters");
    }
}

fn printable() -> String {
    ('!'..='~').collect()
}

#[test]
fn ours_for_merchants_and_accounts() {
    let alphabet = [LOWER, DIGITS, "-"];
    assert_takes(|text| MerchantId::new(text).is_ok(), (1, 32), &alphabet);
    assert_takes(|text| AccountId::new(text).is_ok(), (1, 32), &alphabet);
}

#[test]
fn banks() {
    assert_takes(
        |text| BankCode::new(text).is_ok(),
        (2, 20),
        &[UPPER, DIGITS],
    );
}

/// It stands in a path as it is.
#[test]
fn delayed_messages() {
    let alphabet = [LOWER, UPPER, DIGITS, "-._~!$&'()*+,;=:@"];
    assert_takes(
        |text| MerchantMessageId::new(text).is_ok(),
        (1, 64),
        &alphabet,
    );
}

#[test]
fn whatever_can_be_printed() {
    let printable = printable();
    let alphabet = [printable.as_str()];
    assert_takes(
        |text| MerchantOrderNo::new(text).is_ok(),
        (1, 64),
        &alphabet,
    );
    assert_takes(
        |text| MerchantRefundNo::new(text).is_ok(),
        (1, 64),
        &alphabet,
    );
    assert_takes(|text| ChannelTradeNo::new(text).is_ok(), (1, 64), &alphabet);
    assert_takes(|text| OperatorId::new(text).is_ok(), (1, 64), &alphabet);
    assert_takes(
        |text| MerchantAppealNo::new(text).is_ok(),
        (1, 64),
        &alphabet,
    );
    assert_takes(|text| StatementId::new(text).is_ok(), (1, 64), &alphabet);
    assert_takes(|text| EventType::new(text).is_ok(), (1, 128), &alphabet);
}

/// The test vector of FIPS 180-4.
#[test]
fn digests_are_written_in_hexadecimal() {
    let digest = Digest::of(b"abc").to_hex();
    assert_eq!(
        digest,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
