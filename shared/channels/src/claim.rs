//! Claims: the only form in which an adapter can say that a channel spoke of an order.
//!
//! A claim names its order, its payee and, where money was taken, the amount with its currency. None of
//! these has a default and none can be left out:
//!
//! ```
//! use payonce_channels::claim::{Payee, Said, Standing, TradeClaim};
//! use payonce_domain::{ChannelTradeNo, Money, Timestamp};
//!
//! let claim = TradeClaim {
//!     order_no: "P…".to_owned(),
//!     payee: Payee { merchant: Said::As("2088".to_owned()), application: Said::NotSaid },
//!     standing: Standing::Paid {
//!         trade_no: ChannelTradeNo::new("2026112022001").expect("printable"),
//!         amount: Money::from_fen(1),
//!         paid_at: Timestamp::from_millis(0),
//!     },
//! };
//! # let _ = claim;
//! ```
//!
//! Without the amount (the currency is part of it):
//!
//! ```compile_fail,E0063
//! use payonce_channels::claim::{Payee, Said, Standing, TradeClaim};
//! use payonce_domain::{ChannelTradeNo, Timestamp};
//!
//! let claim = TradeClaim {
//!     order_no: "P…".to_owned(),
//!     payee: Payee { merchant: Said::As("2088".to_owned()), application: Said::NotSaid },
//!     standing: Standing::Paid {
//!         trade_no: ChannelTradeNo::new("2026112022001").expect("printable"),
//!         paid_at: Timestamp::from_millis(0),
//!     },
//! };
//! ```
//!
//! Without the payee:
//!
//! ```compile_fail,E0063
//! use payonce_channels::claim::{Standing, TradeClaim};
//!
//! let claim = TradeClaim { order_no: "P…".to_owned(), standing: Standing::Closed };
//! ```
//!
//! Without half of the payee:
//!
//! ```compile_fail,E0063
//! use payonce_channels::claim::{Payee, Said};
//!
//! let payee = Payee { application: Said::NotSaid };
//! ```
//!
//! Without the order number:
//!
//! ```compile_fail,E0063
//! use payonce_channels::claim::{Payee, Said, Standing, TradeClaim};
//!
//! let claim = TradeClaim {
//!     payee: Payee { merchant: Said::As("2088".to_owned()), application: Said::NotSaid },
//!     standing: Standing::Closed,
//! };
//! ```
//!
//! Adapters hand claims to `report` and `notice` in this file. Those alone compare them with the
//! order and the account, and those alone make reports of them.

use payonce_domain::{
    Action, Channel, ChannelOrderNo, ChannelTradeNo, Money, RefundNo, RefundReport, Report,
    ReturnedSum, Timestamp,
};

use crate::notification::{News, Notice, Rejected};
use crate::order::Order;

/// Who a message says is to be paid, or whether it says so at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// This identifier.
    As(String),
    /// The message has no such member.
    NotSaid,
    /// No message of this kind has such a member, so its absence says nothing. Only for what another
    /// member of the payee settles: a merchant's refunds are the same whichever application took the money.
    NeverSaid,
}

/// The payee (收款方) a claim names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The merchant: Alipay `seller_id`, WeChat `mchid`, UnionPay `merId`.
    pub merchant: Said,
    /// The application, where the channel has them: `app_id`, `appid`.
    pub application: Said,
}

/// Whose account with a channel this is: what a claim's payee must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The merchant, in the channel's terms.
    pub merchant: String,
    /// The application; `None` where the channel has none.
    pub application: Option<String>,
}

/// How an order stands, according to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Money was taken for it, even if some of it went back later.
    Paid {
        /// The channel's number for the trade.
        trade_no: ChannelTradeNo,
        /// What was taken, whether or not it is what we asked for: the domain judges that.
        amount: Money,
        /// When, by the channel's clock.
        paid_at: Timestamp,
    },
    /// Money was taken, and all of it went back since.
    PaidBack {
        /// The channel's number for the trade.
        trade_no: ChannelTradeNo,
        /// What was taken and given back.
        amount: Money,
        /// When it was taken, by the channel's clock.
        paid_at: Timestamp,
    },
    /// Money was taken that the channel will not settle, and returns by itself.
    TakenLate {
        /// The channel's number for the trade.
        trade_no: ChannelTradeNo,
        /// What was taken.
        amount: Money,
        /// When, by the channel's clock.
        paid_at: Timestamp,
    },
    /// Nothing was taken; something still may be.
    Unpaid,
    /// Nothing was taken, and nothing will be.
    Closed,
}

/// What a channel claims about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeClaim {
    /// The number the message names, not yet compared with anything.
    pub order_no: String,
    /// Who it says is paid.
    pub payee: Payee,
    /// How it says the order stands.
    pub standing: Standing,
}

/// What an adapter read from the answer to a question about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeReading {
    /// A verified statement.
    Claim(TradeClaim),
    /// A verified statement that there is no such order.
    NotFound,
    /// Nothing usable.
    NoAnswer,
}

