//! Effects: what a call does when it arrives, and what its sender is told.

use payonce_app::Message;
use payonce_channels::{HttpAnswer, HttpRequest, Silence};
use payonce_delivery::{Receipt, Silence as Hush};
use payonce_domain::Channel;
use payonce_store::engine::{EngineError, PutItem, Written};

use crate::books::{Ask, Moved, Returned};
use crate::call::{Answer, Request};
use crate::fault::Fault;
use crate::plan::START_MS;
use crate::tally::Sometimes;
use crate::world::{Happening, Job, World};
use crate::wrong::{Wrong, is_built, writes_twice};

/// When the wrong design that drops open records drops them.
const GIVEN_UP_MS: u64 = 2_400_000;
/// How many messages may be sent once faults have stopped: more than any world needs.
const MESSAGES_MAX: u64 = 2_000;
/// How long a caller waits for a channel.
pub(crate) const PATIENCE_MS: u64 = 8_000;

fn no_answer(unknown: bool) -> EngineError {
    EngineError {
        unknown,
        source: "the simulated table did not answer".into(),
    }
}

impl World {
    /// A call arrives.
    pub(crate) fn arrive(&mut self, id: u64) {
        let Some(waiting) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(request) = waiting.request.take() else {
            return;
        };
        let (owner, issued_at) = (waiting.owner, waiting.issued_at);
        if !self.running.contains_key(&owner) {
            self.tally.saw(Sometimes::Zombie);
        }
        match request {
            Request::Channel(request) => self.reach_channel(id, owner, issued_at, request),
            other => {
                let answer = self.carry_out(owner, other);
                let delay = self.chance.between(1, 9);
                self.reply(id, delay, answer);
            }
        }
        if !self.running.contains_key(&owner) {
            self.calls.remove(&id);
        }
    }

    fn carry_out(&mut self, owner: u64, request: Request) -> Answer {
        match request {
            Request::Put(put) => Answer::Write(self.put(owner, *put)),
            Request::Update(update) => {
                if self.strikes(Fault::StoreThrottled) || self.strikes(Fault::StoreLost) {
                    return Answer::Write(Err(no_answer(true)));
                }
                let written = self.tables.update(&update);
                if self.strikes(Fault::StoreApplied) {
                    return Answer::Write(Err(no_answer(true)));
                }
                Answer::Write(Ok(written))
            }
            Request::Get(get) => {
                if self.strikes(Fault::StoreThrottled) {
                    return Answer::Get(Err(no_answer(false)));
                }
                let key: Vec<&str> = get.key.iter().map(|(_, value)| value.as_str()).collect();
                Answer::Get(Ok(self.tables.get(&get.table, &key).cloned()))
            }
            Request::Batch(batch) => {
                if self.strikes(Fault::StoreThrottled) {
                    return Answer::Batch(Err(no_answer(false)));
                }
                let mut keys = batch.keys;
                let unread = if self.strikes(Fault::Unread) {
                    keys.split_off(keys.len() / 2)
                } else {
                    Vec::new()
                };
                let items = keys
                    .iter()
                    .filter_map(|key| self.tables.get(&batch.table, &[key]).cloned());
                Answer::Batch(Ok((items.collect(), unread)))
            }
            Request::Query(query) => {
                if self.strikes(Fault::StoreThrottled) {
                    return Answer::Query(Err(no_answer(false)));
                }
                let limit = usize::try_from(query.limit).unwrap_or(1);
                let limit = if self.strikes(Fault::ShortPage) {
                    1
                } else {
                    limit
                };
                if query.index.is_none() {
                    return Answer::Query(Ok(self.tables.read(&query, limit)));
                }
                let mut items = self.tables.query(&query, self.now, limit);
                if is_built(Wrong::DropsOld) && self.now > START_MS + GIVEN_UP_MS {
                    items.clear();
                }
                Answer::Query(Ok(items))
            }
            Request::Pause => Answer::Paused,
            Request::Send { queue, messages } => Answer::Sent(self.send(&queue, &messages)),
            Request::Invoke { function, payload } => Answer::Told(self.invoke(&function, payload)),
            Request::Event { payment, sequence } => {
                if self.strikes(Fault::BusDown) {
                    return Answer::Told(Err("the bus is down".to_owned()));
                }
                self.bus_heard.entry(payment).or_default().insert(sequence);
                Answer::Told(Ok(()))
            }
            Request::Merchant { id } => Answer::Merchant(self.tell_merchant(&id)),
            Request::Channel(_) => unreachable!("channels are reached elsewhere"),
        }
    }

