//! Bills against books: whatever is wrong with a bill is found, classed, and nothing else is.

use end_to_end::Way;
use payonce_app::{AccountDay, Reconciled};
use payonce_channels::{ChannelClient, Order, RefundOrder};
use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::numbers::RefundIdentity;
use payonce_domain::reconciliation::{Proposal, after_answer};
use payonce_domain::{
    BillDay, Channel, MerchantRefundNo, Mode, Payment, PaymentState, RefundForm, RefundNo,
    RefundReport,
};
use payonce_store::{FindingState, LedgerPlace, RunState};
use serde_json::json;

use crate::stage::{PRICE, Stage};

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Noon and half past ten in Beijing, by UTC.
pub(crate) const NOON: i64 = 4 * HOUR;
pub(crate) const HALF_PAST_TEN: i64 = 2 * HOUR + HOUR / 2;
/// UnionPay's first question comes after five minutes, the sweep a minute later.
const ASKED_SECONDS: i64 = 400;
pub(crate) const BOOKED_SECONDS: i64 = 70;

/// Every channel's days are played.
pub(crate) const PLAYED: [Way; 3] = Way::OF_EACH_CHANNEL;

impl Stage {
    fn seconds(&self) -> i64 {
        i64::try_from(self.now().as_millis() / 1_000).unwrap()
    }

    /// Time passes until this second of the UTC day, today or tomorrow.
    pub(crate) async fn pass_until(&self, second: i64) {
        let left = (second - self.seconds()).rem_euclid(DAY);
        self.pass(left).await;
    }

    /// The sweep finds what was paid, and then sees to the ledger.
    pub(crate) async fn settle(&self) {
        for seconds in [ASKED_SECONDS, ASKED_SECONDS, BOOKED_SECONDS] {
            self.pass(seconds).await;
            let swept = self.app.sweep(self.now()).await;
            assert_eq!((swept.failed, swept.shards_failed), (0, 0));
        }
    }

    pub(crate) async fn paid(&self, name: &str, way: Way) -> Payment {
        let payment = self.opened(name, way).await;
        let no = payment.channel_orders[0].no.to_string();
        self.simulator.pay(&no).await.unwrap();
        payment
    }

    pub(crate) fn place(&self, way: Way, day: BillDay) -> LedgerPlace {
        let mut accounts = self.merchant.accounts.iter();
        let account = accounts.find(|account| account.channel == way.channel);
        LedgerPlace {
            channel: way.channel,
            account: account.unwrap().id.clone(),
            day,
        }
    }

    pub(crate) async fn distort(&self, place: &LedgerPlace, kind: &str, no: Option<&str>) {
        let mut wanted = json!({
            "channel": place.channel.name(),
            "account": place.account.as_str(),
            "bill_date": place.day.to_string(),
            "kind": kind,
        });
        if let Some(no) = no {
            wanted["channel_order_no"] = json!(no);
        }
        let laid = self.simulator.control("bills/discrepancies", &wanted).await;
        let laid = laid.unwrap();
        assert_eq!(laid.status, 200, "{}", laid.shown());
    }

    async fn reconcile(&self, place: &LedgerPlace) -> Reconciled {
        let which = AccountDay {
            channel: place.channel,
            account: place.account.clone(),
            day: place.day,
        };
        self.app.reconcile(&which, self.now()).await.unwrap()
    }

    pub(crate) async fn state(&self, place: &LedgerPlace) -> RunState {
        let reconciled = self.reconcile(place).await;
        let Reconciled::Run(run) = reconciled else {
            panic!("{place:?}: {reconciled:?}");
        };
        run.state
    }

    /// What was found in a day: class, order and proposal, and whether it is still open.
    pub(crate) async fn found(&self, place: &LedgerPlace) -> Vec<(String, String, String, bool)> {
        let found = self.app.store.findings(place).await.unwrap();
        let mut found: Vec<_> = found
            .into_iter()
            .map(|finding| {
                let found = finding.discrepancy;
                (
                    found.class.name().to_owned(),
                    found.subject.order_no.unwrap_or_default(),
                    found.proposal.name().to_owned(),
                    finding.state == FindingState::Open,
                )
            })
            .collect();
        found.sort();
        found
    }

