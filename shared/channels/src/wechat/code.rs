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

/// Reads the answer to a reversal. `Reversed` books what was taken as given back and ends the order, so
/// it takes proof: nothing to say (204), nothing to repeat (`recall`), or a state that is the end. An
/// answer that only names the order, and <https://pay.weixin.qq.com/docs/merchant/apis/code-payment-v3/direct/reverse.html>
/// shows no more, proves nothing: the question before the next reversal brings the state.
pub(super) fn reversed(
    account: &Account,
    order: &Order,
    answer: &HttpAnswer,
    now: Timestamp,
) -> ReversalReport {
    match read(account, "reverse", answer, now) {
        Answer::Empty => ReversalReport::Reversed,
        Answer::Done(content) if is_reversed(&content, account, order) => ReversalReport::Reversed,
        Answer::Refused(code) => status::reverse(code),
        Answer::Done(_) | Answer::RefusedUnsigned(_) | Answer::UnderWay | Answer::Nothing => {
            ReversalReport::Again
        }
    }
}

/// Whether at least one member of an answer about this order says that it is reversed, and none says
/// that it is not.
fn is_reversed(content: &Content<'_>, account: &Account, order: &Order) -> bool {
    let ours = content.does_not_deny("out_trade_no", &order.no.to_string())
        && content.does_not_deny("mchid", &account.mchid);
    let settled = content.raw("recall").map(|_| content.says("recall", "N"));
    let ended = content.raw("trade_state").map(|_| {
        let word = content.text("trade_state").unwrap_or_default();
        match TradeState::read(&word) {
            Some(TradeState::Revoked | TradeState::Closed) => true,
            Some(TradeState::Success | TradeState::Refund | TradeState::NotPaid) | None => false,
        }
    });
    let signs = [settled, ended];
    ours && signs.contains(&Some(true)) && !signs.contains(&Some(false))
}
