//! What a buyer sees: UnionPay's choice of banks, a bank's page, and what became of the payment.

use super::{CASHIER_PATH, message::Wrong, sign::Fields};
use crate::{
    books::{Order, OrderState},
    html::escape,
    page::{self, Brand, Page, facts, frame, notice},
};

const UNIONPAY: Brand = Brand {
    name: "银联 UnionPay",
    colour: "#d7000f",
};

/// The banks of the cashier, by the code that `issInsCode` carries. The last is no bank: a card.
const BANKS: [(&str, &str, &str); 5] = [
    ("CMB", "招商银行 China Merchants Bank", "#c7152f"),
    ("ICBC", "工商银行 ICBC", "#c4000f"),
    ("ABC", "农业银行 Agricultural Bank", "#00826f"),
    ("CCB", "建设银行 China Construction Bank", "#0f4c9f"),
    ("CARD", "银联卡 UnionPay card", "#d7000f"),
];

/// Whether the cashier offers it.
pub(crate) fn is_offered(bank: &str) -> bool {
    BANKS.iter().any(|(code, _, _)| *code == bank)
}

/// The page for an order in whatever state it is. `note` says what the buyer's last step did;
/// `way_back` are the signed fields for the merchant's page.
pub(crate) fn for_order(
    order: &Order,
    public_url: &str,
    note: &str,
    way_back: Option<&Fields>,
) -> Page {
    let address = cashier_address(order, public_url);
    match order.state {
        OrderState::Announced | OrderState::Waiting => match order.attributes.get("bank") {
            Some(bank) => bank_page(order, bank, &address, note),
            None if order.method == "code" => bank_page(order, "CARD", &address, note),
            None => cashier(order, &address, note),
        },
        OrderState::Paid => paid(order, note, way_back),
        OrderState::Refunded => result(order, "REFUNDED", "已全额退款 Refunded", note),
        OrderState::Closed => result(order, "CLOSED", "交易已结束 Closed", note),
    }
}

/// A page that says why nothing can be paid here.
pub(crate) fn for_refusal(wrong: &Wrong) -> Page {
    page::refusal(UNIONPAY, wrong.code.code, &wrong.message())
}

/// The buyer walked away; nothing was decided.
pub(crate) fn for_leaving(order: &Order, public_url: &str) -> Page {
    page::leaving(UNIONPAY, &cashier_address(order, public_url))
}

fn cashier_address(order: &Order, public_url: &str) -> String {
    format!("{public_url}{CASHIER_PATH}/{}", order.page_code)
}

fn cashier(order: &Order, address: &str, note: &str) -> Page {
    let banks = BANKS.map(|(code, name, _)| (format!("bank-{code}"), name));
    let mut buttons: Vec<_> = banks
        .iter()
        .map(|(action, name)| (action.as_str(), *name))
        .collect();
    buttons.push(("leave", "离开 Leave"));
    page::cashier(UNIONPAY, order, note, &buttons, |action| {
        format!("{address}/{action}")
    })
}

fn bank_page(order: &Order, bank: &str, address: &str, note: &str) -> Page {
    let known = BANKS.iter().find(|(code, _, _)| *code == bank);
    let (name, colour) = known.map_or(
        ("其他银行 Another bank", "#555"),
        |(_, name, colour)| (*name, *colour),
    );
    let buttons: String = [
        ("pay", " class=\"pay\"", "支付 Pay"),
        ("pay-without-return", "", "支付但不返回 Pay without returning"),
        ("fail", "", "支付失败 Fail this try"),
        ("leave", "", "离开 Leave"),
    ]
    .map(|(action, class, label)| {
        let address = escape(address);
        format!(
            "<form method=\"post\" action=\"{address}/{action}\"><button{class}>{label}</button></form>"
        )
    })
    .concat();
    let body = format!(
        "<h1 data-bank=\"{}\">{name} ({}) 网上银行 online banking (模拟 simulated)</h1>{}{}{buttons}",
        escape(bank),
        escape(bank),
        notice(note),
        facts(order)
    );
    let brand = Brand { name, colour };
    frame(brand, "BANK", &body)
}

fn paid(order: &Order, note: &str, way_back: Option<&Fields>) -> Page {
    let form = match (&order.return_url, way_back) {
        (Some(address), Some(fields)) => return_form(address, fields),
        (Some(_) | None, _) => String::new(),
    };
    let body = format!(
        "<h1>支付成功 Paid</h1>{}{}{form}",
        notice(note),
        facts(order)
    );
    frame(UNIONPAY, "PAID", &body)
}

fn return_form(address: &str, fields: &Fields) -> String {
    let inputs: String = fields
        .iter()
        .map(|(name, value)| {
            // A line break that is not written as a reference would be read as another one.
            let value = escape(value).replace('\r', "&#13;").replace('\n', "&#10;");
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{value}\">",
                escape(name)
            )
        })
        .collect();
    format!(
        "<form method=\"post\" action=\"{}\">{inputs}<button class=\"pay\">返回商户 Return to the merchant</button></form>",
        escape(address)
    )
}

fn result(order: &Order, code: &str, title: &str, note: &str) -> Page {
    page::result(UNIONPAY, code, title, order, note)
}
