//! What all channels have in common: a notification or an answer is spoilt, before or after it is signed, and read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use payonce_channels::claim::{CreateReading, TradeReading};
use payonce_channels::statement::{Offer, StatementKind, StatementSource};
use payonce_channels::{Adapter, HttpAnswer, Notice, Order, RefundOrder, UnverifiedNotification};
use payonce_domain::{Channel, Method, RefundReport, ReversalReport, Timestamp};

use crate::spoil::{Recipe, spoil};

/// A message with its headers.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Which of our calls is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Create,
    Query,
    Close,
    Refund,
    RefundQuery,
    Reverse,
    Bill(StatementKind),
}

/// A genuine answer, before it is signed.
pub(crate) struct Spoken {
    pub(crate) call: Call,
    pub(crate) method: Method,
    pub(crate) status: u16,
    pub(crate) content: Vec<u8>,
}

/// One channel: an account of ours with it, and what it says.
pub struct Side {
    pub(crate) channel: Channel,
    pub(crate) adapter: Box<dyn Adapter>,
    pub(crate) statements: Box<dyn StatementSource>,
    pub(crate) now: Timestamp,
    pub(crate) order: fn(Method) -> Order,
    pub(crate) refund: fn() -> RefundOrder,
    /// What notifications hold before they are signed.
    pub(crate) notices: Vec<Vec<u8>>,
    /// Makes the notification of this index of such content.
    pub(crate) notify: fn(usize, &[u8]) -> Letter,
    /// What answers hold before they are signed.
    pub(crate) answers: Vec<Spoken>,
    /// Makes an answer of such content.
    pub(crate) answer: fn(Call, &[u8]) -> Letter,
    /// The genuine ones, made once: a forger signs nothing, and a signature takes longer than all the rest.
    pub(crate) genuine: OnceLock<Genuine>,
}

/// Every notification and answer as the channel sends it.
pub(crate) struct Genuine {
    notices: Vec<Letter>,
    answers: Vec<Letter>,
}

impl std::fmt::Debug for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.channel.name())
    }
}

impl Side {
    fn genuine(&self) -> &Genuine {
        self.genuine.get_or_init(|| {
            let notices = self.notices.iter().enumerate();
            let answers = self.answers.iter();
            Genuine {
                notices: notices
                    .map(|(index, content)| (self.notify)(index, content))
                    .collect(),
                answers: answers
                    .map(|spoken| (self.answer)(spoken.call, &spoken.content))
                    .collect(),
            }
        })
    }

    fn hear(&self, letter: &Letter) -> Option<Notice> {
        let notification = UnverifiedNotification {
            headers: &letter.headers,
            body: &letter.body,
            received_at: self.now,
        };
        // What is kept of it is read from the same bytes.
        let _ = self.adapter.evidence(&letter.body);
        self.adapter.verify(notification).ok()
    }

    /// What an answer says that could move money or end an attempt; `None` where it says nothing of the kind.
    fn read(&self, spoken: &Spoken, letter: Letter) -> Option<String> {
        let answer = &HttpAnswer {
            status: spoken.status,
            headers: letter.headers,
            body: letter.body,
        };
        let (order, now) = (&(self.order)(spoken.method), self.now);
        let refund = &(self.refund)();
        let refunds = |report| match report {
            RefundReport::Succeeded
            | RefundReport::Accepted
            | RefundReport::Failed
            | RefundReport::NeedsPerson => Some(format!("{report:?}")),
            RefundReport::NotYet | RefundReport::NotFound | RefundReport::NoAnswer => None,
        };
        match spoken.call {
            Call::Create => match self.adapter.read_create(order, answer, now) {
                reading @ (CreateReading::Made { .. } | CreateReading::Claim(_)) => {
                    Some(format!("{reading:?}"))
                }
                CreateReading::Taken | CreateReading::Refused | CreateReading::NoAnswer => None,
            },
            Call::Query => match self.adapter.read_query(order, answer, now) {
                TradeReading::Claim(claim) => Some(format!("{claim:?}")),
                TradeReading::NotFound | TradeReading::NoAnswer => None,
            },
            // No answer to a close ends anything: only a query does.
            Call::Close => {
                let _ = self.adapter.read_close(order, answer, now);
                None
            }
            Call::Refund => refunds(self.adapter.read_refund(order, refund, answer, now)),
            Call::RefundQuery => {
                refunds(self.adapter.read_refund_query(order, refund, answer, now))
            }
            Call::Reverse => match self.adapter.read_reverse(order, answer, now) {
                report @ (ReversalReport::Reversed | ReversalReport::NothingTaken) => {
                    Some(format!("{report:?}"))
                }
                ReversalReport::Refused | ReversalReport::Again => None,
            },
            Call::Bill(kind) => {
                let day = jiff::civil::date(2026, 11, 20);
                match self.statements.read_offer(kind, day, answer, now) {
                    Offer::Download { request, seal } => Some(format!("{} {seal:?}", request.url)),
                    Offer::File(file) => Some(format!("{file:?}")),
                    Offer::NotReady | Offer::Nothing | Offer::NoSuchBill | Offer::NoAnswer => None,
                }
            }
        }
    }