    fn put(&mut self, owner: u64, mut put: PutItem) -> Result<Written, EngineError> {
        let is_payment = put.table == "payments";
        if self.strikes(Fault::StoreThrottled) {
            return Err(no_answer(false));
        }
        if self.strikes(Fault::StoreLost) {
            return Err(no_answer(true));
        }
        if is_payment
            && (is_built(Wrong::Overwrite) && put.condition.text.starts_with("#v")
                || is_built(Wrong::NoUniqueKey) && put.condition.text.starts_with("attribute_not"))
        {
            put.condition.text = "attribute_not_exists(#nothing)";
        }
        if put.table == "ledger" {
            let is_row = put.item.contains_key("o");
            if is_row && is_built(Wrong::NoLedger) {
                return Ok(Written::Done(None));
            }
            if !is_row && is_built(Wrong::NothingCarried) {
                put.item.remove("l");
                put.item.remove("w");
            }
        }
        if is_payment && is_built(Wrong::CallBeforeIntent) {
            return Ok(self.write_behind(owner, put));
        }
        if is_payment && is_built(Wrong::NotDerivedAgain) {
            self.leave_out_what_was_missing(&mut put.item);
        }
        let second = (is_payment && writes_twice()).then(|| put.item.clone());
        if second.is_some() {
            self.write_half(&mut put.item);
        }
        let lag = if is_payment && self.strikes(Fault::StaleIndex) {
            self.chance.between(100, 60_000)
        } else {
            0
        };
        let written = self.tables.put(&put, self.now, lag);
        match &written {
            Written::Done(_) if is_payment => {
                self.audit_write(owner, &put.item);
                if let Some(item) = second {
                    let key = key(&item);
                    self.after(40, Happening::LateWrite(key, Box::new(item), owner));
                }
            }
            Written::Refused(_) if is_payment => self.tally.saw(Sometimes::LostRace),
            Written::Done(_) | Written::Refused(_) => {}
        }
        if matches!(written, Written::Done(_)) {
            if self.strikes(Fault::StoreApplied) {
                return Err(no_answer(true));
            }
            if is_payment && self.strikes(Fault::OwnWrite) {
                self.tally.saw(Sometimes::OwnWrite);
                let there = self.tables.get("payments", &[&key(&put.item)]).cloned();
                return Ok(Written::Refused(there));
            }
        }
        Ok(written)
    }

    fn send(&mut self, queue: &str, messages: &[Message]) -> Result<usize, String> {
        if self.strikes(Fault::QueueDown) {
            return Err("the queue cannot be reached".to_owned());
        }
        if !self.faults_on() {
            self.auditor.sent += u64::try_from(messages.len()).unwrap_or(0);
            if self.auditor.sent > MESSAGES_MAX {
                self.breaks("I-30", "messages are sent for ever");
            }
        }
        for message in messages {
            if self.strikes(Fault::MessageLost) {
                continue;
            }
            let bodies = vec![message.body.clone()];
            let job = if queue == "notifications" {
                Job::Tellings(bodies, 0)
            } else {
                Job::Queries(bodies, 0)
            };
            let mut delay = message.delay_seconds * 1_000 + self.chance.between(5, 400);
            if self.strikes(Fault::MessageLate) {
                delay += self.chance.between(1_000, 300_000);
            }
            if self.strikes(Fault::MessageDoubled) {
                let again = delay + self.chance.below(5_000);
                self.after(again, Happening::Start(job.clone()));
            }
            self.after(delay, Happening::Start(job));
        }
        Ok(0)
    }

