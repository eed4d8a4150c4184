//! Watch: which metrics follow from what happened to a payment.
//!
//! No table is counted. A change is seen where it is saved, a question where it was answered, and what
//! is due where the sweep reads it anyway, so that watching costs what the work costs.

use payonce_domain::{
    Case, ChannelOrder, ChannelOrderNo, Payment, Refund, RefundNo, RefundState, Report, Source,
    Timestamp,
};

use crate::metrics::{Age, Label, Metric, record};

/// What was seen: one line of the log.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    labels: Vec<Label>,
    values: Vec<(Metric, u64)>,
}

impl Seen {
    fn of(label: Label, metric: Metric, value: u64) -> Self {
        Self {
            labels: vec![label],
            values: vec![(metric, value)],
        }
    }
}

fn record_all(seen: &[Seen], now: Timestamp) {
    for seen in seen {
        record(&seen.labels, &seen.values, now);
    }
}

/// Records what a saved decision changed. `before` is `None` for a payment that was just opened.
pub(crate) fn changed(before: Option<&Payment>, after: &Payment, now: Timestamp) {
    record_all(&changes(before, after, now), now);
    for case in new_cases(before, after) {
        tracing::error!(
            payment.no = %after.payment_no(),
            case.kind = ?case.kind,
            case.subject = case.subject,
            "payment {} needs a person's look",
            after.payment_no()
        );
    }
}

fn changes(before: Option<&Payment>, after: &Payment, now: Timestamp) -> Vec<Seen> {
    let cases = new_cases(before, after);
    let cases = cases.map(|case| Seen::of(Label::Kind(case.kind), Metric::CasesOpened, 1));
    attempts(before, after)
        .chain(repairs(before, after, now))
        .chain(refunds(before, after))
        .chain(cases)
        .collect()
}

fn new_cases<'a>(
    before: Option<&'a Payment>,
    after: &'a Payment,
) -> impl Iterator<Item = &'a Case> {
    let known = before.map_or(&[][..], |payment| &payment.cases);
    after.cases.iter().filter(|case| !known.contains(case))
}

fn attempts(before: Option<&Payment>, after: &Payment) -> impl Iterator<Item = Seen> {
    after.channel_orders.iter().filter_map(move |order| {
        let label = Label::Channel(order.channel());
        let known = before.and_then(|payment| payment.channel_order(order.no));
        match known.map(|known| known.state.is_open()) {
            None => Some(Seen::of(label, Metric::AttemptsOpened, 1)),
            Some(true) if !order.state.is_open() => {
                Some(Seen::of(label, Metric::AttemptsSettled, 1))
            }
            Some(_) => None,
        }
    })
}

/// Money that no notification told us of, and how long it was lost.
fn repairs(
    before: Option<&Payment>,
    after: &Payment,
    now: Timestamp,
) -> impl Iterator<Item = Seen> {
    after.captures.iter().filter_map(move |capture| {
        let known = before.and_then(|payment| payment.capture(&capture.trade_no));
        let repaired = match capture.source {
            Source::Query | Source::Bill => known.is_none(),
            Source::Notification | Source::Hint => false,
        };
        let lost = now.since(capture.paid_at).as_seconds_rounded_up();
        let label = Label::Channel(capture.channel_order_no.channel());
        repaired.then(|| Seen::of(label, Metric::RepairSeconds, lost))
    })
}

fn refunds(before: Option<&Payment>, after: &Payment) -> impl Iterator<Item = Seen> {
    let moved = after.refunds.iter().filter(move |refund| {
        let known = before.and_then(|payment| payment.refund(refund.no));
        known.map(|known| known.state) != Some(refund.state)
    });
    moved.flat_map(|refund| {
        let state = Seen::of(Label::State(refund.state), Metric::Refunds, 1);
        std::iter::once(state).chain(waits_for_person(refund))
    })
}

fn waits_for_person(refund: &Refund) -> Option<Seen> {
    (refund.state == RefundState::Manual).then(|| Seen {
        labels: Vec::new(),
        values: vec![(Metric::RefundsNeedingPerson, 1)],
    })
}

/// Records that a refund was asked about, and still needs a person if it did before.
pub(crate) fn refund_asked(payment: &Payment, no: RefundNo, now: Timestamp) {
    let waits = payment.refund(no).and_then(waits_for_person);
    record_all(waits.as_slice(), now);
}

/// Records that an attempt was asked about, or was to be, and what came of it.
pub(crate) fn asked(payment: &Payment, no: ChannelOrderNo, said: &Report, now: Timestamp) {
    record_all(&answers(payment, no, said, now), now);
}

/// From its first hour on an attempt is asked about once an hour, so that an hour's sum is the number
/// of those that are unknown. One that ended is seen where that was saved.
fn answers(payment: &Payment, no: ChannelOrderNo, said: &Report, now: Timestamp) -> Vec<Seen> {
    let open = |order: &&ChannelOrder| order.state.is_open();
    let Some(order) = payment.channel_order(no).filter(open) else {
        return Vec::new();
    };
    let channel = Label::Channel(no.channel());
    let mut seen = vec![Seen::of(channel, Metric::AttemptsSettled, 0)];
    seen.extend(unknown(payment, order, said, now).map(|age| Seen {
        labels: vec![channel, Label::Age(age)],
        values: vec![
            (Metric::UnknownAttempts, 1),
            (Metric::UnknownMoney, payment.terms.amount.minor()),
        ],
    }));
    seen
}

