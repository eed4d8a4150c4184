//! The channels' real words: the product's own adapters, and behind them the channel simulator at this world's clock.
//!
//! In most worlds the channels speak plain words, because signatures cost a thousand times what a decision does. In
//! these worlds they are built, signed, verified, encrypted and read as they are in production. The simulator's books are the
//! truth; after every exchange they are copied to where the auditor looks.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use channel_simulator::{Answered, Asked, Booked, Keys, Notification, Played, Told};
use payonce_channels::{HttpAnswer, HttpRequest, Silence, Verb};
use payonce_domain::{Action, Channel, ChannelOrderNo, Method, RefundNo};
use payonce_local::Contract;
use serde_json::{Value, json};

use crate::books::{Ask, Moved, Returned, Standing, Taken, Trade};
use crate::call::Answer;
use crate::effect::PATIENCE_MS;
use crate::fault::Fault;
use crate::plan::START_MS;
use crate::tally::Sometimes;
use crate::world::{Happening, Notice, World};

/// How long a payment code is taken after it was shown: wallets draw a new one every minute.
const CODE_LIFE_MS: u64 = 60_000;
/// Where the channels are: nowhere.
const ADDRESS: &str = "http://channels.example";

/// What is made once and shared by all worlds.
struct Shared {
    keys: Keys,
    contracts: BTreeMap<Channel, Contract>,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| match make() {
        Ok(shared) => shared,
        Err(error) => unreachable!("the channels' keys could not be made: {error:#}"),
    })
}

fn make() -> anyhow::Result<Shared> {
    let accounts = Channel::ALL.map(|channel| {
        json!({
            "channel": channel.name(),
            "account": account(channel),
            "merchant_id": "shop",
            "webhook_url": format!("{ADDRESS}/unused"),
        })
    });
    let keys = Keys::make(json!({ "accounts": accounts }), START_MS)?;
    let played = Played::new(&keys, 0, ADDRESS)?;
    let announced = played.ask(get(format!("{ADDRESS}/_ctl/keys")))?;
    let announced: Value = serde_json::from_slice(&announced.body)?;
    let contract = |channel: Channel| {
        let own = &announced[channel.name()][0];
        anyhow::Ok((
            channel,
            Contract::of(channel, &account(channel), false, own)?,
        ))
    };
    let contracts = Channel::ALL.into_iter().map(contract);
    Ok(Shared {
        keys,
        contracts: contracts.collect::<anyhow::Result<_>>()?,
    })
}

fn account(channel: Channel) -> String {
    format!("shop-{}", channel.name())
}

/// What our side's account with a channel says.
pub(crate) fn settings(channel: Channel) -> String {
    shared().contracts[&channel].settings.to_string()
}

/// A secret of one of our accounts: its own name says which.
pub(crate) fn secret(name: &str) -> Option<String> {
    let (name, is_receiving) = match name.strip_suffix(RECEIVING) {
        Some(name) => (name, true),
        None => (name, false),
    };
    let channel = Channel::from_name(name.strip_prefix("shop-")?)?;
    let contract = &shared().contracts[&channel];
    if is_receiving {
        contract.receiving.as_ref().map(Value::to_string)
    } else {
        Some(contract.signing.to_string())
    }
}

/// Ends the name of a secret that notifications are decrypted with.
pub(crate) const RECEIVING: &str = "-receiving";

/// Whether the channel encrypts its notifications.
pub(crate) fn encrypts(channel: Channel) -> bool {
    shared().contracts[&channel].receiving.is_some()
}

fn get(url: String) -> Asked {
    Asked {
        method: "GET",
        url,
        headers: vec![("user-agent".to_owned(), "a-browser".to_owned())],
        body: Vec::new(),
    }
}

fn post(url: String, content_type: &str, body: String) -> Asked {
    Asked {
        method: "POST",
        url,
        headers: vec![
            ("user-agent".to_owned(), "a-browser".to_owned()),
            ("content-type".to_owned(), content_type.to_owned()),
        ],
        body: body.into_bytes(),
    }
}

/// The channels of one world.
pub(crate) struct Real {
    pub(crate) played: Played,
    /// What buyers were given to open.
    pub(crate) actions: BTreeMap<String, Action>,
    copied: BTreeMap<String, Booked>,
    looks_at: Option<u64>,
}

