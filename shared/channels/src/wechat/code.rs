//! Payment by the buyer's code (付款码支付): what the answers to paying and to reversing mean.

use payonce_domain::{ReversalReport, Timestamp};

use super::account::Account;
use super::response::{Answer, Content, claim, read};
use super::status::{self, TradeState};
use crate::claim::{CreateReading, Standing};
use crate::http::HttpAnswer;
use crate::order::Order;

/// Reads the answer to a payment by code that was carried out.
pub(super) fn paid(content: &Content<'_>, now: Timestamp) -> CreateReading {
    let Some(claim) = claim(content, now) else {
        return CreateReading::NoAnswer;
    };
    match claim.standing {
        Standing::Paid { .. } | Standing::PaidBack { .. } | Standing::TakenLate { .. } => {
            CreateReading::Claim(claim)
        }
        // "USERPAYING" and a failed try: the code was taken, and its fate is asked for.
        Standing::Unpaid => CreateReading::Taken,
        Standing::Closed => CreateReading::NoAnswer,
    }
}

/// Reads the answer to a reversal. `Reversed` books what was taken as given back, so it takes proof:
/// nothing to say (204), nothing to repeat (`recall`), a state that is the end, or the order named in
/// full, which is all that the document shows of a success
/// (<https://pay.weixin.qq.com/docs/merchant/apis/code-payment-v3/direct/reverse.html>).
pub(super) fn reversed(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> ReversalReport {
    match read(account, "reverse", answer, now) {
        Answer::Empty => ReversalReport::Reversed,
        Answer::Done(content) => carried_out(&content, account, order),
        Answer::Refused(code) => status::reverse(code),
        Answer::RefusedUnsigned(_) | Answer::UnderWay | Answer::Nothing => ReversalReport::Again,
    }
}

/// What an answer says that was not refused. One member that denies it outweighs all others.
fn carried_out(content: &Content<'_>, account: &Account, order: &Order) -> ReversalReport {
    let no = order.no.to_string();
    let ours = content.does_not_deny("out_trade_no", &no)
        && content.does_not_deny("mchid", &account.mchid);
    let settled = content.raw("recall").map(|_| content.says("recall", "N"));
    if !ours || settled == Some(false) {
        return ReversalReport::Again;
    }
    if content.raw("trade_state").is_some() {
        let word = content.text("trade_state").unwrap_or_default();
        return match TradeState::read(&word) {
            Some(TradeState::Revoked) => ReversalReport::Reversed,
            Some(TradeState::Closed) => ReversalReport::NothingTaken,
            Some(TradeState::Success | TradeState::Refund | TradeState::NotPaid) | None => {
                ReversalReport::Again
            }
        };
    }
    let named = content.says("out_trade_no", &no) && content.says("mchid", &account.mchid);
    if settled == Some(true) || named {
        ReversalReport::Reversed
    } else {
        ReversalReport::Again
    }
}
