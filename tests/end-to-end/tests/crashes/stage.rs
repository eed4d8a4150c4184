//! What every flow needs: a client that repeats its requests, a buyer, and an eye on what is still owed.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use end_to_end::proxy::{Crash, Entry, Moment, Proxy};
use end_to_end::{Answer, Merchant, Order, Proxied, Way, World, attempt};
use payonce_domain::{PaymentKey, PaymentNo};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many payments are acted on at a time for each function that dies. Apart, since some flows begin with a minute of
/// waiting and must not queue behind the quick ones.
const AT_ONCE: usize = 3;

/// How often a merchant repeats a request that got no answer or an unknown one, and how long it waits in between.
const REPEATS: u32 = 40;
const REPEAT_AFTER: Duration = Duration::from_millis(700);

/// Three sweeps and some: as long as anything that was lost may be owed.
pub(crate) const SETTLES_WITHIN: Duration = Duration::from_secs(240);

/// How often the tables are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(800);

/// What the books show of a payment.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    paid: bool,
    owed: bool,
}

/// What the books showed when they were last read.
struct Books {
    read_at: Instant,
    seen: HashMap<PaymentKey, Seen>,
}

/// The stack and everybody around it.
pub(crate) struct Stage {
    proxied: Proxied,
    turns: BTreeMap<&'static str, Semaphore>,
    wanting_scans: AtomicUsize,
    books: Mutex<Books>,
}

/// One payment on its way through a flow, with the crash that awaits it there.
pub(crate) struct Take<'a> {
    pub(crate) merchant: Merchant,
    pub(crate) order: Order,
    pub(crate) payment_no: String,
    pub(crate) key: PaymentKey,
    crash: Option<Crash>,
    mark: Option<usize>,
    turns: &'a Semaphore,
    turn: Option<SemaphorePermit<'a>>,
    stage: &'a Stage,
}

/// While this is held, the scan is invoked again and again.
pub(crate) struct WantsScans<'a>(&'a AtomicUsize);

