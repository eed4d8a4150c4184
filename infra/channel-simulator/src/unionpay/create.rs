//! Consume (消费): a browser posts the merchant's form, or a shop sends the buyer's code.
//!
//! `orderId` and `txnTime` together name a transaction. The same pair again is the same one; the same
//! number with another time is a second transaction, which can be paid beside the first.

use std::collections::BTreeMap;

use super::{
    CASHIER_PATH,
    message::Wrong,
    request::{Call, Kind},
    resp_code::{BAD_FORMAT, DUPLICATE, NOT_COMPLETED},
};
use crate::{
    books::{Channel, Order, OrderState},
    clock::Moment,
    simulator::{World, unguessable},
};

/// How far `txnTime` may be from now, by the merchants' clock: the virtual one may be days ahead of it.
const TXN_TIME_TOLERANCE_MS: u64 = 15 * 60 * 1000;
/// A page that names no end can be paid for a day.
const PAGE_LIFE_SECONDS: i64 = 86_400;
/// A buyer who was asked for a password has so long to type it.
const CODE_LIFE_SECONDS: i64 = 600;

/// The fields that must be the same when a form is posted again.
const TERMS: [&str; 14] = [
    "bizType",
    "channelType",
    "txnSubType",
    "txnAmt",
    "currencyCode",
    "frontUrl",
    "backUrl",
    "payTimeout",
    "issInsCode",
    "reqReserved",
    "riskRateInfo",
    "orderDesc",
    "qrNo",
    "termId",
];

/// Finds the transaction that the form names, or makes it.
pub(crate) fn open(world: &mut World, call: &Call) -> Result<Order, Wrong> {
    let now = world.now();
    if let Some(order) = existing(world, call, now) {
        order.create_requests += 1;
        return if order.terms == terms(call) {
            Ok(order.clone())
        } else {
            Err(Wrong::new(DUPLICATE, "orderId"))
        };
    }
    add(world, call, now)
}

/// A transaction by code is never sent twice: the second time it is a duplicate.
pub(crate) fn begin(world: &mut World, call: &Call) -> Result<Order, Wrong> {
    let now = world.now();
    if let Some(order) = existing(world, call, now) {
        order.create_requests += 1;
        return Err(Wrong::new(DUPLICATE, "orderId"));
    }
    add(world, call, now)
}

fn existing<'a>(world: &'a mut World, call: &Call, now: Moment) -> Option<&'a mut Order> {
    let (account, number) = (call.account.name(), call.seen("orderId"));
    let txn_time = call.seen("txnTime");
    world.books.find_where(now, |order| {
        is_of(order, account) && order.channel_order_no == number && txn_time_of(order) == txn_time
    })
}

fn add(world: &mut World, call: &Call, now: Moment) -> Result<Order, Wrong> {
    if is_refund_number(world, call) {
        return Err(Wrong::new(DUPLICATE, "orderId"));
    }
    let txn_time = Moment::from_beijing_compact(call.seen("txnTime"))
        .ok_or_else(|| Wrong::new(BAD_FORMAT, "txnTime"))?;
    let real_now = world.clock.wall();
    let apart = real_now
        .millis_until(txn_time)
        .max(txn_time.millis_until(real_now));
    if apart > TXN_TIME_TOLERANCE_MS {
        return Err(Wrong::new(BAD_FORMAT, "txnTime"));
    }
    let life = match call.kind {
        Kind::CodeConsume => CODE_LIFE_SECONDS,
        Kind::Consume | Kind::Undo | Kind::Refund | Kind::Reversal | Kind::Query | Kind::File => {
            PAGE_LIFE_SECONDS
        }
    };
    let expires_at = call
        .get("payTimeout")
        .and_then(Moment::from_beijing_compact)
        .unwrap_or(now.plus_seconds(life));
    if expires_at <= now {
        return Err(Wrong::new(NOT_COMPLETED, "payTimeout"));
    }
    let mut order = make(world, call, now, expires_at);
    let twins = world
        .books
        .under(order.channel, &order.account, &order.channel_order_no);
    let mut count = 1;
    let mut counted: Vec<_> = twins.collect();
    count += u32::try_from(counted.len()).unwrap_or(0);
    for twin in &mut counted {
        twin.created_count = count;
    }
    order.created_count = count;
    world.books.add(order.clone());
    Ok(order)
}

