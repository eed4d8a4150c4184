//! What a channel has to be told about an order or a refund; all of it comes from the stored item.

use payonce_domain::{
    BankCode, ChannelOrderNo, ChannelTradeNo, Money, RefundForm, RefundNo, Timestamp,
};

/// A channel order (渠道单) as a channel needs to know it. Everything in it was stored before the first
/// call, so a repeated call says the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Order {
    /// Our number; it names the method as well.
    pub no: ChannelOrderNo,
    /// What the buyer is to pay.
    pub amount: Money,
    /// What the buyer reads on the channel's page.
    pub subject: String,
    /// When the attempt was stored.
    pub created_at: Timestamp,
    /// When the channel is to refuse the buyer. Always sent, and always absolute.
    pub expires_at: Timestamp,
    /// Where the channel tells us what happened.
    pub notify_url: String,
    /// Where the channel sends the buyer's browser afterwards. Proves nothing.
    pub return_url: Option<String>,
    /// The buyer's address, where a channel insists on it.
    pub client_ip: Option<String>,
    /// The buyer's name within the channel's own app, where a channel insists on it.
    pub payer: Option<String>,
    /// The buyer's payment code (付款码). It is worth money to whoever reads it, so it is never stored:
    /// present on the one call that uses it.
    pub auth_code: Option<String>,
    /// The bank whose page the buyer chose.
    pub bank: Option<BankCode>,
}

/// A detail of a request that a channel or method insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The buyer's name within the channel's own app.
    Payer,
    /// The buyer's address.
    ClientIp,
    /// The buyer's payment code.
    AuthCode,
    /// The bank.
    Bank,
    /// The amount.
    Amount,
    /// The deadline.
    Expiry,
}

/// Why a channel would refuse an order, known before anything is stored or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What is missing or wrong.
    pub detail: Detail,
    /// What it should be, to follow the field's name: "is required for the method jsapi".
    pub why: String,
}

/// A refund (退款) as a channel needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// Our number. The same number and amount never move money twice.
    pub no: RefundNo,
    /// How it is asked for.
    pub form: RefundForm,
    /// What goes back.
    pub amount: Money,
    /// What the buyer reads.
    pub reason: String,
    /// The channel's number of the trade the money came from.
    pub trade_no: ChannelTradeNo,
    /// What the channel took for that trade.
    pub captured: Money,
    /// When the refund was written down to be sent; channels that name a refund by its time need it fixed.
    pub sent_at: Timestamp,
    /// Where the channel tells us of the refund, where it takes such an address.
    pub notify_url: String,
}

// Subject, payer and payment code are the buyer's.
impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "order {}", self.no)
    }
}
