//! The codes in pay links: which order they are for, and since when.
//!
//! A code is what the real channel calls `prepay_id`: `wx`, the time of issue, and something that
//! nobody can guess. Every create makes a new one, and the older ones stay good for their time.

use crate::{books::Order, clock::Moment};

/// How long a code can be opened; an H5 link lives shorter.
const LIFE_SECONDS: i64 = 2 * 3600;
const H5_LIFE_SECONDS: i64 = 5 * 60;

const PREFIX: &str = "wx";
const TIME_LENGTH: usize = 14;
const SUFFIX_LENGTH: usize = 6;

pub(crate) fn issue(order: &Order, now: Moment, number: u64) -> String {
    format!(
        "{PREFIX}{}{}{:06}",
        now.beijing_compact(),
        order.page_code,
        number % 1_000_000
    )
}

/// A code that was read, not yet compared with any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) page_code: String,
    issued_at: Moment,
}

impl Link {
    pub(crate) fn read(code: &str) -> Option<Self> {
        let (time, rest) = code.strip_prefix(PREFIX)?.split_at_checked(TIME_LENGTH)?;
        let (page_code, _) = rest.split_at_checked(rest.len().checked_sub(SUFFIX_LENGTH)?)?;
        Some(Self {
            page_code: page_code.to_owned(),
            issued_at: Moment::from_beijing_compact(time)?,
        })
    }

    pub(crate) fn is_good(&self, method: &str, now: Moment) -> bool {
        let life = if method == "h5" {
            H5_LIFE_SECONDS
        } else {
            LIFE_SECONDS
        };
        now < self.issued_at.plus_seconds(life)
    }
}
