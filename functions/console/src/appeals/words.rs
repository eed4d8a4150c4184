//! The words of the appeals' pages, in two languages.

use payonce_domain::appeal::bill::{BillWord, FindingEnd};
use payonce_domain::appeal::findings::{ChannelWord, SameBuyer};
use payonce_domain::appeal::{AppealRefusal, Dismissal, ForPerson, Party, Position, Proposal};
use payonce_domain::reconciliation::DiscrepancyClass;
use payonce_domain::{AppealState, Source};

use crate::look::Language;
use crate::settlement;
use crate::show;

payonce_lambda::words! {
    title: "申诉", "Appeals";
    open: "待处理", "Open";
    over: "已结束", "Ended";
    nothing: "没有申诉。", "There is none.";
    merchant_label: "商户", "Merchant";
    opened: "提交", "Opened";
    answer_by: "陈述截止", "Heard until";
    rule_by: "裁定期限", "To be ruled by";
    facts: "核对", "Facts";
    proposal_label: "建议", "Suggested";
    orders: "订单", "Orders";
    refundable: "可退", "Can be given back";
    created: "下单", "Ordered";
    paid: "支付（渠道时间）", "Paid (channel's clock)";
    paid_known: "我方得知", "Known to us";
    gave_up: "买家放弃", "Given up by the buyer";
    vouched: "最强依据", "Strongest source";
    channel_says: "渠道现在说", "The channel says now";
    refunds: "退款", "Refunds";
    claim: "申诉说明", "The claim";
    statements: "各方陈述", "Statements";
    buyer_acts: "买家操作记录", "What the buyer did";
    history: "历史（哈希链）", "History (hash chain)";
    times: "次", "times";
    ruling_label: "裁定", "Ruling";
    ruled_by: "裁定人", "Ruled by";
    own: "您不能复核自己的裁定。", "You cannot approve your own ruling.";
    do_rule: "按建议裁定", "Rule as suggested";
    do_approve: "复核通过", "Approve";
    do_decline: "退回", "Send back";
    do_refund: "裁定退款", "Rule: refund";
    do_dismiss: "裁定驳回", "Rule: dismiss";
    otherwise: "另行裁定", "Rule otherwise";
    yuan: "元", "yuan";
    as_proposed: "按核对结果", "as the facts suggest";
    ruled_refund: "退款", "refund";
    ruled_dismiss: "驳回", "dismiss";
    minutes: "分", "min";
    seconds: "秒", "s apart";
    same_goods: "同一商品", "the same goods";
    other_goods: "不同商品", "different goods";
    buyer_yes: "同一买家", "one buyer";
    buyer_no: "不同买家", "two buyers";
    buyer_unknown: "买家不明", "buyer not shown";
    given_up: "结果未知时放弃并重新下单", "given up while unknown, then ordered again";
    not_given_up: "下新单前已知支付", "known to be paid before the new order";
    gathering: "核对中", "gathering";
    hearing: "陈述中", "hearing";
    ripe: "待裁定", "ripe";
    ruled: "待复核", "ruled";
    returning: "退款中", "returning";
    upheld: "已退款", "upheld";
    dismissed: "已驳回", "dismissed";
    withdrawn: "已撤回", "withdrawn";
    buyer: "买家", "buyer";
    merchant: "商户", "merchant";
    supplier: "供货方", "supplier";
    platform: "平台", "platform";
    supports: "支持退款", "supports";
    opposes: "不同意退款", "opposes";
    neutral: "补充", "adds";
    said_paid: "已收款", "paid";
    said_returned: "已退回", "returned";
    said_unpaid: "未支付", "not paid yet";
    said_nothing: "没有收款", "took nothing";
    said_silent: "没有答复", "no answer";
    bill_says: "账单", "The bill";
    bill_waiting: "尚未核对", "not compared yet";
    bill_matched: "相符", "matched";
    bill_nothing: "双方都没有收款", "no payment, and none in our books";
    bill_differs: "有差错", "differs";
    bill_theirs: "渠道", "channel";
    bill_ours: "本方", "we";
    found_open: "未处理", "open";
    found_repaired: "已自动修复", "repaired itself";
    found_settled: "已结案", "settled";
    by_hint: "提示", "a hint";
    by_notification: "通知", "a notification";
    by_query: "查单", "a query";
    by_bill: "对账单", "the bill";
    p_refund: "退回较早订单", "refund the older order";
    p_returned: "驳回：已退回", "dismiss: it went back already";
    p_once: "驳回：只付了一次", "dismiss: paid once";
    p_never: "驳回：没有付款", "dismiss: never paid";
    p_wait: "等待：结果未知", "wait: not known yet";
    p_claim: "人工：其他申诉", "a person: another claim";
    p_goods: "人工：商品、价格或时间不同", "a person: other goods, price or time";
    p_buyer: "人工：不能确定同一买家", "a person: not shown to be one buyer";
    p_both: "人工：买家可能两单都要", "a person: both may be wanted";
    p_many: "人工：多于两单已付", "a person: more than two are paid";
    p_partly: "人工：已部分退款", "a person: partly refunded";
    p_suspense: "人工：款项挂账", "a person: money in suspense";
    p_bill: "人工：账单与账本不符", "a person: bill and books differ";
    n_ruled: "已裁定，等待第二人复核。", "It is ruled. A second person approves it.";
    n_approved: "已复核，正在执行。", "It is approved and carried out.";
    n_declined: "已退回。", "It is sent back.";
    n_moved: "申诉已变化，请重新查看。", "It changed since you looked. Look again.";
    n_early: "核对结果不能证明，须等待陈述截止。", "The facts do not prove it, and the parties are still heard.";
    n_same: "裁定与复核必须是两个人。", "Ruling and approving take two people.";
    n_refused: "不能这样裁定，请检查订单、金额和理由。", "It cannot be ruled so. Check order, amount and reason.";
    n_late: "申诉已有裁定或已结束。", "It is ruled or over.";
    step_opened: "提交", "opened";
    step_stated: "陈述", "stated";
    step_withdrawn: "撤回", "withdrawn";
    step_ruled: "裁定", "ruled";
    step_approved: "复核通过", "approved";
    step_declined: "退回", "sent back";
    step_gathered: "核对", "facts gathered";
    step_returned: "退款已预留", "refund reserved";
    step_not_returned: "订单款项已变化", "the order no longer holds it";
    step_ticked: "到期", "a deadline passed";
    step_told: "已通知各方", "told";
}

