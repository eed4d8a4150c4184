//! Gather the facts of an appeal: the orders as they stand, what the buyer did, what each channel says
//! at this moment, and what the bills said.

use std::time::Duration;

use futures::future::join_all;
use payonce_domain::appeal::findings::{ChannelWord, Findings, Seen};
use payonce_domain::appeal::{AppealFact, on_fact};
use payonce_domain::{Appeal, BuyerAct, PaymentKey, PaymentNo, Timestamp, history};
use payonce_store::{KeptAct, StoredAppeal};

use super::AppealFailure;
use crate::App;
use crate::change::{self, Working};

/// How long is waited for channels. What one does not say in time it does not say, and the facts are
/// gathered again where that leaves something unknown.
const ASK_FOR: Duration = Duration::from_secs(8);

impl App {
    /// Looks at the orders and stores what they show.
    ///
    /// # Errors
    /// That the store cannot be reached; what is due stays due.
    pub(super) async fn gather(
        &self,
        seen: StoredAppeal,
        now: Timestamp,
    ) -> Result<StoredAppeal, AppealFailure> {
        let orders = self.orders_of(seen.appeal()).await?;
        let looked = join_all(orders.into_iter().map(|no| self.look_at(no, now))).await;
        let looked: Result<Vec<_>, _> = looked.into_iter().collect();
        let findings = Findings::of(&looked?);
        let fact = AppealFact::Gathered(findings);
        let found = |appeal: &Appeal| Ok(on_fact(appeal, fact.clone(), now));
        self.change_appeal(seen, found).await
    }

    /// The orders it names, and those that replaced them.
    async fn orders_of(&self, appeal: &Appeal) -> Result<Vec<PaymentNo>, AppealFailure> {
        let mut orders = appeal.request.orders.clone();
        let keys: Vec<_> = orders.iter().map(|no| no.key()).collect();
        let many = self.store.load_many(&keys).await?;
        for stored in many.found {
            let successor = stored.payment().successor;
            orders.extend(successor.filter(|no| !orders.contains(no)));
        }
        Ok(orders)
    }

    async fn look_at(&self, no: PaymentNo, now: Timestamp) -> Result<Seen, AppealFailure> {
        let found = change::load(&self.store, no.key()).await?;
        let mut working = found.ok_or(AppealFailure::NotFound)?;
        let mut said = Vec::new();
        let asking = self.ask_all(&mut working, &mut said, now);
        if tokio::time::timeout(ASK_FOR, asking).await.is_err() {
            tracing::warn!(payment.no = %no, "channels did not answer in time about {no}");
        }
        self.outbox.wake(no, &working.wakes_ahead(now), now).await;
        // What was learned may have been stored by the call that was given up.
        let found = change::load(&self.store, no.key()).await?;
        let stored = found.ok_or(AppealFailure::NotFound)?.stored;
        let entries = stored.history()?;
        let known = history::captures_known(&entries);
        Ok(Seen {
            paid_known_at: history::paid_known_at(&entries),
            given_up_at: self.given_up_at(no.key()).await?,
            said,
            billed: self.billed(stored.payment(), &known).await?,
            payment: stored.payment().clone(),
        })
    }

    /// Every attempt is asked about, those that ended too: what our books say is what is disputed.
    async fn ask_all(
        &self,
        working: &mut Working,
        said: &mut Vec<(payonce_domain::ChannelOrderNo, ChannelWord)>,
        now: Timestamp,
    ) {
        let orders = working.payment().channel_orders.iter();
        let numbers: Vec<_> = orders.map(|order| order.no).collect();
        for no in numbers {
            match self.query_at_channel(working, no, now).await {
                Ok(report) => said.push((no, ChannelWord::from(&report))),
                Err(failure) => {
                    let error = failure.chain();
                    tracing::warn!(channel_order.no = %no, error, "{no} could not be asked about");
                }
            }
        }
    }

    async fn given_up_at(&self, key: PaymentKey) -> Result<Option<Timestamp>, AppealFailure> {
        let acts = self.store.buyer_acts(key).await?;
        let gave_up = |kept: &&KeptAct| match kept.act {
            BuyerAct::GaveUp | BuyerAct::OrderedAnew => true,
            BuyerAct::Opened
            | BuyerAct::WentBack
            | BuyerAct::Chose(_)
            | BuyerAct::Left(_)
            | BuyerAct::Returned
            | BuyerAct::Asked
            | BuyerAct::Switched(_)
            | BuyerAct::Insisted(_) => false,
        };
        let given_up = acts.iter().filter(gave_up);
        Ok(given_up.map(|kept| kept.first_at).min())
    }
}
