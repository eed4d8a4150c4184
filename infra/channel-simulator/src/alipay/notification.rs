//! Asynchronous notifications (异步通知) and the parameters of the browser's way back.
//!
//! Both are forms signed over everything but `sign` and `sign_type`. A refund has no notification of
//! its own: the trade's is sent again with the refund in it, and a full refund says `TRADE_CLOSED`.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Account, Accounts, amount::one_fen_more, amount::yuan, sign};
use crate::{
    books::{Order, OrderState, Refund, RefundState},
    clock::Moment,
    faults::Spoil,
    notice::{Message, Notice},
    simulator::World,
};

/// Waits after the first, second, … attempt that was not acknowledged.
const RETRY_MINUTES: [i64; 7] = [4, 10, 10, 60, 120, 360, 900];

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The amounts that a channel in error would get wrong together.
const AMOUNTS: [&str; 4] = [
    "total_amount",
    "receipt_amount",
    "buyer_pay_amount",
    "invoice_amount",
];

/// One buyer pays for everything; merchants must not build on it.
pub(crate) const BUYER_ID: &str = "2088102122524333";
pub(crate) const BUYER_LOGON_ID: &str = "159****5620";

/// The wait before the next attempt, given how many were made before the one that just failed.
pub(crate) fn retry_after_seconds(attempts_before: usize) -> Option<i64> {
    RETRY_MINUTES
        .get(attempts_before)
        .map(|minutes| minutes * 60)
}

/// Only seven bytes and HTTP 200 mean that the merchant has heard.
pub(crate) fn is_acknowledged(status: u16, body: &[u8]) -> bool {
    status == 200 && body == b"success"
}

/// The word that Alipay has for an order's state.
pub(crate) fn trade_status(order: &Order) -> &'static str {
    match order.state {
        OrderState::Announced | OrderState::Waiting => "WAIT_BUYER_PAY",
        OrderState::Paid => "TRADE_SUCCESS",
        OrderState::Refunded | OrderState::Closed => "TRADE_CLOSED",
    }
}

/// Puts the news about an order in the queue, if its merchant asked to be told. A refund that a bank
/// has sent back is no news: merchants find it in the bill, or when they ask.
pub(crate) fn queue(
    world: &mut World,
    accounts: &Accounts,
    order: &Order,
    refund: Option<&Refund>,
) {
    let has_failed = |refund: &Refund| match refund.state {
        RefundState::Failed | RefundState::Abnormal => true,
        RefundState::Processing | RefundState::Succeeded => false,
    };
    if refund.is_some_and(has_failed) {
        return;
    }
    let (Some(url), Some(account)) = (&order.notify_url, accounts.by_name(&order.account)) else {
        return;
    };
    let now = world.now();
    let (run, number) = (world.numbers.run(), world.numbers.take());
    let notify_id = format!("{}00222{run:06}{number:015}", now.beijing_day());
    world.notices.add(Notice {
        channel: order.channel,
        account: order.account.clone(),
        channel_order_no: order.channel_order_no.clone(),
        fields: fields(account, order, refund, &notify_id),
        notify_id,
        url: url.clone(),
        attempts: 0,
        due_at: now,
        is_being_sent: false,
    });
}

fn fields(
    account: &Account,
    order: &Order,
    refund: Option<&Refund>,
    notify_id: &str,
) -> BTreeMap<String, String> {
    let paid = yuan(order.captured());
    let funds = json!([{ "amount": paid, "fundChannel": "ALIPAYACCOUNT" }]);
    let mut fields = BTreeMap::from(
        [
            ("notify_type", "trade_status_sync"),
            ("notify_id", notify_id),
            ("app_id", account.app_id()),
            ("auth_app_id", account.app_id()),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("trade_no", &order.trade_no),
            ("out_trade_no", &order.channel_order_no),
            ("trade_status", trade_status(order)),
            ("total_amount", &paid),
            ("receipt_amount", &paid),
            ("buyer_pay_amount", &paid),
            ("invoice_amount", &paid),
            ("point_amount", "0.00"),
            ("gmt_create", &order.created_at.beijing()),
            ("subject", &order.subject),
            ("fund_bill_list", &funds.to_string()),
            ("seller_id", account.seller_id()),
            ("buyer_id", BUYER_ID),
            ("buyer_logon_id", BUYER_LOGON_ID),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("gmt_payment", order.paid_at().map(Moment::beijing));
    add("gmt_close", order.closed_at.map(Moment::beijing));
    add("body", order.terms.get("body").cloned());
    add(
        "passback_params",
        order.terms.get("passback_params").cloned(),
    );
    if let Some(refund) = refund {
        add("refund_fee", Some(yuan(order.refunded())));
        add("gmt_refund", Some(refund.at.beijing_millis()));
        add("out_biz_no", Some(refund.refund_no.clone()));
    }
    fields
}

/// The form of one attempt.
pub(crate) fn wire(accounts: &Accounts, notice: &Notice, now: Moment, spoil: Spoil) -> Message {
    let mut fields = notice.fields.clone();
    fields.insert("notify_time".to_owned(), now.beijing());
    if spoil == Spoil::WrongAmount {
        for name in AMOUNTS {
            if let Some(value) = fields.get_mut(name) {
                *value = one_fen_more(value);
            }
        }
    }
    let account = accounts.by_name(&notice.account);
    Message {
        content_type: CONTENT_TYPE,
        headers: Vec::new(),
        body: sign_form(accounts, account.map(AsRef::as_ref), fields, spoil),
    }
}

/// The address that the browser goes to after paying.
pub(crate) fn return_address(
    accounts: &Accounts,
    account: &Account,
    order: &Order,
    now: Moment,
) -> Option<String> {
    let address = order.return_url.as_deref()?;
    let method = format!("alipay.trade.{}.pay.return", order.method);
    let fields = BTreeMap::from(
        [
            ("out_trade_no", order.channel_order_no.as_str()),
            ("trade_no", &order.trade_no),
            ("total_amount", &yuan(order.captured())),
            ("seller_id", account.seller_id()),
            ("app_id", account.app_id()),
            ("auth_app_id", account.app_id()),
            ("method", &method),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("timestamp", &now.beijing()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let form = sign_form(accounts, Some(account), fields, Spoil::Nothing);
    let (address, fragment) = match address.split_once('#') {
        Some((address, fragment)) => (address, format!("#{fragment}")),
        None => (address, String::new()),
    };
    let joint = if address.contains('?') { '&' } else { '?' };
    Some(format!("{address}{joint}{form}{fragment}"))
}

/// Signs a form. An account that is no longer played has no key left, so only a stranger signs.
fn sign_form(
    accounts: &Accounts,
    account: Option<&Account>,
    mut fields: BTreeMap<String, String>,
    spoil: Spoil,
) -> String {
    let text = sign::signed_text(&fields, &["sign", "sign_type"]);
    let key = match (spoil, account) {
        (Spoil::WrongKey, _) | (_, None) => &accounts.stranger_key,
        (Spoil::Nothing | Spoil::WrongAmount | Spoil::BadSignature, Some(account)) => {
            account.signs_with().0
        }
    };
    let mut signature = key.sign(&text);
    if spoil == Spoil::BadSignature {
        signature = sign::spoil(&signature);
    }
    fields.insert("sign_type".to_owned(), "RSA2".to_owned());
    fields.insert("sign".to_owned(), signature);
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish()
}
