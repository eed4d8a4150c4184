//! How bills are written: UTF-8 with a byte order mark, lines that end in CRLF, and a backtick before
//! every value, so that no spreadsheet takes a number for one.
//!
//! The set of columns depends on the kind of bill. A summary of two lines stands at the end.

use super::{Account, bill::BillType, operations::trade_type};
use crate::{
    bills::BillLine,
    books::{Refund, RefundState},
    money::yuan,
};

const BOM: &str = "\u{feff}";
const FEE_RATE: &str = "0.60%";

/// What the account held when the day began. It is the same on every day, because nobody pays out.
const OPENING_BALANCE: i64 = 100_000_000;

const TRADE_SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const FUND_FLOW_COLUMNS: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const FUND_FLOW_SUMMARY: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// In which bills a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Every,
    /// Bills that list refunds.
    Refunds,
    /// Bills that list nothing else.
    RefundsOnly,
}

impl In {
    fn includes(self, bill_type: BillType) -> bool {
        match (self, bill_type) {
            (Self::Every, BillType::All | BillType::Success | BillType::Refund)
            | (Self::Refunds, BillType::All | BillType::Refund)
            | (Self::RefundsOnly, BillType::Refund) => true,
            (Self::Refunds, BillType::Success)
            | (Self::RefundsOnly, BillType::All | BillType::Success) => false,
        }
    }
}

pub(crate) fn trade(account: &Account, bill_type: BillType, lines: &[BillLine]) -> String {
    let columns: Vec<(&str, In, Value)> = columns();
    let columns: Vec<_> = columns
        .into_iter()
        .filter(|(_, place, _)| place.includes(bill_type))
        .collect();
    let names: Vec<_> = columns.iter().map(|(name, _, _)| *name).collect();
    let mut text = format!("{BOM}{}\r\n", names.join(","));
    for line in lines {
        let values: Vec<_> = columns
            .iter()
            .map(|(_, _, value)| value(account, line))
            .collect();
        text.push_str(&row(&values));
    }
    let sum = |of: fn(&BillLine) -> i64| lines.iter().map(of).sum::<i64>();
    text.push_str(&format!("{TRADE_SUMMARY}\r\n"));
    text.push_str(&row(&[
        lines.len().to_string(),
        yuan(sum(ordered)),
        yuan(sum(refunded)),
        yuan(0),
        five_decimals(sum(signed_fee)),
        yuan(sum(ordered)),
        yuan(sum(refunded)),
    ]));
    text
}

type Value = fn(&Account, &BillLine) -> String;

/// Every column with the bills that it stands in, and what it says of a line.
fn columns() -> Vec<(&'static str, In, Value)> {
    use In::{Every, Refunds, RefundsOnly};
    vec![
        ("交易时间", Every, |_, line| line.at.beijing()),
        ("公众账号ID", Every, |account, _| {
            account.appid().to_owned()
        }),
        ("商户号", Every, |account, _| account.mchid().to_owned()),
        ("特约商户号", Every, |_, _| "0".to_owned()),
        ("设备号", Every, |_, _| String::new()),
        ("微信订单号", Every, |_, line| {
            line.order.trade_no.clone()
        }),
        ("商户订单号", Every, |_, line| {
            line.order.channel_order_no.clone()
        }),
        ("用户标识", Every, |_, line| attribute(line, "openid")),
        ("交易类型", Every, |_, line| {
            trade_type(&line.order).to_owned()
        }),
        ("交易状态", Every, |_, line| {
            trade_state(line).to_owned()
        }),
        ("付款银行", Every, |_, _| "OTHERS".to_owned()),
        ("货币种类", Every, |_, _| "CNY".to_owned()),
        ("应结订单金额", Every, |_, line| yuan(ordered(line))),
        ("代金券金额", Every, |_, _| yuan(0)),
        ("退款申请时间", RefundsOnly, |_, line| {
            line.at.beijing()
        }),
        ("退款成功时间", RefundsOnly, |_, line| {
            match (&line.refund, line.state) {
                (Some(refund), RefundState::Succeeded) => refund.settles_at.beijing(),
                (Some(_) | None, _) => String::new(),
            }
        }),
        ("微信退款单号", Refunds, |_, line| {
            of_refund(line, |refund| refund.channel_refund_no.clone(), "0")
        }),
        ("商户退款单号", Refunds, |_, line| {
            of_refund(line, |refund| refund.refund_no.clone(), "0")
        }),
        ("退款金额", Refunds, |_, line| yuan(refunded(line))),
        ("充值券退款金额", Refunds, |_, _| yuan(0)),
        ("退款类型", Refunds, |_, line| {
            of_refund(line, |_| "ORIGINAL".to_owned(), "")
        }),
        ("退款状态", Refunds, |_, line| {
            refund_state(line).to_owned()
        }),
        ("商品名称", Every, |_, line| line.order.subject.clone()),
        ("商户数据包", Every, |_, line| {
            attribute(line, "attach")
        }),
        ("手续费", Every, |_, line| {
            five_decimals(signed_fee(line))
        }),
        ("费率", Every, |_, _| FEE_RATE.to_owned()),
        ("订单金额", Every, |_, line| yuan(ordered(line))),
        ("申请退款金额", Refunds, |_, line| {
            yuan(refunded(line))
        }),
        ("费率备注", Every, |_, _| String::new()),
    ]
}

