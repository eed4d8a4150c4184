//! One invocation: every account as far as it comes, or one day of one.

use payonce_app::{AccountDay, App, Reconciled};
use payonce_domain::{AccountId, BillDay, Channel};
use payonce_lambda::Error;
use payonce_lambda::clock::{self, rfc3339};
use payonce_store::{Run, report_json};
use serde_json::{Value, json};

/// A schedule's event holds much that is not for us; it has no account. One day is asked for by a person,
/// who names all three, or nothing is done.
pub(crate) async fn run(app: &App, event: &Value) -> Result<Value, Error> {
    // A schedule's event has an `account` too, of AWS; a person's has a day.
    if event.get("day").is_none() {
        return all(app).await;
    }
    let which = named(event).ok_or("channel, account and day (yyyy-mm-dd) must name a day")?;
    match app.reconcile(&which, clock::now()).await? {
        Reconciled::Run(run) => Ok(view(&run)),
        Reconciled::Busy => Err(Error::from("somebody else works on that day")),
        Reconciled::TooEarly => Err(Error::from("the bill of that day is not expected yet")),
        Reconciled::AfterAnother => Err(Error::from("the day before it is not closed")),
        Reconciled::NoAccount => Err(Error::from("there is no such account")),
    }
}

async fn all(app: &App) -> Result<Value, Error> {
    let (runs, failures) = app.reconcile_all(clock::now()).await?;
    if failures > 0 {
        return Err(Error::from(format!(
            "{failures} accounts could not be reconciled; {} days were looked at",
            runs.len()
        )));
    }
    Ok(json!({ "days": runs.iter().map(view).collect::<Vec<_>>() }))
}

fn named(event: &Value) -> Option<AccountDay> {
    let text = |name: &str| event.get(name)?.as_str();
    Some(AccountDay {
        channel: Channel::from_name(text("channel")?)?,
        account: AccountId::new(text("account")?).ok()?,
        day: BillDay::parse(text("day")?)?,
    })
}

fn view(run: &Run) -> Value {
    json!({
        "channel": run.place.channel.name(),
        "account": run.place.account.as_str(),
        "day": run.place.day.to_string(),
        "state": run.state.name(),
        "attempts": run.attempts,
        "at": rfc3339(run.at),
        "report": report_json(&run.report),
    })
}
