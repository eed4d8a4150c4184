//! What the bills said of the orders: the days that count, the word that comes of it, and what it makes of the proposal.

use payonce_domain::appeal::bill::{BillFacts, BillFinding, BillWord, FindingEnd, bill_day};
use payonce_domain::appeal::{ForPerson, propose};
use payonce_domain::history::{Entry, Input, KnownCapture, captures_known};
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{BillDay, Version};

use super::*;

const DAY: u64 = 24 * 60;

fn today() -> BillDay {
    BillDay::of(Channel::Alipay, START)
}

fn bill(found: &[(DiscrepancyClass, FindingEnd)]) -> BillFacts {
    let found = found.iter().map(|(class, end)| BillFinding {
        class: *class,
        day: today(),
        theirs: Some(PRICE),
        ours: None,
        end: *end,
    });
    BillFacts {
        day: today(),
        is_compared: true,
        is_captured: true,
        found: found.collect(),
    }
}

fn with(seen: &Seen, bill: BillFacts) -> Seen {
    let no = seen.payment.channel_orders[0].no;
    Seen {
        billed: vec![(no, bill)],
        ..seen.clone()
    }
}

fn proposed(seen: &[Seen]) -> Proposal {
    propose(Claim::PaidTwice, &Findings::of(seen))
}

#[test]
fn the_bill_says_one_word_of_each_attempt() {
    let open = bill(&[(DiscrepancyClass::LedgerOnly, FindingEnd::Open)]);
    for (found, is_compared, is_captured, expected) in [
        (vec![], false, false, BillWord::Waiting),
        (vec![], false, true, BillWord::Waiting),
        (vec![], true, true, BillWord::Matched),
        (vec![], true, false, BillWord::Nothing),
        (open.found.clone(), true, true, BillWord::Differs),
        (open.found.clone(), false, false, BillWord::Differs),
    ] {
        let bill = BillFacts {
            day: today(),
            is_compared,
            is_captured,
            found,
        };
        assert_eq!(bill.word(), expected, "{bill:?}");
    }
}

/// The day on which the channel took it, or on which we learnt of it, whichever is later. Where nobody
/// paid, the day on which the time to pay ends.
#[test]
fn the_last_day_that_can_miss_a_payment_counts() {
    let payment = opened(terms("one"), START);
    let order = &payment.channel_orders[0];
    assert_eq!(bill_day(&payment, order, &[]), today());
    let mut long = terms("long");
    long.expires_at = after(3 * DAY);
    let unpaid = opened(long.clone(), START);
    let end = BillDay::of(Channel::Alipay, after(3 * DAY));
    assert_eq!(bill_day(&unpaid, &unpaid.channel_orders[0], &[]), end);
    let one = paid(&unpaid, "A", after(DAY));
    let order = &one.channel_orders[0];
    assert_eq!(bill_day(&one, order, &[]), today().next());
    let known = |trade_no: &str, at| KnownCapture {
        trade_no: ChannelTradeNo::new(trade_no).unwrap(),
        at,
    };
    let learnt = [known("B", after(9 * DAY)), known("A", after(2 * DAY))];
    let expected = today().next().next();
    assert_eq!(bill_day(&one, order, &learnt), expected);
}

#[test]
fn a_history_says_when_each_capture_became_known() {
    let payment = opened(terms("one"), START);
    let opening = Input::Opened {
        terms: Box::new(payment.terms.clone()),
        choice: Some(ChannelChoice {
            channel: Channel::Alipay,
            method: Method::Page,
            account: AccountId::new("demo-alipay").unwrap(),
            bank: None,
            stretch: Stretch::NONE,
        }),
    };
    let reported = |trade_no: &str, version, at| Entry {
        version: Version(version),
        at,
        input: Input::Fact(Fact::Reported {
            no: payment.channel_orders[0].no,
            account: AccountId::new("demo-alipay").unwrap(),
            evidence: Evidence {
                source: Source::Bill,
                digest: None,
            },
            occasion: Occasion::Told,
            report: Report::Paid {
                trade_no: ChannelTradeNo::new(trade_no).unwrap(),
                amount: PRICE,
                paid_at: after(1),
            },
        }),
    };
    let mut entries = vec![
        Entry {
            version: Version(1),
            at: START,
            input: opening,
        },
        reported("A", 2, after(5)),
        reported("B", 3, after(8)),
    ];
    let known = captures_known(&entries);
    let known: Vec<_> = known
        .iter()
        .map(|one| (one.trade_no.as_str(), one.at))
        .collect();
    assert_eq!(known, [("A", after(5)), ("B", after(8))]);
    entries.remove(1);
    assert_eq!(captures_known(&entries), []);
}

