//! The stage: the use cases, a merchant with an account on each channel, and everything they speak to.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::post;
use channel_simulator::{Options, Running};
use end_to_end::{Http, Simulator, Way, eventually};
use payonce_app::{Accounts, App, Failure, InitiateRequest, Initiated, WayToPay};
use payonce_channels::{Acknowledgement, Transport, UnverifiedNotification};
use payonce_delivery::{Courier, Reach};
use payonce_domain::reconciliation::FeeRate;
use payonce_domain::{
    AccountId, Action, Channel, ChannelChoice, ChannelOrder, ChannelOrderNo, MerchantId,
    MerchantOrderNo, Mode, Money, Payment, PaymentKey, PaymentNo, Span, Stretch, Terms, Timestamp,
    decide,
};
use payonce_local::Contract;
use payonce_store::{ChannelAccount, Merchant, Stored};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::accelerators::Accelerators;
use crate::faults::Proxy;
use crate::tables;

/// What every order costs.
pub(crate) const PRICE: u64 = 1_999;

const MERCHANT: &str = "shop";

/// The merchant's accounts.
const ACCOUNTS: [(Channel, &str); 3] = [
    (Channel::Alipay, "shop-alipay"),
    (Channel::Wechat, "shop-wechat"),
    (Channel::Unionpay, "shop-unionpay"),
];

/// Headers in lower case, and a body.
#[derive(Clone)]
pub(crate) struct Heard {
    account: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Heard {
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }
}

type Ear = Arc<Mutex<Vec<Heard>>>;

/// Everything a test needs.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) merchant: Merchant,
    /// Between the use cases and the database.
    pub(crate) database: Proxy,
    pub(crate) accelerators: Accelerators,
    pub(crate) simulator: Simulator,
    tables: tables::World,
    heard: Ear,
    ahead_seconds: AtomicI64,
    _running: Running,
    _directory: TempDir,
}

/// An order of the merchant's, with half an hour to be paid.
pub(crate) fn order(name: &str, way: Way, now: Timestamp) -> InitiateRequest {
    InitiateRequest {
        merchant_order_no: MerchantOrderNo::new(name).unwrap(),
        amount: Money::from_fen(PRICE),
        subject: "一双鞋".to_owned(),
        way: Some(WayToPay {
            channel: way.channel,
            method: way.method,
            bank: None,
            auth_code: None,
            return_url: None,
        }),
        expires_at: now.plus(Span::minutes(30)),
        return_url: None,
        notify_url: None,
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
        switch: false,
        replaces: None,
    }
}

impl Stage {
    pub(crate) async fn set(mode: Mode) -> Self {
        let heard: Ear = Arc::default();
        let ear = listen(Arc::clone(&heard)).await;
        let directory = tempfile::tempdir().unwrap();
        let running = simulator(&directory, &ear).await;
        let http = Http::new().unwrap();
        let keys = format!("{}/_ctl/keys", running.url());
        let keys = http.get_json(&keys).await.unwrap();
        let accelerators = Accelerators::default();
        let clients = accelerators.open().await;
        let tables = tables::world().await;
        let merchant = merchant(mode, &keys, &accelerators);
        tables.store.put_merchant(&merchant).await.unwrap();
        let database = Proxy::before(tables.database).await;
        let store = tables::store(tables::client(database.address));
        Self {
            app: App::new(
                store.clone(),
                Accounts::new(store, clients.secrets),
                Transport::new("payonce-test"),
                clients.outbox,
                Courier::new(Reach::PublicAndLoopback),
                clients.bus,
                ear,
            ),
            merchant,
            database,
            accelerators,
            simulator: Simulator::new(http, running.url()),
            tables,
            heard,
            ahead_seconds: AtomicI64::new(0),
            _running: running,
            _directory: directory,
        }
    }

