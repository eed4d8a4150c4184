//! Bills: what a channel's file says of one account's day, with the errors that a test asked for.
//!
//! | discrepancy | what happens to the line |
//! |---|---|
//! | `drop` | it is left out |
//! | `add` | a line appears for a payment that the books do not know |
//! | `change_amount` | its amount is 1 fen more than in the books |
//! | `change_fee` | its fee is 2 fen more than agreed, which no rounding explains |
//! | `change_state` | it says that what succeeded has failed, or the reverse |
//! | `duplicate` | it stands there twice |
//! | `next_day` | it is left out here and stands in the next day's file |
//! | `late` | none: the whole file is made two hours later than on other days |
//!
//! Any other discrepancy concerns one line: of the order and the refund that it names, or the day's first. How
//! a line is written is the channel's business.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    books::{Capture, Channel, Order, OrderState, Refund, RefundState},
    clock::{Day, Moment},
    simulator::World,
};

/// What merchants pay for a payment: 0.6 %, as most of them do.
const FEE_PER_MILLE: i64 = 6;

/// How much later a file is made that is late.
const LATE_SECONDS: i64 = 2 * 3600;

/// See the module's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DiscrepancyKind {
    Drop,
    Add,
    ChangeAmount,
    ChangeFee,
    ChangeState,
    Duplicate,
    NextDay,
    Late,
}

/// One error that a bill is to contain.
#[derive(Clone, Debug)]
pub(crate) struct Discrepancy {
    pub(crate) channel: Channel,
    pub(crate) account: String,
    pub(crate) day: Day,
    pub(crate) kind: DiscrepancyKind,
    pub(crate) channel_order_no: Option<String>,
    pub(crate) refund_no: Option<String>,
}

impl Discrepancy {
    fn concerns(&self, line: &BillLine) -> bool {
        let refund_no = line.refund.as_ref().map(|refund| &refund.refund_no);
        let is_order = |number: &String| *number == line.order.channel_order_no;
        self.channel_order_no.as_ref().is_none_or(is_order)
            && (self.refund_no.is_none() || self.refund_no.as_ref() == refund_no)
    }
}

/// The discrepancies that were asked for. Like faults they belong to one run.
#[derive(Debug, Default)]
pub(crate) struct Discrepancies(Vec<Discrepancy>);

impl Discrepancies {
    pub(crate) fn add(&mut self, discrepancy: Discrepancy) {
        self.0.push(discrepancy);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// One line of a bill: money that came, or money that went back.
#[derive(Clone, Debug)]
pub(crate) struct BillLine {
    pub(crate) order: Order,
    /// None for a payment.
    pub(crate) refund: Option<Refund>,
    /// In fen, never negative: a refund is one because `refund` says so.
    pub(crate) amount: i64,
    /// In fen: taken with a payment, given back with a refund.
    pub(crate) fee: i64,
    pub(crate) at: Moment,
    /// Payments have always succeeded, unless a discrepancy says otherwise.
    pub(crate) state: RefundState,
}

impl BillLine {
    fn payment(order: &Order, capture: &Capture) -> Self {
        Self {
            order: order.clone(),
            refund: None,
            amount: capture.amount,
            fee: fee(capture.amount),
            at: capture.at,
            state: RefundState::Succeeded,
        }
    }

    fn refund(order: &Order, refund: &Refund) -> Self {
        Self {
            order: order.clone(),
            refund: Some(refund.clone()),
            amount: refund.amount,
            fee: fee(refund.amount),
            at: refund.at,
            state: refund.state,
        }
    }

    /// A line for a payment that never was.
    fn foreign(discrepancy: &Discrepancy, number: u64) -> Self {
        let at = discrepancy.day.start().plus_seconds(12 * 3600);
        let channel_order_no = discrepancy
            .channel_order_no
            .clone()
            .unwrap_or_else(|| format!("FOREIGN{number:012}"));
        let amount = 1234;
        let order = Order {
            channel: discrepancy.channel,
            account: discrepancy.account.clone(),
            channel_order_no,
            trade_no: format!("{}9{number:017}", discrepancy.day.compact()),
            method: "native".to_owned(),
            state: OrderState::Paid,
            amount,
            subject: "foreign".to_owned(),
            terms: std::collections::BTreeMap::new(),
            attributes: std::collections::BTreeMap::new(),
            notify_url: None,
            return_url: None,
            quit_url: None,
            page_code: String::new(),
            created_at: at,
            expires_at: at,
            closed_at: None,
            captures: vec![Capture { amount, at }],
            refunds: Vec::new(),
            created_count: 1,
            create_requests: 1,
        };
        Self {
            refund: None,
            amount,
            fee: fee(amount),
            at,
            state: RefundState::Succeeded,
            order,
        }
    }

    /// The line as the control API shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "kind": if self.refund.is_some() { "refund" } else { "payment" },
            "channel_order_no": self.order.channel_order_no,
            "trade_no": self.order.trade_no,
            "refund_no": self.refund.as_ref().map(|refund| &refund.refund_no),
            "amount": self.amount,
            "fee": self.fee,
            "at": self.at.rfc3339(),
            "state": self.state.name(),
        })
    }
}

