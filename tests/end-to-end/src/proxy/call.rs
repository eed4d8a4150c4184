//! What a call is: who makes it, what it asks of whom, and about what.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::http::{HeaderMap, Uri, header};
use payonce_domain::{
    AppealKey, AppealNo, ChannelOrderNo, DelayedMessageKey, DelayedMessageNo, PaymentKey,
    PaymentNo, RefundNo,
};
use payonce_local::Endpoints;
use serde_json::{Value, json};

/// Which of the two worlds outside a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The store, the queue, the secrets, another function.
    Aws,
    /// A payment channel.
    Channel,
}

/// What a call may be about: a payment, a delayed message or an appeal. Their keys are made alike and never meet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl From<PaymentKey> for Subject {
    fn from(key: PaymentKey) -> Self {
        Self(key.to_string())
    }
}

impl From<DelayedMessageKey> for Subject {
    fn from(key: DelayedMessageKey) -> Self {
        Self(key.to_string())
    }
}

impl From<AppealKey> for Subject {
    fn from(key: AppealKey) -> Self {
        Self(key.to_string())
    }
}

/// One call of a function to the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function that makes it, by its folder's name; empty for somebody else.
    pub function: String,
    /// Whom it calls.
    pub side: Side,
    /// What it asks, in words that stay the same from run to run: `put payments`, `channel trade.query`.
    pub label: String,
    /// What it names.
    pub about: BTreeSet<Subject>,
}

impl Call {
    pub(crate) fn read(
        side: Side,
        names: &Names,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let text = String::from_utf8_lossy(body);
        let label = match side {
            Side::Aws => aws_label(names, uri, headers, &text),
            Side::Channel => channel_label(uri, &text),
        };
        let mut about = numbers_in(&text);
        about.extend(numbers_in(uri.query().unwrap_or_default()));
        about.extend(numbers_in(uri.path()));
        if let Ok(value) = serde_json::from_str(&text) {
            collect_keys(&value, &mut about);
        }
        Self {
            function: names.caller(headers),
            side,
            label,
            about,
        }
    }

    /// Whether it changes something in DynamoDB.
    pub(crate) fn is_a_write(&self) -> bool {
        self.side == Side::Aws && WRITES.iter().any(|verb| self.label.starts_with(verb))
    }

    /// Whether it is a write or read of DynamoDB.
    pub(crate) fn is_of_the_store(&self) -> bool {
        self.side == Side::Aws
            && STORE_VERBS
                .iter()
                .any(|(_, verb)| self.label.starts_with(verb))
    }
}

/// Those of them that write.
const WRITES: [&str; 3] = ["put ", "update ", "delete "];

/// The label of a call that puts messages into a queue.
pub(crate) const SEND_MESSAGES: &str = "send messages";

/// The label of a call that puts events on the bus.
pub(crate) const PUBLISH_EVENTS: &str = "publish events";

/// DynamoDB's operations and what we call them.
const STORE_VERBS: [(&str, &str); 6] = [
    ("BatchGetItem", "get many "),
    ("GetItem", "get "),
    ("PutItem", "put "),
    ("UpdateItem", "update "),
    ("DeleteItem", "delete "),
    ("Query", "look up "),
];

/// Real names and addresses, and what we call them.
#[derive(Debug)]
pub(crate) struct Names {
    aws_url: String,
    channel_url: String,
    functions: BTreeMap<String, String>,
    tables: BTreeMap<String, String>,
}

impl Names {
    pub(crate) fn of(endpoints: &Endpoints) -> Self {
        let turned = |map: &BTreeMap<String, String>| {
            map.iter()
                .map(|(ours, real)| (real.clone(), ours.clone()))
                .collect()
        };
        Self {
            aws_url: endpoints.aws_endpoint_url.clone(),
            channel_url: endpoints.simulator_url.clone(),
            functions: turned(&endpoints.functions),
            tables: turned(&endpoints.tables),
        }
    }

    pub(crate) fn target(&self, side: Side) -> &str {
        match side {
            Side::Aws => &self.aws_url,
            Side::Channel => &self.channel_url,
        }
    }

    /// The real name of a function of ours.
    pub(crate) fn real(&self, function: &str) -> Option<String> {
        let found = self.functions.iter().find(|(_, ours)| *ours == function);
        found.map(|(real, _)| real.clone())
    }

