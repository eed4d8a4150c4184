//! UnionPay's paces. Its gateway has no close: an order ends by `payTimeout`, and bank pages that pay
//! later are returned in about five working days. Its demo asks about refunds at powers of two from 1 s,
//! and names a refund by number and time.

use super::{
    CLOSING, CODE_QUERY, CONFIRM_WITHIN, Ladder, Policy, REVERSING, RefundPolicy, creation, is_code,
};
use crate::channel::Method;
use crate::time::Span;

/// The demo's 5, 10, 30, 60 and 120 minutes, after three quick ones for the buyer who waits.
const UNIONPAY_QUERY: Ladder = Ladder {
    steps_seconds: &[10, 30, 60, 300, 600, 1_800, 3_600, 7_200],
    repeat_seconds: 7_200,
};

pub(super) const fn policy(method: Method) -> Policy {
    let code = is_code(method);
    Policy {
        creation: creation(method),
        query: if code { CODE_QUERY } else { UNIONPAY_QUERY },
        closing: if code { REVERSING } else { CLOSING },
        absence_margin: Span::minutes(5),
        burns: false,
        closes: false,
        close_wait: Span::seconds(0),
        reverses: code,
        confirm_within: CONFIRM_WITHIN,
        returns_late_captures: !code,
        refunds: RefundPolicy {
            partial: true,
            notified: true,
            query: Ladder {
                // Not before the answer to the sending itself can be out: "not found" would be told of a refund
                // that is still on its way.
                steps_seconds: &[12, 16, 32, 64, 3_600],
                repeat_seconds: 3_600,
            },
            again: Span::minutes(1),
            pace: Span::seconds(0),
            per_second: 50,
            window: Span::days(330),
            named_by_time: true,
            undoes: true,
        },
    }
}
