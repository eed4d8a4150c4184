//! Faults: what a test asks a channel to do wrong, used up in the order they were asked for.
//!
//! | fault | on a call to the channel (create, query, close, reverse, refund, refund_query, bill) | on a notification |
//! |---|---|---|
//! | `timeout_before` | no effect; silence for `delay_ms` (15 s if not given), then the connection closes | not sent, comes again by the ladder |
//! | `timeout_after` | effect done, then the same silence | sent, but the acknowledgement is not heard |
//! | `http_500` | HTTP 500, no effect | not sent, comes again by the ladder |
//! | `system_error` | the channel's own signed "unknown outcome", no effect | not sent, comes again by the ladder |
//! | `drop` | the connection closes at once, no effect | lost for good |
//! | `delay` | normal, `delay_ms` later (2 s if not given) | the same |
//! | `duplicate` | the call is carried out twice, one answer | three copies at the same time |
//! | `reorder` | effect done, the answer waits for the next answer or 3 s | waits for the next notification or 3 s |
//! | `forge` | effect done, answer signed by a stranger's key | a stranger's copy first, then the genuine one |
//! | `wrong_amount` | effect done, every amount in the signed answer 1 fen more | validly signed, 1 fen more |
//! | `bad_signature` | effect done, the signature is spoilt | the signature is spoilt |
//! | `garbage` | effect done, the body is not JSON | the body is not a notification |
//! | `reset` | effect done, then a TCP reset | sent, but the acknowledgement is not heard |

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::books::Channel;

/// Silence lasts longer than any sensible client waits.
const SILENCE: Duration = Duration::from_secs(15);
/// Slow, yet within what most clients bear.
const SLOWNESS: Duration = Duration::from_secs(2);
/// Nobody needs a test that sleeps for longer than this.
const DELAY_MS_MAX: u64 = 600_000;
const TIMES_MAX: u64 = 100_000;

/// The conversations that can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Create,
    Query,
    Close,
    /// Undoing a payment by code (冲正, 撤销), whatever became of it.
    Reverse,
    Refund,
    RefundQuery,
    Notify,
    Bill,
}

/// The ways in which it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    TimeoutBefore,
    TimeoutAfter,
    #[serde(rename = "http_500")]
    Http500,
    SystemError,
    Drop,
    Delay,
    Duplicate,
    Reorder,
    Forge,
    WrongAmount,
    BadSignature,
    Garbage,
    Reset,
}

/// How a message that is sent may be spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    Nothing,
    /// Signed by a key that is not the channel's.
    WrongKey,
    /// Amounts are one fen more than the books say.
    WrongAmount,
    /// The signature does not fit.
    BadSignature,
}

/// One fault that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    delay: Option<Duration>,
}

impl Fault {
    /// The name under which it was asked for.
    pub(crate) fn name(self) -> String {
        serde_json::to_value(self.kind)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    pub(crate) fn silence(self) -> Duration {
        self.delay.unwrap_or(SILENCE)
    }

    pub(crate) fn slowness(self) -> Duration {
        self.delay.unwrap_or(SLOWNESS)
    }
}

/// A request for one or more faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) channel: Channel,
    pub(crate) operation: Operation,
    /// Only conversations about this order go wrong, so that tests that run together do not meet
    /// each other's faults.
    channel_order_no: Option<String>,
    fault: Fault,
    times: u64,
}

const FIELDS: [&str; 6] = [
    "channel",
    "operation",
    "channel_order_no",
    "fault",
    "times",
    "delay_ms",
];

/// Why a request for faults was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadField {
    pub(crate) field: String,
    pub(crate) detail: String,
}

impl Order {
    /// Reads the body of `POST /_ctl/faults`; a field that is unknown or out of range is named.
    pub(crate) fn read(body: &Value) -> Result<Self, BadField> {
        let Some(members) = body.as_object() else {
            return Err(bad("", "the body must be a JSON object"));
        };
        for name in members.keys() {
            if !FIELDS.contains(&name.as_str()) {
                return Err(bad(name, "there is no such field"));
            }
        }
        let delay = match members.get("delay_ms") {
            None | Some(Value::Null) => None,
            Some(value) => Some(count(value, "delay_ms", 0, DELAY_MS_MAX)?),
        };
        Ok(Self {
            channel: word(members.get("channel"), "channel")?,
            operation: word(members.get("operation"), "operation")?,
            channel_order_no: match members.get("channel_order_no") {
                None | Some(Value::Null) => None,
                named => Some(word(named, "channel_order_no")?),
            },
            fault: Fault {
                kind: word(members.get("fault"), "fault")?,
                delay: delay.map(Duration::from_millis),
            },
            times: match members.get("times") {
                None | Some(Value::Null) => 1,
                Some(value) => count(value, "times", 1, TIMES_MAX)?,
            },
        })
    }
}

fn word<T: for<'a> Deserialize<'a>>(value: Option<&Value>, field: &str) -> Result<T, BadField> {
    let value = value.ok_or_else(|| bad(field, "this field is required"))?;
    T::deserialize(value).map_err(|error| bad(field, &error.to_string()))
}

