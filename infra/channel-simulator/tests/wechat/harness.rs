//! A merchant with a key, and a buyer with a browser.

use std::{path::PathBuf, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, Request},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use channel_simulator::{Options, Running, start};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::{Timestamp, tz::Offset};
use rsa::{
    RsaPrivateKey, RsaPublicKey,
    pkcs1v15::{Signature, SigningKey, VerifyingKey},
    pkcs8::{DecodePrivateKey, DecodePublicKey},
    sha2::Sha256,
    signature::{SignatureEncoding, Signer, Verifier},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Looking for primes takes seconds, so all tests start from one state file with keys in it.
static KEYS: OnceCell<Vec<u8>> = OnceCell::const_new();

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    /// The word that says what kind of page this is.
    pub(crate) fn page_code(&self) -> &str {
        let text = self.text();
        let start = text.find("data-code=\"").unwrap() + "data-code=\"".len();
        text[start..].split('"').next().unwrap()
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap().to_owned();
        (self.status, code)
    }
}

/// A request before it is signed, so that tests can sign one thing and send another.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// From the root, with the query.
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) timestamp: i64,
    pub(crate) mchid: String,
    pub(crate) serial_no: String,
}

pub(crate) struct Stage {
    running: Option<Running>,
    directory: TempDir,
    pub(crate) url: String,
    pub(crate) keys: Value,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let keys = KEYS
            .get_or_init(async || {
                let directory = tempfile::tempdir().unwrap();
                let running = start(options(&directory)).await.unwrap();
                running.stop().await.unwrap();
                std::fs::read(directory.path().join("state.json")).unwrap()
            })
            .await;
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("state.json"), keys).unwrap();
        Self::begin(directory).await
    }

    async fn begin(directory: TempDir) -> Self {
        let running = start(options(&directory)).await.unwrap();
        let mut stage = Self {
            url: running.url(),
            running: Some(running),
            directory,
            keys: Value::Null,
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build_http(),
        };
        stage.read_keys().await;
        stage
    }

    pub(crate) async fn read_keys(&mut self) {
        self.keys = self.get("/_ctl/keys").await.json()["wechat"][0].clone();
    }

    pub(crate) async fn restarted(mut self) -> Self {
        self.running.take().unwrap().stop().await.unwrap();
        Self::begin(self.directory).await
    }

    pub(crate) fn key(&self, name: &str) -> &str {
        self.keys[name].as_str().unwrap()
    }

    pub(crate) async fn send(
        &self,
        request: axum::http::request::Builder,
        body: String,
    ) -> Result<Answer, String> {
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let exchange = async {
            let response = self.client.request(request).await?;
            let (parts, body) = response.into_parts();
            Ok::<_, hyper_util::client::legacy::Error>(Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                bytes: body.collect().await.unwrap().to_bytes().to_vec(),
            })
        };
        match tokio::time::timeout(Duration::from_secs(10), exchange).await {
            Ok(result) => result.map_err(|error| format!("{error:?}")),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(self.address(path));
        self.send(request, String::new()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(self.address(path));
        self.send(request, body.to_owned()).await.unwrap()
    }

    /// One call to the control API that has to succeed.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Pays through the control API.
    pub(crate) async fn pay(&self, number: &str) -> Answer {
        self.post(&format!("/_ctl/orders/wechat/{number}/pay"), "")
            .await
    }

    /// The channel's truth about an order.
    pub(crate) async fn truth(&self, number: &str) -> Value {
        let answer = self.get(&format!("/_ctl/orders/wechat/{number}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        self.control("/_ctl/clock", &json!({ "advance_seconds": seconds }))
            .await;
    }

    pub(crate) async fn fault(&self, operation: &str, fault: &str, delay_ms: u64) {
        let body = json!({
            "channel": "wechat", "operation": operation, "fault": fault, "delay_ms": delay_ms,
        });
        self.control("/_ctl/faults", &body).await;
    }

    /// A well-formed call, not yet signed.
    pub(crate) fn draft(&self, method: Method, path: &str, body: String) -> Call {
        Call {
            method,
            path: format!("/wechat{path}"),
            body,
            timestamp: Timestamp::now().as_second(),
            mchid: self.key("mchid").to_owned(),
            serial_no: self.key("serial_no").to_owned(),
        }
    }

    pub(crate) fn authorization(&self, call: &Call) -> String {
        let key = RsaPrivateKey::from_pkcs8_pem(self.key("merchant_private_key")).unwrap();
        let Call {
            method,
            path,
            body,
            timestamp,
            mchid,
            serial_no,
        } = call;
        let text = format!("{method}\n{path}\n{timestamp}\nNONCE0001\n{body}\n");
        let signature = SigningKey::<Sha256>::new(key).sign(text.as_bytes());
        let signature = STANDARD.encode(signature.to_bytes());
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"NONCE0001\",signature=\"{signature}\",timestamp=\"{timestamp}\",serial_no=\"{serial_no}\""
        )
    }

    /// The request with every header that the channel wants.
    pub(crate) fn request(&self, call: &Call) -> axum::http::request::Builder {
        let request = Request::builder()
            .method(call.method.clone())
            .uri(self.address(&call.path))
            .header("authorization", self.authorization(call))
            .header("accept", "application/json")
            .header("user-agent", "a merchant");
        if call.body.is_empty() {
            request
        } else {
            request.header("content-type", "application/json")
        }
    }

    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Answer, String> {
        let call = self.draft(method, path, body.clone());
        self.send(self.request(&call), body).await
    }

    /// A call whose answer must carry the channel's signature, whatever it says.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        let answer = self.try_call(Method::POST, path, body.to_string()).await;
        let answer = answer.unwrap();
        assert!(self.is_genuine(&answer.headers, answer.text()), "{path}");
        answer
    }

    pub(crate) async fn get_json(&self, path: &str) -> Answer {
        let answer = self.try_call(Method::GET, path, String::new()).await;
        let answer = answer.unwrap();
        assert!(self.is_genuine(&answer.headers, answer.text()), "{path}");
        answer
    }

    /// Whether headers and body carry the channel's signature, by the key that they name.
    pub(crate) fn is_genuine(&self, headers: &HeaderMap, body: &str) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let named = header("wechatpay-serial");
        let pem = if named == Some(self.key("public_key_id")) {
            self.key("channel_public_key")
        } else if named == Some(self.key("next_public_key_id")) {
            self.key("next_channel_public_key")
        } else {
            return false;
        };
        let (Some(timestamp), Some(nonce), Some(signature)) = (
            header("wechatpay-timestamp"),
            header("wechatpay-nonce"),
            header("wechatpay-signature"),
        ) else {
            return false;
        };
        let age = Timestamp::now().as_second() - timestamp.parse::<i64>().unwrap();
        let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_pem(pem).unwrap());
        let text = format!("{timestamp}\n{nonce}\n{body}\n");
        let decoded = STANDARD.decode(signature).unwrap_or_default();
        age.abs() < 300
            && Signature::try_from(decoded.as_slice())
                .is_ok_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
    }

    /// What a Native order needs.
    pub(crate) fn native_order(&self, number: &str) -> Value {
        json!({
            "appid": self.key("appid"),
            "mchid": self.key("mchid"),
            "description": "绿茶, 杯子 <b>",
            "out_trade_no": number,
            "notify_url": "http://127.0.0.1:9/nobody",
            "amount": { "total": 1999, "currency": "CNY" },
        })
    }

    /// Creates a Native order that tells `notify_url`; returns the address in its code.
    pub(crate) async fn native(&self, number: &str, notify_url: Option<&str>) -> String {
        let mut order = self.native_order(number);
        if let Some(url) = notify_url {
            order["notify_url"] = json!(url);
        }
        let answer = self.post_json("/v3/pay/transactions/native", &order).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["code_url"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn paid(&self, number: &str) {
        self.native(number, None).await;
        assert_eq!(self.pay(number).await.status, 200);
    }

    pub(crate) async fn query(&self, number: &str) -> Answer {
        let mchid = self.key("mchid");
        let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}");
        self.get_json(&path).await
    }

    pub(crate) async fn trade_state(&self, number: &str) -> String {
        let answer = self.query(number).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["trade_state"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn close(&self, number: &str) -> Answer {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        let body = json!({ "mchid": self.key("mchid") });
        self.post_json(&path, &body).await
    }

    pub(crate) async fn refund(&self, number: &str, refund_no: &str, amount: i64) -> Answer {
        let body = refund_body(number, refund_no, amount);
        self.post_json("/v3/refund/domestic/refunds", &body).await
    }
}

/// What the program says when it starts with such a state file.
pub(crate) async fn start_with(state: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("state.json"), state).unwrap();
    match start(options(&directory)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error:#}")),
    }
}

pub(crate) fn refund_body(number: &str, refund_no: &str, amount: i64) -> Value {
    json!({
        "out_trade_no": number,
        "out_refund_no": refund_no,
        "amount": { "refund": amount, "total": 1999, "currency": "CNY" },
    })
}

fn options(directory: &TempDir) -> Options {
    let setup: PathBuf = directory.path().join("setup.json");
    let text = json!({ "accounts": [{
        "channel": "wechat",
        "account": "wechat-strict",
        "merchant_id": "m-strict",
        "webhook_url": "http://127.0.0.1:3000/v1/webhooks/wechat/wechat-strict",
    }]});
    std::fs::write(&setup, text.to_string()).unwrap();
    Options {
        port: 0,
        setup,
        state: directory.path().join("state.json"),
        fresh: false,
        public_url: None,
        clock_file: None,
    }
}

/// The time in Beijing so many seconds from now, as WeChat Pay reads it.
pub(crate) fn rfc3339(seconds: i64) -> String {
    beijing(seconds, "%Y-%m-%dT%H:%M:%S+08:00")
}

pub(crate) fn beijing(seconds: i64, format: &str) -> String {
    let moment = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
    let civil = Offset::constant(8).to_datetime(moment);
    civil.strftime(format).to_string()
}
