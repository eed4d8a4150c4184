//! What the orders show side by side: whose they are, whether they are for one wish, and what each channel says.

use payonce_domain::appeal::findings::SameBuyer;
use payonce_domain::appeal::{Dismissal, ForPerson, propose};
use payonce_domain::{ChannelOrderNo, PaymentKey, PaymentNo};

use super::*;

fn same_buyer(seen: &[Seen]) -> SameBuyer {
    Findings::of(seen).same_buyer
}

/// What tells one buyer from another: the id at the channel, and without it the address.
#[test]
fn whose_orders_they_are() {
    let [older, newer] = ordered_again();
    let known = |payers: [Option<&str>; 2], addresses: [Option<&str>; 2]| {
        let mut both = [older.clone(), newer.clone()];
        for (at, one) in both.iter_mut().enumerate() {
            one.payment.terms.payer = payers[at].map(str::to_owned);
            one.payment.terms.client_ip = addresses[at].map(str::to_owned);
        }
        same_buyer(&both)
    };
    let (home, away) = (Some("203.0.113.7"), Some("198.51.100.1"));
    let one_id = [Some("a"), Some("a")];
    let two_ids = [Some("a"), Some("b")];
    assert_eq!(known(one_id, [home, away]), SameBuyer::Yes);
    assert_eq!(known(one_id, [None, None]), SameBuyer::Yes);
    assert_eq!(known(two_ids, [home, home]), SameBuyer::No);
    assert_eq!(known([Some("a"), None], [home, home]), SameBuyer::Yes);
    assert_eq!(known([None, None], [home, home]), SameBuyer::Yes);
    assert_eq!(known([None, None], [home, away]), SameBuyer::Unknown);
    assert_eq!(known([None, Some("b")], [home, away]), SameBuyer::Unknown);
    assert_eq!(known([None, None], [home, None]), SameBuyer::Unknown);
    assert_eq!(known([None, None], [None, None]), SameBuyer::Unknown);
}

#[test]
fn an_order_that_replaced_another_is_the_same_buyers() {
    let [older, newer] = ordered_again();
    for replaced in [0, 1] {
        let mut both = [older.clone(), newer.clone()];
        for one in &mut both {
            one.payment.terms.client_ip = None;
        }
        assert_eq!(same_buyer(&both), SameBuyer::Unknown);
        both[replaced].payment.successor = Some(both[1 - replaced].payment.payment_no());
        assert_eq!(same_buyer(&both), SameBuyer::Yes);
    }
}

/// Two of three are not enough.
#[test]
fn every_order_must_be_the_same_buyers() {
    let [older, newer] = ordered_again();
    let stranger = opened(terms("three"), after(7));
    let mut stranger = seen(&stranger, None);
    stranger.payment.terms.client_ip = Some("198.51.100.1".to_owned());
    let three = [older, newer, stranger];
    assert_eq!(same_buyer(&three[..2]), SameBuyer::Yes);
    assert_eq!(same_buyer(&three), SameBuyer::Unknown);
}

#[test]
fn one_wish_has_one_subject_and_one_price() {
    let [older, newer] = ordered_again();
    assert!(Findings::of(&[older.clone(), newer.clone()]).same_goods);
    let mut dearer = newer.clone();
    dearer.payment.terms.amount = Money::from_fen(2_000);
    assert!(!Findings::of(&[older.clone(), dearer]).same_goods);
    let mut other = newer;
    other.payment.terms.subject = "socks".to_owned();
    assert!(!Findings::of(&[older, other]).same_goods);
}

#[test]
fn an_order_is_found_by_its_number_and_no_other() {
    let both = ordered_again();
    let findings = Findings::of(&both);
    for one in &both {
        let no = one.payment.payment_no();
        assert_eq!(findings.order(no).unwrap().payment_no, no);
    }
    let merchant = MerchantId::new("demo").unwrap();
    let absent = PaymentKey::derive(&merchant, &MerchantOrderNo::new("absent").unwrap());
    assert_eq!(findings.order(PaymentNo::new(absent)), None);
    assert_eq!(findings.apart, Span::minutes(5));
}

/// Each attempt has its own channel's word, and silence where nothing was said.
#[test]
fn each_attempt_has_its_own_channels_word() {
    let [mut older, _] = ordered_again();
    let first = older.payment.channel_orders[0].no;
    let number =
        |attempt| ChannelOrderNo::new(older.payment.key, Channel::Wechat, Method::Native, attempt);
    let (second, third) = (number(2), number(3));
    for no in [second, third] {
        let mut order = older.payment.channel_orders[0].clone();
        order.no = no;
        older.payment.channel_orders.push(order);
    }
    older.said = vec![
        (second, ChannelWord::Unpaid),
        (first, ChannelWord::Returned),
    ];
    let findings = Findings::of(&[older]);
    let said: Vec<_> = findings.orders[0]
        .attempts
        .iter()
        .map(|a| (a.no, a.said))
        .collect();
    let expected = [
        (first, ChannelWord::Returned),
        (second, ChannelWord::Unpaid),
        (third, ChannelWord::Silent),
    ];
    assert_eq!(said, expected);
}

/// Two orders of one moment: neither was placed because of the other.
#[test]
fn two_orders_of_one_moment_are_both_wanted() {
    let first = paid(&opened(terms("one"), after(5)), "A", after(9));
    let second = paid(&opened(terms("two"), after(5)), "B", after(9));
    let both = [seen(&first, Some(after(9))), seen(&second, Some(after(9)))];
    let found = propose(Claim::PaidTwice, &Findings::of(&both));
    assert_eq!(found, Proposal::Person(ForPerson::BothWanted));
}

/// A day apart it may be one wish; a moment more and it is another.
#[test]
fn one_wish_lasts_a_day() {
    let day = 24 * 60;
    let opened_late = |minutes: u64| {
        let mut long = terms("one");
        long.expires_at = after(3 * day);
        let older = paid(&opened(long, START), "A", after(2 * day));
        let mut later = terms("two");
        later.expires_at = after(3 * day);
        let newer = paid(&opened(later, after(minutes)), "B", after(minutes + 1));
        let both = [
            seen(&older, Some(after(2 * day))),
            seen(&newer, Some(after(minutes + 1))),
        ];
        propose(Claim::PaidTwice, &Findings::of(&both))
    };
    assert_eq!(opened_late(day).name(), "refund");
    let found = opened_late(day + 1);
    assert_eq!(found, Proposal::Person(ForPerson::DifferentGoods));
}

#[test]
fn every_proposal_says_why_and_whether_it_is_proven() {
    let no = ordered_again()[0].payment.payment_no();
    let refund = Proposal::Refund {
        payment_no: no,
        amount: PRICE,
        kept: no,
    };
    let cases = [
        (refund, "ordered_again", true),
        (
            Proposal::Dismiss(Dismissal::PaidOnce(no)),
            "paid_once",
            true,
        ),
        (Proposal::Dismiss(Dismissal::NeverPaid), "never_paid", true),
        (Proposal::Wait, "not_known_yet", false),
        (Proposal::Person(ForPerson::ManyPaid), "many_paid", false),
    ];
    for (proposal, reason, proven) in cases {
        assert_eq!(proposal.reason(), reason);
        assert_eq!(proposal.is_proven(), proven, "{reason}");
    }
}
