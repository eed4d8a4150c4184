//! Three days on every channel: a day with everything that can be wrong with a bill, the day after, on which the rest
//! comes out, and a day on which nothing happened.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use end_to_end::{Fault, Merchant, Way, World, attempt, eventually, is_one_of, same, text};
use futures::future::try_join_all;
use payonce_domain::Channel;
use serde_json::{Value, json};

use crate::day::{self, Day, HOUR, distort, pass, pass_until, reconcile, settle, state};
use crate::{give_back, pages, people};

/// Noon, and the mornings' half past ten, in Beijing by UTC.
pub(crate) const NOON: i64 = 4 * HOUR;
pub(crate) const HALF_PAST_TEN: i64 = 2 * HOUR + HOUR / 2;
/// UnionPay's day ends at 23:00 in Beijing, the others' at midnight.
const LAST_HOUR: i64 = 15 * HOUR;
const WITHIN: Duration = Duration::from_secs(120);
/// Of these every bill has one line, right or not.
const NAMES: [&str; 8] = [
    "kept", "dropped", "dearer", "costly", "twice", "shifted", "stated", "refunded",
];

/// One channel's part of the story.
pub(crate) struct Part {
    pub(crate) way: Way,
    pub(crate) today: Day,
    /// Channel order numbers, by what becomes of their lines.
    pub(crate) numbers: BTreeMap<&'static str, String>,
    /// The payment that only the bill tells of.
    pub(crate) lost: String,
}

pub(crate) async fn told(world: &World) -> anyhow::Result<()> {
    let merchant = &world.strict()?;
    pass_until(world, NOON).await?;
    let mut parts =
        try_join_all(Way::OF_EACH_CHANNEL.map(|way| noon(world, merchant, way))).await?;
    settle(world).await?;
    for part in &mut parts {
        evening(world, merchant, part).await?;
    }
    at_the_days_ends(world, merchant, &mut parts).await?;
    pass_until(world, HALF_PAST_TEN - HOUR).await?;
    for part in &parts {
        let early = reconcile(world, &part.today).await?;
        ensure!(early.to_string().contains("not expected yet"), "{early}");
    }
    pass(world, HOUR).await?;
    first_morning(world, &parts).await?;
    pass_until(world, HALF_PAST_TEN).await?;
    second_morning(world, merchant, &parts).await?;
    pass_until(world, HALF_PAST_TEN).await?;
    third_morning(world, &parts).await
}

