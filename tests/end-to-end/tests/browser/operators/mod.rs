//! What operators do at the console, in each language, at a desk and on a phone.

mod acting;
mod controls;
mod days;
mod hostile;
mod keys;
mod stuck;

use anyhow::ensure;
use end_to_end::{Scenario, World, login, scenario};
use payonce_app::console::Role;

use crate::axe;
use crate::chromium::Window;
use crate::looks::Look;

pub(crate) fn all() -> Vec<Scenario> {
    vec![
        scenario(
            "an_operator_settles_a_stuck_payment_and_another_approves_a_refund",
            stuck::settle,
        ),
        scenario(
            "an_operator_closes_a_payment_and_has_a_merchant_told_again",
            acting::close_and_tell,
        ),
        scenario(
            "the_console_counts_while_it_is_looked_at",
            keys::live_counts,
        ),
        scenario("the_console_is_used_by_keys_alone", keys::keys_alone),
        scenario(
            "s3_an_operator_stops_refunds_and_an_approver_lets_them_go_on",
            controls::stop_and_go_on,
        ),
        scenario(
            "an_operator_looks_at_a_day_and_settles_what_was_found",
            days::settled,
        ),
        scenario(
            "s10_the_console_shows_hostile_words_and_does_nothing",
            hostile::hostile,
        ),
    ]
}

/// An address of the console.
fn at(world: &World, path: &str) -> String {
    format!("{}/console{path}", world.endpoints.api_url)
}

/// A window whose operator has come in.
async fn enter(world: &World, look: Look, name: &str, role: Role) -> anyhow::Result<Window> {
    let window = Window::open(look).await?;
    come_in(world, &window, name, role).await?;
    Ok(window)
}

async fn come_in(world: &World, window: &Window, name: &str, role: Role) -> anyhow::Result<()> {
    let token = login(world, name, role).await?;
    let login = format!("/login?login={token}");
    window.goto(&at(world, &login)).await?;
    window.press("#sign-in button").await?;
    window.says("#operator", name).await
}

/// Fills a form of the page in and sends it.
async fn act(window: &Window, form: &str, fields: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, value) in fields {
        let field = window.find(&format!("{form} [name={name}]")).await?;
        field.clear().await?;
        if !value.is_empty() {
            field.send_keys(*value).await?;
        }
    }
    window.press(&format!("{form} button")).await
}

/// The log says who did it, what, when and why.
async fn logged(
    world: &World,
    window: &Window,
    who: &str,
    what: &str,
    why: &str,
) -> anyhow::Result<()> {
    window.goto(&at(world, "/acts")).await?;
    let rows = "return [...document.querySelectorAll('#acts tbody tr')].map((row) => [...row.cells].map((c) => c.innerText))";
    let rows = window.ask(rows).await?;
    let rows = rows.as_array().cloned().unwrap_or_default();
    let is_it = |row: &serde_json::Value| {
        let cell = |at: usize| row[at].as_str().unwrap_or_default();
        let when = cell(0).starts_with("20") && cell(0).len() == "2026-11-27 01:00:00".len();
        when && cell(1) == who && cell(2).starts_with(what) && cell(4) == why
    };
    ensure!(
        rows.iter().any(is_it),
        "{who} {what} {why} is not among {rows:?}"
    );
    Ok(())
}

/// The page fits, axe-core finds nothing serious on it, and a picture is kept.
async fn look_at(
    window: &Window,
    look: Look,
    axe: Option<&String>,
    name: &str,
) -> anyhow::Result<()> {
    window.fits().await?;
    window.picture(&format!("{name}-{}", look.name())).await?;
    axe::check(window, axe, name).await
}
