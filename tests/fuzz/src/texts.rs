//! Short texts: identifiers, addresses, cursors, secrets; and the orders that the other targets speak of.

use std::net::IpAddr;

use payonce_app::CashierKeys;
use payonce_app::console::ConsoleKeys;
use payonce_channels::{Order, RefundOrder};
use payonce_delivery::{Address, Reach, SigningSecret};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    AccountId, AppealKey, AppealNo, BankCode, BillDay, Channel, ChannelOrderNo, ChannelTradeNo,
    DelayedMessageNo, EventType, MerchantAppealNo, MerchantId, MerchantMessageId, MerchantOrderNo,
    MerchantRefundNo, Method, Money, OperatorId, PaymentKey, PaymentNo, RefundForm, RefundNo, Span,
    StatementId, Timestamp,
};
use payonce_store::{ApiKey, AppealPlace, MessagePlace};

use crate::spoil::{Recipe, spoil};

/// The order that the messages of a channel are about.
pub(crate) fn order_of(channel: Channel, method: Method, now: Timestamp) -> Order {
    let merchant = MerchantId::new("m-1").expect("a good name");
    let order = MerchantOrderNo::new("o-1").expect("a good number");
    let key = PaymentKey::derive(&merchant, &order);
    Order {
        no: ChannelOrderNo::new(key, channel, method, 1),
        amount: Money::from_fen(1_999),
        subject: "茶".to_owned(),
        created_at: now,
        expires_at: now.plus(Span::minutes(30)),
        notify_url: "https://pay.example.com/v1/webhooks/channel/demo".to_owned(),
        return_url: None,
        client_ip: None,
        payer: None,
        auth_code: None,
        bank: None,
    }
}

/// The merchant's number of the refund that they are about.
pub(crate) fn merchant_refund() -> MerchantRefundNo {
    MerchantRefundNo::new("r-1").expect("a good number")
}

/// The refund that they are about.
pub(crate) fn refund_of(
    channel: Channel,
    method: Method,
    trade_no: &str,
    now: Timestamp,
) -> RefundOrder {
    let order = order_of(channel, method, now);
    RefundOrder {
        no: RefundNo::new(order.no, RefundIdentity::Merchant(&merchant_refund()), 1),
        form: RefundForm::Refund,
        amount: Money::from_fen(500),
        reason: "because".to_owned(),
        trade_no: ChannelTradeNo::new(trade_no).expect("a good number"),
        captured: Money::from_fen(1_999),
        sent_at: now,
        notify_url: order.notify_url,
    }
}

/// The payment of an order of that merchant's.
pub(crate) fn payment_no(order: &str) -> PaymentNo {
    let merchant = MerchantId::new("m-1").expect("a good name");
    let order = MerchantOrderNo::new(order).expect("a good number");
    PaymentNo::new(PaymentKey::derive(&merchant, &order))
}

/// The number of an appeal about that order.
pub(crate) fn appeal_no() -> AppealNo {
    let merchant = MerchantId::new("m-1").expect("a good name");
    let appeal = MerchantAppealNo::new("a-1").expect("a good number");
    AppealNo::new(AppealKey::derive(&merchant, &appeal))
}

