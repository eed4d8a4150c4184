//! A whole day as function `reconcile` does it: the use case, the store, and the reader of WeChat Pay's bills.
//!
//! Played are only the table, which makes the ledger's rows as they are asked for and keeps what is put, and
//! the channel, which hands over a packed file. What the playing takes is measured beforehand, by asking
//! for every row and doing nothing with it, and is taken off.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::civil::Date;
use payonce_app::{
    AccountDay, Accounts, App, Bus, Carried, Carrier, Event, Message, Names, Outbox, Reconciled,
    Stopwatch, Vault,
};
use payonce_channels::statement::{
    BillFile, Damaged, Offer, Seal, StatementKind, StatementSource, Take,
};
use payonce_channels::{
    CannotSend, ConfigurationError, Download, Exchange, HttpAnswer, HttpRequest, Secrets, Silence,
    Transport, Verb, Wire,
};
use payonce_delivery::{Courier, Passage, Reach, Receipt, Road, Signed};
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{AccountId, BillDay, Channel, Mode, Span, Stretch, Timestamp};
use payonce_store::{ChannelAccount, LedgerPlace, Merchant, Store, Tables};
use serde_json::json;

use crate::books::{self, MCHID};
use crate::table::{SHARDS, Table};
use crate::usage::so_far;

/// Noon after the day, in Beijing.
const NOW: Timestamp = Timestamp::from_millis(1_795_233_600_000);

/// Reconciles the day whose bill lies there, and says what it took, in one line of numbers.
pub(crate) fn run(bill: &Path, size: u64) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .context("a runtime")?
        .block_on(reconcile(bill, size))
}

async fn reconcile(bill: &Path, size: u64) -> anyhow::Result<String> {
    payonce_app::log_to(|_| ());
    let place = LedgerPlace {
        channel: Channel::Wechat,
        account: AccountId::new("bench").context("naming an account")?,
        day: BillDay::parse(books::DAY).context("a day")?,
    };
    let store = Store::over(Arc::new(Table::new(size)), tables());
    store.put_merchant(&merchant(&place.account)?).await?;
    let app = app(store.clone(), bill.to_owned());
    let (begun, _) = so_far()?;
    Table::make_all(size);
    let (before, _) = so_far()?;
    let played = before - begun;
    let which = AccountDay {
        channel: place.channel,
        account: place.account,
        day: place.day,
    };
    let done = app.reconcile(&which, NOW).await;
    let (after, resident) = so_far()?;
    let Reconciled::Run(run) = done.map_err(|failure| anyhow::anyhow!("{}", failure.chain()))?
    else {
        bail!("nothing was done");
    };
    if !run.state.is_closed() {
        bail!("the day is {}", run.state.name());
    }
    let found = |class| run.report.found.get(&class).copied().unwrap_or(0);
    Ok(format!(
        "{} {resident} {} {} {} {}",
        (after - before).saturating_sub(played),
        run.report.matched.count,
        found(DiscrepancyClass::AmountDiffers),
        run.report.carried_lines.count,
        run.report.carried_rows.count,
    ))
}

fn tables() -> Tables {
    let name = str::to_owned;
    Tables {
        payments: name("payments"),
        evidence: name("evidence"),
        merchants: name("merchants"),
        controls: name("controls"),
        delayed_messages: name("delayed-messages"),
        ledger: name("ledger"),
        findings: name("findings"),
        appeals: name("appeals"),
        journal: name("journal"),
        due_shards: SHARDS,
    }
}

fn merchant(account: &AccountId) -> anyhow::Result<Merchant> {
    let key = include_str!("../../../../shared/channels/src/wechat/fixtures/wechat.public.pem");
    let settings = json!({
        "appid": "wx00000000000001",
        "mchid": MCHID,
        "gateway": "https://channel.example",
        "keys": { "PUB_KEY_ID_0119000000012026112000000000000001": key },
    });
    Ok(Merchant {
        id: books::merchant()?,
        name: None,
        mode: Mode::Lenient,
        api_keys: Vec::new(),
        accounts: vec![ChannelAccount {
            id: account.clone(),
            channel: Channel::Wechat,
            settings: settings.to_string(),
            secret_name: "secret".to_owned(),
            receiving_secret_name: None,
            stretch: Stretch::NONE,
            fee_rate: None,
            retired: false,
        }],
        return_urls: Vec::new(),
        notify_urls: Vec::new(),
        webhook_secret_name: None,
    })
}

