//! Appeals whose function is killed while they are opened, found out about and told of.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::proxy::Subject;
use end_to_end::{Merchant, Order, Way, attempt, eventually, same, text};
use payonce_domain::{AppealKey, AppealNo, MerchantAppealNo, MerchantId, PaymentNo};
use serde_json::json;

use crate::named::{Flow, Take};
use crate::stage::insist;

const PATH: &str = "/v1/appeals";

/// Every flow of an appeal.
pub(crate) const FLOWS: [Flow; 1] = [Flow {
    name: "opens an appeal",
    function: "appeals",
    subjects,
    play: |take| Box::pin(opens(take)),
    ended: |take| Box::pin(is_heard(take)),
}];

fn key(merchant: &Merchant, order: &Order) -> anyhow::Result<AppealKey> {
    let merchant = MerchantId::new(merchant.id.clone())?;
    let no = MerchantAppealNo::new(order.number.clone())?;
    Ok(AppealKey::derive(&merchant, &no))
}

/// The appeal, and the payment that it is about.
fn subjects(merchant: &Merchant, order: &Order) -> anyhow::Result<Vec<Subject>> {
    let payment_no = order.payment_no()?;
    let payment_no = PaymentNo::parse(&payment_no).context("a payment number")?;
    Ok(vec![key(merchant, order)?.into(), payment_no.key().into()])
}

/// One paid order, and somebody who believes that it was paid twice.
async fn opens(take: &mut Take<'_>) -> anyhow::Result<()> {
    let payment = insist(|| take.merchant.initiate(&take.order, Way::ALIPAY_PAGE)).await?;
    let order = attempt(&payment.json, Way::ALIPAY_PAGE)?;
    take.stage.world().simulator.open_and_pay(order).await?;
    let payment_no = take.order.payment_no()?;
    eventually(Duration::from_secs(200), "paid", || async {
        let payment = take.merchant.payment(&payment_no).await?;
        same("state", &payment["state"], "paid")
    })
    .await?;
    take.begin();
    let body = json!({
        "merchant_appeal_no": take.order.number,
        "opened_by": "merchant",
        "claim": "paid_twice",
        "payment_nos": [payment_no],
    });
    let answer = insist(|| take.merchant.post(PATH, &body)).await?;
    ensure!(
        [200, 201].contains(&answer.status),
        "opening: {}",
        answer.shown()
    );
    Ok(())
}

/// Found out to be paid once, waiting for the buyer, and handed over to be told of.
async fn is_heard(take: &Take<'_>) -> anyhow::Result<()> {
    let no = AppealNo::new(key(&take.merchant, &take.order)?);
    let path = format!("{PATH}/{no}");
    let appeal = insist(|| take.merchant.get(&path)).await?.json;
    same("state", text(&appeal, "/state")?, "hearing")?;
    same("outcome", text(&appeal, "/proposal/outcome")?, "dismiss")?;
    let told = format!("/v1/delayed-messages/appeal.{no}.1.told");
    let told = insist(|| take.merchant.get(&told)).await?;
    same("told", told.status, 200)
}
