//! WeChat Pay's words and what they mean: one match for the codes of refusals, one for the state of a
//! trade, one for that of a refund, and one for each call. A word that is not here is no answer, never
//! a guess.

use payonce_domain::{RefundReport, ReversalReport};

use crate::client::CloseAnswer;
use crate::statement::Offer;

/// Why a call was refused (`code`). Its sentence (`message`) is for people and is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    UserPaying,
    ParamError,
    InvalidRequest,
    AppidMchidNotMatch,
    MchNotExists,
    OrderClosed,
    OrderPaid,
    NoStatementExist,
    StatementCreating,
    TradeOverdue,
    RefundFeeMismatch,
    AuthCodeInvalid,
    SignError,
    NoAuth,
    RuleLimit,
    TradeError,
    UserAccountAbnormal,
    OutTradeNoUsed,
    NotEnough,
    OrderNotExist,
    ResourceNotExists,
    FrequencyLimited,
    SystemError,
    ServiceUnavailable,
}

impl Code {
    /// Reads a code. "Not found" is believed only together with its HTTP status: it alone lets an order
    /// end, or a refund be sent again.
    pub(super) fn read(status: u16, word: &str) -> Option<Self> {
        let code = match word {
            "USERPAYING" => Self::UserPaying,
            "PARAM_ERROR" => Self::ParamError,
            "INVALID_REQUEST" => Self::InvalidRequest,
            "APPID_MCHID_NOT_MATCH" => Self::AppidMchidNotMatch,
            "MCH_NOT_EXISTS" => Self::MchNotExists,
            "ORDER_CLOSED" => Self::OrderClosed,
            "ORDER_PAID" | "ORDERPAID" => Self::OrderPaid,
            "NO_STATEMENT_EXIST" => Self::NoStatementExist,
            "STATEMENT_CREATING" => Self::StatementCreating,
            "TRADE_OVERDUE" => Self::TradeOverdue,
            "REFUND_FEE_MISMATCH" => Self::RefundFeeMismatch,
            "AUTH_CODE_INVALID" => Self::AuthCodeInvalid,
            "SIGN_ERROR" => Self::SignError,
            "NO_AUTH" => Self::NoAuth,
            "RULE_LIMIT" => Self::RuleLimit,
            "TRADE_ERROR" => Self::TradeError,
            "USER_ACCOUNT_ABNORMAL" => Self::UserAccountAbnormal,
            "OUT_TRADE_NO_USED" => Self::OutTradeNoUsed,
            "NOT_ENOUGH" => Self::NotEnough,
            "ORDER_NOT_EXIST" if status == 404 => Self::OrderNotExist,
            "RESOURCE_NOT_EXISTS" if status == 404 => Self::ResourceNotExists,
            "FREQUENCY_LIMITED" | "RATELIMIT_EXCEEDED" => Self::FrequencyLimited,
            "SYSTEM_ERROR" => Self::SystemError,
            "SERVICE_UNAVAILABLE" => Self::ServiceUnavailable,
            _ => return None,
        };
        Some(code)
    }

    /// Whether the account is what is wrong: its keys, its contract, its clock. A person has to mend it.
    pub(super) const fn is_misconfiguration(self) -> bool {
        match self {
            Self::SignError | Self::NoAuth | Self::AppidMchidNotMatch | Self::MchNotExists => true,
            Self::UserPaying
            | Self::ParamError
            | Self::InvalidRequest
            | Self::OrderClosed
            | Self::OrderPaid
            | Self::NoStatementExist
            | Self::StatementCreating
            | Self::TradeOverdue
            | Self::RefundFeeMismatch
            | Self::AuthCodeInvalid
            | Self::RuleLimit
            | Self::TradeError
            | Self::UserAccountAbnormal
            | Self::OutTradeNoUsed
            | Self::NotEnough
            | Self::OrderNotExist
            | Self::ResourceNotExists
            | Self::FrequencyLimited
            | Self::SystemError
            | Self::ServiceUnavailable => false,
        }
    }
}

