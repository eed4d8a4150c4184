//! The mornings after (T+1), through the deployed local stack: functions and channels share one clock, which a test moves
//! from noon over the settlement days' ends to the mornings on which the bills are there.
//!
//! One stack, one clock, one story: everything happens on every channel at the same time. Then the functions of the mornings
//! die at every call they make.

#![allow(clippy::print_stdout)]

mod day;
mod deaths;
mod give_back;
mod pages;
mod people;
mod story;

use anyhow::Context;
use end_to_end::Proxied;
use libtest_mimic::{Arguments, Failed, Trial};
use payonce_local::StackOptions;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // S17, S18, F82, F83, F84, F85, F86: bills with every error, days' ends, and the people who close them. F59, F86: a
    // function that dies is followed by another.
    let trial = Trial::test(
        "s17_s18_f82_to_f86_bills_of_three_days_on_every_channel",
        move || {
            runtime
                .block_on(play())
                .map_err(|error| Failed::from(format!("{error:#}")))
        },
    );
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit()
}

async fn play() -> anyhow::Result<()> {
    let options = StackOptions {
        one_clock: true,
        ..StackOptions::for_test("mornings")
    };
    let proxied = Proxied::start_as(options).await?;
    let told = async {
        let (world, proxy) = (&proxied.world, &proxied.proxy);
        story::told(world).await.context("three days")?;
        deaths::of_reconcile(world, proxy)
            .await
            .context("reconcile dies")?;
        deaths::of_audit(world, proxy).await.context("audit dies")
    };
    let told = told.await;
    proxied.stop().await;
    told
}
