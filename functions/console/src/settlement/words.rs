//! The words of settlement and discrepancies, in two languages.

use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::reconciliation::{DayState, DiscrepancyClass, Proposal, Standing};
use payonce_store::RunState;

use crate::look::Language;

payonce_lambda::words! {
    title: "结算", "Settlement";
    text: "每个渠道账户每天一份：渠道对账单与本方账本逐笔核对。无任何未解释的差异，该日才结账。",
        "One report for each account and day: the channel's bill against our ledger, line by line. A day is closed only when nothing in it is unexplained.";
    findings: "差错", "Discrepancies";
    findings_text: "对账发现、尚无人处理完的差异，最早的在最前。先认领，再结案；两步都记录何人、何时、为何。",
        "What reconciliation found and nobody has settled yet, oldest first. Take one, then settle it; who, when and why is written down.";
    all: "全部", "all";
    day: "账单日", "Bill day";
    days: "范围", "Reach";
    last_days: "天", "days";
    account: "账户", "Account";
    state: "状态", "State";
    class: "类别", "Class";
    age: "时长", "Age";
    owner: "负责人", "Owner";
    nobody: "待认领", "nobody yet";
    bill: "渠道账单", "Channel's bill";
    ledger: "本方账本", "Our ledger";
    payments: "收款", "Payments";
    refunds: "退款", "Refunds";
    bill_payments: "渠道账单收款", "Channel's bill, payments";
    bill_refunds: "渠道账单退款", "Channel's bill, refunds";
    ledger_payments: "本方账本收款", "Our ledger, payments";
    ledger_refunds: "本方账本退款", "Our ledger, refunds";
    fees: "手续费", "Fees";
    fees_taken: "收取手续费", "Fees taken";
    fees_returned: "退还手续费", "Fees given back";
    net: "应结净额", "Net to be settled";
    net_text: "收款减退款，再减手续费净额；与银行到账核对。", "Payments less refunds less fees kept: what should arrive at the bank.";
    matched: "相符", "Matched";
    confirmed: "订单自证", "Confirmed by the payment";
    carried: "转入次日", "Carried over";
    carried_lines: "转入次日（渠道侧）", "Carried over, channel's side";
    carried_rows: "转入次日（本方侧）", "Carried over, our side";
    open: "未处理", "Open";
    count: "笔数", "Count";
    sum: "金额", "Sum";
    attempts: "核对次数", "times compared:";
    no_run: "尚未开始核对", "not begun yet";
    nothing: "没有记录。", "There is nothing here.";
    chart_money: "各日账单收款（元）", "Payments in the bills, by day (yuan)";
    chart_open: "各日未处理差错", "Open discrepancies, by day";
    chart_day: "核对结果（笔）：相符、自证、转入次日、未处理", "What became of the day: matched, confirmed, carried, open";
    subject: "标的", "About";
    theirs: "渠道", "Channel says";
    ours: "本方", "We say";
    proposal: "建议", "Suggested";
    found_at: "发现时间", "Found at";
    bill_line: "账单行", "Line of the bill";
    ledger_row: "账本行", "Row of the ledger";
    position: "行号", "Line";
    at: "渠道时间", "Channel's time";
    standing: "渠道状态", "Channel's state";
    order_no: "渠道单号", "Channel order";
    refund_no: "退款号", "Refund";
    trade_no: "渠道流水号", "Channel's number";
    amount: "金额", "Amount";
    fee: "手续费", "Fee";
    version: "订单版本", "Payment's version";
    asked: "再次查询渠道", "Asked the channel again";
    open_payment: "查看订单时间线", "Open the payment's timeline";
    take: "认领", "Take it";
    settle: "结案", "Settle it";
    take_first: "认领后才能结案。", "Whoever settles a discrepancy takes it first.";
    settled_by: "结案人", "Settled by";
    by_itself: "已自动修复", "repaired itself";
    none: "无", "none";
    done: "成功", "done";
    under_way: "处理中", "under way";
    failed: "失败", "failed";
    download_json: "下载 JSON", "Download JSON";
    resolved: "已结案", "settled";
    notice_taken: "已认领。", "It is yours now.";
    notice_settled: "已结案。", "It is settled.";
    notice_not_yours: "只有负责人能结案。", "Only its owner settles it.";
    notice_moved: "情况已变化，未执行。", "It has moved on; nothing was done.";
}

