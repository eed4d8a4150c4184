//! Wrong designs of how records are written.

use aws_sdk_dynamodb::types::AttributeValue;
use payonce_store::engine::{Item, PutItem, Written, payment};

use crate::effect::key;
use crate::world::{Happening, World};
use crate::wrong::{Wrong, is_built};

/// What a decision is made of, but for the success that it is about.
const DECIDED: [&str; 5] = ["s", "d", "st", "wn", "rf"];

impl World {
    /// Confirms a write that is made later, unless its writer is killed before.
    pub(crate) fn write_behind(&mut self, owner: u64, put: PutItem) -> Written {
        let there = self.tables.get("payments", &[&key(&put.item)]);
        if !crate::expression::holds(put.condition.text, &put.condition, there) {
            return Written::Refused(there.cloned());
        }
        let delay = self.chance.between(200, 4_000);
        self.after(
            delay,
            Happening::LateWrite(key(&put.item), Box::new(put.item), owner),
        );
        Written::Done(None)
    }

    /// Leaves of a write what a wrong design writes first.
    pub(crate) fn write_half(&self, item: &mut Item) {
        if is_built(Wrong::TwoWrites) {
            item.remove("s");
            item.remove("d");
            return;
        }
        // A record's first write decides nothing about a success.
        let Some(there) = self.tables.get("payments", &[&key(item)]) else {
            return;
        };
        for name in DECIDED {
            match there.get(name) {
                Some(before) => item.insert(name.to_owned(), before.clone()),
                None => item.remove(name),
            };
        }
    }

    /// Leaves out of a write the refunds that were missing from the record before.
    pub(crate) fn leave_out_what_was_missing(&self, item: &mut Item) {
        let Ok(stored) = payment(item.clone()) else {
            return;
        };
        let missing = |no: String| self.auditor.erased.contains(&no);
        let refunds = stored.payment().refunds.iter();
        let kept: Vec<_> = refunds
            .map(|refund| !missing(refund.no.to_string()))
            .collect();
        if let Some(AttributeValue::L(list)) = item.get_mut("rf") {
            let mut kept = kept.into_iter();
            list.retain(|_| kept.next().unwrap_or(true));
        }
    }
}
