//! Records read back as what was written, stay small, and cannot be altered unseen.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_domain::fact::Occasion;
use payonce_domain::history::replay;
use payonce_domain::{
    Channel, Command, CreateAnswer, Digest, Evidence, Fact, Input, Leg, MerchantRefundNo,
    MerchantSaid, Method, Mode, Money, RefundReport, Source, Span, Version,
};
use proptest::prelude::*;

use super::{Item, VERSION, history, read, write};
use crate::error::StoreError;
use crate::stored::{BrokenChain, Stored};
use crate::walk::{self, PRICE, START, Step};

const SHARDS: u32 = 8;

/// The size DynamoDB bills: names and texts by their bytes, numbers by pairs of digits, and a little
/// for every list, map and element.
fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + size_of(value))
        .sum()
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            let each = map
                .iter()
                .map(|(name, value)| 1 + name.len() + size_of(value));
            3 + each.sum::<usize>()
        }
        AttributeValue::Bs(_) | AttributeValue::Ns(_) | AttributeValue::Ss(_) | _ => {
            panic!("records hold no sets")
        }
    }
}

fn page_payment() -> Stored {
    let choice = walk::choice(Channel::Alipay, Method::Page);
    walk::opened(walk::terms(Mode::Strict), Some(choice))
}

fn paid_payment() -> Stored {
    let open = page_payment();
    let no = open.payment().channel_orders[0].no;
    let now = START.plus(Span::seconds(40));
    let paid = walk::paid(no, "2026112022001412345678901234", PRICE, now);
    walk::after(&open, &paid, now).unwrap()
}

fn told_payment() -> Stored {
    let told = Fact::Told {
        sequence: 1,
        published: Some(true),
        merchant: Some(MerchantSaid::Taken(200)),
    };
    let now = START.plus(Span::seconds(41));
    walk::after(&paid_payment(), &Input::Fact(told), now).unwrap()
}

/// F19: the ordinary payment is small; the fullest one is tried below.
#[test]
fn a_payment_stays_under_a_kilobyte_until_it_is_paid_and_then_too() {
    let open = size(&write(&page_payment(), SHARDS));
    let paid = size(&write(&paid_payment(), SHARDS));
    // The numbers are written out so that a change of the layout shows what it costs.
    assert_eq!((open, paid), (579, 1_015));
    assert!(open < 1_024 && paid < 1_024);
}

/// F19: twenty attempts, all of them paid in the end, and fifty refunds that each succeed at the second asking: with
/// every step in its history it is far from the 400 KB that an item may have.
#[test]
fn the_fullest_payment_fits_into_an_item() {
    let mut terms = walk::terms(Mode::Lenient);
    terms.metadata.insert("k".to_owned(), "v".repeat(511));
    let native = walk::choice(Channel::Alipay, Method::Native);
    let mut stored = walk::opened(terms, Some(native.clone()));
    let mut now = START;
    let mut step = |stored: &mut Stored, input: Input| {
        now = now.plus(Span::seconds(4));
        *stored = walk::after(stored, &input, now).unwrap();
    };
    let initiate = Command::Initiate {
        amount: PRICE,
        subject: stored.payment().terms.subject.clone(),
        choice: Some(native),
        switch: false,
    };
    for attempt in 1..=20u8 {
        if attempt > 1 {
            step(&mut stored, Input::Command(initiate.clone()));
        }
        let no = stored.payment().channel_orders.last().unwrap().no;
        let answer = CreateAnswer::Refused;
        step(
            &mut stored,
            Input::Fact(Fact::CreateAnswered { no, answer }),
        );
    }
    let numbers: Vec<_> = stored
        .payment()
        .channel_orders
        .iter()
        .map(|order| order.no)
        .collect();
    assert_eq!(numbers.len(), 20);
    for (index, no) in numbers.into_iter().enumerate() {
        let trade_no = format!("20261120220014123456789012{index:02}");
        step(&mut stored, walk::paid(no, &trade_no, PRICE, START));
    }
    for request in 1..=50 {
        let command = Command::Refund {
            request: MerchantRefundNo::new(format!("R-20261120-{request:050}")).unwrap(),
            amount: Money::from_fen(1),
            reason: Some("质量问题，七天无理由退货".to_owned()),
        };
        step(&mut stored, Input::Command(command));
    }
    let due: Vec<_> = stored
        .payment()
        .refunds
        .iter()
        .map(|refund| refund.no)
        .collect();
    assert_eq!(due.len(), 19 + 50);
    for no in due {
        step(&mut stored, Input::Command(Command::BeginRefund { no }));
        for report in [RefundReport::Accepted, RefundReport::Succeeded] {
            let evidence = Evidence {
                source: Source::Query,
                digest: Some(Digest::of(b"answer")),
            };
            let occasion = Occasion::Sent;
            step(
                &mut stored,
                Input::Fact(Fact::RefundReported {
                    no,
                    evidence,
                    occasion,
                    report,
                }),
            );
        }
    }
    holds(&stored);
    let bytes = size(&write(&stored, SHARDS));
    assert!(bytes < 100_000, "{bytes}");
}

