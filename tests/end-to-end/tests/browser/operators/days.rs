//! A day's settlement and one of its discrepancies, with what a real run found, as operators look at them and settle them.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use end_to_end::{Way, World, attempt, eventually, same, text};
use payonce_app::console::Role;
use payonce_domain::{BillDay, Channel, Timestamp};
use serde_json::json;

use super::{act, at, enter, logged, look_at};
use crate::axe;
use crate::looks::{CHINESE_PHONE, CHINESE_WIDE, ENGLISH_PHONE, ENGLISH_WIDE};

/// What a line of a payment that the channel's books do not know is about.
const PAID: u64 = 1_234;

/// The newest day whose bill is expected by now.
fn compared_day(channel: Channel) -> anyhow::Result<BillDay> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp::from_millis(u64::try_from(since.as_millis())?);
    let yesterday = BillDay::of(channel, now).previous();
    Ok(if yesterday.bill_ready_at() <= now {
        yesterday
    } else {
        yesterday.previous()
    })
}

/// The bill of a day has a payment of which nobody else tells, and has it twice.
async fn compared(world: &World) -> anyhow::Result<String> {
    let (way, merchant) = (Way::ALIPAY_PAGE, world.strict()?);
    let made = merchant.initiate(&merchant.order(PAID), way).await?;
    same("made", made.status, 201)?;
    let no = text(attempt(&made.json, way)?, "/channel_order_no")?.to_owned();
    let account = world
        .simulator
        .account_of(way.channel, &merchant.id)
        .await?;
    let account = text(&account, "/account")?.to_owned();
    let (channel, day) = (way.channel.name(), compared_day(way.channel)?.to_string());
    for kind in ["add", "duplicate"] {
        let wanted = json!({
            "channel": channel,
            "account": account,
            "bill_date": day,
            "kind": kind,
            "channel_order_no": no,
        });
        let laid = world.simulator.control("bills/discrepancies", &wanted);
        same(kind, laid.await?.status, 200)?;
    }
    let event = json!({ "channel": channel, "account": account, "day": day });
    eventually(crate::SOON, "nobody else works on it", || async {
        let answer = world.aws.try_invoke("reconcile", &event).await?;
        ensure!(answer.json["state"] == "closed", "{}", answer.shown());
        Ok(())
    })
    .await?;
    Ok(format!("channel={channel}&account={account}&day={day}"))
}

/// Both pages in both languages, on a phone and at a desk; and what is open on them is taken and settled.
pub(super) async fn settled(world: World) -> anyhow::Result<()> {
    let _turn = world.beside_others().await;
    let axe = axe::script()?;
    let query = compared(&world).await?;
    let link = "#findings a[data-class=duplicate_line]";
    let mut finding = String::new();
    for look in [CHINESE_WIDE, CHINESE_PHONE, ENGLISH_WIDE, ENGLISH_PHONE] {
        let window = enter(&world, look, "vera", Role::Viewer).await?;
        let day = at(&world, &format!("/settlement/day?{query}"));
        window.goto(&day).await?;
        window.find("#day[data-state=open]").await?;
        window.says("#report", "¥").await?;
        window
            .says("main", look.say("重复行", "line repeated"))
            .await?;
        look_at(&window, look, axe.as_ref(), "console-settlement-day").await?;
        let href = window.find(link).await?.attr("href").await?;
        finding = href.context("an address")?;
        window.press(link).await?;
        window.find("#finding[data-class=duplicate_line]").await?;
        window.says("#theirs", "¥12.34").await?;
        window
            .says("#actions", look.say("只能查看", "can look only"))
            .await?;
        look_at(&window, look, axe.as_ref(), "console-finding").await?;
        window.close().await?;
    }
    let look = ENGLISH_WIDE;
    let window = enter(&world, look, "otto", Role::Operator).await?;
    let origin = &world.endpoints.api_url;
    let there = if finding.starts_with('/') {
        format!("{origin}{finding}")
    } else {
        finding
    };
    window.goto(&there).await?;
    act(&window, "#take", &[("why", "I know this shop")]).await?;
    window.says("#owner", "otto").await?;
    look_at(&window, look, axe.as_ref(), "console-finding-taken").await?;
    act(
        &window,
        "#settle",
        &[("why", "the channel wrote a new bill")],
    )
    .await?;
    window.says("#settled", "otto").await?;
    same("nothing more to do", window.count("#actions").await?, 0)?;
    look_at(&window, look, axe.as_ref(), "console-finding-settled").await?;
    window
        .goto(&at(&world, &format!("/settlement/day?{query}")))
        .await?;
    same("open", window.count("#day[data-state=open]").await?, 0)?;
    logged(
        &world,
        &window,
        "otto",
        "settled a discrepancy",
        "the channel wrote a new bill",
    )
    .await?;
    window.close().await
}
