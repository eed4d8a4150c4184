//! Numbers: their lengths, their keys, and that whatever was mistyped is none of ours.

use super::*;
use proptest::prelude::*;

fn key(order: &str) -> PaymentKey {
    let merchant = MerchantId::new("m-1").unwrap();
    PaymentKey::derive(&merchant, &MerchantOrderNo::new(order).unwrap())
}

#[test]
fn merchant_and_order_do_not_run_together() {
    let derive = |m: &str, o: &str| {
        PaymentKey::derive(
            &MerchantId::new(m).unwrap(),
            &MerchantOrderNo::new(o).unwrap(),
        )
    };
    assert_ne!(derive("m1", "23"), derive("m12", "3"));
    assert_ne!(derive("m", "1:x"), derive("m1", ":x"));
}

#[test]
fn the_key_is_the_first_hundred_bits_of_the_digest() {
    // printf '3:m-15:order' | openssl dgst -sha256 gives d1cd61a6… ; its first 100 bits in
    // Crockford's alphabet, worked out apart from this code, must be what we derive.
    let digest = Digest::of(b"3:m-15:order");
    let mut value: u128 = 0;
    for byte in &digest.as_bytes()[..13] {
        value = (value << 8) | u128::from(*byte);
    }
    value >>= 4;
    let mut expected = Vec::new();
    for _ in 0..20 {
        expected.push(CROCKFORD[usize::try_from(value % 32).unwrap()]);
        value /= 32;
    }
    expected.reverse();
    assert_eq!(key("order").as_str().as_bytes(), expected);
}

#[test]
fn numbers_have_the_lengths_channels_accept_and_read_back() {
    let order = ChannelOrderNo::new(key("o"), Channel::Unionpay, Method::Gateway, 20);
    let trade = ChannelTradeNo::new("2026112022001").unwrap();
    let refund = RefundNo::new(order, RefundIdentity::Reversal(&trade), 1);
    let payment = PaymentNo::new(key("o"));
    assert_eq!(
        (
            payment.to_string().len(),
            order.to_string().len(),
            refund.to_string().len()
        ),
        (23, 27, 34)
    );
    assert_eq!(PaymentNo::parse(&payment.to_string()), Some(payment));
    assert_eq!(ChannelOrderNo::parse(&order.to_string()), Some(order));
    assert_eq!(RefundNo::parse(&refund.to_string()), Some(refund));
    let again = refund.next_generation().unwrap();
    assert_ne!(again.to_string(), refund.to_string());
    assert_eq!((1..=RefundNo::GENERATIONS_MAX).count(), 35);
    let last = RefundNo {
        generation: 35,
        ..refund
    };
    assert_eq!(last.next_generation(), None);
}

/// F74: one capture has one number for its way back, whoever finds the cause.
#[test]
fn reversal_does_not_depend_on_the_cause_but_on_kind_and_number() {
    let order = ChannelOrderNo::new(key("o"), Channel::Alipay, Method::Page, 1);
    let trade = ChannelTradeNo::new("7").unwrap();
    let request = MerchantRefundNo::new("7").unwrap();
    let numbers = [
        RefundNo::new(order, RefundIdentity::Reversal(&trade), 1),
        RefundNo::new(order, RefundIdentity::Merchant(&request), 1),
        RefundNo::new(order, RefundIdentity::Appeal(&request), 1),
        RefundNo::new(order, RefundIdentity::Channel("7"), 1),
    ];
    for (i, a) in numbers.iter().enumerate() {
        assert!(a.next_generation().unwrap().is_generation_of(*a));
        for b in &numbers[i + 1..] {
            assert_ne!(a, b);
            assert!(!a.is_generation_of(*b));
        }
    }
}

#[test]
fn messages_and_appeals_read_back() {
    let merchant = MerchantId::new("m-1").unwrap();
    let message = DelayedMessageKey::derive(&merchant, &MerchantMessageId::new("o").unwrap());
    let message = DelayedMessageNo::new(message);
    let read = DelayedMessageNo::parse(&message.to_string());
    assert_eq!(read, Some(message));
    let appeal = AppealKey::derive(&merchant, &MerchantAppealNo::new("o").unwrap());
    let appeal = AppealNo::new(appeal);
    let read = AppealNo::parse(&appeal.to_string());
    assert_eq!(read, Some(appeal));
    assert_eq!(AppealNo::parse(&message.to_string()), None);
    assert_eq!(DelayedMessageNo::parse(&appeal.to_string()), None);
}

/// F37: whoever computes check characters has no number of ours yet.
#[test]
fn good_check_characters_are_not_enough() {
    let with_check = |body: &str| format!("{body}{}", check_characters::compute(body).unwrap());
    let order = ChannelOrderNo::new(key("o"), Channel::Alipay, Method::Page, 1);
    let trade = ChannelTradeNo::new("7").unwrap();
    let refund = RefundNo::new(order, RefundIdentity::Reversal(&trade), 1).to_string();
    assert!(RefundNo::parse(&with_check(&refund[..32])).is_some());
    let without_generation = format!("{}0", &refund[..31]);
    let beyond_the_alphabet = format!("{}U{}", &refund[..30], &refund[31..32]);
    let of_another_kind = format!("Q{}", &refund[1..32]);
    let too_long = format!("{}1", &refund[..32]);
    for body in [
        without_generation,
        beyond_the_alphabet,
        of_another_kind,
        too_long,
    ] {
        assert_eq!(RefundNo::parse(&with_check(&body)), None, "{body}");
    }
    let payment = PaymentNo::new(key("o")).to_string();
    let short = with_check(&payment[..20]);
    assert_eq!(PaymentNo::parse(&short), None, "{short}");
    let other = with_check(&format!("Q{}", &payment[1..21]));
    assert_eq!(PaymentNo::parse(&other), None, "{other}");
}

proptest! {
    /// F36, F37: what is not a number of ours is not looked up.
    #[test]
    fn nothing_else_is_taken_for_a_number_of_ours(text in "\\PC{0,40}") {
        prop_assert!(PaymentNo::parse(&text).is_none());
        prop_assert!(ChannelOrderNo::parse(&text).is_none());
        prop_assert!(RefundNo::parse(&text).is_none());
        prop_assert!(DelayedMessageNo::parse(&text).is_none());
    }

    #[test]
    fn shards_stay_in_range(order in "[!-~]{1,64}", shards in 1u32..1024) {
        prop_assert!(key(&order).shard(shards) < shards);
    }
}