/// What an adapter read from the answer to a call that creates an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateReading {
    /// A verified answer that gives the buyer something to pay with.
    Made {
        /// What the buyer pays with.
        action: Action,
        /// Until when it works; `None`: as long as the order.
        expires_at: Option<Timestamp>,
    },
    /// The payment code (付款码) was taken, and the buyer has to confirm.
    Taken,
    /// A verified statement how the order stands: a payment code may pay at once.
    Claim(TradeClaim),
    /// Refused for good.
    Refused,
    /// Nothing usable.
    NoAnswer,
}

/// What an adapter read from a verified notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeReading {
    /// The order number the message names, not yet compared with anything.
    pub order_no: String,
    /// Who it says is paid.
    pub payee: Payee,
    /// What it says happened.
    pub event: Event,
}

/// What a verified notification says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The order stands like this.
    Trade(Standing),
    /// A refund of ours came out like this.
    Refund {
        /// Which refund.
        no: RefundNo,
        /// What became of it.
        report: RefundReport,
        /// What it moves; `None` where the message names no sum of this refund alone.
        amount: Option<Money>,
    },
    /// Money went back under a number that is not one of our refunds.
    Returned {
        /// The channel's, or another system's, number for the return.
        return_no: String,
        /// How much.
        returned: ReturnedSum,
    },
    /// Nothing that concerns us.
    Nothing,
}

/// The refund a number names, if it is one of ours and takes money from this very order.
#[must_use]
pub fn refund_of(order_no: &str, refund_no: &str) -> Option<RefundNo> {
    let refund = RefundNo::parse(refund_no)?;
    (refund.channel_order().to_string() == order_no).then_some(refund)
}

/// Turns the answer to a question about `order` into a report. A statement about another order or
/// another payee says nothing about ours, however genuine it is.
pub(crate) fn report(order: &Order, holder: &Holder, reading: TradeReading) -> Report {
    match reading {
        TradeReading::NoAnswer => Report::NoAnswer,
        TradeReading::NotFound => Report::NotFound,
        TradeReading::Claim(claim) => {
            let ours = claim.order_no == order.no.to_string();
            if ours && holder.is(&claim.payee, Occasion::Answer) {
                claim.standing.into_report()
            } else {
                tracing::warn!(
                    channel = order.no.channel().name(),
                    channel_order.no = %order.no,
                    order_matches = ours,
                    "answer is about another order or another payee"
                );
                Report::NoAnswer
            }
        }
    }
}

/// Turns a verified notification into news, or says why it is none.
pub(crate) fn notice(
    channel: Channel,
    holder: &Holder,
    reading: NoticeReading,
) -> Result<Notice, Rejected> {
    if !holder.is(&reading.payee, Occasion::Notification) {
        return Err(Rejected::WrongMerchant);
    }
    let channel_order_no = ChannelOrderNo::parse(&reading.order_no)
        .filter(|no| no.channel() == channel)
        .ok_or(Rejected::NotOurNumber)?;
    let news = match reading.event {
        Event::Trade(standing) => News::Trade(standing.into_report()),
        Event::Refund { no, report, amount } => {
            if no.channel_order() != channel_order_no {
                return Err(Rejected::NotOurNumber);
            }
            News::Refund { no, report, amount }
        }
        Event::Returned {
            return_no,
            returned,
        } => News::Returned {
            return_no,
            returned,
        },
        Event::Nothing => News::Nothing,
    };
    Ok(Notice {
        channel_order_no,
        news,
    })
}

/// Whether a message answers a question of ours. A signed answer to a question asked under our own
/// identifiers need not repeat them; a notification must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Answer,
    Notification,
}

impl Holder {
    fn is(&self, payee: &Payee, occasion: Occasion) -> bool {
        let same = |said: &Said, ours: Option<&str>| match said {
            Said::As(name) => ours == Some(name.as_str()),
            Said::NotSaid => ours.is_none() || occasion == Occasion::Answer,
            Said::NeverSaid => true,
        };
        // Somebody has to be named by something: two halves that are never said would fit every account.
        payee.merchant != Said::NeverSaid
            && same(&payee.merchant, Some(&self.merchant))
            && same(&payee.application, self.application.as_deref())
    }
}

impl Standing {
    fn into_report(self) -> Report {
        match self {
            Self::Paid {
                trade_no,
                amount,
                paid_at,
            } => Report::Paid {
                trade_no,
                amount,
                paid_at,
            },
            Self::PaidBack {
                trade_no,
                amount,
                paid_at,
            } => Report::PaidBack {
                trade_no,
                amount,
                paid_at,
            },
            Self::TakenLate {
                trade_no,
                amount,
                paid_at,
            } => Report::TakenLate {
                trade_no,
                amount,
                paid_at,
            },
            Self::Unpaid => Report::Unpaid,
            Self::Closed => Report::Closed,
        }
    }
}
