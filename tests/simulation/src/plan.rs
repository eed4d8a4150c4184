//! The plan of a seed: which faults it enables, for how long, and what people do.

use payonce_domain::{Channel, Method, Mode};

use crate::chance::Chance;
use crate::fault::{Fault, Faults};

/// When every world begins; a Friday noon in Beijing.
pub(crate) const START_MS: u64 = 1_795_147_200_000;
const MINUTE: u64 = 60_000;

/// Ways to pay that the simulated channels know.
pub(crate) const WAYS: [(Channel, Method); 5] = [
    (Channel::Alipay, Method::Page),
    (Channel::Wechat, Method::Native),
    (Channel::Unionpay, Method::Gateway),
    (Channel::Alipay, Method::Code),
    (Channel::Wechat, Method::Code),
];

/// What an operator does about one order at the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Has the channels asked.
    Query,
    /// Closes it.
    Close,
    /// Has the merchant told again.
    TellAgain,
    /// Has what waits for a person tried again.
    Resume,
    /// Approves that so many tenths of the price go back; which of two operators.
    Approve(u8, u8),
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The merchant initiates an order, or repeats it.
    Pay {
        /// Which order.
        order: u8,
        /// By which way.
        way: u8,
        /// Whether the buyer gives up the others.
        switch: bool,
        /// Whether the amount differs from the first time.
        other_amount: bool,
        /// Whether it replaces the order before it.
        replaces: bool,
    },
    /// The merchant closes an order.
    Close(u8),
    /// The merchant gives so many tenths of the price back; which request.
    GiveBack(u8, u8, u8),
    /// Somebody asks how an order stands.
    Refresh(u8),
    /// The merchant wants to be told again.
    TellAgain(u8),
    /// An operator stops refunds, or lets them go again.
    Switch(bool),
    /// An operator does something about an order.
    Operator(u8, Hand),
}

/// Everything about a seed that is fixed before it runs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Which faults may strike.
    pub faults: Faults,
    /// After how many faults none strikes any more; for shortening.
    pub faults_max: u64,
    /// When faults stop, in milliseconds since the epoch.
    pub faults_until: u64,
    /// The merchant's mode.
    pub mode: Mode,
    /// What an order costs, in fen.
    pub price: u64,
    /// How long an order can be paid, in milliseconds.
    pub lasts: u64,
    /// What is done, and when.
    pub deeds: Vec<(u64, Deed)>,
    /// How eagerly buyers pay what they can, in hundredths.
    pub eagerness: u64,
    /// Whether the channels speak their real words, signatures included.
    pub real: bool,
    /// How much may be refunded by itself in an hour, in fen, where there is a cap: one price and what a wrong amount
    /// is too much by, since a refund that is more than the cap waits for whoever set it.
    pub hourly_cap: Option<u64>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed, 1);
        // Half of the seeds enable about a quarter of the classes, the others about half or none.
        let bits = match chance.below(8) {
            0 => 0,
            1..=4 => chance.number() & chance.number(),
            _ => chance.number(),
        };
        let lasts = chance.pick(&[4, 10, 30, 60]) * MINUTE;
        let mode = chance.pick(&[Mode::Strict, Mode::Lenient]);
        let mut deeds = Vec::new();
        orders(&mut deeds, &mut chance, lasts);
        deeds.sort_by_key(|(at, _)| *at);
        let price = chance.pick(&[100, 1_999, 88_800]);
        Self {
            seed,
            faults: Faults::drawn(bits),
            faults_max: u64::MAX,
            faults_until: START_MS + chance.between(1, 3) * lasts / 2 + chance.below(90 * MINUTE),
            mode,
            price,
            lasts,
            deeds,
            eagerness: chance.pick(&[0, 40, 80, 100]),
            real: false,
            hourly_cap: chance.one_in(8).then_some(price + 1),
        }
    }

    /// The same plan over the channels' real words.
    #[must_use]
    pub fn over_real_channels(self) -> Self {
        Self { real: true, ..self }
    }

    /// Whether an order's second wishes come by its payment number.
    #[must_use]
    pub const fn asks_by_number(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    /// Whether a class is enabled.
    #[must_use]
    pub fn enables(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }
}

