//! The flows in which functions are killed. Each prepares a payment in peace, says where the crash may come, and goes on
//! as the merchant, the buyer, the queue and the clock would.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use end_to_end::{Fault, Way};
use serde_json::json;
use tokio::time::Instant;

use crate::people;
use crate::stage::{Take, channel_order, insist};

type Played<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + 'a>>;

/// One flow and the function that is killed in it.
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    pub(crate) function: &'static str,
    pub(crate) strict: bool,
    /// Calls that also happen while the flow waits, and are another flow's to try.
    pub(crate) besides: Option<&'static str>,
    /// The function runs once in it, whatever it reads twice.
    pub(crate) one_run: bool,
    pub(crate) play: for<'a> fn(&'a mut Take<'_>) -> Played<'a>,
}

/// The index entry of a fresh payment comes due a minute after its first question, which is due after 5 s; 2 s before,
/// the scan takes it up. The crash is laid a second earlier, since any scan may be the one.
const SOON_OVERDUE: Duration = Duration::from_secs(62);

/// The same for a refund, which is due at once.
const REFUND_SOON_OVERDUE: Duration = Duration::from_secs(57);

/// How long a step of a flow may take that nothing holds up.
pub(crate) const STEP: Duration = Duration::from_secs(12);

macro_rules! flow {
    ($name:literal, $function:literal, $play:path) => {
        Flow {
            name: $name,
            function: $function,
            strict: false,
            besides: None,
            one_run: false,
            play: |take| Box::pin($play(take)),
        }
    };
}

/// Every flow, by the function that is killed in it.
pub(crate) fn by_function() -> BTreeMap<&'static str, Vec<Flow>> {
    let mut by_function: BTreeMap<_, Vec<Flow>> = BTreeMap::new();
    for flow in all() {
        by_function.entry(flow.function).or_default().push(flow);
    }
    by_function
}

fn all() -> Vec<Flow> {
    vec![
        flow!("first initiation, page", "pay", page),
        flow!("first initiation, native", "pay", native),
        flow!("first initiation, WeChat", "pay", wechat_native),
        flow!("first initiation, UnionPay", "pay", unionpay_gateway),
        flow!("repeated initiation", "pay", repeated),
        Flow {
            strict: true,
            ..flow!("switch", "pay", switch)
        },
        flow!("close", "payments", close),
        flow!("refund request", "payments", refund_request),
        flow!("refresh", "payments", refresh),
        flow!("paid", "webhook", notified),
        flow!("paid by WeChat", "webhook", notified_by_wechat),
        flow!("paid by UnionPay", "webhook", notified_by_unionpay),
        flow!("paid twice", "webhook", notified_twice),
        flow!("finds paid", "query", query_finds_paid),
        flow!("closes the other", "query", query_closes_sibling),
        flow!("has a refund sent", "query", query_has_refund_sent),
        flow!("asks about a refund", "query", query_asks_about_refund),
        Flow {
            besides: Some("send messages"),
            ..flow!("finds paid", "scan", scan_finds_paid)
        },
        Flow {
            besides: Some("send messages"),
            ..flow!("has a refund sent", "scan", scan_has_refund_sent)
        },
        flow!("feeds the queue", "scan", scan_feeds_the_queue),
        flow!("sends", "refund", refund_sends),
        flow!("sends to WeChat", "refund", refund_sends_to_wechat),
        flow!("sends to UnionPay", "refund", refund_sends_to_unionpay),
        flow!("tells", "notify", tells),
        Flow {
            one_run: true,
            ..flow!("buyer chooses", "cashier", people::chooses)
        },
        Flow {
            one_run: true,
            ..flow!("buyer gives up", "cashier", people::gives_up)
        },
        Flow {
            one_run: true,
            ..flow!("buyer has it asked", "cashier", people::has_it_asked)
        },
        Flow {
            one_run: true,
            ..flow!("operator asks", "console", people::operator_asks)
        },
        Flow {
            one_run: true,
            ..flow!("two give back", "console", people::two_give_back)
        },
    ]
}

async fn page(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.begin();
    let order = take.initiate(Way::ALIPAY_PAGE).await?;
    take.world().simulator.open_and_pay(&order).await
}

async fn native(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.begin();
    let order = take.initiate(Way::ALIPAY_NATIVE).await?;
    take.world().simulator.open_and_pay(&order).await
}

async fn wechat_native(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.begin();
    let order = take.initiate(Way::WECHAT_NATIVE).await?;
    take.world().simulator.open_and_pay(&order).await
}

async fn unionpay_gateway(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.begin();
    let order = take.initiate(Way::UNIONPAY_GATEWAY).await?;
    take.world().simulator.open_and_pay(&order).await
}

