//! Creating a trade: by opening a pay page, or by asking for a code that is scanned later.

use std::collections::BTreeMap;

use axum::http::Uri;

use super::{
    answer::Reply,
    request::{Call, Method},
};
use crate::{
    books::{Channel, Order, OrderState},
    clock::Moment,
    simulator::{World, unguessable},
};

/// A trade that names no end lives this long, and none may live longer.
const LIFE_SECONDS_MAX: i64 = 15 * 86_400;

/// How the books name a trade whose code the buyer scans (precreate).
pub(crate) const CODE_TO_SCAN: &str = "native";
/// How the books name a trade made from the buyer's own code (付款码).
pub(crate) const SCANNED_CODE: &str = "code";

/// What a merchant asks for, checked field by field.
#[derive(Clone, Debug)]
pub(crate) struct CreateRequest {
    account: String,
    method: &'static str,
    out_trade_no: String,
    amount: i64,
    subject: String,
    terms: BTreeMap<String, String>,
    expiry: Expiry,
    notify_url: Option<String>,
    return_url: Option<String>,
    quit_url: Option<String>,
}

/// When the trade ends: at a time, or so long after Alipay came to know it.
#[derive(Clone, Copy, Debug)]
enum Expiry {
    At(Moment),
    After(i64),
    EndOfDay,
}

impl CreateRequest {
    pub(crate) fn read(call: &Call) -> Result<Self, Reply> {
        let (method, products): (_, &[&str]) = match call.method {
            Method::PagePay => ("page", &["FAST_INSTANT_TRADE_PAY"]),
            Method::WapPay => ("wap", &["QUICK_WAP_WAY"]),
            Method::Precreate => (
                CODE_TO_SCAN,
                &["", "FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"],
            ),
            Method::CodePay => (SCANNED_CODE, &["", "FACE_TO_FACE_PAYMENT"]),
            Method::Query
            | Method::Close
            | Method::Cancel
            | Method::Refund
            | Method::RefundQuery
            | Method::BillUrl
            | Method::CertificateDownload => return Err(bad("method")),
        };
        let out_trade_no = call.out_trade_no().ok_or_else(|| bad("out_trade_no"))?;
        if !is_number(&out_trade_no) {
            return Err(bad("out_trade_no"));
        }
        let amount = call
            .text("total_amount")
            .and_then(|text| super::amount::fen(&text))
            .ok_or_else(|| bad("total_amount"))?;
        let subject = call.text("subject").ok_or_else(|| bad("subject"))?;
        if subject.chars().count() > 256 || subject.contains(['/', '=', '&']) {
            return Err(bad("subject"));
        }
        let product = call.text("product_code").unwrap_or_default();
        if !products.contains(&product.as_str()) {
            return Err(bad("product_code"));
        }
        let mut terms = BTreeMap::from([("total_amount".to_owned(), amount.to_string())]);
        for (name, length_max) in [
            ("subject", 256),
            ("body", 128),
            ("product_code", 64),
            ("time_expire", 19),
            ("timeout_express", 6),
            ("passback_params", 512),
        ] {
            let Some(text) = call.text(name) else {
                continue;
            };
            if text.chars().count() > length_max {
                return Err(bad(name));
            }
            terms.insert(name.to_owned(), text);
        }
        let parameter = |name| call.parameters.get(name).cloned();
        Ok(Self {
            account: call.account.name().to_owned(),
            method,
            out_trade_no,
            amount,
            subject,
            expiry: Expiry::read(&terms)?,
            terms,
            notify_url: address("notify_url", parameter("notify_url"), 256)?,
            return_url: address("return_url", parameter("return_url"), 256)?,
            quit_url: address("quit_url", call.text("quit_url"), 400)?,
        })
    }

    /// A browser opens the pay link. The trade exists from the first time on.
    pub(crate) fn open(self, world: &mut World) -> Result<Order, Reply> {
        let now = world.now();
        if let Some(order) = self.existing(world, now) {
            return self.is_same_and_payable(order).map(|()| order.clone());
        }
        let expires_at = self.expires_at(now)?;
        let mut order = self.into_order(world, now, expires_at);
        order.become_known(now);
        world.books.add(order.clone());
        Ok(order)
    }

    /// A merchant asks for a code. The trade exists only when somebody has scanned it.
    pub(crate) fn announce(self, world: &mut World) -> Result<Order, Reply> {
        let now = world.now();
        if let Some(order) = self.existing(world, now) {
            return self.is_same_and_payable(order).map(|()| order.clone());
        }
        let expires_at = self.expires_at(now)?;
        let order = self.into_order(world, now, expires_at);
        world.books.add(order.clone());
        Ok(order)
    }

