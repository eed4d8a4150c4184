//! Every alarm is about something that is really said, and tells whoever hears it what to do.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use payonce_app::{Metric, NAMESPACE, dimension_values};
use serde_json::Value;
use template_tests::{Template, root, sources};

/// A metric as an alarm or a widget names it.
struct Watched {
    by: String,
    name: String,
    dimensions: Vec<(String, String)>,
}

fn alarms(template: &Template) -> Vec<Watched> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let alarms = template.resources("AWS::CloudWatch::Alarm").into_iter();
    alarms
        .filter(|(_, alarm)| alarm["Properties"]["Namespace"] == NAMESPACE)
        .map(|(id, alarm)| Watched {
            by: id.to_owned(),
            name: text(&alarm["Properties"]["MetricName"]),
            dimensions: alarm["Properties"]["Dimensions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| (text(&one["Name"]), text(&one["Value"])))
                .collect(),
        })
        .collect()
}

/// A widget's row is namespace, name, then dimensions and their values, then perhaps how it is drawn.
fn widgets(template: &Template) -> Vec<Watched> {
    let dashboard = &template.whole()["Resources"]["Dashboard"]["Properties"]["DashboardBody"];
    let body: Value = serde_json::from_str(dashboard["Fn::Sub"].as_str().unwrap()).unwrap();
    let mut watched = Vec::new();
    for widget in body["widgets"].as_array().unwrap() {
        let title = widget["properties"]["title"].as_str().unwrap();
        for row in widget["properties"]["metrics"].as_array().unwrap() {
            let words = row.as_array().unwrap().iter().filter_map(Value::as_str);
            let words: Vec<_> = words.map(str::to_owned).collect();
            if words[0] == NAMESPACE {
                let pairs = words[2..].chunks(2);
                watched.push(Watched {
                    by: title.to_owned(),
                    name: words[1].clone(),
                    dimensions: pairs
                        .map(|pair| (pair[0].clone(), pair[1].clone()))
                        .collect(),
                });
            }
        }
    }
    watched
}

#[test]
fn what_is_watched_is_said_under_those_dimensions() {
    let template = Template::read().unwrap();
    let (alarms, widgets) = (alarms(&template), widgets(&template));
    assert!(alarms.len() > 10 && widgets.len() > 20);
    for watched in alarms.iter().chain(&widgets) {
        let by = format!("{}, {} {:?}", watched.by, watched.name, watched.dimensions);
        let metric = Metric::ALL
            .iter()
            .find(|metric| metric.name() == watched.name);
        let metric = metric.unwrap_or_else(|| panic!("{by}: nobody says that"));
        let names: BTreeSet<_> = watched
            .dimensions
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let kept = metric.dimension_sets().iter();
        assert!(
            kept.map(|set| set.iter().copied().collect::<BTreeSet<_>>())
                .any(|set| set == names),
            "{by}: it is kept under {:?}",
            metric.dimension_sets()
        );
        for (name, value) in &watched.dimensions {
            assert!(dimension_values(name).contains(&value.as_str()), "{by}");
        }
    }
}

/// S19: nothing is measured that nobody looks at.
#[test]
fn what_is_said_is_watched() {
    let template = Template::read().unwrap();
    let (alarms, widgets) = (alarms(&template), widgets(&template));
    let watched: BTreeSet<_> = alarms
        .iter()
        .chain(&widgets)
        .map(|w| w.name.as_str())
        .collect();
    let said: BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    assert_eq!(watched, said);
    // Pictures that call nobody: what is opened is trade, not trouble, and the money of what is unknown
    // belongs to the attempts that are.
    let silent: Vec<_> = said
        .iter()
        .filter(|name| !alarms.iter().any(|alarm| alarm.name == **name))
        .collect();
    assert_eq!(silent, [&"AttemptsOpened", &"UnknownMoney"]);
}

/// A metric without a line of code that says it would leave its alarm deaf.
#[test]
fn every_metric_is_said_somewhere() {
    let code: Vec<_> = sources(".rs")
        .into_iter()
        .filter(|file| file.path.starts_with("shared/app/src/"))
        .filter(|file| !file.path.ends_with("/metrics.rs"))
        .collect();
    for metric in Metric::ALL {
        let name = format!("Metric::{}", metric.name());
        let said = code.iter().any(|file| {
            file.text
                .match_indices(&name)
                .any(|(at, _)| !file.text[at + name.len()..].starts_with(char::is_alphanumeric))
        });
        assert!(said, "nothing says {name}");
    }
}

/// S19: whoever is woken knows what to do.
#[test]
fn every_alarm_has_a_runbook_and_every_runbook_an_alarm() {
    let template = Template::read().unwrap();
    let mut named = BTreeSet::new();
    for (id, alarm) in template.resources("AWS::CloudWatch::Alarm") {
        let description = alarm["Properties"]["AlarmDescription"].as_str().unwrap();
        let (_, path) = description
            .rsplit_once("Runbook: ")
            .unwrap_or_else(|| panic!("{id} names no runbook"));
        let text = std::fs::read_to_string(root().join(path.trim()))
            .unwrap_or_else(|_| panic!("{id}: there is no {path}"));
        assert!(
            text.contains(&format!("`{id}`")),
            "{path} does not name {id}"
        );
        for part in [
            "**In money.**",
            "**Look at**",
            "**Do**",
            "**Do not**",
            "**It is over when**",
        ] {
            assert!(text.contains(part), "{path} has no {part}");
        }
        named.insert(path.trim().to_owned());
    }
    let books = sources(".md").into_iter().map(|file| file.path);
    let books: BTreeSet<_> = books
        .filter(|path| path.starts_with("infra/runbooks/") && !path.ends_with("/README.md"))
        .collect();
    assert_eq!(named, books);
}

/// F95: who watches is watched. Where silence means that nothing runs, or that nobody measures, it is itself an alarm,
/// and every such alarm tells whoever the stack names.
#[test]
fn f95_silence_is_an_alarm() {
    let template = Template::read().unwrap();
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    let breaching: BTreeSet<&str> = alarms
        .iter()
        .filter(|(_, alarm)| alarm["Properties"]["TreatMissingData"] == "breaching")
        .map(|(id, _)| *id)
        .collect();
    // What runs by a schedule is missed when it does not, and what the scan measures when it measures nothing.
    for needed in ["ScanSilentAlarm", "ReconcileSilentAlarm", "OldestDueAlarm"] {
        assert!(breaching.contains(needed), "{needed}: {breaching:?}");
    }
    for (id, alarm) in alarms {
        let told = &alarm["Properties"]["AlarmActions"]["Fn::If"];
        assert_eq!(told[0], "HasAlarmTopic", "{id} tells nobody: {told}");
        assert_eq!(told[1][0]["Ref"], "AlarmTopicArn", "{id}: {told}");
    }
}
