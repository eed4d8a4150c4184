//! How the channel accounts are, and which delayed messages are dead: of every merchant, as far as a page
//! can ask.

use futures::StreamExt;
use payonce_domain::{DelayedMessageState, MerchantId};
use payonce_store::{Breaker, Line, Work};

use super::Console;
use crate::failure::Failure;

/// Of how many merchants a page asks, and how many questions run at a time.
const MERCHANTS_MAX: usize = 50;
const AT_ONCE: usize = 16;
/// From here on it is "so many or more".
const DEAD_MAX: usize = 100;

impl Console {
    /// The breakers (熔断) that are not at rest.
    ///
    /// # Errors
    /// If merchants cannot be read.
    pub async fn troubled_lines(&self) -> Result<Vec<(Line, Breaker)>, Failure> {
        let ids = self.app.store.merchant_ids().await?;
        let mut lines = Vec::new();
        for id in ids.iter().take(MERCHANTS_MAX) {
            let merchant = self.app.accounts.merchant(id).await;
            let merchant = merchant.map_err(Failure::Unavailable)?;
            let accounts = merchant
                .iter()
                .flat_map(|merchant| merchant.accounts.iter());
            for account in accounts {
                lines.extend([Work::Asking, Work::Placing].map(|work| Line {
                    channel: account.channel,
                    account: account.id.clone(),
                    work,
                }));
            }
        }
        let asked = lines.into_iter().map(|line| async move {
            let breaker = self.app.store.breaker(&line).await;
            breaker.map(|breaker| (line, breaker))
        });
        let asked = futures::stream::iter(asked).buffered(AT_ONCE);
        let all: Vec<_> = asked.collect().await;
        let all: Result<Vec<_>, _> = all.into_iter().collect();
        let mut all = all?;
        all.retain(|(_, breaker)| *breaker != Breaker::default());
        Ok(all)
    }

    /// How many delayed messages of each merchant are dead letters (死信); at most a hundred are counted.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn dead_messages(&self) -> Result<Vec<(MerchantId, usize)>, Failure> {
        let ids = self.app.store.merchant_ids().await?;
        let asked = ids.into_iter().take(MERCHANTS_MAX).map(|id| async move {
            let dead = [DelayedMessageState::Dead];
            let page = self.app.store.list_messages(&id, &dead, None, DEAD_MAX);
            page.await.map(|page| (id, page.messages.len()))
        });
        let asked = futures::stream::iter(asked).buffered(AT_ONCE);
        let all: Vec<_> = asked.collect().await;
        let all: Result<Vec<_>, _> = all.into_iter().collect();
        let mut all = all?;
        all.retain(|(_, count)| *count > 0);
        Ok(all)
    }
}
