//! S16: the channel signs with another key from one message to the next, and none is refused.

use anyhow::{Context, ensure};
use end_to_end::{Merchant, Way, World, audit, same, text};
use serde_json::Value;

use super::{begun, number, until_paid};

pub(crate) async fn keys(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.spare()?;
    let way = Way::WECHAT_JSAPI;
    let account = world
        .simulator
        .account_of(way.channel, &merchant.id)
        .await?;
    let name = text(&account, "/account")?;
    for round in 0..3 {
        let signs = world
            .simulator
            .account_of(way.channel, &merchant.id)
            .await?;
        let played = paid_and_heard(&world, &merchant, way).await;
        played.with_context(|| format!("round {round}"))?;
        world.simulator.rotate_key(way.channel, name).await?;
        let next = world
            .simulator
            .account_of(way.channel, &merchant.id)
            .await?;
        ensure!(
            signs["public_key_id"] != next["public_key_id"],
            "the key did not change"
        );
    }
    Ok(())
}

/// Every attempt to notify was heard at once, except the probes that must be refused.
async fn paid_and_heard(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<()> {
    let (order, channel_order) = begun(merchant, way).await?;
    world.simulator.open_and_pay(&channel_order).await?;
    let no = order.payment_no()?;
    until_paid(merchant, &no).await?;
    let journal = world.simulator.journal(number(&channel_order)?).await?;
    let told: Vec<&Value> = journal
        .iter()
        .filter(|entry| entry["kind"] == "notification")
        .filter(|entry| !entry.to_string().contains("probe"))
        .collect();
    ensure!(!told.is_empty(), "nothing was told: {journal:?}");
    for attempt in told {
        same("a notice", text(attempt, "/outcome")?, "acknowledged")?;
    }
    audit(world, merchant, &no).await?;
    Ok(())
}
