//! The cashier in a real browser: what a buyer sees after a double click, Back, a second tab, a reload and a payment,
//! in both languages and on a narrow screen; and the operators' console. axe-core looks at the pages of both. Pictures of it lie in `target/browser`.

mod appeals;
mod axe;
mod chromium;
mod journeys;
mod operators;

use end_to_end::run;
use payonce_local::StackOptions;

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
    run(StackOptions::for_test("browser"), scenarios)
}

#[expect(clippy::print_stdout, reason = "a test that is left out must say so")]
fn say(word: &str) {
    println!("{word}");
}
