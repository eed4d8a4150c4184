//! Alipay's words and what they mean: one match for the gateway's codes, one for the state of a trade,
//! and one for each call's business codes. A word that is not here is `NoAnswer`, never a guess.

use payonce_domain::{RefundReport, ReversalReport};

use crate::client::CloseAnswer;

/// What the gateway says of a call as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The call was carried out; its content says how.
    Done,
    /// A payment by code (付款码) has begun and the buyer is typing.
    InProgress,
    /// The call was understood and not carried out, for this reason.
    Refused(Code),
    /// Turned away at the door, for now.
    Limited,
    /// Whether it was carried out is not known.
    Unknown,
    /// The call itself is wrong, and will be each time.
    Faulty,
    /// The account is: its keys, its contract, its rights. A person has to mend it.
    Misconfigured,
    /// A word we do not know.
    Unmapped,
}

/// The business codes (`sub_code`) that are documented for the calls of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    SystemError,
    TradeNotExist,
    TradeHasSuccess,
    TradeHasClose,
    TradeHasFinished,
    ContextInconsistent,
    InvalidParameter,
    AccessForbidden,
    ExistForbiddenWord,
    PartnerError,
    TotalFeeExceed,
    BuyerBalanceNotEnough,
    BuyerBankcardBalanceNotEnough,
    BalancePaymentDisabled,
    BuyerSellerEqual,
    TradeBuyerNotMatch,
    BuyerEnableStatusForbid,
    PullMobileCashierFail,
    PaymentAuthCodeInvalid,
    ReasonTradeStatusInvalid,
    ReasonIllegalStatus,
    TradeStatusError,
    SellerBalanceNotEnough,
    RefundAmountNotEqualTotal,
    RefundFeeError,
    TradeBeenFrozen,
    TradeNotAllowRefund,
    DiscordantRepeatRequest,
    TradeCancelTimeOut,
    CancelNotAllowed,
    BillNotExist,
    InvalidArguments,
}

impl Code {
    /// Reads a business code. Alipay itself misspells the prefix at times (`AQC.SYSTEM_ERROR`), and the
    /// codes about bills come in other words than the documentation lists.
    fn read(sub_code: &str) -> Option<Self> {
        match sub_code.strip_prefix("isp.").unwrap_or(sub_code) {
            "bill_not_exist" | "BILL_NOT_EXIST" => return Some(Self::BillNotExist),
            "invalid_arguments" | "INVAILID_ARGUMENTS" => return Some(Self::InvalidArguments),
            _ => {}
        }
        let word = sub_code
            .strip_prefix("ACQ.")
            .or_else(|| sub_code.strip_prefix("AQC."))?;
        Some(match word {
            "SYSTEM_ERROR" => Self::SystemError,
            "TRADE_NOT_EXIST" => Self::TradeNotExist,
            "TRADE_HAS_SUCCESS" => Self::TradeHasSuccess,
            "TRADE_HAS_CLOSE" => Self::TradeHasClose,
            "TRADE_HAS_FINISHED" => Self::TradeHasFinished,
            "CONTEXT_INCONSISTENT" => Self::ContextInconsistent,
            "INVALID_PARAMETER" => Self::InvalidParameter,
            "ACCESS_FORBIDDEN" => Self::AccessForbidden,
            "EXIST_FORBIDDEN_WORD" => Self::ExistForbiddenWord,
            "PARTNER_ERROR" => Self::PartnerError,
            "TOTAL_FEE_EXCEED" => Self::TotalFeeExceed,
            "BUYER_BALANCE_NOT_ENOUGH" => Self::BuyerBalanceNotEnough,
            "BUYER_BANKCARD_BALANCE_NOT_ENOUGH" => Self::BuyerBankcardBalanceNotEnough,
            "ERROR_BALANCE_PAYMENT_DISABLE" => Self::BalancePaymentDisabled,
            "BUYER_SELLER_EQUAL" => Self::BuyerSellerEqual,
            "TRADE_BUYER_NOT_MATCH" => Self::TradeBuyerNotMatch,
            "BUYER_ENABLE_STATUS_FORBID" => Self::BuyerEnableStatusForbid,
            "PULL_MOBILE_CASHIER_FAIL" => Self::PullMobileCashierFail,
            "PAYMENT_AUTH_CODE_INVALID" => Self::PaymentAuthCodeInvalid,
            "REASON_TRADE_STATUS_INVALID" => Self::ReasonTradeStatusInvalid,
            "REASON_ILLEGAL_STATUS" => Self::ReasonIllegalStatus,
            "TRADE_STATUS_ERROR" => Self::TradeStatusError,
            "SELLER_BALANCE_NOT_ENOUGH" => Self::SellerBalanceNotEnough,
            "REFUND_AMT_NOT_EQUAL_TOTAL" => Self::RefundAmountNotEqualTotal,
            "REASON_TRADE_REFUND_FEE_ERR" => Self::RefundFeeError,
            "REASON_TRADE_BEEN_FREEZEN" => Self::TradeBeenFrozen,
            "TRADE_NOT_ALLOW_REFUND" => Self::TradeNotAllowRefund,
            "DISCORDANT_REPEAT_REQUEST" => Self::DiscordantRepeatRequest,
            "TRADE_CANCEL_TIME_OUT" => Self::TradeCancelTimeOut,
            "CANCEL_NOT_ALLOWED" => Self::CancelNotAllowed,
            _ => return None,
        })
    }
}