/// The state of a trade (`trade_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TradeState {
    /// Paid.
    Success,
    /// "转入退款": it *was* paid, and at least one refund was made, which may be a part of it.
    Refund,
    /// Nothing was taken; something still may be. Also after a try of the buyer's that failed.
    NotPaid,
    /// Closed by us, or past its time.
    Closed,
    /// Paid by code and reversed, or reversed before it was paid: what was taken went back.
    Revoked,
}

impl TradeState {
    /// Reads the word; `None` if it is not one we know.
    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            // A payment by code that failed is not over for the channel: "reverse first, then settle".
            "NOTPAY" | "USERPAYING" | "PAYERROR" => Self::NotPaid,
            "CLOSED" => Self::Closed,
            "REVOKED" => Self::Revoked,
            _ => return None,
        })
    }
}

/// What the state of a refund means (`status` in answers, `refund_status` in notifications).
pub(super) fn refund_status(word: &str) -> Option<RefundReport> {
    Some(match word {
        "SUCCESS" => RefundReport::Succeeded,
        "PROCESSING" => RefundReport::Accepted,
        // The buyer's card takes nothing any more; only a person can say where the money is to go.
        "ABNORMAL" => RefundReport::NeedsPerson,
        "CLOSED" => RefundReport::Failed,
        _ => return None,
    })
}

/// Whether a refused create is refused for good. A number that exists already, in another state or with
/// other members, may still be paid, so only a query can tell.
pub(super) fn create_is_refused(code: Code) -> bool {
    match code {
        Code::ParamError
        | Code::AppidMchidNotMatch
        | Code::MchNotExists
        | Code::NoAuth
        | Code::RuleLimit
        | Code::TradeError
        | Code::UserAccountAbnormal => true,
        Code::UserPaying
        | Code::AuthCodeInvalid
        | Code::NotEnough
        | Code::InvalidRequest
        | Code::OrderClosed
        | Code::OrderPaid
        | Code::NoStatementExist
        | Code::StatementCreating
        | Code::TradeOverdue
        | Code::RefundFeeMismatch
        // Our clock or key may be mended a moment later: the order is not at fault.
        | Code::SignError
        | Code::OutTradeNoUsed
        | Code::OrderNotExist
        | Code::ResourceNotExists
        | Code::FrequencyLimited
        | Code::SystemError
        | Code::ServiceUnavailable => false,
    }
}

/// Whether a refused payment by code (付款码) is refused for good: only where no money can have been
/// taken, for the request is wrong, the account may not ask, the code is none, or the purse is empty.
/// `TRADE_ERROR`, `RULE_LIMIT` and `USER_ACCOUNT_ABNORMAL` say that something went wrong and not at which
/// step; the order is asked about and reversed.
pub(super) fn code_is_refused(code: Code) -> bool {
    match code {
        Code::ParamError
        | Code::AppidMchidNotMatch
        | Code::MchNotExists
        | Code::NoAuth
        | Code::AuthCodeInvalid
        | Code::NotEnough => true,
        Code::UserPaying
        | Code::InvalidRequest
        | Code::OrderClosed
        | Code::OrderPaid
        | Code::NoStatementExist
        | Code::StatementCreating
        | Code::TradeOverdue
        | Code::RefundFeeMismatch
        | Code::SignError
        | Code::RuleLimit
        | Code::TradeError
        | Code::UserAccountAbnormal
        | Code::OutTradeNoUsed
        | Code::OrderNotExist
        | Code::ResourceNotExists
        | Code::FrequencyLimited
        | Code::SystemError
        | Code::ServiceUnavailable => false,
    }
}