impl Drop for WantsScans<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stage {
    pub(crate) fn new(proxied: Proxied, functions: &[&'static str]) -> Self {
        Self {
            proxied,
            turns: functions
                .iter()
                .map(|name| (*name, Semaphore::new(AT_ONCE)))
                .collect(),
            wanting_scans: AtomicUsize::new(0),
            books: Mutex::new(Books {
                read_at: Instant::now(),
                seen: HashMap::new(),
            }),
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.proxied.world
    }

    pub(crate) fn proxy(&self) -> &Proxy {
        &self.proxied.proxy
    }

    pub(crate) async fn stop(self) {
        self.proxied.stop().await;
    }

    /// A fresh payment, about to be played.
    pub(crate) async fn take(
        &self,
        merchant: Merchant,
        function: &str,
        crash: Option<(&str, u32, Moment)>,
    ) -> anyhow::Result<Take<'_>> {
        let order = merchant.order(1_999);
        let payment_no = order.payment_no()?;
        let key = PaymentNo::parse(&payment_no)
            .context("a payment number")?
            .key();
        let crash = crash.map(|(label, nth, moment)| Crash {
            function: function.to_owned(),
            label: label.to_owned(),
            nth,
            moment,
            about: Some(key.into()),
        });
        let turns = self
            .turns
            .get(function)
            .context("nobody has a turn there")?;
        let turn = Some(turns.acquire().await?);
        Ok(Take {
            merchant,
            order,
            payment_no,
            key,
            crash,
            mark: None,
            turns,
            turn,
            stage: self,
        })
    }

    /// Invokes the scan whenever a flow waits for it, and now and then besides.
    pub(crate) async fn keep_scanning(&self) {
        for beat in 0_u64.. {
            if self.wanting_scans.load(Ordering::SeqCst) > 0 || beat % 8 == 0 {
                // It may be killed while at it; that is the point.
                let _ = self.world().aws.try_invoke("scan", &json!({})).await;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    /// Keeps what the books show up to date.
    pub(crate) async fn keep_looking(&self) {
        loop {
            let read_at = Instant::now();
            if let Ok(items) = self.world().aws.items("payments").await {
                let seen = items.iter().filter_map(|item| {
                    let key = PaymentKey::parse(item["k"]["S"].as_str()?)?;
                    let (paid, owed) = (!item["wn"].is_null(), !item["d"].is_null());
                    Some((key, Seen { paid, owed }))
                });
                let seen = seen.collect();
                *self.books.lock().unwrap_or_else(PoisonError::into_inner) =
                    Books { read_at, seen };
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The payment as the books showed it, if they were read after `since`.
    fn seen(&self, key: PaymentKey, since: Instant) -> Option<Seen> {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books
            .seen
            .get(&key)
            .copied()
            .filter(|_| books.read_at > since)
    }
}

impl Take<'_> {
    /// From here on the crash may come, and calls count.
    pub(crate) fn begin(&mut self) {
        self.mark = Some(self.stage.proxy().journal().mark());
        if let Some(crash) = &self.crash {
            self.stage.proxy().plan().lay(crash.clone());
        }
    }

    /// What a function called about this payment since [`Take::begin`].
    pub(crate) fn calls_of(&self, function: &str) -> Vec<Entry> {
        let since = self.stage.proxy().journal().since(self.mark.unwrap_or(0));
        let own = since.into_iter().filter(|entry| {
            entry.call.function == function && entry.call.about.contains(&self.key.into())
        });
        own.collect()
    }

    /// Whether the crash may have come.
    pub(crate) fn has_begun(&self) -> bool {
        self.mark.is_some()
    }

    /// The payment and its crash, for who reads what went wrong.
    pub(crate) fn describe(&self) -> String {
        match &self.crash {
            Some(crash) => {
                let Crash {
                    label, nth, moment, ..
                } = crash;
                format!("{} killed {moment:?} {label} {nth}", self.payment_no)
            }
            None => format!("{} in peace", self.payment_no),
        }
    }

    /// Whether the crash, if one was laid, has come.
    pub(crate) fn crashed(&self) -> bool {
        self.crash
            .as_ref()
            .is_none_or(|crash| self.stage.proxy().plan().happened(crash))
    }

    /// Nothing goes wrong any more with this payment.
    pub(crate) fn end(&mut self) {
        if let Some(crash) = &self.crash {
            self.stage.proxy().plan().withdraw(crash);
        }
        self.stage.proxy().plan().deliver_messages_about(self.key);
        self.turn = None;
    }

    /// No message about this payment arrives until the end.
    pub(crate) fn lose_messages(&self) {
        self.stage.proxy().plan().lose_messages_about(self.key);
    }

    /// Messages sent from now on arrive.
    pub(crate) fn deliver_messages(&self) {
        self.stage.proxy().plan().deliver_messages_about(self.key);
    }

    /// Lets others act for a while.
    pub(crate) async fn pause(&mut self, time: Duration) -> anyhow::Result<()> {
        self.turn = None;
        tokio::time::sleep(time).await;
        self.turn = Some(self.turns.acquire().await?);
        Ok(())
    }

    /// Gives up the turn for good: what is left is waiting.
    pub(crate) fn rest(&mut self) {
        self.turn = None;
    }

    /// Has the scan invoked while the result is held.
    pub(crate) fn wants_scans(&self) -> WantsScans<'_> {
        self.stage.wanting_scans.fetch_add(1, Ordering::SeqCst);
        WantsScans(&self.stage.wanting_scans)
    }

    pub(crate) fn world(&self) -> &World {
        self.stage.world()
    }

    /// Waits until the payment is in the books at all.
    pub(crate) async fn until_known(&self, within: Duration) -> bool {
        let since = Instant::now();
        let is_known = || self.stage.seen(self.key, since).is_some();
        self.until(within, is_known).await
    }

    /// Waits until the payment is paid.
    pub(crate) async fn until_paid(&self, within: Duration) -> bool {
        let since = Instant::now();
        let is_paid = || {
            self.stage
                .seen(self.key, since)
                .is_some_and(|seen| seen.paid)
        };
        self.until(within, is_paid).await
    }

    /// Waits until nothing is owed on it.
    pub(crate) async fn until_quiet(&self, within: Duration) -> bool {
        let since = Instant::now();
        let is_quiet = || {
            self.stage
                .seen(self.key, since)
                .is_some_and(|seen| !seen.owed)
        };
        self.until(within, is_quiet).await
    }

    /// Waits until something holds; `false` if it did not come about.
    pub(crate) async fn until(&self, within: Duration, holds: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + within;
        while !holds() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        true
    }

    /// Initiates, as often as it takes, and gives the channel order of this way.
    pub(crate) async fn initiate(&self, way: Way) -> anyhow::Result<Value> {
        let answer = insist(|| self.merchant.initiate(&self.order, way)).await?;
        anyhow::ensure!(
            [200, 201].contains(&answer.status),
            "initiating: {}",
            answer.shown()
        );
        channel_order(&answer.json, way)
    }

    /// Initiates through a page, and the buyer opens it.
    pub(crate) async fn initiate_and_open(&self, way: Way) -> anyhow::Result<Value> {
        let order = self.initiate(way).await?;
        self.world().simulator.open_cashier(&order).await?;
        Ok(order)
    }

    /// A payment that was paid in peace.
    pub(crate) async fn paid(&self, way: Way) -> anyhow::Result<()> {
        let order = self.initiate(way).await?;
        self.world().simulator.open_and_pay(&order).await?;
        for _ in 0..4 {
            if self.until_paid(Duration::from_secs(6)).await {
                return Ok(());
            }
            // Its notification met somebody else's crash.
            self.world().aws.wake(&self.payment_no).await?;
        }
        bail!("{} was paid at the channel and not here", self.payment_no)
    }

    /// Asks for a part back and gives the refund's number.
    pub(crate) async fn ask_refund(&self) -> anyhow::Result<String> {
        let answer = insist(|| self.merchant.refund(&self.payment_no, "r-1", 700)).await?;
        anyhow::ensure!(
            [200, 201].contains(&answer.status),
            "refunding: {}",
            answer.shown()
        );
        let no = answer
            .json
            .pointer("/refunds/0/refund_no")
            .and_then(Value::as_str);
        Ok(no
            .with_context(|| format!("no refund in {}", answer.shown()))?
            .to_owned())
    }
}

/// Repeats a request until it gets an answer that is one, as merchants do.
pub(crate) async fn insist(
    mut ask: impl AsyncFnMut() -> anyhow::Result<Answer>,
) -> anyhow::Result<Answer> {
    let mut last = String::new();
    for _ in 0..REPEATS {
        match ask().await {
            Ok(answer) if answer.status == 202 || answer.status >= 500 => last = answer.shown(),
            Ok(answer) => return Ok(answer),
            Err(error) => last = format!("{error:#}"),
        }
        tokio::time::sleep(REPEAT_AFTER).await;
    }
    bail!("asked {REPEATS} times: {last}")
}

/// The channel order of this way in a payment.
pub(crate) fn channel_order(payment: &Value, way: Way) -> anyhow::Result<Value> {
    attempt(payment, way).cloned()
}
