//! The people who close a day: each discrepancy is taken by one of them, settled with a reason, and by nobody else.

use anyhow::{Context, ensure};
use end_to_end::{Operator, World, same, text};
use payonce_app::console::Role;

use crate::day::Day;
use crate::pages::{first_link, told};

/// Otto takes and settles all that is open in a day, with eyes and buttons; who, when and why is written down.
pub(crate) async fn settle_all(world: &World, day: &Day) -> anyhow::Result<()> {
    let otto = Operator::enter(world, "otto", Role::Operator).await?;
    let anna = Operator::enter(world, "anna", Role::Approver).await?;
    let list = format!("/console/findings?{}", day.query());
    let mut settled = 0;
    while let Ok(found) = first_link(&otto.page(&list).await?) {
        let page = otto.page(&found).await?;
        let (id, version) = (id_of(&found)?, version_of(&page)?);
        let take = format!("/console/findings/{id}/take");
        let settle = format!("/console/findings/{id}/settle");
        // Without a reason nothing is done, and what is nobody's is not settled.
        let without = pressed(&otto, &take, day, &version, "").await?;
        same("no reason", without.0, 400)?;
        let not_his = pressed(&otto, &settle, day, &version, "fine").await?;
        ensure!(not_his.1.contains("notice=not-yours"), "{not_his:?}");
        let taken = pressed(&otto, &take, day, &version, "I call them").await?;
        ensure!(taken.1.contains("notice=taken"), "{taken:?}");
        let again = pressed(&otto, &take, day, &version, "twice").await?;
        ensure!(again.1.contains("notice=moved"), "{again:?}");
        let version = version_of(&otto.page(&found).await?)?;
        let other = pressed(&anna, &settle, day, &version, "hers").await?;
        ensure!(other.1.contains("notice=not-yours"), "{other:?}");
        let why = format!("the channel explained it, {id}");
        let done = pressed(&otto, &settle, day, &version, &why).await?;
        ensure!(done.1.contains("notice=settled"), "{done:?}");
        let page = otto.page(&found).await?;
        let who = page.split_once("id=\"settled\"").context("settled")?.1;
        ensure!(who.contains("otto") && who.contains(&why), "{page}");
        settled += 1;
    }
    ensure!(settled >= 3, "{settled} were open");
    let acts = otto.page("/console/acts").await?;
    ensure!(acts.contains("the channel explained it"), "{acts}");
    let file = told(
        world,
        &format!("/console/settlement/day/json?{}", day.query()),
    )
    .await?;
    let file: serde_json::Value = serde_json::from_slice(&file.bytes)?;
    same("open", file["open"].as_u64(), Some(0))?;
    let findings = file["findings"].as_array().context("findings")?;
    let by_people = findings
        .iter()
        .filter(|finding| finding["settled"].is_object());
    for finding in by_people.clone() {
        same("who", text(finding, "/settled/by")?, "otto")?;
        same("whose", text(finding, "/owner")?, "otto")?;
        text(finding, "/settled/at")?;
    }
    same("by people", by_people.count(), settled)
}

/// What a button answers: the status, and where it leads.
async fn pressed(
    operator: &Operator,
    path: &str,
    day: &Day,
    version: &str,
    why: &str,
) -> anyhow::Result<(u16, String)> {
    let fields = day.fields();
    let mut all: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    all.extend([("seen", version), ("why", why)]);
    let answer = operator.press(path, &all).await?;
    Ok((answer.status, answer.header("location").to_owned()))
}

fn id_of(address: &str) -> anyhow::Result<String> {
    let (_, rest) = address.split_once("/findings/").context("a finding")?;
    Ok(rest.split('?').next().unwrap_or_default().to_owned())
}

fn version_of(page: &str) -> anyhow::Result<String> {
    let (_, rest) = page.split_once("data-version=\"").context("a version")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}