/// How old an open attempt is that may have been paid for all we know: the channel was silent, or
/// cannot say that it is over though its time is. One that is known to be unpaid before its deadline is
/// only waiting.
fn unknown(payment: &Payment, order: &ChannelOrder, said: &Report, now: Timestamp) -> Option<Age> {
    let silent = match said {
        Report::NoAnswer => true,
        Report::Paid { .. }
        | Report::PaidBack { .. }
        | Report::TakenLate { .. }
        | Report::Unpaid
        | Report::Closed
        | Report::NotFound => false,
    };
    let over = now >= payment.terms.expires_at.plus(order.policy().absence_margin);
    (silent || over).then(|| Age::of(now.since(order.created_at)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use payonce_domain::fact::Occasion;
    use payonce_domain::{
        AccountId, Channel, ChannelChoice, ChannelTradeNo, Evidence, Fact, MerchantId,
        MerchantOrderNo, Method, Mode, Money, Span, Stretch, Terms, decide,
    };

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
    const ALIPAY: Label = Label::Channel(Channel::Alipay);

    fn after(span: Span) -> Timestamp {
        START.plus(span)
    }

    fn opened() -> Payment {
        let terms = Terms {
            merchant_id: MerchantId::new("demo").unwrap(),
            merchant_order_no: MerchantOrderNo::new("order").unwrap(),
            mode: Mode::Lenient,
            amount: Money::from_fen(1_999),
            subject: "tea".to_owned(),
            expires_at: after(Span::hours(2)),
            return_url: None,
            notify_url: None,
            client_ip: None,
            payer: None,
            metadata: BTreeMap::new(),
        };
        let choice = ChannelChoice {
            channel: Channel::Alipay,
            method: Method::Page,
            account: AccountId::new("a").unwrap(),
            bank: None,
            stretch: Stretch::NONE,
        };
        let decision = decide::open(terms, Some(choice), START).unwrap();
        decision.into_payment()
    }

    /// Paid at the fifth second, under this trade number, as learnt from there.
    fn paid(payment: &Payment, trade_no: &str, source: Source, now: Timestamp) -> Payment {
        let fact = Fact::Reported {
            no: payment.channel_orders[0].no,
            account: payment.channel_orders[0].account.clone(),
            evidence: Evidence {
                source,
                digest: None,
            },
            occasion: Occasion::Told,
            report: Report::Paid {
                trade_no: ChannelTradeNo::new(trade_no).unwrap(),
                amount: Money::from_fen(1_999),
                paid_at: after(Span::seconds(5)),
            },
        };
        decide::on_fact(payment, fact, now).into_payment()
    }

    #[test]
    fn a_change_is_measured_once() {
        let new = opened();
        let seen = changes(None, &new, START);
        assert_eq!(seen, [Seen::of(ALIPAY, Metric::AttemptsOpened, 1)]);
        let now = after(Span::seconds(35));
        let settled = || Seen::of(ALIPAY, Metric::AttemptsSettled, 1);

        let told = paid(&new, "A", Source::Notification, now);
        assert_eq!(changes(Some(&new), &told, now), [settled()]);
        let found = paid(&new, "A", Source::Query, now);
        let repair = Seen::of(ALIPAY, Metric::RepairSeconds, 30);
        assert_eq!(changes(Some(&new), &found, now), [settled(), repair]);
        assert_eq!(changes(Some(&found), &found, now), []);

        let twice = paid(&told, "B", Source::Notification, now);
        let due = Seen::of(Label::State(RefundState::Due), Metric::Refunds, 1);
        assert_eq!(changes(Some(&told), &twice, now), [due]);
        let mut person = twice.clone();
        person.refunds[0].state = RefundState::Manual;
        let manual = Seen::of(Label::State(RefundState::Manual), Metric::Refunds, 1);
        let waits = waits_for_person(&person.refunds[0]);
        assert!(waits.is_some() && waits_for_person(&twice.refunds[0]).is_none());
        let seen = changes(Some(&twice), &person, now);
        assert_eq!(seen, [manual, waits.unwrap()]);
    }

    #[test]
    fn money_is_unknown_where_nobody_can_say() {
        let payment = opened();
        let no = payment.channel_orders[0].no;
        let open = || Seen::of(ALIPAY, Metric::AttemptsSettled, 0);
        let unknown = |age| Seen {
            labels: vec![ALIPAY, Label::Age(age)],
            values: vec![(Metric::UnknownAttempts, 1), (Metric::UnknownMoney, 1_999)],
        };
        let margin = Span::minutes(5);
        let deadline = Span::hours(2);
        let cases = [
            (Span::seconds(5), Report::Unpaid, None),
            (Span::seconds(5), Report::NotFound, None),
            (Span::seconds(5), Report::NoAnswer, Some(Age::Minutes)),
            (Span::minutes(90), Report::NoAnswer, Some(Age::Day)),
            (deadline, Report::Unpaid, None),
            (
                Span::millis(deadline.as_millis() + margin.as_millis()),
                Report::Unpaid,
                Some(Age::Day),
            ),
        ];
        for (when, said, age) in cases {
            let seen = answers(&payment, no, &said, after(when));
            let expected: Vec<_> = [Some(open()), age.map(unknown)]
                .into_iter()
                .flatten()
                .collect();
            assert_eq!(seen, expected, "{said:?} after {when:?}");
        }
        let now = after(Span::seconds(9));
        let settled = paid(&payment, "A", Source::Query, now);
        let said = Report::NoAnswer;
        assert_eq!(answers(&settled, no, &said, now), [], "it is known");
    }
}
