//! S16: the channel signs with another key from one message to the next, and none is refused.

use anyhow::{Context, ensure};
use end_to_end::{Merchant, Way, World, audit, same, text};
use serde_json::Value;

use super::{begun, number, until_paid};

/// One way of each channel. In what an account shows of its channel, the key that signs is this member.
const ROTATING: [(Way, &str); 3] = [
    (Way::WECHAT_JSAPI, "public_key_id"),
    (Way::ALIPAY_PAGE, "channel_public_key"),
    (Way::UNIONPAY_GATEWAY, "channel_cert"),
];

pub(crate) async fn keys(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let merchant = world.spare()?;
    for (way, key) in ROTATING {
        for round in 0..3 {
            let signs = account(&world, &merchant, way).await?;
            let played = paid_and_heard(&world, &merchant, way).await;
            played.with_context(|| format!("{way:?}, round {round}"))?;
            let name = text(&signs, "/account")?;
            world.simulator.rotate_key(way.channel, name).await?;
            let next = account(&world, &merchant, way).await?;
            ensure!(
                text(&signs, &format!("/{key}"))? != text(&next, &format!("/{key}"))?,
                "{way:?}: no other key"
            );
        }
    }
    Ok(())
}

async fn account(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<Value> {
    world.simulator.account_of(way.channel, &merchant.id).await
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
