//! The deployed audit over an export of the stack's own table (F70, S18): the emulator names an export and writes none, so
//! what DynamoDB would write is put in its place.

use anyhow::{Context, ensure};
use end_to_end::{Way, World, export, is_one_of};
use serde_json::{Value, json};

/// What all other scenarios leave behind can be believed; what loses its place in the index gets it back; and heads that were
/// kept name whoever is gone.
pub(crate) async fn deployed(world: World) -> anyhow::Result<()> {
    let aws = &world.aws;
    let begun = aws.invoke("audit", &json!({ "begin": "export" })).await?;
    let arn = begun["export"].as_str().context("an export")?;
    ensure!(arn.contains(":table/"), "{arn}");
    let arn = begun["appeals"].as_str().context("an export of appeals")?;
    ensure!(arn.contains(":table/"), "{arn}");
    let _turn = world.alone().await;
    let shop = world.lenient()?;
    let order = shop.order(1_999);
    is_one_of(&shop.initiate(&order, Way::ALIPAY_PAGE).await?, &[201])?;
    let payment_no = order.payment_no()?;
    let key = payment_no.get(1..21).context("a payment number")?;

    let mut items = aws.items("payments").await?;
    // Other scenarios have put theirs at the front of the index by hand.
    items.retain(|item| item["d"]["N"] != "1");
    let first = audited(&world, &items).await?;
    ensure!(first["number"] == 0, "{first}");
    ensure!(
        first["payments"] == items.len() && first["compared"] == 0,
        "{first}"
    );
    let appeals = aws.items("appeals").await?.len();
    ensure!(first["appeals"] == appeals, "{first}");

    aws.forget_due(key).await?;
    let lost = |item: &&mut Value| item["k"]["S"] == key;
    let item = items.iter_mut().find(lost).context("the item")?;
    let attributes = item.as_object_mut().context("attributes")?;
    attributes.remove("s");
    attributes.remove("d");
    let found = audited(&world, &items).await?;
    ensure!(found["classes"] == json!({ "index": 1 }), "{found}");
    ensure!(found["compared"] == items.len() + appeals, "{found}");
    let now = aws.items_of("payments", &payment_no).await?;
    ensure!(
        now[0]["d"]["N"].is_string(),
        "it is in the index again: {now:?}"
    );

    items.retain(|item| item["k"]["S"] != key);
    let found = audited(&world, &items).await?;
    ensure!(found["classes"] == json!({ "gone": 1 }), "{found}");
    let again = aws.invoke("audit", &json!({})).await?;
    ensure!(again == found, "the same export says the same: {again}");
    Ok(())
}

/// The answer of the function, of an export with these payments, and one with the appeals as they are.
async fn audited(world: &World, items: &[Value]) -> anyhow::Result<Value> {
    export(world, items).await?;
    world.aws.invoke("audit", &json!({})).await
}