/// The flow of money: what came, the fee that was taken of it, and what went back.
pub(crate) fn fund_flow(account: &Account, lines: &[BillLine]) -> String {
    let mut text = format!("{BOM}{FUND_FLOW_COLUMNS}\r\n");
    let mut balance = OPENING_BALANCE;
    let (mut incomes, mut expenses) = (Vec::new(), Vec::new());
    for line in lines {
        let net_refund = line.amount - line.fee;
        let flows = match &line.refund {
            None => vec![
                ("交易", line.amount, String::new()),
                ("扣除交易手续费", -line.fee, String::new()),
            ],
            Some(_) => {
                let said = format!(
                    "退款总金额{}元;含手续费{}元",
                    yuan(line.amount),
                    yuan(line.fee)
                );
                vec![("退款", -net_refund, said)]
            }
        };
        for (business, change, note) in flows.into_iter().filter(|(_, change, _)| *change != 0) {
            balance += change;
            if change > 0 {
                incomes.push(change);
            } else {
                expenses.push(-change);
            }
            text.push_str(&row(&[
                line.at.beijing(),
                of_refund(
                    line,
                    |refund| refund.channel_refund_no.clone(),
                    &line.order.trade_no,
                ),
                line.order.trade_no.clone(),
                business.to_owned(),
                business.to_owned(),
                if change > 0 { "收入" } else { "支出" }.to_owned(),
                yuan(change.abs()),
                yuan(balance),
                format!("{}API", account.mchid()),
                note,
                line.order.channel_order_no.clone(),
            ]));
        }
    }
    text.push_str(&format!("{FUND_FLOW_SUMMARY}\r\n"));
    text.push_str(&row(&[
        (incomes.len() + expenses.len()).to_string(),
        incomes.len().to_string(),
        yuan(incomes.iter().sum()),
        expenses.len().to_string(),
        yuan(expenses.iter().sum()),
    ]));
    text
}

fn trade_state(line: &BillLine) -> &'static str {
    let is_revoked =
        line.order.attributes.get("trade_state").map(String::as_str) == Some("REVOKED");
    match (&line.refund, line.state) {
        (None, RefundState::Succeeded) => "SUCCESS",
        (None, RefundState::Failed | RefundState::Processing | RefundState::Abnormal) => "REVOKED",
        (Some(_), _) if is_revoked => "REVOKED",
        (Some(_), _) => "REFUND",
    }
}

fn refund_state(line: &BillLine) -> &'static str {
    if line.refund.is_none() {
        return "";
    }
    match line.state {
        RefundState::Processing => "PROCESSING",
        RefundState::Succeeded => "SUCCESS",
        RefundState::Failed => "FAIL",
        RefundState::Abnormal => "CHANGE",
    }
}

fn ordered(line: &BillLine) -> i64 {
    if line.refund.is_none() {
        line.amount
    } else {
        0
    }
}

fn refunded(line: &BillLine) -> i64 {
    line.amount - ordered(line)
}

/// A refund gives the fee back.
fn signed_fee(line: &BillLine) -> i64 {
    if line.refund.is_none() {
        line.fee
    } else {
        -line.fee
    }
}

fn five_decimals(fen: i64) -> String {
    format!("{}000", yuan(fen))
}

fn attribute(line: &BillLine, name: &str) -> String {
    let value = line.order.attributes.get(name);
    value.cloned().unwrap_or_default()
}

fn of_refund(line: &BillLine, say: impl Fn(&Refund) -> String, otherwise: &str) -> String {
    let refund = line.refund.as_ref();
    refund.map_or_else(|| otherwise.to_owned(), say)
}

/// A value may hold commas, since a comma only ends it before a backtick; it may not hold what would
/// end the line or look like the next value.
fn row(values: &[String]) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|value| format!("`{}", value.replace(['`', '\r', '\n'], " ")))
        .collect();
    format!("{}\r\n", values.join(","))
}
