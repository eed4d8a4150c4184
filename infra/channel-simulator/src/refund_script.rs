//! What a test wants to become of refunds: laid before the refund is asked for, or after.
//!
//! | outcome | meaning |
//! |---|---|
//! | `not_enough` | the request is refused once, because the merchant's balance is too low |
//! | `abnormal` | accepted; then the buyer's bank refuses it, and the money waits for a person |
//! | `closed` | accepted; then the channel gives up, and the money stays with the merchant |
//! | `failed` | the same under the name that channels without `closed` have for it |
//!
//! Each outcome is used up by one refund. A refund that has already settled bounces: it turns into
//! what is asked for, as when a bank returns it days later.

use serde::{Deserialize, Serialize};

use crate::books::{Channel, Order, RefundState};

/// See the module's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundScriptOutcome {
    NotEnough,
    Abnormal,
    Closed,
    Failed,
}

impl RefundScriptOutcome {
    /// Where a refund ends that was accepted; nothing if it is not to be accepted.
    pub(crate) fn ending(self) -> Option<RefundState> {
        match self {
            Self::NotEnough => None,
            Self::Abnormal => Some(RefundState::Abnormal),
            Self::Closed | Self::Failed => Some(RefundState::Failed),
        }
    }
}

/// One outcome, and the refund that it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefundScript {
    pub(crate) channel: Channel,
    pub(crate) channel_order_no: Option<String>,
    pub(crate) refund_no: Option<String>,
    pub(crate) outcome: RefundScriptOutcome,
    /// How long after the request it shows, when it is not as soon as the channel settles.
    pub(crate) after_seconds: Option<i64>,
}

impl RefundScript {
    /// The refund of this order that is meant and is there already: the named one, or the latest.
    /// A script that names only the order waits for the next refund while there is none.
    pub(crate) fn refund_of(&self, order: &Order) -> Option<String> {
        let refund = match &self.refund_no {
            Some(refund_no) => order.refund_numbered(refund_no),
            None => order.refunds.last(),
        };
        refund.map(|refund| refund.refund_no.clone())
    }

    fn fits(&self, channel: Channel, channel_order_no: &str, refund_no: &str) -> bool {
        let is_or_any = |named: &Option<String>, it: &str| named.as_deref().is_none_or(|n| n == it);
        self.channel == channel
            && is_or_any(&self.channel_order_no, channel_order_no)
            && is_or_any(&self.refund_no, refund_no)
    }
}

/// The outcomes that wait for their refund. Like faults they belong to one run.
#[derive(Debug, Default)]
pub(crate) struct RefundScripts {
    waiting: Vec<RefundScript>,
}

impl RefundScripts {
    pub(crate) fn add(&mut self, script: RefundScript) {
        self.waiting.push(script);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Uses up the oldest outcome for this refund. To be called once for each new refund number
    /// that would otherwise be accepted.
    pub(crate) fn take(
        &mut self,
        channel: Channel,
        channel_order_no: &str,
        refund_no: &str,
    ) -> Option<RefundScript> {
        let fits = |one: &RefundScript| one.fits(channel, channel_order_no, refund_no);
        let index = self.waiting.iter().position(fits)?;
        Some(self.waiting.remove(index))
    }
}
