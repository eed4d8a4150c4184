//! What the bills said of an order that is appealed: what reconciliation found of it, and whether the days
//! on which it could have found anything are done.

use payonce_domain::appeal::bill::{BillFacts, BillFinding, FindingEnd, bill_day};
use payonce_domain::history::KnownCapture;
use payonce_domain::reconciliation::{DayState, Proposal};
use payonce_domain::{ChannelOrder, ChannelOrderNo, Payment};
use payonce_store::{Finding, FindingState, LedgerPlace};

use crate::App;
use crate::failure::Failure;

impl App {
    /// What the bills said of each attempt at a payment.
    pub(super) async fn billed(
        &self,
        payment: &Payment,
        known: &[KnownCapture],
    ) -> Result<Vec<(ChannelOrderNo, BillFacts)>, Failure> {
        let found = self.store.findings_about(payment.key).await?;
        let mut billed = Vec::new();
        for order in &payment.channel_orders {
            let place = LedgerPlace {
                channel: order.channel(),
                account: order.account.clone(),
                day: bill_day(payment, order, known),
            };
            let bill = BillFacts {
                day: place.day,
                is_compared: self.is_compared(&place, order).await?,
                is_captured: is_captured(payment, order),
                found: about(order, &found),
            };
            billed.push((order.no, bill));
        }
        Ok(billed)
    }

    /// Whether that day is compared as far as this attempt goes: what it carried over may be others'.
    async fn is_compared(
        &self,
        place: &LedgerPlace,
        order: &ChannelOrder,
    ) -> Result<bool, Failure> {
        let Some(run) = self.store.run(place).await? else {
            return Ok(false);
        };
        match self.explained(&run).await? {
            DayState::Waiting => return Ok(false),
            DayState::Closed => return Ok(true),
            DayState::Open | DayState::Carried => {}
        }
        let pool = self.store.pool(place, run.pieces).await?;
        let mut lines = pool.lines.iter();
        let mut rows = pool.rows.iter();
        let is_carried = lines.any(|line| line.channel_order_no() == Some(order.no))
            || rows.any(|row| row.order_no == order.no);
        Ok(!is_carried)
    }
}

fn is_captured(payment: &Payment, order: &ChannelOrder) -> bool {
    let mut captures = payment.captures.iter();
    captures.any(|capture| capture.channel_order_no == order.no)
}

fn about(order: &ChannelOrder, found: &[Finding]) -> Vec<BillFinding> {
    let about = |finding: &&Finding| {
        let about = finding.discrepancy.subject.channel_order_no();
        about == Some(order.no)
    };
    found.iter().filter(about).map(seen).collect()
}

fn seen(finding: &Finding) -> BillFinding {
    let found = &finding.discrepancy;
    let end = match (finding.state, found.proposal, &finding.settled) {
        (FindingState::Open, _, _) => FindingEnd::Open,
        (FindingState::Resolved, Proposal::Repaired, None) => FindingEnd::Repaired,
        (FindingState::Resolved, _, _) => FindingEnd::Settled,
    };
    BillFinding {
        class: found.class,
        day: found.day,
        theirs: found.theirs,
        ours: found.ours,
        end,
    }
}
