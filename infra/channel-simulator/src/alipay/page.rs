//! What a buyer sees: the cashier page, and pages that say why there is none.

use super::answer::Reply;
use crate::{
    books::{Order, OrderState},
    page::{self, Brand, Page},
};

const ALIPAY: Brand = Brand {
    name: "支付宝 Alipay",
    colour: "#1677ff",
};

/// The page for an order in whatever state it is. `note` says what the buyer's last step did.
pub(crate) fn for_order(order: &Order, public_url: &str, note: &str) -> Page {
    let result = |code, title| page::result(ALIPAY, code, title, order, note);
    match order.state {
        OrderState::Announced | OrderState::Waiting => cashier(order, public_url, note),
        OrderState::Paid => result("PAID", "支付成功 Paid"),
        OrderState::Refunded => result("REFUNDED", "已全额退款 Refunded"),
        OrderState::Closed => result("CLOSED", "交易已关闭 Closed"),
    }
}

/// A page that says why nothing can be paid here.
pub(crate) fn for_refusal(reply: &Reply) -> Page {
    let (code, said) = reply.code_and_message();
    page::refusal(ALIPAY, &code, &said)
}

/// The buyer walked away; nothing was decided.
pub(crate) fn for_leaving(order: &Order, public_url: &str) -> Page {
    page::leaving(ALIPAY, &cashier_address(order, public_url))
}

/// The address under which the page of an order stays.
fn cashier_address(order: &Order, public_url: &str) -> String {
    format!("{public_url}/alipay/cashier/{}", order.page_code)
}

fn cashier(order: &Order, public_url: &str, note: &str) -> Page {
    let address = cashier_address(order, public_url);
    let buttons = [
        ("pay", "支付 Pay"),
        ("pay-without-return", "支付但不返回 Pay without returning"),
        ("fail", "支付失败 Fail this try"),
        ("leave", "离开 Leave"),
    ];
    page::cashier(ALIPAY, order, note, &buttons, |action| {
        format!("{address}/{action}")
    })
}