impl Words {
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }

    fn is_chinese(&self) -> bool {
        std::ptr::eq(self, &raw const CHINESE)
    }

    const fn pick(chinese: bool, one: &'static str, other: &'static str) -> &'static str {
        if chinese { one } else { other }
    }

    /// What became of a step.
    pub(crate) fn notice(&self, name: &str) -> Option<&'static str> {
        match name {
            "taken" => Some(self.notice_taken),
            "settled" => Some(self.notice_settled),
            "not-yours" => Some(self.notice_not_yours),
            "moved" => Some(self.notice_moved),
            _ => None,
        }
    }

    pub(crate) fn class(&self, class: DiscrepancyClass) -> &'static str {
        let (chinese, english) = match class {
            DiscrepancyClass::ChannelOnly => {
                ("渠道有、本方无（长款）", "payment only the channel has")
            }
            DiscrepancyClass::LedgerOnly => ("本方有、渠道无（短款）", "payment only we have"),
            DiscrepancyClass::AmountDiffers => ("金额不符", "amounts differ"),
            DiscrepancyClass::StatusDiffers => ("状态不符", "states differ"),
            DiscrepancyClass::FeeDiffers => ("手续费不符", "fee differs"),
            DiscrepancyClass::RefundChannelOnly => ("退款仅渠道有", "refund only the channel has"),
            DiscrepancyClass::RefundLedgerOnly => ("退款仅本方有", "refund only we have"),
            DiscrepancyClass::Foreign => ("非本系统款项", "not one of ours"),
            DiscrepancyClass::DuplicateLine => ("重复行", "line repeated"),
            DiscrepancyClass::UnreadableLine => ("无法读取的行", "line that cannot be read"),
        };
        Self::pick(self.is_chinese(), chinese, english)
    }

    pub(crate) fn proposal(&self, proposal: Proposal) -> &'static str {
        let (chinese, english) = match proposal {
            Proposal::Repaired => (
                "无需处理：已按证据修复账务",
                "Nothing: the books were put right on this evidence",
            ),
            Proposal::QueryChannel => (
                "暂缓结算该单，再次查询渠道",
                "Hold back what the order is to settle and ask the channel",
            ),
            Proposal::HoldBack => (
                "暂缓结算：渠道称无此收款",
                "Hold back what the order is to settle: the channel denies it",
            ),
            Proposal::AskChannel => (
                "持双方数据与渠道核实",
                "Put it to the channel with both sides' numbers",
            ),
            Proposal::AskMerchant => (
                "询问商户：款项未经本系统，不得退款",
                "Ask the merchant whose it is; never refunded from here",
            ),
            Proposal::LookAtCase => (
                "查看订单时间线及疑点",
                "Look at the payment's timeline and its case",
            ),
            Proposal::Note => ("仅记录，无资金变动", "Note it: no money moves"),
        };
        Self::pick(self.is_chinese(), chinese, english)
    }

    pub(crate) fn day_state(&self, state: DayState) -> &'static str {
        let (chinese, english) = match state {
            DayState::Waiting => ("待对账单", "waiting for the bill"),
            DayState::Open => ("有差错", "open"),
            DayState::Carried => ("待次日账单", "carried over"),
            DayState::Closed => ("已结账", "closed"),
        };
        Self::pick(self.is_chinese(), chinese, english)
    }

    pub(crate) fn run_state(&self, state: RunState) -> &'static str {
        let (chinese, english) = match state {
            RunState::Working => ("核对中", "being compared"),
            RunState::NotReady => ("渠道尚未出账", "the channel has not made its bill yet"),
            RunState::Missing => (
                "渠道称无账单，本方有款项",
                "the channel says nothing happened, and we know of movements",
            ),
            RunState::NoAnswer => ("渠道无答复", "the channel gave no usable answer"),
            RunState::WrongSeal => ("文件摘要不符", "the file's hash is not the promised one"),
            RunState::Truncated => (
                "文件残缺或合计不符",
                "the file is cut off or does not add up",
            ),
            RunState::Unreadable => ("文件无法识别", "the file cannot be read as that bill"),
            RunState::Closed => ("已核对", "compared"),
            RunState::ClosedEmpty => ("已核对，当日无交易", "compared; nothing happened"),
        };
        Self::pick(self.is_chinese(), chinese, english)
    }

    pub(crate) fn said(&self, word: ChannelWord) -> &'static str {
        let (chinese, english) = match word {
            ChannelWord::Paid => ("已收款", "it took the money"),
            ChannelWord::Returned => ("已收款并已退回", "it took the money and gave it back"),
            ChannelWord::Unpaid => ("未收款", "it took none"),
            ChannelWord::Nothing => ("无此收款", "it knows of no such payment"),
            ChannelWord::Silent => ("无答复，将再次查询", "no answer; it is asked again"),
        };
        Self::pick(self.is_chinese(), chinese, english)
    }

    pub(crate) const fn standing(&self, standing: Standing) -> &'static str {
        match standing {
            Standing::Done => self.done,
            Standing::UnderWay => self.under_way,
            Standing::Failed => self.failed,
        }
    }

    /// Who sees to it.
    pub(crate) fn owner_name(&self, owner: &str) -> String {
        if owner == payonce_store::NOBODY {
            self.nobody.to_owned()
        } else {
            owner.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_the_same_in_both_languages() {
        for class in DiscrepancyClass::ALL {
            assert_ne!(CHINESE.class(class), ENGLISH.class(class));
        }
        for proposal in Proposal::ALL {
            assert_ne!(CHINESE.proposal(proposal), ENGLISH.proposal(proposal));
        }
        for state in DayState::ALL {
            assert_ne!(CHINESE.day_state(state), ENGLISH.day_state(state));
        }
        for state in RunState::ALL {
            assert_ne!(CHINESE.run_state(state), ENGLISH.run_state(state));
        }
        for word in ChannelWord::ALL {
            assert_ne!(CHINESE.said(word), ENGLISH.said(word));
        }
    }
}
