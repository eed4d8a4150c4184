//! The stage: a simulator within this process, accounts opened through the registry, and an ear for notifications.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::post;
use channel_simulator::{Options, Running};
use end_to_end::{CLIENT_IP, Http, PAYER, Simulator, Way, eventually};
use payonce_channels::statement::StatementSource;
use payonce_channels::{
    Adapter, ChannelClient, CreateTold, News, Order, RefundOrder, Secrets, Transport,
    UnverifiedNotification, adapter, statements,
};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    Action, BankCode, Channel, ChannelOrderNo, ChannelTradeNo, CreateAnswer, MerchantId,
    MerchantOrderNo, MerchantRefundNo, Method, Money, PaymentKey, RefundForm, RefundNo, Report,
    Span, Timestamp,
};
use payonce_local::Contract;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What every order costs.
pub(crate) const PRICE: u64 = 1_999;

/// Headers in lower case, and a body.
pub(crate) type Heard = (Vec<(String, String)>, Vec<u8>);

/// What was heard, by the account it was told to.
type Ear = Arc<Mutex<BTreeMap<String, Vec<Heard>>>>;

/// One account, opened.
pub(crate) struct Account {
    pub(crate) name: &'static str,
    pub(crate) adapter: Box<dyn Adapter>,
    pub(crate) statements: Box<dyn StatementSource>,
}

impl Account {
    /// Every way to pay that the adapter offers.
    pub(crate) fn ways(&self) -> Vec<Way> {
        let channel = self.adapter.channel();
        let methods = self.adapter.methods().iter();
        methods.map(|method| Way::of(channel, *method)).collect()
    }
}

/// An account as the setup names it, and whether Alipay and we know each other by certificates there.
type Named = (Channel, &'static str, bool);

/// Two accounts on every channel, so that one can be told of the other's orders, and one of Alipay's by certificates.
pub(crate) const ACCOUNTS: [Named; 7] = [
    (Channel::Alipay, "alipay-one", false),
    (Channel::Alipay, "alipay-two", false),
    (Channel::Alipay, "alipay-certificates", true),
    (Channel::Wechat, "wechat-one", false),
    (Channel::Wechat, "wechat-two", false),
    (Channel::Unionpay, "unionpay-one", false),
    (Channel::Unionpay, "unionpay-two", false),
];

/// The first account of each channel.
pub(crate) fn one_of_each_channel() -> impl Iterator<Item = &'static str> {
    let names = ACCOUNTS.iter().map(|(_, name, _)| *name);
    names.filter(|name| name.ends_with("-one"))
}

/// Everything a question needs.
pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) transport: Transport,
    accounts: Vec<Account>,
    heard: Ear,
    ear: String,
    running: Running,
    _directory: TempDir,
}

/// Makes numbers differ.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The time, as a function reads it once for a message.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

