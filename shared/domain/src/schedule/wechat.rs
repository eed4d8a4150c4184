//! WeChat Pay's paces. A refund is asked about after a minute; two refunds of one order are a minute
//! apart; of refused refunds it takes 6 a second, of good ones 150. Its older pages ask for five
//! minutes between an order and its close. An expired order is not known to be refused for good, so a
//! create that may still arrive is proven dead first.

use super::{
    CLOSING, CODE_QUERY, CONFIRM_WITHIN, Ladder, Policy, QUERY, REVERSING, RefundPolicy, creation,
    is_code,
};
use crate::channel::Method;
use crate::time::Span;

pub(super) const fn policy(method: Method) -> Policy {
    let code = is_code(method);
    Policy {
        creation: creation(method),
        query: if code { CODE_QUERY } else { QUERY },
        closing: if code { REVERSING } else { CLOSING },
        absence_margin: Span::minutes(5),
        burns: !code,
        closes: !code,
        close_wait: Span::minutes(5),
        reverses: code,
        confirm_within: CONFIRM_WITHIN,
        returns_late_captures: false,
        refunds: RefundPolicy {
            partial: true,
            notified: true,
            query: Ladder {
                steps_seconds: &[60, 120, 180, 480, 1_080, 2_280, 4_080],
                repeat_seconds: 3_600,
            },
            again: Span::minutes(1),
            pace: Span::minutes(1),
            per_second: 6,
            window: Span::days(365),
            named_by_time: false,
            undoes: false,
        },
    }
}