fn holds(stored: &Stored) {
    let item = write(stored, SHARDS);
    assert_eq!(item.contains_key("d"), stored.payment().due_at().is_some());
    assert_eq!(item.contains_key("d"), item.contains_key("s"));
    assert_eq!(&read(item).unwrap(), stored);
    assert_eq!(stored.verify_chain(), Ok(()));
    assert_eq!(
        replay(&stored.history().unwrap()).as_ref(),
        Ok(stored.payment())
    );
}

#[test]
fn replaying_the_history_of_a_life_gives_the_payment() {
    let paid = paid_payment();
    holds(&page_payment());
    holds(&paid);
    assert_eq!(paid.timeline().unwrap().len(), 2);
    assert!(write(&page_payment(), SHARDS).contains_key("d"));
    assert!(
        write(&paid, SHARDS).contains_key("d"),
        "the merchant is to be told"
    );
    let told = told_payment();
    holds(&told);
    assert!(!write(&told, SHARDS).contains_key("d"));
}

#[test]
fn metadata_with_an_empty_name_and_every_optional_term_read_back() {
    let mut terms = walk::terms(Mode::Lenient);
    terms.payer = Some(String::new());
    terms.metadata.insert(String::new(), "空".to_owned());
    terms.metadata.insert("\"\n".to_owned(), String::new());
    holds(&walk::opened(terms, None));
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<u8>(), any::<u8>(), any::<u8>(), 0u16..4_000).prop_map(
        |(kind, which, how, wait_seconds)| Step {
            kind,
            which,
            how,
            wait_seconds: if wait_seconds > 3_000 {
                wait_seconds
            } else {
                wait_seconds % 30
            },
        },
    );
    proptest::collection::vec(step, 0..60)
}

/// What the random walks must come across, or they prove less than they seem to.
#[test]
fn walks_come_across_everything_a_record_holds() {
    let mut seed: u64 = 1;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()
    };
    let mut seen = [false; 14];
    for first in 0..400u16 {
        let steps = (0..40).map(|_| {
            let [kind, which, how, wait, ..] = next();
            let wait_seconds = u16::from(wait % 80);
            Step {
                kind,
                which,
                how,
                wait_seconds,
            }
        });
        let steps: Vec<_> = steps.collect();
        let [_, first] = first.to_be_bytes();
        let walked = walk::walk(Mode::Lenient, Some(first), &steps);
        let payment = walked.last().unwrap().payment();
        let orders = &payment.channel_orders;
        let found = [
            payment.winner.is_some(),
            payment.closing.is_some(),
            payment.successor.is_some(),
            !payment.cases.is_empty(),
            payment.captures.len() > 1,
            payment.captures.iter().any(|capture| capture.due.is_some()),
            payment
                .refunds
                .iter()
                .any(|refund| refund.request.is_some()),
            payment
                .refunds
                .iter()
                .any(|refund| refund.sent_at.is_some()),
            payment
                .refunds
                .iter()
                .any(|refund| refund.no.generation() > 1),
            orders.iter().any(|order| order.action.is_some()),
            orders.iter().any(|order| order.reversing_since.is_some()),
            orders.iter().any(|order| order.action_expires_at.is_some()),
            payment
                .announcements
                .iter()
                .any(|a| a.merchant == Leg::GivenUp),
            payment.announcements.len() > 1,
        ];
        for (seen, found) in seen.iter_mut().zip(found) {
            *seen |= found;
        }
    }
    assert_eq!(seen, [true; 14]);
}

