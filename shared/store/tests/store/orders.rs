//! Orders and decisions about them.

use std::collections::BTreeMap;

use payonce_domain::fact::Occasion;
use payonce_domain::{
    AccountId, Channel, ChannelChoice, ChannelTradeNo, Command, Decision, Evidence, Fact,
    MerchantId, MerchantOrderNo, Method, Mode, Money, Payment, Report, Source, Span, Terms,
    Timestamp, decide,
};

pub const START: Timestamp = Timestamp::from_millis(1_795_132_800_000);
const PRICE: Money = Money::from_fen(1_999);

pub fn account() -> AccountId {
    AccountId::new("demo-alipay").unwrap()
}

/// The first request for an order, `late` after the start of the test.
pub fn opening(order: &str, late: Span) -> Decision {
    let terms = Terms {
        merchant_id: MerchantId::new("demo").unwrap(),
        merchant_order_no: MerchantOrderNo::new(order).unwrap(),
        mode: Mode::Strict,
        amount: PRICE,
        subject: "耳机".to_owned(),
        expires_at: START.plus(Span::minutes(30)),
        return_url: None,
        notify_url: None,
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    };
    let choice = ChannelChoice {
        channel: Channel::Alipay,
        method: Method::Page,
        account: account(),
        bank: None,
        stretch: payonce_domain::Stretch::NONE,
    };
    decide::open(terms, Some(choice), START.plus(late)).unwrap()
}

/// The channel says that the first attempt is paid.
pub fn success(payment: &Payment) -> Decision {
    let now = payment.created_at.plus(Span::seconds(30));
    let fact = Fact::Reported {
        no: payment.channel_orders[0].no,
        account: account(),
        evidence: Evidence {
            source: Source::Query,
            digest: None,
        },
        occasion: Occasion::Asked(payment.version),
        report: Report::Paid {
            trade_no: ChannelTradeNo::new("2026112022001").unwrap(),
            amount: PRICE,
            paid_at: now,
        },
    };
    decide::on_fact(payment, fact, now)
}

/// The merchant closes.
pub fn close(payment: &Payment) -> Decision {
    let command = Command::Close {
        asked: payment.version,
    };
    let now = payment.created_at.plus(Span::seconds(60));
    decide::on_command(payment, command, now).unwrap()
}