async fn repeated(take: &mut Take<'_>) -> anyhow::Result<()> {
    let first = take.initiate(Way::ALIPAY_PAGE).await?;
    take.begin();
    let again = take.initiate(Way::ALIPAY_PAGE).await?;
    anyhow::ensure!(first == again, "another order or link: {first} and {again}");
    take.world().simulator.open_and_pay(&again).await
}

async fn switch(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.initiate_and_open(Way::ALIPAY_NATIVE).await?;
    take.begin();
    let answer = insist(|| {
        take.merchant
            .channel_order(&take.payment_no, Way::ALIPAY_PAGE, true)
    })
    .await?;
    anyhow::ensure!(
        [200, 201].contains(&answer.status),
        "switching: {}",
        answer.shown()
    );
    let order = channel_order(&answer.json, Way::ALIPAY_PAGE)?;
    take.world().simulator.open_and_pay(&order).await
}

async fn close(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.initiate_and_open(Way::ALIPAY_NATIVE).await?;
    take.begin();
    let answer = insist(|| take.merchant.close(&take.payment_no)).await?;
    anyhow::ensure!(
        answer.json["state"] == "closed",
        "closing: {}",
        answer.shown()
    );
    Ok(())
}

/// Asked when the merchant was told: telling changes the payment too, and books what it moved, and who of the two comes
/// first would be chance.
async fn refund_request(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.paid(Way::ALIPAY_PAGE).await?;
    take.until_quiet(Duration::from_secs(90)).await;
    take.begin();
    take.ask_refund().await?;
    Ok(())
}

async fn refresh(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_in_silence(take).await?;
    take.begin();
    let path = format!("/v1/payments/{}?refresh=true", take.payment_no);
    let answer = insist(|| take.merchant.get(&path)).await?;
    anyhow::ensure!(
        answer.json["state"] == "paid",
        "refreshing: {}",
        answer.shown()
    );
    Ok(())
}

async fn notified(take: &mut Take<'_>) -> anyhow::Result<()> {
    notified_of(take, Way::ALIPAY_PAGE).await
}

async fn notified_by_wechat(take: &mut Take<'_>) -> anyhow::Result<()> {
    notified_of(take, Way::WECHAT_NATIVE).await
}

async fn notified_by_unionpay(take: &mut Take<'_>) -> anyhow::Result<()> {
    notified_of(take, Way::UNIONPAY_GATEWAY).await
}

async fn notified_of(take: &mut Take<'_>, way: Way) -> anyhow::Result<()> {
    let order = take.initiate_and_open(way).await?;
    take.begin();
    pay(take, &order).await?;
    take.rest();
    take.until_paid(STEP).await;
    Ok(())
}

/// Both pages are paid; the second notification comes when the first has had its effect.
async fn notified_twice(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.lose_messages();
    let page = take.initiate_and_open(Way::ALIPAY_PAGE).await?;
    let wap = take.initiate_and_open(Way::ALIPAY_WAP).await?;
    let no = wap["channel_order_no"].as_str().unwrap_or_default();
    let late = Fault {
        delay_ms: Some(7_000),
        ..Fault::once("notify", "delay")
    };
    take.world().simulator.fault(no, late).await?;
    tokio::try_join!(pay(take, &page), pay(take, &wap))?;
    anyhow::ensure!(
        take.until_paid(Duration::from_secs(5)).await,
        "the first was not heard"
    );
    take.begin();
    take.rest();
    let told = || take.calls_of("webhook").len() >= 3;
    take.until(STEP, || told() && take.crashed()).await;
    Ok(())
}

async fn query_finds_paid(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_in_silence(take).await?;
    take.begin();
    wake_until_quiet(take).await
}

async fn query_closes_sibling(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.lose_messages();
    let page = take.initiate_and_open(Way::ALIPAY_PAGE).await?;
    take.initiate_and_open(Way::ALIPAY_WAP).await?;
    pay(take, &page).await?;
    anyhow::ensure!(take.until_paid(STEP).await, "it was not heard");
    take.begin();
    wake_until_quiet(take).await
}

async fn query_has_refund_sent(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_without_messages(take).await?;
    take.ask_refund().await?;
    take.begin();
    wake_until_quiet(take).await
}

/// The answer to the refund is lost on its way, and so is what the channel notifies of it; the question comes 12 seconds
/// later.
async fn query_asks_about_refund(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_without_messages(take).await?;
    let refund_no = take.ask_refund().await?;
    let order_no = take.order.channel_order_no(Way::ALIPAY_PAGE, 1)?;
    for fault in [
        Fault::once("refund", "reset"),
        Fault::times("notify", "drop", 9),
    ] {
        take.world().simulator.fault(&order_no, fault).await?;
    }
    send_refund(take, &refund_no).await?;
    take.pause(Duration::from_secs(11)).await?;
    take.begin();
    wake_until_quiet(take).await
}

