//! What an operator sees and may switch: metrics, the query log, the dry run, the kill switch and the cap (S19, F94).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use end_to_end::{Fault, Merchant, Way, World, attempt, audit, eventually, is_one_of, same, text};
use serde_json::{Value, json};
use tokio::process::Command;

/// The second question comes 15 s after the initiation; a busy machine takes a while.
const ASKED_WITHIN: Duration = Duration::from_secs(30);
/// After the first question's time, before the second's.
const FIRST_QUESTION: Duration = Duration::from_secs(8);
/// Longer than a refund takes that nothing holds.
const NOTHING_SENT_FOR: Duration = Duration::from_secs(10);

fn now_ms() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}

/// The lines of EMF in which a function spoke of a metric.
async fn measured(
    world: &World,
    function: &str,
    metric: &str,
    since_ms: u64,
) -> anyhow::Result<Vec<Value>> {
    let lines = world
        .aws
        .logged(function, &["_aws", metric], since_ms)
        .await?;
    for line in &lines {
        let directives = line["_aws"]["CloudWatchMetrics"].as_array();
        let directives = directives.context("directives")?;
        let named = directives.iter().find(|directive| {
            directive["Namespace"] == "Payonce" && directive["Metrics"][0]["Name"] == metric
        });
        let named = named.with_context(|| format!("{line}"))?;
        for set in named["Dimensions"].as_array().context("dimensions")? {
            for name in set.as_array().context("a set")? {
                let value = &line[name.as_str().context("a name")?];
                ensure!(value.is_string(), "{name} is nowhere in {line}");
            }
        }
        let at = line["_aws"]["Timestamp"].as_u64().context("a time")?;
        ensure!(at + 60_000 > since_ms && at <= now_ms()? + 1_000, "{line}");
    }
    Ok(lines)
}

/// S19: nobody pays until a question found nothing; then the notification is lost and a question finds the money.
pub(crate) async fn measured_and_logged(world: World) -> anyhow::Result<()> {
    let _alone = world.alone().await;
    let since = now_ms()?;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&answer, &[201])?;
    let page = attempt(&answer.json, Way::ALIPAY_PAGE)?;
    let number = text(page, "/channel_order_no")?;
    let no = order.payment_no()?;
    world.simulator.open_cashier(page).await?;

    // An answer that changes nothing leaves no trace but this one.
    let words = [no.as_str(), "asked the channel"];
    let asked = || world.aws.logged("query", &words, since);
    eventually(ASKED_WITHIN, "a question", || async {
        let first = asked().await?.into_iter().next().context("nothing yet")?;
        same("the question", &first["question"], "query")?;
        same("about", &first["about"], number)?;
        same("the answer", &first["said"], "Unpaid")?;
        same("asked at", &first["payment.version"], 1)
    })
    .await?;
    same(
        "nothing changed",
        &merchant.payment(&no).await?["version"],
        1,
    )?;
    let open = measured(&world, "query", "AttemptsSettled", since).await?;
    ensure!(
        open.iter()
            .any(|line| line["AttemptsSettled"] == 0 && line["Channel"] == "alipay"),
        "a question that left it open: {open:?}"
    );

    world
        .simulator
        .fault(number, Fault::once("notify", "drop"))
        .await?;
    world.simulator.pay(number).await?;
    eventually(ASKED_WITHIN, "paid", || async {
        same("state", &merchant.payment(&no).await?["state"], "paid")
    })
    .await?;
    let repaired = eventually(ASKED_WITHIN, "measured", || async {
        let lines = measured(&world, "query", "RepairSeconds", since).await?;
        lines.into_iter().next().context("nothing yet")
    })
    .await?;
    same("the channel", &repaired["Channel"], "alipay")?;
    let lost = repaired["RepairSeconds"].as_u64().context("seconds")?;
    ensure!(lost <= 60, "it was repaired after {lost} s");
    let log = asked().await?;
    let last = log.last().context("a last question")?;
    ensure!(text(last, "/said")?.starts_with("Paid"), "{last}");
    let timeline = merchant.timeline(&no).await?;
    let entries = timeline.json["entries"].as_array().context("a timeline")?;
    let mut digests = entries.iter().map(|entry| &entry["evidence_digest"]);
    let evidence = digests.rfind(|digest| !digest.is_null());
    same(
        "the answer is the evidence",
        evidence,
        Some(&last["evidence.digest"]),
    )?;
    audit(&world, &merchant, &no).await?;
    Ok(())
}

