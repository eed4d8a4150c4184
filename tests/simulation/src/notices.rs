//! Notifications: what channels tell our webhooks, and what strangers do.

use crate::books::Moved;
use crate::fault::Fault;
use crate::world::{Happening, Job, Notice, World};

impl World {
    pub(crate) fn tell_of_refund(&mut self, no: &str, refund_no: &str) {
        let Some(trade) = self.books.trades.get(no) else {
            return;
        };
        let Some(refund) = trade.refunds.get(refund_no) else {
            return;
        };
        let word = match refund.moved {
            Moved::Done => "succeeded",
            Moved::Failed => "failed",
            Moved::UnderWay => return,
        };
        let body = format!(
            "refund|{no}|{}|{refund_no}|{word}|{}",
            trade.account, refund.amount
        );
        let (channel, account) = (trade.channel, trade.account.clone());
        self.notify(channel, account, body);
    }

    /// Money came in for an order.
    pub(crate) fn money_came(&mut self, no: &str) {
        let body = self.books.said_of(no);
        self.note(format_args!("money: {body}"));
        let Some(trade) = self.books.trades.get(no) else {
            return;
        };
        let (channel, account) = (trade.channel, trade.account.clone());
        if trade.taken.as_ref().is_some_and(|taken| taken.late)
            && channel == payonce_domain::Channel::Unionpay
        {
            self.after(5 * 86_400_000, Happening::ChannelReturns(no.to_owned()));
        }
        self.notify(channel, account, body);
    }

    fn notify(&mut self, channel: payonce_domain::Channel, account: String, body: String) {
        self.dispatch(Notice {
            channel,
            account,
            genuine: true,
            body,
            tries: 0,
            heard: false,
            stranger: false,
            told: None,
        });
    }

    /// A genuine notification leaves its channel.
    pub(crate) fn dispatch(&mut self, notice: Notice) {
        let lost = self.strikes(Fault::NoticeLost);
        let mut delay = self.chance.between(30, 2_500);
        if self.strikes(Fault::NoticeLate) {
            delay += self.chance.between(10_000, 1_200_000);
        }
        self.notices.push(notice);
        let index = u64::try_from(self.notices.len()).unwrap_or(1) - 1;
        if lost {
            return;
        }
        if self.strikes(Fault::NoticeDoubled) {
            let again = delay + self.chance.below(2_000);
            self.after(again, Happening::Start(Job::Notice(index)));
        }
        self.after(delay, Happening::Start(Job::Notice(index)));
    }

    /// A stranger, or another merchant's channel, sends a notification about this order.
    pub(crate) fn mislead(&mut self, no: &str, amount: u64) {
        for fault in [Fault::NoticeForged, Fault::NoticeForeign] {
            let Some(parsed) = payonce_domain::ChannelOrderNo::parse(no) else {
                continue;
            };
            if !self.strikes(fault) {
                continue;
            }
            let genuine = fault == Fault::NoticeForeign;
            let account = format!("shop-{}", parsed.channel().name());
            let payee = if genuine { "other" } else { &account };
            let now = self.now;
            self.deliver(Notice {
                channel: parsed.channel(),
                body: format!("paid|{no}|{payee}|X{now}|{amount}|{now}"),
                account,
                genuine,
                tries: 0,
                heard: false,
                stranger: true,
                told: None,
            });
        }
    }

    /// A notification will arrive, some time within a minute.
    pub(crate) fn deliver(&mut self, notice: Notice) {
        self.notices.push(notice);
        let index = u64::try_from(self.notices.len()).unwrap_or(1) - 1;
        let delay = self.chance.between(10, 60_000);
        self.after(delay, Happening::Start(Job::Notice(index)));
    }
}
