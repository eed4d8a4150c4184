//! What a discrepancy (差错) is about, and the one number that it has however often a day is run.

use payonce_domain::reconciliation::{Discrepancy, DiscrepancyClass, Proposal, Subject};
use payonce_domain::{ChannelOrderNo, RefundNo};

use super::*;

pub(super) fn discrepancy(class: DiscrepancyClass, proposal: Proposal) -> Discrepancy {
    Discrepancy {
        channel: Channel::Wechat,
        account: account(),
        day: day(),
        class,
        subject: Subject {
            movement: Some(Movement::Payment),
            order_no: Some("o-1".to_owned()),
            refund_no: None,
            trade_no: Some("t1".to_owned()),
            position: Some(7),
        },
        theirs: Some(PRICE),
        ours: None,
        proposal,
    }
}

fn shown() -> Discrepancy {
    discrepancy(DiscrepancyClass::ChannelOnly, Proposal::AskChannel)
}

fn changed(of: &Discrepancy, change: impl Fn(&mut Discrepancy)) -> String {
    let mut other = of.clone();
    change(&mut other);
    other.id()
}

/// It is stored: another one for the same difference would be a second discrepancy.
#[test]
fn an_id_is_the_same_from_release_to_release() {
    assert_eq!(shown().id(), "867188aa0fc5992e3c48c60d46b79e8e");
}

/// F86: what is learnt of a difference, or where its line stands when the bill is fetched again, is no other one.
#[test]
fn an_id_stays_whatever_becomes_of_the_difference() {
    let one = shown();
    for other in [
        changed(&one, |of| of.theirs = None),
        changed(&one, |of| of.ours = Some(PRICE)),
        changed(&one, |of| of.proposal = Proposal::Repaired),
        changed(&one, |of| of.subject.position = Some(8)),
        changed(&one, |of| of.subject.position = None),
    ] {
        assert_eq!(other, one.id());
    }
}

#[test]
fn an_id_changes_with_everything_that_names_the_difference() {
    let one = shown();
    let mut ids = vec![
        one.id(),
        changed(&one, |of| of.channel = Channel::Alipay),
        changed(&one, |of| of.account = AccountId::new("wechat-2").unwrap()),
        changed(&one, |of| of.day = day().next()),
        changed(&one, |of| of.class = DiscrepancyClass::AmountDiffers),
        changed(&one, |of| of.subject.movement = Some(Movement::Refund)),
        changed(&one, |of| of.subject.movement = None),
        changed(&one, |of| of.subject.order_no = Some("o-2".to_owned())),
        changed(&one, |of| of.subject.order_no = None),
        changed(&one, |of| of.subject.refund_no = Some("r-1".to_owned())),
        changed(&one, |of| of.subject.trade_no = Some("t2".to_owned())),
        changed(&one, |of| of.subject.trade_no = None),
        // The same letters, cut elsewhere.
        changed(&one, |of| {
            of.subject.order_no = Some("o-1t".to_owned());
            of.subject.trade_no = Some("1".to_owned());
        }),
    ];
    // Lines without any other name: each place is one of its own.
    for class in [
        DiscrepancyClass::DuplicateLine,
        DiscrepancyClass::UnreadableLine,
    ] {
        for position in [Some(7), Some(8), None] {
            ids.push(changed(&one, |of| {
                of.class = class;
                of.subject.position = position;
            }));
        }
    }
    for id in &ids {
        assert_eq!(id.len(), 32, "{id}");
        assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{id}");
    }
}

#[test]
fn a_line_and_a_row_are_named_in_their_own_words() {
    let twice = paid_twice();
    let no = twice.refunds[0].no;
    let done = refund_line(&twice, "t2", &no.to_string());
    let back = repaired(&twice, judge(&done, &twice, 0));
    let order = Some(twice.channel_orders[0].no.to_string());
    let of_refund = Subject {
        movement: Some(Movement::Refund),
        order_no: order.clone(),
        refund_no: Some(no.to_string()),
        trade_no: Some("t2".to_owned()),
        position: Some(1),
    };
    assert_eq!(Subject::of_line(&done), of_refund);
    let of_row = Subject {
        position: None,
        ..of_refund
    };
    assert_eq!(Subject::of_row(&back.ledger_rows()[0]), of_row);
    let of_payment = Subject {
        movement: Some(Movement::Payment),
        order_no: order,
        refund_no: None,
        trade_no: Some("t1".to_owned()),
        position: Some(1),
    };
    assert_eq!(Subject::of_line(&line(&twice, "t1")), of_payment);
    let of_row = Subject {
        position: None,
        ..of_payment
    };
    assert_eq!(Subject::of_row(&paid().ledger_rows()[0]), of_row);
}

/// By the order's number, or, where a channel leaves that out, by the refund's.
#[test]
fn the_attempt_is_found_by_either_number() {
    let twice = paid_twice();
    let (order, refund): (ChannelOrderNo, RefundNo) =
        (twice.channel_orders[0].no, twice.refunds[0].no);
    let (order_no, refund_no) = (order.to_string(), refund.to_string());
    let stranger = Some("backoffice-1");
    for (by_order, by_refund, found) in [
        (Some(&*order_no), None, Some(order)),
        (Some(&*order_no), stranger, Some(order)),
        (None, Some(&*refund_no), Some(order)),
        (stranger, Some(&*refund_no), Some(order)),
        (stranger, stranger, None),
        (None, None, None),
    ] {
        let subject = Subject {
            order_no: by_order.map(str::to_owned),
            refund_no: by_refund.map(str::to_owned),
            ..Subject::default()
        };
        assert_eq!(subject.channel_order_no(), found, "{subject:?}");
    }
}