proptest! {
    #[test]
    fn whatever_a_payment_lives_through_reads_back_and_replays(
        strict: bool,
        first in proptest::option::of(any::<u8>()),
        steps in steps(),
    ) {
        let mode = if strict { Mode::Strict } else { Mode::Lenient };
        for stored in walk::walk(mode, first, &steps) {
            holds(&stored);
        }
    }

    #[test]
    fn every_fact_and_command_reads_back(
        steps in steps(),
        step in (any::<u8>(), any::<u8>(), any::<u8>()),
        version: u64,
    ) {
        let walked = walk::walk(Mode::Lenient, Some(0), &steps);
        let payment = walked.last().unwrap().payment();
        let (kind, which, how) = step;
        let step = Step { kind, which, how, wait_seconds: 0 };
        let entry = payonce_domain::Entry {
            version: Version(version),
            at: START,
            input: walk::input(step, payment, START),
        };
        let text = history::write(&entry, payment);
        prop_assert_eq!(history::read(&text, payment), Ok(entry));
    }

    /// S18: whoever alters the history is found out.
    #[test]
    fn one_altered_byte_of_the_history_breaks_the_chain(steps in steps(), at: usize, to in 32u8..127) {
        let mut stored = walk::walk(Mode::Lenient, Some(0), &steps).pop().unwrap();
        let last = stored.entries.len();
        let index = at % last;
        let mut bytes = stored.entries[index].clone().into_bytes();
        let place = at / last % bytes.len();
        prop_assume!(bytes[place].is_ascii() && bytes[place] != to);
        bytes[place] = to;
        stored.entries[index] = String::from_utf8(bytes).unwrap();
        let version = Version(u64::try_from(index).unwrap() + 1);
        prop_assert_eq!(stored.verify_chain(), Err(BrokenChain { at: version }));
    }
}

/// S18: so is whoever alters what was agreed.
#[test]
fn altered_terms_break_the_chain_at_its_first_link() {
    let paid = paid_payment();
    let alterations: [fn(&mut payonce_domain::Terms); 4] = [
        |terms| terms.amount = Money::from_fen(1),
        |terms| terms.subject.push('!'),
        |terms| terms.notify_url = None,
        |terms| terms.mode = Mode::Lenient,
    ];
    for alter in alterations {
        let mut altered = paid.clone();
        alter(&mut altered.payment.terms);
        assert_eq!(altered.verify_chain(), Err(BrokenChain { at: Version(1) }));
    }
}

/// S18: so is whoever leaves something out.
#[test]
fn a_history_cut_short_or_of_another_payment_does_not_hold() {
    let paid = paid_payment();
    let mut cut = paid.clone();
    cut.entries.pop();
    cut.hashes.pop();
    assert_eq!(cut.verify_chain(), Err(BrokenChain { at: Version(2) }));

    let mut terms = walk::terms(Mode::Strict);
    terms.merchant_order_no = payonce_domain::MerchantOrderNo::new("another").unwrap();
    let mut other = walk::opened(terms, None);
    other.entries = page_payment().entries;
    other.hashes = page_payment().hashes;
    assert_eq!(other.verify_chain(), Err(BrokenChain { at: Version(1) }));
}

/// F54, F68: what cannot be understood is not worked on.
#[test]
fn an_item_that_does_not_add_up_is_not_read() {
    let item = write(&paid_payment(), SHARDS);
    let with = |name: &str, value: AttributeValue| {
        let mut item = item.clone();
        item.insert(name.to_owned(), value);
        read(item)
    };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    assert!(matches!(
        with("r", AttributeValue::N((VERSION + 1).to_string())),
        Err(StoreError::NewerRecord { found, known: VERSION, .. }) if found == VERSION + 1
    ));
    assert!(matches!(
        with("zz", text("new")),
        Err(StoreError::Unreadable { .. })
    ));
    assert!(matches!(
        with("st", text("?")),
        Err(StoreError::Unreadable { .. })
    ));
    assert!(matches!(
        with("hh", AttributeValue::B(vec![0; 16].into())),
        Err(StoreError::Unreadable { .. })
    ));
    assert!(matches!(
        with("k", text("00000000000000000000")),
        Err(StoreError::KeyCollision(_))
    ));
    let mut without = item.clone();
    without.remove("r");
    assert!(matches!(read(without), Err(StoreError::Unreadable { .. })));
}
