//! Lists: lines of what waits or happened, with filters that are links and say how many there are.

pub(crate) mod page;

use payonce_app::console::{Console, Snapshot, Standing};
use payonce_app::{Age, Failure};
use payonce_domain::{
    CaseKind, Channel, MerchantId, Money, PaymentNo, RefundCause, Span, Timestamp,
};

use crate::visit::Fields;

/// How many lines of a day are read, and how many a page shows.
const DAY_LINES_MAX: usize = 2_000;
pub(crate) const SHOWN_MAX: usize = 200;

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    /// Attempts that may take money.
    Unknown,
    /// Compensations on their way.
    Returns,
    /// What only people can bring forward.
    People,
    /// What happened out of the ordinary.
    History,
}

impl List {
    pub(crate) const ALL: [Self; 4] = [Self::Unknown, Self::Returns, Self::People, Self::History];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Returns => "returns",
            Self::People => "people",
            Self::History => "history",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }
}

/// One line of a list.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) payment_no: PaymentNo,
    pub(crate) merchant_id: Option<MerchantId>,
    pub(crate) channel: Option<Channel>,
    /// What it is, as filters name it.
    pub(crate) kind: &'static str,
    /// How it stands, or why.
    pub(crate) state: &'static str,
    /// An attempt's, refund's or trade's number.
    pub(crate) subject: String,
    pub(crate) amount: Option<Money>,
    pub(crate) age: Age,
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) channel: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) age: Option<String>,
    pub(crate) days: u64,
}

impl Wanted {
    pub(crate) fn read(query: &Fields) -> Self {
        let word = |name: &str| {
            let word = query.get(name)?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (word.len() <= 40 && word.bytes().all(plain)).then(|| word.clone())
        };
        let days = query.get("days").and_then(|days| days.parse().ok());
        Self {
            channel: word("channel"),
            kind: word("kind"),
            age: word("age"),
            days: days.filter(|days| [1, 7, 30].contains(days)).unwrap_or(7),
        }
    }

    /// The address of a list with these filters.
    pub(crate) fn address(&self, list: List, file: &str) -> String {
        let mut address = format!("/console/lists/{}{file}", list.name());
        let days = (list == List::History).then(|| self.days.to_string());
        let pairs = [
            ("channel", &self.channel),
            ("kind", &self.kind),
            ("age", &self.age),
            ("days", &days),
        ];
        let mut mark = '?';
        for (name, value) in pairs {
            if let Some(value) = value {
                address.push_str(&format!("{mark}{name}={value}"));
                mark = '&';
            }
        }
        address
    }

    pub(crate) fn takes(&self, line: &Line) -> bool {
        let fits =
            |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
        fits(&self.channel, line.channel.map_or("", Channel::name))
            && fits(&self.kind, line.kind)
            && fits(&self.age, line.age.name())
    }
}

/// The lines of a list, newest first.
pub(crate) async fn lines(
    console: &Console,
    list: List,
    days: u64,
    now: Timestamp,
) -> Result<Vec<Line>, Failure> {
    let mut lines = match list {
        List::Unknown => unknown(&*console.snapshot(now).await?),
        List::Returns => returns(&*console.snapshot(now).await?),
        List::People => people(&*console.snapshot(now).await?),
        List::History => history(console, days, now).await?,
    };
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    Ok(lines)
}

fn unknown(snapshot: &Snapshot) -> Vec<Line> {
    let open = snapshot.open_attempts().into_iter();
    open.map(|attempt| Line {
        at: attempt.since,
        payment_no: attempt.payment_no,
        merchant_id: Some(attempt.merchant_id),
        channel: Some(attempt.no.channel()),
        kind: match attempt.standing {
            Standing::Waiting => "waiting",
            Standing::Stuck => "stuck",
        },
        state: state_name(attempt.state),
        subject: attempt.no.to_string(),
        amount: Some(attempt.amount),
        age: attempt.age,
    })
    .collect()
}

pub(crate) const fn state_name(state: payonce_domain::ChannelOrderState) -> &'static str {
    use payonce_domain::ChannelOrderState as S;
    match state {
        S::Submitted => "submitted",
        S::Pending => "pending",
        S::Closing => "closing",
        S::Paid => "paid",
        S::Failed => "failed",
        S::Closed => "closed",
    }
}

fn returns(snapshot: &Snapshot) -> Vec<Line> {
    let all = snapshot.compensations().into_iter();
    all.map(|work| refund_line(work, None, snapshot.at))
        .collect()
}

