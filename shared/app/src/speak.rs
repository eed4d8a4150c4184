//! Speaking with a channel about one payment: the question, the answer, and the fact it makes.

mod refunds;

use std::fmt::Debug;
use std::sync::Arc;

use payonce_channels::{Adapter, ChannelClient, CloseAnswer, CreateTold, Health, Order, Told};
use payonce_domain::fact::Occasion;
use payonce_domain::{
    AccountId, Action, Channel, ChannelOrder, ChannelOrderNo, ClosingCause, Command, CreateAnswer,
    Digest, Evidence, Fact, Payment, Refusal, Report, Source, Timestamp,
};
use payonce_store::Work;

use crate::App;
use crate::breakers::Passage;
use crate::change::{self, Raw, Working};
use crate::choose::Once;
use crate::failure::Failure;
use crate::query_log::{self, Asked, Question};
use crate::watch;

impl App {
    pub(crate) async fn signer_of(
        &self,
        payment: &Payment,
        order: &ChannelOrder,
    ) -> Result<Arc<dyn Adapter>, Failure> {
        let signer = self
            .accounts
            .signer(&payment.terms.merchant_id, &order.account)
            .await;
        signer.map_err(Failure::Unavailable)
    }

    /// What the channel is told of an attempt: every word from stored fields, so that a repeat is
    /// the same to the byte.
    pub(crate) fn order_of(&self, payment: &Payment, order: &ChannelOrder) -> Order {
        let terms = &payment.terms;
        Order {
            no: order.no,
            amount: terms.amount,
            subject: terms.subject.clone(),
            created_at: order.created_at,
            expires_at: terms.expires_at,
            notify_url: self.notify_url(order.channel(), &order.account),
            return_url: terms.return_url.clone(),
            client_ip: terms.client_ip.clone(),
            payer: terms.payer.clone(),
            auth_code: None,
            bank: order.bank.clone(),
        }
    }

    /// Where a channel tells us of an account's orders.
    pub(crate) fn notify_url(&self, channel: Channel, account: &AccountId) -> String {
        let channel = channel.name();
        format!("{}/v1/webhooks/{channel}/{account}", self.public_url)
    }

    /// Whether the channel may be asked about an attempt. If not, `working` notes until when.
    async fn may_ask(&self, working: &mut Working, no: ChannelOrderNo, now: Timestamp) -> bool {
        let Some(order) = working.payment().channel_order(no) else {
            return false;
        };
        let (channel, account) = (order.channel(), order.account.clone());
        match self.breakers.pass(channel, &account, now).await {
            Passage::Free => true,
            Passage::Shut(until) => {
                tracing::info!(
                    channel_order.no = %no,
                    account.id = %account,
                    until_ms = until.as_millis(),
                    "{} is in trouble: {no} is not asked about",
                    channel.name()
                );
                working.shut_until = Some(until);
                false
            }
        }
    }

    /// Notes what an exchange about an attempt says of its channel.
    async fn note_health(
        &self,
        working: &Working,
        no: ChannelOrderNo,
        work: Work,
        health: Health,
        now: Timestamp,
    ) {
        if let Some(order) = working.payment().channel_order(no) {
            self.breakers.note(order, work, health, now).await;
        }
    }

    /// What the buyer pays with now: stored, or rebuilt from the stored intent.
    ///
    /// # Errors
    /// If the account's key cannot be had.
    pub async fn action(
        &self,
        payment: &Payment,
        order: &ChannelOrder,
        now: Timestamp,
    ) -> Result<Option<Action>, Failure> {
        if order.action.is_some() {
            return Ok(order.usable_action(now).cloned());
        }
        let adapter = self.signer_of(payment, order).await?;
        let client = ChannelClient::new(adapter.as_ref(), &self.transport);
        Ok(client.action(&self.order_of(payment, order), now))
    }

