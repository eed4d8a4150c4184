//! Histories are replayed, told of, and refused where an entry is not what was decided.

use payonce_domain::history::{BrokenHistory, Entry, announcements, paid_known_at, replay};
use payonce_domain::{AnnouncementKind, Decision, Fact, Input, Mode, Payment, Version};

use super::{Command, PAGE, WAP, decide, first, second, world};

/// A payment and every entry of its history.
struct Kept {
    payment: Payment,
    entries: Vec<Entry>,
}

impl Kept {
    fn opened() -> Self {
        let choice = Some(world::choice(PAGE));
        let opening = decide::open(world::terms(Mode::Lenient), choice, world::START).unwrap();
        Self {
            entries: opening.entry().cloned().into_iter().collect(),
            payment: opening.into_payment(),
        }
    }

    fn fact(self, seconds: u64, fact: Fact) -> Self {
        let decision = decide::on_fact(&self.payment, fact, world::at(seconds));
        self.kept(decision)
    }

    fn command(self, seconds: u64, command: Command) -> Self {
        let decision = decide::on_command(&self.payment, command, world::at(seconds)).unwrap();
        self.kept(decision)
    }

    fn kept(mut self, decision: Decision) -> Self {
        self.entries.extend(decision.entry().cloned());
        self.payment = decision.into_payment();
        self
    }
}

/// Opened, a second page opened, paid by the first, and by the second as well.
fn paid_twice() -> Kept {
    Kept::opened()
        .command(1, world::initiate(WAP, false))
        .fact(
            5,
            world::paid(first(PAGE), "T1", world::PRICE, world::at(3)),
        )
        .fact(
            9,
            world::paid(second(WAP), "T2", world::PRICE, world::at(4)),
        )
}

fn broken(entries: &[Entry], at: u64, why: &'static str) {
    let at = Version(at);
    assert_eq!(replay(entries), Err(BrokenHistory { at, why }));
    assert_eq!(announcements(entries), Err(BrokenHistory { at, why }));
    assert_eq!(paid_known_at(entries), None, "{why}");
}

#[test]
fn every_announcement_is_found_once_in_its_order() {
    let kept = paid_twice();
    let made = announcements(&kept.entries).unwrap();
    let told: Vec<_> = made.iter().map(|a| (a.sequence, a.kind)).collect();
    let expected = [
        (1, AnnouncementKind::Paid),
        (2, AnnouncementKind::ExtraCapture),
    ];
    assert_eq!(told, expected);
    let opened = Kept::opened();
    assert_eq!(announcements(&opened.entries), Ok(Vec::new()));
}

#[test]
fn the_first_word_that_it_is_paid_counts() {
    let kept = paid_twice();
    assert_eq!(paid_known_at(&kept.entries), Some(world::at(5)));
    let unpaid = Kept::opened().command(1, world::initiate(WAP, false));
    assert_eq!(paid_known_at(&unpaid.entries), None);
}

#[test]
fn what_is_replayed_is_what_was_decided() {
    let kept = paid_twice();
    for length in 1..=kept.entries.len() {
        assert!(replay(&kept.entries[..length]).is_ok());
    }
    assert_eq!(replay(&kept.entries), Ok(kept.payment));
}

#[test]
fn what_was_not_decided_so_is_refused() {
    let kept = paid_twice();
    let good = &kept.entries;
    broken(&[], 0, "it is empty");
    broken(&good[1..], 2, "nothing was opened");

    let mut twice = good.clone();
    twice.push(Entry {
        version: Version(5),
        ..good[0].clone()
    });
    broken(&twice, 5, "it is opened twice");

    // Whatever touched a damaged record stands in its history, also where it changes nothing of what it should have been.
    let mut repeated = good[..2].to_vec();
    repeated.push(Entry {
        version: Version(3),
        ..good[1].clone()
    });
    let mut expected = replay(&good[..2]).unwrap();
    expected.version = Version(3);
    assert_eq!(replay(&repeated), Ok(expected));

    let mut gap = good.clone();
    gap.remove(1);
    broken(&gap, 3, "a version is missing or repeated");

    let mut refused = good.clone();
    let no = second(WAP);
    refused.push(Entry {
        version: Version(5),
        at: world::at(10),
        input: Input::Command(Command::BeginReversal { no }),
    });
    broken(&refused, 5, "the command is refused");
}
