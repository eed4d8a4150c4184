//! The door of the API: verifies who calls, carries the call out, and signs the answer.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    endpoint::Endpoint,
    operations,
    reply::Reply,
    request::{Call, Refusal},
};
use crate::{
    books::Channel,
    connection::Line,
    conversation::{self, Conversation, Topic},
    faults::Spoil,
    journal::Kind,
    simulator::Simulator,
};

/// Every call of a merchant's server.
pub(crate) async fn answer(
    State(simulator): State<Arc<Simulator>>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let accounts = &simulator.accounts.wechat;
    match Call::verify(accounts, &method, &uri, &headers, &body, simulator.wall()) {
        Err(refusal) => refuse(&simulator, &method, &uri, &body, refusal),
        Ok(call) => {
            let topic = Topic {
                channel: Channel::Wechat,
                fault_operation: Some(call.endpoint.fault_operation()),
                name: name(&method, &uri),
                channel_order_no: channel_order_no(&simulator, &call),
            };
            let detail = json!({ "query": call.query, "body": call.body });
            simulator.write(topic.line(Kind::Request, "verified", detail));
            conversation::hold(simulator, line, topic, ServerCall(call)).await
        }
    }
}

/// Refused at the door. The answer is signed when the sender at least was who it said it was.
fn refuse(
    simulator: &Simulator,
    method: &Method,
    uri: &Uri,
    body: &[u8],
    refusal: Refusal,
) -> Response {
    let named = Endpoint::find(method, uri.path());
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let topic = Topic {
        channel: Channel::Wechat,
        fault_operation: None,
        name: name(method, uri),
        channel_order_no: named
            .and_then(|endpoint| endpoint.out_trade_no().map(str::to_owned))
            .or_else(|| Some(said.as_ref()?.get("out_trade_no")?.as_str()?.to_owned())),
    };
    let outcome = format!("refused: {}", refusal.reply.summary());
    simulator.write(topic.line(Kind::Request, &outcome, json!({ "body": said })));
    simulator.write(topic.line(Kind::Answer, "answered", refusal.reply.shown()));
    match &refusal.account {
        Some(account) => {
            let accounts = &simulator.accounts.wechat;
            let style = next_style(simulator);
            refusal
                .reply
                .signed(accounts, account, style, simulator.wall(), Spoil::Nothing)
        }
        None => refusal.reply.unsigned(),
    }
}

fn name(method: &Method, uri: &Uri) -> String {
    let path = uri.path();
    format!("{method} {}", path.strip_prefix("/wechat").unwrap_or(path))
}

/// Calls that name an order only by another number belong to its story all the same.
fn channel_order_no(simulator: &Simulator, call: &Call) -> Option<String> {
    call.out_trade_no().or_else(|| {
        let refund_no = match &call.endpoint {
            Endpoint::RefundQuery { out_refund_no } => Some(out_refund_no.clone()),
            Endpoint::QueryById { .. }
            | Endpoint::Create(_)
            | Endpoint::CodePay
            | Endpoint::Query { .. }
            | Endpoint::Close { .. }
            | Endpoint::Reverse { .. }
            | Endpoint::Refund
            | Endpoint::TradeBill
            | Endpoint::FundFlowBill
            | Endpoint::BillDownload
            | Endpoint::Certificates => None,
        };
        let transaction_id = match &call.endpoint {
            Endpoint::QueryById { transaction_id } => Some(transaction_id.clone()),
            Endpoint::Refund => call.text("transaction_id"),
            Endpoint::RefundQuery { .. }
            | Endpoint::Create(_)
            | Endpoint::CodePay
            | Endpoint::Query { .. }
            | Endpoint::Close { .. }
            | Endpoint::Reverse { .. }
            | Endpoint::TradeBill
            | Endpoint::FundFlowBill
            | Endpoint::BillDownload
            | Endpoint::Certificates => None,
        };
        if refund_no.is_none() && transaction_id.is_none() {
            return None;
        }
        simulator.look(|world| {
            let now = world.now();
            let found = world.books.find_where(now, |order| {
                order.channel == Channel::Wechat
                    && order.account == call.account.name()
                    && (transaction_id.as_ref() == Some(&order.trade_no)
                        || refund_no
                            .as_ref()
                            .is_some_and(|number| order.refund_numbered(number).is_some()))
            });
            found.map(|order| order.channel_order_no.clone())
        })
    })
}

/// Each answer is written in another style than the one before.
fn next_style(simulator: &Simulator) -> u64 {
    simulator.look(|world| world.numbers.next_style())
}

struct ServerCall(Call);

impl Conversation for ServerCall {
    type Answer = Reply;

    fn act(&self, simulator: &Simulator) -> Reply {
        operations::perform(simulator, &self.0)
    }

    fn system_error(&self, _: &Simulator) -> Reply {
        Reply::refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "SYSTEM_ERROR",
            "系统异常，请用相同参数重新调用",
        )
    }

    fn render(&self, simulator: &Simulator, reply: Reply, spoil: Spoil) -> (Response, Value) {
        let style = next_style(simulator);
        let said = reply.shown();
        let accounts = &simulator.accounts.wechat;
        let wall = simulator.wall();
        (
            reply.signed(accounts, &self.0.account, style, wall, spoil),
            said,
        )
    }
}
