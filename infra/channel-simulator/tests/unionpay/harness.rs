//! A merchant with a certificate, a buyer with a browser, and a place where notifications arrive.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::Request, http::StatusCode, routing::post};
use channel_simulator::{Options, Running, start};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::{Timestamp, tz::Offset};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::message::{Belief, Fields, believe, fields, parse, sign};

/// Looking for primes takes seconds, so all tests start from one state file with keys in it.
static KEYS: OnceCell<Vec<u8>> = OnceCell::const_new();

pub(crate) const FRONT: &str = "/gateway/api/frontTransReq.do";
pub(crate) const BACK: &str = "/gateway/api/backTransReq.do";
pub(crate) const QUERY: &str = "/gateway/api/queryTrans.do";
pub(crate) const FILE: &str = "/";

const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The word that says what kind of page this is.
    pub(crate) fn page_code(&self) -> &str {
        let start = self.body.find("data-code=\"").expect(&self.body) + "data-code=\"".len();
        self.body[start..].split('"').next().unwrap()
    }

    /// The address that the page's buttons share.
    pub(crate) fn cashier(&self) -> String {
        let start = self.body.find("action=\"").unwrap() + "action=\"".len();
        let action = self.body[start..].split('"').next().unwrap();
        action.rsplit_once('/').unwrap().0.to_owned()
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
        let keys = stage.get("/_ctl/keys").await.json();
        stage.keys = keys["unionpay"][0].clone();
        stage
    }

    pub(crate) async fn restarted(mut self) -> Self {
        self.running.take().unwrap().stop().await.unwrap();
        Self::begin(self.directory).await
    }

    async fn send(
        &self,
        request: axum::http::request::Builder,
        body: String,
    ) -> Result<Answer, String> {
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8(body.to_vec()).unwrap();
            Ok::<_, hyper_util::client::legacy::Error>(Answer { status, body })
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

    /// Sends fields as they are, signed or not.
    pub(crate) async fn send_form(&self, door: &str, fields: &Fields) -> Result<Answer, String> {
        let address = format!("{}{door}", self.keys["base_url"].as_str().unwrap());
        let request = Request::post(address).header("content-type", FORM);
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(request, form).await
    }

    /// The fields of a transaction with everything that all messages have, not signed yet.
    pub(crate) fn message(&self, more: &[(&str, &str)]) -> Fields {
        let mut message = fields(&[
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("accessType", "0"),
            ("merId", self.keys["mer_id"].as_str().unwrap()),
            ("certId", self.keys["cert_id"].as_str().unwrap()),
        ]);
        message.extend(fields(more));
        message
    }

    pub(crate) fn sign(&self, fields: Fields) -> Fields {
        sign(self.keys["merchant_private_key"].as_str().unwrap(), fields)
    }

    pub(crate) async fn try_call(&self, door: &str, fields: Fields) -> Result<Answer, String> {
        self.send_form(door, &self.sign(fields)).await
    }

    /// A server's call whose answer must be the channel's.
    pub(crate) async fn call(&self, door: &str, fields: Fields) -> Fields {
        let answer = self.try_call(door, fields).await.unwrap();
        self.verified(&answer)
    }

    pub(crate) fn verified(&self, answer: &Answer) -> Fields {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let fields = parse(&answer.body);
        assert_eq!(believe(&self.keys, &fields), Belief::Genuine, "{fields:?}");
        fields
    }

    /// The form that a browser posts.
    pub(crate) fn consume(&self, number: &str, txn_time: &str, more: &[(&str, &str)]) -> Fields {
        let mut consume = self.message(&[
            ("txnType", "01"),
            ("txnSubType", "01"),
            ("bizType", "000201"),
            ("channelType", "07"),
            ("orderId", number),
            ("txnTime", txn_time),
            ("txnAmt", "1999"),
            ("currencyCode", "156"),
            ("frontUrl", "http://127.0.0.1:9/front"),
            ("backUrl", "http://127.0.0.1:9/back"),
            ("payTimeout", &beijing(1800)),
            ("riskRateInfo", "{commodityName=绿茶 <b>}"),
        ]);
        consume.extend(fields(more));
        consume
    }

    /// Posts the form and finds a page where the order can be paid.
    pub(crate) async fn open(&self, number: &str, more: &[(&str, &str)]) -> (String, Answer) {
        let txn_time = beijing(0);
        let form = self.consume(number, &txn_time, more);
        let page = self.try_call(FRONT, form).await.unwrap();
        assert!(
            ["CASHIER", "BANK"].contains(&page.page_code()),
            "{}",
            page.body
        );
        (txn_time, page)
    }

    /// Opens and pays; returns the time that names the transaction.
    pub(crate) async fn paid(&self, number: &str, more: &[(&str, &str)]) -> String {
        let (txn_time, _) = self.open(number, more).await;
        assert_eq!(self.pay(number, "").await.status, 200);
        txn_time
    }

    pub(crate) async fn query(&self, number: &str, txn_time: &str) -> Fields {
        let question = self.message(&[
            ("txnType", "00"),
            ("txnSubType", "00"),
            ("bizType", "000000"),
            ("orderId", number),
            ("txnTime", txn_time),
        ]);
        self.call(QUERY, question).await
    }

    /// `respCode` and `origRespCode` of a query.
    pub(crate) async fn codes(&self, number: &str, txn_time: &str) -> (String, String) {
        let mut answer = self.query(number, txn_time).await;
        let mut take = |name| answer.remove(name).unwrap_or_default();
        (take("respCode"), take("origRespCode"))
    }

    /// Pays through the control API.
    pub(crate) async fn pay(&self, number: &str, body: &str) -> Answer {
        self.post(&format!("/_ctl/orders/unionpay/{number}/pay"), body)
            .await
    }

    /// The channel's truth about an order.
    pub(crate) async fn truth(&self, number: &str) -> Value {
        let answer = self.get(&format!("/_ctl/orders/unionpay/{number}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let body = json!({ "advance_seconds": seconds }).to_string();
        assert_eq!(self.post("/_ctl/clock", &body).await.status, 200);
    }

    pub(crate) async fn now(&self) -> Timestamp {
        let clock = self.get("/_ctl/clock").await.json();
        clock["now"].as_str().unwrap().parse().unwrap()
    }

    /// Moves the virtual clock to the next time that it is so late in Beijing.
    pub(crate) async fn advance_to(&self, hour: i64, minute: i64) {
        let now = self.now().await.as_second() + 8 * 3600;
        let wanted = hour * 3600 + minute * 60;
        self.advance((wanted - now).rem_euclid(86_400)).await;
    }

    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub(crate) async fn fault(&self, operation: &str, fault: &str, delay_ms: u64) {
        let body = json!({
            "channel": "unionpay", "operation": operation, "fault": fault, "delay_ms": delay_ms,
        });
        self.control("/_ctl/faults", &body).await;
    }
}

fn options(directory: &TempDir) -> Options {
    let setup: PathBuf = directory.path().join("setup.json");
    let text = json!({ "accounts": [
        {
            "channel": "unionpay", "account": "unionpay-strict", "merchant_id": "m-strict",
            "webhook_url": "http://127.0.0.1:3000/v1/webhooks/unionpay/unionpay-strict",
        },
        {
            "channel": "unionpay", "account": "unionpay-lenient", "merchant_id": "m-lenient",
            "webhook_url": "http://127.0.0.1:3000/v1/webhooks/unionpay/unionpay-lenient",
        },
    ]});
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

/// The time in Beijing as UnionPay writes it, so many seconds from now.
pub(crate) fn beijing(seconds: i64) -> String {
    let moment = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
    compact(moment)
}

pub(crate) fn compact(moment: Timestamp) -> String {
    let civil = Offset::constant(8).to_datetime(moment);
    civil.strftime("%Y%m%d%H%M%S").to_string()
}

/// Where a merchant is told; it answers what it is set to.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<u16>>,
}

impl Ear {
    pub(crate) async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ear = Self {
            url: format!("http://{}/notify", listener.local_addr().unwrap()),
            heard: Arc::default(),
            status: Arc::new(Mutex::new(200)),
        };
        let hear = async |State(ear): State<Ear>, body: Bytes| {
            let text = String::from_utf8_lossy(&body).into_owned();
            ear.heard.lock().unwrap().push(text);
            (
                StatusCode::from_u16(*ear.status.lock().unwrap()).unwrap(),
                "",
            )
        };
        let routes = Router::new()
            .route("/notify", post(hear))
            .with_state(ear.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        ear
    }

    pub(crate) fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// Waits until so many notifications were heard, and returns them as forms.
    pub(crate) async fn hear(&self, count: usize) -> Vec<Fields> {
        for _ in 0..500 {
            if self.heard.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let heard = self.heard.lock().unwrap().clone();
        assert_eq!(heard.len(), count, "{heard:?}");
        let read = |text: &String| {
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect()
        };
        heard.iter().map(read).collect()
    }

    /// Nothing more is heard for a while.
    pub(crate) async fn hears_no_more_than(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.heard.lock().unwrap().len(), count);
    }
}