    /// The order under this number, if there is one; that it was asked for again is counted.
    pub(crate) fn existing<'a>(&self, world: &'a mut World, now: Moment) -> Option<&'a mut Order> {
        let order = world
            .books
            .find(Channel::Alipay, &self.account, &self.out_trade_no, now)?;
        order.create_requests += 1;
        Some(order)
    }

    pub(crate) fn is_same_and_payable(&self, order: &Order) -> Result<(), Reply> {
        match order.state {
            OrderState::Paid => Err(has_success()),
            OrderState::Closed | OrderState::Refunded => Err(has_closed()),
            OrderState::Announced | OrderState::Waiting
                if order.terms != self.terms || order.method != self.method =>
            {
                Err(Reply::refused("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"))
            }
            OrderState::Announced | OrderState::Waiting => Ok(()),
        }
    }

    pub(crate) fn expires_at(&self, now: Moment) -> Result<Moment, Reply> {
        let latest = now.plus_seconds(LIFE_SECONDS_MAX);
        let expires_at = match self.expiry {
            Expiry::At(moment) => moment,
            Expiry::After(seconds) => now.plus_seconds(seconds),
            Expiry::EndOfDay => now.end_of_beijing_day().unwrap_or(latest),
        };
        if expires_at <= now {
            return Err(Reply::refused("ACQ.INVALID_PARAMETER", EXPIRED));
        }
        if expires_at > latest {
            return Err(bad("time_expire"));
        }
        Ok(expires_at)
    }

    pub(crate) fn into_order(self, world: &mut World, now: Moment, expires_at: Moment) -> Order {
        let day = now.beijing_day();
        let (run, number) = (world.numbers.run(), world.numbers.take());
        Order {
            channel: Channel::Alipay,
            account: self.account,
            channel_order_no: self.out_trade_no,
            trade_no: format!("{day}2200{run:06}{number:010}"),
            method: self.method.to_owned(),
            state: OrderState::Announced,
            amount: self.amount,
            subject: self.subject,
            terms: self.terms,
            attributes: BTreeMap::new(),
            notify_url: self.notify_url,
            return_url: self.return_url,
            quit_url: self.quit_url,
            page_code: unguessable(),
            created_at: now,
            expires_at,
            closed_at: None,
            captures: Vec::new(),
            refunds: Vec::new(),
            created_count: 0,
            create_requests: 1,
        }
    }
}

/// What a page and an answer say of a link that was opened too late.
const EXPIRED: &str = "订单已过期，请回到商家重新下单 (the link has expired)";

pub(crate) fn expired() -> Reply {
    Reply::refused("ACQ.TRADE_HAS_CLOSE", EXPIRED)
}

pub(crate) fn has_success() -> Reply {
    Reply::refused("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
}

pub(crate) fn has_closed() -> Reply {
    Reply::refused("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
}

impl Expiry {
    /// The absolute time wins over the relative one.
    fn read(terms: &BTreeMap<String, String>) -> Result<Self, Reply> {
        if let Some(text) = terms.get("time_expire") {
            let moment = Moment::from_beijing(text).ok_or_else(|| bad("time_expire"))?;
            return Ok(Self::At(moment));
        }
        let Some(text) = terms.get("timeout_express") else {
            return Ok(Self::After(LIFE_SECONDS_MAX));
        };
        if text == "1c" {
            return Ok(Self::EndOfDay);
        }
        [('m', 60), ('h', 3600), ('d', 86_400)]
            .into_iter()
            .find_map(|(unit, seconds)| {
                let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
                count.checked_mul(seconds)
            })
            .filter(|seconds| (60..=LIFE_SECONDS_MAX).contains(seconds))
            .map(Self::After)
            .ok_or_else(|| bad("timeout_express"))
    }
}

/// `ACQ.INVALID_PARAMETER`, naming the field.
pub(crate) fn bad(field: &str) -> Reply {
    Reply::refused("ACQ.INVALID_PARAMETER", &format!("参数无效：{field}"))
}

/// A merchant's number: 1 to 64 letters, digits and underscores.
pub(crate) fn is_number(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn address(name: &str, value: Option<String>, length_max: usize) -> Result<Option<String>, Reply> {
    let Some(text) = value.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let uri: Uri = text.parse().map_err(|_| bad(name))?;
    let is_absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if !is_absolute || text.len() > length_max {
        return Err(bad(name));
    }
    Ok(Some(text))
}
