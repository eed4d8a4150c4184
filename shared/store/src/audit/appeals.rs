//! The audit of one appeal's item: its chain holds, its history leads to an appeal of this key, and it stands in the
//! indexes where whoever looks for it looks.
//!
//! An appeal is its history, so no record beside it can differ. What can be lost is its place: an open appeal that is not
//! in the index `due` is decided by nobody.

use payonce_domain::{Appeal, AppealKey, ChainHash, Timestamp};

use super::{Restored, Trouble, listed};
use crate::Store;
use crate::call::{Condition, Put};
use crate::error::StoreError;
use crate::record::appeal::{self, Chained, LIST, MERCHANT, PLACE};
use crate::record::{self, Item};
use crate::token::WriteToken;

/// What an appeal's item showed.
#[derive(Debug, Clone)]
pub struct ExaminedAppeal {
    /// Its key, or what stands in its place.
    pub key: String,
    /// The appeal, if its history holds.
    pub appeal: Option<Appeal>,
    /// The hashes of its steps; none where the chain does not hold.
    pub chain: Vec<ChainHash>,
    /// The worst that is wrong with it.
    pub trouble: Option<Trouble>,
}

/// Looks at an appeal's item. `shards`: how many parts of the indexes are read.
#[must_use]
pub fn examine_appeal(item: &Item, shards: u32) -> ExaminedAppeal {
    let key = record::name_of(item);
    match appeal::examine(item.clone()) {
        Ok(chained) => ExaminedAppeal {
            key,
            trouble: (!is_listed(item, &chained.appeal, shards)).then_some(Trouble::Index),
            appeal: Some(chained.appeal),
            chain: chained.hashes,
        },
        Err(trouble) => ExaminedAppeal {
            key,
            appeal: None,
            chain: Vec::new(),
            trouble: Some(trouble),
        },
    }
}

/// Whether the sweep, the operators and its merchant find it where they look.
fn is_listed(item: &Item, appeal: &Appeal, shards: u32) -> bool {
    let text = |name: &str| item.get(name)?.as_s().ok();
    let in_a_part = |name: &str, of: &dyn Fn(u32) -> String| {
        let mut parts = (0..shards.max(1)).map(of);
        text(name).is_some_and(|there| parts.any(|part| part == *there))
    };
    let place = appeal::place(appeal.opened_at, appeal.key);
    listed(item, shards) == appeal.due_at().map(Timestamp::as_millis)
        && text(PLACE) == Some(&place)
        && in_a_part(LIST, &|part| appeal::list(appeal.state.is_over(), part))
        && in_a_part(MERCHANT, &|part| {
            appeal::of_merchant(&appeal.request.merchant_id, part)
        })
}

impl Store {
    /// Puts an appeal back where it is looked for, if its history holds. Nothing is decided by it.
    ///
    /// # Errors
    /// A [`StoreError`] if the item cannot be had or written.
    pub async fn restore_appeal(&self, key: AppealKey) -> Result<Restored, StoreError> {
        let doing = "load an appeal to restore it";
        let item = self.get(&self.tables.appeals, key.as_str(), doing).await?;
        let item = item.ok_or_else(|| StoreError::Gone(key.to_string()))?;
        let chained: Chained = match appeal::examine(item.clone()) {
            Ok(chained) if is_listed(&item, &chained.appeal, self.shards()) => {
                return Ok(Restored::Whole);
            }
            Ok(chained) => chained,
            Err(_) => return Ok(Restored::Untrusted),
        };
        let unmoved = Condition::unmoved(chained.appeal.version);
        let whole = appeal::write(&chained, WriteToken::fresh(), self.shards());
        let table = &self.tables.appeals;
        match self
            .put_if(table, whole, unmoved, "list an appeal again")
            .await?
        {
            Put::Stored => Ok(Restored::Done),
            Put::Refused(_) => Ok(Restored::Moved),
        }
    }
}