    /// What the channel said of what only the ledger has, and what is advised since.
    async fn said(&self, place: &LedgerPlace) -> Vec<(&'static str, ChannelWord)> {
        let found = self.app.store.findings(place).await.unwrap();
        let asked = found.into_iter().filter_map(|finding| {
            let word = finding.said?.word;
            Some((finding.discrepancy.proposal.name(), word))
        });
        asked.collect()
    }

    /// Somebody sends money back with the merchant's own key, and not through us.
    async fn refund_behind_our_back(&self, payment: &Payment) {
        let attempt = &payment.channel_orders[0];
        let signer = self
            .app
            .accounts
            .signer(&self.merchant.id, &attempt.account);
        let signer = signer.await.unwrap();
        let order = Order {
            no: attempt.no,
            amount: payment.terms.amount,
            subject: payment.terms.subject.clone(),
            created_at: attempt.created_at,
            expires_at: payment.terms.expires_at,
            notify_url: "http://127.0.0.1:9/".to_owned(),
            return_url: None,
            client_ip: None,
            payer: None,
            auth_code: None,
            bank: None,
        };
        let request = MerchantRefundNo::new("console").unwrap();
        let refund = RefundOrder {
            no: RefundNo::new(attempt.no, RefundIdentity::Merchant(&request), 1),
            form: RefundForm::Refund,
            amount: payment.terms.amount,
            reason: "console".to_owned(),
            trade_no: payment.captures[0].trade_no.clone(),
            captured: payment.terms.amount,
            sent_at: self.now().floor_to_second(),
            notify_url: "http://127.0.0.1:9/".to_owned(),
        };
        let client = ChannelClient::new(signer.as_ref(), &self.app.transport);
        client.refund(&order, &refund, self.now()).await;
        self.pass(60).await;
        let told = client.query_refund(&order, &refund, self.now()).await.said;
        assert_eq!(told, RefundReport::Succeeded);
    }
}