    /// The time by our clock.
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let millis = u64::try_from(since.as_millis()).unwrap();
        let ahead = self.ahead_seconds.load(Ordering::Relaxed) * 1_000;
        Timestamp::from_millis(millis.checked_add_signed(ahead).unwrap())
    }

    /// So many seconds pass, here and at the channel.
    pub(crate) async fn pass(&self, seconds: i64) {
        let advance = json!({ "advance_seconds": seconds });
        let answer = self.simulator.control("clock", &advance).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.shown());
        self.ahead_seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Our clock falls behind the channel's.
    pub(crate) fn lag(&self, seconds: i64) {
        self.ahead_seconds.fetch_sub(seconds, Ordering::Relaxed);
    }

    pub(crate) async fn initiate(&self, request: InitiateRequest) -> Result<Initiated, Failure> {
        let now = self.now();
        self.app.initiate(&self.merchant, request, now).await
    }

    /// A payment that can be paid at its channel.
    pub(crate) async fn opened(&self, name: &str, way: Way) -> Payment {
        let request = order(name, way, self.now());
        let payment = self.initiate(request).await.unwrap().payment;
        self.open(payment.channel_orders.last().unwrap(), &payment)
            .await;
        payment
    }

    /// The buyer opens what there is to open.
    pub(crate) async fn open(&self, order: &ChannelOrder, payment: &Payment) {
        let action = self.app.action(payment, order, self.now()).await;
        let action = action.unwrap().unwrap_or_else(|| panic!("{order:?}"));
        let shown = json!({ "action": as_json(&action) });
        self.simulator.open_cashier(&shown).await.unwrap();
    }

    /// As it is in the database, faults or none.
    pub(crate) async fn stored(&self, key: PaymentKey) -> Option<Stored> {
        self.tables.store.load(key).await.unwrap()
    }

    pub(crate) async fn payment(&self, key: PaymentKey) -> Payment {
        self.stored(key).await.unwrap().payment().clone()
    }

    /// Captured, applied, and owed to the buyer, in fen.
    pub(crate) async fn money(&self, key: PaymentKey) -> (u64, u64, u64) {
        let money = self.payment(key).await.money().unwrap();
        (
            money.captured.minor(),
            money.applied.minor(),
            money.refund_due.minor(),
        )
    }

    pub(crate) fn key(&self, name: &str) -> PaymentKey {
        PaymentKey::derive(&self.merchant.id, &MerchantOrderNo::new(name).unwrap())
    }

    /// Changes the item behind the store's back.
    pub(crate) async fn tamper(
        &self,
        key: PaymentKey,
        change: impl FnOnce(&mut HashMap<String, AttributeValue>),
    ) {
        self.tamper_in(tables::PAYMENTS, key.as_str(), change).await;
    }

    /// Changes an item of a table behind the store's back.
    pub(crate) async fn tamper_in(
        &self,
        table: &str,
        key: &str,
        change: impl FnOnce(&mut HashMap<String, AttributeValue>),
    ) {
        let client = &self.tables.client;
        let name = AttributeValue::S(key.to_owned());
        let found = client.get_item().table_name(table);
        let found = found.key("k", name).send().await.unwrap();
        let mut item = found.item.unwrap();
        change(&mut item);
        let put = client.put_item().table_name(table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    /// The item as the table has it.
    pub(crate) async fn item(&self, key: PaymentKey) -> HashMap<String, AttributeValue> {
        let items = self.items().await.into_iter();
        let name = AttributeValue::S(key.as_str().to_owned());
        let mut of_it = items.filter(|item| item.get("k") == Some(&name));
        of_it.next().unwrap()
    }

    /// Every item of the table of payments.
    pub(crate) async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        self.items_in(tables::PAYMENTS).await
    }

    /// Every item of a table.
    pub(crate) async fn items_in(&self, table: &str) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self.tables.client.scan().table_name(table);
        scan.send().await.unwrap().items.unwrap_or_default()
    }

    /// Puts an item back behind the store's back, as out of a backup.
    pub(crate) async fn put_back(&self, item: HashMap<String, AttributeValue>) {
        let put = self.tables.client.put_item().table_name(tables::PAYMENTS);
        put.set_item(Some(item)).send().await.unwrap();
    }

    /// Deletes the item behind the store's back.
    pub(crate) async fn delete(&self, key: PaymentKey) {
        self.delete_in(tables::PAYMENTS, key.as_str()).await;
    }

    /// The same in any table.
    pub(crate) async fn delete_in(&self, table: &str, key: &str) {
        let name = AttributeValue::S(key.to_owned());
        let delete = self.tables.client.delete_item();
        let delete = delete.table_name(table).key("k", name);
        delete.send().await.unwrap();
    }

    /// What the channel was asked about an order so far, in its own words.
    pub(crate) async fn asked(&self, no: ChannelOrderNo) -> Vec<String> {
        let journal = self.simulator.journal(&no.to_string()).await.unwrap();
        let requests = journal.iter().filter(|entry| entry["kind"] == "request");
        requests
            .map(|entry| entry["operation"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The number of the first attempt at an order.
    pub(crate) fn first(&self, name: &str, way: Way) -> ChannelOrderNo {
        ChannelOrderNo::new(self.key(name), way.channel, way.method, 1)
    }

    /// A payment whose channel account is no longer the merchant's, due at once.
    pub(crate) async fn of_an_account_that_is_gone(&self, name: &str) -> PaymentNo {
        let now = self.now();
        let way = Way::ALIPAY_PAGE;
        let terms = Terms {
            merchant_id: self.merchant.id.clone(),
            merchant_order_no: MerchantOrderNo::new(name).unwrap(),
            mode: self.merchant.mode,
            amount: Money::from_fen(PRICE),
            subject: "一双鞋".to_owned(),
            expires_at: now.plus(Span::minutes(30)),
            return_url: None,
            notify_url: None,
            client_ip: None,
            payer: None,
            metadata: BTreeMap::new(),
        };
        let choice = ChannelChoice {
            channel: way.channel,
            method: way.method,
            account: AccountId::new("gone").unwrap(),
            bank: None,
            stretch: Stretch::NONE,
        };
        let opened = decide::open(terms, Some(choice), now).unwrap();
        self.tables.store.create(&opened).await.unwrap();
        opened.payment().payment_no()
    }

    /// Lists a payment in the index as due then, whatever it is owed.
    pub(crate) async fn enter_into_index(&self, key: PaymentKey, due_at: Timestamp) {
        let shard = AttributeValue::N("0".to_owned());
        let due_at = AttributeValue::N(due_at.as_millis().to_string());
        self.tamper(key, |item| {
            item.insert("s".to_owned(), shard);
            item.insert("d".to_owned(), due_at);
        })
        .await;
    }

    /// Every order that the channels know of a payment.
    pub(crate) async fn books(&self, key: PaymentKey) -> Vec<Value> {
        let payment_no = PaymentNo::new(key).to_string();
        self.simulator.books_of(&payment_no).await.unwrap()
    }

    /// The notification that the channel sent last, once it has sent so many.
    pub(crate) async fn heard(&self, count: usize) -> Heard {
        eventually(Duration::from_secs(20), "a notification", || async {
            let heard = self.heard.lock().unwrap();
            heard.get(count - 1).cloned().context("nothing was heard")
        })
        .await
        .unwrap()
    }

    /// Which account a notification is about.
    pub(crate) fn account_of(&self, heard: &Heard) -> (AccountId, Channel) {
        let mut accounts = self.merchant.accounts.iter();
        let own = accounts.find(|account| account.id.as_str() == heard.account);
        let own = own.unwrap();
        (own.id.clone(), own.channel)
    }

    /// Takes a notification as function `webhook` does; the channel of the account, or another.
    pub(crate) async fn receive(&self, heard: &Heard) -> Acknowledgement {
        let (account, channel) = self.account_of(heard);
        let now = self.now();
        let notification = UnverifiedNotification {
            headers: &heard.headers,
            body: &heard.body,
            received_at: now,
        };
        let said = self.app.receive(channel, &account, notification, now).await;
        said.unwrap().unwrap()
    }
}

fn as_json(action: &Action) -> Value {
    match action {
        Action::Redirect { url } => json!({ "type": "redirect", "url": url }),
        Action::Qr { content } => json!({ "type": "qr", "content": content }),
        Action::Form { url, fields } => json!({ "type": "form", "url": url, "fields": fields }),
        Action::Jsapi { parameters } => json!({ "type": "jsapi", "parameters": parameters }),
    }
}

async fn simulator(directory: &TempDir, ear: &str) -> Running {
    let accounts = ACCOUNTS.map(|(channel, account)| {
        json!({
            "channel": channel.name(),
            "account": account,
            "merchant_id": MERCHANT,
            "webhook_url": format!("{ear}/v1/webhooks/{}/{account}", channel.name()),
        })
    });
    let setup = directory.path().join("setup.json");
    std::fs::write(&setup, json!({ "accounts": accounts }).to_string()).unwrap();
    channel_simulator::start(Options {
        port: 0,
        setup,
        state: directory.path().join("state.json"),
        fresh: true,
        public_url: None,
        // The use cases' clock is moved with the channels'.
        clock_file: Some(directory.path().join("clock")),
    })
    .await
    .unwrap()
}

fn merchant(mode: Mode, keys: &Value, accelerators: &Accelerators) -> Merchant {
    let accounts = ACCOUNTS.map(|(channel, name)| {
        let own = keys[channel.name()].as_array().unwrap();
        let own = own.iter().find(|each| each["account"] == name).unwrap();
        let contract = Contract::of(channel, name, false, own).unwrap();
        accelerators.keep(name, &contract.signing);
        let receiving = contract.receiving.map(|receiving| {
            let secret = format!("receiving/{name}");
            accelerators.keep(&secret, &receiving);
            secret
        });
        ChannelAccount {
            id: AccountId::new(name).unwrap(),
            channel,
            settings: contract.settings.to_string(),
            secret_name: name.to_owned(),
            receiving_secret_name: receiving,
            // What the simulator's channels keep: 0.6 %.
            fee_rate: FeeRate::from_millionths(6_000),
            retired: false,
            stretch: Stretch::NONE,
        }
    });
    Merchant {
        id: MerchantId::new(MERCHANT).unwrap(),
        name: None,
        mode,
        api_keys: Vec::new(),
        accounts: accounts.into(),
        return_urls: Vec::new(),
        notify_urls: Vec::new(),
        webhook_secret_name: None,
    }
}

/// Hears whatever is told, and answers what every channel takes for "heard".
async fn listen(heard: Ear) -> String {
    let hear = async |State(heard): State<Ear>,
                      Path((_, account)): Path<(String, String)>,
                      headers: HeaderMap,
                      body: Bytes| {
        let headers = headers.iter().map(|(name, value)| {
            let value = value.to_str().unwrap_or_default();
            (name.as_str().to_owned(), value.to_owned())
        });
        heard.lock().unwrap().push(Heard {
            account,
            headers: headers.collect(),
            body: body.to_vec(),
        });
        "success"
    };
    let routes = Router::new()
        .route("/v1/webhooks/{channel}/{account}", post(hear))
        .with_state(heard);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}
