//! The notifier: tells merchants, and tells them again until they say that they heard.
//!
//! What is due follows the virtual clock, so moving the clock fires the retries. A notice stays in
//! the state file until it was acknowledged, given up or lost by a fault.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::body::Bytes;
use axum::http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    alipay,
    books::Channel,
    clock::Moment,
    faults::{Fault, FaultKind, Operation, Spoil},
    journal::{Kind, Line},
    simulator::Simulator,
};

/// A merchant who takes longer than this has not heard.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a notice that lets another pass waits for one.
const REORDER_WAIT: Duration = Duration::from_secs(3);
/// The loop looks at least this often, so that a moved clock is never missed for long.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// No acknowledgement is longer than this.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const COPIES: usize = 3;

/// One thing that a merchant has to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) channel: Channel,
    pub(crate) account: String,
    pub(crate) channel_order_no: String,
    /// The same over all retries.
    pub(crate) notify_id: String,
    pub(crate) url: String,
    /// What is told; the time of sending and the signature are added when it is sent.
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) attempts: usize,
    pub(crate) due_at: Moment,
    #[serde(skip)]
    pub(crate) is_being_sent: bool,
}

/// The notices that are not finished, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Notices {
    pending: Vec<Notice>,
}

impl Notices {
    pub(crate) fn add(&mut self, notice: Notice) {
        self.pending.push(notice);
    }

    /// Marks what is due as being sent and hands it out.
    fn take_due(&mut self, now: Moment) -> Vec<Notice> {
        let due = |notice: &&mut Notice| !notice.is_being_sent && notice.due_at <= now;
        self.pending
            .iter_mut()
            .filter(due)
            .map(|notice| {
                notice.is_being_sent = true;
                notice.clone()
            })
            .collect()
    }

    fn next_due(&self) -> Option<Moment> {
        let waiting = self.pending.iter().filter(|notice| !notice.is_being_sent);
        waiting.map(|notice| notice.due_at).min()
    }

    fn finish(&mut self, notify_id: &str) {
        self.pending.retain(|notice| notice.notify_id != notify_id);
    }

    /// Puts a notice back for its next rung, or lets it go when the ladder has ended. The rung is
    /// counted from when this one was due, so a clock moved far ahead fires the rungs one by one.
    fn postpone(&mut self, notify_id: &str) -> bool {
        let Some(notice) = self.pending.iter_mut().find(|n| n.notify_id == notify_id) else {
            return false;
        };
        let seconds = match notice.channel {
            Channel::Alipay => alipay::notification::retry_after_seconds(notice.attempts),
        };
        let Some(seconds) = seconds else {
            self.finish(notify_id);
            return false;
        };
        notice.attempts += 1;
        notice.due_at = notice.due_at.plus_seconds(seconds);
        notice.is_being_sent = false;
        true
    }
}

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
            let due = world.notices.take_due(now);
            let wait = world.notices.next_due().map(|next| now.millis_until(next));
            (due, wait)
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
                world.write(sender.line("given up".to_owned(), json!(null)));
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
                let body = "\u{fffd}<<not a notification>>".to_owned();
                self.post("text/plain", body, json!("garbage")).await
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
        let now = self.simulator.look(|world| world.now());
        let (content_type, body) = match self.notice.channel {
            Channel::Alipay => {
                alipay::notification::wire(&self.simulator.alipay, self.notice, now, spoil)
            }
        };
        let detail = json!({ "spoilt": format!("{spoil:?}"), "fields": self.notice.fields });
        self.post(content_type, body, detail).await
    }

    async fn post(
        &self,
        content_type: &'static str,
        body: String,
        detail: serde_json::Value,
    ) -> Outcome {
        let answer = tokio::time::timeout(PATIENCE, self.exchange(content_type, body)).await;
        let (outcome, said) = match answer {
            Err(_) => (Outcome::NotAcknowledged, "no answer in time".to_owned()),
            Ok(Err(error)) => (Outcome::NotAcknowledged, format!("{error:#}")),
            Ok(Ok((status, text))) => {
                let heard = match self.notice.channel {
                    Channel::Alipay => alipay::notification::is_acknowledged(status, &text),
                };
                if heard {
                    (Outcome::Acknowledged, "acknowledged".to_owned())
                } else {
                    let said: String = String::from_utf8_lossy(&text).chars().take(200).collect();
                    (Outcome::NotAcknowledged, format!("HTTP {status}: {said}"))
                }
            }
        };
        self.simulator.write(self.line(said, detail));
        outcome
    }

    async fn exchange(
        &self,
        content_type: &'static str,
        body: String,
    ) -> anyhow::Result<(u16, Bytes)> {
        let request = Request::post(&self.notice.url)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::USER_AGENT, "channel-simulator")
            .body(Full::new(Bytes::from(body)))?;
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
            .write(self.line(said.to_owned(), json!(null)));
        outcome
    }

    fn line(&self, outcome: String, detail: serde_json::Value) -> Line {
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
            }),
        }
    }
}
