//! The mornings after (T+1), through the deployed local stack: functions and channels share one clock, which a test moves
//! from noon over the settlement days' ends to the mornings on which the bills are there.
//!
//! One stack, one clock, one story: everything happens on every channel at the same time.

#![allow(clippy::print_stdout)]

mod day;
mod give_back;
mod pages;
mod people;
mod story;

use end_to_end::{run, scenario};
use payonce_local::StackOptions;

fn main() -> anyhow::Result<()> {
    let options = StackOptions {
        one_clock: true,
        ..StackOptions::for_test("mornings")
    };
    run(
        options,
        vec![
            // S17, S18, F82, F83, F84, F85, F86: bills with every error, days' ends, and the people who close them.
            scenario(
                "s17_s18_f82_to_f86_bills_of_three_days_on_every_channel",
                story::told,
            ),
        ],
    )
}
