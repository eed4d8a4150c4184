//! Speaking with a channel about a refund.

use payonce_channels::{ChannelClient, RefundOrder};
use payonce_domain::fact::Occasion;
use payonce_domain::{
    ChannelOrder, Fact, Payment, Refund, RefundNo, RefundReport, RefundState, Source, Timestamp,
};
use payonce_store::Work;

use super::{answered, enter};
use crate::App;
use crate::change::{self, Raw, Working};
use crate::failure::Failure;
use crate::query_log::Question;
use crate::watch;

impl App {
    fn refund_order_of(
        &self,
        payment: &Payment,
        order: &ChannelOrder,
        refund: &Refund,
    ) -> RefundOrder {
        let captured = payment
            .capture(&refund.trade_no)
            .map_or(refund.amount, |c| c.amount);
        RefundOrder {
            no: refund.no,
            form: refund.form,
            amount: refund.amount,
            reason: refund
                .reason
                .clone()
                .unwrap_or_else(|| refund.cause.name().to_owned()),
            trade_no: refund.trade_no.clone(),
            captured,
            sent_at: refund.sent_at.unwrap_or(refund.created_at),
            notify_url: self.notify_url(order.channel(), &order.account),
        }
    }

    /// Sends a refund that was granted, and stores what the channel said.
    pub(crate) async fn refund_at_channel(
        &self,
        working: &mut Working,
        no: RefundNo,
        now: Timestamp,
    ) -> Result<RefundReport, Failure> {
        self.speak_of_refund(working, no, Occasion::Sent, now).await
    }

    /// Asks about a refund and stores what the answer changes; once more if the item moved meanwhile and
    /// a negative answer counts for nothing because of that.
    pub(crate) async fn ask_refund(
        &self,
        working: &mut Working,
        no: RefundNo,
        now: Timestamp,
    ) -> Result<RefundReport, Failure> {
        let asked = working.payment().version;
        let report = self.ask_refund_once(working, no, now).await?;
        let negative = matches!(report, RefundReport::Failed | RefundReport::NotFound);
        let payment = working.payment();
        let is_out = payment.refund(no).is_some_and(|refund| {
            matches!(refund.state, RefundState::Sent | RefundState::Accepted)
        });
        if negative && is_out && payment.version != asked {
            return self.ask_refund_once(working, no, now).await;
        }
        Ok(report)
    }

    async fn ask_refund_once(
        &self,
        working: &mut Working,
        no: RefundNo,
        now: Timestamp,
    ) -> Result<RefundReport, Failure> {
        let asked = Occasion::Asked(working.payment().version);
        if !self.may_ask(working, no.channel_order(), now).await {
            return Ok(RefundReport::NoAnswer);
        }
        self.speak_of_refund(working, no, asked, now).await
    }

    async fn speak_of_refund(
        &self,
        working: &mut Working,
        no: RefundNo,
        occasion: Occasion,
        now: Timestamp,
    ) -> Result<RefundReport, Failure> {
        let payment = working.payment();
        let refund = payment.refund(no);
        let order = refund.and_then(|refund| payment.channel_order(refund.channel_order_no));
        let (Some(refund), Some(order)) = (refund, order) else {
            return Ok(RefundReport::NoAnswer);
        };
        let adapter = self.signer_of(payment, order).await?;
        let request = self.order_of(payment, order);
        let refund_request = self.refund_order_of(payment, order, refund);
        let client = ChannelClient::new(adapter.as_ref(), &self.transport);
        let (question, told) = match occasion {
            Occasion::Sent => {
                let told = client.refund(&request, &refund_request, now).await;
                (Question::Refund, told)
            }
            Occasion::Asked(_) | Occasion::Told => {
                let told = client.query_refund(&request, &refund_request, now).await;
                (Question::RefundQuery, told)
            }
        };
        self.note_health(working, no.channel_order(), Work::Asking, told.health, now)
            .await;
        enter(working, question, no, &told);
        let evidence = answered(told.raw.as_deref());
        let fact = Fact::RefundReported {
            no,
            evidence,
            occasion,
            report: told.said,
        };
        let raw = told.raw.as_deref().map(|bytes| Raw {
            source: Source::Query,
            bytes,
        });
        change::note(&self.store, working, &fact, raw, now).await?;
        watch::refund_asked(working.payment(), no, now);
        Ok(told.said)
    }
}
