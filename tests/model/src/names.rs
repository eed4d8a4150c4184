//! One merchant's order, the two ways to pay it, and the numbers they have.

use std::collections::BTreeMap;

use payonce_domain::{
    AccountId, Channel, ChannelChoice, ChannelOrderNo, ChannelTradeNo, Command, Digest, Evidence,
    MerchantId, MerchantOrderNo, MerchantRefundNo, Method, Mode, Money, Source, Stretch, Terms,
};

use crate::clock::deadline;

/// The number of an attempt.
pub type No = ChannelOrderNo;

/// A way to pay: a channel and a method of it.
pub type Way = (Channel, Method);

/// What the order costs.
pub const PRICE: Money = Money::from_fen(1_999);

/// What the merchant gives back, if it does.
pub const PART: Money = Money::from_fen(500);

/// What the merchant asked for.
#[must_use]
pub fn terms(mode: Mode) -> Terms {
    Terms {
        merchant_id: name(MerchantId::new("m")),
        merchant_order_no: name(MerchantOrderNo::new("o")),
        mode,
        amount: PRICE,
        subject: "t".to_owned(),
        expires_at: deadline(),
        return_url: None,
        notify_url: None,
        client_ip: None,
        payer: None,
        metadata: BTreeMap::new(),
    }
}

/// A way to pay, as it is asked for.
#[must_use]
pub fn choice(way: Way) -> ChannelChoice {
    ChannelChoice {
        channel: way.0,
        method: way.1,
        account: account(),
        bank: None,
        stretch: Stretch::NONE,
    }
}

/// A client's request for a payment that is there already.
#[must_use]
pub fn initiate(way: Way, switch: bool) -> Command {
    Command::Initiate {
        amount: PRICE,
        subject: "t".to_owned(),
        choice: Some(choice(way)),
        switch,
    }
}

/// The merchant gives a part back.
#[must_use]
pub fn give_back() -> Command {
    Command::Refund {
        request: name(MerchantRefundNo::new("r")),
        amount: PART,
        reason: None,
    }
}

/// The merchant's contract, the same with every channel.
#[must_use]
pub fn account() -> AccountId {
    name(AccountId::new("a"))
}

/// The channel's number for what it takes for an attempt: an honest one takes money once.
#[must_use]
pub fn trade_no(no: No) -> ChannelTradeNo {
    name(ChannelTradeNo::new(format!("T{}", no.attempt())))
}

/// A claim that holds, with a message behind it.
#[must_use]
pub fn evidence(source: Source) -> Evidence {
    Evidence {
        source,
        digest: Some(Digest::from_bytes([7; 32])),
    }
}

fn name<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.expect("the model's own names are well formed")
}
