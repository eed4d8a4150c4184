//! An operator's side: tables, queue and functions, straight at the emulator. It verifies no signatures, so plain
//! requests do and no SDK has to be built for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use payonce_local::Endpoints;
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::{Answer, Http};

/// The emulated AWS.
#[derive(Clone, Debug)]
pub struct Aws {
    endpoints: Arc<Endpoints>,
    http: Http,
}

impl Aws {
    pub(crate) const fn new(http: Http, endpoints: Arc<Endpoints>) -> Self {
        Self { endpoints, http }
    }

    /// How many items every table holds, by logical name.
    ///
    /// # Errors
    /// If a table cannot be counted.
    pub async fn counts(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        for name in self.endpoints.tables.keys() {
            counts.insert(name.clone(), u64::try_from(self.items(name).await?.len())?);
        }
        Ok(counts)
    }

    /// Every item of a table, in DynamoDB's own notation.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn items(&self, table: &str) -> anyhow::Result<Vec<Value>> {
        let real = self.endpoints.tables.get(table);
        let real = real.with_context(|| format!("there is no table {table}"))?;
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut body = json!({ "TableName": real, "ConsistentRead": true });
            if !start.is_null() {
                body["ExclusiveStartKey"] = start;
            }
            let answer = self
                .json_call("DynamoDB_20120810.Scan", "1.0", &body)
                .await?;
            items.extend(answer["Items"].as_array().cloned().unwrap_or_default());
            start = answer["LastEvaluatedKey"].clone();
            if start.is_null() {
                return Ok(items);
            }
        }
    }

    /// The items that mention a payment: its own, or evidence for it. They are found by the key that all its numbers
    /// share, wherever it stands.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn items_of(&self, table: &str, payment_no: &str) -> anyhow::Result<Vec<Value>> {
        let key = payment_no.get(1..21).context("a payment number")?;
        let items = self.items(table).await?;
        Ok(items
            .into_iter()
            .filter(|item| item.to_string().contains(key))
            .collect())
    }

    /// Empties a queue, delayed messages too.
    ///
    /// # Errors
    /// If it cannot be emptied.
    pub async fn purge_queue(&self, name: &str) -> anyhow::Result<()> {
        let url = self.endpoints.queues.get(name);
        let url = url.with_context(|| format!("there is no queue {name}"))?;
        self.json_call("AmazonSQS.PurgeQueue", "1.0", &json!({ "QueueUrl": url }))
            .await?;
        Ok(())
    }

    /// Puts a message into the queue that says no more than any other: look at this payment.
    ///
    /// # Errors
    /// If the queue does not take it.
    pub async fn wake(&self, payment_no: &str) -> anyhow::Result<()> {
        let url = self
            .endpoints
            .queues
            .get("payment-queries")
            .context("there is no queue")?;
        let message = json!({ "payment_no": payment_no }).to_string();
        let body = json!({ "QueueUrl": url, "MessageBody": message });
        self.json_call("AmazonSQS.SendMessage", "1.0", &body)
            .await?;
        Ok(())
    }

    /// Invokes a function by its folder name and waits for what it returns.
    ///
    /// # Errors
    /// If it fails.
    pub async fn invoke(&self, function: &str, payload: &Value) -> anyhow::Result<Value> {
        let answer = self.try_invoke(function, payload).await?;
        let failed = answer.headers.contains_key("x-amz-function-error");
        anyhow::ensure!(
            answer.status == 200 && !failed,
            "invoking {function} with {payload}: {}",
            answer.shown()
        );
        Ok(answer.json)
    }

    /// Invokes a function and gives whatever was answered.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn try_invoke(&self, function: &str, payload: &Value) -> anyhow::Result<Answer> {
        let real = self.endpoints.functions.get(function);
        let real = real.with_context(|| format!("there is no function {function}"))?;
        let base = &self.endpoints.aws_endpoint_url;
        let url = format!("{base}/2015-03-31/functions/{real}/invocations");
        let request = self
            .http
            .request(Method::POST, &url)
            .body(payload.to_string());
        self.http
            .send(request.header("content-type", "application/json"))
            .await
    }

    /// Has a new queue of this name receive every event of this type on the bus; gives its address.
    ///
    /// # Errors
    /// If the bus or the queues cannot be told so.
    pub async fn collect_events(&self, name: &str, detail_type: &str) -> anyhow::Result<String> {
        let pattern = json!({ "detail-type": [detail_type] });
        self.collect(name, &pattern).await
    }

    /// Has a new queue of this name receive every event that is put on the bus; gives its address.
    ///
    /// # Errors
    /// If the bus or the queues cannot be told so.
    pub async fn collect_all_events(&self, name: &str) -> anyhow::Result<String> {
        let pattern = json!({ "source": [{ "prefix": "" }] });
        self.collect(name, &pattern).await
    }

    async fn collect(&self, name: &str, pattern: &Value) -> anyhow::Result<String> {
        let queue = json!({ "QueueName": name });
        let made = self
            .json_call("AmazonSQS.CreateQueue", "1.0", &queue)
            .await?;
        let url = made["QueueUrl"]
            .as_str()
            .context("a queue has an address")?;
        let region = &self.endpoints.aws_region;
        let bus = &self.endpoints.event_bus;
        let pattern = pattern.to_string();
        let rule = json!({ "Name": name, "EventBusName": bus, "EventPattern": pattern });
        self.json_call("AWSEvents.PutRule", "1.1", &rule).await?;
        let arn = format!("arn:aws:sqs:{region}:000000000000:{name}");
        let targets = json!({
            "Rule": name,
            "EventBusName": bus,
            "Targets": [{ "Id": "queue", "Arn": arn }],
        });
        self.json_call("AWSEvents.PutTargets", "1.1", &targets)
            .await?;
        Ok(url.to_owned())
    }

    /// Takes what lies in a queue: the bodies. Each comes again after a while.
    ///
    /// # Errors
    /// If the queue does not answer.
    pub async fn receive(&self, url: &str) -> anyhow::Result<Vec<Value>> {
        bodies(&self.messages(url).await?)
    }

    /// Takes some of what lies in a queue for good: the bodies.
    ///
    /// # Errors
    /// If the queue does not answer.
    pub async fn take(&self, url: &str) -> anyhow::Result<Vec<Value>> {
        let messages = self.messages(url).await?;
        for message in &messages {
            let body = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
            self.json_call("AmazonSQS.DeleteMessage", "1.0", &body)
                .await?;
        }
        bodies(&messages)
    }

    async fn messages(&self, url: &str) -> anyhow::Result<Vec<Value>> {
        let body = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
        let answer = self
            .json_call("AmazonSQS.ReceiveMessage", "1.0", &body)
            .await?;
        Ok(answer["Messages"].as_array().cloned().unwrap_or_default())
    }

    /// The lines of a function's log, since a time in milliseconds, that hold all of these words.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn logged(
        &self,
        function: &str,
        words: &[&str],
        since_ms: u64,
    ) -> anyhow::Result<Vec<Value>> {
        let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let body = json!({
            "logGroupName": self.log_group(function).await?,
            "filterPattern": words.join(" "),
            "startTime": since_ms,
        });
        let found = self.json_call("Logs_20140328.FilterLogEvents", "1.1", &body);
        let found = found.await?;
        let events = found["events"].as_array().into_iter().flatten();
        let lines = events.filter_map(|event| event["message"].as_str());
        Ok(lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    /// Every line of a function's log since a time in milliseconds, as it stands there.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn lines(&self, function: &str, since_ms: u64) -> anyhow::Result<Vec<String>> {
        let mut body = json!({
            "logGroupName": self.log_group(function).await?,
            "startTime": since_ms,
        });
        let mut lines = Vec::new();
        loop {
            let found = self.json_call("Logs_20140328.FilterLogEvents", "1.1", &body);
            let found = found.await?;
            let events = found["events"].as_array().into_iter().flatten();
            let said = events.filter_map(|event| event["message"].as_str());
            lines.extend(said.map(str::to_owned));
            if found["nextToken"].is_null() {
                return Ok(lines);
            }
            body["nextToken"] = found["nextToken"].clone();
        }
    }

    async fn log_group(&self, function: &str) -> anyhow::Result<String> {
        let real = self.endpoints.functions.get(function);
        let real = real.with_context(|| format!("there is no function {function}"))?;
        let base = &self.endpoints.aws_endpoint_url;
        let url = format!("{base}/2015-03-31/functions/{real}/configuration");
        let settings = self.http.send(self.http.request(Method::GET, &url)).await?;
        let group = settings.json["LoggingConfig"]["LogGroup"].as_str();
        let group = group.with_context(|| format!("{function}: {}", settings.shown()))?;
        Ok(group.to_owned())
    }

    /// Puts a payment to the front of the due index, where the next sweep begins.
    ///
    /// # Errors
    /// If its item cannot be changed.
    pub async fn put_first(&self, payment_no: &str) -> anyhow::Result<()> {
        let key = payment_no.get(1..21).context("a payment number")?;
        let body = json!({
            "TableName": self.endpoints.tables.get("payments"),
            "Key": { "k": { "S": key } },
            "UpdateExpression": "SET #d = :first",
            "ExpressionAttributeNames": { "#d": "d" },
            "ExpressionAttributeValues": { ":first": { "N": "1" } },
        });
        self.json_call("DynamoDB_20120810.UpdateItem", "1.0", &body)
            .await?;
        Ok(())
    }

    /// Has a channel account's breaker stand open for ten minutes, as after many orders in trouble.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn open_breaker(&self, channel: &str, account: &str) -> anyhow::Result<()> {
        let until = crate::receiver::milliseconds() + 600_000;
        let body = json!({
            "TableName": self.endpoints.tables.get("controls"),
            "Key": { "k": { "S": format!("breaker#{channel}#{account}#placing") } },
            "UpdateExpression": "SET #u = :until, #t = :trips",
            "ExpressionAttributeNames": { "#u": "u", "#t": "t" },
            "ExpressionAttributeValues": { ":until": { "N": until.to_string() }, ":trips": { "N": "6" } },
        });
        self.json_call("DynamoDB_20120810.UpdateItem", "1.0", &body)
            .await?;
        Ok(())
    }

    /// Takes a payment, by its key, out of the due index.
    ///
    /// # Errors
    /// If its item cannot be changed.
    pub async fn forget_due(&self, key: &str) -> anyhow::Result<()> {
        let body = json!({
            "TableName": self.endpoints.tables.get("payments"),
            "Key": { "k": { "S": key } },
            "UpdateExpression": "REMOVE #s, #d",
            "ExpressionAttributeNames": { "#s": "s", "#d": "d" },
        });
        self.json_call("DynamoDB_20120810.UpdateItem", "1.0", &body)
            .await?;
        Ok(())
    }

    /// The real name of the bucket whose logical name begins like this.
    ///
    /// # Errors
    /// If there is none.
    pub async fn bucket(&self, logical: &str) -> anyhow::Result<String> {
        let request = self
            .http
            .request(Method::GET, &self.endpoints.aws_endpoint_url);
        // The emulator tells services apart by who signed for which.
        let request = request.header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
        );
        let listed = self.http.send(request).await?;
        let text = String::from_utf8_lossy(&listed.bytes).into_owned();
        let names = text.split("<Name>").skip(1);
        let mut names = names.filter_map(|part| part.split("</Name>").next());
        let found = names.find(|name| name.contains(logical));
        Ok(found
            .with_context(|| format!("no bucket {logical}: {}", listed.shown()))?
            .to_owned())
    }

    /// Writes a file into a bucket.
    ///
    /// # Errors
    /// If it is not taken.
    pub async fn put_object(
        &self,
        bucket: &str,
        name: &str,
        content: Vec<u8>,
    ) -> anyhow::Result<()> {
        let url = format!("{}/{bucket}/{name}", self.endpoints.aws_endpoint_url);
        let request = self.http.request(Method::PUT, &url).body(content);
        let answer = self.http.send(request).await?;
        anyhow::ensure!(answer.status == 200, "{name}: {}", answer.shown());
        Ok(())
    }

    /// Gives a secret another value.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn put_secret(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let body = json!({ "SecretId": name, "SecretString": value });
        self.json_call("secretsmanager.PutSecretValue", "1.1", &body)
            .await?;
        Ok(())
    }

    /// What a secret holds.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn secret(&self, name: &str) -> anyhow::Result<String> {
        let body = json!({ "SecretId": name });
        let target = "secretsmanager.GetSecretValue";
        let answer = self.json_call(target, "1.1", &body).await?;
        let text = answer["SecretString"].as_str();
        Ok(text
            .with_context(|| format!("{name} holds no text"))?
            .to_owned())
    }

    async fn json_call(&self, target: &str, version: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self
            .http
            .request(Method::POST, &self.endpoints.aws_endpoint_url)
            .header("x-amz-target", target)
            .header("content-type", format!("application/x-amz-json-{version}"))
            .body(body.to_string());
        let answer = self.http.send(request).await?;
        anyhow::ensure!(answer.status == 200, "{target}: {}", answer.shown());
        Ok(answer.json)
    }
}

/// The bodies of messages of a queue.
fn bodies(messages: &[Value]) -> anyhow::Result<Vec<Value>> {
    let bodies = messages
        .iter()
        .filter_map(|message| message["Body"].as_str());
    bodies
        .map(|body| serde_json::from_str(body).context("a body is JSON"))
        .collect()
}