    /// Every function says its own name to AWS and to channels alike.
    fn caller(&self, headers: &HeaderMap) -> String {
        let said = headers
            .get_all(header::USER_AGENT)
            .iter()
            .chain(headers.get_all("x-amz-user-agent"));
        let words = said
            .filter_map(|value| value.to_str().ok())
            .flat_map(str::split_whitespace);
        let names = words.filter_map(|word| {
            word.strip_prefix("app/")
                .or_else(|| word.strip_prefix("payonce/"))
        });
        names
            .filter_map(|name| self.functions.get(name))
            .next()
            .cloned()
            .unwrap_or_default()
    }
}

fn aws_label(names: &Names, uri: &Uri, headers: &HeaderMap, body: &str) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let Some((service, operation)) = target.and_then(|target| target.split_once('.')) else {
        let invoked = uri
            .path()
            .split("/functions/")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        return match invoked.and_then(|real| names.functions.get(real)) {
            Some(function) => format!("invoke {function}"),
            None => bucket_label(uri),
        };
    };
    if service.starts_with("DynamoDB") {
        let verb = STORE_VERBS.iter().find(|(theirs, _)| *theirs == operation);
        let verb = verb.map_or(operation, |(_, ours)| ours);
        return format!("{verb}{}", table_in(names, body));
    }
    match operation {
        "SendMessageBatch" | "SendMessage" => SEND_MESSAGES.to_owned(),
        "PutEvents" => PUBLISH_EVENTS.to_owned(),
        "GetSecretValue" => "fetch a secret".to_owned(),
        other => other.to_owned(),
    }
}

/// What a bucket is asked for: its list, or a file by the first folder of its name.
fn bucket_label(uri: &Uri) -> String {
    match uri.path().split('/').nth(2) {
        None | Some("") => "bucket list".to_owned(),
        Some(folder) => format!("bucket {folder}"),
    }
}

/// The table, by our name for it; a channel account's owner lies in the merchants' table and is told apart.
fn table_in(names: &Names, body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if body
        .pointer("/Key/k/S")
        .and_then(Value::as_str)
        .is_some_and(|key| key.starts_with("a#"))
    {
        return "an account's owner".to_owned();
    }
    let one = body["TableName"].as_str().map(str::to_owned);
    let many = || body["RequestItems"].as_object()?.keys().next().cloned();
    let real = one.or_else(many).unwrap_or_default();
    names.tables.get(&real).cloned().unwrap_or(real)
}

/// Alipay names what is asked in a field, UnionPay in two, WeChat Pay in the path around our numbers.
fn channel_label(uri: &Uri, body: &str) -> String {
    let query = uri.query().unwrap_or_default();
    let fields =
        form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(body.as_bytes()));
    let fields: BTreeMap<_, _> = fields.collect();
    if let Some(method) = fields.get("method") {
        return format!("channel {}", method.trim_start_matches("alipay."));
    }
    if let (Some(kind), Some(sub)) = (fields.get("txnType"), fields.get("txnSubType")) {
        return format!("channel unionpay {kind} {sub}");
    }
    let words = uri.path().split('/');
    let words: Vec<_> = words
        .filter(|word| !word.is_empty() && numbers_in(word).is_empty())
        .collect();
    format!("channel {}", words.join(" "))
}

/// What is named by numbers of ours, wherever they stand. The check characters keep chance out.
fn numbers_in(text: &str) -> BTreeSet<Subject> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(['A', 'D', 'P', 'R']) {
        let read = |length: usize| text.get(at..at + length);
        let payment = || Some(PaymentNo::parse(read(23)?)?.key().into());
        let order = || Some(ChannelOrderNo::parse(read(27)?)?.key().into());
        let refund = || Some(RefundNo::parse(read(34)?)?.channel_order().key().into());
        let message = || Some(DelayedMessageNo::parse(read(23)?)?.key().into());
        let appeal = || Some(AppealNo::parse(read(23)?)?.key().into());
        let subject = payment().or_else(order).or_else(refund);
        found.extend(subject.or_else(message).or_else(appeal));
    }
    found
}