    /// Calls the channel's create and stores what it said. Silence leaves all as it was. A payment code
    /// goes along on this one call and nowhere else, and so does another address to come back to: no
    /// channel takes it for a part of the order.
    pub(crate) async fn create_at_channel(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        once: Once,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let payment = working.payment();
        let payment_no = payment.payment_no();
        let Some(order) = payment.channel_order(no) else {
            return Ok(());
        };
        let account = order.account.clone();
        let adapter = self.signer_of(payment, order).await?;
        let stored = self.order_of(payment, order);
        let request = Order {
            auth_code: once.auth_code.map(|code| code.reveal().to_owned()),
            return_url: once.return_url.or_else(|| stored.return_url.clone()),
            ..stored
        };
        let wakes = std::mem::take(&mut working.wakes);
        let client = ChannelClient::new(adapter.as_ref(), &self.transport);
        let (told, ()) = futures::join!(
            client.create(&request, now),
            self.outbox.wake(payment_no, &wakes, now)
        );
        enter(working, Question::Create, no, &told.map(in_words));
        self.note_health(working, no, Work::Placing, told.health, now)
            .await;
        let (fact, cited) = match told.said {
            CreateTold::NoAnswer => return Ok(()),
            CreateTold::Answered(answer) => {
                let refused = answer == CreateAnswer::Refused;
                (Fact::CreateAnswered { no, answer }, refused)
            }
            CreateTold::Reported(report) => {
                let fact = Fact::Reported {
                    no,
                    account,
                    evidence: answered(told.raw.as_deref()),
                    occasion: Occasion::Sent,
                    report,
                };
                (fact, true)
            }
        };
        let raw = told.raw.as_deref().filter(|_| cited);
        let raw = raw.map(|bytes| Raw {
            source: Source::Query,
            bytes,
        });
        change::note(&self.store, working, &fact, raw, now).await?;
        Ok(())
    }

    /// Asks about an attempt (查单) and stores what the answer changes. Where the item moved meanwhile a
    /// negative answer counts for nothing, and the question is asked once more: that the merchant was
    /// told just then must not put a closing off until the next rung.
    pub(crate) async fn query_at_channel(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        let asked = working.payment().version;
        let report = self.query_once(working, no, now).await?;
        let negative = matches!(report, Report::Closed | Report::NotFound);
        let payment = working.payment();
        let is_open = payment
            .channel_order(no)
            .is_some_and(|order| order.state.is_open());
        if negative && is_open && payment.version != asked {
            return self.query_once(working, no, now).await;
        }
        Ok(report)
    }

