//! Money arrives: the first in time pays, everything else goes back, and nothing disappears.

use super::world::{self, at, deadline};
use super::*;
use payonce_domain::fact::Occasion;
use payonce_domain::time::Span;
use payonce_domain::{AccountId, Evidence, Source};

fn lenient_pair() -> Tale {
    Tale::of(Mode::Lenient, PAGE).initiate(WAP)
}

fn late(way: Way, trade_no: &str) -> Fact {
    let paid_at = deadline().plus(Span::seconds(1));
    world::paid(first(way), trade_no, world::PRICE, paid_at)
}

fn by(source: Source, trade_no: &str, fen: u64) -> Fact {
    world::paid_by(first(PAGE), source, trade_no, fen, at(3))
}

/// F9, F10, F25, F26, F28, F29, F37, F38, F48: one payment, however and in whatever order it is told.
#[test]
fn paid_once() {
    let strict = |way| Tale::of(Mode::Strict, way);
    let cases = [
        (
            "F26: told twice",
            strict(PAGE).paid(first(PAGE), "A").paid(first(PAGE), "A"),
            "no change | paid | page paid | A 1999 applied",
        ),
        (
            "F28: the notification comes before the create's answer",
            strict(NATIVE)
                .paid(first(NATIVE), "A")
                .fact(world::made(first(NATIVE), "qr", None)),
            "noted | paid | native paid | A 1999 applied",
        ),
        (
            "F29, F38: closed is said after paid",
            strict(PAGE)
                .paid(first(PAGE), "A")
                .asked(first(PAGE), Report::Closed),
            "no change | paid | page paid | A 1999 applied",
        ),
        (
            "F29: not found is said after paid",
            strict(PAGE)
                .paid(first(PAGE), "A")
                .when(deadline().plus(Span::days(1)))
                .asked(first(PAGE), Report::NotFound),
            "no change | paid | page paid | A 1999 applied",
        ),
        (
            "F48: still unpaid",
            strict(PAGE).asked(first(PAGE), Report::Unpaid),
            "no change | paying | page pending",
        ),
        (
            "F9: no answer ends nothing, even after the deadline",
            strict(PAGE)
                .when(deadline().plus(Span::days(1)))
                .asked(first(PAGE), Report::NoAnswer),
            "no change | paying | page pending",
        ),
        (
            "S1: an unsigned hint moves nothing",
            strict(PAGE).fact(by(Source::Hint, "A", world::PRICE)),
            "no change | paying | page pending",
        ),
        (
            "F37: the right number under a foreign account",
            strict(PAGE).fact(Fact::Reported {
                no: first(PAGE),
                account: AccountId::new("somebody-else").unwrap(),
                evidence: Evidence {
                    source: Source::Notification,
                    digest: None,
                },
                occasion: Occasion::Told,
                report: world::paid_report("A", world::PRICE, at(3)),
            }),
            "no change | paying | page pending",
        ),
        (
            "F25: paid in time by the channel's clock, learnt after the deadline by ours",
            strict(PAGE)
                .when(deadline().plus(Span::minutes(3)))
                .paid(first(PAGE), "A"),
            "noted | paid | page paid | A 1999 applied",
        ),
        (
            "F10: money after a refusal is real money",
            strict(NATIVE)
                .fact(world::refused(first(NATIVE)))
                .paid(first(NATIVE), "A"),
            "noted | paid | native paid | A 1999 applied",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

/// F1, F35, F36, F37, F53, F60, F62, F79: two payments, another amount, another number, too late.
#[test]
fn paid_twice_or_wrongly() {
    let cases = [
        (
            "F62: the winner's siblings are closed at once",
            lenient_pair().paid(first(PAGE), "A"),
            "noted | paid | page paid, wap closing (paid elsewhere) | A 1999 applied",
        ),
        (
            "F1: both pages paid",
            lenient_pair().paid(second(WAP), "B").paid(first(PAGE), "A"),
            "noted | paid | page paid, wap paid | B 1999 applied, \
             A 1999 returning (duplicate_payment) | duplicate_payment 1999 due",
        ),
        (
            "F1: one channel order paid under two trades",
            Tale::of(Mode::Strict, PAGE)
                .paid(first(PAGE), "A")
                .paid(first(PAGE), "AA"),
            "noted | paid | page paid | A 1999 applied, AA 1999 returning (duplicate_payment) \
             | duplicate_payment 1999 due",
        ),
        (
            "F35: a wrong amount after the right one leaves the channel order paid",
            Tale::of(Mode::Strict, PAGE)
                .paid(first(PAGE), "A")
                .paid_with(first(PAGE), "AA", 1),
            "noted | paid | page paid | A 1999 applied, AA 1 returning (wrong_amount) \
             | wrong_amount 1 due",
        ),
        (
            "F35, F53: a wrong amount is recorded as it is, and goes back",
            Tale::of(Mode::Strict, PAGE).paid_with(first(PAGE), "A", 1),
            "noted | created | page failed | A 1 returning (wrong_amount) | wrong_amount 1 due",
        ),
        (
            "F35: and the buyer may pay again",
            Tale::of(Mode::Strict, PAGE)
                .paid_with(first(PAGE), "A", 2_000)
                .initiate(PAGE),
            "added | paying | page failed, page pending | A 2000 returning (wrong_amount) \
             | wrong_amount 2000 due",
        ),
        (
            "F36: an attempt the item does not hold, as after a restore",
            Tale::of(Mode::Strict, PAGE).paid(second(WAP), "B"),
            "noted | paid | page closing (paid elsewhere), wap paid | B 1999 applied",
        ),
        (
            "F36: after it was adopted its number is not given again",
            Tale::from(world::opened(Mode::Strict, None))
                .paid_with(second(PAGE), "B", 1)
                .initiate(PAGE),
            "added | paying | page failed, page pending | B 1 returning (wrong_amount) \
             | wrong_amount 1 due",
        ),
        (
            "F37: a number of another payment",
            Tale::of(Mode::Strict, PAGE).fact(world::paid(
                foreign_number(),
                "A",
                world::PRICE,
                at(3),
            )),
            "no change | paying | page pending",
        ),
        (
            "F79: the bill is the first to tell of money, of another amount, for an order long closed",
            Tale::of(Mode::Strict, PAGE)
                .close()
                .asked(first(PAGE), Report::Closed)
                .when(deadline().plus(Span::days(1)))
                .fact(by(Source::Bill, "A", 1_500)),
            "noted | closed | page failed | A 1500 returning (wrong_amount) | wrong_amount 1500 due",
        ),
        (
            "F60: paid after the deadline",
            Tale::of(Mode::Strict, PAGE).fact(late(PAGE, "A")),
            "noted | created | page paid | A 1999 returning (late_payment) | late_payment 1999 due",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

fn foreign_number() -> ChannelOrderNo {
    ChannelOrderNo::new(world::successor("order-2").key(), PAGE.0, PAGE.1, 1)
}

#[test]
fn contradictory_amounts_are_settled_by_rank_while_nothing_was_sent() {
    let told = |source, fen| Tale::of(Mode::Strict, PAGE).fact(by(source, "A", fen));
    let sent = told(Source::Notification, 1).begin(world::reversal(first(PAGE), "A"));
    let cases = [
        (
            "ladder: notification wrong, bill right",
            told(Source::Notification, 1).fact(by(Source::Bill, "A", world::PRICE)),
            "noted | paid | page paid | A 1999 applied | wrong_amount 1 failed \
             | case: amount contradiction",
        ),
        (
            "ladder: notification wrong, query says another wrong amount",
            told(Source::Notification, 1).fact(by(Source::Query, "A", 2)),
            "noted | created | page failed | A 2 returning (wrong_amount) | wrong_amount 1 failed, \
             wrong_amount #2 2 due | case: amount contradiction",
        ),
        (
            "ladder: the same rank settles nothing",
            told(Source::Notification, 1).fact(by(Source::Notification, "A", world::PRICE)),
            "noted | created | page failed | A 1 returning (wrong_amount) | wrong_amount 1 due \
             | case: amount contradiction",
        ),
        (
            "ladder: a weaker word settles nothing",
            told(Source::Bill, 1).fact(by(Source::Query, "A", world::PRICE)),
            "noted | created | page failed | A 1 returning (wrong_amount) | wrong_amount 1 due \
             | case: amount contradiction",
        ),
        (
            "ladder: a confirmed word has the rank of its confirmation",
            told(Source::Notification, 1)
                .fact(by(Source::Bill, "A", 1))
                .fact(by(Source::Query, "A", world::PRICE)),
            "noted | created | page failed | A 1 returning (wrong_amount) | wrong_amount 1 due \
             | case: amount contradiction",
        ),
        (
            "ladder: the bill takes nothing back that was applied",
            told(Source::Notification, world::PRICE).fact(by(Source::Bill, "A", 1)),
            "noted | paid | page paid | A 1999 applied | case: amount contradiction",
        ),
        (
            "ladder: nor a refund that was sent",
            sent.fact(by(Source::Bill, "A", world::PRICE)),
            "noted | created | page failed | A 1 returning (wrong_amount) | wrong_amount 1 sent \
             | case: amount contradiction",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

#[test]
fn unionpay_returns_late_captures_by_itself() {
    let waiting = || Tale::of(Mode::Strict, BANK).fact(late(BANK, "U"));
    let absent = || Fact::ReturnAbsent {
        trade_no: world::trade("U"),
    };
    let cases = [
        (
            "late on UnionPay: it waits",
            waiting(),
            "noted | created | gateway paid | U 1999 suspended (channel returns)",
        ),
        (
            "late on UnionPay, of a wrong amount: it waits as well",
            Tale::of(Mode::Strict, BANK).fact(world::paid(
                first(BANK),
                "U",
                1,
                deadline().plus(Span::seconds(1)),
            )),
            "noted | created | gateway failed | U 1 suspended (channel returns)",
        ),
        (
            "it is returned",
            waiting().fact(world::returned(first(BANK), "row-1", world::PRICE)),
            "noted | created | gateway paid | U 1999 suspended (channel returns) \
             | channel 1999 succeeded",
        ),
        (
            "the row is read twice",
            waiting()
                .fact(world::returned(first(BANK), "row-1", world::PRICE))
                .fact(world::returned(first(BANK), "row-1", world::PRICE)),
            "no change | created | gateway paid | U 1999 suspended (channel returns) \
             | channel 1999 succeeded",
        ),
        (
            "complete files show no return: ours to refund",
            waiting().fact(absent()),
            "noted | created | gateway paid | U 1999 returning (late_payment) \
             | late_payment 1999 due",
        ),
        (
            "a part is returned, the files show no more",
            waiting()
                .fact(world::returned(first(BANK), "row-1", 700))
                .fact(absent()),
            "noted | created | gateway paid | U 1999 returning (late_payment) \
             | channel 700 succeeded, late_payment 1299 due",
        ),
        (
            "one attempt paid twice, the second time late: what comes back is the late money",
            Tale::of(Mode::Strict, BANK)
                .paid(first(BANK), "W")
                .fact(late(BANK, "U"))
                .fact(world::returned(first(BANK), "row-1", world::PRICE)),
            "noted | paid | gateway paid | W 1999 applied, U 1999 suspended (channel returns) \
             | channel 1999 succeeded",
        ),
        (
            "absence is said of a winner: nothing",
            Tale::of(Mode::Strict, BANK)
                .paid(first(BANK), "U")
                .fact(absent()),
            "no change | paid | gateway paid | U 1999 applied",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
    let twice = Tale::of(Mode::Strict, BANK)
        .paid(first(BANK), "W")
        .fact(late(BANK, "U"))
        .fact(world::returned(first(BANK), "row-1", world::PRICE));
    assert_eq!(twice.payment.refunds[0].trade_no, world::trade("U"));
    let watched = waiting().payment;
    assert!(
        world::due(&watched).is_some_and(|due| due <= at(86_460)),
        "it is looked at daily"
    );
}

/// Money that came and went before we heard of it pays nothing; what we sent back ourselves is not
/// counted as the channel's doing.
#[test]
fn what_went_back_already_pays_nothing() {
    let price = world::fen(world::PRICE);
    let back = |trade: &str| Report::PaidBack {
        trade_no: world::trade(trade),
        amount: world::fen(world::PRICE),
        paid_at: at(3),
    };
    let news = Tale::of(Mode::Strict, PAGE).asked(first(PAGE), back("A"));
    let money = news.payment.money().unwrap();
    assert_eq!(news.payment.winner, None, "it never pays");
    assert_eq!((money.captured, money.refunded), (price, price));
    assert_eq!(news.payment.refunds.len(), 1);
    assert_eq!(
        news.payment.refunds[0].cause,
        payonce_domain::RefundCause::Channel
    );
    let known = news.payment.clone();
    let again = news.asked(first(PAGE), back("A"));
    assert_eq!(again.payment, known, "and once is enough");

    let late = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .asked(first(PAGE), back("A"));
    let money = late.payment.money().unwrap();
    assert_eq!((money.applied.minor(), money.refunded), (0, price));

    let no = world::reversal(first(PAGE), "AA");
    let ours = Tale::of(Mode::Strict, PAGE)
        .paid(first(PAGE), "A")
        .paid(first(PAGE), "AA")
        .begin(no)
        .asked(first(PAGE), back("AA"));
    let money = ours.payment.money().unwrap();
    assert_eq!(
        (money.applied, money.refunded.minor()),
        (price, 0),
        "ours is still asked about"
    );
}
