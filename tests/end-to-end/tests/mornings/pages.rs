//! What the console says of a day.

use anyhow::{Context, ensure};
use end_to_end::{Answer, Operator, World, same, text};
use payonce_app::console::Role;
use payonce_domain::{ChannelOrderNo, PaymentNo};
use reqwest::Method;
use serde_json::Value;

use crate::day::Day;

/// What a program of an operator's is told.
pub(crate) async fn told(world: &World, path: &str) -> anyhow::Result<Answer> {
    let url = format!("{}{path}", world.endpoints.api_url);
    let request = world.http.request(Method::GET, &url);
    let token = format!("Bearer {}", world.endpoints.operator_token);
    let answer = world
        .http
        .send(request.header("authorization", token))
        .await?;
    ensure!(answer.status == 200, "{path}: {}", answer.shown());
    Ok(answer)
}

async fn day_json(world: &World, day: &Day) -> anyhow::Result<Value> {
    let path = format!("/console/settlement/day/json?{}", day.query());
    let answer = told(world, &path).await?;
    Ok(serde_json::from_slice(&answer.bytes)?)
}

/// What was found in a day: class, order and proposal, and whether it is open.
pub(crate) async fn found(
    world: &World,
    day: &Day,
) -> anyhow::Result<Vec<(String, String, String, bool)>> {
    let shown = day_json(world, day).await?;
    let findings = shown["findings"].as_array().context("findings")?;
    let found = findings.iter().map(|finding| {
        Ok((
            text(finding, "/class")?.to_owned(),
            finding["order_no"].as_str().unwrap_or_default().to_owned(),
            text(finding, "/proposal")?.to_owned(),
            finding["state"] == "open",
        ))
    });
    let mut found = found.collect::<anyhow::Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

/// The run's numbers.
pub(crate) async fn report(world: &World, day: &Day) -> anyhow::Result<Value> {
    Ok(day_json(world, day).await?["run"]["report"].clone())
}

/// How the day stands, on the page and in the file.
pub(crate) async fn is_state(world: &World, day: &Day, state: &str) -> anyhow::Result<()> {
    let shown = day_json(world, day).await?;
    ensure!(shown["state"] == state, "{day:?} is not {state}: {shown}");
    let page = told(world, &format!("/console/settlement/day?{}", day.query())).await?;
    let page = String::from_utf8_lossy(&page.bytes).into_owned();
    ensure!(
        page.contains(&format!("id=\"day\" data-state=\"{state}\"")),
        "{page}"
    );
    Ok(())
}

/// The payment of a channel order.
pub(crate) fn payment_no(channel_order_no: &str) -> anyhow::Result<String> {
    let no = ChannelOrderNo::parse(channel_order_no).context("a number of ours")?;
    Ok(PaymentNo::new(no.key()).to_string())
}

/// Lists, filters that are links, pictures and files, in both languages; a viewer sees no button.
pub(crate) async fn of_both_languages(world: &World, day: &Day) -> anyhow::Result<()> {
    let vera = Operator::enter(world, "vera", Role::Viewer).await?;
    for (language, words) in [
        ("zh", ["结算", "差错", "已结账", "本方账本"]),
        (
            "en",
            ["Settlement", "Discrepancies", "closed", "Our ledger"],
        ),
    ] {
        let list = vera
            .page(&format!("/console/settlement?lang={language}"))
            .await?;
        ensure!(list.contains(words[0]) && list.contains(words[1]), "{list}");
        ensure!(list.matches("<figure").count() == 2, "two pictures: {list}");
        let one = format!("/console/settlement/day?{}&lang={language}", day.query());
        let one = vera.page(&one).await?;
        ensure!(one.contains(words[3]) && one.contains("<svg"), "{one}");
    }
    let filter = format!("/console/settlement?account={}&days=7", day.account);
    let few = vera.page(&filter).await?;
    same("seven days", few.matches("<tr><td>").count(), 7)?;
    ensure!(
        few.contains(&format!("{}&amp;state=open", "days=7")) || few.contains("state=open"),
        "{few}"
    );
    let csv = vera.page("/console/settlement/csv").await?;
    ensure!(csv.starts_with("\u{feff}\"day\""), "{csv:?}");
    let findings = vera.page("/console/findings?class=amount_differs").await?;
    same(
        "on each channel",
        findings.matches("data-class=").count(),
        3,
    )?;
    ensure!(
        findings.contains("/console/findings/csv?class=amount_differs"),
        "{findings}"
    );
    let found = first_link(&findings)?;
    let one = vera.page(&found).await?;
    ensure!(
        one.contains("¥20.00") && one.contains("¥19.99"),
        "both sides: {one}"
    );
    ensure!(!one.contains("<button class=\"main\""), "a viewer looks");
    Ok(())
}

/// The address of the first discrepancy in a list.
pub(crate) fn first_link(page: &str) -> anyhow::Result<String> {
    let (_, rest) = page
        .split_once("<tr><td><a href=\"")
        .context("no line in the list")?;
    let (href, _) = rest.split_once('"').context("an address ends")?;
    Ok(href.replace("&amp;", "&").replace("&#38;", "&"))
}
