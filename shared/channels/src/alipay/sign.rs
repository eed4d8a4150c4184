//! The texts that are signed: members in byte order, `name=value` joined by `&`, values not encoded.

use std::collections::BTreeMap;

use crate::form::Fields;

/// What a request's signature is over: every member with a value, but the signature. `sign_type` stays.
pub(super) fn request_text(members: &BTreeMap<&str, String>) -> String {
    let members = members.iter().map(|(name, value)| (*name, value.as_str()));
    join(members.filter(|(name, value)| *name != "sign" && !value.is_empty()))
}

/// What a trade notification's signature is over: `sign_type` is left out.
pub(super) fn notification_text(fields: &Fields) -> String {
    let fields = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    join(fields.filter(|(name, _)| !matches!(*name, "sign" | "sign_type")))
}

/// What some other notifications' signatures are over: `sign_type` counts, even where it was not sent.
pub(super) fn notification_text_with_type(fields: &Fields) -> String {
    let mut fields: BTreeMap<&str, &str> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.remove("sign");
    fields.entry("sign_type").or_insert("RSA2");
    join(fields)
}

fn join<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}
