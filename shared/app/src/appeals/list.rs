//! List appeals: a merchant's, and for operators those that are open or over.

use payonce_store::{AppealList, AppealPage, AppealPlace, Merchant};

use super::AppealFailure;
use crate::App;

impl App {
    /// A merchant's appeals after a place, the oldest first.
    ///
    /// # Errors
    /// That the store cannot be read.
    pub async fn appeals_of(
        &self,
        merchant: &Merchant,
        after: Option<&AppealPlace>,
        limit: usize,
    ) -> Result<AppealPage, AppealFailure> {
        let list = AppealList::Of(&merchant.id);
        Ok(self.store.list_appeals(list, after, limit).await?)
    }

    /// All merchants' appeals that wait for something, or that ended, the oldest first.
    ///
    /// # Errors
    /// That the store cannot be read.
    pub async fn all_appeals(
        &self,
        over: bool,
        after: Option<&AppealPlace>,
        limit: usize,
    ) -> Result<AppealPage, AppealFailure> {
        let list = if over {
            AppealList::Over
        } else {
            AppealList::Open
        };
        Ok(self.store.list_appeals(list, after, limit).await?)
    }
}
