//! Metrics (监控指标): what alarms and the dashboard are made of, as lines of CloudWatch's embedded
//! metric format (EMF).
//!
//! A function writes a line to its log, and CloudWatch makes metrics of it: no call is made, nothing
//! is collected, and a function that is killed has already said what it saw. Every metric is named
//! here and nowhere else. Dimensions are few words of ours, never a merchant, an account or a number:
//! each new combination is a metric that is paid for.
//!
//! Source: "Specification: Embedded metric format" in the Amazon CloudWatch User Guide.

use std::io::Write;
use std::sync::OnceLock;

use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{CaseKind, Channel, RefundState, Span, Timestamp};
use serde_json::{Map, Value, json};

/// The namespace of every metric of ours.
pub const NAMESPACE: &str = "Payonce";

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident, $unit:literal, $dimensions:expr;)*) => {
        /// Something that is counted or measured.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($(#[$doc])* $name,)* }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in CloudWatch.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Its unit, as CloudWatch writes it.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit,)* }
            }

            /// The sets of dimensions it is kept under. An alarm has to name all of one set.
            #[must_use]
            pub const fn dimension_sets(self) -> &'static [&'static [&'static str]] {
                match self { $(Self::$name => $dimensions,)* }
            }
        }
    };
}

metrics! {
    /// Payments whose time in the due index (掉单表) has passed, at a sweep.
    DueBacklog, "Count", &[&[]];
    /// How long the oldest of them waits.
    OldestDueSeconds, "Seconds", &[&[]];
    /// Attempts (渠道单) that were made.
    AttemptsOpened, "Count", &[&["Channel"]];
    /// 1 for each attempt that ended (paid, failed or closed), 0 for each question (查单) that left one
    /// open. Where the largest is 0, much is asked and nothing moves.
    AttemptsSettled, "Count", &[&["Channel"]];
    /// Attempts that were asked about and may have been paid for all we know (状态未知).
    UnknownAttempts, "Count", &[&["Channel", "Age"], &["Age"]];
    /// What they were to bring, in minor units.
    UnknownMoney, "None", &[&["Channel", "Age"], &["Age"]];
    /// From the buyer's paying to our knowing it, where no notification told us (补单).
    RepairSeconds, "Seconds", &[&["Channel"], &[]];
    /// Refunds that came into a state.
    Refunds, "Count", &[&["State"]];
    /// Refunds that need a person: when they come to it, and whenever they are looked at again.
    RefundsNeedingPerson, "Count", &[&[]];
    /// Refunds that were not sent though they were due.
    RefundsHeld, "Count", &[&["Reason"]];
    /// Cases opened for people, because no rule settles them.
    CasesOpened, "Count", &[&["Kind"], &[]];
    /// Notifications whose signature does not hold, or that carry none.
    SignatureFailures, "Count", &[&["Channel"], &[]];
    /// Genuine notifications about no payment of the account, or that cannot be read.
    NotificationsMisplaced, "Count", &[&["Channel"], &[]];
    /// Notifications that could not be stored; the channel was told to repeat them.
    NotificationsNotStored, "Count", &[&[]];
    /// Attempts to tell a merchant (商户通知) that were not taken; each is made again.
    MerchantsNotTold, "Count", &[&[]];
    /// Delayed messages (延迟消息) whose last attempt failed: dead letters (死信).
    DelayedMessagesDead, "Count", &[&[]];
    /// Appeals (申诉) that were not ruled in time, once a day each.
    AppealsOverdue, "Count", &[&[]];
    /// Whether an account's breaker (熔断) is open, said by whoever looks at it because of work.
    BreakerOpen, "Count", &[&["Channel"], &[]];
    /// Discrepancies (差错) that were found, for the first time.
    DiscrepanciesFound, "Count", &[&["Class"], &[]];
    /// 1 for each account whose day is not compared long after its bill was due, 0 for each that is up to
    /// date (对账).
    BillsOverdue, "Count", &[&[]];
    /// Payments that something is wrong with, by the last audit (审计); 0 too.
    AuditFound, "Count", &[&[]];
    /// Payments whose due work failed; it stays due.
    PaymentsNotAdvanced, "Count", &[&[]];
}

/// A dimension and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Channel(Channel),
    Age(Age),
    State(RefundState),
    Reason(Held),
    Kind(CaseKind),
    Class(DiscrepancyClass),
}

/// How old something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Under ten minutes.
    Minutes,
    /// Under an hour.
    Hour,
    /// Under a day.
    Day,
    /// A day or more.
    Older,
}

impl Age {
    /// Every age, youngest first.
    pub const ALL: [Self; 4] = [Self::Minutes, Self::Hour, Self::Day, Self::Older];

    /// The age of something that began so long ago.
    #[must_use]
    pub fn of(span: Span) -> Self {
        if span < Span::minutes(10) {
            Self::Minutes
        } else if span < Span::hours(1) {
            Self::Hour
        } else if span < Span::days(1) {
            Self::Day
        } else {
            Self::Older
        }
    }
}

/// Why a refund that is due is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// The kill switch is on.
    Switch,
    /// The hour's cap is reached.
    Cap,
    /// The channel is in trouble, or takes no more in this second.
    Channel,
    /// The channel has to confirm a wrong amount first, and is silent.
    Unconfirmed,
}

impl Age {
    /// The word for it, in metrics and in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Older => "older",
        }
    }
}

impl Held {
    const ALL: [Self; 4] = [Self::Switch, Self::Cap, Self::Channel, Self::Unconfirmed];
}