fn count(value: &Value, field: &str, least: u64, most: u64) -> Result<u64, BadField> {
    value
        .as_u64()
        .filter(|count| (least..=most).contains(count))
        .ok_or_else(|| {
            bad(
                field,
                &format!("must be a whole number from {least} to {most}"),
            )
        })
}

fn bad(field: &str, detail: &str) -> BadField {
    BadField {
        field: field.to_owned(),
        detail: detail.to_owned(),
    }
}

/// The faults that wait for their occasion.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: VecDeque<Order>,
}

impl Faults {
    pub(crate) fn add(&mut self, order: Order) {
        self.waiting.push_back(order);
    }

    /// Takes back what waits for one order, or everything.
    pub(crate) fn clear(&mut self, only: Option<&str>) {
        self.waiting
            .retain(|order| only.is_some() && order.channel_order_no.as_deref() != only);
    }

    /// Uses up the oldest fault for this occasion, once.
    pub(crate) fn take(
        &mut self,
        channel: Channel,
        operation: Operation,
        channel_order_no: Option<&str>,
    ) -> Option<Fault> {
        let index = self.waiting.iter().position(|order| {
            let named = order.channel_order_no.as_deref();
            order.channel == channel
                && order.operation == operation
                && (named.is_none() || named == channel_order_no)
        })?;
        let order = self.waiting.get_mut(index)?;
        let fault = order.fault;
        order.times -= 1;
        if order.times == 0 {
            self.waiting.remove(index);
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_are_used_up_in_order() {
        let mut faults = Faults::default();
        let read = |fault: &str, times: u64| {
            Order::read(
                &json!({"channel": "alipay", "operation": "query", "fault": fault, "times": times}),
            )
            .unwrap()
        };
        faults.add(read("drop", 2));
        faults.add(read("http_500", 1));
        let taken: Vec<_> =
            std::iter::from_fn(|| faults.take(Channel::Alipay, Operation::Query, None))
                .map(Fault::name)
                .collect();
        assert_eq!(taken, ["drop", "drop", "http_500"]);
        assert_eq!(faults.take(Channel::Alipay, Operation::Query, None), None);
    }

    #[test]
    fn one_orders_faults_are_taken_back_alone() {
        let mut faults = Faults::default();
        for no in ["A1", "A2"] {
            let body = json!({
                "channel": "alipay", "operation": "query", "fault": "drop", "channel_order_no": no,
            });
            faults.add(Order::read(&body).unwrap());
        }
        faults.clear(Some("A1"));
        let take = |faults: &mut Faults, no| {
            let taken = faults.take(Channel::Alipay, Operation::Query, Some(no));
            taken.map(Fault::name)
        };
        assert_eq!(take(&mut faults, "A1"), None);
        let other = take(&mut faults, "A2");
        assert_eq!(other.as_deref(), Some("drop"));
        faults.add(
            Order::read(&json!({"channel": "alipay", "operation": "query", "fault": "drop"}))
                .unwrap(),
        );
        faults.clear(None);
        assert_eq!(take(&mut faults, "A2"), None);
    }

    #[test]
    fn a_fault_for_one_order_leaves_the_others_alone() {
        let mut faults = Faults::default();
        let body = json!({
            "channel": "alipay", "operation": "query", "fault": "drop", "channel_order_no": "A1",
        });
        faults.add(Order::read(&body).unwrap());
        let mut take = |number| faults.take(Channel::Alipay, Operation::Query, number);
        assert_eq!(take(Some("A2")), None);
        assert_eq!(take(None), None);
        assert_eq!(take(Some("A1")).map(Fault::name), Some("drop".to_owned()));
        assert_eq!(take(Some("A1")), None);
    }

    #[test]
    fn a_wrong_field_is_named() {
        let check = |body: Value, field: &str| {
            assert_eq!(Order::read(&body).unwrap_err().field, field, "{body}");
        };
        check(json!([]), "");
        check(json!({"operation": "query", "fault": "drop"}), "channel");
        check(
            json!({"channel": "visa", "operation": "query", "fault": "drop"}),
            "channel",
        );
        check(
            json!({"channel": "alipay", "operation": "cancel", "fault": "drop"}),
            "operation",
        );
        check(
            json!({"channel": "alipay", "operation": "query", "fault": "explode"}),
            "fault",
        );
        check(
            json!({"channel": "alipay", "operation": "query", "fault": "drop", "times": 0}),
            "times",
        );
        check(
            json!({"channel": "alipay", "operation": "query", "fault": "delay", "delay_ms": "9"}),
            "delay_ms",
        );
        check(
            json!({"channel": "alipay", "operation": "query", "fault": "drop", "channel_order_no": 1}),
            "channel_order_no",
        );
        check(
            json!({"channel": "alipay", "operation": "query", "fault": "drop", "time": 1}),
            "time",
        );
    }
}
