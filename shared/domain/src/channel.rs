//! The channels (渠道), the ways to pay through them, and what a buyer is given to pay with.

use std::collections::BTreeMap;

/// A payment channel (渠道).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// 支付宝.
    Alipay,
    /// 微信支付.
    Wechat,
    /// 银联在线网关, through which the banks' online banking (网银) is reached.
    Unionpay,
}

/// How the buyer pays within a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The channel's page in a desktop browser.
    Page,
    /// The channel's page in a phone's browser.
    Wap,
    /// A QR code the buyer scans (扫码).
    Native,
    /// Inside the channel's own app.
    Jsapi,
    /// A phone's browser that opens the channel's app.
    H5,
    /// A form posted to a bank's or UnionPay's page (网银).
    Gateway,
    /// The buyer's payment code (付款码), scanned by the merchant.
    Code,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Alipay, Self::Wechat, Self::Unionpay];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
            Self::Unionpay => "unionpay",
        }
    }

    /// The letter in our channel order numbers.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Alipay => 'A',
            Self::Wechat => 'W',
            Self::Unionpay => 'U',
        }
    }

    /// Reads the name of the HTTP contract.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Reads the letter of a channel order number.
    #[must_use]
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.letter() == letter)
    }
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 7] = [
        Self::Page,
        Self::Wap,
        Self::Native,
        Self::Jsapi,
        Self::H5,
        Self::Gateway,
        Self::Code,
    ];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Wap => "wap",
            Self::Native => "native",
            Self::Jsapi => "jsapi",
            Self::H5 => "h5",
            Self::Gateway => "gateway",
            Self::Code => "code",
        }
    }

    /// The letter in our channel order numbers.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Page => 'P',
            Self::Wap => 'W',
            Self::Native => 'N',
            Self::Jsapi => 'J',
            Self::H5 => 'H',
            Self::Gateway => 'G',
            Self::Code => 'C',
        }
    }

    /// Reads the name of the HTTP contract.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }

    /// Reads the letter of a channel order number.
    #[must_use]
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.letter() == letter)
    }
}

/// What the buyer is given to pay with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send the browser to this address.
    Redirect {
        /// The channel's page, parameters and signature included.
        url: String,
    },
    /// Show this as a QR code.
    Qr {
        /// What the code encodes.
        content: String,
    },
    /// Post these fields from the browser.
    Form {
        /// Where to post.
        url: String,
        /// The fields, signature included.
        fields: BTreeMap<String, String>,
    },
    /// Hand these to the channel's own script.
    Jsapi {
        /// The parameters, signature included.
        parameters: BTreeMap<String, String>,
    },
}