/// Reads the gateway's `code` together with its `sub_code`.
pub(super) fn verdict(code: &str, sub_code: Option<&str>) -> Verdict {
    let sub_code = sub_code.unwrap_or("");
    let bare = sub_code.strip_prefix("isv.").unwrap_or(sub_code);
    if matches!(bare, "app-call-limited" | "method-call-limited") {
        return Verdict::Limited;
    }
    // Both spellings of the prefix occur, and none at all; the outcome is unknown in each case.
    let bare = bare.strip_prefix("isp.").unwrap_or(bare);
    if bare.strip_prefix("aop.").unwrap_or(bare) == "unknow-error" {
        return Verdict::Unknown;
    }
    match code {
        "10000" => Verdict::Done,
        "10003" => Verdict::InProgress,
        // Codes that begin with "isp." also come under the code for a service that is not available.
        "20000" => match Code::read(sub_code) {
            Some(code @ Code::BillNotExist) => Verdict::Refused(code),
            Some(_) | None => Verdict::Unknown,
        },
        "40001" => Verdict::Faulty,
        // One code for a bad parameter and for a bad signature: only the first is the call's own fault.
        "40002" if sub_code == "isv.invalid-parameter" => Verdict::Faulty,
        "20001" | "40002" | "40003" | "40006" => Verdict::Misconfigured,
        "40004" => Code::read(sub_code).map_or(Verdict::Unmapped, Verdict::Refused),
        "40005" => Verdict::Limited,
        _ => Verdict::Unmapped,
    }
}

/// The state of a trade (`trade_status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TradeStatus {
    /// Nothing was taken; something still may be.
    WaitBuyerPay,
    /// Either "closed unpaid after its time" or "refunded in full after payment": one word for both, so
    /// whether there was a payment has to be read from the payment's time.
    Closed,
    /// Paid.
    Success,
    /// Paid, and past the time for refunds by this interface.
    Finished,
}

impl TradeStatus {
    /// Reads the word; `None` if it is not one we know.
    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "WAIT_BUYER_PAY" => Self::WaitBuyerPay,
            "TRADE_CLOSED" => Self::Closed,
            "TRADE_SUCCESS" => Self::Success,
            "TRADE_FINISHED" => Self::Finished,
            _ => return None,
        })
    }
}

