//! Initiate a payment, or initiate it again (发起支付, 重复提交): the idempotent heart.

use std::collections::BTreeMap;
use std::time::Duration;

use payonce_domain::schedule::{Creation, LEAST_TIME_LEFT};
use payonce_domain::{
    Answer, ChannelChoice, ChannelOrderNo, ChannelOrderState, Command, MerchantOrderNo, Money,
    Payment, PaymentKey, PaymentNo, Span, Terms, Timestamp, decide,
};
use payonce_store::{Created, Merchant};

use crate::App;
use crate::change::{self, Working};
use crate::choose::{Once, WayToPay};
use crate::failure::{Failure, Invalid};
use crate::tell;
use crate::watch;

/// What a merchant asks for; every field was checked for form.
#[derive(Debug, Clone)]
pub struct InitiateRequest {
    /// The merchant's number for the order.
    pub merchant_order_no: MerchantOrderNo,
    /// What is to be paid.
    pub amount: Money,
    /// What the buyer reads.
    pub subject: String,
    /// The way to pay, if chosen.
    pub way: Option<WayToPay>,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// Where the buyer's browser goes afterwards.
    pub return_url: Option<String>,
    /// Where the merchant is told.
    pub notify_url: Option<String>,
    /// The buyer's address.
    pub client_ip: Option<String>,
    /// The buyer's id at the channel.
    pub payer: Option<String>,
    /// The merchant's own notes.
    pub metadata: BTreeMap<String, String>,
    /// Whether the buyer gives up the open attempts for this one.
    pub switch: bool,
    /// The older payment this one replaces, with the buyer's consent.
    pub replaces: Option<Replaces>,
}

/// The buyer's explicit wish to pay a new order while an older one is unknown.
#[derive(Debug, Clone)]
pub struct Replaces {
    /// The older payment.
    pub payment_no: PaymentNo,
    /// When the buyer confirmed.
    pub confirmed_at: Timestamp,
}

/// How an initiation ended.
#[derive(Debug)]
pub struct Initiated {
    /// The payment as stored.
    pub payment: Payment,
    /// What became of the request.
    pub outcome: Outcome,
}

/// What became of an initiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A payment or a channel order was made.
    Made,
    /// It stood already.
    Stood,
    /// The channel's word is awaited; the same request again will tell.
    Awaited,
}

/// What is asked of a payment that stands.
struct Wish {
    amount: Money,
    subject: String,
    choice: Option<ChannelChoice>,
    switch: bool,
    once: Once,
}

impl Wish {
    fn command(&self) -> Command {
        Command::Initiate {
            amount: self.amount,
            subject: self.subject.clone(),
            choice: self.choice.clone(),
            switch: self.switch,
        }
    }
}

/// How long an initiation may take in all; the function is killed soon after.
const BUDGET: Duration = Duration::from_secs(28);
/// What must be left before another channel call is begun.
const CALL_RESERVE: Duration = Duration::from_secs(10);

/// How far a merchant's clock may be from ours.
const CLOCKS_DIFFER: Span = Span::minutes(5);

impl App {
    /// Initiates a payment, or answers for the one that stands.
    ///
    /// # Errors
    /// A [`Failure`] of the contract: invalid, not found, refused, unavailable or unknown.
    pub async fn initiate(
        &self,
        merchant: &Merchant,
        request: InitiateRequest,
        now: Timestamp,
    ) -> Result<Initiated, Failure> {
        let until = self.stopwatch.read() + BUDGET;
        registered(
            &merchant.return_urls,
            request.return_url.as_deref(),
            "/return_url",
        )?;
        registered(
            &merchant.notify_urls,
            request.notify_url.as_deref(),
            "/notify_url",
        )?;
        if let Some(url) = &request.notify_url
            && let Some(detail) = tell::objection(&self.courier, url)
        {
            let pointer = "/notify_url";
            return Err(Failure::Invalid(Invalid { pointer, detail }));
        }
        let terms = terms(merchant, &request);
        let key = PaymentKey::derive(&terms.merchant_id, &terms.merchant_order_no);
        let chosen = match &request.way {
            Some(way) => Some(self.choose(merchant, way, &terms, now).await?),
            None => None,
        };
        let (choice, shut_until) = match chosen {
            Some(chosen) => (Some(chosen.choice), chosen.shut_until),
            None => (None, None),
        };
        let wish = Wish {
            amount: request.amount,
            subject: request.subject.clone(),
            choice: choice.clone(),
            switch: request.switch,
            once: request.way.as_ref().map(Once::of).unwrap_or_default(),
        };
        if let Some(shut_until) = shut_until {
            let standing = change::load(&self.store, key).await?;
            let standing = standing.as_ref().map(Working::payment);
            self.needs_no_channel(merchant, standing, &wish, shut_until, now)
                .await?;
        }
        let opened = decide::open(terms, choice, now);
        if let Some(replaces) = &request.replaces {
            let old = self.working_of(merchant, replaces.payment_no).await?;
            self.can_be_paid(key, opened.is_ok(), &wish, now).await?;
            self.supersede(old, key, replaces, now).await?;
        }
        let Ok(decision) = opened else {
            let working = change::load(&self.store, key).await?.ok_or_else(too_late)?;
            return self.insist(working, wish, until, now).await;
        };
        let payment_no = PaymentNo::new(key);
        let created = self.store.create(&decision).await;
        match created.map_err(|error| Failure::writing(payment_no, error))? {
            Created::New(stored) => {
                tracing::info!(payment.no = %payment_no, "payment {payment_no} opened");
                watch::changed(None, stored.payment(), now);
                let wakes = decision.wakes().to_vec();
                let working = Working::woken(stored, wakes);
                let answer = decision.answer().clone();
                let initiated = self.follow(working, answer, wish.once, now).await?;
                // Opened without a way to pay: the buyer chooses later, and the payment is new.
                let bare = initiated.payment.channel_orders.is_empty();
                Ok(if bare {
                    Initiated {
                        outcome: Outcome::Made,
                        ..initiated
                    }
                } else {
                    initiated
                })
            }
            Created::Existing(stored) => {
                // An attempt is made from what the first request said of the buyer, so that is what the
                // channel has to be content with.
                if let Some(way) = &request.way {
                    self.choose(merchant, way, &stored.payment().terms, now)
                        .await?;
                }
                self.insist(Working::new(stored), wish, until, now).await
            }
        }
    }

