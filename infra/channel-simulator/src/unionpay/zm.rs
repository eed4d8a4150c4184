//! Lines of the settlement file's tables: fields of fixed width with one space between them.
//!
//! Only the code of a plain consume is known from a real file (`S56`). The column of the transaction
//! type says the same in the codes of the interface, and is what a reader should go by.

use super::create::txn_time_of;
use crate::{bills::BillLine, clock::Moment};

/// Widths of the 42 columns of a transaction; 607 bytes with the spaces.
const TRANSACTION: [usize; 42] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];

/// Widths of the 22 columns of a dispute.
const DISPUTE: [usize; 22] = [
    3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135,
];

const ACQUIRER: &str = "88022900";
const FORWARDER: &str = "00049993";
const CARD: &str = "622609******0048";
const MERCHANT_CATEGORY: &str = "4899";
const TERMINAL: &str = "01080209";

/// What both tables say of a line.
struct Facts {
    trace_no: String,
    /// `MMDDhhmmss`.
    time: String,
    amount: String,
    fee: String,
    net: String,
    txn_type: String,
    code: &'static str,
    query_id: String,
    number: String,
}

fn facts(line: &BillLine) -> Facts {
    let twelve = |fen: i64| format!("{fen:012}");
    let (order, net) = (&line.order, line.amount - line.fee);
    let attribute = |name: &str| match &line.refund {
        Some(refund) => refund.attributes.get(name).cloned(),
        None => order.attributes.get(name).cloned(),
    };
    let txn_type = match &line.refund {
        None => "01".to_owned(),
        Some(_) => attribute("txnType").unwrap_or_else(|| "04".to_owned()),
    };
    let (query_id, number) = match &line.refund {
        Some(refund) => (&refund.channel_refund_no, &refund.refund_no),
        None => (&order.trade_no, &order.channel_order_no),
    };
    Facts {
        trace_no: attribute("traceNo").unwrap_or_else(|| "000000".to_owned()),
        time: month_to_second(line.at),
        amount: twelve(line.amount),
        // D takes from the merchant, C gives to it; a refund gives its fee back.
        fee: sign(line.refund.is_some(), &twelve(line.fee)),
        net: sign(line.refund.is_none(), &twelve(net)),
        code: match txn_type.as_str() {
            "01" => "S56",
            "31" | "99" => "S31",
            _ => "S30",
        },
        txn_type,
        query_id: last(query_id, 21),
        number: number.clone(),
    }
}

/// One line of ZM, with its end.
pub(crate) fn transaction(line: &BillLine, mer_id: &str) -> String {
    let said = facts(line);
    let order = &line.order;
    let term = |name: &str| order.terms.get(name).map_or("", String::as_str);
    let original = line.refund.as_ref().map(|_| order);
    let (original_trace, original_time) = match original {
        Some(order) => (
            order.attributes.get("traceNo").cloned().unwrap_or_default(),
            order.paid_at().map(month_to_second).unwrap_or_default(),
        ),
        None => (String::new(), String::new()),
    };
    let terminal = match term("channelType") {
        "" => "07",
        kind => kind,
    };
    let reserved = match &line.refund {
        Some(refund) => refund.attributes.get("reqReserved"),
        None => order.terms.get("reqReserved"),
    };
    let original_query_id = original.map(|order| last(&order.trade_no, 21));
    let columns: [&str; 42] = [
        said.code,
        ACQUIRER,
        FORWARDER,
        &said.trace_no,
        &said.time,
        CARD,
        &said.amount,
        MERCHANT_CATEGORY,
        terminal,
        &said.query_id,
        "01",
        &said.number,
        "01",
        &original_trace,
        &original_time,
        &said.fee,
        &said.net,
        "0001",
        "",
        &said.txn_type,
        line.refund.as_ref().map_or(term("txnSubType"), |_| "00"),
        match term("bizType") {
            "" => "000201",
            product => product,
        },
        "",
        "",
        "",
        "",
        original_query_id.as_deref().unwrap_or_default(),
        mer_id,
        "",
        "000000000000000",
        "",
        " 000000000000",
        &said.net,
        TERMINAL,
        reserved.map_or("", String::as_str),
        " 000000000000",
        " 000000000000",
        " 00000000000",
        "",
        "7",
        original.map_or("", |order| order.channel_order_no.as_str()),
        "",
    ];
    row(&TRANSACTION, &columns)
}

/// One line of ZME, with its end.
pub(crate) fn dispute(line: &BillLine, mer_id: &str) -> String {
    let said = facts(line);
    let day = txn_time_of(&line.order).get(4..8).unwrap_or_default();
    let columns: [&str; 22] = [
        "E74",
        ACQUIRER,
        FORWARDER,
        &said.trace_no,
        &said.time,
        CARD,
        &said.amount,
        MERCHANT_CATEGORY,
        "07",
        "01",
        &said.trace_no,
        &said.time,
        day,
        &said.amount,
        &said.fee,
        &said.net,
        "",
        mer_id,
        "",
        "",
        "",
        "",
    ];
    row(&DISPUTE, &columns)
}

fn row(widths: &[usize], columns: &[&str]) -> String {
    let fields: Vec<_> = widths
        .iter()
        .zip(columns)
        .map(|(width, text)| field(text, *width))
        .collect();
    format!("{}\r\n", fields.join(" "))
}

/// Exactly so many bytes. A number of more than 32 characters loses its end here, as it does in the
/// real file; letters that are not ASCII have no place in it.
fn field(text: &str, width: usize) -> String {
    let ascii = text
        .chars()
        .map(|one| if one.is_ascii() { one } else { '?' });
    let cut: String = ascii.take(width).collect();
    format!("{cut:<width$}")
}

fn month_to_second(at: Moment) -> String {
    at.beijing_compact().split_off(4)
}

fn sign(gives: bool, amount: &str) -> String {
    format!("{}{amount}", if gives { 'C' } else { 'D' })
}

/// The end of a number that is too long. Only lines for payments that never were have one.
fn last(number: &str, width: usize) -> String {
    let start = number.len().saturating_sub(width);
    number.get(start..).unwrap_or(number).to_owned()
}
