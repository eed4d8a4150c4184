//! What a payment's last change moved and the ledger may not have yet.

use payonce_domain::{ChannelTradeNo, MovementId, PaymentKey, Timestamp, Unbooked};
use serde::{Deserialize, Serialize};

use super::field::Kept;
use super::number;

const CAPTURE: char = 'c';
const REFUND: char = 'r';

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnbookedRecord {
    #[serde(rename = "t")]
    since: Kept<Timestamp>,
    /// A letter, then the channel's number of a capture, or ours of a refund.
    #[serde(rename = "m")]
    movements: Vec<String>,
}

impl UnbookedRecord {
    pub(super) fn of(unbooked: &Unbooked, key: PaymentKey) -> Self {
        let movements = unbooked.movements.iter().map(|id| match id {
            MovementId::Capture(trade_no) => format!("{CAPTURE}{trade_no}"),
            MovementId::Refund(no) => format!("{REFUND}{}", number::of_refund(*no, key)),
        });
        Self {
            since: Kept(unbooked.since),
            movements: movements.collect(),
        }
    }

    pub(super) fn restore(self, key: PaymentKey) -> Option<Unbooked> {
        let movements = self.movements.iter().map(|text| {
            if let Some(trade_no) = text.strip_prefix(CAPTURE) {
                return ChannelTradeNo::new(trade_no).ok().map(MovementId::Capture);
            }
            number::to_refund(text.strip_prefix(REFUND)?, key).map(MovementId::Refund)
        });
        Some(Unbooked {
            since: self.since.0,
            movements: movements.collect::<Option<_>>()?,
        })
    }
}