    fn invoke(&mut self, function: &str, payload: String) -> Result<(), String> {
        if self.strikes(Fault::InvocationLost) {
            return Ok(());
        }
        let job = if function == "notify" {
            Job::Notify(payload, 0)
        } else {
            Job::Refund(payload, 0)
        };
        if self.strikes(Fault::InvocationDoubled) {
            let delay = self.chance.between(5, 900);
            self.after(delay, Happening::Start(job.clone()));
        }
        let delay = self.chance.between(5, 100);
        self.after(delay, Happening::Start(job));
        Ok(())
    }

    fn tell_merchant(&mut self, id: &str) -> Result<u16, Receipt> {
        if self.strikes(Fault::MerchantDown) {
            return match self.chance.below(3) {
                0 => Err(Receipt::Unreachable {
                    reason: Hush::TimedOut,
                }),
                1 => Err(Receipt::Unreachable {
                    reason: Hush::NoConnection,
                }),
                _ => Ok(503),
            };
        }
        if let Some((payment, sequence)) = id.rsplit_once('-') {
            let heard = self.merchant_heard.entry(payment.to_owned()).or_default();
            heard.insert(sequence.parse().unwrap_or(0));
        }
        Ok(200)
    }

    fn reach_channel(&mut self, id: u64, owner: u64, issued_at: u64, request: HttpRequest) {
        if self.real.is_some() {
            return self.reach_real(id, issued_at, request);
        }
        if request.url == "sim://bill" {
            let said = self.said_of_bill(&request.body);
            self.note(format_args!("channel: bill -> {} bytes", said.len()));
            return self.respond(id, 200, said);
        }
        let Some(mut ask) = Ask::read(&request.body) else {
            unreachable!("a request the simulated channel cannot read");
        };
        let silence = (issued_at + PATIENCE_MS).saturating_sub(self.now);
        if self.is_out_of_order(ask.channel) || self.strikes(Fault::RequestLost) {
            return self.silent(id, silence, &ask);
        }
        if self.strikes(Fault::RequestLate) {
            self.arrives_late(issued_at, request);
            return self.silent(id, silence, &ask);
        }
        if self.strikes(Fault::Fails) {
            return self.respond(id, 500, "error".to_owned());
        }
        let said = self.ask_channel(&mut ask, owner);
        self.note(format_args!(
            "channel: {} of {} {} -> {said}",
            ask.operation, ask.no, ask.refund_no
        ));
        if self.strikes(Fault::AnswerLost) {
            return self.silent(id, silence, &ask);
        }
        if self.strikes(Fault::AnswerDamaged) {
            return self.respond(id, 200, "damaged".to_owned());
        }
        self.respond(id, 200, said);
    }

    /// Whether a channel answers nobody for a while. Then many orders suffer, not only those of this world.
    fn is_out_of_order(&mut self, channel: Channel) -> bool {
        let out = self
            .out_until
            .get(&channel)
            .is_some_and(|until| self.now < *until);
        if out || !self.strikes(Fault::Outage) {
            return out;
        }
        let until = self.now + self.chance.between(20_000, 900_000);
        self.out_until
            .insert(channel, until.min(self.plan.faults_until));
        for delay in [100, 4_000] {
            self.after(delay, Happening::Start(Job::Crowd(channel)));
        }
        true
    }

    /// The request arrives after all, when nobody waits for it any more.
    pub(crate) fn arrives_late(&mut self, issued_at: u64, request: HttpRequest) {
        let late = self.chance.between(9_000, 900_000);
        let number = self.number();
        let waiting = crate::call::Waiting {
            owner: 0,
            request: Some(Request::Channel(request)),
            issued_at,
            answer: None,
            waker: std::task::Waker::noop().clone(),
            kill_after: false,
            point: "channel: late",
        };
        self.calls.insert(number, waiting);
        self.after(late, Happening::Effect(number));
    }