impl Stage {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let heard = Arc::default();
        let ear = listen(Arc::clone(&heard)).await?;
        let directory = tempfile::tempdir()?;
        let setup = directory.path().join("setup.json");
        std::fs::write(&setup, setup_text(&ear))?;
        let running = channel_simulator::start(Options {
            port: 0,
            setup,
            state: directory.path().join("state.json"),
            fresh: true,
            public_url: None,
            clock_file: None,
        })
        .await?;
        let http = Http::new()?;
        let keys = http
            .get_json(&format!("{}/_ctl/keys", running.url()))
            .await?;
        let accounts = ACCOUNTS
            .iter()
            .map(|named| open(*named, &keys))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            simulator: Simulator::new(http, running.url()),
            transport: Transport::new("payonce-contract"),
            accounts,
            heard,
            ear,
            running,
            _directory: directory,
        })
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.running.stop().await
    }

    pub(crate) fn account(&self, name: &str) -> anyhow::Result<&Account> {
        let found = self.accounts.iter().find(|account| account.name == name);
        found.with_context(|| format!("no account {name}"))
    }

    pub(crate) fn client<'a>(&'a self, account: &'a Account) -> ChannelClient<'a> {
        ChannelClient::new(account.adapter.as_ref(), &self.transport)
    }

    /// An order that nobody heard of yet.
    pub(crate) fn order(&self, account: &Account, way: Way) -> anyhow::Result<Order> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", now().as_millis());
        let merchant = MerchantId::new("m-contract")?;
        let key = PaymentKey::derive(&merchant, &MerchantOrderNo::new(name.clone())?);
        let at = now().floor_to_second();
        let is = |method: Method| way.method == method;
        Ok(Order {
            no: ChannelOrderNo::new(key, way.channel, way.method, 1),
            amount: Money::from_fen(PRICE),
            subject: "一双鞋 shoes".to_owned(),
            created_at: at,
            expires_at: at.plus(Span::minutes(30)),
            notify_url: format!("{}/{}", self.ear, account.name),
            return_url: Some("https://m-contract.example/return".to_owned()),
            client_ip: is(Method::H5).then(|| CLIENT_IP.to_owned()),
            payer: is(Method::Jsapi).then(|| PAYER.to_owned()),
            auth_code: is(Method::Code).then(|| way.auth_code(&name)),
            bank: way.bank().map(BankCode::new).transpose()?,
        })
    }

    /// Creates an order, and the buyer opens what there is to open.
    pub(crate) async fn opened(&self, account: &Account, way: Way) -> anyhow::Result<Order> {
        let order = self.order(account, way)?;
        let told = self.client(account).create(&order, now()).await.said;
        match told {
            CreateTold::Answered(CreateAnswer::Made { action, .. }) => {
                let shown = json!({ "action": as_json(&action) });
                self.simulator.open_cashier(&shown).await?;
            }
            CreateTold::Answered(CreateAnswer::Taken) | CreateTold::Reported(_) => {}
            CreateTold::Answered(CreateAnswer::Refused) | CreateTold::NoAnswer => {
                anyhow::bail!("creating {order:?}: {told:?}");
            }
        }
        Ok(order)
    }

    /// The same, and the buyer pays; gives the channel's number too.
    pub(crate) async fn paid(
        &self,
        account: &Account,
        way: Way,
    ) -> anyhow::Result<(Order, ChannelTradeNo)> {
        let order = self.opened(account, way).await?;
        if way.method != Method::Code {
            self.simulator.pay(&order.no.to_string()).await?;
        }
        match self.client(account).query(&order, now()).await.said {
            Report::Paid {
                trade_no, amount, ..
            } => {
                ensure!(amount == order.amount, "{amount:?} was taken");
                Ok((order, trade_no))
            }
            other @ (Report::PaidBack { .. }
            | Report::TakenLate { .. }
            | Report::Unpaid
            | Report::Closed
            | Report::NotFound
            | Report::NoAnswer) => anyhow::bail!("{order:?} is paid, and told as {other:?}"),
        }
    }

    /// A refund of a part.
    pub(crate) fn refund(
        &self,
        account: &Account,
        order: &Order,
        trade_no: ChannelTradeNo,
        fen: u64,
    ) -> anyhow::Result<RefundOrder> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let merchants = MerchantRefundNo::new(format!("part-{number}"))?;
        Ok(RefundOrder {
            no: RefundNo::new(order.no, RefundIdentity::Merchant(&merchants), 1),
            form: RefundForm::Refund,
            amount: Money::from_fen(fen),
            reason: "contract".to_owned(),
            trade_no,
            captured: order.amount,
            sent_at: now().floor_to_second(),
            notify_url: format!("{}/{}", self.ear, account.name),
        })
    }

    /// The first notification about an order.
    pub(crate) async fn heard_of(&self, account: &Account, order: &Order) -> anyhow::Result<Heard> {
        self.heard_that(account, order, |_| true).await
    }

    /// The first notification about an order with such news.
    pub(crate) async fn heard_that(
        &self,
        account: &Account,
        order: &Order,
        is_wanted: impl Fn(&News) -> bool,
    ) -> anyhow::Result<Heard> {
        let within = Duration::from_secs(20);
        eventually(within, "a notification", || async {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let all = heard.get(account.name).into_iter().flatten();
            // An encrypted one names no order, so whoever can open it tells.
            let mut ours = all.filter(|(headers, body)| {
                let unverified = UnverifiedNotification {
                    headers,
                    body,
                    received_at: now(),
                };
                let verified = account.adapter.verify(unverified);
                verified.is_ok_and(|notice| {
                    notice.channel_order_no == order.no && is_wanted(&notice.news)
                })
            });
            ours.next().cloned().context("nothing was heard")
        })
        .await
    }
}

/// What the HTTP contract makes of an action.
pub(crate) fn as_json(action: &Action) -> Value {
    match action {
        Action::Redirect { url } => json!({ "type": "redirect", "url": url }),
        Action::Qr { content } => json!({ "type": "qr", "content": content }),
        Action::Form { url, fields } => json!({ "type": "form", "url": url, "fields": fields }),
        Action::Jsapi { parameters } => json!({ "type": "jsapi", "parameters": parameters }),
    }
}

fn open((channel, name, has_certificates): Named, keys: &Value) -> anyhow::Result<Account> {
    let all = keys[channel.name()].as_array().into_iter().flatten();
    let mut own = all.filter(|account| account["account"] == name);
    let own = own.next().with_context(|| format!("no keys of {name}"))?;
    let contract = Contract::of(channel, name, has_certificates, own)?;
    let settings = contract.settings.to_string();
    let signing = contract.signing.to_string();
    let receiving = contract.receiving.map(|receiving| receiving.to_string());
    let secrets = Secrets {
        signing: Some(&signing),
        receiving: receiving.as_deref(),
    };
    Ok(Account {
        name,
        adapter: adapter(channel, &settings, secrets)?,
        statements: statements(channel, &settings, secrets)?,
    })
}

fn setup_text(ear: &str) -> String {
    let accounts = ACCOUNTS.map(|(channel, name, has_certificates)| {
        let mut account = json!({
            "channel": channel.name(),
            "account": name,
            "merchant_id": "m-contract",
            "webhook_url": format!("{ear}/{name}"),
        });
        if has_certificates {
            account["mode"] = json!("certificates");
        }
        account
    });
    json!({ "accounts": accounts }).to_string()
}

/// Hears whatever is told and answers what every channel takes for "heard".
async fn listen(heard: Ear) -> anyhow::Result<String> {
    let hear = async |State(heard): State<Ear>,
                      Path(account): Path<String>,
                      headers: HeaderMap,
                      body: Bytes| {
        let headers = headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let message = (headers.collect(), body.to_vec());
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.entry(account).or_default().push(message);
        "success"
    };
    let app = Router::new()
        .route("/{account}", post(hear))
        .with_state(heard);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}