    async fn query_once(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<Report, Failure> {
        if !self.may_ask(working, no, now).await {
            // What may not be asked is as unknown as what is not answered.
            watch::asked(working.payment(), no, &Report::NoAnswer, now);
            return Ok(Report::NoAnswer);
        }
        let payment = working.payment();
        let asked = payment.version;
        let Some(order) = payment.channel_order(no) else {
            return Ok(Report::NoAnswer);
        };
        let open = order.state.is_open();
        let account = order.account.clone();
        let adapter = self.signer_of(payment, order).await?;
        let request = self.order_of(payment, order);
        let client = ChannelClient::new(adapter.as_ref(), &self.transport);
        let told = client.query(&request, now).await;
        self.note_health(working, no, Work::Asking, told.health, now)
            .await;
        enter(working, Question::Query, no, &told);
        let fact = Fact::Reported {
            no,
            account,
            evidence: answered(told.raw.as_deref()),
            occasion: Occasion::Asked(asked),
            report: told.said.clone(),
        };
        let raw = told.raw.as_deref().map(|bytes| Raw {
            source: Source::Query,
            bytes,
        });
        change::note(&self.store, working, &fact, raw, now).await?;
        if open {
            watch::asked(working.payment(), no, &told.said, now);
        }
        Ok(told.said)
    }

    /// Ends an attempt at its channel: by reversing it where that is how it ends, or by closing it.
    pub(crate) async fn end_at_channel(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let order = working.payment().channel_order(no);
        if order.is_some_and(|order| order.policy().reverses) {
            self.reverse_at_channel(working, no, now).await
        } else {
            self.close_at_channel(working, no, now).await
        }
    }

    /// Asks, closes at the channel, asks again (关单). Only the channel's word on the last question
    /// closes the attempt; the answer to the close itself proves nothing (F57).
    pub(crate) async fn close_at_channel(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let said = self.query_at_channel(working, no, now).await?;
        if said == Report::NotFound {
            self.burn(working, no, now).await?;
        }
        let payment = working.payment();
        let Some(order) = payment
            .channel_order(no)
            .filter(|order| order.state.is_open())
        else {
            return Ok(());
        };
        let policy = order.policy();
        // The wait spares a buyer who is at the channel's page; one who gave up needs no sparing.
        let wished = match order.closing {
            Some(ClosingCause::Switch | ClosingCause::Merchant | ClosingCause::Superseded) => true,
            Some(
                ClosingCause::Expiry
                | ClosingCause::PaidElsewhere
                | ClosingCause::Refused
                | ClosingCause::Unconfirmed,
            )
            | None => false,
        };
        let old_enough = now >= order.created_at.plus(policy.close_wait);
        if !policy.closes || !(wished || old_enough) {
            return Ok(());
        }
        if !self.may_ask(working, no, now).await {
            return Ok(());
        }
        let payment = working.payment();
        let Some(order) = payment.channel_order(no) else {
            return Ok(());
        };
        let adapter = self.signer_of(payment, order).await?;
        let request = self.order_of(payment, order);
        let client = ChannelClient::new(adapter.as_ref(), &self.transport);
        let told = client.close(&request, now).await;
        enter(working, Question::Close, no, &told);
        self.note_health(working, no, Work::Asking, told.health, now)
            .await;
        match told.said {
            CloseAnswer::Accepted | CloseAnswer::Conflict => {
                self.query_at_channel(working, no, now).await?;
                Ok(())
            }
            CloseAnswer::NotFound | CloseAnswer::NoAnswer => Ok(()),
        }
    }

    /// Places the order once more, with the stored words, where a create that was never answered might
    /// still be taken after the deadline (F22, F49): refused, it is dead; made, it can be closed.
    async fn burn(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let payment = working.payment();
        let deadline = payment.terms.expires_at;
        let due = payment.channel_order(no).is_some_and(|order| {
            let over = now >= deadline.plus(order.policy().absence_margin);
            order.state.is_open() && order.must_be_burnt() && over
        });
        if due && self.may_ask(working, no, now).await {
            tracing::info!(channel_order.no = %no, "{no} is placed once more, to prove that it is dead");
            self.create_at_channel(working, no, Once::default(), now)
                .await?;
            self.query_at_channel(working, no, now).await?;
        }
        Ok(())
    }

    /// Reverses an attempt whose outcome is unknown (冲正), after asking once more.
    pub(crate) async fn reverse_at_channel(
        &self,
        working: &mut Working,
        no: ChannelOrderNo,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.query_at_channel(working, no, now).await?;
        let open = working
            .payment()
            .channel_order(no)
            .is_some_and(|order| order.state.is_open());
        if !open || !self.may_ask(working, no, now).await {
            return Ok(());
        }
        let begin = Command::BeginReversal { no };
        match change::carry_out(&self.store, working, &begin, now).await {
            Ok(_) => {}
            // It ended, or is not to end any more, since it was read.
            Err(Failure::Refused {
                refusal: Refusal::NotDue,
                ..
            }) => return Ok(()),
            Err(failure) => return Err(failure),
        }
        let payment = working.payment();
        let Some(order) = payment.channel_order(no) else {
            return Ok(());
        };
        let adapter = self.signer_of(payment, order).await?;
        let request = self.order_of(payment, order);
        let client = ChannelClient::new(adapter.as_ref(), &self.transport);
        let told = client.reverse(&request, now).await;
        enter(working, Question::Reverse, no, &told);
        self.note_health(working, no, Work::Asking, told.health, now)
            .await;
        let fact = Fact::ReversalAnswered {
            no,
            report: told.said,
        };
        let raw = told.raw.as_deref().map(|bytes| Raw {
            source: Source::Query,
            bytes,
        });
        change::note(&self.store, working, &fact, raw, now).await?;
        Ok(())
    }
}

/// What a create was answered, without what the buyer pays with.
fn in_words(said: &CreateTold) -> String {
    match said {
        CreateTold::Answered(CreateAnswer::Made { .. }) => "Made".to_owned(),
        CreateTold::Answered(answer @ (CreateAnswer::Taken | CreateAnswer::Refused)) => {
            format!("{answer:?}")
        }
        CreateTold::Reported(report) => format!("{report:?}"),
        CreateTold::NoAnswer => "NoAnswer".to_owned(),
    }
}

/// Enters an answer in the query log, for the version at which the question was asked.
fn enter<T: Debug>(working: &Working, question: Question, about: impl ToString, told: &Told<T>) {
    let asked = Asked {
        payment_no: working.payment().payment_no(),
        version: working.payment().version,
        question,
    };
    query_log::enter(asked, &about.to_string(), told);
}

fn answered(raw: Option<&[u8]>) -> Evidence {
    Evidence {
        source: Source::Query,
        digest: raw.map(Digest::of),
    }
}
