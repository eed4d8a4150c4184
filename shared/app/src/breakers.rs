//! Breakers (熔断): a channel account in trouble is left alone for a while, then probed.
//!
//! They spare the channel and our time, and prove nothing about money: where a breaker cannot be read,
//! the channel is asked.

use payonce_channels::Health;
use payonce_domain::{AccountId, Channel, ChannelOrder, Timestamp};
use payonce_store::{Breaker, Line, Store, Work};

use crate::accounts::Memory;
use crate::metrics::{Label, Metric, record};
use crate::stopwatch::Stopwatch;

/// How long a process believes what it last saw of a breaker. Less than trouble must last to open one.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(2);

/// Whether a channel account may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It may.
    Free,
    /// Not before then.
    Shut(Timestamp),
}

/// The breakers of all accounts, as this process sees them.
pub(crate) struct Breakers {
    store: Store,
    seen: Memory<Line, Breaker>,
}

impl Breakers {
    pub(crate) fn new(store: Store, stopwatch: Stopwatch) -> Self {
        Self {
            store,
            seen: Memory::new(REMEMBERED, stopwatch),
        }
    }

    /// Whether a buyer may be sent there: after a time of trouble everybody may.
    pub(crate) async fn look(
        &self,
        channel: Channel,
        account: &AccountId,
        now: Timestamp,
    ) -> Passage {
        let lines = [Work::Placing, Work::Asking].map(|work| line(channel, account, work));
        let mut until = None;
        for line in &lines {
            let breaker = self.see(line).await;
            shown(channel, breaker, now);
            until = until.max(breaker.shut_until(now));
        }
        until.map_or(Passage::Free, Passage::Shut)
    }

    /// Whether a call may be made. After a time of trouble one caller may: the probe.
    pub(crate) async fn pass(
        &self,
        channel: Channel,
        account: &AccountId,
        now: Timestamp,
    ) -> Passage {
        let line = line(channel, account, Work::Asking);
        let breaker = self.see(&line).await;
        if breaker.open_until.is_none() {
            return Passage::Free;
        }
        shown(channel, breaker, now);
        if let Some(until) = breaker.shut_until(now) {
            return Passage::Shut(until);
        }
        match self.store.claim_probe(&line, breaker, now).await {
            Ok(Some(claimed)) => {
                self.seen.put(line, claimed);
                Passage::Free
            }
            Ok(None) => {
                self.seen.forget(&line);
                let breaker = self.see(&line).await;
                breaker.shut_until(now).map_or(Passage::Free, Passage::Shut)
            }
            Err(error) => {
                tracing::warn!(account.id = %account, %error, "a probe could not be claimed");
                Passage::Free
            }
        }
    }

    /// Takes note of what an exchange says of the channel.
    pub(crate) async fn note(
        &self,
        order: &ChannelOrder,
        work: Work,
        health: Health,
        now: Timestamp,
    ) {
        let (channel, account) = (order.channel(), &order.account);
        let line = line(channel, account, work);
        let noted = match health {
            Health::NotAsked => return,
            Health::Troubled => {
                self.store
                    .note_trouble(&line, order.no, now)
                    .await
                    .map(|breaker| {
                        shown(channel, breaker, now);
                        self.seen.put(line, breaker);
                    })
            }
            Health::Answered => {
                // Looked at anew where the memory has gone: a slow answer ends trouble as well as a quick one.
                if self.see(&line).await == Breaker::default() {
                    return;
                }
                let ended = self.store.note_answer(&line).await;
                ended.map(|()| {
                    tracing::info!(
                        channel = channel.name(),
                        account.id = %account,
                        "{} answers on {account}",
                        channel.name()
                    );
                    record(&[Label::Channel(channel)], &[(Metric::BreakerOpen, 0)], now);
                    self.seen.put(line, Breaker::default());
                })
            }
        };
        if let Err(error) = noted {
            tracing::warn!(account.id = %account, %error, "a breaker could not be changed");
        }
    }

    async fn see(&self, line: &Line) -> Breaker {
        if let Some(breaker) = self.seen.get(line) {
            return breaker;
        }
        match self.store.breaker(line).await {
            Ok(breaker) => {
                self.seen.put(line.clone(), breaker);
                breaker
            }
            Err(error) => {
                tracing::warn!(account.id = %line.account, %error, "a breaker could not be read");
                Breaker::default()
            }
        }
    }
}

fn line(channel: Channel, account: &AccountId, work: Work) -> Line {
    Line {
        channel,
        account: account.clone(),
        work,
    }
}

/// A breaker that is open is seen by whoever has work for it; one that nobody asks for hurts nobody.
fn shown(channel: Channel, breaker: Breaker, now: Timestamp) {
    if breaker.is_open(now) {
        record(&[Label::Channel(channel)], &[(Metric::BreakerOpen, 1)], now);
    }
}
