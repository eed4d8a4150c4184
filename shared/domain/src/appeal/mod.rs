//! Appeals (申诉): a claim about one or several orders, heard by its parties, decided by two people.
//!
//! An appeal is its history: what was opened, found, stated, ruled, approved and given back, one entry
//! for each version, and [`replay`](history::replay) of the entries is the appeal. It holds no money and
//! moves none: a ruling for the buyer is carried out by each payment's own decision, which reserves the
//! refund under the appeal's number or refuses it.
//!
//! | State | Waits for |
//! |---|---|
//! | gathering | the system to find what the orders, the buyer and the channels show |
//! | hearing | the parties' answers, until `answer_by` |
//! | ripe | an operator's ruling |
//! | ruled | a second operator's approval |
//! | returning | the payments to reserve what goes back |
//! | upheld, dismissed, withdrawn | nothing |

pub mod bill;
mod decide;
pub mod findings;
pub mod history;
mod proposal;
mod ruling;

pub use decide::{
    AppealCommand, AppealDecision, AppealFact, AppealRefusal, on_command, on_fact, open, repeat,
};
pub use findings::{Findings, OrderFacts};
pub use history::{AppealEntry, AppealInput};
pub use proposal::{Dismissal, ForPerson, Proposal, propose};

use crate::ids::{MerchantAppealNo, MerchantId, OperatorId, StatementId};
use crate::money::Money;
use crate::numbers::{AppealKey, AppealNo, PaymentNo, RefundNo};
use crate::payment::Version;
use crate::time::{Span, Timestamp};

/// As many orders as one appeal may be about.
pub const ORDERS_MAX: usize = 5;
/// As many statements as one party may make.
pub const STATEMENTS_MAX: usize = 10;
/// The longest statement or reason, in characters.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// How long the parties are heard.
pub const HEARING: Span = Span::days(3);
/// When a ruling is expected at the latest, from the opening.
pub const RULING: Span = Span::days(7);

/// Who takes part in an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Whoever paid (买家).
    Buyer,
    /// Whose order it is (商户).
    Merchant,
    /// Whoever delivers the goods, where that is not the merchant (供货方).
    Supplier,
    /// We (平台).
    Platform,
}

impl Party {
    /// Every party.
    pub const ALL: [Self; 4] = [Self::Buyer, Self::Merchant, Self::Supplier, Self::Platform];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Merchant => "merchant",
            Self::Supplier => "supplier",
            Self::Platform => "platform",
        }
    }

    /// The party of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|party| party.name() == name)
    }
}

/// What is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// One thing was paid twice (重复支付): the facts decide.
    PaidTwice,
    /// Anything else: people decide.
    Other,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Self; 2] = [Self::PaidTwice, Self::Other];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PaidTwice => "paid_twice",
            Self::Other => "other",
        }
    }

    /// The claim of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.name() == name)
    }
}

/// What a party wants of the appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// That it is granted.
    Supports,
    /// That it is dismissed.
    Opposes,
    /// Nothing: it adds to what is known.
    Neutral,
}

impl Position {
    /// Every position.
    pub const ALL: [Self; 3] = [Self::Supports, Self::Opposes, Self::Neutral];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Opposes => "opposes",
            Self::Neutral => "neutral",
        }
    }

    /// The position of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What somebody asks for with an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealRequest {
    /// Whose orders.
    pub merchant_id: MerchantId,
    /// The caller's number for it.
    pub id: MerchantAppealNo,
    /// Who opens it.
    pub opened_by: Party,
    /// What is claimed.
    pub claim: Claim,
    /// About which orders: at least one, none twice.
    pub orders: Vec<PaymentNo>,
    /// What is said with it.
    pub text: Option<String>,
}

/// What a party said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The caller's number for it: the same one is one statement.
    pub id: StatementId,
    /// Who said it.
    pub by: Party,
    /// What it wants.
    pub position: Position,
    /// Its words.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Money of these orders goes back: each at most once, and more than nothing.
    Refund(Vec<(PaymentNo, Money)>),
    /// Nothing goes back.
    Dismiss,
}

/// An operator's ruling; without effect until a second one approves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What is to be done.
    pub outcome: Outcome,
    /// Who ruled.
    pub by: OperatorId,
    /// When.
    pub at: Timestamp,
    /// Why; needed where it is not what was proposed.
    pub reason: Option<String>,
    /// Who approved it, and when.
    pub approved: Option<(OperatorId, Timestamp)>,
}

/// Money that an appeal gave back: reserved by its payment under this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Of which order.
    pub payment_no: PaymentNo,
    /// How much.
    pub amount: Money,
    /// The refund.
    pub refund_no: RefundNo,
}

