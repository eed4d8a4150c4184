//! What each step of a payment asks of the store, the queue and the channel: counted by the proxy, exact, asserted.
//!
//! Every figure is a price: a million payments cost what one costs, a million times. A request more anywhere fails here.

#![allow(clippy::print_stdout)]

mod ledger;
mod steps;

use end_to_end::Proxied;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // F31, F69: a notification costs calls to the store and the queue only, and a scan what is due.
    let trial = Trial::test("every_step_costs_what_it_should", move || {
        runtime
            .block_on(play())
            .map_err(|error| Failed::from(format!("{error:#}")))
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit()
}

async fn play() -> anyhow::Result<()> {
    let proxied = Proxied::start("costs").await?;
    let mut ledger = ledger::Ledger::default();
    let outcome = steps::count_all(&proxied, &mut ledger).await;
    proxied.stop().await;
    println!("{ledger}");
    outcome?;
    ledger.check()
}