fn refund_line(
    work: payonce_app::console::RefundWork,
    kind: Option<&'static str>,
    now: Timestamp,
) -> Line {
    Line {
        at: work.refund.created_at,
        payment_no: work.payment_no,
        merchant_id: Some(work.merchant_id),
        channel: Some(work.refund.channel_order_no.channel()),
        kind: kind.unwrap_or(work.refund.cause.name()),
        state: work.refund.state.name(),
        subject: work.refund.no.to_string(),
        amount: Some(work.refund.amount),
        age: Age::of(now.since(work.refund.created_at)),
    }
}

fn people(snapshot: &Snapshot) -> Vec<Line> {
    let now = snapshot.at;
    let refunds = snapshot.refunds_for_a_person().into_iter();
    let refunds = refunds.map(|work| refund_line(work, Some("refund-needs-person"), now));
    let cases = snapshot.payments.iter().flat_map(|payment| {
        let cases = payment.cases.iter();
        cases.map(move |case| Line {
            at: payment.created_at,
            payment_no: payment.payment_no(),
            merchant_id: Some(payment.terms.merchant_id.clone()),
            channel: payment.channel_orders.last().map(|order| order.channel()),
            kind: "case-opened",
            state: case_name(case.kind),
            subject: case.subject.clone(),
            amount: Some(payment.terms.amount),
            age: Age::of(now.since(payment.created_at)),
        })
    });
    let untold = snapshot.undelivered().into_iter().map(|untold| Line {
        at: untold.at,
        payment_no: untold.payment_no,
        merchant_id: Some(untold.merchant_id),
        channel: None,
        kind: "undelivered",
        state: "",
        subject: untold.sequence.to_string(),
        amount: None,
        age: Age::of(now.since(untold.at)),
    });
    refunds.chain(cases).chain(untold).collect()
}

/// The kind of a case, as views name it.
pub(crate) const fn case_name(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::AmountContradiction => "amount-contradiction",
        CaseKind::ReturnedTooMuch => "returned-too-much",
        CaseKind::UnknownRefund => "unknown-refund",
        CaseKind::RefundContradiction => "refund-contradiction",
        CaseKind::RefundExhausted => "refund-exhausted",
        CaseKind::RefundWindow => "refund-window",
        CaseKind::ReversalContradiction => "reversal-contradiction",
        CaseKind::LateContradiction => "late-contradiction",
        CaseKind::ReturnOverdue => "return-overdue",
        CaseKind::OutcomeUnknown => "outcome-unknown",
    }
}

async fn history(console: &Console, days: u64, now: Timestamp) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for day in 0..=days {
        let at = now.minus(Span::days(day));
        let happened = console.app.store.happenings(at, DAY_LINES_MAX).await?;
        lines.extend(happened.into_iter().map(|happening| Line {
            at: happening.at,
            payment_no: happening.payment_no,
            merchant_id: Some(happening.merchant_id),
            channel: happening.channel,
            kind: happening.kind.name(),
            state: happening.cause.map_or("", RefundCause::name),
            subject: happening.subject.unwrap_or_default(),
            amount: Some(happening.amount),
            age: Age::of(now.since(happening.at)),
        }));
    }
    let from = now.minus(Span::days(days));
    lines.retain(|line| line.at >= from);
    Ok(lines)
}

/// One choice of a filter: a link, and how many lines it would show.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) word: String,
    pub(crate) href: String,
    pub(crate) count: usize,
    pub(crate) chosen: bool,
}

/// The choices of one filter, given what the others say. The first takes everything.
pub(crate) fn choices(
    list: List,
    lines: &[Line],
    wanted: &Wanted,
    with: fn(&Wanted, Option<String>) -> Wanted,
    of: fn(&Line) -> &'static str,
    chosen: Option<&String>,
    word: impl Fn(&str) -> String,
) -> Vec<Choice> {
    let open = with(wanted, None);
    let fitting: Vec<_> = lines.iter().filter(|line| open.takes(line)).collect();
    let mut values: Vec<&'static str> = fitting.iter().map(|line| of(line)).collect();
    values.sort_unstable();
    values.dedup();
    values.retain(|value| !value.is_empty());
    let everything = Choice {
        word: word(""),
        href: open.address(list, ""),
        count: fitting.len(),
        chosen: chosen.is_none(),
    };
    let each = values.into_iter().map(|value| Choice {
        word: word(value),
        href: with(wanted, Some(value.to_owned())).address(list, ""),
        count: fitting.iter().filter(|line| of(line) == value).count(),
        chosen: chosen.is_some_and(|chosen| chosen == value),
    });
    std::iter::once(everything).chain(each).collect()
}
