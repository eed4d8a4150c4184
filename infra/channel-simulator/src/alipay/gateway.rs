//! The gateway: verifies who calls, carries the call out, and signs the answer.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    answer::Reply,
    create::{CODE_TO_SCAN, CreateRequest, expired},
    operations, page,
    request::{self, Call, Method, Parameters, Refusal},
};
use crate::{
    books::{Channel, Order, OrderState},
    connection::Line,
    conversation::{self, Conversation, Topic},
    faults::Spoil,
    journal::Kind,
    page::Page,
    simulator::Simulator,
};

/// As the real gateway labels its JSON.
const JSON_TYPE: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "text/html;charset=utf-8")];

/// Every call of a merchant's server, and every opening of a pay link.
pub(crate) async fn answer(
    State(simulator): State<Arc<Simulator>>,
    ConnectInfo(line): ConnectInfo<Line>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (parameters, refusal) = request::read(uri.query(), &headers, &body);
    let verified = match refusal {
        None => Call::verify(&simulator.accounts.alipay, parameters.clone()),
        Some(refusal) => Err(refusal),
    };
    match verified {
        Err(refusal) => refuse(&simulator, &parameters, refusal),
        Ok(call) => {
            let topic = Topic {
                channel: Channel::Alipay,
                fault_operation: call.method.fault_operation(),
                name: call.method.name().to_owned(),
                channel_order_no: call.out_trade_no(),
            };
            simulator.write(topic.line(Kind::Request, "verified", without_sign(&call.parameters)));
            if call.method.is_page() {
                conversation::hold(simulator, line, topic, Opening(call)).await
            } else {
                conversation::hold(simulator, line, topic, ServerCall(call)).await
            }
        }
    }
}

/// A buyer scans a code: the trade becomes known and its page is shown.
pub(crate) async fn scan(
    State(simulator): State<Arc<Simulator>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(code): Path<String>,
) -> Response {
    let topic = Topic {
        channel: Channel::Alipay,
        fault_operation: None,
        name: "scan".to_owned(),
        channel_order_no: simulator.look(|world| {
            let now = world.now();
            let order = world
                .books
                .find_where(now, |order| order.page_code == code)?;
            Some(order.channel_order_no.clone())
        }),
    };
    simulator.write(topic.line(Kind::Request, "scanned", Value::Null));
    conversation::hold(simulator, line, topic, Scan(code)).await
}

/// Refused at the door. The answer is signed when the sender at least was who it said it was.
fn refuse(simulator: &Simulator, parameters: &Parameters, refusal: Refusal) -> Response {
    let name = parameters.get("method").cloned().unwrap_or_default();
    let method = Method::from_name(&name);
    let topic = Topic {
        channel: Channel::Alipay,
        fault_operation: None,
        name,
        channel_order_no: parameters
            .get("biz_content")
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
            .and_then(|content| Some(content.get("out_trade_no")?.as_str()?.to_owned())),
    };
    let summary = refusal.reply.summary();
    simulator.write(topic.line(
        Kind::Request,
        &format!("refused: {summary}"),
        json!(parameters),
    ));
    if method.is_some_and(Method::is_page) {
        let page = page::for_refusal(&refusal.reply);
        simulator.write(topic.line(Kind::Answer, "answered", json!({ "page": page.code })));
        return page.into_response();
    }
    let body = match (&refusal.account, method) {
        (Some(account), Some(method)) => {
            let style = next_style(simulator);
            let accounts = &simulator.accounts.alipay;
            refusal
                .reply
                .signed(accounts, account, method.name(), style, Spoil::Nothing)
        }
        (_, _) => refusal.reply.unsigned(),
    };
    simulator.write(topic.line(Kind::Answer, "answered", json!(body)));
    (JSON_TYPE, body).into_response()
}

fn without_sign(parameters: &Parameters) -> Value {
    let mut shown = parameters.clone();
    shown.remove("sign");
    json!(shown)
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

    /// Alipay has two ways of saying so, and merchants must know both.
    fn system_error(&self, simulator: &Simulator) -> Reply {
        if next_style(simulator).is_multiple_of(2) {
            Reply::refused("ACQ.SYSTEM_ERROR", "系统错误")
        } else {
            let (msg, sub_msg) = ("Service Currently Unavailable", "系统繁忙");
            Reply::failure("20000", msg, "isp.unknow-error", sub_msg)
        }
    }

    fn render(&self, simulator: &Simulator, reply: Reply, spoil: Spoil) -> (Response, Value) {
        let call = &self.0;
        let style = next_style(simulator);
        let accounts = &simulator.accounts.alipay;
        let body = reply.signed(accounts, &call.account, call.method.name(), style, spoil);
        let said = json!(body);
        ((JSON_TYPE, body).into_response(), said)
    }
}

/// A browser with a pay link.
struct Opening(Call);

impl Conversation for Opening {
    type Answer = Page;

    fn act(&self, simulator: &Simulator) -> Page {
        let opened = CreateRequest::read(&self.0)
            .and_then(|request| simulator.change(|world| request.open(world)));
        draw(simulator, opened)
    }

    fn system_error(&self, _: &Simulator) -> Page {
        busy()
    }

    fn render(&self, _: &Simulator, page: Page, _: Spoil) -> (Response, Value) {
        show(page)
    }
}

/// A phone with a code.
struct Scan(String);

impl Conversation for Scan {
    type Answer = Page;

    fn act(&self, simulator: &Simulator) -> Page {
        let scanned = simulator.change(|world| {
            let now = world.now();
            let found = world
                .books
                .find_where(now, |order| order.page_code == self.0);
            let Some(order) = found.filter(|order| order.method == CODE_TO_SCAN) else {
                return Err(Reply::refused("ACQ.TRADE_NOT_EXIST", "二维码无效"));
            };
            if order.state == OrderState::Announced && now >= order.expires_at {
                return Err(expired());
            }
            order.become_known(now);
            Ok(order.clone())
        });
        draw(simulator, scanned)
    }

    fn system_error(&self, _: &Simulator) -> Page {
        busy()
    }

    fn render(&self, _: &Simulator, page: Page, _: Spoil) -> (Response, Value) {
        show(page)
    }
}

fn draw(simulator: &Simulator, opened: Result<Order, Reply>) -> Page {
    match opened {
        Ok(order) => page::for_order(&order, &simulator.public_url, ""),
        Err(reply) => page::for_refusal(&reply),
    }
}

fn busy() -> Page {
    page::for_refusal(&Reply::refused("ACQ.SYSTEM_ERROR", "系统繁忙，请稍后再试"))
}

fn show(page: Page) -> (Response, Value) {
    let said = json!({ "page": page.code });
    (page.into_response(), said)
}
