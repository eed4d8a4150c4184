//! The queue loses everything, and so does the channel's notifier: the sweep does the work.

use std::time::{Duration, Instant};

use anyhow::ensure;
use end_to_end::{Fault, Way, World, attempt, audit, eventually, is_one_of, same, text};
use serde_json::{Value, json};

/// When the index lists a payment whose messages were lost: five seconds to the first question, a minute of grace.
const LISTED_AFTER: Duration = Duration::from_secs(66);
/// One more tick of the schedule, and a busy machine.
const SWEPT_WITHIN: Duration = Duration::from_secs(90);
const PAYMENTS: usize = 3;

pub(crate) async fn paid_by_the_scan(world: World) -> anyhow::Result<()> {
    let merchant = world.lenient()?;
    let began = Instant::now();
    let mut payments = Vec::new();
    {
        let _alone = world.alone().await;
        for _ in 0..PAYMENTS {
            let answer = merchant
                .initiate(&merchant.order(1_999), Way::ALIPAY_PAGE)
                .await?;
            is_one_of(&answer, &[201])?;
            let order = attempt(&answer.json, Way::ALIPAY_PAGE)?;
            world
                .simulator
                .fault(
                    text(order, "/channel_order_no")?,
                    Fault::once("notify", "drop"),
                )
                .await?;
            payments.push(answer.json);
        }
        world.aws.purge_queue("payment-queries").await?;
        for payment in &payments {
            world
                .simulator
                .open_and_pay(attempt(payment, Way::ALIPAY_PAGE)?)
                .await?;
        }
    }
    for payment in &payments {
        let now = merchant.payment(text(payment, "/payment_no")?).await?;
        same("nobody has told us yet", &now["state"], "paying")?;
        same("and nothing was written", &now["version"], 1)?;
    }
    tokio::time::sleep(LISTED_AFTER.saturating_sub(began.elapsed())).await;

    // Two sweeps at once by hand, and whatever the schedule does beside them.
    let nothing = json!({});
    let (first, second) = tokio::join!(
        world.aws.invoke("scan", &nothing),
        world.aws.invoke("scan", &nothing)
    );
    for swept in [first?, second?] {
        same("what failed in a sweep", &swept["failed"], 0)?;
    }
    for payment in &payments {
        let no = text(payment, "/payment_no")?;
        eventually(SWEPT_WITHIN, "paid by the scan", || async {
            let payment = merchant.payment(no).await?;
            same("state", &payment["state"], "paid")
        })
        .await?;
        let steps = merchant.steps(no).await?;
        same("one sweep wrote", steps.len(), 2)?;
        let evidence = steps
            .last()
            .map_or(&Value::Null, |entry| &entry["evidence"]);
        ensure!(evidence == "query", "learnt by {evidence}");
        audit(&world, &merchant, no).await?;
    }
    Ok(())
}
