//! Notifications to `backUrl`, and the fields that a browser carries to `frontUrl`.
//!
//! A payment is told of only when it has succeeded; a refund or an undo, however it has ended.

use super::{
    Accounts, facts,
    message::form,
    resp_code::{RespCode, SUCCESS},
    sign::Fields,
};
use crate::{
    books::{Order, Refund, RefundState},
    clock::Moment,
    faults::Spoil,
    notice::{Message, Notice},
    simulator::World,
};

/// Waits after the first, second, … attempt that was not acknowledged.
const RETRY_MINUTES: [i64; 4] = [0, 1, 2, 4];

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded;charset=UTF-8";

/// The wait before the next attempt, given how many were made before the one that just failed.
pub(crate) fn retry_after_seconds(attempts_before: usize) -> Option<i64> {
    RETRY_MINUTES
        .get(attempts_before)
        .map(|minutes| minutes * 60)
}

/// The status alone means that the merchant has heard.
pub(crate) fn is_acknowledged(status: u16) -> bool {
    matches!(status, 200 | 302)
}

/// Puts the news that an order was paid in the queue, if its merchant asked to be told.
pub(crate) fn queue_payment(world: &mut World, accounts: &Accounts, order: &Order) {
    let Some(account) = accounts.by_name(&order.account) else {
        return;
    };
    let fields = told(facts::payment(account.mer_id(), order), SUCCESS);
    queue(world, order, order.notify_url.as_ref(), fields);
}

/// The same for a refund or an undo that has ended. One whose money has not arrived anywhere has
/// not, and a return that no merchant has asked for is told to nobody.
pub(crate) fn queue_refund(world: &mut World, accounts: &Accounts, order: &Order, refund: &Refund) {
    let Some(account) = accounts.by_name(&order.account) else {
        return;
    };
    let has_ended = match refund.state {
        RefundState::Succeeded | RefundState::Failed => true,
        RefundState::Processing | RefundState::Abnormal => false,
    };
    if has_ended {
        let code = facts::of_refund(refund);
        let fields = told(facts::refund(account.mer_id(), order, refund), code);
        queue(world, order, refund.attributes.get("backUrl"), fields);
    }
}

/// The form of one attempt.
pub(crate) fn wire(accounts: &Accounts, notice: &Notice, _now: Moment, spoil: Spoil) -> Message {
    let sealed = accounts.authority.seal(notice.fields.clone(), spoil);
    Message {
        content_type: CONTENT_TYPE,
        headers: Vec::new(),
        body: form(&sealed),
    }
}

/// What the browser carries back to the merchant. It proves nothing, though it is signed.
pub(crate) fn return_fields(accounts: &Accounts, order: &Order) -> Option<Fields> {
    let account = accounts.by_name(&order.account)?;
    let fields = told(facts::payment(account.mer_id(), order), SUCCESS);
    Some(accounts.authority.seal(fields, Spoil::Nothing))
}

fn told(mut fields: Fields, code: RespCode) -> Fields {
    fields.insert("respCode".to_owned(), code.code.to_owned());
    fields.insert("respMsg".to_owned(), code.message());
    fields
}

fn queue(world: &mut World, order: &Order, url: Option<&String>, fields: Fields) {
    let Some(url) = url else {
        return;
    };
    let now = world.now();
    let (run, number) = (world.numbers.run(), world.numbers.take());
    world.notices.add(Notice {
        channel: order.channel,
        account: order.account.clone(),
        channel_order_no: order.channel_order_no.clone(),
        notify_id: format!("unionpay-{run:06}-{number}"),
        url: url.clone(),
        fields,
        attempts: 0,
        due_at: now,
        is_being_sent: false,
    });
}