/// At noon: everything is paid, and one payment of which nobody hears.
pub(crate) async fn noon(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<Part> {
    let today = day::today(world, way).await?;
    let mut numbers = BTreeMap::new();
    for name in NAMES {
        let (no, _) = paid(world, merchant, way).await?;
        numbers.insert(name, no);
    }
    let mut part = Part {
        way,
        today,
        numbers,
        lost: String::new(),
    };
    let (no, payment_no) = opened(world, merchant, way).await?;
    for operation in ["notify", "query", "close"] {
        let kind = if operation == "notify" {
            "drop"
        } else {
            "http_500"
        };
        let fault = Fault::times(operation, kind, 1_000);
        world.simulator.fault(&no, fault).await?;
    }
    world.simulator.pay(&no).await?;
    part.numbers.insert("lost", no);
    part.lost = payment_no;
    Ok(part)
}

/// A payment with its page open: its channel order and its own number.
async fn opened(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<(String, String)> {
    eventually(WITHIN, "begun", || async {
        let order = merchant.order(1_999);
        let answer = merchant.initiate(&order, way).await?;
        is_one_of(&answer, &[201])?;
        let channel_order = attempt(&answer.json, way)?;
        world.simulator.open_cashier(channel_order).await?;
        let no = text(channel_order, "/channel_order_no")?.to_owned();
        Ok((no, text(&answer.json, "/payment_no")?.to_owned()))
    })
    .await
}

async fn paid(world: &World, merchant: &Merchant, way: Way) -> anyhow::Result<(String, String)> {
    let (no, payment_no) = opened(world, merchant, way).await?;
    world.simulator.pay(&no).await?;
    until_paid(merchant, &payment_no).await?;
    Ok((no, payment_no))
}

async fn until_paid(merchant: &Merchant, payment_no: &str) -> anyhow::Result<Value> {
    eventually(WITHIN, "paid", || async {
        let payment = merchant.payment(payment_no).await?;
        same("state", &payment["state"], "paid")?;
        Ok(payment)
    })
    .await
}

/// Somebody refunds without us, and the channel gets its bill wrong.
pub(crate) async fn evening(
    world: &World,
    merchant: &Merchant,
    part: &mut Part,
) -> anyhow::Result<()> {
    let (today, numbers) = (&part.today, &part.numbers);
    let refunded = &numbers["refunded"];
    let trade_no = trade_no(world, today, refunded).await?;
    let payment_no = pages::payment_no(refunded)?;
    let payment = merchant.payment(&payment_no).await?;
    give_back::behind_our_back(world, today, &payment, &trade_no).await?;
    for (kind, name) in [
        ("drop", "dropped"),
        ("change_amount", "dearer"),
        ("change_fee", "costly"),
        ("duplicate", "twice"),
        ("next_day", "shifted"),
        ("change_state", "stated"),
    ] {
        distort(world, today, kind, Some(&numbers[name])).await?;
    }
    distort(world, today, "add", None).await?;
    distort(world, &today.next(), "late", None).await
}

/// The channel's own number of a payment, from its own list.
async fn trade_no(world: &World, day: &Day, no: &str) -> anyhow::Result<String> {
    let url = format!(
        "{}/_ctl/bills?channel={}&account={}&bill_date={}",
        world.endpoints.simulator_url,
        day.channel.name(),
        day.account,
        day.day
    );
    let lines = world.http.get_json(&url).await?;
    let mut lines = lines.as_array().context("lines")?.iter();
    let line = lines.find(|line| line["channel_order_no"] == no);
    Ok(text(line.context("no line")?, "/trade_no")?.to_owned())
}

/// S18, F83: paid a minute before the channel's day ends, heard of after it.
async fn at_the_days_ends(
    world: &World,
    merchant: &Merchant,
    parts: &mut [Part],
) -> anyhow::Result<()> {
    for (end, unionpay) in [(LAST_HOUR, true), (LAST_HOUR + HOUR, false)] {
        pass_until(world, end - 90).await?;
        let mut late = Vec::new();
        for part in parts.iter_mut() {
            if (part.way.channel == Channel::Unionpay) == unionpay {
                let (no, payment_no) = opened(world, merchant, part.way).await?;
                let fault = Fault::times("notify", "drop", 9);
                world.simulator.fault(&no, fault).await?;
                world.simulator.pay(&no).await?;
                part.numbers.insert("late", no);
                late.push(payment_no);
            }
        }
        pass_until(world, end + 60).await?;
        settle(world).await?;
        for payment_no in late {
            until_paid(merchant, &payment_no).await?;
        }
        settle(world).await?;
    }
    Ok(())
}

/// F82: what is damaged on its way closes no day; then the schedule's own event does every account.
async fn first_morning(world: &World, parts: &[Part]) -> anyhow::Result<()> {
    for fault in ["garbage", "bad_signature", "http_500"] {
        for part in parts {
            let (channel, day) = (part.today.channel.name(), &part.today);
            let laid = json!({ "channel": channel, "operation": "bill", "fault": fault });
            let laid = world.simulator.control("faults", &laid).await?;
            same("the fault", laid.status, 200)?;
            let state = state(world, day).await?;
            ensure!(!state.starts_with("closed"), "{channel} {fault}: {state}");
            same("nothing is found", pages::found(world, day).await?, vec![])?;
        }
    }
    for part in parts {
        pages::is_state(world, &part.today, "waiting").await?;
    }
    // The schedule's event names no day: everything that can be done by now.
    world.aws.invoke("reconcile", &json!({})).await?;
    // Until now no channel said a word of what was lost; each of the bill's faults was used up by one run.
    world.simulator.clear("faults").await?;
    for part in parts {
        let expected = first_day(part);
        let today = &part.today;
        let found = pages::found(world, today).await?;
        same(today.channel.name(), &found, &expected)?;
        same("once more", state(world, today).await?.as_str(), "closed")?;
        let again = pages::found(world, today).await?;
        same("a re-run finds nothing new (F86)", &again, &expected)?;
        pages::is_state(world, today, "open").await?;
        let lost = world.strict()?.payment(&part.lost).await?;
        same("F84: what was lost", &lost["state"], "paid")?;
    }
    pages::of_both_languages(world, &parts[0].today).await?;
    people::settle_all(world, &parts[0].today).await?;
    pages::is_state(world, &parts[0].today, "carried").await
}

/// Class, order, proposal, and whether people have to see to it.
pub(crate) type Found = (String, String, String, bool);

fn found(class: &str, no: &str, proposal: &str, is_open: bool) -> Found {
    let [class, no, proposal] = [class, no, proposal].map(str::to_owned);
    (class, no, proposal, is_open)
}

pub(crate) fn first_day(part: &Part) -> Vec<Found> {
    let no = |name: &str| part.numbers[name].as_str();
    let mut expected = vec![
        found("channel_only", no("lost"), "repaired", false),
        found("amount_differs", no("dearer"), "look_at_case", true),
        found("fee_differs", no("costly"), "ask_channel", true),
        found("duplicate_line", no("twice"), "ask_channel", true),
        found("refund_channel_only", no("refunded"), "look_at_case", true),
    ];
    if part.way.channel == Channel::Wechat {
        expected.push(found("status_differs", no("stated"), "query_channel", true));
    }
    if part.way.channel == Channel::Unionpay {
        // It lists what is in dispute apart, under no number of ours.
        expected.push(found("unreadable_line", "", "ask_channel", true));
    }
    expected.sort();
    expected
}

/// A bill that is late, and then what only the ledger has (F85): asked about, and what is nobody's.
async fn second_morning(world: &World, merchant: &Merchant, parts: &[Part]) -> anyhow::Result<()> {
    world.aws.invoke("reconcile", &json!({})).await?;
    for part in parts {
        let tomorrow = part.today.next();
        let said = state(world, &tomorrow).await?;
        same(tomorrow.channel.name(), said.as_str(), "not_ready")?;
        same(
            "nothing is found",
            pages::found(world, &tomorrow).await?,
            vec![],
        )?;
    }
    pass(world, 2 * HOUR).await?;
    world.aws.invoke("reconcile", &json!({})).await?;
    for part in parts {
        let tomorrow = part.today.next();
        let all = pages::found(world, &tomorrow).await?;
        let (foreign, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(class, ..)| class == "foreign");
        let name = tomorrow.channel.name();
        same(name, foreign.len(), 1)?;
        same("whose it is", foreign[0].2.as_str(), "ask_merchant")?;
        let mut expected = vec![part.numbers["dropped"].as_str()];
        if part.way.channel != Channel::Wechat {
            // No word for states: what has not succeeded does not stand among its trades.
            expected.push(part.numbers["stated"].as_str());
        }
        expected.sort_unstable();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|no| found("ledger_only", no, "ask_channel", true))
            .collect();
        same(name, &rest, &expected)?;
        let report = pages::report(world, &tomorrow).await?;
        // What was shifted, what was late, and what the bill had told of.
        same("matched", report["matched"]["count"].as_u64(), Some(3))?;
        let late = pages::payment_no(&part.numbers["late"])?;
        let late = merchant.payment(&late).await?;
        same("late", &late["state"], "paid")?;
    }
    // What was carried found its other half, and people had settled all else.
    pages::is_state(world, &parts[0].today, "closed").await?;
    pages::is_state(world, &parts[1].today, "open").await
}

/// A day without a bill: not there yet in the morning, empty for sure two hours later.
async fn third_morning(world: &World, parts: &[Part]) -> anyhow::Result<()> {
    let empty: Vec<_> = parts.iter().map(|part| part.today.next().next()).collect();
    for day in &empty {
        same(
            day.channel.name(),
            state(world, day).await?.as_str(),
            "not_ready",
        )?;
    }
    pass(world, 3 * HOUR).await?;
    for day in &empty {
        same(
            day.channel.name(),
            state(world, day).await?.as_str(),
            "closed_empty",
        )?;
        same("nothing is found", pages::found(world, day).await?, vec![])?;
        pages::is_state(world, day, "closed").await?;
    }
    Ok(())
}