pub(crate) fn expected(found: &[(&str, &str, &str, bool)]) -> Vec<(String, String, String, bool)> {
    let found = found.iter().map(|(class, no, proposal, open)| {
        (
            (*class).to_owned(),
            (*no).to_owned(),
            (*proposal).to_owned(),
            *open,
        )
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

/// S17, F27, F82, F84, F85, F86: extra, missing, other amounts, other fees, repeated, shifted, foreign and refund-only lines,
/// each in its class, each once, and nothing else; and a file that is damaged on its way is no bill.
#[tokio::test]
async fn s17_f82_f84_f85_f86_every_discrepancy_is_found_and_nothing_else() {
    for way in PLAYED {
        a_day_with_everything(way).await;
    }
}

async fn a_day_with_everything(way: Way) {
    let stage = Stage::set(Mode::Strict).await;
    stage.pass_until(NOON).await;
    let today = stage.place(way, BillDay::of(way.channel, stage.now()));
    let mut numbers = std::collections::BTreeMap::new();
    for name in [
        "kept", "dropped", "dearer", "charged", "twice", "shifted", "stated", "refunded",
    ] {
        let payment = stage.paid(name, way).await;
        numbers.insert(name, payment.channel_orders[0].no.to_string());
    }
    stage.settle().await;
    for name in numbers.keys() {
        let payment = stage.payment(stage.key(name)).await;
        assert_eq!(payment.state, PaymentState::Paid, "{name}");
        assert_eq!(payment.unbooked, None, "{name} stands in the ledger");
    }
    let refunded = stage.payment(stage.key("refunded")).await;
    stage.refund_behind_our_back(&refunded).await;
    // Nobody sweeps any more: only the bill will tell of this one.
    let lost = stage.paid("lost", way).await;
    let lost = lost.channel_orders[0].no.to_string();
    stage
        .distort(&today, "drop", Some(&numbers["dropped"]))
        .await;
    stage
        .distort(&today, "change_amount", Some(&numbers["dearer"]))
        .await;
    stage
        .distort(&today, "change_fee", Some(&numbers["charged"]))
        .await;
    stage
        .distort(&today, "duplicate", Some(&numbers["twice"]))
        .await;
    stage
        .distort(&today, "next_day", Some(&numbers["shifted"]))
        .await;
    stage
        .distort(&today, "change_state", Some(&numbers["stated"]))
        .await;
    stage.distort(&today, "add", None).await;

    stage.pass_until(HALF_PAST_TEN - HOUR).await;
    assert_eq!(stage.reconcile(&today).await, Reconciled::TooEarly);
    stage.pass(HOUR).await;
    damages(&stage, &today).await;

    assert_eq!(stage.state(&today).await, RunState::Closed);
    // Only WeChat's bill has words for states; elsewhere what has not succeeded does not stand among the trades.
    let states = way.channel == Channel::Wechat;
    let stated = (
        "status_differs",
        numbers["stated"].as_str(),
        "query_channel",
        true,
    );
    let mut first = vec![
        ("channel_only", lost.as_str(), "repaired", false),
        (
            "amount_differs",
            numbers["dearer"].as_str(),
            "look_at_case",
            true,
        ),
        (
            "fee_differs",
            numbers["charged"].as_str(),
            "ask_channel",
            true,
        ),
        (
            "duplicate_line",
            numbers["twice"].as_str(),
            "ask_channel",
            true,
        ),
        (
            "refund_channel_only",
            numbers["refunded"].as_str(),
            "look_at_case",
            true,
        ),
    ];
    first.extend(states.then_some(stated));
    // UnionPay lists what is in dispute apart, under no number of ours.
    let disputed = ("unreadable_line", "", "ask_channel", true);
    first.extend((way.channel == Channel::Unionpay).then_some(disputed));
    let found_first_open = first.iter().filter(|(.., is_open)| *is_open).count();
    let first = expected(&first);
    assert_eq!(stage.found(&today).await, first, "{way:?}");
    let money = stage.money(stage.key("lost")).await;
    assert_eq!(money, (PRICE, PRICE, 0), "what was lost is paid");
    let again = stage.reconcile(&today).await;
    assert_eq!(
        stage.found(&today).await,
        first,
        "a re-run finds nothing new"
    );
    let Reconciled::Run(again) = again else {
        panic!("{again:?}")
    };
    let found = u64::try_from(first.len()).unwrap();
    assert_eq!(again.report.found.values().sum::<u64>(), found);
    assert_eq!((again.report.repaired, again.report.open()), (1, found - 1));
    assert_eq!(again.attempts, 5);

    stage.pass(BOOKED_SECONDS).await;
    stage.app.sweep(stage.now()).await;
    stage.pass_until(HALF_PAST_TEN).await;
    let tomorrow = LedgerPlace {
        day: today.day.next(),
        ..today.clone()
    };
    // The channel is asked about what its bill lacks. It does not answer, and is asked once more by a re-run.
    let silence = json!({
        "channel": way.channel.name(),
        "operation": "query",
        "fault": "http_500",
        "times": 9,
    });
    let laid = stage.simulator.control("faults", &silence).await.unwrap();
    assert_eq!(laid.status, 200, "{}", laid.shown());
    assert_eq!(stage.state(&tomorrow).await, RunState::Closed);
    let missing = if states { 1 } else { 2 };
    let unanswered = vec![("query_channel", ChannelWord::Silent); missing];
    assert_eq!(stage.said(&tomorrow).await, unanswered, "{way:?}");
    stage.simulator.clear("faults").await.unwrap();
    assert_eq!(stage.state(&tomorrow).await, RunState::Closed);
    let answered = vec![("ask_channel", ChannelWord::Paid); missing];
    assert_eq!(stage.said(&tomorrow).await, answered, "{way:?}");
    let foreign = stage.found(&tomorrow).await;
    let (foreign, rest): (Vec<_>, Vec<_>) = foreign
        .into_iter()
        .partition(|(class, ..)| class == "foreign");
    assert_eq!(foreign.len(), 1, "{way:?}: {foreign:?}");
    assert_eq!(foreign[0].2, "ask_merchant");
    let ours_alone = |name: &str| ("ledger_only", numbers[name].as_str(), "ask_channel", true);
    let mut second = vec![ours_alone("dropped")];
    second.extend((!states).then(|| ours_alone("stated")));
    let second = expected(&second);
    assert_eq!(rest, second, "{way:?}");

    stage.pass(DAY).await;
    let empty = LedgerPlace {
        day: tomorrow.day.next(),
        ..today.clone()
    };
    let state = stage.state(&empty).await;
    assert_eq!(state, RunState::NotReady, "there is none: perhaps not yet");
    stage.pass(3 * HOUR).await;
    assert_eq!(stage.state(&empty).await, RunState::ClosedEmpty);
    assert_eq!(stage.found(&empty).await, []);
    let skipped = LedgerPlace {
        day: empty.day.next().next(),
        ..today
    };
    assert_eq!(stage.reconcile(&skipped).await, Reconciled::AfterAnother);
    let open = stage.app.store.open_findings(100).await.unwrap();
    let waiting = found_first_open + 1 + second.len();
    assert_eq!(open.len(), waiting, "{way:?}: what waits for people");
}

/// No damaged file closes a day, and none of them is taken for an empty one.
async fn damages(stage: &Stage, place: &LedgerPlace) {
    for fault in ["garbage", "bad_signature", "http_500"] {
        let laid = json!({ "channel": place.channel.name(), "operation": "bill", "fault": fault });
        let laid = stage.simulator.control("faults", &laid).await.unwrap();
        assert_eq!(laid.status, 200, "{}", laid.shown());
        let state = stage.state(place).await;
        assert!(!state.is_closed(), "{fault}: {state:?}");
        stage.simulator.clear("faults").await.unwrap();
        assert_eq!(stage.found(place).await, [], "{fault}");
    }
}

/// S18, F83: paid minutes before the channel's day ends and booked after it: carried over, and matched.
#[tokio::test]
async fn s18_f83_nothing_is_wrong_at_the_day_boundary() {
    for way in PLAYED {
        let stage = Stage::set(Mode::Strict).await;
        let midnight = match way.channel {
            Channel::Unionpay => 15 * HOUR,
            Channel::Alipay | Channel::Wechat => 16 * HOUR,
        };
        stage.pass_until(midnight - 180).await;
        let today = stage.place(way, BillDay::of(way.channel, stage.now()));
        stage.paid("late", way).await;
        stage.settle().await;
        stage.paid("early", way).await;
        stage.settle().await;
        let tomorrow = LedgerPlace {
            day: today.day.next(),
            ..today.clone()
        };
        stage.pass_until(HALF_PAST_TEN).await;
        let Reconciled::Run(run) = stage.reconcile(&today).await else {
            panic!("{way:?}")
        };
        assert_eq!(run.report.carried_lines.count, 1, "{way:?}");
        stage.pass(DAY).await;
        let Reconciled::Run(run) = stage.reconcile(&tomorrow).await else {
            panic!("{way:?}")
        };
        assert_eq!(run.report.matched.count, 2, "{way:?}");
        let carried = run.report.carried_lines.count + run.report.carried_rows.count;
        assert_eq!(carried, 0, "{way:?}");
        for place in [&today, &tomorrow] {
            assert_eq!(stage.found(place).await, [], "{way:?}");
        }
    }
}

/// F85: what each answer makes of a payment that only the ledger has. Silence is no answer, and no answer takes a
/// capture back.
#[test]
fn f85_the_channels_answer_says_what_people_are_to_do() {
    let advised = ChannelWord::ALL.map(|word| (word, after_answer(word)));
    let expected = [
        (ChannelWord::Paid, Some(Proposal::AskChannel)),
        (ChannelWord::Returned, Some(Proposal::Repaired)),
        (ChannelWord::Unpaid, Some(Proposal::HoldBack)),
        (ChannelWord::Nothing, Some(Proposal::HoldBack)),
        (ChannelWord::Silent, None),
    ];
    assert_eq!(advised, expected);
}

/// F82: the first bill that an account ever has comes a day late. Its day is done then, and not left out for the next.
#[tokio::test]
async fn f82_the_first_days_bill_may_come_a_day_late() {
    let way = Way::ALIPAY_PAGE;
    let stage = Stage::set(Mode::Strict).await;
    stage.pass_until(NOON).await;
    let first = stage.place(way, BillDay::of(way.channel, stage.now()));
    stage.paid("one", way).await;
    stage.settle().await;
    let silence =
        json!({ "channel": "alipay", "operation": "bill", "fault": "http_500", "times": 9 });
    let laid = stage.simulator.control("faults", &silence).await.unwrap();
    assert_eq!(laid.status, 200, "{}", laid.shown());
    stage.pass_until(HALF_PAST_TEN).await;
    stage.app.reconcile_all(stage.now()).await.unwrap();
    stage.simulator.clear("faults").await.unwrap();
    stage.pass(DAY).await;
    let (runs, failures) = stage.app.reconcile_all(stage.now()).await.unwrap();
    assert_eq!(failures, 0);
    let done = runs.iter().find(|run| run.place == first);
    let done = done.unwrap_or_else(|| panic!("{runs:?}"));
    assert_eq!(
        (done.state, done.report.matched.count),
        (RunState::Closed, 1)
    );
}