/// F94: a sweep that is only rehearsed asks nothing, writes nothing, and names what is due.
pub(crate) async fn dry_run(world: World) -> anyhow::Result<()> {
    let _alone = world.alone().await;
    let merchant = world.lenient()?;
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&answer, &[201])?;
    let page = attempt(&answer.json, Way::ALIPAY_PAGE)?;
    let number = text(page, "/channel_order_no")?;
    let no = order.payment_no()?;
    world.aws.purge_queue("payment-queries").await?;
    world.simulator.open_cashier(page).await?;
    // Past the time of its first question, which nobody asks now.
    tokio::time::sleep(FIRST_QUESTION).await;
    world.aws.put_first(&no).await?;
    let asked_before = world.simulator.journal(number).await?.len();
    let told = world
        .aws
        .invoke("scan", &json!({ "dry_run": true }))
        .await?;
    same("it was a rehearsal", &told["dry_run"], true)?;
    let listed = told["would_do"].as_array().context("a list")?;
    let ours = listed.iter().find(|one| one["payment_no"] == no.as_str());
    let ours = ours.with_context(|| format!("{told}"))?;
    same(
        "what it would do",
        &ours["tasks"],
        &json!([{ "what": "query", "about": number }]),
    )?;
    ensure!(told["overdue"].as_u64() >= Some(1), "{told}");
    same(
        "nothing was written",
        &merchant.payment(&no).await?["version"],
        1,
    )?;
    same(
        "nothing was asked",
        world.simulator.journal(number).await?.len(),
        asked_before,
    )?;
    let slip = world
        .aws
        .try_invoke("scan", &json!({ "dry_run": "yes" }))
        .await?;
    ensure!(
        slip.headers.contains_key("x-amz-function-error"),
        "a slip of the pen swept: {}",
        slip.shown()
    );
    same("nor then", &merchant.payment(&no).await?["version"], 1)?;

    // And the real one does it.
    world.aws.invoke("scan", &json!({})).await?;
    let asked_after = world.simulator.journal(number).await?.len();
    ensure!(asked_after > asked_before, "the sweep asked nothing");
    Ok(())
}

/// What an operator types.
async fn control(world: &World, arguments: &[&str]) -> anyhow::Result<String> {
    let endpoints = &world.endpoints;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        // Build scripts watch what the outer cargo set, and would build half the world again.
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let said = command
        .args(["run", "--quiet", "--package", "payonce-lambda"])
        .args(["--example", "controls", "--"])
        .args(arguments)
        .env("CONTROLS_TABLE", &endpoints.tables["controls"])
        .env("AWS_ENDPOINT_URL", &endpoints.aws_endpoint_url)
        .env("AWS_REGION", &endpoints.aws_region)
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&said.stderr);
    ensure!(said.status.success(), "controls {arguments:?}: {text}");
    Ok(String::from_utf8(said.stdout)?)
}

async fn paid(world: &World, merchant: &Merchant) -> anyhow::Result<String> {
    let order = merchant.order(1_999);
    let answer = merchant.initiate(&order, Way::ALIPAY_PAGE).await?;
    is_one_of(&answer, &[201])?;
    let page = attempt(&answer.json, Way::ALIPAY_PAGE)?;
    world.simulator.open_and_pay(page).await?;
    let no = order.payment_no()?;
    eventually(Duration::from_secs(60), "paid", || async {
        same("state", &merchant.payment(&no).await?["state"], "paid")
    })
    .await?;
    Ok(no)
}

/// Asks for a refund and gives where it stands and what went back, once that is what is expected.
async fn refund(
    world: &World,
    merchant: &Merchant,
    no: &str,
    name: &str,
    sent: bool,
) -> anyhow::Result<()> {
    let asked = merchant.refund(no, name, 500).await?;
    is_one_of(&asked, &[201])?;
    let stands = || async {
        let payment = merchant.payment(no).await?;
        let state = payment["refunds"][0]["state"].clone();
        let refunded = payment["money"]["refunded"]["value"].clone();
        anyhow::Ok((state, refunded))
    };
    if sent {
        return eventually(ASKED_WITHIN, "refunded", || async {
            same(name, stands().await?, (json!("succeeded"), json!(500)))
        })
        .await;
    }
    tokio::time::sleep(NOTHING_SENT_FOR).await;
    same(name, stands().await?, (json!("due"), json!(0)))?;
    for book in world.simulator.books_of(no).await? {
        same("refunds at the channel", &book["refunds"], &json!([]))?;
    }
    Ok(())
}

/// F94: nothing goes back while the switch is off, and no more than the cap in an hour; what is held stays owed.
pub(crate) async fn controls(world: World) -> anyhow::Result<()> {
    let _alone = world.alone().await;
    let since = now_ms()?;
    let merchant = world.lenient()?;
    let (first, second, third) = tokio::try_join!(
        paid(&world, &merchant),
        paid(&world, &merchant),
        paid(&world, &merchant)
    )?;
    let played = async {
        let said = control(&world, &["refunds", "off"]).await?;
        ensure!(said.contains("refunds: off"), "{said}");
        refund(&world, &merchant, &first, "switched-off", false).await?;

        control(&world, &["refunds", "on"]).await?;
        let said = control(&world, &["cap", "600"]).await?;
        ensure!(
            said.contains("refunds: on") && said.contains("cap: 600"),
            "{said}"
        );
        refund(&world, &merchant, &second, "under-the-cap", true).await?;
        refund(&world, &merchant, &third, "over-the-cap", false).await?;
        for reason in ["switch", "cap"] {
            let held = measured(&world, "refund", "RefundsHeld", since).await?;
            ensure!(held.iter().any(|line| line["Reason"] == reason), "{held:?}");
        }
        Ok(())
    };
    let played = played.await;
    // Whatever became of it, the others run without.
    control(&world, &["refunds", "on"]).await?;
    control(&world, &["cap", "none"]).await?;
    played?;
    for no in [&first, &second, &third] {
        let payment = merchant.payment(no).await?;
        let money = &payment["money"];
        let all = ["applied", "refunded", "refund_due"].map(|name| money[name]["value"].as_u64());
        let sum: u64 = all.into_iter().flatten().sum();
        same("every fen is somewhere", sum, 1_999_u64)?;
    }
    Ok(())
}
