//! The steps whose costs are counted, one after the other, each by processes that are warm.

use std::time::Duration;

use anyhow::Context;
use end_to_end::proxy::{Entry, Subject, Tally};
use end_to_end::{Merchant, Notification, Order, Proxied, Way, attempt, eventually, same};
use payonce_domain::Channel;
use serde_json::{Value, json};

use crate::ledger::Ledger;

/// Longer than the first question takes to come, shorter than the second.
const FIRST_QUESTION: Duration = Duration::from_secs(8);

/// Each process reads an account's breaker once in two seconds, whatever is asked of it: that follows the
/// clock and not the step, and is told apart in the README. No step counted here reads another control.
const BREAKER: &str = "get controls";

/// How many resolved payments lie in the table when the scan is counted the second time.
const MANY: usize = 24;

/// Shards of the due index, as the template sets them.
const SHARDS: u64 = 4;
/// Payments, delayed messages and appeals: each has a due index.
const INDEXES: u64 = 3;

/// Counts everything.
pub(crate) async fn count_all(proxied: &Proxied, ledger: &mut Ledger) -> anyhow::Result<()> {
    let merchant = proxied.world.lenient()?;
    warm(proxied, &merchant).await?;
    let (order, page) = initiate_page(proxied, &merchant, ledger).await?;
    notify(proxied, &merchant, ledger, &order, &page).await?;
    initiate_native(proxied, &merchant, ledger).await?;
    scan(proxied, &merchant, ledger).await
}

/// A payment that nobody counts: afterwards every process knows its merchant and its keys.
async fn warm(proxied: &Proxied, merchant: &Merchant) -> anyhow::Result<()> {
    let order = merchant.order(1_999);
    let native = initiate(merchant, &order, Way::ALIPAY_NATIVE).await?;
    let page = initiate(merchant, &order, Way::ALIPAY_PAGE).await?;
    // Scanned, so that it can be closed once the other is paid.
    proxied.world.simulator.open_cashier(&native).await?;
    proxied.world.simulator.open_and_pay(&page).await?;
    until_paid(merchant, &order).await?;
    until_told(merchant, &order).await
}

async fn initiate_page(
    proxied: &Proxied,
    merchant: &Merchant,
    ledger: &mut Ledger,
) -> anyhow::Result<(Order, Value)> {
    let order = merchant.order(1_999);
    let counter = Counter::of(proxied, "pay");
    let page = initiate(merchant, &order, Way::ALIPAY_PAGE).await?;
    let meant = Tally {
        store: 1,
        write_units: 2,
        queue: 1,
        ..Tally::default()
    };
    ledger.enter("initiate, page", counter.tally(), meant);

    let counter = Counter::of(proxied, "pay");
    initiate(merchant, &order, Way::ALIPAY_PAGE).await?;
    let meant = Tally {
        store: 1,
        write_units: 1,
        ..Tally::default()
    };
    ledger.enter("initiate, the same again", counter.tally(), meant);
    Ok((order, page))
}

async fn initiate_native(
    proxied: &Proxied,
    merchant: &Merchant,
    ledger: &mut Ledger,
) -> anyhow::Result<()> {
    let order = merchant.order(1_999);
    let counter = Counter::of(proxied, "pay");
    let native = initiate(merchant, &order, Way::ALIPAY_NATIVE).await?;
    let meant = Tally {
        store: 2,
        write_units: 3,
        queue: 1,
        channel: 1,
        ..Tally::default()
    };
    ledger.enter("initiate, native", counter.tally(), meant);

    let counter = Counter::of(proxied, "pay");
    initiate(merchant, &order, Way::ALIPAY_NATIVE).await?;
    let meant = Tally {
        store: 1,
        write_units: 1,
        ..Tally::default()
    };
    ledger.enter("initiate, native, the same again", counter.tally(), meant);
    proxied.world.simulator.open_and_pay(&native).await?;
    until_paid(merchant, &order).await
}

async fn notify(
    proxied: &Proxied,
    merchant: &Merchant,
    ledger: &mut Ledger,
    order: &Order,
    page: &Value,
) -> anyhow::Result<()> {
    let world = &proxied.world;
    world.simulator.open_cashier(page).await?;
    let question = Counter::of(proxied, "query").about(order)?;
    let counter = Counter::of(proxied, "webhook");
    let telling = Counter::of(proxied, "notify").about(order)?;
    let no = page["channel_order_no"].as_str().context("a number")?;
    world.simulator.pay(no).await?;
    until_paid(merchant, order).await?;
    until_told(merchant, order).await?;
    let meant = Tally {
        store: 3,
        read_halves: 2,
        write_units: 5,
        queue: 1,
        ..Tally::default()
    };
    ledger.enter("notification", counter.tally(), meant);
    // Whoever stores the next change after money moved books it first: one row of the ledger. The console's journal
    // gets two rows besides (whose trade it is, and the hour's count), which name no payment and are not counted here.
    let meant = Tally {
        store: 3,
        read_halves: 2,
        write_units: 3,
        events: 1,
        ..Tally::default()
    };
    ledger.enter("telling", telling.tally(), meant);

    let book = world
        .simulator
        .book(no)
        .await?
        .context("the channel knows it")?;
    let account = world
        .simulator
        .account_of(Channel::Alipay, &merchant.id)
        .await?;
    let again = Notification::of(&account, &book, "19.99")?;
    let key = account["channel_private_key"].as_str().context("a key")?;
    let counter = Counter::of(proxied, "webhook");
    let url = account["webhook_url"].as_str().context("an address")?;
    let answer = again.signed(key)?.post(&world.http, url).await?;
    same(
        "the answer to the second",
        answer.bytes.as_slice(),
        b"success".as_slice(),
    )?;
    let meant = Tally {
        store: 1,
        read_halves: 2,
        ..Tally::default()
    };
    ledger.enter("notification, once more", counter.tally(), meant);

    tokio::time::sleep(FIRST_QUESTION).await;
    let meant = Tally {
        store: 1,
        read_halves: 1,
        ..Tally::default()
    };
    ledger.enter("delayed query, resolved before", question.tally(), meant);
    Ok(())
}