async fn scan_finds_paid(take: &mut Take<'_>) -> anyhow::Result<()> {
    let overdue = Instant::now() + SOON_OVERDUE;
    paid_in_silence(take).await?;
    scan_from(take, overdue).await
}

async fn scan_has_refund_sent(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_without_messages(take).await?;
    let overdue = Instant::now() + REFUND_SOON_OVERDUE;
    take.ask_refund().await?;
    scan_from(take, overdue).await
}

/// What comes due within the next minute gets its message from the scan.
async fn scan_feeds_the_queue(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_in_silence(take).await?;
    take.deliver_messages();
    take.begin();
    take.rest();
    let wanted = take.wants_scans();
    let fed = || !take.calls_of("scan").is_empty() && take.crashed();
    take.until(Duration::from_secs(50), fed).await;
    drop(wanted);
    Ok(())
}

async fn refund_sends(take: &mut Take<'_>) -> anyhow::Result<()> {
    refund_sends_to(take, Way::ALIPAY_PAGE).await
}

async fn refund_sends_to_wechat(take: &mut Take<'_>) -> anyhow::Result<()> {
    refund_sends_to(take, Way::WECHAT_NATIVE).await
}

async fn refund_sends_to_unionpay(take: &mut Take<'_>) -> anyhow::Result<()> {
    refund_sends_to(take, Way::UNIONPAY_GATEWAY).await
}

async fn refund_sends_to(take: &mut Take<'_>, way: Way) -> anyhow::Result<()> {
    take.lose_messages();
    take.paid(way).await?;
    let refund_no = take.ask_refund().await?;
    take.begin();
    send_refund(take, &refund_no).await
}

/// What a merchant and the bus are told of a payment: once more, or not yet, never not at all.
async fn tells(take: &mut Take<'_>) -> anyhow::Result<()> {
    let order = take.initiate_and_open(Way::ALIPAY_PAGE).await?;
    take.begin();
    pay(take, &order).await?;
    take.rest();
    take.until_quiet(Duration::from_secs(90)).await;
    Ok(())
}

/// Paid and heard of. The messages of its first minutes are lost, or one of them would do what the flow is about.
async fn paid_without_messages(take: &Take<'_>) -> anyhow::Result<()> {
    take.lose_messages();
    take.paid(Way::ALIPAY_PAGE).await
}

/// Paid at the channel, while its notification and every message are lost.
pub(crate) async fn paid_in_silence(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.lose_messages();
    let order = take.initiate(Way::ALIPAY_PAGE).await?;
    pay_in_silence(take, &order).await
}

/// Opens a page and pays, and nobody is notified.
pub(crate) async fn pay_in_silence(
    take: &Take<'_>,
    order: &serde_json::Value,
) -> anyhow::Result<()> {
    let simulator = &take.world().simulator;
    simulator.open_cashier(order).await?;
    let no = order["channel_order_no"].as_str().unwrap_or_default();
    simulator.fault(no, Fault::once("notify", "drop")).await?;
    pay(take, order).await
}

async fn pay(take: &Take<'_>, order: &serde_json::Value) -> anyhow::Result<()> {
    take.world()
        .simulator
        .pay(order["channel_order_no"].as_str().unwrap_or_default())
        .await
}

/// One message after the other, since whoever takes one may die of it.
async fn wake_until_quiet(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.rest();
    for _ in 0..8 {
        take.world().aws.wake(&take.payment_no).await?;
        if take.until_quiet(Duration::from_secs(4)).await {
            break;
        }
    }
    Ok(())
}

async fn scan_from(take: &mut Take<'_>, moment: Instant) -> anyhow::Result<()> {
    take.rest();
    tokio::time::sleep_until(moment).await;
    take.begin();
    let wanted = take.wants_scans();
    take.until_quiet(Duration::from_secs(50)).await;
    drop(wanted);
    Ok(())
}

/// Invokes `refund` by hand, again if it died.
async fn send_refund(take: &Take<'_>, refund_no: &str) -> anyhow::Result<()> {
    let payload = json!({ "payment_no": take.payment_no, "refund_no": refund_no });
    for _ in 0..4 {
        let answer = take.world().aws.try_invoke("refund", &payload).await?;
        if answer.status == 200 && !answer.headers.contains_key("x-amz-function-error") {
            break;
        }
    }
    Ok(())
}