/// What is named by the partition key of an item. One alphabet and one length serve all keys.
fn collect_keys(value: &Value, found: &mut BTreeSet<Subject>) {
    match value {
        Value::Object(members) => {
            let key = value.pointer("/k/S").and_then(Value::as_str);
            found.extend(key.and_then(PaymentKey::parse).map(Subject::from));
            for member in members.values() {
                collect_keys(member, found);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect_keys(element, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The request with the question what it consumed; the emulator does not verify signatures.
pub(crate) fn asking_for_consumption(call: &Call, body: Bytes) -> Bytes {
    let asked = body
        .windows(22)
        .any(|window| window == b"ReturnConsumedCapacity");
    match body.strip_prefix(b"{") {
        Some(rest) if call.is_a_write() && !asked => {
            Bytes::from([b"{\"ReturnConsumedCapacity\":\"INDEXES\",", rest].concat())
        }
        Some(_) | None => body,
    }
}

/// A request to the queue, parted into what is to arrive and what is to be lost.
pub(crate) struct Parted {
    /// The request without the lost messages; `None` if nothing is left of it.
    pub(crate) rest: Option<Bytes>,
    lost: Vec<Value>,
}

impl Parted {
    /// Parts a request; `None` if none of its messages is to be lost.
    pub(crate) fn of(body: &[u8], lost: &BTreeSet<Subject>) -> Option<Self> {
        let mut request: Value = serde_json::from_slice(body).ok()?;
        let entries = request["Entries"].as_array()?.clone();
        let is_lost = |entry: &Value| !numbers_in(&entry.to_string()).is_disjoint(lost);
        let (gone, kept): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(is_lost);
        if gone.is_empty() {
            return None;
        }
        request["Entries"] = Value::from(kept.clone());
        let rest = (!kept.is_empty()).then(|| Bytes::from(request.to_string()));
        Some(Self { rest, lost: gone })
    }

    /// The answer of a queue that took every message.
    pub(crate) fn answer(&self, of_the_rest: &[u8]) -> String {
        let mut answer: Value = serde_json::from_slice(of_the_rest).unwrap_or_else(|_| json!({}));
        let mut taken = answer["Successful"].as_array().cloned().unwrap_or_default();
        taken.extend(self.lost.iter().map(
            |entry| json!({ "Id": entry["Id"], "MessageId": "lost", "MD5OfMessageBody": "lost" }),
        ));
        answer["Successful"] = Value::from(taken);
        answer.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use payonce_domain::{Channel, MerchantId, MerchantOrderNo, Method};

    #[test]
    fn a_question_to_a_channel_has_the_same_label_for_every_order() {
        let merchant = MerchantId::new("m-strict").unwrap();
        let label = |order: &str| {
            let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new(order).unwrap());
            let no = ChannelOrderNo::new(key, Channel::Wechat, Method::Native, 1);
            let path = format!("/wechat/v3/pay/transactions/out-trade-no/{no}?mchid=1");
            channel_label(&path.parse().unwrap(), "")
        };
        assert_eq!(
            label("1"),
            "channel wechat v3 pay transactions out-trade-no"
        );
        assert_eq!(label("1"), label("2"));
        let uri = "/unionpay/gateway/api/queryTrans.do".parse().unwrap();
        let asked = channel_label(&uri, "txnType=00&txnSubType=00");
        assert_eq!(asked, "channel unionpay 00 00");
    }

    #[test]
    fn payments_are_found_by_any_number_of_theirs() {
        let merchant = MerchantId::new("m-strict").unwrap();
        let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new("1").unwrap());
        let order = ChannelOrderNo::new(key, Channel::Alipay, Method::Page, 1);
        let expected = BTreeSet::from([Subject::from(key)]);
        assert_eq!(
            numbers_in(&format!(
                "biz_content=%7B%22out_trade_no%22%3A%22{order}%22%7D"
            )),
            expected
        );
        assert_eq!(
            numbers_in(&format!("{{\"payment_no\":\"{}\"}}", PaymentNo::new(key))),
            expected
        );
        assert!(numbers_in(&format!("P{key}00")).is_empty());
        let mut found = BTreeSet::new();
        collect_keys(
            &json!({ "Key": { "k": { "S": key.as_str() } } }),
            &mut found,
        );
        assert_eq!(found, expected);
    }
}
