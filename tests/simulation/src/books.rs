//! The channels' books: what was really taken and given back. The auditor trusts nothing else.
//!
//! The channels are honest and mean: they carry out each refund number once and cap nothing, answer
//! late or not at all, take money for a WeChat order after its deadline until somebody closes it, and return
//! UnionPay's late captures by themselves days later.

use std::collections::BTreeMap;

use payonce_domain::{Channel, Method};

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    UnderWay,
    Done,
    Failed,
}

/// A refund the channel was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Returned {
    pub(crate) amount: u64,
    pub(crate) moved: Moved,
    /// When it went back, or was asked for.
    pub(crate) at: u64,
}

impl Returned {
    pub(crate) const fn new(amount: u64, moved: Moved, at: u64) -> Self {
        Self { amount, moved, at }
    }
}

/// What was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) trade_no: String,
    pub(crate) amount: u64,
    pub(crate) paid_at: u64,
    pub(crate) late: bool,
}

/// How an order stands at its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    Paid,
    Closed,
}

/// An order at a channel.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    pub(crate) channel: Channel,
    pub(crate) method: Method,
    pub(crate) account: String,
    pub(crate) amount: u64,
    pub(crate) expires_at: u64,
    pub(crate) made_at: u64,
    pub(crate) standing: Standing,
    pub(crate) taken: Option<Taken>,
    pub(crate) refunds: BTreeMap<String, Returned>,
    pub(crate) reversed: bool,
    /// Whether the channel's front desk has forgotten that it took money: only its books know, and the bill.
    pub(crate) forgotten: bool,
}

impl Trade {
    /// What went back, in fen.
    pub(crate) fn returned(&self) -> u64 {
        let done = self
            .refunds
            .values()
            .filter(|refund| refund.moved == Moved::Done);
        done.map(|refund| refund.amount).sum()
    }

    /// What the channel still holds for the merchant.
    pub(crate) fn held(&self) -> i64 {
        let taken = self.taken.as_ref().map_or(0, |taken| taken.amount);
        signed(taken) - signed(self.returned())
    }
}

fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

/// All orders at all channels.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) trades: BTreeMap<String, Trade>,
    next: u64,
}

/// A request as the channel reads it.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) operation: String,
    pub(crate) channel: Channel,
    pub(crate) method: Method,
    pub(crate) account: String,
    pub(crate) no: String,
    pub(crate) amount: u64,
    pub(crate) expires_at: u64,
    pub(crate) created_at: u64,
    pub(crate) refund_no: String,
    pub(crate) refund_amount: u64,
    pub(crate) auth_code: String,
}

/// How long a payment code (付款码) can be used.
const CODE_LIFE_MS: u64 = 180_000;
/// When a channel says of an unknown order that it never was.
const NEVER_WAS_MS: u64 = 600_000;
/// How young a WeChat order is not closed.
const CLOSE_WAIT_MS: u64 = 300_000;

impl Ask {
    /// Writes it for the wire.
    pub(crate) fn write(&self) -> String {
        format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
            self.operation,
            self.channel.name(),
            self.method.name(),
            self.account,
            self.no,
            self.amount,
            self.expires_at,
            self.created_at,
            self.refund_no,
            self.refund_amount,
            self.auth_code
        )
    }

    /// Reads it from the wire.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let parts: Vec<_> = text.split('|').collect();
        let number = |index: usize| parts.get(index)?.parse().ok();
        Some(Self {
            operation: (*parts.first()?).to_owned(),
            channel: Channel::from_name(parts.get(1)?)?,
            method: Method::from_name(parts.get(2)?)?,
            account: (*parts.get(3)?).to_owned(),
            no: (*parts.get(4)?).to_owned(),
            amount: number(5)?,
            expires_at: number(6)?,
            created_at: number(7)?,
            refund_no: (*parts.get(8)?).to_owned(),
            refund_amount: number(9)?,
            auth_code: (*parts.get(10)?).to_owned(),
        })
    }
}

impl Books {
    /// The order becomes known, if it is not.
    pub(crate) fn make(&mut self, ask: &Ask, now: u64) -> &mut Trade {
        self.trades.entry(ask.no.clone()).or_insert_with(|| Trade {
            channel: ask.channel,
            method: ask.method,
            account: ask.account.clone(),
            amount: ask.amount,
            expires_at: ask.expires_at,
            made_at: now,
            standing: Standing::Waiting,
            taken: None,
            refunds: BTreeMap::new(),
            reversed: false,
            forgotten: false,
        })
    }

    /// When money moved last.
    pub(crate) fn last_movement(&self) -> Option<u64> {
        let trades = self.trades.values();
        let times = trades.flat_map(|trade| {
            let taken = trade.taken.iter().map(|taken| taken.paid_at);
            taken.chain(trade.refunds.values().map(|refund| refund.at))
        });
        times.max()
    }

    /// Time has passed for an order: Alipay and UnionPay close what is past its deadline.
    fn age(&mut self, no: &str, now: u64) {
        if let Some(trade) = self.trades.get_mut(no) {
            let enforced = match trade.channel {
                Channel::Alipay | Channel::Unionpay => true,
                Channel::Wechat => false,
            };
            if enforced && trade.standing == Standing::Waiting && now > trade.expires_at {
                trade.standing = Standing::Closed;
            }
        }
    }