    /// Initiates a payment that is there already, by its number.
    ///
    /// # Errors
    /// As [`App::initiate`]; [`Failure::NotFound`] if it is not this merchant's.
    pub async fn initiate_again(
        &self,
        merchant: &Merchant,
        payment_no: PaymentNo,
        way: WayToPay,
        switch: bool,
        now: Timestamp,
    ) -> Result<Initiated, Failure> {
        let until = self.stopwatch.read() + BUDGET;
        let working = self.working_of(merchant, payment_no).await?;
        let terms = working.payment().terms.clone();
        let chosen = self.choose(merchant, &way, &terms, now).await?;
        let wish = Wish {
            amount: terms.amount,
            subject: terms.subject,
            choice: Some(chosen.choice),
            switch,
            once: Once::of(&way),
        };
        if let Some(shut_until) = chosen.shut_until {
            let standing = Some(working.payment());
            self.needs_no_channel(merchant, standing, &wish, shut_until, now)
                .await?;
        }
        self.insist(working, wish, until, now).await
    }

    /// Refuses what would begin something new at a channel in trouble, before anything is stored. What
    /// stands already, or would be refused anyway, is answered as ever.
    async fn needs_no_channel(
        &self,
        merchant: &Merchant,
        standing: Option<&Payment>,
        wish: &Wish,
        shut_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let needs = match standing {
            None => true,
            Some(payment) => match decide::on_command(payment, wish.command(), now) {
                Ok(decision) => match decision.answer() {
                    Answer::Added(_) | Answer::Recreate(_) | Answer::Switching(_) => true,
                    Answer::Noted
                    | Answer::Existing(_)
                    | Answer::NoChannelOrder
                    | Answer::InProgress(_)
                    | Answer::Refunding(_)
                    | Answer::ExistingRefund(_) => false,
                },
                Err(_) => false,
            },
        };
        match (&wish.choice, needs) {
            (Some(choice), true) => Err(self
                .channel_unavailable(merchant, choice.channel, shut_until, now)
                .await),
            (Some(_), false) | (None, _) => Ok(()),
        }
    }

    async fn insist(
        &self,
        mut working: Working,
        wish: Wish,
        until: Duration,
        now: Timestamp,
    ) -> Result<Initiated, Failure> {
        let command = wish.command();
        let answer = change::carry_out(&self.store, &mut working, &command, now).await?;
        let Answer::Switching(numbers) = answer else {
            return self.follow(working, answer, wish.once, now).await;
        };
        let out_of_time = || until.saturating_sub(self.stopwatch.read()) < CALL_RESERVE;
        for no in numbers {
            if out_of_time() {
                return self.awaited(working, now).await;
            }
            self.end_at_channel(&mut working, no, now).await?;
        }
        if out_of_time() {
            return self.awaited(working, now).await;
        }
        // Proven closed, the others no longer stand in the way; unproven, this says so.
        let wish = Wish {
            switch: false,
            ..wish
        };
        match change::carry_out(&self.store, &mut working, &wish.command(), now).await {
            Ok(answer) => self.follow(working, answer, wish.once, now).await,
            Err(failure) => {
                self.outbox
                    .wake(
                        working.payment().payment_no(),
                        &working.wakes_ahead(now),
                        now,
                    )
                    .await;
                Err(failure)
            }
        }
    }

    async fn awaited(&self, working: Working, now: Timestamp) -> Result<Initiated, Failure> {
        self.outbox
            .wake(
                working.payment().payment_no(),
                &working.wakes_ahead(now),
                now,
            )
            .await;
        Ok(Initiated {
            payment: working.payment().clone(),
            outcome: Outcome::Awaited,
        })
    }

