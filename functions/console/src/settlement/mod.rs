//! Settlement (结算) and discrepancies (差错) at the console: how each account's days stand, and what people
//! have to see to before a day is closed.

mod day;
mod days;
mod evidence;
mod files;
mod filter;
mod findings;
mod steps;
mod words;

pub(crate) use day::page as day;
pub(crate) use days::page as days;
pub(crate) use evidence::page as finding;
pub(crate) use files::{day_json, days_csv, days_json, findings_csv};
pub(crate) use findings::page as findings;
pub(crate) use steps::{settle, take};

use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{AccountId, BillDay, Channel};
use payonce_store::LedgerPlace;

use crate::look::Language;
use crate::visit::Fields;
use words::Words;

/// What the navigation calls the days.
pub(crate) const fn title(language: Language) -> &'static str {
    Words::of(language).title
}

/// What it calls the discrepancies.
pub(crate) const fn findings_title(language: Language) -> &'static str {
    Words::of(language).findings
}

/// What they call a class of them.
pub(crate) fn class(language: Language, class: DiscrepancyClass) -> &'static str {
    Words::of(language).class(class)
}

/// The account and day that an address or a form names.
fn place(fields: &Fields) -> Option<LedgerPlace> {
    let text = |name: &str| fields.get(name).map(String::as_str);
    let mut channels = Channel::ALL.into_iter();
    let channel = text("channel")?;
    Some(LedgerPlace {
        channel: channels.find(|known| known.name() == channel)?,
        account: AccountId::new(text("account")?).ok()?,
        day: BillDay::parse(text("day")?)?,
    })
}

/// How an address names them.
fn named(base: &str, place: &LedgerPlace) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("channel", place.channel.name())
        .append_pair("account", place.account.as_str())
        .append_pair("day", &place.day.to_string());
    format!("{base}?{}", query.finish())
}