/// The scan reads what is due and nothing else, however much lies in the table.
async fn scan(proxied: &Proxied, merchant: &Merchant, ledger: &mut Ledger) -> anyhow::Result<()> {
    let meant = Tally {
        store: INDEXES * SHARDS,
        read_halves: INDEXES * SHARDS,
        ..Tally::default()
    };
    ledger.enter("scan, 3 payments stored", scanned(proxied).await?, meant);
    for _ in 0..MANY {
        let order = merchant.order(1_999);
        let page = initiate(merchant, &order, Way::ALIPAY_PAGE).await?;
        proxied.world.simulator.open_and_pay(&page).await?;
        until_paid(merchant, &order).await?;
    }
    ledger.enter("scan, 27 payments stored", scanned(proxied).await?, meant);
    Ok(())
}

/// The cheapest of three: the scan of the minute may come in between, and is then counted too.
async fn scanned(proxied: &Proxied) -> anyhow::Result<Tally> {
    eventually(Duration::from_secs(90), "nothing is owed", || async {
        let items = proxied.world.aws.items("payments").await?;
        let owed = items.iter().filter(|item| !item["d"].is_null()).count();
        anyhow::ensure!(owed == 0, "{owed} payments are owed something");
        Ok(())
    })
    .await?;
    let mut cheapest: Option<Tally> = None;
    for _ in 0..3 {
        let counter = Counter::of(proxied, "scan");
        proxied.world.aws.invoke("scan", &json!({})).await?;
        let tally = counter.tally();
        cheapest = Some(
            cheapest
                .filter(|best| best.store <= tally.store)
                .unwrap_or(tally),
        );
    }
    cheapest.context("it was counted")
}

async fn initiate(merchant: &Merchant, order: &Order, way: Way) -> anyhow::Result<Value> {
    let answer = merchant.initiate(order, way).await?;
    anyhow::ensure!(
        [200, 201].contains(&answer.status),
        "initiating: {}",
        answer.shown()
    );
    attempt(&answer.json, way).cloned()
}

async fn until_paid(merchant: &Merchant, order: &Order) -> anyhow::Result<()> {
    let payment_no = order.payment_no()?;
    eventually(Duration::from_secs(20), "paid", || async {
        let payment = merchant.payment(&payment_no).await?;
        same("state", payment["state"].as_str(), Some("paid"))
    })
    .await
}

async fn until_told(merchant: &Merchant, order: &Order) -> anyhow::Result<()> {
    let path = format!("/v1/payments/{}/notifications", order.payment_no()?);
    eventually(Duration::from_secs(20), "told", || async {
        let log = merchant.get(&path).await?.json;
        same("published", &log["notifications"][0]["published"], true)
    })
    .await
}

/// Counts the calls of one function from its making.
struct Counter<'a> {
    proxied: &'a Proxied,
    function: &'static str,
    mark: usize,
    about: Option<Subject>,
}

impl<'a> Counter<'a> {
    fn of(proxied: &'a Proxied, function: &'static str) -> Self {
        let mark = proxied.proxy.journal().mark();
        Self {
            proxied,
            function,
            mark,
            about: None,
        }
    }

    /// Leaves out what is about other payments.
    fn about(self, order: &Order) -> anyhow::Result<Self> {
        let payment_no = order.payment_no()?;
        let payment_no = payonce_domain::PaymentNo::parse(&payment_no).context("a number")?;
        Ok(Self {
            about: Some(payment_no.key().into()),
            ..self
        })
    }

    fn tally(&self) -> Tally {
        let since = self.proxied.proxy.journal().since(self.mark);
        let counts = |entry: &&Entry| {
            entry.call.function == self.function
                && entry.call.label != BREAKER
                && self
                    .about
                    .as_ref()
                    .is_none_or(|subject| entry.call.about.contains(subject))
        };
        // One batch may wake several payments: this one's share of what reading them cost is counted.
        let shared = |mut entry: Entry| {
            let payments = u64::try_from(entry.call.about.len()).unwrap_or(1).max(1);
            if self.about.is_some() {
                entry.consumed.read_halves /= payments;
            }
            entry
        };
        let counted: Vec<Entry> = since.iter().filter(counts).cloned().map(shared).collect();
        Tally::of(&counted)
    }
}