/// Where an appeal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppealState {
    /// The facts are being gathered.
    Gathering,
    /// The parties are heard.
    Hearing,
    /// It waits for a ruling.
    Ripe,
    /// A ruling waits for approval.
    Ruled,
    /// What was approved is being given back.
    Returning,
    /// Money was given back.
    Upheld,
    /// Nothing was given back.
    Dismissed,
    /// Whoever opened it takes it back.
    Withdrawn,
}

impl AppealState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Gathering,
        Self::Hearing,
        Self::Ripe,
        Self::Ruled,
        Self::Returning,
        Self::Upheld,
        Self::Dismissed,
        Self::Withdrawn,
    ];

    /// The name in the HTTP contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Hearing => "hearing",
            Self::Ripe => "ripe",
            Self::Ruled => "ruled",
            Self::Returning => "returning",
            Self::Upheld => "upheld",
            Self::Dismissed => "dismissed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing more happens.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Gathering | Self::Hearing | Self::Ripe | Self::Ruled | Self::Returning => false,
            Self::Upheld | Self::Dismissed | Self::Withdrawn => true,
        }
    }
}

/// What everybody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NewsKind {
    /// It was opened.
    Opened,
    /// A party said something.
    Stated,
    /// Money goes back.
    Upheld,
    /// Nothing goes back.
    Dismissed,
    /// It was taken back.
    Withdrawn,
    /// It is not ruled in time.
    Overdue,
}

impl NewsKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Opened,
        Self::Stated,
        Self::Upheld,
        Self::Dismissed,
        Self::Withdrawn,
        Self::Overdue,
    ];

    /// What the event is called.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Opened => "appeal.opened",
            Self::Stated => "appeal.stated",
            Self::Upheld => "appeal.upheld",
            Self::Dismissed => "appeal.dismissed",
            Self::Withdrawn => "appeal.withdrawn",
            Self::Overdue => "appeal.overdue",
        }
    }
}

/// News not yet told to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// Which of the appeal's, from 1.
    pub sequence: u32,
    /// What.
    pub kind: NewsKind,
    /// Since when it is so.
    pub at: Timestamp,
}

/// An appeal (申诉单).
#[doc(alias = "申诉单")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// Its key, derived from merchant and the caller's number.
    pub key: AppealKey,
    /// What was asked for.
    pub request: AppealRequest,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How many entries its history has.
    pub version: Version,
    /// The version at which what people judge by last changed: facts, statements, ruling.
    pub judged_by: Version,
    /// Where it stands.
    pub state: AppealState,
    /// Until when the parties are heard.
    pub answer_by: Timestamp,
    /// By when it is to be ruled; moved on by a day each time that passes.
    pub rule_by: Timestamp,
    /// What was found, as of the last look.
    pub findings: Option<Findings>,
    /// When to look again.
    pub look_at: Option<Timestamp>,
    /// What the parties said, in order.
    pub statements: Vec<Statement>,
    /// The ruling, if there is one.
    pub ruling: Option<Ruling>,
    /// What went back.
    pub returns: Vec<Return>,
    /// How many news there were.
    pub announced: u32,
    /// Those not yet told.
    pub news: Vec<News>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl Appeal {
    /// The number by which everybody names it.
    #[must_use]
    pub const fn no(&self) -> AppealNo {
        AppealNo::new(self.key)
    }

    /// What the facts suggest; none before they were gathered.
    #[must_use]
    pub fn proposal(&self) -> Option<Proposal> {
        let findings = self.findings.as_ref()?;
        Some(propose(self.request.claim, findings))
    }

    /// The earliest time something is to be done about it; none once it is over and told.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let told = self.news.first().map(|news| news.at);
        if self.state.is_over() {
            return told;
        }
        let answered = (self.state == AppealState::Hearing).then_some(self.answer_by);
        // What was ruled on is not looked at again before the ruling is approved or sent back.
        let look_at = self.look_at.filter(|_| self.state != AppealState::Ruled);
        [told, look_at, answered, Some(self.rule_by)]
            .into_iter()
            .flatten()
            .min()
    }

    /// What was approved and no payment has reserved yet.
    #[must_use]
    pub fn to_return(&self) -> Vec<(PaymentNo, Money)> {
        ruling::to_return(self)
    }

    /// The orders on which its ruling left money, where one thing was paid twice: it goes back on the others
    /// because it stays on these.
    #[must_use]
    pub fn kept(&self) -> Vec<PaymentNo> {
        ruling::kept(self)
    }

    /// Whether statements are still taken.
    #[must_use]
    pub fn hears(&self, now: Timestamp) -> bool {
        match self.state {
            AppealState::Gathering | AppealState::Hearing | AppealState::Ripe => {
                now < self.answer_by
            }
            AppealState::Ruled
            | AppealState::Returning
            | AppealState::Upheld
            | AppealState::Dismissed
            | AppealState::Withdrawn => false,
        }
    }
}
