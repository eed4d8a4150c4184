//! What a channel's answer makes of a payment that only the ledger has (短款).

use super::Proposal;
use crate::appeal::findings::ChannelWord;

/// What people are advised to do once the channel was asked again about a payment that its bill lacks;
/// `None`: it did not say, and is asked again. The answer removes no capture: that the channel knows of no
/// payment only says that nothing may be settled on it (F85).
#[must_use]
pub const fn after_answer(word: ChannelWord) -> Option<Proposal> {
    match word {
        // It owns to the payment and has not put it into its bill: it owes us the line.
        ChannelWord::Paid => Some(Proposal::AskChannel),
        // It gave the money back, which is why its bill need not have it; the payment was told.
        ChannelWord::Returned => Some(Proposal::Repaired),
        ChannelWord::Unpaid | ChannelWord::Nothing => Some(Proposal::HoldBack),
        ChannelWord::Silent => None,
    }
}
