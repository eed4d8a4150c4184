//! The words of the HTTP contract and of the records: others have stored them and compare with them, so none may change,
//! and each must be read as what it was written for.

use std::fmt::Debug;

use payonce_domain::appeal::bill::{BillWord, FindingEnd};
use payonce_domain::appeal::findings::{ChannelWord, SameBuyer};
use payonce_domain::appeal::{Claim, ForPerson, NewsKind, Party, Position};
use payonce_domain::reconciliation::{DiscrepancyClass, Proposal};
use payonce_domain::{
    AnnouncementKind, AppealState, BuyerAct, Channel, DelayedMessageState, Method, Movement,
    RefundCause, RefundState,
};

fn assert_words<T: Copy>(all: &[T], name: fn(T) -> &'static str, words: &[&str]) {
    let named: Vec<_> = all.iter().map(|one| name(*one)).collect();
    assert_eq!(named, words);
}

fn assert_read<T: Copy + Debug + PartialEq>(
    all: &[T],
    name: fn(T) -> &'static str,
    read: fn(&str) -> Option<T>,
    words: &[&str],
) {
    assert_words(all, name, words);
    for (one, word) in all.iter().zip(words) {
        assert_eq!(read(word), Some(*one), "{word}");
    }
    for stranger in ["", "xyzzy", &words[0].to_uppercase()] {
        assert_eq!(read(stranger), None, "{stranger}");
    }
}

#[test]
fn ways_to_pay() {
    let words = ["alipay", "wechat", "unionpay"];
    assert_read(&Channel::ALL, Channel::name, Channel::from_name, &words);
    let words = ["page", "wap", "native", "jsapi", "h5", "gateway", "code"];
    assert_read(&Method::ALL, Method::name, Method::from_name, &words);
}

/// They stand in every channel order number, and numbers are read back for as long as money may move.
#[test]
fn letters_of_channel_order_numbers() {
    let letters: String = Channel::ALL.into_iter().map(Channel::letter).collect();
    assert_eq!(letters, "AWU");
    for channel in Channel::ALL {
        assert_eq!(Channel::from_letter(channel.letter()), Some(channel));
    }
    let letters: String = Method::ALL.into_iter().map(Method::letter).collect();
    assert_eq!(letters, "PWNJHGC");
    for method in Method::ALL {
        assert_eq!(Method::from_letter(method.letter()), Some(method));
    }
    assert_eq!(Channel::from_letter('Z'), None);
    assert_eq!(Method::from_letter('Z'), None);
}

#[test]
fn refunds() {
    let causes = [
        "duplicate_payment",
        "late_payment",
        "wrong_amount",
        "merchant_request",
        "appeal",
        "reconciliation",
        "channel",
        "operator",
    ];
    assert_words(&RefundCause::ALL, RefundCause::name, &causes);
    let states = ["due", "sent", "accepted", "succeeded", "failed", "manual"];
    assert_words(&RefundState::ALL, RefundState::name, &states);
}

#[test]
fn announcements() {
    let words = [
        "payment.paid",
        "payment.closed",
        "refund.succeeded",
        "refund.failed",
        "refund.needs_person",
        "anomaly.detected",
        "anomaly.detected",
    ];
    assert_words(&AnnouncementKind::ALL, AnnouncementKind::name, &words);
}

#[test]
fn delayed_messages() {
    let words = [
        "scheduled",
        "delivering",
        "retrying",
        "delivered",
        "cancelled",
        "dead",
    ];
    let (name, read) = (DelayedMessageState::name, DelayedMessageState::from_name);
    assert_read(&DelayedMessageState::ALL, name, read, &words);
}

#[test]
fn appeals() {
    let words = ["buyer", "merchant", "supplier", "platform"];
    assert_read(&Party::ALL, Party::name, Party::from_name, &words);
    let words = ["paid_twice", "other"];
    assert_read(&Claim::ALL, Claim::name, Claim::from_name, &words);
    let words = ["supports", "opposes", "neutral"];
    assert_read(&Position::ALL, Position::name, Position::from_name, &words);
    let words = [
        "gathering",
        "hearing",
        "ripe",
        "ruled",
        "returning",
        "upheld",
        "dismissed",
        "withdrawn",
    ];
    let (name, read) = (AppealState::name, AppealState::from_name);
    assert_read(&AppealState::ALL, name, read, &words);
    let words = [
        "appeal.opened",
        "appeal.stated",
        "appeal.upheld",
        "appeal.dismissed",
        "appeal.withdrawn",
        "appeal.overdue",
    ];
    assert_words(&NewsKind::ALL, NewsKind::event, &words);
    let words = [
        "other_claim",
        "different_goods",
        "not_one_buyer",
        "both_wanted",
        "many_paid",
        "partly_returned",
        "suspense",
        "bill_differs",
    ];
    assert_words(&ForPerson::ALL, ForPerson::name, &words);
    let words = ["paid", "returned", "unpaid", "nothing", "silent"];
    assert_words(&ChannelWord::ALL, ChannelWord::name, &words);
    assert_words(&SameBuyer::ALL, SameBuyer::name, &["yes", "no", "unknown"]);
    let words = ["waiting", "matched", "nothing", "differs"];
    assert_words(&BillWord::ALL, BillWord::name, &words);
    let words = ["open", "repaired", "settled"];
    assert_words(&FindingEnd::ALL, FindingEnd::name, &words);
}

#[test]
fn reconciliation() {
    let words = [
        "channel_only",
        "ledger_only",
        "amount_differs",
        "status_differs",
        "fee_differs",
        "refund_channel_only",
        "refund_ledger_only",
        "foreign",
        "duplicate_line",
        "unreadable_line",
    ];
    let (name, read) = (DiscrepancyClass::name, DiscrepancyClass::from_name);
    assert_read(&DiscrepancyClass::ALL, name, read, &words);
    let words = [
        "repaired",
        "query_channel",
        "hold_back",
        "ask_channel",
        "ask_merchant",
        "look_at_case",
        "note",
    ];
    assert_read(&Proposal::ALL, Proposal::name, Proposal::from_name, &words);
    let movements = [Movement::Payment, Movement::Refund];
    let (name, read) = (Movement::name, Movement::from_name);
    assert_read(&movements, name, read, &["payment", "refund"]);
}

#[test]
fn what_buyers_did() {
    let plain = [
        (BuyerAct::Opened, "opened"),
        (BuyerAct::WentBack, "went-back"),
        (BuyerAct::Returned, "returned"),
        (BuyerAct::Asked, "asked"),
        (BuyerAct::GaveUp, "gave-up"),
        (BuyerAct::OrderedAnew, "ordered-anew"),
    ];
    let with_bank = [
        (BuyerAct::Chose(Channel::Unionpay), "chose-unionpay"),
        (BuyerAct::Left(Channel::Alipay), "left-for-alipay"),
        (BuyerAct::Switched(Channel::Wechat), "switched-to-wechat"),
        (
            BuyerAct::Insisted(Channel::Unionpay),
            "insisted-on-unionpay",
        ),
    ];
    for (act, word) in plain.into_iter().chain(with_bank) {
        assert_eq!(act.name(), word);
        assert_eq!(BuyerAct::from_name(word), Some(act));
    }
    assert_eq!(BuyerAct::from_name("opened-alipay"), None);
}
