//! The catalogue of scenarios, S1 to S16, over every channel where each applies: one function a scenario, a list of ways
//! to pay, and the audit of the money at the end of each. What kills functions (S19, S20) has a stack of its own.

mod codes;
mod ending;
mod outage;
mod paying;
mod paying_twice;
mod refunding;
mod rotating;
mod strangers;

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use end_to_end::{
    Merchant, Order, Scenario, Way, attempt, eventually, is_one_of, same, scenario, text,
};
use futures::future::try_join_all;
use serde_json::Value;

/// A breaker's first times.
const BEGUN_WITHIN: Duration = Duration::from_secs(90);

/// A notification needs one function to start, and a question comes after a minute by messages and after two by the sweep.
const PAID_WITHIN: Duration = Duration::from_secs(240);

/// Those that wait for minutes: they begin first, and the others run beside them.
pub(crate) fn slow() -> Vec<Scenario> {
    vec![
        scenario(
            "s6_f49_what_the_channel_cannot_close_ends_after_its_margin",
            ending::unclosable,
        ),
        scenario(
            "s6_f22_f49_a_create_that_may_still_arrive_is_proven_dead",
            ending::burnt,
        ),
        scenario(
            "s8_f60_a_bank_page_that_ends_late_is_written_down_and_left_to_unionpay",
            ending::late_bank_page,
        ),
        scenario(
            "s6_f51_unpaid_until_expiry_is_closed",
            ending::unpaid_until_expiry,
        ),
    ]
}

/// All the others.
pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        scenario("s1_f26_paid_and_told", paying::told),
        scenario("s2_f27_paid_and_every_notice_lost", paying::notices_lost),
        scenario(
            "s3_f9_f49_a_create_that_times_out_after_effect",
            paying::create_times_out,
        ),
        scenario(
            "s3_f9_a_page_that_times_out_after_effect",
            paying::page_times_out,
        ),
        scenario("s4_f26_one_notice_twenty_times", paying::twenty_copies),
        scenario(
            "s5_f28_the_notice_comes_before_the_answer_to_the_create",
            paying::notice_before_answer,
        ),
        scenario("s7_f56_paid_during_the_close", ending::paid_during_close),
        scenario("s8_f60_paid_after_the_release", ending::paid_after_release),
        scenario(
            "s9_f1_f62_lenient_both_channels_paid",
            paying_twice::across_channels,
        ),
        scenario(
            "s9_f1_strict_refuses_another_channel",
            paying_twice::strict_refuses,
        ),
        scenario(
            "s10_f1_two_attempts_of_one_channel_paid",
            paying_twice::within_a_channel,
        ),
        scenario(
            "s11_f71_f74_a_refund_of_unknown_outcome_moves_once",
            refunding::unknown,
        ),
        scenario(
            "s12_f73_a_refund_that_failed_is_owed_again",
            refunding::failed,
        ),
        scenario(
            "s12_f78_a_refund_that_cannot_arrive_waits_for_a_person",
            refunding::abnormal,
        ),
        scenario("s13_f75_racing_partial_refunds", refunding::race),
        scenario(
            "s14_f33_f37_forged_and_foreign_notices_change_nothing",
            strangers::forged,
        ),
        scenario("s14_f35_a_wrong_amount_goes_back", strangers::wrong_amount),
        scenario(
            "s15_f52_a_channel_down_while_the_others_serve",
            outage::one_channel_down,
        ),
        scenario(
            "s16_f39_a_key_changes_and_no_message_is_lost",
            rotating::keys,
        ),
        scenario("code_paid_at_once", codes::paid_at_once),
        scenario("code_confirmed_by_the_buyer", codes::confirmed),
        scenario("code_not_confirmed_is_reversed", codes::not_confirmed),
        scenario("code_paid_and_the_answer_lost", codes::answer_lost),
        scenario("code_declined", codes::declined),
    ]
}

/// Plays one scenario over several ways, side by side.
async fn over<F>(ways: &[Way], play: impl Fn(Way) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let plays = ways.iter().map(|way| {
        let played = play(*way);
        async move { played.await.with_context(|| format!("{way:?}")) }
    });
    try_join_all(plays).await?;
    Ok(())
}

/// A new order, and its first channel order. The faults of other scenarios may have opened the breaker of the account: the
/// buyer then comes again.
pub(crate) async fn begun(merchant: &Merchant, way: Way) -> anyhow::Result<(Order, Value)> {
    eventually(BEGUN_WITHIN, "begun", || async {
        let order = merchant.order(1_999);
        let answer = merchant.initiate(&order, way).await?;
        is_one_of(&answer, &[201])?;
        let channel_order = attempt(&answer.json, way)?.clone();
        Ok((order, channel_order))
    })
    .await
}

pub(crate) fn number(channel_order: &Value) -> anyhow::Result<&str> {
    text(channel_order, "/channel_order_no")
}

pub(crate) async fn until_paid(merchant: &Merchant, payment_no: &str) -> anyhow::Result<Value> {
    until_state(merchant, payment_no, "paid", PAID_WITHIN).await
}

async fn until_state(
    merchant: &Merchant,
    payment_no: &str,
    state: &str,
    within: Duration,
) -> anyhow::Result<Value> {
    eventually(within, state, || async {
        let payment = merchant.payment(payment_no).await?;
        same("state", &payment["state"], state)?;
        Ok(payment)
    })
    .await
}

/// Waits until the capture is known; `fen` in all.
async fn until_captured(merchant: &Merchant, payment_no: &str, fen: u64) -> anyhow::Result<Value> {
    eventually(PAID_WITHIN, "captured", || async {
        let payment = merchant.payment(payment_no).await?;
        same("captured", &payment["money"]["captured"]["value"], fen)?;
        Ok(payment)
    })
    .await
}
