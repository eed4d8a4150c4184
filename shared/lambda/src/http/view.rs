//! The payment as merchants see it.

use payonce_app::{App, Failure};
use payonce_domain::{
    Action, ChannelOrder, ChannelOrderState, Money, Payment, PaymentState, Refund, RefundCause,
    Timestamp,
};
use serde_json::{Value, json};

use crate::clock::rfc3339;

/// The payment as the HTTP contract has it. Links that are rebuilt from stored fields are built here.
///
/// # Errors
/// If the key to sign a link cannot be had.
pub async fn payment(app: &App, payment: &Payment, now: Timestamp) -> Result<Value, Failure> {
    let mut channel_orders = Vec::with_capacity(payment.channel_orders.len());
    for order in &payment.channel_orders {
        let given = payable_action(app, payment, order, now).await?;
        channel_orders.push(channel_order(payment, order, given));
    }
    let mut whole = whole(payment, channel_orders)?;
    whole["cashier_url"] = app.cashier_url(payment, now).await.into();
    Ok(whole)
}

/// The payment as others are told of it: without anything to pay with.
///
/// # Errors
/// If its money does not add up, which would be a broken promise.
pub fn told(payment: &Payment) -> Result<Value, Failure> {
    let orders = payment.channel_orders.iter();
    let orders = orders.map(|order| channel_order(payment, order, None));
    whole(payment, orders.collect())
}

fn whole(payment: &Payment, channel_orders: Vec<Value>) -> Result<Value, Failure> {
    let money = payment
        .money()
        .map_err(|error| Failure::Unavailable(error.into()))?;
    Ok(json!({
        "payment_no": payment.payment_no().to_string(),
        "merchant_order_no": payment.terms.merchant_order_no.as_str(),
        "state": payment_state(payment.state),
        "amount": amount(payment.terms.amount),
        "subject": payment.terms.subject,
        "created_at": rfc3339(payment.created_at),
        "expires_at": rfc3339(payment.terms.expires_at),
        "channel_orders": channel_orders,
        "refunds": payment.refunds.iter().map(refund).collect::<Vec<_>>(),
        "money": {
            "captured": amount(money.captured),
            "applied": amount(money.applied),
            "refunded": amount(money.refunded),
            "refund_due": amount(money.refund_due),
            "suspense": amount(money.suspense),
        },
        "metadata": payment.terms.metadata,
        "successor": payment.successor.map(|no| no.to_string()),
        "version": payment.version.0,
        "cashier_url": null,
    }))
}

async fn payable_action(
    app: &App,
    payment: &Payment,
    order: &ChannelOrder,
    now: Timestamp,
) -> Result<Option<Action>, Failure> {
    let payable = order.state == ChannelOrderState::Pending
        && payment.state == PaymentState::Paying
        && now < payment.terms.expires_at;
    if payable {
        app.action(payment, order, now).await
    } else {
        Ok(None)
    }
}

fn channel_order(payment: &Payment, order: &ChannelOrder, given: Option<Action>) -> Value {
    let expires_at = order.action_expires_at.unwrap_or(payment.terms.expires_at);
    let capture = payment
        .captures
        .iter()
        .find(|capture| capture.channel_order_no == order.no);
    json!({
        "channel_order_no": order.no.to_string(),
        "channel": order.channel().name(),
        "method": order.method().name(),
        "bank": order.bank.as_ref().map(|bank| bank.as_str()),
        "state": channel_order_state(order.state),
        "action": given.map(|given| action(&given, expires_at)),
        "channel_trade_no": capture.map(|capture| capture.trade_no.as_str()),
    })
}

fn action(action: &Action, expires_at: Timestamp) -> Value {
    let expires_at = rfc3339(expires_at);
    match action {
        Action::Redirect { url } => {
            json!({ "type": "redirect", "url": url, "expires_at": expires_at })
        }
        Action::Qr { content } => {
            json!({ "type": "qr", "content": content, "expires_at": expires_at })
        }
        Action::Form { url, fields } => {
            json!({ "type": "form", "url": url, "fields": fields, "expires_at": expires_at })
        }
        Action::Jsapi { parameters } => {
            json!({ "type": "jsapi", "parameters": parameters, "expires_at": expires_at })
        }
    }
}

/// A refund. The merchant's own number is shown beside ours.
#[must_use]
pub fn refund(refund: &Refund) -> Value {
    // An operator's proposal has a number too, and it is not the merchant's.
    let of_merchant = refund.cause == RefundCause::MerchantRequest;
    let request = refund.request.as_ref().filter(|_| of_merchant);
    json!({
        "refund_no": refund.no.to_string(),
        "merchant_refund_no": request.map(|request| request.as_str()),
        "channel_order_no": refund.channel_order_no.to_string(),
        "cause": refund.cause.name(),
        "amount": amount(refund.amount),
        "state": refund.state.name(),
    })
}

/// An amount.
#[must_use]
pub fn amount(money: Money) -> Value {
    json!({ "value": money.minor(), "currency": money.currency().code() })
}

/// The name of a payment's state.
#[must_use]
pub const fn payment_state(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Created => "created",
        PaymentState::Paying => "paying",
        PaymentState::Paid => "paid",
        PaymentState::Closing => "closing",
        PaymentState::Closed => "closed",
    }
}

/// The name of an attempt's state.
#[must_use]
pub const fn channel_order_state(state: ChannelOrderState) -> &'static str {
    match state {
        ChannelOrderState::Submitted => "submitted",
        ChannelOrderState::Pending => "pending",
        ChannelOrderState::Closing => "closing",
        ChannelOrderState::Paid => "paid",
        ChannelOrderState::Failed => "failed",
        ChannelOrderState::Closed => "closed",
    }
}
