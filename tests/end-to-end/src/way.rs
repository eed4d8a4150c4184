//! A way to pay: through which channel and how, and what else a request for it must carry.

use payonce_domain::{Channel, Method};
use serde_json::{Map, Value, json};

/// Through which channel a buyer pays, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Through which channel.
    pub channel: Channel,
    /// How.
    pub method: Method,
    /// The bank whose page the buyer wants.
    bank: Option<&'static str>,
    /// What the buyer's phone does with a payment code (付款码).
    code: Code,
}

/// The buyer's name within WeChat.
pub const PAYER: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
/// The buyer's address.
pub const CLIENT_IP: &str = "203.0.113.7";

/// What comes of a payment code: every simulated channel reads it from the last digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// Paid at once.
    Pays,
    /// The buyer has to type a password first.
    Asks,
    /// Refused for good.
    Declined,
    /// Paid, and the answer is lost.
    PaysSilently,
}

impl Code {
    const fn last_digit(self) -> char {
        match self {
            Self::Pays => '8',
            Self::Asks => '1',
            Self::Declined => '2',
            Self::PaysSilently => '3',
        }
    }
}

impl Way {
    /// Alipay's page in a desktop browser.
    pub const ALIPAY_PAGE: Self = Self::of(Channel::Alipay, Method::Page);
    /// Alipay's page in a phone's browser.
    pub const ALIPAY_WAP: Self = Self::of(Channel::Alipay, Method::Wap);
    /// A QR code for Alipay.
    pub const ALIPAY_NATIVE: Self = Self::of(Channel::Alipay, Method::Native);
    /// A payment code of Alipay's.
    pub const ALIPAY_CODE: Self = Self::of(Channel::Alipay, Method::Code);
    /// A QR code for WeChat.
    pub const WECHAT_NATIVE: Self = Self::of(Channel::Wechat, Method::Native);
    /// A phone's browser that opens WeChat.
    pub const WECHAT_H5: Self = Self::of(Channel::Wechat, Method::H5);
    /// Inside WeChat.
    pub const WECHAT_JSAPI: Self = Self::of(Channel::Wechat, Method::Jsapi);
    /// A payment code of WeChat's.
    pub const WECHAT_CODE: Self = Self::of(Channel::Wechat, Method::Code);
    /// UnionPay's choice of banks.
    pub const UNIONPAY_GATEWAY: Self = Self::of(Channel::Unionpay, Method::Gateway);
    /// The page of China Merchants Bank (招商银行).
    pub const UNIONPAY_CMB: Self = Self {
        bank: Some("CMB"),
        ..Self::UNIONPAY_GATEWAY
    };

    /// A payment code of UnionPay's.
    pub const UNIONPAY_CODE: Self = Self::of(Channel::Unionpay, Method::Code);

    /// Every way with something to open: a link, a QR code, a form, a page within an app.
    pub const WITH_PAGES: [Self; 8] = [
        Self::ALIPAY_PAGE,
        Self::ALIPAY_WAP,
        Self::ALIPAY_NATIVE,
        Self::WECHAT_NATIVE,
        Self::WECHAT_H5,
        Self::WECHAT_JSAPI,
        Self::UNIONPAY_GATEWAY,
        Self::UNIONPAY_CMB,
    ];

    /// One way of each channel.
    pub const OF_EACH_CHANNEL: [Self; 3] = [
        Self::ALIPAY_PAGE,
        Self::WECHAT_NATIVE,
        Self::UNIONPAY_GATEWAY,
    ];

    /// The payment codes.
    pub const CODES: [Self; 3] = [Self::ALIPAY_CODE, Self::WECHAT_CODE, Self::UNIONPAY_CODE];

    /// The plain way through a channel.
    #[must_use]
    pub const fn of(channel: Channel, method: Method) -> Self {
        Self {
            channel,
            method,
            bank: None,
            code: Code::Pays,
        }
    }

    /// The same, and the buyer has to confirm with a password.
    #[must_use]
    pub const fn asking(self) -> Self {
        Self {
            code: Code::Asks,
            ..self
        }
    }

    /// The same, and the channel refuses the code.
    #[must_use]
    pub const fn declined(self) -> Self {
        Self {
            code: Code::Declined,
            ..self
        }
    }

    /// The same, and the buyer pays without our hearing of it.
    #[must_use]
    pub const fn paying_silently(self) -> Self {
        Self {
            code: Code::PaysSilently,
            ..self
        }
    }

    /// Its method's name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method.name()
    }

    /// The code of the bank whose page the buyer wants.
    #[must_use]
    pub const fn bank(self) -> Option<&'static str> {
        self.bank
    }

    /// Whether a channel order is one of this way.
    #[must_use]
    pub fn is_of(self, channel_order: &Value) -> bool {
        channel_order["channel"] == self.channel.name() && channel_order["method"] == self.name()
    }

    /// The members of a request that say how the buyer wants to pay. `order` is the merchant's number:
    /// a code is made of it, so that a repeated request carries the same one.
    pub(crate) fn choice(self, order: &str) -> Map<String, Value> {
        let mut members = Map::new();
        let mut say = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        say("channel", json!(self.channel.name()));
        say("method", json!(self.name()));
        if let Some(bank) = self.bank {
            say("bank", json!(bank));
        }
        if self.method == Method::Code {
            say("auth_code", json!(self.auth_code(order)));
        }
        members
    }

    /// The members that describe the buyer: only a first request carries them.
    pub(crate) fn buyer(self) -> Map<String, Value> {
        let (name, value) = match self.method {
            Method::Jsapi => ("payer", PAYER),
            Method::H5 => ("client_ip", CLIENT_IP),
            Method::Page | Method::Wap | Method::Native | Method::Gateway | Method::Code => {
                return Map::new();
            }
        };
        Map::from_iter([(name.to_owned(), json!(value))])
    }

    /// Eighteen digits as the channel's own app would show them, the same for one order.
    #[must_use]
    pub fn auth_code(self, order: &str) -> String {
        let first = match self.channel {
            Channel::Alipay => "28",
            Channel::Wechat => "13",
            Channel::Unionpay => "62",
        };
        let digits: String = order.chars().filter(char::is_ascii_digit).collect();
        let own: String = digits.chars().rev().take(15).collect();
        format!("{first}{own:0<15}{}", self.code.last_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_eighteen_digits_and_is_the_orders_own() {
        let code = |order: &str| Way::WECHAT_CODE.asking().auth_code(order);
        let one = code("e2e-1795186800000-12");
        assert_eq!(one.len(), 18);
        assert!(one.starts_with("13") && one.ends_with('1'), "{one}");
        assert_eq!(one, code("e2e-1795186800000-12"));
        assert_ne!(one, code("e2e-1795186800000-13"));
    }

    #[test]
    fn a_request_carries_what_its_way_needs() {
        let bank = Way::UNIONPAY_CMB.choice("1");
        assert_eq!(bank["bank"], "CMB");
        assert!(Way::WECHAT_JSAPI.buyer().contains_key("payer"));
        assert!(Way::WECHAT_H5.buyer().contains_key("client_ip"));
        assert!(Way::ALIPAY_PAGE.buyer().is_empty());
    }
}
