//! What UnionPay says of a transaction, in queries, notifications and on the way back.

use super::{
    create::txn_time_of,
    resp_code::{ACCEPTED, AT_THE_BANK, LATE, NOT_COMPLETED, RespCode, STATE_UNKNOWN, SUCCESS},
    sign::Fields,
};
use crate::{
    bills,
    books::{Channel, Order, OrderState, Refund, RefundState},
    clock::Moment,
};

/// An account number as it is sent: encrypted, and full of letters that need care.
const ACCOUNT_NO: &str = "mZ3q+Qk1vYt/8mXr0dT2n+f/Lw7c5Hs9JpE4bA6uGxVyKzNo1iR/PqWe+T0sBg==";

/// How the payment stands: what `origRespCode` says of it.
pub(crate) fn of_order(order: &Order) -> RespCode {
    let attribute = |name: &str| order.attributes.get(name).map(String::as_str);
    if attribute("reversed").is_some() {
        return NOT_COMPLETED;
    }
    if attribute("late").is_some() {
        return LATE;
    }
    // A refund or an undo does not change what became of the payment itself.
    if !order.captures.is_empty() {
        return SUCCESS;
    }
    if let Some(code) = attribute("failure") {
        return RespCode::remembered(code);
    }
    match order.state {
        OrderState::Waiting | OrderState::Announced if attribute("bank").is_some() => AT_THE_BANK,
        OrderState::Waiting | OrderState::Announced => ACCEPTED,
        OrderState::Paid | OrderState::Refunded | OrderState::Closed => NOT_COMPLETED,
    }
}

/// How a refund or an undo stands.
pub(crate) fn of_refund(refund: &Refund) -> RespCode {
    match refund.state {
        RefundState::Processing => ACCEPTED,
        RefundState::Succeeded => SUCCESS,
        RefundState::Failed => NOT_COMPLETED,
        // It left the merchant and did not arrive: only people find out.
        RefundState::Abnormal => STATE_UNKNOWN,
    }
}

/// The fields that describe a payment.
pub(crate) fn payment(mer_id: &str, order: &Order) -> Fields {
    let amount = match order.captures.is_empty() {
        true => order.amount,
        false => order.captured(),
    };
    let trace_no = order.attributes.get("traceNo").cloned();
    let mut fields = common(mer_id, amount, order.paid_at().unwrap_or(order.created_at));
    if order.captures.is_empty() {
        for name in [
            "settleAmt",
            "settleCurrencyCode",
            "settleDate",
            "accNo",
            "payCardType",
        ] {
            fields.remove(name);
        }
    }
    for (name, value) in [
        ("txnType", Some("01".to_owned())),
        ("txnSubType", order.terms.get("txnSubType").cloned()),
        ("bizType", order.terms.get("bizType").cloned()),
        ("orderId", Some(order.channel_order_no.clone())),
        ("txnTime", Some(txn_time_of(order).to_owned())),
        ("queryId", Some(order.trade_no.clone())),
        ("traceNo", trace_no),
        ("reqReserved", order.terms.get("reqReserved").cloned()),
        ("qrNo", order.terms.get("qrNo").cloned()),
    ] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    }
    fields
}

/// The fields that describe a refund or an undo.
pub(crate) fn refund(mer_id: &str, order: &Order, refund: &Refund) -> Fields {
    let mut fields = common(mer_id, refund.amount, refund.at);
    for (name, value) in &refund.attributes {
        if SHOWN.contains(&name.as_str()) {
            fields.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in [
        ("orderId", &refund.refund_no),
        ("queryId", &refund.channel_refund_no),
        ("origQryId", &order.trade_no),
    ] {
        fields.insert(name.to_owned(), value.clone());
    }
    fields
}

/// What is repeated of a request for a refund.
const SHOWN: [&str; 6] = [
    "txnType",
    "txnSubType",
    "bizType",
    "txnTime",
    "traceNo",
    "reqReserved",
];

/// The settlement date that goes with a moment: four digits, and the day ends at 23:00.
pub(crate) fn settle_date(at: Moment) -> String {
    bills::day_of(Channel::Unionpay, at).compact().split_off(4)
}

fn common(mer_id: &str, amount: i64, at: Moment) -> Fields {
    let amount = amount.to_string();
    [
        ("merId", mer_id),
        ("accessType", "0"),
        ("txnAmt", &amount),
        ("currencyCode", "156"),
        ("settleAmt", &amount),
        ("settleCurrencyCode", "156"),
        ("settleDate", &settle_date(at)),
        ("traceTime", &at.beijing_compact().split_off(4)),
        ("accNo", ACCOUNT_NO),
        ("payCardType", "01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