    fn silent(&mut self, id: u64, delay: u64, ask: &Ask) {
        if is_built(Wrong::SilenceFails) && ask.operation == "query" {
            return self.respond(id, 200, "silence".to_owned());
        }
        self.reply(id, delay, Answer::Channel(Err(Silence::TimedOut)));
    }

    pub(crate) fn respond(&mut self, id: u64, status: u16, said: String) {
        let answer = HttpAnswer {
            status,
            headers: Vec::new(),
            body: said.into_bytes(),
        };
        let delay = self.travel("channel");
        self.reply(id, delay, Answer::Channel(Ok(answer)));
    }

    fn ask_channel(&mut self, ask: &mut Ask, owner: u64) -> String {
        let now = self.now;
        match ask.operation.as_str() {
            "create" => {
                if is_built(Wrong::FreshOrderNumber) && !self.asked_before.insert(ask.no.clone()) {
                    self.number_afresh(ask);
                } else {
                    self.audit_create(ask);
                }
                let burnt = self.runner(owner) != "pay" && now >= ask.expires_at;
                if self.runner(owner) == "pay" && self.books.trades.contains_key(&ask.no) {
                    self.tally.saw(Sometimes::Recreated);
                }
                if burnt {
                    self.tally.saw(Sometimes::Burnt);
                }
                let confirmed = self.chance.one_in(2);
                let (said, moved) = self.books.create(ask, now, confirmed);
                if moved {
                    self.money_came(&ask.no);
                } else if said == "taken" && self.chance.one_in(2) {
                    let delay = self.chance.between(500, 90_000);
                    self.after(delay, Happening::BuyerPays(ask.no.clone(), false));
                }
                said
            }
            "query" => self.books.query(ask, now),
            "close" => self.books.close(ask, now),
            "refund" => {
                if self.strikes(Fault::RefundNotYet) {
                    return "notyet".to_owned();
                }
                if is_built(Wrong::FreshRefundNumber)
                    && !self.asked_before.insert(ask.refund_no.clone())
                {
                    self.refund_afresh(ask);
                }
                self.refund(ask)
            }
            "refund_query" => self.books.refund_query(ask),
            "reverse" => {
                let (said, moved) = self.books.reverse(ask, now);
                if moved {
                    self.tally.saw(Sometimes::Reversed);
                } else if said == "nothing" {
                    self.tally.saw(Sometimes::NothingToReverse);
                }
                said
            }
            _ => "error".to_owned(),
        }
    }

    pub(crate) fn refund(&mut self, ask: &Ask) -> String {
        let known = self
            .books
            .trades
            .get(&ask.no)
            .is_some_and(|trade| trade.refunds.contains_key(&ask.refund_no));
        let fate = if known {
            Moved::Done
        } else if self.strikes(Fault::RefundFails) {
            Moved::Failed
        } else if self.strikes(Fault::RefundSlow) {
            Moved::UnderWay
        } else {
            Moved::Done
        };
        let back = Returned::new(ask.refund_amount, fate, self.now);
        let (said, new) = self.books.refund(&ask.no, &ask.refund_no, back);
        if new {
            self.audit_refund(ask);
            match fate {
                Moved::UnderWay => {
                    let delay = self.chance.between(5_000, 7_200_000);
                    self.after(
                        delay,
                        Happening::RefundDone(ask.no.clone(), ask.refund_no.clone()),
                    );
                }
                Moved::Done | Moved::Failed => self.tell_of_refund(&ask.no, &ask.refund_no),
            }
            self.audit_returns(&ask.no);
        }
        said
    }
}

pub(crate) fn key(item: &payonce_store::engine::Item) -> String {
    item.get("k")
        .and_then(|key| key.as_s().ok())
        .cloned()
        .unwrap_or_default()
}
