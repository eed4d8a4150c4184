//! Two wrong designs of the scan: it decides by itself what goes back, past numbers and reservations.

use crate::books::Moved;
use crate::world::World;
use crate::wrong::{Wrong, is_built};

/// A scan that decides by itself what goes back.
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
            let no = capture.channel_order_no.to_string();
            let refund_no = format!("scan-{}", capture.trade_no);
            let Some(trade) = world
                .books
                .trades
                .get(&no)
                .filter(|trade| !trade.refunds.contains_key(&refund_no))
            else {
                continue;
            };
            if !chosen || trade.returned() > 0 && !by_reason {
                continue;
            }
            let amount = capture.amount.minor();
            let Some(trade) = world.books.trades.get_mut(&no) else {
                continue;
            };
            let now = world.now;
            let back = crate::books::Returned {
                amount,
                moved: Moved::Done,
                at: now,
            };
            trade.refunds.insert(refund_no, back);
            world.audit_returns(&no);
        }
    }
}