    /// The buyer pays. Whether money moved.
    pub(crate) fn pay(&mut self, no: &str, amount: u64, now: u64, after_deadline: bool) -> bool {
        if !after_deadline {
            self.age(no, now);
        }
        self.next += 1;
        let number = self.next;
        let Some(trade) = self.trades.get_mut(no) else {
            return false;
        };
        let bank_page =
            after_deadline && trade.channel == Channel::Unionpay && trade.taken.is_none();
        if trade.standing != Standing::Waiting && !bank_page {
            return false;
        }
        trade.standing = Standing::Paid;
        trade.taken = Some(Taken {
            trade_no: format!("T{number:08}{}", trade.channel.letter()),
            amount,
            paid_at: now,
            late: now > trade.expires_at,
        });
        true
    }

    /// Answers how an order stands.
    pub(crate) fn said_of(&self, no: &str) -> String {
        let Some(trade) = self.trades.get(no) else {
            return "notfound".to_owned();
        };
        let account = &trade.account;
        if trade.forgotten {
            return format!("closed|{no}|{account}");
        }
        match (&trade.taken, trade.standing) {
            (Some(taken), _) => {
                let word = if trade.returned() >= taken.amount && !trade.refunds.is_empty() {
                    "back"
                } else if taken.late && trade.channel == Channel::Unionpay {
                    "late"
                } else {
                    "paid"
                };
                let Taken {
                    trade_no,
                    amount,
                    paid_at,
                    ..
                } = taken;
                format!("{word}|{no}|{account}|{trade_no}|{amount}|{paid_at}")
            }
            (None, Standing::Closed) => format!("closed|{no}|{account}"),
            (None, Standing::Waiting | Standing::Paid) => format!("unpaid|{no}|{account}"),
        }
    }

    /// A create arrives. Its answer, and whether money moved.
    pub(crate) fn create(&mut self, ask: &Ask, now: u64, confirmed: bool) -> (String, bool) {
        let known = self.trades.get(&ask.no).map(|trade| trade.standing);
        if ask.method == Method::Code {
            if now > ask.created_at + CODE_LIFE_MS && known.is_none() {
                return ("refused".to_owned(), false);
            }
            return match known {
                None => {
                    self.make(ask, now);
                    if confirmed && self.pay(&ask.no, ask.amount, now, false) {
                        (self.said_of(&ask.no), true)
                    } else {
                        ("taken".to_owned(), false)
                    }
                }
                Some(_) => ("error".to_owned(), false),
            };
        }
        match known {
            None => {
                self.make(ask, now);
                ("made".to_owned(), false)
            }
            Some(Standing::Waiting) => ("made".to_owned(), false),
            Some(Standing::Paid) => ("error".to_owned(), false),
            Some(Standing::Closed) => ("refused".to_owned(), false),
        }
    }

    pub(crate) fn query(&mut self, ask: &Ask, now: u64) -> String {
        self.age(&ask.no, now);
        self.said_of(&ask.no)
    }

    pub(crate) fn close(&mut self, ask: &Ask, now: u64) -> String {
        self.age(&ask.no, now);
        let Some(trade) = self.trades.get_mut(&ask.no) else {
            return "notfound".to_owned();
        };
        match trade.standing {
            Standing::Paid if trade.forgotten => "ok".to_owned(),
            Standing::Paid => "conflict".to_owned(),
            Standing::Closed => "ok".to_owned(),
            Standing::Waiting => {
                if trade.channel == Channel::Wechat && now < trade.made_at + CLOSE_WAIT_MS {
                    return "error".to_owned();
                }
                trade.standing = Standing::Closed;
                "ok".to_owned()
            }
        }
    }

    /// A refund arrives; `back` is what becomes of a new one. Its answer, and whether it is new.
    pub(crate) fn refund(&mut self, no: &str, refund_no: &str, back: Returned) -> (String, bool) {
        let trade = self.trades.get_mut(no);
        let Some(trade) = trade.filter(|trade| trade.taken.is_some()) else {
            return ("error".to_owned(), false);
        };
        let new = !trade.refunds.contains_key(refund_no);
        let refund = trade.refunds.entry(refund_no.to_owned()).or_insert(back);
        (refund_word(refund.moved), new)
    }

    pub(crate) fn refund_query(&self, ask: &Ask) -> String {
        let trade = self.trades.get(&ask.no);
        let refund = trade.and_then(|trade| trade.refunds.get(&ask.refund_no));
        refund.map_or_else(|| "notfound".to_owned(), |refund| refund_word(refund.moved))
    }

    /// A reversal arrives. Its answer, and whether money went back.
    pub(crate) fn reverse(&mut self, ask: &Ask, now: u64) -> (String, bool) {
        let Some(trade) = self.trades.get_mut(&ask.no) else {
            let never = now > ask.created_at + NEVER_WAS_MS;
            return ((if never { "nothing" } else { "again" }).to_owned(), false);
        };
        match trade.standing {
            Standing::Waiting | Standing::Closed => {
                trade.standing = Standing::Closed;
                ("nothing".to_owned(), false)
            }
            Standing::Paid => {
                let amount = trade.taken.as_ref().map_or(0, |taken| taken.amount);
                let first = !trade.reversed;
                if first && trade.refunds.is_empty() {
                    trade.reversed = true;
                    let back = Returned {
                        amount,
                        moved: Moved::Done,
                        at: now,
                    };
                    trade.refunds.insert("reversal".to_owned(), back);
                    return ("reversed".to_owned(), true);
                }
                (
                    (if first { "refused" } else { "reversed" }).to_owned(),
                    false,
                )
            }
        }
    }
}

fn refund_word(moved: Moved) -> String {
    let word = match moved {
        Moved::UnderWay => "accepted",
        Moved::Done => "succeeded",
        Moved::Failed => "failed",
    };
    word.to_owned()
}