impl Words {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }

    pub(super) const fn state(&self, state: AppealState) -> &'static str {
        match state {
            AppealState::Gathering => self.gathering,
            AppealState::Hearing => self.hearing,
            AppealState::Ripe => self.ripe,
            AppealState::Ruled => self.ruled,
            AppealState::Returning => self.returning,
            AppealState::Upheld => self.upheld,
            AppealState::Dismissed => self.dismissed,
            AppealState::Withdrawn => self.withdrawn,
        }
    }

    pub(super) const fn party(&self, party: Party) -> &'static str {
        match party {
            Party::Buyer => self.buyer,
            Party::Merchant => self.merchant,
            Party::Supplier => self.supplier,
            Party::Platform => self.platform,
        }
    }

    pub(super) const fn position(&self, position: Position) -> &'static str {
        match position {
            Position::Supports => self.supports,
            Position::Opposes => self.opposes,
            Position::Neutral => self.neutral,
        }
    }

    pub(super) const fn same_buyer(&self, same: SameBuyer) -> &'static str {
        match same {
            SameBuyer::Yes => self.buyer_yes,
            SameBuyer::No => self.buyer_no,
            SameBuyer::Unknown => self.buyer_unknown,
        }
    }

    pub(super) const fn channel_word(&self, word: ChannelWord) -> &'static str {
        match word {
            ChannelWord::Paid => self.said_paid,
            ChannelWord::Returned => self.said_returned,
            ChannelWord::Unpaid => self.said_unpaid,
            ChannelWord::Nothing => self.said_nothing,
            ChannelWord::Silent => self.said_silent,
        }
    }

    pub(super) const fn bill_word(&self, word: BillWord) -> &'static str {
        match word {
            BillWord::Waiting => self.bill_waiting,
            BillWord::Matched => self.bill_matched,
            BillWord::Nothing => self.bill_nothing,
            BillWord::Differs => self.bill_differs,
        }
    }

    /// What differs, in the words of the pages of settlement.
    pub(super) fn class(&self, class: DiscrepancyClass) -> &'static str {
        let language = if std::ptr::eq(self, &raw const CHINESE) {
            Language::Chinese
        } else {
            Language::English
        };
        settlement::class(language, class)
    }

    pub(super) const fn finding_end(&self, end: FindingEnd) -> &'static str {
        match end {
            FindingEnd::Open => self.found_open,
            FindingEnd::Repaired => self.found_repaired,
            FindingEnd::Settled => self.found_settled,
        }
    }

    pub(super) const fn source(&self, source: Source) -> &'static str {
        match source {
            Source::Hint => self.by_hint,
            Source::Notification => self.by_notification,
            Source::Query => self.by_query,
            Source::Bill => self.by_bill,
        }
    }

    pub(super) fn proposal(&self, proposal: &Proposal) -> String {
        match proposal {
            Proposal::Refund {
                payment_no, amount, ..
            } => format!("{}: {} {payment_no}", self.p_refund, show::yuan(*amount)),
            Proposal::Dismiss(Dismissal::AlreadyReturned(no)) => {
                format!("{} {no}", self.p_returned)
            }
            Proposal::Dismiss(Dismissal::PaidOnce(no)) => format!("{} {no}", self.p_once),
            Proposal::Dismiss(Dismissal::NeverPaid) => self.p_never.to_owned(),
            Proposal::Wait => self.p_wait.to_owned(),
            Proposal::Person(why) => match why {
                ForPerson::Claim => self.p_claim,
                ForPerson::DifferentGoods => self.p_goods,
                ForPerson::NotOneBuyer => self.p_buyer,
                ForPerson::BothWanted => self.p_both,
                ForPerson::ManyPaid => self.p_many,
                ForPerson::PartlyReturned => self.p_partly,
                ForPerson::Suspense => self.p_suspense,
                ForPerson::BillDiffers => self.p_bill,
            }
            .to_owned(),
        }
    }

    pub(super) fn notice(&self, name: &str) -> Option<&'static str> {
        match name {
            "ruled" => Some(self.n_ruled),
            "approved" => Some(self.n_approved),
            "declined" => Some(self.n_declined),
            "moved" => Some(self.n_moved),
            "early" => Some(self.n_early),
            "same-person" => Some(self.n_same),
            "late" => Some(self.n_late),
            "refused" => Some(self.n_refused),
            _ => None,
        }
    }
}

/// The notice of a refusal.
pub(super) const fn refusal(refusal: AppealRefusal) -> &'static str {
    match refusal {
        AppealRefusal::Moved => "moved",
        AppealRefusal::TooEarly => "early",
        AppealRefusal::SamePerson => "same-person",
        AppealRefusal::TooLate | AppealRefusal::NotRuled => "late",
        AppealRefusal::RequestMismatch
        | AppealRefusal::BadOrders
        | AppealRefusal::BadText
        | AppealRefusal::HearingOver
        | AppealRefusal::TooManyStatements
        | AppealRefusal::NotTheirs
        | AppealRefusal::NotItsOrder
        | AppealRefusal::ExceedsCaptured => "refused",
    }
}
