//! One clock for all, and the days of accounts.

use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{Way, World, eventually, text};
use payonce_domain::{BillDay, Channel, Timestamp};
use serde_json::{Map, Value, json};

pub(crate) const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// A function that was cut off leaves its day to others after a while; here none is.
const FREE_WITHIN: Duration = Duration::from_secs(60);

/// An account at a channel, and a day of it.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) channel: Channel,
    pub(crate) account: String,
    pub(crate) day: BillDay,
}

impl Day {
    pub(crate) fn next(&self) -> Self {
        Self {
            day: self.day.next(),
            ..self.clone()
        }
    }

    /// How addresses, forms and invocations name it.
    pub(crate) fn fields(&self) -> [(&'static str, String); 3] {
        [
            ("channel", self.channel.name().to_owned()),
            ("account", self.account.clone()),
            ("day", self.day.to_string()),
        ]
    }

    /// What the function is told to do it by name.
    pub(crate) fn event(&self) -> Value {
        let fields = self.fields().into_iter();
        fields
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect::<Map<_, _>>()
            .into()
    }

    pub(crate) fn query(&self) -> String {
        let pairs = self.fields().map(|(name, value)| format!("{name}={value}"));
        pairs.join("&")
    }
}

/// The time by the one clock.
pub(crate) async fn now(world: &World) -> anyhow::Result<Timestamp> {
    let url = format!("{}/_ctl/clock", world.endpoints.simulator_url);
    let clock = world.http.get_json(&url).await?;
    let at: jiff::Timestamp = text(&clock, "/now")?.parse()?;
    Ok(Timestamp::from_millis(u64::try_from(at.as_millisecond())?))
}

pub(crate) async fn pass(world: &World, seconds: i64) -> anyhow::Result<()> {
    let body = json!({ "advance_seconds": seconds });
    let answer = world.simulator.control("clock", &body).await?;
    ensure!(answer.status == 200, "{}", answer.shown());
    Ok(())
}

/// Time passes until this second of the UTC day, today or tomorrow.
pub(crate) async fn pass_until(world: &World, second: i64) -> anyhow::Result<()> {
    let now = i64::try_from(now(world).await?.as_millis() / 1_000)?;
    pass(world, (second - now).rem_euclid(DAY)).await
}

/// The strict merchant's account with a channel, today.
pub(crate) async fn today(world: &World, way: Way) -> anyhow::Result<Day> {
    let merchant = world.strict()?.id;
    let account = world.simulator.account_of(way.channel, &merchant).await?;
    Ok(Day {
        channel: way.channel,
        account: text(&account, "/account")?.to_owned(),
        day: BillDay::of(way.channel, now(world).await?),
    })
}

/// Has the sweep look, and see to what is left, the ledger's rows too.
pub(crate) async fn settle(world: &World) -> anyhow::Result<()> {
    for seconds in [400, 400, 70] {
        pass(world, seconds).await?;
        world.aws.invoke("scan", &json!({})).await?;
    }
    Ok(())
}

/// Reconciles one account's day, as a person asks for it: what the function says.
pub(crate) async fn reconcile(world: &World, day: &Day) -> anyhow::Result<Value> {
    let event = day.event();
    // The schedule runs by the wall clock and may be at it.
    eventually(FREE_WITHIN, "nobody else works on it", || async {
        let answer = world.aws.try_invoke("reconcile", &event).await?;
        ensure!(!answer.shown().contains("somebody else"), "busy");
        Ok(answer.json)
    })
    .await
}

/// How the run stands.
pub(crate) async fn state(world: &World, day: &Day) -> anyhow::Result<String> {
    let said = reconcile(world, day).await?;
    let state = text(&said, "/state").with_context(|| format!("{day:?}"))?;
    Ok(state.to_owned())
}

/// An error that the channel's file of that day is to have.
pub(crate) async fn distort(
    world: &World,
    day: &Day,
    kind: &str,
    no: Option<&str>,
) -> anyhow::Result<()> {
    let mut wanted = json!({
        "channel": day.channel.name(),
        "account": day.account,
        "bill_date": day.day.to_string(),
        "kind": kind,
    });
    if let Some(no) = no {
        wanted["channel_order_no"] = json!(no);
    }
    let laid = world.simulator.control("bills/discrepancies", &wanted);
    let laid = laid.await?;
    ensure!(laid.status == 200, "{}", laid.shown());
    Ok(())
}