/// Whether a refused create (precreate) is refused for good. A number that exists already in another
/// state or with other members may still be paid, so only a query can tell.
pub(super) fn create_is_refused(code: Code) -> bool {
    match code {
        Code::InvalidParameter
        | Code::AccessForbidden
        | Code::ExistForbiddenWord
        | Code::PartnerError
        | Code::TotalFeeExceed
        | Code::BuyerSellerEqual
        | Code::BuyerEnableStatusForbid => true,
        Code::SystemError
        | Code::TradeNotExist
        | Code::TradeHasSuccess
        | Code::TradeHasClose
        | Code::TradeHasFinished
        | Code::ContextInconsistent
        | Code::BuyerBalanceNotEnough
        | Code::BuyerBankcardBalanceNotEnough
        | Code::BalancePaymentDisabled
        | Code::TradeBuyerNotMatch
        | Code::PullMobileCashierFail
        | Code::PaymentAuthCodeInvalid
        | Code::ReasonTradeStatusInvalid
        | Code::ReasonIllegalStatus
        | Code::TradeStatusError
        | Code::SellerBalanceNotEnough
        | Code::RefundAmountNotEqualTotal
        | Code::RefundFeeError
        | Code::TradeBeenFrozen
        | Code::TradeNotAllowRefund
        | Code::DiscordantRepeatRequest
        | Code::TradeCancelTimeOut
        | Code::CancelNotAllowed
        | Code::BillNotExist
        | Code::InvalidArguments => false,
    }
}

/// Whether a refused payment by code (付款码) is refused for good: only where no money can have been
/// taken. "This try failed" ends it: a code is used once. A number that is known already, in whatever
/// state, is for the query to tell, and so is an order that the buyer was to confirm in the app: that the
/// app did not open (`ACQ.PULL_MOBILE_CASHIER_FAIL`) does not unmake it.
pub(super) fn code_is_refused(code: Code) -> bool {
    match code {
        Code::InvalidParameter
        | Code::AccessForbidden
        | Code::ExistForbiddenWord
        | Code::PartnerError
        | Code::TotalFeeExceed
        | Code::BuyerBalanceNotEnough
        | Code::BuyerBankcardBalanceNotEnough
        | Code::BalancePaymentDisabled
        | Code::BuyerSellerEqual
        | Code::TradeBuyerNotMatch
        | Code::BuyerEnableStatusForbid
        | Code::PaymentAuthCodeInvalid => true,
        Code::SystemError
        | Code::PullMobileCashierFail
        | Code::TradeNotExist
        | Code::TradeHasSuccess
        | Code::TradeHasClose
        | Code::TradeHasFinished
        | Code::ContextInconsistent
        | Code::ReasonTradeStatusInvalid
        | Code::ReasonIllegalStatus
        | Code::TradeStatusError
        | Code::SellerBalanceNotEnough
        | Code::RefundAmountNotEqualTotal
        | Code::RefundFeeError
        | Code::TradeBeenFrozen
        | Code::TradeNotAllowRefund
        | Code::DiscordantRepeatRequest
        | Code::TradeCancelTimeOut
        | Code::CancelNotAllowed
        | Code::BillNotExist
        | Code::InvalidArguments => false,
    }
}

/// What a refused reversal (撤销) means. `Refused` ends the reversal, and money that was taken is sent
/// back by a refund instead; `Again` repeats it, after a query that may show that it is not needed.
/// "Too late", "not allowed", "finished", "refunded already" and "frozen" stay so, however often we ask.
/// A seller's empty balance is filled again, and of anything else the outcome is not known.
pub(super) fn reversal(code: Code) -> ReversalReport {
    match code {
        Code::TradeCancelTimeOut
        | Code::CancelNotAllowed
        | Code::TradeHasFinished
        | Code::RefundFeeError
        | Code::RefundAmountNotEqualTotal
        | Code::TradeBeenFrozen => ReversalReport::Refused,
        Code::SystemError
        | Code::SellerBalanceNotEnough
        | Code::TradeNotExist
        | Code::TradeHasSuccess
        | Code::TradeHasClose
        | Code::ContextInconsistent
        | Code::InvalidParameter
        | Code::AccessForbidden
        | Code::ExistForbiddenWord
        | Code::PartnerError
        | Code::TotalFeeExceed
        | Code::BuyerBalanceNotEnough
        | Code::BuyerBankcardBalanceNotEnough
        | Code::BalancePaymentDisabled
        | Code::BuyerSellerEqual
        | Code::TradeBuyerNotMatch
        | Code::BuyerEnableStatusForbid
        | Code::PullMobileCashierFail
        | Code::PaymentAuthCodeInvalid
        | Code::ReasonTradeStatusInvalid
        | Code::ReasonIllegalStatus
        | Code::TradeStatusError
        | Code::TradeNotAllowRefund
        | Code::DiscordantRepeatRequest
        | Code::BillNotExist
        | Code::InvalidArguments => ReversalReport::Again,
    }
}

