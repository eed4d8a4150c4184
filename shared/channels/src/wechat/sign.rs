//! Signatures in both directions: lines that each end in a newline, over the bytes as they travel.

use payonce_domain::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::rsa::VerifyingKey;

/// How far a message's time may be from ours, in milliseconds. Wider, and whoever recorded a message
/// could replay it for longer; WeChat Pay's own libraries keep the same five minutes.
const SKEW_MS_MAX: u64 = 300_000;

/// What a probe's signature begins with (签名探测流量).
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// The one kind of signature that we take.
const SIGNATURE_TYPE: &str = "WECHATPAY2-SHA256-RSA2048";

/// What a message's signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// WeChat Pay signed these bytes, just now.
    Holds,
    /// It carries no signature at all. WeChat Pay leaves it out of some refusals.
    Absent,
    /// It is meant not to hold: WeChat Pay tests whether we look.
    Probe,
    /// It was made too long ago, or too far ahead.
    Stale,
    /// Some of what belongs to a signature is missing, twice there, or unreadable.
    Malformed,
    /// It does not hold under the key it names, or names none of ours.
    Broken,
}

/// What a request's signature is over. `target` is the path with its query, exactly as sent.
pub(super) fn request_text(
    verb: &str,
    target: &str,
    timestamp: &str,
    nonce: &str,
    body: &str,
) -> String {
    format!("{verb}\n{target}\n{timestamp}\n{nonce}\n{body}\n")
}

/// What the signature is over that WeChat's app checks before it shows the payment.
pub(super) fn payment_text(appid: &str, timestamp: &str, nonce: &str, package: &str) -> String {
    format!("{appid}\n{timestamp}\n{nonce}\n{package}\n")
}

/// What the signature of an answer or a notification is over.
pub(super) fn message_bytes(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    [
        timestamp.as_bytes(),
        b"\n",
        nonce.as_bytes(),
        b"\n",
        body,
        b"\n",
    ]
    .concat()
}

/// Judges a message's signature. `key` finds a key by the name that the message gives.
pub(super) fn verify<'k>(
    headers: &[(String, String)],
    body: &[u8],
    now: Timestamp,
    key: impl FnOnce(&str) -> Option<&'k VerifyingKey>,
) -> Verdict {
    let names = [
        "wechatpay-signature",
        "wechatpay-serial",
        "wechatpay-timestamp",
        "wechatpay-nonce",
    ];
    let found = names.map(|name| one(headers, name));
    if found == [Header::Absent; 4] {
        return Verdict::Absent;
    }
    let [
        Header::Is(signature),
        Header::Is(serial),
        Header::Is(timestamp),
        Header::Is(nonce),
    ] = found
    else {
        return Verdict::Malformed;
    };
    if signature.starts_with(PROBE) {
        return Verdict::Probe;
    }
    // The algorithm is ours to choose, not the sender's: another is not looked for.
    match one(headers, "wechatpay-signature-type") {
        Header::Absent | Header::Is(SIGNATURE_TYPE) => {}
        Header::Is(_) | Header::Twice => return Verdict::Broken,
    }
    // A line within a line would let two readers cut the signed text at different places.
    if nonce.contains('\n') {
        return Verdict::Malformed;
    }
    let Some(at) = seconds(timestamp) else {
        return Verdict::Malformed;
    };
    if now.since(at).as_millis().max(at.since(now).as_millis()) >= SKEW_MS_MAX {
        return Verdict::Stale;
    }
    match key(serial) {
        Some(key) if key.verify(&message_bytes(timestamp, nonce, body), signature) => {
            Verdict::Holds
        }
        Some(_) | None => Verdict::Broken,
    }
}

/// A header that must not be given twice: a proxy and we could read different ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header<'a> {
    Is(&'a str),
    Absent,
    Twice,
}

fn one<'a>(headers: &'a [(String, String)], name: &str) -> Header<'a> {
    let mut values = headers.iter().filter(|(given, _)| given == name);
    match (values.next(), values.next()) {
        (None, _) => Header::Absent,
        (Some((_, value)), None) => Header::Is(value),
        (Some(_), Some(_)) => Header::Twice,
    }
}

fn seconds(text: &str) -> Option<Timestamp> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let seconds: u64 = text.parse().ok().filter(|_| plain)?;
    Some(Timestamp::from_millis(seconds * 1_000))
}

/// A text that was never used before, of 32 characters.
pub(super) fn nonce() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system has random bytes");
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Unix seconds as text.
pub(super) fn timestamp(now: Timestamp) -> String {
    (now.as_millis() / 1_000).to_string()
}

/// Cuts an address into its origin (scheme and host) and what is signed of it (path and query); `None`
/// where a client would send another path than the one that stands there, or another host.
pub(super) fn split(url: &str) -> Option<(&str, &str)> {
    let start = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.starts_with(scheme).then_some(scheme.len()))?;
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    let (origin, target) = url.split_at(end);
    let host = &origin[start..];
    let plain_host =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    // Clients write these bytes in another way than they were given, or cut the address at them.
    let plain = |b: u8| b.is_ascii_graphic() && !b"\"#<>\\^`{|}'".contains(&b);
    let path = target.split('?').next().unwrap_or(target);
    let dots = |part: &str| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    };
    let usable = !host.is_empty()
        && host.bytes().all(plain_host)
        && target.bytes().all(plain)
        && !path.split('/').any(dots);
    usable.then_some((origin, target))
}
