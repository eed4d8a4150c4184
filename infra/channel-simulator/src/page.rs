//! The frame of every page that a buyer sees, in the colours of the channel.
//!
//! Everything that came from a merchant is escaped. The pages work without scripts.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::{books::Order, html::escape, money::yuan};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f4f7;color:#1a1a1a}\
main{max-width:26rem;margin:8vh auto;padding:1.5rem 2rem;background:#fff;border-top:4px solid var(--brand);border-radius:8px}\
h1{font-size:1.1rem;margin:0 0 1rem}.amount{font-size:2rem;margin:.5rem 0}dl{color:#555;margin:1rem 0}\
dt{float:left;clear:left;width:9rem}dd{margin:0 0 .3rem 9rem;overflow-wrap:anywhere}\
button{display:block;width:100%;padding:.7rem;margin:.5rem 0;font:inherit;border:1px solid #bbb;border-radius:6px;background:#fff;cursor:pointer}\
button.pay{background:var(--brand);border-color:var(--brand);color:#fff}.note{color:#8a4b00}small{color:#666}";

/// A channel's name and colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brand {
    pub(crate) name: &'static str,
    /// As CSS writes it.
    pub(crate) colour: &'static str,
}

/// A page with a word that says what kind of page it is, for tests and for the journal.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// `CASHIER`, `PAID`, … or the code of an error.
    pub(crate) code: String,
    html: String,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'",
            ),
        ];
        (headers, self.html).into_response()
    }
}

/// A whole page around a body that is HTML already.
pub(crate) fn frame(brand: Brand, code: &str, body: &str) -> Page {
    let html = format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><style>:root{{--brand:{}}}{STYLE}</style></head>\
         <body><main data-code=\"{}\">{body}</main></body></html>",
        brand.name,
        brand.colour,
        escape(code)
    );
    Page {
        code: code.to_owned(),
        html,
    }
}

/// What happened to an order, and the order.
pub(crate) fn result(brand: Brand, code: &str, title: &str, order: &Order, note: &str) -> Page {
    let body = format!("<h1>{title}</h1>{}{}", notice(note), facts(order));
    frame(brand, code, &body)
}

/// Why nothing can be paid here: a sentence, and the code for those who look it up.
pub(crate) fn refusal(brand: Brand, code: &str, said: &str) -> Page {
    let body = format!(
        "<h1>无法支付 This cannot be paid</h1><p class=\"note\">{}</p><small>{}</small>",
        escape(said),
        escape(code)
    );
    frame(brand, code, &body)
}

/// The buyer walked away; nothing was decided. `address` leads back.
pub(crate) fn leaving(brand: Brand, address: &str) -> Page {
    let body = format!(
        "<h1>已离开收银台 You have left</h1><p>订单仍可支付。The order can still be paid: \
         <a href=\"{}\">继续支付 go back</a></p>",
        escape(address)
    );
    frame(brand, "LEFT", &body)
}

/// A page where the buyer decides. Each button is an action and its label; `address` of an action
/// says where the form goes. The first button is the one that pays.
pub(crate) fn cashier(
    brand: Brand,
    order: &Order,
    note: &str,
    buttons: &[(&str, &str)],
    address: impl Fn(&str) -> String,
) -> Page {
    let buttons: String = buttons
        .iter()
        .map(|(action, label)| {
            let class = if *action == "pay" {
                " class=\"pay\""
            } else {
                ""
            };
            format!(
                "<form method=\"post\" action=\"{}\"><button{class}>{label}</button></form>",
                escape(&address(action))
            )
        })
        .collect();
    let body = format!(
        "<h1>{} 收银台 cashier (模拟 simulated)</h1>{}{}{buttons}",
        brand.name,
        notice(note),
        facts(order)
    );
    frame(brand, "CASHIER", &body)
}

/// Amount, subject, numbers and end of an order.
pub(crate) fn facts(order: &Order) -> String {
    let amount = match order.captures.is_empty() {
        true => order.amount,
        false => order.captured(),
    };
    format!(
        "<p class=\"amount\">¥ {}</p><dl><dt>商品 Subject</dt><dd>{}</dd><dt>收款方 Merchant</dt><dd>{}</dd>\
         <dt>商户订单号 Order</dt><dd>{}</dd><dt>交易号 Trade</dt><dd>{}</dd><dt>有效期至 Expires</dt><dd>{}</dd></dl>",
        yuan(amount),
        escape(&order.subject),
        escape(&order.account),
        escape(&order.channel_order_no),
        escape(&order.trade_no),
        order.expires_at.beijing(),
    )
}

/// What the buyer's last step did, if anything.
pub(crate) fn notice(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">{}</p>", escape(note))
    }
}