fn app(store: Store, bill: std::path::PathBuf) -> App {
    let nobody = Arc::new(Nobody);
    let accounts = Accounts::over(
        store.clone(),
        nobody.clone(),
        payonce_channels::adapter,
        Stopwatch::default(),
    );
    App::new(
        store,
        accounts.with_bills(open),
        Transport::over(Arc::new(Shelf(bill))),
        Outbox::over(nobody.clone(), Names::default()),
        Courier::over(Reach::Public, nobody.clone()),
        Bus::over(nobody, "bus".to_owned()),
        "https://pay.example".to_owned(),
    )
}

/// WeChat Pay's bills, but for the signed answer that names the file and its hash.
struct Promised(Box<dyn StatementSource>);

fn open(
    channel: Channel,
    settings: &str,
    _secrets: Secrets<'_>,
) -> Result<Box<dyn StatementSource>, ConfigurationError> {
    let real = payonce_channels::statements(channel, settings, Secrets::default())?;
    Ok(Box::new(Promised(real)))
}

fn get() -> HttpRequest {
    HttpRequest {
        verb: Verb::Get,
        url: "https://channel.example/".to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        patience: Span::seconds(60),
        answer_bytes_max: 1 << 30,
    }
}

impl StatementSource for Promised {
    fn channel(&self) -> Channel {
        self.0.channel()
    }

    fn request(
        &self,
        _kind: StatementKind,
        _day: Date,
        _now: Timestamp,
    ) -> Result<HttpRequest, CannotSend> {
        Ok(get())
    }

    fn read_offer(
        &self,
        _kind: StatementKind,
        _day: Date,
        answer: &HttpAnswer,
        _now: Timestamp,
    ) -> Offer {
        let hash = String::from_utf8_lossy(&answer.body).into_owned();
        Offer::Download {
            request: get(),
            seal: Some(Seal::Sha1(hash)),
        }
    }

    fn read(
        &self,
        kind: StatementKind,
        day: Date,
        file: &mut dyn BillFile,
        seal: Option<&Seal>,
        take: Take<'_>,
    ) -> Result<(), Damaged> {
        self.0.read(kind, day, file, seal, take)
    }
}

/// The channel: a file, and its hash beside it.
#[derive(Debug)]
struct Shelf(std::path::PathBuf);

impl Wire for Shelf {
    fn send(&self, _request: HttpRequest) -> Exchange<'_> {
        Box::pin(async {
            let body = std::fs::read(books::seal_of(&self.0)).map_err(|_| Silence::Unreachable)?;
            Ok(HttpAnswer {
                status: 200,
                headers: Vec::new(),
                body,
            })
        })
    }

    fn download<'a>(
        &'a self,
        _request: HttpRequest,
        mut file: &'a mut (dyn Write + Send),
    ) -> Download<'a> {
        Box::pin(async move {
            std::io::copy(&mut std::fs::File::open(&self.0)?, &mut file)?;
            Ok(200)
        })
    }
}

/// Everybody else: nobody is called on such a day.
struct Nobody;

impl Carrier for Nobody {
    fn send<'a>(&'a self, _queue_url: &'a str, _messages: Vec<Message>) -> Carried<'a, usize> {
        Box::pin(async { Ok(0) })
    }

    fn invoke<'a>(&'a self, _function: &'a str, _payload: String) -> Carried<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn put_event<'a>(&'a self, _bus: &'a str, _event: Event) -> Carried<'a, (), anyhow::Error> {
        Box::pin(async { Ok(()) })
    }
}

impl Vault for Nobody {
    fn secret<'a>(&'a self, _name: &'a str) -> Carried<'a, String, anyhow::Error> {
        Box::pin(async { Ok("{}".to_owned()) })
    }
}

impl Road for Nobody {
    fn carry<'a>(&'a self, _signed: Signed<'a>) -> Passage<'a> {
        Box::pin(async { Err(Receipt::Refused { status: 503 }) })
    }
}
