//! A merchant with a key, a buyer with a browser, and a place where notifications arrive.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
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
    pub(crate) location: Option<String>,
    /// As text; what is no text lies in `bytes`.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The word that says what kind of page this is.
    pub(crate) fn page_code(&self) -> &str {
        let start = self.body.find("data-code=\"").unwrap() + "data-code=\"".len();
        self.body[start..].split('"').next().unwrap()
    }
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
                start(options(&directory))
                    .await
                    .unwrap()
                    .stop()
                    .await
                    .unwrap();
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
        let keys = stage.get("/_ctl/keys").await.json();
        stage.keys = keys["alipay"][0].clone();
        stage
    }

    pub(crate) async fn restarted(mut self) -> Self {
        self.running.take().unwrap().stop().await.unwrap();
        Self::begin(self.directory).await
    }

    pub(crate) async fn send(
        &self,
        request: axum::http::request::Builder,
        body: String,
    ) -> Result<Answer, String> {
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status().as_u16();
            let location = response.headers().get("location");
            let location = location.map(|value| value.to_str().unwrap().to_owned());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, hyper_util::client::legacy::Error>(Answer {
                status,
                location,
                body: String::from_utf8_lossy(&body).into_owned(),
                bytes: body.to_vec(),
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
        let request = axum::http::Request::get(self.address(path));
        self.send(request, String::new()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request = axum::http::Request::post(self.address(path));
        self.send(request, body.to_owned()).await.unwrap()
    }

    /// Pays through the control API.
    pub(crate) async fn pay(&self, number: &str) -> Answer {
        self.post(&format!("/_ctl/orders/alipay/{number}/pay"), "")
            .await
    }

    /// The channel's truth about an order.
    pub(crate) async fn truth(&self, number: &str) -> Value {
        let answer = self.get(&format!("/_ctl/orders/alipay/{number}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let body = json!({ "advance_seconds": seconds }).to_string();
        assert_eq!(self.post("/_ctl/clock", &body).await.status, 200);
    }

    pub(crate) async fn fault(&self, operation: &str, fault: &str, delay_ms: u64) {
        let body = json!({
            "channel": "alipay", "operation": operation, "fault": fault, "delay_ms": delay_ms,
        });
        let answer = self.post("/_ctl/faults", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Signed parameters of a call.
    pub(crate) fn parameters(
        &self,
        method: &str,
        content: &Value,
        more: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let content = content.to_string();
        let now = beijing(0);
        let mut parameters: BTreeMap<String, String> = [
            ("app_id", self.keys["app_id"].as_str().unwrap()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", &now),
            ("version", "1.0"),
            ("biz_content", &content),
        ]
        .iter()
        .chain(more)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
        let key = SigningKey::<Sha256>::new(private_key(&self.keys["merchant_private_key"]));
        let signature = key.sign(text_to_sign(&parameters, &["sign"]).as_bytes());
        parameters.insert("sign".into(), STANDARD.encode(signature.to_bytes()));
        parameters
    }

    pub(crate) async fn try_call(&self, method: &str, content: &Value) -> Result<Answer, String> {
        self.exchange(&self.parameters(method, content, &[])).await
    }

    /// Sends parameters as they are.
    pub(crate) async fn exchange(
        &self,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Answer, String> {
        let request = axum::http::Request::post(self.keys["base_url"].as_str().unwrap()).header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        self.send(request, form(parameters)).await
    }

    /// A server's call whose answer must be signed by the channel.
    pub(crate) async fn call(&self, method: &str, content: &Value) -> Value {
        self.call_with(method, &self.parameters(method, content, &[]))
            .await
    }

    /// The same with parameters that were signed before.
    pub(crate) async fn call_with(
        &self,
        method: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Value {
        let answer = self.exchange(parameters).await.unwrap();
        self.verified(method, &answer.body)
            .unwrap_or_else(|| panic!("the signature does not fit: {}", answer.body))
    }

    /// The signed object of an answer, if its signature fits.
    pub(crate) fn verified(&self, method: &str, body: &str) -> Option<Value> {
        let key = format!("\"{}_response\"", method.replace('.', "_"));
        let after = &body[body.find(&key)? + key.len()..];
        let object = balanced(&after[after.find('{')?..]);
        let whole: Value = serde_json::from_str(body).unwrap();
        let fits = self.channel_signed(object, whole["sign"].as_str()?);
        fits.then(|| serde_json::from_str(object).unwrap())
    }

    pub(crate) fn channel_signed(&self, text: &str, signature: &str) -> bool {
        let pem = self.keys["channel_public_key"].as_str().unwrap();
        let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_pem(pem).unwrap());
        let signature = STANDARD.decode(signature).unwrap();
        Signature::try_from(signature.as_slice())
            .is_ok_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
    }

    /// A pay link for the desktop.
    pub(crate) fn link(&self, content: &Value, more: &[(&str, &str)]) -> String {
        let parameters = self.parameters("alipay.trade.page.pay", content, more);
        format!(
            "{}?{}",
            self.keys["base_url"].as_str().unwrap(),
            form(&parameters)
        )
    }

    /// Opens a link, as the browser would, and finds the cashier.
    pub(crate) async fn open(&self, content: &Value, more: &[(&str, &str)]) -> Answer {
        let answer = self.get(&self.link(content, more)).await;
        assert_eq!(answer.page_code(), "CASHIER", "{}", answer.body);
        answer
    }

    pub(crate) async fn query(&self, number: &str) -> Value {
        self.call("alipay.trade.query", &json!({ "out_trade_no": number }))
            .await
    }
}

fn options(directory: &TempDir) -> Options {
    let setup: PathBuf = directory.path().join("setup.json");
    let account = |name: &str, mode: &str| {
        json!({
            "channel": "alipay",
            "account": name,
            "merchant_id": "m-strict",
            "mode": mode,
            "webhook_url": format!("http://127.0.0.1:3000/v1/webhooks/alipay/{name}"),
        })
    };
    let mut strict = account("alipay-strict", "keys");
    strict.as_object_mut().unwrap().remove("mode");
    let certified = account("alipay-certified", "certificates");
    let text = json!({ "accounts": [strict, certified] });
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

pub(crate) fn private_key(pem: &Value) -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(pem.as_str().unwrap()).unwrap()
}

/// What a page order needs, payable for half an hour.
pub(crate) fn page_order(number: &str) -> Value {
    json!({
        "out_trade_no": number,
        "total_amount": "19.99",
        "subject": "绿茶 + 杯子 <b>",
        "product_code": "FAST_INSTANT_TRADE_PAY",
        "time_expire": beijing(1800),
    })
}

/// The time in Beijing, so many seconds from now.
pub(crate) fn beijing(seconds: i64) -> String {
    let moment = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
    let civil = Offset::constant(8).to_datetime(moment);
    civil.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

pub(crate) fn form(parameters: &BTreeMap<String, String>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
}

pub(crate) fn text_to_sign(parameters: &BTreeMap<String, String>, without: &[&str]) -> String {
    let kept = parameters
        .iter()
        .filter(|(name, value)| !value.is_empty() && !without.contains(&name.as_str()));
    kept.map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// The object at the start of a text, braces in strings not counted.
fn balanced(text: &str) -> &str {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (index, byte) in text.bytes().enumerate() {
        match (in_string, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, false, b'"') => in_string = !in_string,
            (false, _, b'{') => depth += 1,
            (false, _, b'}') => {
                depth -= 1;
                if depth == 0 {
                    return &text[..=index];
                }
            }
            (_, _, _) => {}
        }
    }
    panic!("no object: {text}");
}

/// Where a merchant is told; it answers what it is set to.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<(u16, &'static str)>>,
}

impl Ear {
    pub(crate) async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ear = Self {
            url: format!("http://{}/notify", listener.local_addr().unwrap()),
            heard: Arc::default(),
            answer: Arc::new(Mutex::new((200, "success"))),
        };
        let hear = async |State(ear): State<Ear>, body: Bytes| {
            let text = String::from_utf8_lossy(&body).into_owned();
            ear.heard.lock().unwrap().push(text);
            let (status, said) = *ear.answer.lock().unwrap();
            (StatusCode::from_u16(status).unwrap(), said)
        };
        let routes = Router::new()
            .route("/notify", post(hear))
            .with_state(ear.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        ear
    }

    pub(crate) fn answers(&self, status: u16, said: &'static str) {
        *self.answer.lock().unwrap() = (status, said);
    }

    pub(crate) fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    /// Waits until so many notifications were heard, and returns them as forms.
    pub(crate) async fn hear(&self, count: usize) -> Vec<BTreeMap<String, String>> {
        for _ in 0..500 {
            if self.count() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let heard = self.heard.lock().unwrap().clone();
        assert_eq!(heard.len(), count, "{heard:?}");
        heard
            .iter()
            .map(|text| {
                form_urlencoded::parse(text.as_bytes())
                    .into_owned()
                    .collect()
            })
            .collect()
    }

    /// Nothing more is heard for a while.
    pub(crate) async fn hears_no_more_than(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.count(), count);
    }
}

/// Whether a notification carries the channel's signature.
pub(crate) fn is_genuine(stage: &Stage, notification: &BTreeMap<String, String>) -> bool {
    let text = text_to_sign(notification, &["sign", "sign_type"]);
    stage.channel_signed(&text, &notification["sign"])
}
