//! Somebody sends money back with the merchant's own key, and not through us.

use anyhow::{Context, ensure};
use end_to_end::{World, text};
use payonce_channels::{ChannelClient, Order, RefundOrder, Secrets, Transport, adapter};
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::{
    ChannelOrderNo, ChannelTradeNo, MerchantRefundNo, Money, RefundForm, RefundNo, RefundReport,
    Span, Timestamp,
};
use payonce_local::Contract;
use serde_json::Value;

use crate::day::{Day, now, pass};

const NOWHERE: &str = "http://127.0.0.1:9/";

/// Gives all of a payment back; it is over when this returns.
pub(crate) async fn behind_our_back(
    world: &World,
    day: &Day,
    payment: &Value,
    trade_no: &str,
) -> anyhow::Result<()> {
    let merchant = world.strict()?.id;
    let keys = world.simulator.account_of(day.channel, &merchant).await?;
    let contract = Contract::of(day.channel, &day.account, false, &keys)?;
    let signing = contract.signing.to_string();
    let receiving = contract.receiving.map(|receiving| receiving.to_string());
    let secrets = Secrets {
        signing: Some(&signing),
        receiving: receiving.as_deref(),
    };
    let signer = adapter(day.channel, &contract.settings.to_string(), secrets)?;
    let no = text(payment, "/channel_orders/0/channel_order_no")?;
    let no = ChannelOrderNo::parse(no).context("a number of ours")?;
    let fen = payment["amount"]["value"].as_u64().context("an amount")?;
    let created: jiff::Timestamp = text(payment, "/created_at")?.parse()?;
    let created = Timestamp::from_millis(u64::try_from(created.as_millisecond())?);
    let order = Order {
        no,
        amount: Money::from_fen(fen),
        subject: "shoes".to_owned(),
        created_at: created,
        expires_at: created.plus(Span::minutes(30)),
        notify_url: NOWHERE.to_owned(),
        return_url: None,
        client_ip: None,
        payer: None,
        auth_code: None,
        bank: None,
    };
    let request = MerchantRefundNo::new("elsewhere")?;
    let refund = RefundOrder {
        no: RefundNo::new(no, RefundIdentity::Merchant(&request), 1),
        form: RefundForm::Refund,
        amount: order.amount,
        reason: "elsewhere".to_owned(),
        trade_no: ChannelTradeNo::new(trade_no)?,
        captured: order.amount,
        sent_at: now(world).await?.floor_to_second(),
        notify_url: NOWHERE.to_owned(),
    };
    let transport = Transport::new("payonce-mornings");
    let client = ChannelClient::new(signer.as_ref(), &transport);
    client.refund(&order, &refund, now(world).await?).await;
    pass(world, 60).await?;
    let told = client
        .query_refund(&order, &refund, now(world).await?)
        .await;
    ensure!(told.said == RefundReport::Succeeded, "{:?}", told.said);
    Ok(())
}
