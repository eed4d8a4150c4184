//! `respCode` and `origRespCode`: what the gateway says became of a message or of a transaction.

/// A code with the sentence that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RespCode {
    pub(crate) code: &'static str,
    said: &'static str,
}

impl RespCode {
    /// As `respMsg` carries it: the sentence, and a longer code that only support understands.
    pub(crate) fn message(self) -> String {
        format!("{}[{}00000]", self.said, self.code)
    }

    /// The code that was remembered with an order.
    pub(crate) fn remembered(code: &str) -> Self {
        let known = [DECLINED, NOT_COMPLETED, STATE_UNKNOWN, LATE];
        let found = known.into_iter().find(|one| one.code == code);
        found.unwrap_or(NOT_COMPLETED)
    }
}

const fn code(code: &'static str, said: &'static str) -> RespCode {
    RespCode { code, said }
}

pub(crate) const SUCCESS: RespCode = code("00", "成功");
/// A transaction that has ended without money, for no reason of the card.
pub(crate) const NOT_COMPLETED: RespCode = code("01", "交易失败");
pub(crate) const TIMED_OUT: RespCode = code("03", "交易通讯超时，请发起查询交易");
pub(crate) const STATE_UNKNOWN: RespCode = code("04", "交易状态未明，请查询对账结果");
pub(crate) const ACCEPTED: RespCode = code("05", "交易已受理，请稍后查询交易结果");
pub(crate) const BUSY: RespCode = code("06", "系统繁忙，请稍后再试");
pub(crate) const BAD_FORMAT: RespCode = code("10", "报文格式错误");
pub(crate) const BAD_SIGNATURE: RespCode = code("11", "验证签名失败");
pub(crate) const DUPLICATE: RespCode = code("12", "重复交易");
pub(crate) const MISSING_FIELD: RespCode = code("13", "报文交易要素缺失");
pub(crate) const MERCHANT_STATUS: RespCode = code("31", "商户状态不正确");
pub(crate) const NOT_FOUND: RespCode = code("34", "查无此交易");
pub(crate) const ORIGINAL_STATE: RespCode = code("35", "原交易不存在或状态不正确");
pub(crate) const ORIGINAL_MISMATCH: RespCode = code("36", "与原交易信息不符");
/// Money was taken after `payTimeout`; it goes back by itself.
pub(crate) const LATE: RespCode = code("42", "扣款成功但交易超过规定支付时间");
pub(crate) const DECLINED: RespCode = code("64", "银行卡余额不足");
/// The buyer is at the bank's page.
pub(crate) const AT_THE_BANK: RespCode = code("70", "交易跳转，等待持卡人输入");
pub(crate) const NO_FILE: RespCode = code("98", "文件不存在");
pub(crate) const GENERAL_ERROR: RespCode = code("99", "通用错误");
