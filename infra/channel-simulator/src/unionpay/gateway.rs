//! The gateway: verifies who calls, carries the call out, and signs the answer.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    code, create, give_back,
    message::{self, Wrong},
    page, pay_page, query,
    reply::Reply,
    request::{Call, Door, Kind},
    resp_code::{BUSY, GENERAL_ERROR, RespCode, STATE_UNKNOWN, TIMED_OUT},
    sign::Fields,
    statement,
};
use crate::{
    books::Channel,
    connection::Line,
    conversation::{self, Conversation, Topic},
    faults::{Operation, Spoil},
    journal,
    page::Page,
    simulator::{Simulator, World},
};

/// As the real gateway labels its text.
const TEXT_TYPE: [(header::HeaderName, &str); 1] =
    [(header::CONTENT_TYPE, "text/html;charset=UTF-8")];

/// The ways in which the gateway says that it does not know: merchants must know all of them.
const UNKNOWN_OUTCOMES: [RespCode; 4] = [TIMED_OUT, STATE_UNKNOWN, BUSY, GENERAL_ERROR];

type Shared = State<Arc<Simulator>>;

pub(crate) async fn front(
    State(simulator): Shared,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(simulator, line, Door::Front, &headers, &body).await
}

pub(crate) async fn back(
    State(simulator): Shared,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(simulator, line, Door::Back, &headers, &body).await
}

pub(crate) async fn queries(
    State(simulator): Shared,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(simulator, line, Door::Query, &headers, &body).await
}

pub(crate) async fn file(
    State(simulator): Shared,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(simulator, line, Door::File, &headers, &body).await
}

async fn answer(
    simulator: Arc<Simulator>,
    line: Line,
    door: Door,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let (fields, read) = message::read_form(headers, body);
    let accounts = &simulator.accounts.unionpay;
    match read.and_then(|()| Call::verify(accounts, door, fields.clone())) {
        Err(wrong) => refuse(&simulator, door, &fields, &wrong),
        Ok(call) => {
            let topic = simulator.look(|world| topic(world, &call));
            let shown = without_signature(&call.fields);
            simulator.write(topic.line(journal::Kind::Request, "verified", shown));
            if call.kind == Kind::Consume {
                conversation::hold(simulator, line, topic, Opening(call)).await
            } else {
                conversation::hold(simulator, line, topic, ServerCall(call)).await
            }
        }
    }
}

/// What the call is about, so that faults and journal find it under the payment's number.
fn topic(world: &mut World, call: &Call) -> Topic {
    let own = call.get("orderId").map(str::to_owned);
    let (operation, number) = match call.kind {
        Kind::Undo | Kind::Refund => {
            let original = give_back::original(world, call);
            let number = original.map(|order| order.channel_order_no.clone());
            (call.kind.fault_operation(), number.or(own))
        }
        Kind::Query => match query::found(world, call) {
            Some((order, Some(_))) => (Operation::RefundQuery, Some(order.channel_order_no)),
            Some((order, None)) => (Operation::Query, Some(order.channel_order_no)),
            None => (Operation::Query, own),
        },
        Kind::Consume | Kind::CodeConsume | Kind::Reversal | Kind::File => {
            (call.kind.fault_operation(), own)
        }
    };
    Topic {
        channel: Channel::Unionpay,
        fault_operation: Some(operation),
        name: call.kind.name().to_owned(),
        channel_order_no: number,
    }
}

/// Refused at the door. The answer is signed: UnionPay has one key for all merchants.
fn refuse(simulator: &Simulator, door: Door, fields: &Fields, wrong: &Wrong) -> Response {
    let topic = Topic {
        channel: Channel::Unionpay,
        fault_operation: None,
        name: format!("{door:?}"),
        channel_order_no: fields.get("orderId").cloned(),
    };
    let outcome = format!("refused: {} {}", wrong.code.code, wrong.field);
    simulator.write(topic.line(journal::Kind::Request, &outcome, json!(fields)));
    let (response, said) = match door {
        Door::Front => show(page::for_refusal(wrong)),
        Door::Back | Door::Query | Door::File => {
            write(simulator, Reply::refused(fields, wrong), Spoil::Nothing)
        }
    };
    simulator.write(topic.line(journal::Kind::Answer, "answered", said));
    response
}

fn without_signature(fields: &Fields) -> Value {
    let mut shown = fields.clone();
    shown.remove("signature");
    json!(shown)
}

/// Signs an answer and writes it as plain text.
fn write(simulator: &Simulator, reply: Reply, spoil: Spoil) -> (Response, Value) {
    let mut fields = reply.fields;
    let mut said = json!(fields);
    if let Some(statement) = reply.statement {
        let lines = statement.lines.len();
        let written = statement.write(spoil);
        said["fileContent"] = json!(format!("{lines} lines"));
        fields.insert("fileContent".to_owned(), written);
    }
    let style = simulator.look(|world| world.numbers.next_style());
    let sealed = simulator.accounts.unionpay.authority.seal(fields, spoil);
    let body = message::plain(&sealed, style);
    ((TEXT_TYPE, body).into_response(), said)
}

struct ServerCall(Call);

impl Conversation for ServerCall {
    type Answer = Reply;

    fn act(&self, simulator: &Simulator) -> Reply {
        let call = &self.0;
        match call.kind {
            Kind::CodeConsume => {
                simulator.change(|world| code::consume(world, &simulator.accounts, call))
            }
            Kind::Undo | Kind::Refund => simulator.change(|world| give_back::perform(world, call)),
            Kind::Reversal => simulator.change(|world| code::reverse(world, call)),
            Kind::Query | Kind::Consume => simulator.look(|world| query::answer(world, call)),
            Kind::File => simulator.look(|world| statement::answer(world, call)),
        }
    }

    fn system_error(&self, simulator: &Simulator) -> Reply {
        let style = simulator.look(|world| world.numbers.next_style());
        let count = u64::try_from(UNKNOWN_OUTCOMES.len()).unwrap_or(1);
        let index = usize::try_from(style % count).unwrap_or(0);
        Reply::new(&self.0, UNKNOWN_OUTCOMES[index])
    }

    fn render(&self, simulator: &Simulator, reply: Reply, spoil: Spoil) -> (Response, Value) {
        write(simulator, reply, spoil)
    }
}

/// A browser with a merchant's form.
struct Opening(Call);

impl Conversation for Opening {
    type Answer = Page;

    fn act(&self, simulator: &Simulator) -> Page {
        match simulator.change(|world| create::open(world, &self.0)) {
            Ok(order) => pay_page::draw(simulator, &order, ""),
            Err(wrong) => page::for_refusal(&wrong),
        }
    }

    fn system_error(&self, _: &Simulator) -> Page {
        page::for_refusal(&Wrong::new(BUSY, ""))
    }

    fn render(&self, _: &Simulator, page: Page, _: Spoil) -> (Response, Value) {
        show(page)
    }
}

fn show(page: Page) -> (Response, Value) {
    let said = json!({ "page": page.code });
    (page.into_response(), said)
}