impl Real {
    pub(crate) fn new(seed: u64) -> Self {
        let run = u32::try_from(seed % 1_000_000).unwrap_or(0);
        match Played::new(&shared().keys, run, ADDRESS) {
            Ok(played) => Self {
                played,
                actions: BTreeMap::new(),
                copied: BTreeMap::new(),
                looks_at: None,
            },
            Err(error) => unreachable!("the channels cannot be played: {error:#}"),
        }
    }
}

/// What a real request is for, in the words of the plain ones.
pub(crate) fn operation(request: &HttpRequest) -> &'static str {
    const NEEDLES: [(&str, &str); 14] = [
        ("fastpay.refund.query", "channel: refund query"),
        ("trade.refund", "channel: refund"),
        ("trade.query", "channel: query"),
        ("trade.close", "channel: close"),
        ("trade.cancel", "channel: reverse"),
        ("/refund/domestic/refunds/", "channel: refund query"),
        ("/refund/domestic/refunds", "channel: refund"),
        ("/close", "channel: close"),
        ("/reverse", "channel: reverse"),
        ("/out-trade-no/", "channel: query"),
        ("queryTrans", "channel: query"),
        ("txnType=04", "channel: refund"),
        ("txnType=31", "channel: refund"),
        ("txnType=99", "channel: reverse"),
    ];
    let body = String::from_utf8_lossy(&request.body);
    let found = NEEDLES
        .iter()
        .find(|(needle, _)| request.url.contains(needle) || body.contains(needle));
    found.map_or("channel: create", |(_, operation)| operation)
}

/// Whether a request charges a payment code (付款码).
fn is_scan(request: &HttpRequest) -> bool {
    let is_code =
        |word: &String| ChannelOrderNo::parse(word).is_some_and(|no| no.method() == Method::Code);
    operation(request) == "channel: create" && words(request).iter().any(is_code)
}

