//! What a buyer sees: the cashier page, and pages that say why there is none.
//!
//! Everything that came from a merchant is escaped. The page works without scripts.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::{amount::yuan, answer::Reply};
use crate::{
    books::{Order, OrderState},
    html::escape,
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f4f7;color:#1a1a1a}\
main{max-width:26rem;margin:8vh auto;padding:1.5rem 2rem;background:#fff;border-top:4px solid #1677ff;border-radius:8px}\
h1{font-size:1.1rem;margin:0 0 1rem}.amount{font-size:2rem;margin:.5rem 0}dl{color:#555;margin:1rem 0}\
dt{float:left;clear:left;width:9rem}dd{margin:0 0 .3rem 9rem;overflow-wrap:anywhere}\
button{display:block;width:100%;padding:.7rem;margin:.5rem 0;font:inherit;border:1px solid #bbb;border-radius:6px;background:#fff;cursor:pointer}\
button.pay{background:#1677ff;border-color:#1677ff;color:#fff}.note{color:#8a4b00}small{color:#666}";

/// A page with a word that says what kind of page it is, for tests and for the journal.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// `CASHIER`, `PAID`, … or the sub code of an error.
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

/// The page for an order in whatever state it is. `note` says what the buyer's last step did.
pub(crate) fn for_order(order: &Order, public_url: &str, note: &str) -> Page {
    match order.state {
        OrderState::Announced | OrderState::Waiting => cashier(order, public_url, note),
        OrderState::Paid => result("PAID", "支付成功 Paid", order, note),
        OrderState::Refunded => result("REFUNDED", "已全额退款 Refunded", order, note),
        OrderState::Closed => result("CLOSED", "交易已关闭 Closed", order, note),
    }
}

/// A page that says why nothing can be paid here.
pub(crate) fn for_refusal(reply: &Reply) -> Page {
    let (code, said) = reply.code_and_message();
    let body = format!(
        "<h1>无法支付 This cannot be paid</h1><p class=\"note\">{}</p><small>{}</small>",
        escape(&said),
        escape(&code)
    );
    page(&code, &body)
}

/// The buyer walked away; nothing was decided.
pub(crate) fn for_leaving(order: &Order, public_url: &str) -> Page {
    let body = format!(
        "<h1>已离开收银台 You have left</h1><p>订单仍可支付。The order can still be paid: \
         <a href=\"{}\">继续支付 go back</a></p>",
        escape(&cashier_address(order, public_url))
    );
    page("LEFT", &body)
}

/// The address under which the page of an order stays.
fn cashier_address(order: &Order, public_url: &str) -> String {
    format!("{public_url}/alipay/cashier/{}", order.page_code)
}

fn cashier(order: &Order, public_url: &str, note: &str) -> Page {
    let address = escape(&cashier_address(order, public_url));
    let buttons: String = [
        ("pay", " class=\"pay\"", "支付 Pay"),
        ("pay-without-return", "", "支付但不返回 Pay without returning"),
        ("fail", "", "支付失败 Fail this try"),
        ("leave", "", "离开 Leave"),
    ]
    .map(|(action, class, label)| {
        format!(
            "<form method=\"post\" action=\"{address}/{action}\"><button{class}>{label}</button></form>"
        )
    })
    .concat();
    let body = format!(
        "<h1>支付宝收银台 Alipay cashier (模拟 simulated)</h1>{}{}{buttons}",
        notice(note),
        facts(order)
    );
    page("CASHIER", &body)
}

fn result(code: &str, title: &str, order: &Order, note: &str) -> Page {
    let body = format!("<h1>{title}</h1>{}{}", notice(note), facts(order));
    page(code, &body)
}

fn facts(order: &Order) -> String {
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

fn notice(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">{}</p>", escape(note))
    }
}

fn page(code: &str, body: &str) -> Page {
    let html = format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>支付宝 Alipay</title><style>{STYLE}</style></head>\
         <body><main data-code=\"{}\">{body}</main></body></html>",
        escape(code)
    );
    Page {
        code: code.to_owned(),
        html,
    }
}
