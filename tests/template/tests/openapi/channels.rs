//! What channels hear, by the document and by the adapters that say it.

use std::collections::BTreeSet;

use payonce_domain::Channel;
use serde_json::{Value, json};

use crate::{code, document, literal, words};

/// Statuses of channels' own answers, with the bodies under each.
type Said = BTreeSet<(u64, String)>;

/// The pairs of a status and a body that `fn acknowledge` of an adapter knows.
fn said_by(channel: Channel) -> Said {
    let text = code(&format!("shared/channels/src/{}/mod.rs", channel.name()));
    let (_, rest) = text.split_once("fn acknowledge").unwrap();
    let (_, rest) = rest.split_once(" {\n").unwrap();
    let (body, _) = rest.split_once("Acknowledgement {").unwrap();
    let mut said = Said::new();
    for pair in body.split('(').skip(1) {
        let Some((status, rest)) = pair.split_once(',') else {
            continue;
        };
        let Ok(status) = status.trim().parse() else {
            continue;
        };
        let rest = rest.trim_start();
        let raw = rest
            .strip_prefix("r#\"")
            .and_then(|raw| raw.split_once("\"#"));
        let (text, _) = raw.or_else(|| literal(rest)).unwrap();
        said.insert((status, text.to_owned()));
    }
    assert_eq!(said.len(), 2, "{channel:?}: taken, and not taken: {said:?}");
    said
}

/// The status that strangers are answered with, in the words of a channel that is not believed.
fn rejected() -> u64 {
    let text = code("shared/app/src/notified.rs");
    let (_, rest) = text.split_once("const REJECTED: u16 = ").unwrap();
    rest.split(';').next().unwrap().parse().unwrap()
}

/// Whether one of the media types of this answer has the body; an answer that has none has no media type.
fn shows(responses: &Value, status: u64, body: &str) -> bool {
    let document = document();
    let content = &responses[status.to_string()]["content"];
    if body.is_empty() {
        return responses.get(status.to_string()).is_some() && content.is_null();
    }
    let value = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
    let mut kinds = content.as_object().into_iter().flatten();
    kinds.any(|(_, media)| document.check_against(&media["schema"], &value).is_empty())
}

#[test]
fn what_channels_hear_is_documented_and_nothing_else_is() {
    let whole = document();
    let responses =
        &whole.whole()["paths"]["/v1/webhooks/{channel}/{account}"]["post"]["responses"];
    let mut statuses = BTreeSet::new();
    for channel in Channel::ALL {
        for (status, body) in said_by(channel) {
            let also = (status >= 300).then(rejected);
            for status in [Some(status), also].into_iter().flatten() {
                assert!(
                    shows(responses, status, &body),
                    "{channel:?} hears {status} {body:?}, which is not documented"
                );
                statuses.insert(status.to_string());
            }
        }
    }
    // The handler's own: no such account, too large a body; and what no function can do anything about.
    let problems = words(["404", "413", "503"]);
    statuses.extend(problems);
    let documented = responses.as_object().unwrap().keys().cloned().collect();
    assert_eq!(statuses, documented);
    assert_eq!(rejected() / 100, 4, "strangers do not look like an outage");
}