/// The numbers of ours in a request.
fn words(request: &HttpRequest) -> Vec<String> {
    let decoded = |text: &[u8]| {
        percent_encoding::percent_decode(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let text = format!(
        "{} {}",
        decoded(request.url.as_bytes()),
        decoded(&request.body)
    );
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .map(str::to_owned)
        .collect()
}

impl World {
    /// A request in a channel's real words arrives.
    pub(crate) fn reach_real(&mut self, id: u64, issued_at: u64, request: HttpRequest) {
        let silence = (issued_at + PATIENCE_MS).saturating_sub(self.now);
        let silent = Answer::Channel(Err(Silence::TimedOut));
        if self.strikes(Fault::RequestLost) {
            return self.reply(id, silence, silent);
        }
        if self.strikes(Fault::RequestLate) {
            self.arrives_late(issued_at, request);
            return self.reply(id, silence, silent);
        }
        if self.now > issued_at + CODE_LIFE_MS && is_scan(&request) {
            // The simulator does not count how long a buyer's screen shows a code.
            return self.note(format_args!("channel: the payment code is too old"));
        }
        if self.strikes(Fault::Fails) {
            return self.respond(id, 500, "error".to_owned());
        }
        self.decide_refund(&request);
        let operation = operation(&request);
        let headers = request.headers.iter();
        let mut headers: Vec<_> = headers
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        headers.push(("user-agent".to_owned(), "payonce".to_owned()));
        let mut answered = self.ask_real(Asked {
            method: match request.verb {
                Verb::Get => "GET",
                Verb::Post => "POST",
            },
            url: request.url,
            headers,
            body: request.body,
        });
        self.tally.exchanges += 1;
        self.note(format_args!("{operation} -> {}", answered.status));
        self.copy_books();
        if self.strikes(Fault::AnswerLost) {
            return self.reply(id, silence, silent);
        }
        if self.strikes(Fault::AnswerDamaged) {
            damage(&mut answered.body);
        }
        let answer = HttpAnswer {
            status: answered.status,
            headers: answered.headers,
            body: answered.body,
        };
        let delay = self.travel("channel");
        self.reply(id, delay, Answer::Channel(Ok(answer)));
    }

    fn ask_real(&mut self, asked: Asked) -> Answered {
        let now = self.now;
        let Some(real) = &self.real else {
            unreachable!("the channels of this world speak plainly")
        };
        real.played.stand_at(now);
        match real.played.ask(asked) {
            Ok(answered) => answered,
            Err(error) => unreachable!("a request that is none: {error:#}"),
        }
    }

    /// Says what is to become of the refund in a request, if it is a new one and a fault strikes.
    fn decide_refund(&mut self, request: &HttpRequest) {
        if operation(request) != "channel: refund" {
            return;
        }
        let words = words(request);
        let Some(no) = words.iter().find(|word| RefundNo::parse(word).is_some()) else {
            return;
        };
        let Some(order) = RefundNo::parse(no).map(RefundNo::channel_order) else {
            return;
        };
        let trade = self.books.trades.get(&order.to_string());
        if trade.is_none_or(|trade| trade.refunds.contains_key(no)) {
            return;
        }
        let outcome = if self.strikes(Fault::RefundNotYet) {
            "not_enough"
        } else if self.strikes(Fault::RefundFails) {
            match order.channel() {
                Channel::Wechat => "closed",
                Channel::Alipay | Channel::Unionpay => "failed",
            }
        } else {
            return;
        };
        let script = json!({
            "channel": order.channel().name(),
            "refund_no": no,
            "outcome": outcome,
        });
        let url = format!("{ADDRESS}/_ctl/refunds");
        self.ask_real(post(url, "application/json", script.to_string()));
    }

    /// Copies the channels' books to where the auditor looks, and takes what there is to tell.
    pub(crate) fn copy_books(&mut self) {
        let now = self.now;
        let Some(real) = &mut self.real else { return };
        real.played.stand_at(now);
        let (told, next) = real.played.take_told();
        let mut changed = Vec::new();
        for booked in real.played.books() {
            let no = booked.channel_order_no.clone();
            if real.copied.get(&no) != Some(&booked) {
                real.copied.insert(no, booked.clone());
                changed.push(booked);
            }
        }
        let passed = real.looks_at.is_none_or(|at| at <= now);
        let earlier = next.filter(|next| passed || real.looks_at.is_none_or(|at| *next < at));
        if let Some(next) = earlier {
            real.looks_at = Some(next);
            self.at(next, Happening::Settle);
        }
        for booked in changed {
            self.copy(&booked);
        }
        for told in told {
            self.tell(told);
        }
    }

    fn copy(&mut self, booked: &Booked) {
        let no = &booked.channel_order_no;
        let Some(parsed) = ChannelOrderNo::parse(no) else {
            return self.breaks(
                "I-7",
                &format!("the channel knows {no}, which we never made"),
            );
        };
        let trade = trade(parsed, booked);
        let taken = trade.taken.is_some();
        let before = self.books.trades.insert(no.clone(), trade);
        if before.is_none() {
            self.note(format_args!("channel: knows {no}"));
            self.audit_create(&ask(parsed, booked, "", 0));
            if parsed.method() == Method::Code && !taken && self.chance.one_in(2) {
                let delay = self.chance.between(500, 90_000);
                self.after(delay, Happening::BuyerPays(no.clone(), false));
            }
        }
        let was_taken = before.as_ref().is_some_and(|before| before.taken.is_some());
        if taken && !was_taken {
            let said = self.books.said_of(no);
            self.note(format_args!("money: {said}"));
        }
        for refund in &booked.refunds {
            let known = before
                .as_ref()
                .and_then(|before| before.refunds.get(&refund.refund_no));
            if known.is_none() {
                self.note(format_args!(
                    "channel: refund {} {}",
                    refund.refund_no, refund.state
                ));
                if RefundNo::parse(&refund.refund_no).is_some() {
                    self.audit_refund(&ask(parsed, booked, &refund.refund_no, refund.amount));
                } else if refund.refund_no.starts_with("AR") {
                    self.tally.saw(Sometimes::ChannelReturns);
                } else {
                    self.tally.saw(Sometimes::Reversed);
                }
            }
        }
        self.audit_returns(no);
    }

    /// A notification leaves the channel, signed when it arrives.
    fn tell(&mut self, told: Told) {
        let Some(channel) = Channel::from_name(told.channel()) else {
            return;
        };
        self.tally.notices += 1;
        let told = Arc::new(told);
        let notice = Notice {
            channel,
            account: told.account().to_owned(),
            genuine: true,
            body: String::new(),
            tries: 0,
            heard: false,
            stranger: false,
            told: Some(told),
        };
        if self.strikes(Fault::NoticeForged) {
            self.deliver(Notice {
                genuine: false,
                stranger: true,
                ..notice.clone()
            });
        }
        self.dispatch(notice);
    }

    /// What a notification of a real channel looks like at this moment.
    pub(crate) fn render(&self, notice: &Notice) -> Option<Notification> {
        let (real, told) = (self.real.as_ref()?, notice.told.as_ref()?);
        real.played.stand_at(self.now);
        Some(real.played.render(told, !notice.genuine))
    }

    /// The buyer opens what he was given.
    pub(crate) fn open_real(&mut self, no: &str) {
        let real = self.real.as_ref();
        let asked = match real.and_then(|real| real.actions.get(no)) {
            Some(Action::Redirect { url } | Action::Qr { content: url }) => get(url.clone()),
            Some(Action::Form { url, fields }) => {
                let mut body = form_urlencoded::Serializer::new(String::new());
                body.extend_pairs(fields);
                post(
                    url.clone(),
                    "application/x-www-form-urlencoded",
                    body.finish(),
                )
            }
            Some(Action::Jsapi { .. }) | None => return,
        };
        let answered = self.ask_real(asked);
        self.note(format_args!("the buyer opens {no} -> {}", answered.status));
        self.copy_books();
    }

    /// The buyer pays, if the channel takes it.
    pub(crate) fn pay_real(&mut self, no: &str, amount: Option<u64>, late: bool) {
        let Some(parsed) = ChannelOrderNo::parse(no) else {
            return;
        };
        let mut body = json!({ "amount": amount });
        if late && parsed.channel() == Channel::Unionpay {
            body["late"] = json!(true);
        }
        let url = format!("{ADDRESS}/_ctl/orders/{}/{no}/pay", parsed.channel().name());
        let answered = self.ask_real(post(url, "application/json", body.to_string()));
        self.note(format_args!("the buyer pays {no} -> {}", answered.status));
        self.copy_books();
    }
}

fn trade(no: ChannelOrderNo, booked: &Booked) -> Trade {
    let refunds = booked.refunds.iter().map(|refund| {
        let moved = match refund.state {
            "succeeded" => Moved::Done,
            "failed" => Moved::Failed,
            _ => Moved::UnderWay,
        };
        let returned = Returned::new(refund.amount, moved, 0);
        (refund.refund_no.clone(), returned)
    });
    let first = booked.captures.first();
    Trade {
        channel: no.channel(),
        method: no.method(),
        account: booked.account.clone(),
        amount: booked.amount,
        expires_at: booked.expires_at,
        made_at: booked.made_at,
        standing: match booked.state {
            "waiting" => Standing::Waiting,
            "closed" => Standing::Closed,
            _ => Standing::Paid,
        },
        taken: first.map(|(_, at)| Taken {
            trade_no: booked.trade_no.clone(),
            amount: booked.captures.iter().map(|(amount, _)| amount).sum(),
            paid_at: *at,
            late: *at > booked.expires_at,
        }),
        refunds: refunds.collect(),
        reversed: false,
        forgotten: false,
    }
}

fn ask(no: ChannelOrderNo, booked: &Booked, refund_no: &str, refund_amount: u64) -> Ask {
    Ask {
        operation: String::new(),
        channel: no.channel(),
        method: no.method(),
        account: booked.account.clone(),
        no: booked.channel_order_no.clone(),
        amount: booked.amount,
        expires_at: booked.expires_at,
        created_at: booked.made_at,
        refund_no: refund_no.to_owned(),
        refund_amount,
        auth_code: String::new(),
    }
}

/// Changes one digit on the way, so that the signature does not fit any more.
fn damage(body: &mut [u8]) {
    let middle = body.len() / 2;
    let digit = body.iter().skip(middle).position(u8::is_ascii_digit);
    if let Some(byte) = digit.and_then(|at| body.get_mut(middle + at)) {
        *byte = if *byte == b'9' { b'8' } else { *byte + 1 };
    }
}