/// What a refused close means.
pub(super) fn close(code: Code) -> CloseAnswer {
    match code {
        Code::OrderNotExist => CloseAnswer::NotFound,
        Code::OrderPaid | Code::OrderClosed | Code::InvalidRequest | Code::UserPaying => {
            CloseAnswer::Conflict
        }
        Code::ParamError
        | Code::AppidMchidNotMatch
        | Code::MchNotExists
        | Code::NoStatementExist
        | Code::StatementCreating
        | Code::TradeOverdue
        | Code::RefundFeeMismatch
        | Code::AuthCodeInvalid
        | Code::SignError
        | Code::NoAuth
        | Code::RuleLimit
        | Code::TradeError
        | Code::UserAccountAbnormal
        | Code::OutTradeNoUsed
        | Code::NotEnough
        | Code::ResourceNotExists
        | Code::FrequencyLimited
        | Code::SystemError
        | Code::ServiceUnavailable => CloseAnswer::NoAnswer,
    }
}

/// What a refused refund means. None of these is `Failed`: that would open the next number, and a
/// refusal of one call says nothing of an earlier one under the same number.
pub(super) fn refund(code: Code) -> RefundReport {
    match code {
        Code::NotEnough | Code::FrequencyLimited => RefundReport::NotYet,
        Code::ParamError
        | Code::InvalidRequest
        | Code::OrderClosed
        | Code::TradeOverdue
        | Code::RefundFeeMismatch
        | Code::NoAuth
        | Code::RuleLimit
        | Code::TradeError
        | Code::UserAccountAbnormal
        | Code::OrderNotExist
        | Code::ResourceNotExists => RefundReport::NeedsPerson,
        // The account's fault would make every refund a person's work; mended, they go on by themselves.
        Code::AppidMchidNotMatch
        | Code::MchNotExists
        | Code::SignError
        | Code::UserPaying
        | Code::OrderPaid
        | Code::NoStatementExist
        | Code::StatementCreating
        | Code::AuthCodeInvalid
        | Code::OutTradeNoUsed
        | Code::SystemError
        | Code::ServiceUnavailable => RefundReport::NoAnswer,
    }
}

/// What a refused reversal means. `Refused` hands what was taken to an ordinary refund, so it is only
/// for refusals that will be the same each time.
pub(super) fn reverse(code: Code) -> ReversalReport {
    match code {
        Code::InvalidRequest
        | Code::TradeOverdue
        | Code::RuleLimit
        | Code::TradeError
        | Code::UserAccountAbnormal => ReversalReport::Refused,
        Code::UserPaying
        | Code::ParamError
        | Code::AppidMchidNotMatch
        | Code::MchNotExists
        | Code::OrderClosed
        | Code::OrderPaid
        | Code::NoStatementExist
        | Code::StatementCreating
        | Code::RefundFeeMismatch
        | Code::AuthCodeInvalid
        | Code::SignError
        | Code::NoAuth
        | Code::OutTradeNoUsed
        | Code::NotEnough
        | Code::OrderNotExist
        | Code::ResourceNotExists
        | Code::FrequencyLimited
        | Code::SystemError
        | Code::ServiceUnavailable => ReversalReport::Again,
    }
}

/// What a refused request for a bill means.
pub(super) fn bill(code: Code) -> Offer {
    match code {
        Code::NoStatementExist => Offer::Nothing,
        Code::StatementCreating | Code::FrequencyLimited => Offer::NotReady,
        Code::UserPaying
        | Code::ParamError
        | Code::InvalidRequest
        | Code::AppidMchidNotMatch
        | Code::MchNotExists
        | Code::OrderClosed
        | Code::OrderPaid
        | Code::TradeOverdue
        | Code::RefundFeeMismatch
        | Code::AuthCodeInvalid
        | Code::SignError
        | Code::NoAuth
        | Code::RuleLimit
        | Code::TradeError
        | Code::UserAccountAbnormal
        | Code::OutTradeNoUsed
        | Code::NotEnough
        | Code::OrderNotExist
        | Code::ResourceNotExists
        | Code::SystemError
        | Code::ServiceUnavailable => Offer::NoAnswer,
    }
}

#[cfg(test)]
#[path = "tests/status.rs"]
mod tests;