/// Whether a refused query says that there is no such trade. Every other refusal says nothing.
pub(super) fn query_finds_nothing(code: Code) -> bool {
    code == Code::TradeNotExist
}

/// What a refused close means.
pub(super) fn close(code: Code) -> CloseAnswer {
    match code {
        Code::TradeNotExist => CloseAnswer::NotFound,
        Code::TradeHasSuccess
        | Code::TradeHasClose
        | Code::TradeHasFinished
        | Code::ReasonTradeStatusInvalid
        | Code::ReasonIllegalStatus
        | Code::TradeStatusError => CloseAnswer::Conflict,
        Code::SystemError
        | Code::ContextInconsistent
        | Code::InvalidParameter
        | Code::AccessForbidden
        | Code::ExistForbiddenWord
        | Code::PartnerError
        | Code::TotalFeeExceed
        | Code::BuyerBalanceNotEnough
        | Code::BuyerBankcardBalanceNotEnough
        | Code::BalancePaymentDisabled
        | Code::BuyerSellerEqual
        | Code::TradeBuyerNotMatch
        | Code::BuyerEnableStatusForbid
        | Code::PullMobileCashierFail
        | Code::PaymentAuthCodeInvalid
        | Code::SellerBalanceNotEnough
        | Code::RefundAmountNotEqualTotal
        | Code::RefundFeeError
        | Code::TradeBeenFrozen
        | Code::TradeNotAllowRefund
        | Code::DiscordantRepeatRequest
        | Code::TradeCancelTimeOut
        | Code::CancelNotAllowed
        | Code::BillNotExist
        | Code::InvalidArguments => CloseAnswer::NoAnswer,
    }
}

/// What a refused refund means. A repeat with another amount did nothing, but an earlier request with
/// this number may have: that one has to be asked about.
pub(super) fn refund(code: Code) -> RefundReport {
    match code {
        Code::SellerBalanceNotEnough => RefundReport::NotYet,
        Code::TradeNotExist
        | Code::TradeHasClose
        | Code::TradeHasFinished
        | Code::InvalidParameter
        | Code::AccessForbidden
        | Code::ReasonTradeStatusInvalid
        | Code::ReasonIllegalStatus
        | Code::TradeStatusError
        | Code::RefundAmountNotEqualTotal
        | Code::RefundFeeError
        | Code::TradeBeenFrozen
        | Code::TradeNotAllowRefund
        | Code::BuyerEnableStatusForbid => RefundReport::NeedsPerson,
        Code::SystemError
        | Code::DiscordantRepeatRequest
        | Code::TradeHasSuccess
        | Code::ContextInconsistent
        | Code::ExistForbiddenWord
        | Code::PartnerError
        | Code::TotalFeeExceed
        | Code::BuyerBalanceNotEnough
        | Code::BuyerBankcardBalanceNotEnough
        | Code::BalancePaymentDisabled
        | Code::BuyerSellerEqual
        | Code::TradeBuyerNotMatch
        | Code::PullMobileCashierFail
        | Code::PaymentAuthCodeInvalid
        | Code::TradeCancelTimeOut
        | Code::CancelNotAllowed
        | Code::BillNotExist
        | Code::InvalidArguments => RefundReport::NoAnswer,
    }
}

/// What a refused refund query means: an unknown trade has no refunds; any other refusal says nothing.
pub(super) fn refund_query(code: Code) -> RefundReport {
    if code == Code::TradeNotExist {
        RefundReport::NotFound
    } else {
        RefundReport::NoAnswer
    }
}

#[cfg(test)]
mod tests;
