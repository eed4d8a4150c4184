//! A merchant's client of the HTTP API.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use payonce_domain::{Channel, ChannelOrderNo, MerchantId, MerchantOrderNo, PaymentKey, PaymentNo};
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::{Answer, Http};
use crate::way::Way;

/// Someone with an API key.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// Our number for the merchant.
    pub id: String,
    api_url: String,
    api_key: String,
    http: Http,
}

/// An order that is about to be paid: a number nobody used before, and what is asked for it.
#[derive(Clone, Debug)]
pub struct Order {
    /// The merchant's number.
    pub number: String,
    /// In fen.
    pub amount: u64,
    merchant_id: String,
}

/// Makes numbers differ within a run.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Merchant {
    pub(crate) fn new(http: Http, api_url: &str, id: &str, api_key: &str) -> Self {
        Self {
            id: id.to_owned(),
            api_url: api_url.to_owned(),
            api_key: api_key.to_owned(),
            http,
        }
    }

    /// The same merchant with another key.
    #[must_use]
    pub fn with_key(&self, api_key: &str) -> Self {
        Self {
            api_key: api_key.to_owned(),
            ..self.clone()
        }
    }

    /// The key, for tests that spoil it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.api_key
    }

    /// A new order.
    #[must_use]
    pub fn order(&self, amount: u64) -> Order {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let number = format!(
            "e2e-{}-{}",
            since.as_millis(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Order {
            number,
            amount,
            merchant_id: self.id.clone(),
        }
    }

    /// Any request of this merchant's; a body is sent as JSON.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        let mut request = self
            .http
            .request(method.clone(), &format!("{}{path}", self.api_url))
            .header("authorization", format!("Bearer {}", self.api_key));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        self.http
            .send(request)
            .await
            .with_context(|| format!("{method} {path}"))
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// `GET`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, None).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::DELETE, path, None).await
    }

    /// Initiates a payment this way.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn initiate(&self, order: &Order, way: Way) -> anyhow::Result<Answer> {
        self.post("/v1/payments", &order.request(way)).await
    }

    /// `POST /v1/payments` with an `Idempotency-Key`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn pay_with_key(&self, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self
            .http
            .request(Method::POST, &format!("{}/v1/payments", self.api_url))
            .header("authorization", format!("Bearer {}", self.api_key))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body.to_string());
        let answer = self.http.send(request).await;
        answer.with_context(|| format!("POST /v1/payments with key {key}"))
    }

    /// Another attempt at a payment.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn channel_order(
        &self,
        payment_no: &str,
        way: Way,
        switch: bool,
    ) -> anyhow::Result<Answer> {
        let mut body = Value::Object(way.choice(payment_no));
        body["switch"] = json!(switch);
        self.post(&format!("/v1/payments/{payment_no}/channel-orders"), &body)
            .await
    }

    /// The payment, or whatever is answered for it.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn read(&self, payment_no: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/v1/payments/{payment_no}")).await
    }

    /// The payment, which must be there.
    ///
    /// # Errors
    /// If it is not.
    pub async fn payment(&self, payment_no: &str) -> anyhow::Result<Value> {
        let answer = self.read(payment_no).await?;
        anyhow::ensure!(
            answer.status == 200,
            "reading {payment_no}: {}",
            answer.shown()
        );
        Ok(answer.json)
    }

    /// Closes a payment.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn close(&self, payment_no: &str) -> anyhow::Result<Answer> {
        self.post(&format!("/v1/payments/{payment_no}/close"), &json!({}))
            .await
    }

    /// Gives back a part.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn refund(
        &self,
        payment_no: &str,
        refund_no: &str,
        amount: u64,
    ) -> anyhow::Result<Answer> {
        let body = json!({
            "refund_no": refund_no,
            "amount": { "value": amount, "currency": "CNY" },
            "reason": "end to end",
        });
        self.post(&format!("/v1/payments/{payment_no}/refunds"), &body)
            .await
    }

    /// The steps of a payment's history, but for those that only say that others were told of it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn steps(&self, payment_no: &str) -> anyhow::Result<Vec<Value>> {
        let timeline = self.timeline(payment_no).await?;
        let entries = timeline.json["entries"].as_array().cloned();
        let entries = entries.with_context(|| timeline.shown())?;
        let told = |entry: &Value| entry["what"] == "told";
        Ok(entries.into_iter().filter(|entry| !told(entry)).collect())
    }

    /// What was decided about a payment, and on what.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn timeline(&self, payment_no: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/v1/payments/{payment_no}/timeline"))
            .await
    }
}

impl Order {
    /// The same number, and another amount.
    #[must_use]
    pub fn with_amount(&self, amount: u64) -> Self {
        Self {
            amount,
            ..self.clone()
        }
    }

    /// The body of `POST /v1/payments`.
    #[must_use]
    pub fn request(&self, way: Way) -> Value {
        let mut request = way.choice(&self.number);
        request.extend(way.buyer());
        for (name, value) in [
            ("merchant_order_no", json!(self.number)),
            ("amount", json!({ "value": self.amount, "currency": "CNY" })),
            ("subject", json!("一双鞋 shoes")),
        ] {
            request.insert(name.to_owned(), value);
        }
        // UnionPay's gateway insists on an address to send the buyer back to.
        if way.channel == Channel::Unionpay {
            let address = format!("https://{}.example/return", self.merchant_id);
            request.insert("return_url".to_owned(), json!(address));
        }
        Value::Object(request)
    }

    /// The number that the channel will know an attempt by: it is derived, so a fault can be laid before the request.
    ///
    /// # Errors
    /// If the order's own number cannot be one.
    pub fn channel_order_no(&self, way: Way, attempt: u8) -> anyhow::Result<String> {
        let no = ChannelOrderNo::new(self.key()?, way.channel, way.method, attempt);
        Ok(no.to_string())
    }

    /// The number that the payment will have.
    ///
    /// # Errors
    /// If the order's own number cannot be one.
    pub fn payment_no(&self) -> anyhow::Result<String> {
        Ok(PaymentNo::new(self.key()?).to_string())
    }

    fn key(&self) -> anyhow::Result<PaymentKey> {
        let merchant = MerchantId::new(self.merchant_id.clone());
        let order = MerchantOrderNo::new(self.number.clone());
        match (merchant, order) {
            (Ok(merchant), Ok(order)) => Ok(PaymentKey::derive(&merchant, &order)),
            (Err(_), _) | (_, Err(_)) => anyhow::bail!("{self:?} has no number of ours"),
        }
    }
}