fn orders(deeds: &mut Vec<(u64, Deed)>, chance: &mut Chance, lasts: u64) {
    let orders = if chance.one_in(5) { 2 } else { 1 };
    for order in 0..orders {
        let begin = START_MS + 1_000 + u64::from(order) * chance.between(5_000, lasts / 2);
        let first = way(chance);
        let pay = |way, switch, replaces| Deed::Pay {
            order,
            way,
            switch,
            other_amount: false,
            replaces,
        };
        let replaces = order > 0 && chance.one_in(2);
        deeds.push((begin, pay(first, false, replaces)));
        for _ in 0..chance.below(3) {
            let at = begin + chance.pick(&[5, 300, 3_000, 13_000, 40_000]) + chance.below(400);
            deeds.push((at, pay(first, false, replaces)));
        }
        for _ in 0..chance.below(4) {
            let at = begin + chance.between(1_000, lasts / 2);
            let (other, switch) = (way(chance), chance.one_in(2));
            deeds.push((at, pay(other, switch, false)));
        }
        if chance.one_in(8) {
            let other = Deed::Pay {
                order,
                way: first,
                switch: false,
                other_amount: true,
                replaces: false,
            };
            deeds.push((begin + chance.between(100, lasts), other));
        }
        others(deeds, chance, order, begin, lasts);
    }
}

fn others(deeds: &mut Vec<(u64, Deed)>, chance: &mut Chance, order: u8, begin: u64, lasts: u64) {
    if chance.one_in(4) {
        deeds.push((
            begin + chance.between(500, lasts + lasts / 2),
            Deed::Close(order),
        ));
    }
    for request in 0..3 {
        if chance.one_in(5) {
            let tenths = chance.pick(&[1, 3, 5, 10]);
            let at = begin + chance.between(10_000, 2 * lasts);
            deeds.push((at, Deed::GiveBack(order, request, tenths)));
            if chance.one_in(3) {
                deeds.push((
                    at + chance.below(2_000),
                    Deed::GiveBack(order, request, tenths),
                ));
            }
        }
    }
    for _ in 0..chance.below(3) {
        deeds.push((begin + chance.between(100, 2 * lasts), Deed::Refresh(order)));
    }
    if chance.one_in(10) {
        deeds.push((
            begin + chance.between(lasts / 2, 2 * lasts),
            Deed::TellAgain(order),
        ));
    }
    by_hand(deeds, chance, order, begin, lasts);
    if chance.one_in(10) {
        let off = begin + chance.below(lasts);
        deeds.push((off, Deed::Switch(false)));
        deeds.push((off + chance.between(1_000, lasts), Deed::Switch(true)));
    }
}

/// What operators do, mostly when something else is under way, and the same thing twice.
fn by_hand(deeds: &mut Vec<(u64, Deed)>, chance: &mut Chance, order: u8, begin: u64, lasts: u64) {
    if !chance.one_in(3) {
        return;
    }
    for _ in 0..chance.between(1, 3) {
        let tenths = chance.pick(&[1, 5, 10]);
        let hand = chance.pick(&[
            Hand::Query,
            Hand::Close,
            Hand::TellAgain,
            Hand::Resume,
            Hand::Approve(tenths, 0),
            Hand::Approve(tenths, 1),
        ]);
        let at = begin + chance.between(500, 2 * lasts);
        deeds.push((at, Deed::Operator(order, hand)));
        if let Hand::Approve(_, other) = hand {
            let again = Hand::Approve(tenths, if chance.one_in(2) { other } else { 1 - other });
            let at = at + chance.pick(&[3, 60, 9_000, 400_000]);
            deeds.push((at, Deed::Operator(order, again)));
        }
    }
}

/// Ordinary ways are drawn more often than payment codes.
fn way(chance: &mut Chance) -> u8 {
    chance.pick(&[0, 0, 0, 1, 1, 1, 2, 2, 3, 4])
}
