//! Wrong designs of who asks channels for what: past numbers and reservations.

use payonce_domain::{ChannelOrderNo, RefundNo};

use crate::books::{Ask, Moved, Returned};
use crate::world::{Happening, World};
use crate::wrong::{Wrong, is_built};

/// A scan that decides by itself what goes back, under numbers of its own.
pub(crate) fn wrong_scan(world: &mut World) {
    let payments: Vec<_> = world.auditor.last.values().cloned().collect();
    for payment in payments {
        let by_reason = is_built(Wrong::RefundByReason);
        let first = payment
            .captures
            .iter()
            .min_by_key(|capture| capture.paid_at)
            .map(|capture| capture.trade_no.clone());
        for capture in &payment.captures {
            let ours = payment.winner.as_ref() == Some(&capture.trade_no);
            let chosen = if by_reason {
                !ours && payment.winner.is_some()
            } else {
                payment.captures.len() > 1 && first.as_ref() != Some(&capture.trade_no)
            };
            let order = capture.channel_order_no;
            let returned = world.books.trades.get(&order.to_string());
            let returned = returned.is_some_and(|trade| trade.returned() > 0);
            if !chosen || returned && !by_reason {
                continue;
            }
            let refund_no = format!("scan-{}", capture.trade_no);
            world.refund_unstored(&order.to_string(), &refund_no, capture.amount.minor());
        }
    }
}

impl World {
    /// A refund that nobody stored reaches its channel, which carries each number out once.
    fn refund_unstored(&mut self, no: &str, refund_no: &str, amount: u64) {
        let back = Returned::new(amount, Moved::Done, self.now);
        let (_, new) = self.books.refund(no, refund_no, back);
        if new {
            self.tell_of_refund(no, refund_no);
            self.audit_returns(no);
        }
    }

    /// An order is placed again under another number, and its buyer given that one.
    pub(crate) fn number_afresh(&mut self, ask: &mut Ask) {
        let Some(no) = ChannelOrderNo::parse(&ask.no) else {
            return;
        };
        let count = u8::try_from(self.asked_before.len()).unwrap_or(0);
        let afresh = ChannelOrderNo::new(no.key(), no.channel(), no.method(), 50 + count % 50);
        ask.no = afresh.to_string();
        let delay = self.chance.between(500, 90_000);
        self.after(delay, Happening::BuyerPays(ask.no.clone(), false));
    }

    /// A refund is sent again under another number.
    pub(crate) fn refund_afresh(&mut self, ask: &Ask) {
        // Far beyond what is ever generated of one refund.
        let mut afresh = RefundNo::parse(&ask.refund_no);
        for _ in 0..20 {
            afresh = afresh.and_then(RefundNo::next_generation);
        }
        if let Some(afresh) = afresh {
            self.refund_unstored(&ask.no, &afresh.to_string(), ask.refund_amount);
        }
    }
}
