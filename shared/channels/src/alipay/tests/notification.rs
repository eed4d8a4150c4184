//! Notifications: what is forged, what is genuine but not ours, and what is news.

use payonce_domain::{RefundReport, Report, ReturnedSum};

use super::*;
use crate::notification::{News, Notice, Rejected, UnverifiedNotification};

const PAID: &[u8] = include_bytes!("../fixtures/paid.form");
const REFUNDED: &[u8] = include_bytes!("../fixtures/refunded.form");

fn verify(body: &[u8]) -> Result<Notice, Rejected> {
    alipay().verify(UnverifiedNotification {
        headers: &[],
        body,
        received_at: at("2026-11-20 23:00:00"),
    })
}

fn paid(fen: u64, paid_at: &str) -> News {
    News::Trade(Report::Paid {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(fen),
        paid_at: at(paid_at),
    })
}

fn returned(no: &str, fen: u64) -> News {
    News::Returned {
        return_no: no.to_owned(),
        returned: ReturnedSum::InAll(Money::from_fen(fen)),
    }
}

/// A genuine notification of a payment with some fields changed, added, or (by an empty value) removed.
fn with(key: &str, changes: &[(&str, &str)]) -> Vec<u8> {
    let no = number("o-1", Method::Page, 1).to_string();
    let mut fields = std::collections::BTreeMap::from([
        ("app_id", APP_ID),
        ("charset", "utf-8"),
        ("gmt_payment", "2026-11-20 22:15:30"),
        ("notify_id", "n-1"),
        ("notify_time", "2026-11-20 22:15:31"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", no.as_str()),
        ("seller_id", SELLER_ID),
        ("subject", "茶 + 100%"),
        ("total_amount", "19.99"),
        ("trade_no", TRADE_NO),
        ("trade_status", "TRADE_SUCCESS"),
    ]);
    fields.extend(changes.iter().copied());
    fields.retain(|_, value| !value.is_empty());
    let fields: Vec<_> = fields.into_iter().collect();
    notification(key, &fields)
}

fn news(changes: &[(&str, &str)]) -> Result<News, Rejected> {
    verify(&with(ALIPAY_KEY, changes)).map(|notice| notice.news)
}

#[test]
fn notifications_that_openssl_signed_are_read() {
    let notice = verify(PAID).unwrap();
    assert_eq!(notice.channel_order_no, number("o-1", Method::Page, 1));
    assert_eq!(notice.news, paid(1999, "2026-11-20 22:15:30"));
    let notice = verify(REFUNDED).unwrap();
    let (no, report) = (refund().no, RefundReport::Succeeded);
    let amount = None;
    assert_eq!(notice.news, News::Refund { no, report, amount });
}

/// F33, F40: verified over the bytes that came.
#[test]
fn s1_no_single_bit_can_be_changed() {
    let fields = form::parse(PAID).unwrap();
    // The same message in its shortest encoding: each flip costs two RSA operations.
    let pairs = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let short = form::encode(pairs).into_bytes();
    assert_eq!(verify(&short), verify(PAID));
    for index in 0..short.len() {
        for bit in 0..8 {
            let mut body = short.clone();
            body[index] ^= 1 << bit;
            // `%2E` and `%2e` are the same byte; then nothing was changed.
            if form::parse(&body).is_ok_and(|read| read == fields) {
                continue;
            }
            let rejected = verify(&body).unwrap_err();
            assert!(
                !rejected.is_genuine(),
                "bit {bit} of byte {index}: {rejected}"
            );
        }
    }
}

#[test]
fn s1_forgeries_are_told_from_genuine_messages() {
    let other = number("o-2", Method::Page, 1);
    let wechat = ChannelOrderNo::new(other.key(), Channel::Wechat, Method::Native, 1).to_string();
    for (body, expected) in [
        (with(STRANGER_KEY, &[]), Rejected::BadSignature),
        (with(MERCHANT_KEY, &[]), Rejected::BadSignature),
        (
            with(ALIPAY_KEY, &[("app_id", "2021000000000002")]),
            Rejected::WrongMerchant,
        ),
        (
            with(ALIPAY_KEY, &[("seller_id", "2088000000000002")]),
            Rejected::WrongMerchant,
        ),
        (
            with(ALIPAY_KEY, &[("seller_id", "")]),
            Rejected::WrongMerchant,
        ),
        (with(ALIPAY_KEY, &[("app_id", "")]), Rejected::WrongMerchant),
        (
            with(ALIPAY_KEY, &[("out_trade_no", "2019")]),
            Rejected::NotOurNumber,
        ),
        (
            with(ALIPAY_KEY, &[("out_trade_no", "")]),
            Rejected::NotOurNumber,
        ),
        (
            with(ALIPAY_KEY, &[("out_trade_no", &wechat)]),
            Rejected::NotOurNumber,
        ),
        (
            with(ALIPAY_KEY, &[("trade_status", "NEW")]),
            Rejected::Unreadable("trade_status"),
        ),
        (
            with(ALIPAY_KEY, &[("total_amount", "1e2")]),
            Rejected::Unreadable("total_amount"),
        ),
        (
            with(ALIPAY_KEY, &[("total_amount", "")]),
            Rejected::Unreadable("total_amount"),
        ),
        (
            with(ALIPAY_KEY, &[("gmt_payment", "soon")]),
            Rejected::Unreadable("gmt_payment"),
        ),
        (
            with(ALIPAY_KEY, &[("charset", "GBK")]),
            Rejected::Malformed("its charset is not utf-8"),
        ),
        (
            with(ALIPAY_KEY, &[("charset", "")]),
            Rejected::Malformed("its charset is not utf-8"),
        ),
        (
            with(ALIPAY_KEY, &[("subject", &"x".repeat(65_536))]),
            Rejected::Malformed("it is too long"),
        ),
        (
            b"a=1&a=1".to_vec(),
            Rejected::Malformed("a field is given twice"),
        ),
        (b"charset=utf-8".to_vec(), Rejected::Malformed("no sign")),
    ] {
        assert_eq!(verify(&body), Err(expected));
        let forged = matches!(expected, Rejected::BadSignature | Rejected::Malformed(_));
        assert_eq!(expected.is_genuine(), !forged);
    }
    // A field given twice, once as it was signed.
    let mut body = with(ALIPAY_KEY, &[]);
    body.extend_from_slice(b"&total_amount=0.01");
    assert_eq!(
        verify(&body),
        Err(Rejected::Malformed("a field is given twice"))
    );
    // The sender does not choose the algorithm.
    let body = String::from_utf8(with(ALIPAY_KEY, &[])).unwrap();
    let body = body.replace("sign_type=RSA2", "sign_type=RSA");
    assert_eq!(verify(body.as_bytes()), Err(Rejected::BadSignature));
}

/// F35, F38: the news of a refund looks like the news of a payment, and is told apart.
#[test]
fn every_kind_of_news() {
    let ours = refund().no.to_string();
    let elsewhere = RefundNo::new(
        number("o-2", Method::Page, 1),
        RefundIdentity::Channel("x"),
        1,
    )
    .to_string();
    let refund_news = News::Refund {
        no: refund().no,
        report: RefundReport::Succeeded,
        amount: None,
    };
    let closed = ("trade_status", "TRADE_CLOSED");
    let at_refund = ("gmt_refund", "2026-11-20 22:40:00.123");
    let fee = ("refund_fee", "5.00");
    let paid_back = News::Trade(Report::PaidBack {
        trade_no: ChannelTradeNo::new(TRADE_NO).unwrap(),
        amount: Money::from_fen(1999),
        paid_at: at("2026-11-20 22:15:30"),
    });
    let paid_on_time = paid(1999, "2026-11-20 22:15:30");
    let cases: [(&[(&str, &str)], News); 17] = [
        (&[], paid_on_time.clone()),
        (&[("trade_status", "TRADE_FINISHED")], paid_on_time.clone()),
        (&[("total_amount", "0.01")], paid(1, "2026-11-20 22:15:30")),
        (&[("gmt_payment", "")], paid(1999, "2026-11-20 22:15:31")),
        (
            &[("gmt_payment", ""), ("notify_time", "")],
            paid(1999, "2026-11-20 23:00:00"),
        ),
        (
            &[("trade_status", "WAIT_BUYER_PAY")],
            News::Trade(Report::Unpaid),
        ),
        (&[closed, ("gmt_payment", "")], News::Trade(Report::Closed)),
        (
            &[at_refund, fee, ("out_biz_no", &ours)],
            refund_news.clone(),
        ),
        (
            &[closed, at_refund, fee, ("out_biz_no", &ours)],
            refund_news,
        ),
        (
            &[at_refund, fee, ("out_biz_no", "console-7")],
            returned("console-7", 500),
        ),
        // A refund of ours, but for another order's money.
        (
            &[at_refund, fee, ("out_biz_no", &elsewhere)],
            returned(&elsewhere, 500),
        ),
        (&[at_refund, fee], returned("n-1", 500)),
        (&[closed, fee, ("gmt_payment", "")], returned("n-1", 500)),
        (&[closed], paid_back.clone()),
        (
            &[closed, at_refund, fee, ("out_biz_no", "console-7")],
            paid_back,
        ),
        (&[("refund_fee", "0.00")], paid_on_time.clone()),
        // Something went back, but how much is not said: that it was paid is.
        (&[at_refund], paid_on_time),
    ];
    for (changes, expected) in cases {
        assert_eq!(news(changes), Ok(expected), "{changes:?}");
    }
    let unnumbered = news(&[closed, ("notify_id", "")]);
    assert_eq!(unnumbered, Err(Rejected::Unreadable("notify_id")));
}

#[test]
fn s2_a_notification_repeated_says_the_same() {
    assert_eq!(verify(PAID), verify(PAID));
}

#[test]
fn alipay_reads_seven_bytes_as_success() {
    let (yes, no) = (alipay().acknowledge(true), alipay().acknowledge(false));
    assert_eq!((yes.status, yes.body), (200, "success"));
    assert_eq!((no.status, no.body), (500, "failure"));
}
