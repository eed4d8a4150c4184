//! Alipay's paces. It publishes no limits for its trade calls and asks for 10 s between a refund and the
//! question about it, and for 3 s between two refunds of one trade.

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
        burns: false,
        closes: !code,
        close_wait: Span::seconds(0),
        reverses: code,
        confirm_within: CONFIRM_WITHIN,
        returns_late_captures: false,
        refunds: RefundPolicy {
            partial: true,
            notified: true,
            query: Ladder {
                steps_seconds: &[12, 30, 60, 300, 1_800, 3_600],
                repeat_seconds: 3_600,
            },
            again: Span::seconds(30),
            pace: Span::seconds(3),
            per_second: 50,
            window: Span::days(365),
            named_by_time: false,
            undoes: false,
        },
    }
}