/// One of these texts, spoilt.
pub(crate) fn spoilt(recipe: &[u8], genuine: &[&str]) -> String {
    let mut recipe = Recipe::new(recipe);
    let text = recipe.one_of(genuine);
    let bytes = spoil(&mut recipe, text.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whatever is taken for an identifier is that identifier, to the letter: two texts never mean one.
///
/// # Panics
/// Where one is read as another.
pub fn identifier(recipe: &[u8]) {
    let order = order_of(Channel::Alipay, Method::Page, Timestamp::from_millis(0)).no;
    let refund = RefundNo::new(order, RefundIdentity::Merchant(&merchant_refund()), 1);
    let genuine = [
        &*PaymentNo::new(order.key()).to_string(),
        &*order.to_string(),
        &*refund.to_string(),
        "DT74JVMKHDTYXZF6RKC9NCG",
        &*appeal_no().to_string(),
        "order-1",
        "2026112022001424330512345678",
        "2026-11-20",
    ];
    let text = &*spoilt(recipe, &genuine);
    let written: [(&str, Option<String>); 17] = [
        ("payment", PaymentNo::parse(text).map(|no| no.to_string())),
        (
            "attempt",
            ChannelOrderNo::parse(text).map(|no| no.to_string()),
        ),
        ("refund", RefundNo::parse(text).map(|no| no.to_string())),
        (
            "message",
            DelayedMessageNo::parse(text).map(|no| no.to_string()),
        ),
        ("appeal", AppealNo::parse(text).map(|no| no.to_string())),
        (
            "its appeal",
            MerchantAppealNo::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "statement",
            StatementId::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "operator",
            OperatorId::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "day",
            BillDay::parse(text).map(|day| day.date().to_string()),
        ),
        (
            "merchant",
            MerchantId::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "account",
            AccountId::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "order",
            MerchantOrderNo::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "its refund",
            MerchantRefundNo::new(text).ok().map(|id| id.to_string()),
        ),
        (
            "its message",
            MerchantMessageId::new(text).ok().map(|id| id.to_string()),
        ),
        ("event", EventType::new(text).ok().map(|id| id.to_string())),
        ("bank", BankCode::new(text).ok().map(|id| id.to_string())),
        (
            "trade",
            ChannelTradeNo::new(text).ok().map(|id| id.to_string()),
        ),
    ];
    for (what, written) in written {
        assert!(
            written.is_none_or(|written| written == text),
            "{what} {text:?}"
        );
    }
    for letter in text.chars().take(1) {
        let _ = (Channel::from_letter(letter), Method::from_letter(letter));
    }
}

/// An address that is let through is an HTTPS address at the usual port of a name, whoever reads it.
///
/// # Panics
/// Where something else is let through.
pub fn address(recipe: &[u8]) {
    let genuine = [
        "https://shop.example.com/told?order=1",
        "https://xn--fiq228c.example.cn:443/",
        "http://127.0.0.1:9009/told",
        "https://[::ffff:169.254.169.254]/latest/meta-data",
        "https://0x7f.1/",
        "https://user:password@shop.example.com/",
    ];
    let text = spoilt(recipe, &genuine);
    if Address::check(&text, Reach::Public).is_err() {
        return;
    }
    // By hand and not by the parser that judged it: two readers must agree.
    let (scheme, rest) = text.split_once("://").expect("there is a scheme");
    assert!(scheme.eq_ignore_ascii_case("https"), "{text:?}");
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    assert!(["", "443", "0443", "00443"].contains(&port), "{text:?}");
    assert!(!text.contains(['\\', '\n', '\r', '\t', ' ']), "{text:?}");
    assert!(!authority.contains(['@', '%', '[']), "{text:?}");
    assert!(host.parse::<IpAddr>().is_err(), "{text:?}");
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    assert!(
        !is_number && host.contains('.') || !host.is_ascii(),
        "{text:?}"
    );
}

/// A cursor that is taken is written as it was read, and names a place that can be asked for.
///
/// # Panics
/// Where it is not.
pub fn cursor(recipe: &[u8]) {
    let genuine = [
        "179513280000000000000000000000001",
        "1795132800000ZZZZZZZZZZZZZZZZZZZZ",
    ];
    let text = spoilt(recipe, &genuine);
    if let Some(place) = MessagePlace::parse(&text) {
        assert_eq!(place.as_str(), text);
    }
    if let Some(place) = AppealPlace::parse(&text) {
        assert_eq!(place.as_str(), text);
    }
}

/// Keys of merchants, the secrets they verify with, and what tokens are signed with: taken or refused.
///
/// # Panics
/// Where a key is taken that can be guessed.
pub fn secret(recipe: &[u8]) {
    let genuine = [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        "pk_m-strict_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq",
        "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\nllllllllllllllllllllllllllllllllllllllll",
    ];
    let text = spoilt(recipe, &genuine);
    let _ = SigningSecret::all(&text);
    let _ = ApiKey::parse(&text);
    let taken = [
        CashierKeys::read(&text).is_ok(),
        ConsoleKeys::read(&text).is_ok(),
    ];
    let mut words = text.split_whitespace().peekable();
    let is_good = words.peek().is_some() && words.all(|word| word.len() >= 32);
    assert_eq!(taken, [is_good; 2], "{text:?}");
}
