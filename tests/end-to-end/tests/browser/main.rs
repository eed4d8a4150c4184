//! The pages in a real browser. Buyers play every journey at the cashier in both languages, on a phone and at a desk;
//! operators do at the console what they are there for. axe-core looks at the pages of both, and pictures of them lie in
//! `target/browser`.

mod appeals;
mod axe;
mod chromium;
mod journeys;
mod looks;
mod operators;

use std::time::Duration;

use end_to_end::play;
use payonce_local::StackOptions;

/// How many windows' owners are at work at a time: two processors serve no more.
const AT_ONCE: usize = 3;
/// What is to happen by itself, on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    if !chromium::is_here() {
        anyhow::ensure!(
            std::env::var_os("CI").is_none(),
            "chromium and chromedriver are not installed"
        );
        say(
            "skipped: chromium and chromedriver are not installed (Debian: chromium, chromium-driver, fonts-wqy-microhei)",
        );
        return Ok(());
    }
    let mut scenarios = journeys::all();
    scenarios.extend(appeals::all());
    scenarios.extend(operators::all());
    let mut options = StackOptions::for_test("browser");
    let careless = [
        journeys::offers::LOOK_ALIKE,
        journeys::offers::NAMED,
        journeys::offers::LONGER,
    ];
    options.return_urls = careless.map(str::to_owned).into();
    let (conclusion, _) = play(options, scenarios, AT_ONCE)?;
    conclusion.exit()
}

#[expect(clippy::print_stdout, reason = "a test that is left out must say so")]
fn say(word: &str) {
    println!("{word}");
}
