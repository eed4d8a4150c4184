//! Creating an order (下单): Native, H5 and JSAPI.
//!
//! The channel knows the order from the first call on. The same call again gives a fresh link to the
//! same order; another call under the same number is refused.

use std::{collections::BTreeMap, net::IpAddr};

use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::{link, reply::Reply, request::Call};
use crate::{
    books::{Channel, Order, OrderState},
    clock::Moment,
    simulator::{Simulator, World, unguessable},
};

/// An order that names no end lives this long.
const LIFE_SECONDS: i64 = 7 * 86_400;
const LIFE_SECONDS_MIN: i64 = 60;
/// 100 million yuan; real limits are a matter of contract.
const FEN_MAX: i64 = 10_000_000_000;

/// How the buyer is to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Native,
    H5,
    Jsapi,
}

impl Product {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [Self::Native, Self::H5, Self::Jsapi];
        all.into_iter().find(|product| product.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::H5 => "h5",
            Self::Jsapi => "jsapi",
        }
    }

    fn life_seconds_max(self) -> i64 {
        match self {
            Self::Native => 7 * 86_400,
            Self::H5 | Self::Jsapi => 15 * 86_400,
        }
    }
}

/// What every way of ordering has in common, checked field by field.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) out_trade_no: String,
    pub(crate) amount: i64,
    description: String,
    attach: Option<String>,
    notify_url: Option<String>,
}

impl Terms {
    pub(crate) fn read(call: &Call) -> Result<Self, Reply> {
        call.check_body_mchid()?;
        call.check_appid()?;
        let missing = |field| move || Reply::bad_field(field, "缺少必填参数");
        let description = call
            .text_within("description", 127)?
            .filter(|text| !text.is_empty())
            .ok_or_else(missing("description"))?;
        let out_trade_no = call
            .text("out_trade_no")
            .ok_or_else(missing("out_trade_no"))?;
        if !is_out_trade_no(&out_trade_no) {
            return Err(Reply::bad_field("out_trade_no", "长度或字符不符合要求"));
        }
        let amount = call.body.get("amount").ok_or_else(missing("amount"))?;
        let total = amount["total"]
            .as_i64()
            .filter(|total| (1..=FEN_MAX).contains(total))
            .ok_or_else(|| Reply::bad_field("amount.total", "必须为正整数，单位为分"))?;
        check_currency(amount)?;
        Ok(Self {
            out_trade_no,
            amount: total,
            description,
            attach: call.text_within("attach", 128)?,
            notify_url: notify_url(call)?,
        })
    }

    /// The order that these terms make, known to the channel from now on.
    pub(crate) fn into_order(
        self,
        world: &mut World,
        call: &Call,
        method: &str,
        expires_at: Moment,
    ) -> Order {
        let now = world.now();
        let (run, number) = (world.numbers.run(), world.numbers.take());
        let mut attributes = BTreeMap::from([
            ("appid".to_owned(), call.account.appid().to_owned()),
            ("mchid".to_owned(), call.account.mchid().to_owned()),
            ("openid".to_owned(), openid(call)),
        ]);
        if let Some(attach) = self.attach {
            attributes.insert("attach".to_owned(), attach);
        }
        Order {
            channel: Channel::Wechat,
            account: call.account.name().to_owned(),
            channel_order_no: self.out_trade_no,
            trade_no: format!("4200{run:06}{}{number:010}", now.beijing_day()),
            method: method.to_owned(),
            state: OrderState::Waiting,
            amount: self.amount,
            subject: self.description,
            terms: BTreeMap::from([("body".to_owned(), json!(call.body).to_string())]),
            attributes,
            notify_url: self.notify_url,
            return_url: None,
            quit_url: None,
            page_code: unguessable(),
            created_at: now,
            expires_at,
            closed_at: None,
            captures: Vec::new(),
            refunds: Vec::new(),
            created_count: 1,
            create_requests: 1,
        }
    }
}

pub(crate) fn create(simulator: &Simulator, call: &Call, product: Product) -> Reply {
    let created = simulator.change(|world| find_or_create(world, call, product));
    match created {
        Ok((_, code)) => {
            let url = &simulator.public_url;
            Reply::success(match product {
                Product::Native => json!({ "code_url": format!("{url}/wechat/qr/{code}") }),
                // Merchants append `&redirect_url=…`, so there is a query already.
                Product::H5 => {
                    json!({ "h5_url": format!("{url}/wechat/h5/{code}?prepay_id={code}") })
                }
                Product::Jsapi => json!({ "prepay_id": code }),
            })
        }
        Err(reply) => reply,
    }
}