    /// Does what a granted initiation still needs, and says how it ended.
    async fn follow(
        &self,
        mut working: Working,
        answer: Answer,
        once: Once,
        now: Timestamp,
    ) -> Result<Initiated, Failure> {
        let (no, done) = match answer {
            Answer::Added(no) => (no, Outcome::Made),
            Answer::Recreate(no) => (no, Outcome::Stood),
            Answer::InProgress(_) => return self.awaited(working, now).await,
            Answer::NoChannelOrder
            | Answer::Existing(_)
            | Answer::Noted
            | Answer::Switching(_)
            | Answer::Refunding(_)
            | Answer::ExistingRefund(_) => {
                let payment = working.payment().clone();
                return Ok(Initiated {
                    payment,
                    outcome: Outcome::Stood,
                });
            }
        };
        if !created_by_call(working.payment(), no) {
            self.outbox
                .wake(
                    working.payment().payment_no(),
                    &working.wakes_ahead(now),
                    now,
                )
                .await;
            return Ok(Initiated {
                payment: working.payment().clone(),
                outcome: done,
            });
        }
        self.create_at_channel(&mut working, no, once, now).await?;
        let payment = working.payment().clone();
        let answered = payment
            .channel_order(no)
            .is_some_and(|order| match order.state {
                // Refused for good: that is an answer, and asking again would make another attempt.
                // And a payment code may have paid at once.
                ChannelOrderState::Failed | ChannelOrderState::Paid => true,
                ChannelOrderState::Submitted
                | ChannelOrderState::Pending
                | ChannelOrderState::Closing
                | ChannelOrderState::Closed => order.usable_action(now).is_some(),
            });
        let outcome = if answered { done } else { Outcome::Awaited };
        Ok(Initiated { payment, outcome })
    }

    /// Whether the new payment could be paid, judged before the old one gives way for it: a request
    /// that is refused must leave everything as it was.
    async fn can_be_paid(
        &self,
        key: PaymentKey,
        opens: bool,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match change::load(&self.store, key).await? {
            None if opens => Ok(()),
            None => Err(too_late()),
            Some(standing) => {
                let granted = decide::on_command(standing.payment(), wish.command(), now);
                let refused = |refusal| Failure::refused(PaymentNo::new(key), refusal);
                granted.map(|_| ()).map_err(refused)
            }
        }
    }

    /// The older payment gives way before the new one is made, so that both can never stand.
    async fn supersede(
        &self,
        mut old: Working,
        new: PaymentKey,
        replaces: &Replaces,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if replaces.payment_no.key() == new {
            let detail = "a payment cannot replace itself".to_owned();
            return Err(Failure::Invalid(Invalid {
                pointer: "/replaces/payment_no",
                detail,
            }));
        }
        // The consent that is kept for an appeal must be one that can have been given.
        if replaces.confirmed_at > now.plus(CLOCKS_DIFFER) {
            let detail = "must not be in the future".to_owned();
            return Err(Failure::Invalid(Invalid {
                pointer: "/replaces/confirmed_at",
                detail,
            }));
        }
        let command = Command::Supersede {
            successor: PaymentNo::new(new),
            confirmed_at: replaces.confirmed_at,
        };
        change::carry_out(&self.store, &mut old, &command, now).await?;
        self.outbox
            .wake(replaces.payment_no, &old.wakes_ahead(now), now)
            .await;
        Ok(())
    }
}

fn too_late() -> Failure {
    let seconds = LEAST_TIME_LEFT.as_seconds_rounded_up();
    let detail = format!("must be at least {seconds} seconds ahead");
    Failure::Invalid(Invalid {
        pointer: "/expires_at",
        detail,
    })
}

fn created_by_call(payment: &Payment, no: ChannelOrderNo) -> bool {
    payment
        .channel_order(no)
        .is_some_and(|order| match order.policy().creation {
            Creation::ByBrowser => false,
            Creation::ByCall | Creation::Once => true,
        })
}

fn registered(list: &[String], url: Option<&str>, pointer: &'static str) -> Result<(), Failure> {
    match url {
        Some(url) if !list.iter().any(|known| known == url) => {
            let detail = "must be one of the addresses registered for the merchant".to_owned();
            Err(Failure::Invalid(Invalid { pointer, detail }))
        }
        Some(_) | None => Ok(()),
    }
}

fn terms(merchant: &Merchant, request: &InitiateRequest) -> Terms {
    Terms {
        merchant_id: merchant.id.clone(),
        merchant_order_no: request.merchant_order_no.clone(),
        mode: merchant.mode,
        amount: request.amount,
        subject: request.subject.clone(),
        expires_at: request.expires_at,
        return_url: request.return_url.clone(),
        notify_url: request.notify_url.clone(),
        client_ip: request.client_ip.clone(),
        payer: request.payer.clone(),
        metadata: request.metadata.clone(),
    }
}
