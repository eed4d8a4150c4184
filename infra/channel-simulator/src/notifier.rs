//! The notifier: tells merchants, and tells them again until they say that they heard.
//!
//! What is due follows the virtual clock, so moving the clock fires the retries. A notice stays in
//! the state file until it was acknowledged, given up or lost by a fault.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use axum::http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

use crate::{
    books::RefundState,
    clock::Moment,
    faults::{Fault, FaultKind, Operation, Spoil},
    journal::{Kind, Line},
    notice::{self, Message, Notice},
    simulator::{Accounts, Simulator, World},
};

/// How long a notice that lets another pass waits for one.
const REORDER_WAIT: Duration = Duration::from_secs(3);
/// The loop looks at least this often, so that a moved clock is never missed for long.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// No acknowledgement is longer than this.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const COPIES: usize = 3;

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Sends what is due, for as long as the process lives.
pub(crate) async fn keep_notifying(simulator: Arc<Simulator>) {
    let client: HttpClient = Client::builder(TokioExecutor::new())
        // A kept connection that the merchant has just closed would look like a lost notification.
        .pool_max_idle_per_host(0)
        .build_http();
    loop {
        let (due, wait) = simulator.look(|world| {
            let now = world.now();
            let next_settled = settle_refunds(world, &simulator.accounts);
            let due = world.notices.take_due(now);
            let next = [world.notices.next_due(), next_settled];
            let next = next.into_iter().flatten().min();
            (due, next.map(|next| now.millis_until(next)))
        });
        for notice in due {
            tokio::spawn(attempt(Arc::clone(&simulator), client.clone(), notice));
        }
        let wait = wait.map_or(LOOK_AGAIN, |millis| {
            Duration::from_millis(millis).min(LOOK_AGAIN)
        });
        tokio::select! {
            () = simulator.due.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Passes on how refunds have ended; says when the next one will.
pub(crate) fn settle_refunds(world: &mut World, accounts: &Accounts) -> Option<Moment> {
    let now = world.now();
    let (settled, next) = world.books.take_settled(now);
    for (order, refund) in settled {
        if refund.state == RefundState::Succeeded {
            let detail = json!({ "amount": refund.amount, "refund_no": refund.refund_no });
            world.write_money(&order, "refund", detail);
        }
        notice::queue_settled_refund(world, accounts, &order, &refund);
    }
    next
}

/// What one attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Acknowledged,
    NotAcknowledged,
    Lost,
}

async fn attempt(simulator: Arc<Simulator>, client: HttpClient, notice: Notice) {
    let number = Some(notice.channel_order_no.as_str());
    let fault = simulator.take_fault(notice.channel, Operation::Notify, number);
    let sender = Sender {
        simulator: &simulator,
        client: &client,
        notice: &notice,
        fault,
    };
    let outcome = sender.send_under_fault().await;
    simulator.deliveries.passed();
    simulator.change(|world| match outcome {
        Outcome::Acknowledged | Outcome::Lost => world.notices.finish(&notice.notify_id),
        Outcome::NotAcknowledged => {
            if !world.notices.postpone(&notice.notify_id) {
                world.write(sender.line("given up".to_owned(), json!(null), json!(null)));
            }
        }
    });
}

struct Sender<'a> {
    simulator: &'a Simulator,
    client: &'a HttpClient,
    notice: &'a Notice,
    fault: Option<Fault>,
}

impl Sender<'_> {
    async fn send_under_fault(&self) -> Outcome {
        let Some(fault) = self.fault else {
            let clock = self.simulator.look(|world| world.clock);
            if let Some(probe) = notice::probe(&self.simulator.accounts, self.notice, clock) {
                // Whatever is answered to a probe, the genuine notification follows.
                let _refused_or_not = self.post(probe, json!("probe")).await;
            }
            return self.send(Spoil::Nothing).await;
        };
        match fault.kind {
            FaultKind::Drop => self.unsent("lost for good", Outcome::Lost),
            FaultKind::TimeoutBefore | FaultKind::Http500 | FaultKind::SystemError => {
                self.unsent("not sent", Outcome::NotAcknowledged)
            }
            FaultKind::TimeoutAfter | FaultKind::Reset => {
                self.send(Spoil::Nothing).await;
                self.unsent("acknowledgement not heard", Outcome::NotAcknowledged)
            }
            FaultKind::Delay => {
                tokio::time::sleep(fault.slowness()).await;
                self.send(Spoil::Nothing).await
            }
            FaultKind::Reorder => {
                self.simulator.deliveries.wait(REORDER_WAIT).await;
                self.send(Spoil::Nothing).await
            }
            FaultKind::Duplicate => self.send_copies().await,
            FaultKind::Forge => {
                self.send(Spoil::WrongKey).await;
                self.send(Spoil::Nothing).await
            }
            FaultKind::WrongAmount => self.send(Spoil::WrongAmount).await,
            FaultKind::BadSignature => self.send(Spoil::BadSignature).await,
            FaultKind::Garbage => {
                let garbage = Message {
                    content_type: "text/plain",
                    headers: Vec::new(),
                    body: "\u{fffd}<<not a notification>>".to_owned(),
                };
                self.post(garbage, json!("garbage")).await
            }
        }
    }

    async fn send_copies(&self) -> Outcome {
        let (first, second, third) = tokio::join!(
            self.send(Spoil::Nothing),
            self.send(Spoil::Nothing),
            self.send(Spoil::Nothing)
        );
        let outcomes: [Outcome; COPIES] = [first, second, third];
        if outcomes.contains(&Outcome::Acknowledged) {
            Outcome::Acknowledged
        } else {
            Outcome::NotAcknowledged
        }
    }

    async fn send(&self, spoil: Spoil) -> Outcome {
        let clock = self.simulator.look(|world| world.clock);
        let message = notice::wire(&self.simulator.accounts, self.notice, clock, spoil);
        let detail = json!({ "spoilt": format!("{spoil:?}"), "fields": self.notice.fields });
        self.post(message, detail).await
    }

    async fn post(&self, message: Message, detail: Value) -> Outcome {
        let channel = self.notice.channel;
        let sent = sent(&message);
        let answer = tokio::time::timeout(notice::patience(channel), self.exchange(message)).await;
        let (outcome, said) = match answer {
            Err(_) => (Outcome::NotAcknowledged, "no answer in time".to_owned()),
            Ok(Err(error)) => (Outcome::NotAcknowledged, format!("{error:#}")),
            Ok(Ok((status, text))) => {
                if notice::is_acknowledged(channel, status, &text) {
                    (Outcome::Acknowledged, "acknowledged".to_owned())
                } else {
                    let said: String = String::from_utf8_lossy(&text).chars().take(200).collect();
                    (Outcome::NotAcknowledged, format!("HTTP {status}: {said}"))
                }
            }
        };
        self.simulator.write(self.line(said, detail, sent));
        outcome
    }

    async fn exchange(&self, message: Message) -> anyhow::Result<(u16, Bytes)> {
        let mut request = Request::post(&self.notice.url)
            .header(header::CONTENT_TYPE, message.content_type)
            .header(header::USER_AGENT, "channel-simulator");
        for (name, value) in message.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(message.body)))?;
        let response = self.client.request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok((status, body.to_bytes()))
    }

    fn unsent(&self, said: &str, outcome: Outcome) -> Outcome {
        self.simulator
            .write(self.line(said.to_owned(), json!(null), json!(null)));
        outcome
    }

    fn line(&self, outcome: String, detail: Value, sent: Value) -> Line {
        Line {
            kind: Kind::Notification,
            channel: Some(self.notice.channel.name()),
            operation: "notify".to_owned(),
            channel_order_no: Some(self.notice.channel_order_no.clone()),
            outcome,
            detail: json!({
                "notify_id": self.notice.notify_id,
                "url": self.notice.url,
                "attempt": self.notice.attempts + 1,
                "fault": self.fault.map(Fault::name),
                "message": detail,
                "sent": sent,
            }),
        }
    }
}

/// A notification as it travels, so that whoever reads the journal can send it again.
fn sent(message: &Message) -> Value {
    let mut headers: serde_json::Map<String, Value> = message
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
        .collect();
    headers.insert("content-type".to_owned(), message.content_type.into());
    json!({ "headers": headers, "body": message.body })
}
