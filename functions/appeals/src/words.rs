//! The words of the pages, in two languages.

use payonce_domain::appeal::bill::BillWord;
use payonce_domain::appeal::findings::ChannelWord;
use payonce_domain::appeal::{Dismissal, Party, Proposal};
use payonce_domain::{AppealState, Channel};
use payonce_lambda::http::language::Language;

payonce_lambda::words! {
    title: "申诉", "Appeal";
    other_language: "English", "中文";
    missing: "没有这个页面，或链接已过期。", "There is no such page, or its link has ended.";
    wrong: "提交的内容有误，请返回重试。", "What was sent is not right. Go back and try again.";
    refused: "申诉已有结论，不能再修改。", "The appeal is decided and cannot be changed any more.";
    trouble: "暂时无法显示，请稍后再试。", "This cannot be shown right now. Try again in a moment.";
    open_title: "我付了两次", "I paid twice";
    open_text: "系统会自动核对两个订单和支付渠道的记录，并告诉您结果。", "We compare both orders with the records of the payment channels and tell you what comes of it.";
    this_order: "订单", "Order";
    goods: "商品", "Goods";
    amount: "金额", "Amount";
    other_order: "另一个订单的订单号", "Number of the other order";
    other_hint: "在商家的订单页可以看到。", "The shop shows it with the order.";
    unknown_order: "没有找到该订单，请核对订单号。", "There is no such order. Check its number.";
    your_words: "补充说明（可不填）", "Anything to add (optional)";
    submit_open: "提交申诉", "Open the appeal";
    opened_at: "提交时间", "Opened";
    answer_by: "各方陈述截止", "Heard until";
    created_at: "下单时间", "Ordered";
    paid_at: "支付时间", "Paid";
    not_paid: "未支付", "not paid";
    suggestion: "核对结果", "What the records show";
    statements: "各方陈述", "What was said";
    nothing_said: "还没有人陈述。", "Nobody has said anything yet.";
    buyers_words: "申诉说明", "The claim in its own words";
    say: "我要陈述", "Say something";
    words_label: "陈述内容", "Your words";
    position: "您的意见", "You";
    supports: "支持退款", "support the refund";
    opposes: "不同意退款", "oppose the refund";
    neutral: "仅补充情况", "only add to what is known";
    submit_say: "提交陈述", "Send";
    withdraw: "撤回申诉", "Take the appeal back";
    returned: "退款", "Refunds";
    refund_no: "退款单号", "Refund number";
    gathering: "正在核对", "being checked";
    hearing: "等待陈述", "being heard";
    ripe: "等待裁定", "to be ruled";
    ruled: "等待复核", "to be approved";
    returning: "正在退款", "being refunded";
    upheld: "已退款", "upheld";
    dismissed: "已驳回", "dismissed";
    withdrawn: "已撤回", "withdrawn";
    gathering_text: "我们正在向支付渠道核对。", "We are asking the payment channels.";
    hearing_text: "记录已经核对，工作人员会尽快裁定。", "The records are checked. Somebody will rule soon.";
    ripe_text: "工作人员会尽快裁定。", "Somebody will rule soon.";
    ruled_text: "裁定已作出，由第二人复核。", "It is ruled. A second person checks it.";
    returning_text: "裁定退款，正在处理。", "The refund is granted and on its way.";
    upheld_text: "款项按原路退回，到账时间以支付渠道为准。", "The money goes back the way it came. When it arrives is up to the channel.";
    dismissed_text: "经核对不需要退款。", "There is nothing to refund.";
    withdrawn_text: "申诉已由提交人撤回。", "Whoever opened the appeal took it back.";
    p_refund: "两个订单都已支付，较早的一个在结果未知时被放弃，建议退回。", "Both orders are paid. The older one was given up while its outcome was unknown, and is to be refunded.";
    p_returned: "重复的款项已经退回。", "What was paid twice went back already.";
    p_once: "只有一个订单付了款。", "Only one order is paid.";
    p_never: "没有渠道收到款项。", "No channel took money.";
    p_wait: "还有一笔款项的结果未知，我们会继续查询。", "The outcome of one payment is not known yet. We keep asking.";
    p_person: "需要工作人员判断。", "This needs a person's judgement.";
    said_paid: "渠道：已收款", "channel: took money";
    said_returned: "渠道：已退回", "channel: gave it back";
    said_unpaid: "渠道：未支付", "channel: not paid yet";
    said_nothing: "渠道：没有收款", "channel: took nothing";
    said_silent: "渠道：没有答复", "channel: no answer";
    bill: "渠道账单", "Channel's bill";
    billed_waiting: "账单次日才出，届时核对", "it comes the day after; we check it then";
    billed_matched: "账单中有这笔付款", "has this payment";
    billed_nothing: "账单中没有付款", "has no payment";
    billed_differs: "与我们的记录不一致，由工作人员核对", "not the same as our records; a person checks it";
    buyer: "买家", "Buyer";
    merchant: "商户", "Shop";
    supplier: "供货方", "Supplier";
    platform: "平台", "Platform";
    alipay: "支付宝", "Alipay";
    wechat: "微信支付", "WeChat Pay";
    unionpay: "银联", "UnionPay";
}

impl Words {
    /// The sentences in this language.
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }

    pub(crate) const fn state(&self, state: AppealState) -> &'static str {
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

    pub(crate) const fn state_text(&self, state: AppealState) -> &'static str {
        match state {
            AppealState::Gathering => self.gathering_text,
            AppealState::Hearing => self.hearing_text,
            AppealState::Ripe => self.ripe_text,
            AppealState::Ruled => self.ruled_text,
            AppealState::Returning => self.returning_text,
            AppealState::Upheld => self.upheld_text,
            AppealState::Dismissed => self.dismissed_text,
            AppealState::Withdrawn => self.withdrawn_text,
        }
    }

    pub(crate) const fn proposal(&self, proposal: &Proposal) -> &'static str {
        match proposal {
            Proposal::Refund { .. } => self.p_refund,
            Proposal::Dismiss(Dismissal::AlreadyReturned(_)) => self.p_returned,
            Proposal::Dismiss(Dismissal::PaidOnce(_)) => self.p_once,
            Proposal::Dismiss(Dismissal::NeverPaid) => self.p_never,
            Proposal::Wait => self.p_wait,
            Proposal::Person(_) => self.p_person,
        }
    }

    pub(crate) const fn channel_word(&self, word: ChannelWord) -> &'static str {
        match word {
            ChannelWord::Paid => self.said_paid,
            ChannelWord::Returned => self.said_returned,
            ChannelWord::Unpaid => self.said_unpaid,
            ChannelWord::Nothing => self.said_nothing,
            ChannelWord::Silent => self.said_silent,
        }
    }

    pub(crate) const fn bill_word(&self, word: BillWord) -> &'static str {
        match word {
            BillWord::Waiting => self.billed_waiting,
            BillWord::Matched => self.billed_matched,
            BillWord::Nothing => self.billed_nothing,
            BillWord::Differs => self.billed_differs,
        }
    }

    pub(crate) const fn party(&self, party: Party) -> &'static str {
        match party {
            Party::Buyer => self.buyer,
            Party::Merchant => self.merchant,
            Party::Supplier => self.supplier,
            Party::Platform => self.platform,
        }
    }

    pub(crate) const fn channel(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::Alipay => self.alipay,
            Channel::Wechat => self.wechat,
            Channel::Unionpay => self.unionpay,
        }
    }
}
