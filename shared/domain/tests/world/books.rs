//! The test's own count of the money, kept from what was said and never from what was decided.

use std::collections::{BTreeMap, BTreeSet};

use payonce_domain::fact::Occasion;
use payonce_domain::{
    ChannelOrderNo, ChannelTradeNo, Disposition, Fact, Money, Payment, RefundNo, RefundReport,
    Report, ReturnedSum, ReversalReport, Source, SuspenseReason,
};

/// Everything verified that channels said about money.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Books {
    /// Every amount that a verified claim named for a trade.
    pub(crate) claims: BTreeMap<ChannelTradeNo, BTreeSet<(ChannelOrderNo, Money)>>,
    /// Refund numbers whose last word was that the money moved.
    pub(crate) moved: BTreeSet<RefundNo>,
    /// What channels returned by themselves, at most.
    pub(crate) returned: BTreeMap<ChannelOrderNo, Money>,
    /// What was returned by hand, each with its own number.
    pub(crate) returned_alone: BTreeMap<(ChannelOrderNo, String), Money>,
    /// Trades whose money went back with a confirmed reversal.
    pub(crate) reversed: BTreeSet<ChannelTradeNo>,
}

impl Books {
    /// Notes a fact, seen against the payment it met.
    pub(crate) fn note(&mut self, before: &Payment, fact: &Fact) {
        match fact {
            Fact::Reported {
                no,
                account,
                evidence,
                report:
                    Report::Paid {
                        trade_no, amount, ..
                    }
                    | Report::TakenLate {
                        trade_no, amount, ..
                    },
                ..
            } => {
                let known = before.channel_order(*no);
                let ours = no.key() == before.key && known.is_none_or(|o| o.account == *account);
                if evidence.source > Source::Hint && ours {
                    self.claims
                        .entry(trade_no.clone())
                        .or_default()
                        .insert((*no, *amount));
                }
            }
            // Two claims in one: it came, and it went.
            Fact::Reported {
                no,
                account,
                evidence,
                report:
                    Report::PaidBack {
                        trade_no, amount, ..
                    },
                ..
            } => {
                let known = before.channel_order(*no);
                let ours = no.key() == before.key && known.is_none_or(|o| o.account == *account);
                if evidence.source > Source::Hint && ours {
                    let claims = self.claims.entry(trade_no.clone()).or_default();
                    claims.insert((*no, *amount));
                    let most = self.returned.entry(*no).or_insert(*amount);
                    *most = (*most).max(*amount);
                }
            }
            Fact::RefundReported {
                no,
                evidence,
                occasion,
                report,
            } if evidence.source > Source::Hint => {
                self.note_refund(before, *no, *occasion, *report);
            }
            Fact::Returned {
                no,
                evidence,
                returned,
                return_no,
            } if evidence.source > Source::Hint => match returned {
                ReturnedSum::InAll(total) => {
                    let most = self.returned.entry(*no).or_insert(*total);
                    *most = (*most).max(*total);
                }
                ReturnedSum::Alone(amount) => {
                    let key = (*no, return_no.clone());
                    let most = self.returned_alone.entry(key).or_insert(*amount);
                    *most = (*most).max(*amount);
                }
            },
            Fact::ReversalAnswered {
                no,
                report: ReversalReport::Reversed,
            } => {
                let waiting = before.captures.iter().filter(|capture| {
                    capture.channel_order_no == *no
                        && capture.disposition == Disposition::Suspended(SuspenseReason::Reversing)
                });
                self.reversed.extend(waiting.map(|c| c.trade_no.clone()));
            }
            Fact::Reported { .. }
            | Fact::RefundReported { .. }
            | Fact::Returned { .. }
            | Fact::ReversalAnswered { .. }
            | Fact::CreateAnswered { .. }
            | Fact::ReturnAbsent { .. }
            | Fact::Told { .. }
            | Fact::Ticked => {}
        }
    }

    fn note_refund(
        &mut self,
        before: &Payment,
        no: RefundNo,
        occasion: Occasion,
        report: RefundReport,
    ) {
        let Some(refund) = before.refund(no) else {
            return;
        };
        match report {
            RefundReport::Succeeded => {
                self.moved.insert(no);
            }
            RefundReport::Failed => {
                // The refusal of one call is no word on another call that is still out.
                // Nor is an answer to a question that was asked before the item moved.
                let counts = match occasion {
                    Occasion::Sent => refund.sends_unanswered <= 1,
                    Occasion::Asked(version) => version == before.version,
                    Occasion::Told => true,
                };
                if counts {
                    self.moved.remove(&no);
                }
            }
            RefundReport::Accepted
            | RefundReport::NotYet
            | RefundReport::NeedsPerson
            | RefundReport::NotFound
            | RefundReport::NoAnswer => {}
        }
    }
}
