//! Buyers at the cashier and operators at the console, whose function is killed while they press its buttons. They press
//! again, as people do.

use anyhow::{Context, bail, ensure};
use end_to_end::{Answer, Buyer, Operator, Way, refunds, same};
use payonce_app::console::Role;
use serde_json::Value;

use crate::flows::{STEP, paid_in_silence, pay_in_silence};
use crate::stage::{Take, channel_order, insist};

/// How often somebody tries to come in: a link lets him in once, and the console may die of it.
const ENTRIES: u32 = 12;

/// A buyer whose shop named no channel.
async fn at_the_cashier(take: &Take<'_>) -> anyhow::Result<Buyer> {
    let request = Buyer::request(&take.merchant, &take.order);
    let made = insist(|| take.merchant.post("/v1/payments", &request)).await?;
    ensure!(
        [200, 201].contains(&made.status),
        "making: {}",
        made.shown()
    );
    Buyer::sent(take.world(), &made.json)
}

async fn press(buyer: &Buyer, button: &str, fields: &str) -> anyhow::Result<()> {
    let answer = insist(|| buyer.post(button, fields)).await?;
    same(button, answer.status, 303)
}

/// Chooses a channel, and gives the channel order that came of it.
async fn choose(take: &Take<'_>, buyer: &Buyer) -> anyhow::Result<Value> {
    press(buyer, "pay", "channel=alipay").await?;
    let payment = insist(|| take.merchant.read(&take.payment_no)).await?.json;
    channel_order(&payment, Way::ALIPAY_PAGE)
}

pub(crate) async fn chooses(take: &mut Take<'_>) -> anyhow::Result<()> {
    let buyer = at_the_cashier(take).await?;
    take.begin();
    let order = choose(take, &buyer).await?;
    take.world().simulator.open_and_pay(&order).await
}

pub(crate) async fn gives_up(take: &mut Take<'_>) -> anyhow::Result<()> {
    let buyer = at_the_cashier(take).await?;
    let order = choose(take, &buyer).await?;
    take.world().simulator.open_cashier(&order).await?;
    take.begin();
    press(&buyer, "close", "").await
}

/// Paid, and nobody heard of it. Whoever presses again within seconds is not asked for, so that the one who died may have
/// been the last.
pub(crate) async fn has_it_asked(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.lose_messages();
    let buyer = at_the_cashier(take).await?;
    let order = choose(take, &buyer).await?;
    pay_in_silence(take, &order).await?;
    take.begin();
    press(&buyer, "query", "").await
}

pub(crate) async fn operator_asks(take: &mut Take<'_>) -> anyhow::Result<()> {
    paid_in_silence(take).await?;
    let operator = enter(take, "ada", Role::Operator).await?;
    take.begin();
    let query = format!("/console/payments/{}/query", take.payment_no);
    let asked = insist(|| operator.press(&query, &[("why", "the buyer called")])).await?;
    same("asked", asked.status, 303)?;
    ensure!(take.until_paid(STEP).await, "it was asked and is not paid");
    Ok(())
}

/// A second person approves a refund, and it is made once.
pub(crate) async fn two_give_back(take: &mut Take<'_>) -> anyhow::Result<()> {
    take.paid(Way::ALIPAY_PAGE).await?;
    let proposer = enter(take, "ada", Role::Approver).await?;
    let approver = enter(take, "ben", Role::Approver).await?;
    let propose = format!("/console/payments/{}/propose", take.payment_no);
    let fields = [("amount", "5"), ("why", "the lamp came broken")];
    let proposed = insist(|| proposer.press(&propose, &fields)).await?;
    // Pressed again after its answer was lost: the amount is reserved already.
    ensure!(
        [303, 409].contains(&proposed.status),
        "proposing: {}",
        proposed.shown()
    );
    let listed = insist(|| approver.open("/console/proposals")).await?;
    let approve = format!(
        "/console/proposals/{}/approve",
        proposal(&listed, &take.payment_no)?
    );
    take.begin();
    let approved = insist(|| approver.press(&approve, &[("why", "seen the photo")])).await?;
    same("approved", approved.status, 303)?;
    let payment = insist(|| take.merchant.read(&take.payment_no)).await?.json;
    let given = refunds(&payment, "operator");
    same("one refund", given.len(), 1)?;
    same("of so much", &given[0]["amount"]["value"], 500)
}

fn proposal(listed: &Answer, payment_no: &str) -> anyhow::Result<String> {
    let page = String::from_utf8_lossy(&listed.bytes);
    let place = page.find(payment_no).context("the proposal is listed")?;
    let number = page[..place].rsplit("id=\"proposal-").next();
    let number = number.and_then(|rest| rest.split('"').next());
    Ok(number.context("its number")?.to_owned())
}

async fn enter(take: &Take<'_>, name: &str, role: Role) -> anyhow::Result<Operator> {
    let mut last = None;
    for _ in 0..ENTRIES {
        match Operator::enter(take.world(), name, role).await {
            Ok(operator) => return Ok(operator),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    match last {
        Some(error) => Err(error.context("coming in")),
        None => bail!("nobody came in"),
    }
}