/// Rounded half up to whole fen.
fn fee(amount: i64) -> i64 {
    (amount * FEE_PER_MILLE + 500) / 1000
}

/// The day in whose file a moment belongs. UnionPay's settlement day ends at 23:00.
pub(crate) fn day_of(channel: Channel, at: Moment) -> Day {
    match channel {
        Channel::Alipay | Channel::Wechat => at.day_in_beijing(),
        Channel::Unionpay => at.plus_seconds(3600).day_in_beijing(),
    }
}

/// Whether the file of an account's day is made: at nine on the next morning, at WeChat Pay at ten.
pub(crate) fn is_ready(world: &World, channel: Channel, account: &str, day: Day) -> bool {
    let hour = match channel {
        Channel::Alipay | Channel::Unionpay => 9,
        Channel::Wechat => 10,
    };
    let is_late = world.discrepancies.0.iter().any(|asked| {
        asked.kind == DiscrepancyKind::Late
            && (asked.channel, asked.account.as_str(), asked.day) == (channel, account, day)
    });
    let late = if is_late { LATE_SECONDS } else { 0 };
    world.now() >= day.next().start().plus_seconds(hour * 3600 + late)
}

/// The lines of one account's day in the order of time, as the file is to show them.
pub(crate) fn lines(world: &mut World, channel: Channel, account: &str, day: Day) -> Vec<BillLine> {
    let mut lines = true_lines(world, channel, account, day);
    let (mut late, asked) = (Vec::new(), world.discrepancies.0.clone());
    for (number, discrepancy) in (1..).zip(&asked) {
        if discrepancy.channel != channel || discrepancy.account != account {
            continue;
        }
        if discrepancy.day == day {
            apply(discrepancy, number, &mut lines);
        } else if discrepancy.kind == DiscrepancyKind::NextDay && discrepancy.day.next() == day {
            let yesterdays = true_lines(world, channel, account, discrepancy.day);
            late.extend(
                yesterdays
                    .into_iter()
                    .find(|line| discrepancy.concerns(line)),
            );
        }
    }
    late.extend(lines);
    late
}

fn true_lines(world: &mut World, channel: Channel, account: &str, day: Day) -> Vec<BillLine> {
    let now = world.now();
    let mut lines = Vec::new();
    for order in world.books.known(now) {
        if order.channel != channel || order.account != account {
            continue;
        }
        let captures = order.captures.iter();
        lines.extend(captures.map(|capture| BillLine::payment(order, capture)));
        let refunds = order.refunds.iter();
        lines.extend(refunds.map(|refund| BillLine::refund(order, refund)));
    }
    lines.retain(|line| day_of(channel, line.at) == day);
    lines.sort_by_key(|line| line.at);
    lines
}

fn apply(discrepancy: &Discrepancy, number: u64, lines: &mut Vec<BillLine>) {
    match discrepancy.kind {
        DiscrepancyKind::Add => return lines.push(BillLine::foreign(discrepancy, number)),
        DiscrepancyKind::Late => return,
        DiscrepancyKind::Drop
        | DiscrepancyKind::ChangeAmount
        | DiscrepancyKind::ChangeFee
        | DiscrepancyKind::ChangeState
        | DiscrepancyKind::Duplicate
        | DiscrepancyKind::NextDay => {}
    }
    let Some(index) = lines.iter().position(|line| discrepancy.concerns(line)) else {
        return;
    };
    match discrepancy.kind {
        DiscrepancyKind::Drop | DiscrepancyKind::NextDay => {
            lines.remove(index);
        }
        DiscrepancyKind::Duplicate => lines.insert(index, lines[index].clone()),
        DiscrepancyKind::ChangeAmount => lines[index].amount += 1,
        DiscrepancyKind::ChangeFee => lines[index].fee += 2,
        DiscrepancyKind::ChangeState => {
            lines[index].state = match lines[index].state {
                RefundState::Succeeded => RefundState::Failed,
                RefundState::Processing | RefundState::Failed | RefundState::Abnormal => {
                    RefundState::Succeeded
                }
            };
        }
        DiscrepancyKind::Add | DiscrepancyKind::Late => {}
    }
}