/// What stands in a dimension: an alarm on anything else would never be heard.
#[must_use]
pub fn dimension_values(name: &str) -> Vec<&'static str> {
    let channels = Channel::ALL.map(Label::Channel);
    let states = RefundState::ALL.map(Label::State);
    let kinds = CaseKind::ALL.map(Label::Kind);
    let (ages, held) = (Age::ALL.map(Label::Age), Held::ALL.map(Label::Reason));
    let all = channels.into_iter().chain(states).chain(kinds);
    let classes = DiscrepancyClass::ALL.map(Label::Class);
    let all = all.chain(ages).chain(held).chain(classes);
    all.filter(|label| label.name() == name)
        .map(Label::value)
        .collect()
}

impl Label {
    const fn name(self) -> &'static str {
        match self {
            Self::Channel(_) => "Channel",
            Self::Age(_) => "Age",
            Self::State(_) => "State",
            Self::Reason(_) => "Reason",
            Self::Kind(_) => "Kind",
            Self::Class(_) => "Class",
        }
    }

    const fn value(self) -> &'static str {
        match self {
            Self::Channel(channel) => channel.name(),
            Self::State(state) => state.name(),
            Self::Age(age) => age.name(),
            Self::Reason(held) => match held {
                Held::Switch => "switch",
                Held::Cap => "cap",
                Held::Channel => "channel",
                Held::Unconfirmed => "unconfirmed",
            },
            Self::Class(class) => class.name(),
            Self::Kind(kind) => match kind {
                CaseKind::AmountContradiction => "amount_contradiction",
                CaseKind::ReturnedTooMuch => "returned_too_much",
                CaseKind::UnknownRefund => "unknown_refund",
                CaseKind::RefundContradiction => "refund_contradiction",
                CaseKind::RefundExhausted => "refund_exhausted",
                CaseKind::RefundWindow => "refund_window",
                CaseKind::ReversalContradiction => "reversal_contradiction",
                CaseKind::LateContradiction => "late_contradiction",
                CaseKind::ReturnOverdue => "return_overdue",
                CaseKind::OutcomeUnknown => "outcome_unknown",
            },
        }
    }
}

static LOG: OnceLock<fn(&Value)> = OnceLock::new();

/// Has every metric of this process go there and not into the log; once, before any is recorded.
pub fn log_to(log: fn(&Value)) {
    // Whoever came first decided.
    let _ = LOG.set(log);
}

/// Says what was seen at `now`. The labels are the dimensions of each of these metrics.
pub(crate) fn record(labels: &[Label], seen: &[(Metric, u64)], now: Timestamp) {
    let line = line(labels, seen, now);
    if let Some(log) = LOG.get() {
        return log(&line);
    }
    // A log that takes no more lines must not stop a payment.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn line(labels: &[Label], seen: &[(Metric, u64)], now: Timestamp) -> Value {
    let mut line = Map::new();
    let directives = seen.iter().map(|(metric, _)| {
        json!({
            "Namespace": NAMESPACE,
            "Dimensions": metric.dimension_sets(),
            "Metrics": [{ "Name": metric.name(), "Unit": metric.unit() }],
        })
    });
    let directives: Vec<_> = directives.collect();
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": now.as_millis(), "CloudWatchMetrics": directives }),
    );
    for label in labels {
        line.insert(label.name().to_owned(), label.value().into());
    }
    for (metric, value) in seen {
        line.insert(metric.name().to_owned(), (*value).into());
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_123);

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let labels = [Label::Channel(Channel::Alipay), Label::Age(Age::Day)];
        let seen = [(Metric::UnknownAttempts, 1), (Metric::UnknownMoney, 1_999)];
        let directive = |name: &str, unit: &str| {
            json!({
                "Namespace": "Payonce",
                "Dimensions": [["Channel", "Age"], ["Age"]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            })
        };
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_000_000_123_u64,
                "CloudWatchMetrics": [
                    directive("UnknownAttempts", "Count"),
                    directive("UnknownMoney", "None"),
                ],
            },
            "Channel": "alipay",
            "Age": "day",
            "UnknownAttempts": 1,
            "UnknownMoney": 1_999,
        });
        let line = line(&labels, &seen, NOW);
        assert_eq!(line, expected);
        assert!(!line.to_string().contains('\n'), "one event is one line");
    }

    /// What the specification asks of a directive: a namespace and names of 1 to 1024 characters, at
    /// most 30 dimensions in a set, each a member at the root, and a unit that CloudWatch knows.
    #[test]
    fn every_metric_keeps_to_the_specification() {
        assert!(!NAMESPACE.is_empty() && !NAMESPACE.starts_with("AWS/"));
        let labels = [
            Label::Channel(Channel::Wechat),
            Label::Age(Age::Minutes),
            Label::State(RefundState::Due),
            Label::Reason(Held::Cap),
            Label::Kind(CaseKind::OutcomeUnknown),
            Label::Class(DiscrepancyClass::Foreign),
        ];
        for metric in Metric::ALL {
            let written = line(&labels, &[(*metric, 7)], NOW);
            assert_eq!(written[metric.name()], 7);
            assert!(["Count", "Seconds", "None"].contains(&metric.unit()));
            assert!(
                !metric.dimension_sets().is_empty(),
                "an empty set is [], not nothing"
            );
            for set in metric.dimension_sets() {
                assert!(set.len() <= 30);
                for name in *set {
                    assert!(written[name].is_string(), "{name} of {metric:?}");
                }
            }
        }
    }

    #[test]
    fn ages_begin_where_the_last_ends() {
        let of = |seconds| Age::of(Span::seconds(seconds));
        let cases = [
            (0, Age::Minutes),
            (599, Age::Minutes),
            (600, Age::Hour),
            (3_599, Age::Hour),
            (3_600, Age::Day),
            (86_399, Age::Day),
            (86_400, Age::Older),
        ];
        for (seconds, age) in cases {
            assert_eq!(of(seconds), age, "{seconds} s");
        }
    }
}