    /// Whether everything that is called genuine here is believed, so that what is spoilt was good before.
    ///
    /// # Panics
    /// Where it is not.
    pub fn assert_genuine(&self) {
        for (index, content) in self.notices.iter().enumerate() {
            let heard = self.hear(&(self.notify)(index, content));
            assert!(heard.is_some(), "notification {index} of {self:?}");
        }
        for spoken in &self.answers {
            let said = self.read(spoken, (self.answer)(spoken.call, &spoken.content));
            let silent = said.is_none() && spoken.call != Call::Close;
            assert!(!silent, "{:?} of {self:?}", spoken.call);
        }
    }
}

/// A notification that the channel got wrong before it signed it: read, or refused.
pub fn notification_signed(side: &Side, recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let index = recipe.below(side.notices.len());
    let content = spoil(&mut recipe, &side.notices[index]);
    let _ = side.hear(&(side.notify)(index, &content));
}

/// A notification that somebody changed on its way: refused, or what was changed carries no meaning.
///
/// # Panics
/// Where a forgery is believed.
pub fn notification_forged(side: &Side, recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let index = recipe.below(side.notices.len());
    let genuine = &side.genuine().notices[index];
    let spoilt = spoil_letter(&mut recipe, genuine);
    if let Some(heard) = side.hear(&spoilt) {
        let told = side.hear(genuine);
        assert_eq!(Some(heard), told, "{side:?} was forged");
    }
}

/// An answer that the channel got wrong before it signed it: read, or no answer.
pub fn answer_signed(side: &Side, recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let spoken = recipe.one_of(&side.answers);
    let content = spoil(&mut recipe, &spoken.content);
    let _ = side.read(spoken, (side.answer)(spoken.call, &content));
}

/// An answer that somebody changed on its way: it says nothing that the genuine one does not say.
///
/// # Panics
/// Where a forgery is believed.
pub fn answer_forged(side: &Side, recipe: &[u8]) {
    let mut recipe = Recipe::new(recipe);
    let index = recipe.below(side.answers.len());
    let (spoken, genuine) = (&side.answers[index], &side.genuine().answers[index]);
    let spoilt = spoil_letter(&mut recipe, genuine);
    if let Some(heard) = side.read(spoken, spoilt) {
        let told = side.read(spoken, genuine.clone());
        assert_eq!(Some(heard), told, "{side:?} {:?} was forged", spoken.call);
    }
}

/// The body spoilt, or one of the headers.
fn spoil_letter(recipe: &mut Recipe<'_>, letter: &Letter) -> Letter {
    let mut spoilt = letter.clone();
    let at = recipe.below(2 * letter.headers.len() + 2);
    if let Some((_, value)) = spoilt.headers.get_mut(at) {
        *value = String::from_utf8_lossy(&spoil(recipe, value.as_bytes())).into_owned();
    } else {
        spoilt.body = spoil(recipe, &letter.body);
    }
    spoilt
}

/// The pairs of a form, each name once.
pub(crate) fn pairs(form: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(form).into_owned().collect()
}

/// `name=value` joined by `&`, in the order of the names, without empty values.
pub(crate) fn joined(pairs: &BTreeMap<String, String>) -> String {
    let said = pairs.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<_> = said
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.join("&")
}

/// A form of pairs.
pub(crate) fn form(pairs: &BTreeMap<String, String>) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish().into_bytes()
}
