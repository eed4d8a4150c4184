//! Closing: what ends an attempt, what does not, and what a success means meanwhile.

use super::world::{self, deadline};
use super::*;
use payonce_domain::fact::Occasion;
use payonce_domain::time::Span;
use payonce_domain::{Source, Version};

fn strict() -> Tale {
    Tale::of(Mode::Strict, PAGE)
}

fn expired() -> Tale {
    strict().when(deadline()).tick()
}

fn closed(occasion: Occasion) -> Fact {
    world::said(first(PAGE), Source::Query, occasion, Report::Closed)
}

#[test]
fn what_proves_an_attempt_closed() {
    let margin = deadline().plus(world::MARGIN);
    let cases = [
        (
            "F55: closing first, closed when the query says so",
            strict().close().asked(first(PAGE), Report::Closed),
            "noted | closed | page closed",
        ),
        (
            "F57: a close that got no answer proves nothing",
            strict().close().asked(first(PAGE), Report::NoAnswer),
            "no change | closing (merchant) | page closing (merchant)",
        ),
        (
            "F43: closed was answered at another version",
            strict().close().fact(closed(Occasion::Asked(Version(1)))),
            "no change | closing (merchant) | page closing (merchant)",
        ),
        (
            "F38: closed was told by a notification, and is asked for",
            strict().close().fact(closed(Occasion::Told)),
            "no change | closing (merchant) | page closing (merchant)",
        ),
        (
            "F49: not found before the deadline",
            strict().asked(first(PAGE), Report::NotFound),
            "no change | paying | page pending",
        ),
        (
            "F49: not found after the deadline, within the margin",
            expired()
                .when(margin.minus(Span::millis(1)))
                .asked(first(PAGE), Report::NotFound),
            "no change | closing (expiry) | page closing (expiry)",
        ),
        (
            "F22, F49: not found, and a create that was never answered may still be taken",
            Tale::of(Mode::Strict, NATIVE)
                .when(margin)
                .tick()
                .asked(first(NATIVE), Report::NotFound),
            "no change | closing (expiry) | native closing (expiry)",
        ),
        (
            "F22, F49: placed once more and refused for its expiry, and not found again",
            Tale::of(Mode::Strict, NATIVE)
                .when(margin)
                .tick()
                .fact(world::refused(first(NATIVE)))
                .asked(first(NATIVE), Report::NotFound),
            "noted | closed | native closed",
        ),
        (
            "F22, F49: placed once more and made: the channel has to close it",
            Tale::of(Mode::Strict, NATIVE)
                .when(margin)
                .tick()
                .fact(world::made(first(NATIVE), "qr", None))
                .asked(first(NATIVE), Report::Closed),
            "noted | closed | native closed",
        ),
        (
            "F49: not found once the margin has passed",
            expired().when(margin).asked(first(PAGE), Report::NotFound),
            "noted | closed | page closed",
        ),
        (
            "F50: and then it was paid after all",
            expired()
                .when(margin)
                .asked(first(PAGE), Report::NotFound)
                .paid(first(PAGE), "A"),
            "noted | closed | page paid | A 1999 returning (late_payment) | late_payment 1999 due",
        ),
        (
            "F51: the deadline with no attempt open",
            Tale::from(world::opened(Mode::Strict, None))
                .when(deadline())
                .tick(),
            "noted | closed",
        ),
        (
            "F25: two seconds before the deadline the timer counts as come",
            strict().when(deadline().minus(Span::seconds(2))).tick(),
            "noted | closing (expiry) | page closing (expiry)",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

#[test]
fn a_success_while_closing() {
    let late = deadline().plus(Span::seconds(1));
    let paid_late = || world::paid(first(PAGE), "A", world::PRICE, late);
    let returned =
        "noted | closed | page paid | A 1999 returning (late_payment) | late_payment 1999 due";
    let applied = "noted | paid | page paid | A 1999 applied";
    let cases = [
        (
            "F56: expiry, in time",
            expired().paid(first(PAGE), "A"),
            applied,
        ),
        (
            "contract: expiry, too late",
            expired().fact(paid_late()),
            returned,
        ),
        (
            "contract: the merchant closed",
            strict().close().paid(first(PAGE), "A"),
            returned,
        ),
        (
            "contract: the merchant closed while it was expiring",
            expired().close().paid(first(PAGE), "A"),
            returned,
        ),
        (
            "contract: a switch, in time",
            strict().switch(NATIVE).paid(first(PAGE), "A"),
            applied,
        ),
        (
            "contract: a switch, then the deadline, in time",
            strict()
                .switch(NATIVE)
                .when(deadline())
                .tick()
                .paid(first(PAGE), "A"),
            applied,
        ),
        (
            "F60: after it closed",
            strict()
                .close()
                .asked(first(PAGE), Report::Closed)
                .paid(first(PAGE), "A"),
            returned,
        ),
        (
            "F62: the loser pays after the winner",
            Tale::of(Mode::Lenient, PAGE)
                .initiate(WAP)
                .paid(first(PAGE), "A")
                .asked(second(WAP), Report::Closed)
                .paid(second(WAP), "B"),
            "noted | paid | page paid, wap paid | A 1999 applied, \
             B 1999 returning (duplicate_payment) | duplicate_payment 1999 due",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

#[test]
fn the_merchant_closes() {
    let cases = [
        (
            "contract: nothing was open",
            Tale::from(world::opened(Mode::Strict, None)).close(),
            "noted | closed",
        ),
        (
            "contract: it is paid",
            strict().paid(first(PAGE), "A").close(),
            "refused: already paid | paid | page paid | A 1999 applied",
        ),
        (
            "F61: the item moved since the channel was asked",
            strict()
                .switch(NATIVE)
                .command(Command::Close { asked: Version(1) }),
            "refused: moved | paying | page closing (switch)",
        ),
        (
            "contract: closed before",
            strict().close().asked(first(PAGE), Report::Closed).close(),
            "noted | closed | page closed",
        ),
        (
            "a superseded payment stays superseded",
            strict().command(world::supersede("order-2")).close(),
            "noted | closing (superseded) | page closing (superseded)",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

#[test]
fn creates_that_were_not_answered() {
    let native = || Tale::of(Mode::Strict, NATIVE);
    let repeated = || native().at(13).initiate(NATIVE);
    let no = first(NATIVE);
    let cases = [
        (
            "F11: a refusal while another create is out proves nothing",
            repeated().fact(world::refused(no)),
            "noted | paying | native closing (refused)",
        ),
        (
            "F11: and a success of the other one pays",
            repeated().fact(world::refused(no)).paid(no, "A"),
            "noted | paid | native paid | A 1999 applied",
        ),
        (
            "F11: both are answered, both refused",
            repeated().fact(world::refused(no)).fact(world::refused(no)),
            "noted | paying | native closing (refused)",
        ),
        (
            "a late answer hands nothing out once closing",
            repeated().close().fact(world::made(no, "qr", None)),
            "noted | closing (merchant) | native closing (merchant)",
        ),
        (
            "F1: lenient, the same channel again while the refused one is closing",
            Tale::of(Mode::Lenient, NATIVE)
                .at(13)
                .initiate(NATIVE)
                .fact(world::refused(no))
                .initiate(NATIVE),
            "added | paying | native closing (refused), native submitted",
        ),
    ];
    for (name, tale, end) in &cases {
        check(name, tale, end);
    }
}

#[test]
fn the_first_stored_action_stands_until_it_expires() {
    let no = first(NATIVE);
    let twice = Tale::of(Mode::Strict, NATIVE)
        .at(13)
        .initiate(NATIVE)
        .fact(world::made(no, "first", Some(world::at(300))))
        .fact(world::made(no, "second", Some(world::at(310))));
    let shown = |tale: &Tale| format!("{:?}", tale.payment.channel_orders[0].action);
    assert!(
        shown(&twice).contains("first"),
        "a link was exchanged under the buyer"
    );
    let afresh = twice
        .at(301)
        .initiate(NATIVE)
        .fact(world::made(no, "third", None));
    assert!(shown(&afresh).contains("third"), "an expired link was kept");
}