/// A capture that its bill lacks may be money that nobody took: whichever of the orders it is of, no
/// refund is proposed before a person has looked, and a person's closing the matter does not make it so.
#[test]
fn money_that_a_bill_lacks_is_not_proposed_for_refund() {
    let both = ordered_again();
    assert_eq!(proposed(&both).name(), "refund");
    for order in [0, 1] {
        for (end, doubted) in [
            (FindingEnd::Open, true),
            (FindingEnd::Settled, true),
            // The channel said that it gave the money back, and the payment was told.
            (FindingEnd::Repaired, false),
        ] {
            let mut both = both.clone();
            both[order] = with(&both[order], bill(&[(DiscrepancyClass::LedgerOnly, end)]));
            let found = proposed(&both);
            let expected = Proposal::Person(ForPerson::BillDiffers);
            assert_eq!(found == expected, doubted, "{order} {end:?}: {found:?}");
        }
    }
}

/// Class by class: what may change how much there is, until a person or the books have settled it.
#[test]
fn an_open_difference_about_money_is_for_people() {
    for class in DiscrepancyClass::ALL {
        let about_money = !matches!(
            class,
            DiscrepancyClass::FeeDiffers
                | DiscrepancyClass::DuplicateLine
                | DiscrepancyClass::UnreadableLine
        );
        let lacking = matches!(
            class,
            DiscrepancyClass::LedgerOnly | DiscrepancyClass::RefundLedgerOnly
        );
        for end in FindingEnd::ALL {
            let [older, newer] = ordered_again();
            let found = proposed(&[with(&older, bill(&[(class, end)])), newer]);
            let expected = match end {
                FindingEnd::Open => about_money,
                FindingEnd::Settled => lacking,
                FindingEnd::Repaired => false,
            };
            let doubted = found == Proposal::Person(ForPerson::BillDiffers);
            assert_eq!(doubted, expected, "{class:?} {end:?}: {found:?}");
        }
    }
}

/// What only the bill had is paid: where the books came to have it it counts like any other payment, and
/// where they did not, nobody is told that nothing was paid.
#[test]
fn a_payment_that_only_the_bill_has_counts_as_paid() {
    let only_there = || bill(&[(DiscrepancyClass::ChannelOnly, FindingEnd::Repaired)]);
    let [older, newer] = ordered_again();
    let repaired = with(&older, only_there());
    assert_eq!(proposed(&[repaired, newer.clone()]).name(), "refund");
    let mut unpaid = opened(terms("one"), START);
    unpaid.channel_orders[0].state = payonce_domain::ChannelOrderState::Closed;
    let unpaid = seen(&unpaid, None);
    let without = proposed(&[unpaid.clone(), newer.clone()]);
    assert_eq!(without.reason(), "paid_once");
    let lost = with(&unpaid, only_there());
    let expected = Proposal::Person(ForPerson::BillDiffers);
    assert_eq!(proposed(&[lost, newer]), expected);
}

fn gathered(bill: BillFacts, now: Timestamp) -> Appeal {
    let [older, newer] = ordered_again();
    let both = [with(&older, bill), newer];
    let appeal = appeal::open(request(&both), after(20))
        .unwrap()
        .into_appeal();
    fact(&appeal, AppealFact::Gathered(Findings::of(&both)), now)
}

/// The bill's word is looked for on the morning on which it is expected, later again where it is late, and
/// no more once it is there.
#[test]
fn an_appeal_looks_again_when_the_bill_is_expected() {
    let waiting = BillFacts {
        is_compared: false,
        ..bill(&[])
    };
    let appeal = gathered(waiting.clone(), after(20));
    let morning = today().bill_ready_at().plus(Span::hours(1));
    assert_eq!(appeal.look_at, Some(morning));
    assert_eq!(appeal.proposal().unwrap().name(), "refund");
    let late = gathered(waiting, morning);
    assert_eq!(late.look_at, Some(morning.plus(Span::hours(6))));
    assert_eq!(gathered(bill(&[]), after(20)).look_at, None);
}

/// While a ruling waits for approval nothing is looked at, so nothing is due for it; sent back, it is.
#[test]
fn nothing_is_looked_at_under_a_ruling() {
    let waiting = BillFacts {
        is_compared: false,
        ..bill(&[])
    };
    let mut appeal = gathered(waiting, after(20));
    appeal.news.clear();
    let ruled = command(&appeal, rule(&appeal, "one"), after(21)).unwrap();
    assert_eq!(ruled.due_at(), Some(ruled.rule_by));
    let decline = AppealCommand::Decline {
        seen: ruled.version,
        by: operator("two"),
        reason: "wait for the bill".to_owned(),
    };
    let declined = command(&ruled, decline, after(22)).unwrap();
    assert_eq!(declined.due_at(), appeal.look_at);
}
