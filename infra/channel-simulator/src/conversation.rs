//! One exchange with a channel, and all the ways in which a fault can end it.
//!
//! A channel says how to act and how to answer; what a fault does to that is the same for all.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    books::Channel,
    connection::Line,
    faults::{FaultKind, Operation, Spoil},
    journal::{self, Kind},
    simulator::Simulator,
};

/// How long an answer that lets another pass waits for one.
const REORDER_WAIT: Duration = Duration::from_secs(3);

/// One call to a channel, or one opening of its page.
pub(crate) trait Conversation {
    /// What the channel has to say, before it is signed or drawn.
    type Answer;

    /// Carries the call out. Faults may ask for it twice, as a network that repeats itself would.
    fn act(&self, simulator: &Simulator) -> Self::Answer;

    /// The channel's own way of saying that it does not know what happened.
    fn system_error(&self, simulator: &Simulator) -> Self::Answer;

    /// Signs and writes the answer; also says for the journal what was answered.
    fn render(
        &self,
        simulator: &Simulator,
        answer: Self::Answer,
        spoil: Spoil,
    ) -> (Response, Value);
}

/// What the journal should know about an exchange.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) channel: Channel,
    pub(crate) fault_operation: Option<Operation>,
    /// The name of the call in the channel's own words.
    pub(crate) name: String,
    pub(crate) channel_order_no: Option<String>,
}

impl Topic {
    pub(crate) fn line(&self, kind: Kind, outcome: &str, detail: Value) -> journal::Line {
        journal::Line {
            kind,
            channel: Some(self.channel.name()),
            operation: self.name.clone(),
            channel_order_no: self.channel_order_no.clone(),
            outcome: outcome.to_owned(),
            detail,
        }
    }
}

/// Acts and answers, under the fault that is due if there is one. It does so in a task of its own: a
/// caller who hangs up while the channel is slow does not undo what the channel is about to do.
pub(crate) async fn hold<C>(
    simulator: Arc<Simulator>,
    line: Line,
    topic: Topic,
    conversation: C,
) -> Response
where
    C: Conversation + Send + Sync + 'static,
    C::Answer: Send,
{
    let held = async move { hold_to_the_end(&simulator, &line, &topic, &conversation).await };
    match tokio::spawn(held).await {
        Ok(response) => response,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn hold_to_the_end<C>(
    simulator: &Simulator,
    line: &Line,
    topic: &Topic,
    conversation: &C,
) -> Response
where
    C: Conversation + Sync,
    C::Answer: Send,
{
    let fault = topic.fault_operation.and_then(|operation| {
        let number = topic.channel_order_no.as_deref();
        simulator.take_fault(topic.channel, operation, number)
    });
    let journal = |outcome: &str, detail| {
        simulator.write(topic.line(Kind::Answer, outcome, detail));
    };
    let act_and_render = |spoil| {
        let answer = conversation.act(simulator);
        conversation.render(simulator, answer, spoil)
    };
    let Some(fault) = fault else {
        let (response, said) = act_and_render(Spoil::Nothing);
        journal("answered", said);
        simulator.answers.passed();
        return response;
    };
    let outcome = format!("fault: {}", fault.name());
    let (response, said) = match fault.kind {
        FaultKind::TimeoutBefore => {
            tokio::time::sleep(fault.silence()).await;
            line.close();
            no_answer("without effect")
        }
        FaultKind::TimeoutAfter => {
            act_and_render(Spoil::Nothing);
            tokio::time::sleep(fault.silence()).await;
            line.close();
            no_answer("effect done")
        }
        FaultKind::Drop => {
            line.close();
            no_answer("without effect")
        }
        FaultKind::Reset => {
            act_and_render(Spoil::Nothing);
            line.reset();
            no_answer("effect done")
        }
        FaultKind::Http500 => {
            let body = "Internal Server Error";
            let response = (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
            (response, json!("HTTP 500 without effect"))
        }
        FaultKind::SystemError => {
            let answer = conversation.system_error(simulator);
            conversation.render(simulator, answer, Spoil::Nothing)
        }
        FaultKind::Garbage => {
            act_and_render(Spoil::Nothing);
            let html = [(header::CONTENT_TYPE, "text/html;charset=utf-8")];
            let response = (html, "<html><body>upstream {\"busy\": \"</body>").into_response();
            (response, json!("garbage, effect done"))
        }
        FaultKind::Delay => {
            tokio::time::sleep(fault.slowness()).await;
            act_and_render(Spoil::Nothing)
        }
        FaultKind::Reorder => {
            let answer = act_and_render(Spoil::Nothing);
            simulator.answers.wait(REORDER_WAIT).await;
            answer
        }
        FaultKind::Duplicate => {
            act_and_render(Spoil::Nothing);
            act_and_render(Spoil::Nothing)
        }
        FaultKind::Forge => act_and_render(Spoil::WrongKey),
        FaultKind::WrongAmount => act_and_render(Spoil::WrongAmount),
        FaultKind::BadSignature => act_and_render(Spoil::BadSignature),
    };
    journal(&outcome, said);
    simulator.answers.passed();
    response
}

/// The response is never written, because the line was cut under it.
fn no_answer(effect: &str) -> (Response, Value) {
    (
        StatusCode::BAD_GATEWAY.into_response(),
        json!(format!("no answer, {effect}")),
    )
}