/// Whether the number is one of the merchant's refunds: numbers are one space.
pub(crate) fn is_refund_number(world: &mut World, call: &Call) -> bool {
    let (account, number) = (call.account.name(), call.seen("orderId"));
    let now = world.now();
    let has_it = |order: &Order| is_of(order, account) && order.refund_numbered(number).is_some();
    world.books.find_where(now, has_it).is_some()
}

/// Whether the order is this merchant's at UnionPay.
pub(crate) fn is_of(order: &Order, account: &str) -> bool {
    order.channel == Channel::Unionpay && order.account == account
}

/// The time that names the transaction together with its number.
pub(crate) fn txn_time_of(order: &Order) -> &str {
    order.attributes.get("txnTime").map_or("", String::as_str)
}

/// 21 digits that name a transaction at UnionPay, and the six digits that trace it.
pub(crate) fn next_query_id(world: &mut World, now: Moment) -> (String, String) {
    let (run, number) = (world.numbers.run(), world.numbers.take());
    let trace_no = format!("{:06}", number % 1_000_000);
    let time = now.beijing_compact().split_off(2);
    let query_id = format!("{:02}{time}{trace_no}{}", run % 100, run / 100 % 10);
    (query_id, trace_no)
}

fn make(world: &mut World, call: &Call, now: Moment, expires_at: Moment) -> Order {
    let (query_id, trace_no) = next_query_id(world, now);
    let mut attributes = BTreeMap::from([
        ("txnTime".to_owned(), call.seen("txnTime").to_owned()),
        ("traceNo".to_owned(), trace_no),
    ]);
    if let Some(bank) = call.get("issInsCode") {
        attributes.insert("bank".to_owned(), bank.to_owned());
    }
    let page_code = unguessable();
    if call.kind == Kind::CodeConsume {
        // Where the buyer's phone asks for the password. A page has its address from its form.
        let page = format!("{CASHIER_PATH}/{page_code}");
        attributes.insert("page".to_owned(), page);
    }
    let owned = |name| call.get(name).map(str::to_owned);
    Order {
        channel: Channel::Unionpay,
        account: call.account.name().to_owned(),
        channel_order_no: call.seen("orderId").to_owned(),
        trade_no: query_id,
        method: if call.kind == Kind::CodeConsume {
            "code".to_owned()
        } else {
            "gateway".to_owned()
        },
        state: OrderState::Waiting,
        amount: call.amount(),
        subject: subject(call),
        terms: terms(call),
        attributes,
        notify_url: owned("backUrl"),
        return_url: owned("frontUrl"),
        quit_url: None,
        page_code,
        created_at: now,
        expires_at,
        closed_at: None,
        captures: Vec::new(),
        refunds: Vec::new(),
        created_count: 1,
        create_requests: 1,
    }
}

fn terms(call: &Call) -> BTreeMap<String, String> {
    let present = TERMS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), call.get(name)?.to_owned())));
    present.collect()
}

/// What is bought, if the merchant says so: in `orderDesc` or among the facts for risk control.
fn subject(call: &Call) -> String {
    let named = || {
        let facts = call.get("riskRateInfo")?.trim_matches(['{', '}']);
        let pairs = facts.split('&').filter_map(|pair| pair.split_once('='));
        let mut names = pairs.filter(|(name, _)| *name == "commodityName");
        names.next().map(|(_, value)| value)
    };
    let subject = call.get("orderDesc").or_else(named);
    subject.unwrap_or_default().to_owned()
}
