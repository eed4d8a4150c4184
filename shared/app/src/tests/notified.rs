//! What becomes of verified news.

use std::collections::BTreeMap;

use payonce_domain::decide;
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    ChannelTradeNo, MerchantId, MerchantOrderNo, MerchantRefundNo, Method, Mode, PaymentKey,
    Refund, RefundCause, RefundForm, RefundReport, RefundState, Span, Terms,
};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_799_985_600_000);

fn channel_order_no() -> ChannelOrderNo {
    let merchant = MerchantId::new("m").unwrap();
    let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new("o-1").unwrap());
    ChannelOrderNo::new(key, Channel::Wechat, Method::Native, 1)
}

fn refund_no(request: &str) -> RefundNo {
    let request = MerchantRefundNo::new(request).unwrap();
    let identity = RefundIdentity::Merchant(&request);
    RefundNo::new(channel_order_no(), identity, 1)
}

/// A payment of which five yuan are on their way back.
fn refunding() -> Payment {
    let terms = Terms {
        merchant_id: MerchantId::new("m").unwrap(),
        merchant_order_no: MerchantOrderNo::new("o-1").unwrap(),
        mode: Mode::Strict,
        amount: Money::from_fen(1_999),
        subject: "tea".to_owned(),
        expires_at: NOW.plus(Span::minutes(30)),
        return_url: None,
        notify_url: None,
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    };
    let mut payment = decide::open(terms, None, NOW).unwrap().into_payment();
    payment.refunds.push(Refund {
        no: refund_no("r-1"),
        channel_order_no: channel_order_no(),
        trade_no: ChannelTradeNo::new("4200001").unwrap(),
        cause: RefundCause::MerchantRequest,
        amount: Money::from_fen(500),
        form: RefundForm::Refund,
        state: RefundState::Accepted,
        request: None,
        reason: None,
        created_at: NOW,
        sent_at: Some(NOW),
        sends_unanswered: 0,
        due: None,
    });
    payment
}

/// Whether news of this refund is a fact for the payment.
fn counts(request: &str, report: RefundReport, amount: Option<u64>) -> bool {
    let notice = Notice {
        channel_order_no: channel_order_no(),
        news: News::Refund {
            no: refund_no(request),
            report,
            amount: amount.map(Money::from_fen),
        },
    };
    let account = AccountId::new("demo-wechat").unwrap();
    let evidence = Evidence {
        source: Source::Notification,
        digest: None,
    };
    fact(&refunding(), notice, &account, evidence).is_some()
}

#[test]
fn a_refund_told_over_another_amount_is_no_fact() {
    for report in [RefundReport::Succeeded, RefundReport::Failed] {
        assert!(counts("r-1", report, Some(500)));
        assert!(counts("r-1", report, None), "the channel names no sum");
        for other in [499, 501, 1_999, 0] {
            assert!(!counts("r-1", report, Some(other)), "{report:?} {other}");
        }
        assert!(counts("r-2", report, Some(1)), "for people, as any unknown");
    }
}