fn find_or_create(
    world: &mut World,
    call: &Call,
    product: Product,
) -> Result<(Order, String), Reply> {
    let terms = Terms::read(call)?;
    if call.body.get("notify_url").is_none() {
        return Err(Reply::bad_field("notify_url", "缺少必填参数"));
    }
    check_product(call, product)?;
    let now = world.now();
    let number = terms.out_trade_no.clone();
    let order = match existing(world, call, &number, product.name())? {
        Some(order) => order,
        None => {
            let expires_at = expires_at(call, product, now)?;
            let order = terms.into_order(world, call, product.name(), expires_at);
            world.books.add(order.clone());
            order
        }
    };
    let code = link::issue(&order, now, world.numbers.take());
    Ok((order, code))
}

/// The order that has this number already, if the same may be asked for again.
pub(crate) fn existing(
    world: &mut World,
    call: &Call,
    out_trade_no: &str,
    method: &str,
) -> Result<Option<Order>, Reply> {
    let now = world.now();
    let account = call.account.name();
    let found = world
        .books
        .find(Channel::Wechat, account, out_trade_no, now);
    let Some(order) = found else {
        return Ok(None);
    };
    order.create_requests += 1;
    match order.state {
        OrderState::Paid | OrderState::Refunded => return Err(Reply::order_paid()),
        OrderState::Closed => return Err(Reply::order_closed()),
        OrderState::Announced | OrderState::Waiting => {}
    }
    if order.method != method {
        let message = "商户订单号已被其他支付方式使用";
        let reply = Reply::refused(StatusCode::FORBIDDEN, "OUT_TRADE_NO_USED", message);
        return Err(reply.about(268_498_688));
    }
    let before: Option<Value> = order
        .terms
        .get("body")
        .and_then(|text| serde_json::from_str(text).ok());
    if before != Some(json!(call.body)) {
        let reply = Reply::invalid_request("请求重入时，参数与首次请求时不一致");
        return Err(reply.about(268_498_688));
    }
    Ok(Some(order.clone()))
}

fn check_product(call: &Call, product: Product) -> Result<(), Reply> {
    match product {
        Product::Native => Ok(()),
        Product::Jsapi => match call
            .body
            .get("payer")
            .and_then(|payer| payer["openid"].as_str())
        {
            Some(openid) if (1..=128).contains(&openid.len()) => Ok(()),
            Some(_) | None => Err(Reply::bad_field("payer.openid", "缺少必填参数")),
        },
        Product::H5 => {
            let scene = call.body.get("scene_info").unwrap_or(&Value::Null);
            let ip = scene["payer_client_ip"].as_str().unwrap_or_default();
            if ip.parse::<IpAddr>().is_err() {
                let field = "scene_info.payer_client_ip";
                return Err(Reply::bad_field(field, "必须为IP地址"));
            }
            match scene["h5_info"]["type"].as_str() {
                Some("Wap" | "iOS" | "Android") => Ok(()),
                Some(_) | None => Err(Reply::bad_field(
                    "scene_info.h5_info.type",
                    "必须为Wap、iOS或Android",
                )),
            }
        }
    }
}

fn expires_at(call: &Call, product: Product, now: Moment) -> Result<Moment, Reply> {
    let Some(text) = call.text_within("time_expire", 64)? else {
        return Ok(now.plus_seconds(LIFE_SECONDS));
    };
    let bad = |issue| Reply::bad_field("time_expire", issue);
    let at = Moment::from_rfc3339(&text).ok_or_else(|| bad("必须为带时区的rfc3339格式"))?;
    if at < now.plus_seconds(LIFE_SECONDS_MIN) {
        return Err(bad("必须在1分钟以后"));
    }
    if at > now.plus_seconds(product.life_seconds_max()) {
        return Err(bad("超过最长有效期"));
    }
    Ok(at)
}

/// An absolute address without a query, of at most 255 characters.
pub(crate) fn notify_url(call: &Call) -> Result<Option<String>, Reply> {
    let Some(text) = call.text_within("notify_url", 255)? else {
        return Ok(None);
    };
    let uri: Option<Uri> = text.parse().ok();
    let is_good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some()
            && uri.query().is_none()
    });
    if is_good {
        Ok(Some(text))
    } else {
        Err(Reply::bad_field("notify_url", "必须为不带参数的绝对地址"))
    }
}

pub(crate) fn check_currency(amount: &Value) -> Result<(), Reply> {
    match amount.get("currency") {
        None => Ok(()),
        Some(currency) if currency == "CNY" => Ok(()),
        Some(_) => Err(Reply::bad_field("amount.currency", "只支持CNY")),
    }
}

/// A buyer who did not say who they are is always the same one.
fn openid(call: &Call) -> String {
    let said = call
        .body
        .get("payer")
        .and_then(|payer| payer["openid"].as_str());
    said.unwrap_or("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").to_owned()
}

/// A merchant's order number: 6 to 32 letters, digits and `_-|*`.
pub(crate) fn is_out_trade_no(text: &str) -> bool {
    (6..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte))
}
