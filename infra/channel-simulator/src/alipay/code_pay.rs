//! Paying by code (付款码支付): a cashier scans the code that the buyer's phone shows.
//!
//! The code itself decides what the buyer's phone does, by its last digit, as for every channel:
//!
//! | last digit | what happens |
//! |---|---|
//! | 1 | the buyer has to type a password: 10003, until the buyer pays or fails |
//! | 2 | refused for good: `ACQ.BUYER_BALANCE_NOT_ENOUGH`, and no trade exists |
//! | 3 | paid, but the answer is `ACQ.SYSTEM_ERROR` |
//! | any other | paid at once |
//!
//! The buyer of a `1` pays through the control API, or pays or fails on the page that the order's
//! attribute `buyer_page` names. A refused number may be tried again with another code.

use serde_json::json;

use super::{
    amount::yuan,
    answer::Reply,
    create::{CreateRequest, SCANNED_CODE, bad, has_closed},
    operations::{buyer, numbers, paid_amounts},
    request::Call,
};
use crate::{
    books::{Channel, Order, OrderState},
    clock::Moment,
    payment,
    simulator::{Accounts, Simulator, World},
};

/// Which code a trade was last tried with.
const AUTH_CODE: &str = "auth_code";

pub(crate) fn pay(simulator: &Simulator, call: &Call) -> Reply {
    let paid = simulator.change(|world| {
        let scan = Scan::read(call)?;
        scan.carry_out(world, &simulator.accounts, &simulator.public_url)
    });
    paid.unwrap_or_else(|refused| refused)
}

/// One scan of one code.
struct Scan {
    account: String,
    out_trade_no: String,
    auth_code: String,
    request: CreateRequest,
}

impl Scan {
    fn read(call: &Call) -> Result<Self, Reply> {
        let request = CreateRequest::read(call)?;
        let scene = call.text("scene").ok_or_else(|| bad("scene"))?;
        if scene != "bar_code" {
            return Err(bad("scene"));
        }
        let auth_code = call
            .text("auth_code")
            .filter(|code| is_auth_code(code))
            .ok_or_else(|| bad("auth_code"))?;
        Ok(Self {
            account: call.account.name().to_owned(),
            out_trade_no: call.out_trade_no().ok_or_else(|| bad("out_trade_no"))?,
            auth_code,
            request,
        })
    }

    fn carry_out(
        self,
        world: &mut World,
        accounts: &Accounts,
        public_url: &str,
    ) -> Result<Reply, Reply> {
        let now = world.now();
        if let Some(order) = self.request.existing(world, now) {
            self.request.is_same_and_payable(order)?;
            let is_this_scan = order.attributes.get(AUTH_CODE) == Some(&self.auth_code);
            if order.is_known() && is_this_scan && self.auth_code.ends_with('1') {
                return Ok(user_paying(order));
            }
        }
        self.is_unused(world, now)?;
        let expires_at = self.request.expires_at(now)?;
        let (account, number, auth_code) = (self.account, self.out_trade_no, self.auth_code);
        if world
            .books
            .find(Channel::Alipay, &account, &number, now)
            .is_none()
        {
            let order = self.request.into_order(world, now, now);
            world.books.add(order);
        }
        let order = world
            .books
            .find(Channel::Alipay, &account, &number, now)
            .expect("it was there or has been added");
        let page = format!("{public_url}/alipay/cashier/{}", order.page_code);
        order.attributes.extend([
            (AUTH_CODE.to_owned(), auth_code.clone()),
            ("buyer_page".to_owned(), page),
        ]);
        if auth_code.ends_with('2') {
            // Nobody is told of an order that stays announced and has ended: there is no trade.
            return Err(Reply::refused(
                "ACQ.BUYER_BALANCE_NOT_ENOUGH",
                "买家余额不足",
            ));
        }
        if order.state == OrderState::Announced {
            order.expires_at = expires_at;
            order.become_known(now);
        }
        if auth_code.ends_with('1') {
            return Ok(user_paying(order));
        }
        let is_it = |order: &Order| order.channel_order_no == number && order.account == account;
        let order = payment::take(world, accounts, Channel::Alipay, is_it, None)
            .map_err(|_closed_meanwhile| has_closed())?;
        if auth_code.ends_with('3') {
            return Err(Reply::refused("ACQ.SYSTEM_ERROR", "接口返回错误"));
        }
        Ok(paid(&order))
    }

    /// A code pays one trade and no other.
    fn is_unused(&self, world: &mut World, now: Moment) -> Result<(), Reply> {
        let is_spent = |order: &Order| {
            order.channel == Channel::Alipay
                && order.attributes.get(AUTH_CODE) == Some(&self.auth_code)
                && (order.channel_order_no != self.out_trade_no || order.account != self.account)
        };
        match world.books.find_where(now, is_spent) {
            None => Ok(()),
            Some(_) => Err(Reply::refused(
                "ACQ.PAYMENT_AUTH_CODE_INVALID",
                "支付授权码无效",
            )),
        }
    }
}

/// The buyer's phone gave up: nothing can be paid under this number any more.
pub(crate) fn fail(order: &mut Order, now: Moment) {
    if order.method == SCANNED_CODE && order.state == OrderState::Waiting {
        order.close(now);
    }
}

/// 16 to 24 digits that begin with 25 to 30.
fn is_auth_code(text: &str) -> bool {
    (16..=24).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && ["25", "26", "27", "28", "29", "30"]
            .iter()
            .any(|start| text.starts_with(start))
}

fn user_paying(order: &Order) -> Reply {
    let mut members = numbers(order);
    members.extend(buyer());
    members.push(("total_amount", json!(yuan(order.amount))));
    Reply::in_process(members)
}

fn paid(order: &Order) -> Reply {
    let mut members = numbers(order);
    members.extend(buyer());
    members.extend(paid_amounts(order));
    members.push(("gmt_payment", json!(order.paid_at().map(Moment::beijing))));
    Reply::success(members)
}
