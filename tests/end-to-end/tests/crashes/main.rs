//! Each function is killed (`kill -9`) before and after every call it makes to anything outside it, and afterwards the
//! books agree with the channel's.
//!
//! A first run of every flow shows which calls there are. Then every call gets two fresh payments: for one the function
//! dies just before the call is passed on, for the other just after it took effect. A crash that does not come about
//! fails the run: what was not tried is not proven.

#![allow(clippy::print_stdout)]

mod appeals;
mod cases;
mod flows;
mod messages;
mod named;
mod people;
mod stage;
mod table;

use std::time::Instant;

use end_to_end::Proxied;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::sync::Mutex;

use cases::Outcome;
use stage::Stage;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // F6, F7, F11, F13, F14, F15, F30, F31, F47, F59, F67, F71: whatever was under way when a function died.
    let trial = Trial::test("whatever_dies_whenever_the_books_agree", move || {
        runtime
            .block_on(play())
            .map_err(|error| Failed::from(format!("{error:#}")))
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit()
}

async fn play() -> anyhow::Result<()> {
    let functions: Vec<_> = flows::by_function().into_keys().collect();
    let stage = Stage::new(Proxied::start("crashes").await?, &functions);
    let began = Instant::now();
    let outcome = Mutex::new(Outcome::default());
    let played = async {
        tokio::join!(
            cases::play_all(&stage, &outcome),
            named::play_all(&stage, &messages::FLOWS, &outcome),
            named::play_all(&stage, &appeals::FLOWS, &outcome),
        )
    };
    tokio::select! {
        _ = played => {}
        () = stage.keep_scanning() => unreachable!("it goes on for ever"),
        () = stage.keep_looking() => unreachable!("it goes on for ever"),
    };
    stage.stop().await;
    let outcome = outcome.into_inner();
    println!("{}", outcome.table);
    println!(
        "{} payments, {} delayed messages and appeals in {} s",
        outcome.payments,
        outcome.named,
        began.elapsed().as_secs()
    );
    anyhow::ensure!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
    anyhow::ensure!(
        outcome.table.is_complete(),
        "some crashes never came about, so nothing is known of them"
    );
    Ok(())
}
