//! The one place where an appeal changes.

use std::collections::BTreeSet;

use super::findings::Findings;
use super::history::{AppealEntry, AppealInput};
use super::ruling::{approve, decline, not_returned, returned, rule};
use super::{
    Appeal, AppealRequest, AppealState, Claim, HEARING, News, NewsKind, ORDERS_MAX, Outcome, Party,
    Position, Proposal, RULING, Ruling, STATEMENTS_MAX, Statement, TEXT_CHARS_MAX,
};
use crate::ids::{OperatorId, StatementId};
use crate::numbers::{AppealKey, PaymentNo, RefundNo};
use crate::payment::Version;
use crate::time::{Span, Timestamp};

/// How soon an order whose money is not known is looked at again, while the appeal is young.
const LOOK_AGAIN: Span = Span::minutes(5);
/// And once it is older than [`YOUNG`].
const LOOK_AGAIN_LATER: Span = Span::hours(1);
const YOUNG: Span = Span::hours(1);
/// How long after a bill is expected it is compared, mostly.
const COMPARED_WITHIN: Span = Span::hours(1);
/// How soon it is looked again for what a bill says that is late.
const LOOK_FOR_BILL: Span = Span::hours(6);
/// How far a deadline that passed without a ruling moves on.
const OVERDUE_STEP: Span = Span::days(1);

/// Something asked of an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppealCommand {
    /// A party says something.
    State {
        /// The caller's number for it.
        id: StatementId,
        /// Who.
        by: Party,
        /// What it wants.
        position: Position,
        /// Its words.
        text: String,
    },
    /// Whoever opened it takes it back.
    Withdraw {
        /// Who asks.
        by: Party,
    },
    /// An operator rules.
    Rule {
        /// The version the operator had before his eyes.
        seen: Version,
        /// Who.
        by: OperatorId,
        /// What is to be done.
        outcome: Outcome,
        /// Why.
        reason: Option<String>,
    },
    /// A second operator approves the ruling.
    Approve {
        /// The version the operator had before his eyes.
        seen: Version,
        /// Who.
        by: OperatorId,
    },
    /// A second operator sends the ruling back.
    Decline {
        /// The version the operator had before his eyes.
        seen: Version,
        /// Who.
        by: OperatorId,
        /// Why.
        reason: String,
    },
}

/// Something that happened to an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppealFact {
    /// The orders were looked at.
    Gathered(Findings),
    /// A payment reserved what an approved ruling gives back.
    Returned {
        /// Which payment.
        payment_no: PaymentNo,
        /// Under which number.
        refund_no: RefundNo,
    },
    /// A payment would not: it no longer holds that much.
    NotReturned {
        /// Which payment.
        payment_no: PaymentNo,
    },
    /// Time passed.
    Ticked,
    /// News were told to all.
    Told {
        /// Which.
        sequence: u32,
    },
}

/// Why a command is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppealRefusal {
    /// The same number names another request or statement.
    RequestMismatch,
    /// An appeal is about one to five orders, none twice.
    BadOrders,
    /// A text is needed, or is too long.
    BadText,
    /// The parties are no longer heard.
    HearingOver,
    /// It is ruled, or over.
    TooLate,
    /// A party said as much as one may.
    TooManyStatements,
    /// Only whoever opened it may take it back.
    NotTheirs,
    /// It changed since it was looked at.
    Moved,
    /// It is not ripe, and the facts do not prove what is to be done.
    TooEarly,
    /// It names an order the appeal is not about, twice, or one that was settled already.
    NotItsOrder,
    /// More than the order holds, or nothing.
    ExceedsCaptured,
    /// There is nothing to approve.
    NotRuled,
    /// Nobody approves his own ruling (双人复核).
    SamePerson,
}

/// A step of an appeal, decided and not yet stored. Only this module makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealDecision {
    appeal: Appeal,
    before: Option<Version>,
    entry: Option<AppealEntry>,
}

impl AppealDecision {
    /// The appeal as it will be.
    #[must_use]
    pub const fn appeal(&self) -> &Appeal {
        &self.appeal
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_appeal(self) -> Appeal {
        self.appeal
    }

    /// The version it was decided on; none: it is opened.
    #[must_use]
    pub const fn before(&self) -> Option<Version> {
        self.before
    }

    /// What is added to the history; none if nothing changes.
    #[must_use]
    pub const fn entry(&self) -> Option<&AppealEntry> {
        self.entry.as_ref()
    }

    /// Whether there is anything to store.
    #[must_use]
    pub const fn changed(&self) -> bool {
        self.entry.is_some()
    }
}

/// Opens an appeal. Its facts are gathered at once.
///
/// # Errors
/// [`AppealRefusal::BadOrders`], [`AppealRefusal::BadText`].
pub fn open(request: AppealRequest, now: Timestamp) -> Result<AppealDecision, AppealRefusal> {
    let distinct: BTreeSet<_> = request.orders.iter().collect();
    if !(1..=ORDERS_MAX).contains(&request.orders.len()) || distinct.len() < request.orders.len() {
        return Err(AppealRefusal::BadOrders);
    }
    match (&request.text, request.claim) {
        (Some(text), Claim::PaidTwice | Claim::Other) => check_text(text)?,
        (None, Claim::PaidTwice) => {}
        (None, Claim::Other) => return Err(AppealRefusal::BadText),
    }
    let mut appeal = Appeal {
        key: AppealKey::derive(&request.merchant_id, &request.id),
        request: request.clone(),
        opened_at: now,
        version: Version(1),
        judged_by: Version(1),
        state: AppealState::Gathering,
        answer_by: now.plus(HEARING),
        rule_by: now.plus(RULING),
        findings: None,
        look_at: Some(now),
        statements: Vec::new(),
        ruling: None,
        returns: Vec::new(),
        announced: 0,
        news: Vec::new(),
        ended_at: None,
    };
    announce(&mut appeal, NewsKind::Opened, now);
    Ok(AppealDecision {
        entry: Some(AppealEntry {
            version: appeal.version,
            at: now,
            input: AppealInput::Opened(request),
        }),
        appeal,
        before: None,
    })
}

/// Whether a request is the one this appeal was opened by.
///
/// # Errors
/// [`AppealRefusal::RequestMismatch`].
pub fn repeat(appeal: &Appeal, request: &AppealRequest) -> Result<(), AppealRefusal> {
    if appeal.request == *request {
        Ok(())
    } else {
        Err(AppealRefusal::RequestMismatch)
    }
}

/// Carries out a command, or says why not.
///
/// # Errors
/// An [`AppealRefusal`]; nothing changed then.
pub fn on_command(
    appeal: &Appeal,
    command: AppealCommand,
    now: Timestamp,
) -> Result<AppealDecision, AppealRefusal> {
    let mut next = appeal.clone();
    match command.clone() {
        AppealCommand::State {
            id,
            by,
            position,
            text,
        } => {
            let statement = Statement {
                id,
                by,
                position,
                text,
                at: now,
            };
            state(&mut next, statement, now)?;
        }
        AppealCommand::Withdraw { by } => withdraw(&mut next, by, now)?,
        AppealCommand::Rule {
            seen,
            by,
            outcome,
            reason,
        } => {
            let ruling = Ruling {
                outcome,
                by,
                at: now,
                reason,
                approved: None,
            };
            rule(&mut next, seen, ruling)?;
        }
        AppealCommand::Approve { seen, by } => approve(&mut next, seen, by, now)?,
        AppealCommand::Decline { seen, by, reason } => decline(&mut next, seen, &by, &reason)?,
    }
    Ok(decided(appeal, next, AppealInput::Command(command), now))
}

/// Takes note of a fact. Total: a fact that does not fit changes nothing.
#[must_use]
pub fn on_fact(appeal: &Appeal, fact: AppealFact, now: Timestamp) -> AppealDecision {
    let mut next = appeal.clone();
    match fact.clone() {
        AppealFact::Gathered(findings) => gathered(&mut next, findings, now),
        AppealFact::Returned {
            payment_no,
            refund_no,
        } => returned(&mut next, payment_no, refund_no, now),
        AppealFact::NotReturned { payment_no } => not_returned(&mut next, payment_no, now),
        AppealFact::Ticked => ticked(&mut next, now),
        AppealFact::Told { sequence } => next.news.retain(|news| news.sequence != sequence),
    }
    decided(appeal, next, AppealInput::Fact(fact), now)
}

fn decided(
    before: &Appeal,
    mut appeal: Appeal,
    input: AppealInput,
    now: Timestamp,
) -> AppealDecision {
    let changed = appeal != *before;
    if changed {
        appeal.version = before.version.next();
        let same = appeal.findings == before.findings
            && appeal.statements == before.statements
            && appeal.ruling == before.ruling;
        if !same {
            appeal.judged_by = appeal.version;
        }
    }
    assert_eq!(
        appeal.state.is_over(),
        appeal.ended_at.is_some(),
        "appeal {} ends when it is over",
        appeal.no()
    );
    assert!(
        appeal.state.is_over() || appeal.due_at().is_some(),
        "appeal {} is never forgotten while open",
        appeal.no()
    );
    AppealDecision {
        entry: changed.then_some(AppealEntry {
            version: appeal.version,
            at: now,
            input,
        }),
        before: Some(before.version),
        appeal,
    }
}

fn announce(appeal: &mut Appeal, kind: NewsKind, now: Timestamp) {
    appeal.announced += 1;
    appeal.news.push(News {
        sequence: appeal.announced,
        kind,
        at: now,
    });
}

fn end(appeal: &mut Appeal, state: AppealState, kind: NewsKind, now: Timestamp) {
    appeal.state = state;
    appeal.ended_at = Some(now);
    appeal.look_at = None;
    announce(appeal, kind, now);
}

pub(super) fn check_text(text: &str) -> Result<(), AppealRefusal> {
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        return Err(AppealRefusal::BadText);
    }
    Ok(())
}

fn state(appeal: &mut Appeal, said: Statement, now: Timestamp) -> Result<(), AppealRefusal> {
    let known = |one: &&Statement| one.id == said.id && one.by == said.by;
    if let Some(there) = appeal.statements.iter().find(known) {
        let same = there.text == said.text && there.position == said.position;
        return if same {
            Ok(())
        } else {
            Err(AppealRefusal::RequestMismatch)
        };
    }
    if !appeal.hears(now) {
        return Err(AppealRefusal::HearingOver);
    }
    check_text(&said.text)?;
    let by = said.by;
    if appeal.statements.iter().filter(|one| one.by == by).count() >= STATEMENTS_MAX {
        return Err(AppealRefusal::TooManyStatements);
    }
    appeal.statements.push(said);
    announce(appeal, NewsKind::Stated, now);
    if appeal.state == AppealState::Hearing && all_heard(appeal) {
        appeal.state = AppealState::Ripe;
    }
    Ok(())
}

/// Whether nobody need be waited for: whoever opened it was heard by opening it.
fn all_heard(appeal: &Appeal) -> bool {
    let took_position =
        |party| move |one: &Statement| one.by == party && one.position != Position::Neutral;
    [Party::Buyer, Party::Merchant].into_iter().all(|party| {
        appeal.request.opened_by == party || appeal.statements.iter().any(took_position(party))
    })
}

fn withdraw(appeal: &mut Appeal, by: Party, now: Timestamp) -> Result<(), AppealRefusal> {
    if appeal.request.opened_by != by {
        return Err(AppealRefusal::NotTheirs);
    }
    match appeal.state {
        AppealState::Withdrawn => Ok(()),
        // After a ruling, and after money went back, there is nothing to take back.
        AppealState::Ruled
        | AppealState::Returning
        | AppealState::Upheld
        | AppealState::Dismissed => Err(AppealRefusal::TooLate),
        AppealState::Gathering | AppealState::Hearing | AppealState::Ripe => {
            if !appeal.returns.is_empty() {
                return Err(AppealRefusal::TooLate);
            }
            end(appeal, AppealState::Withdrawn, NewsKind::Withdrawn, now);
            Ok(())
        }
    }
}

/// What goes back is what was approved; money that went back earlier makes it upheld all the same.
pub(super) fn conclude(appeal: &mut Appeal, now: Timestamp) {
    if appeal.returns.is_empty() {
        end(appeal, AppealState::Dismissed, NewsKind::Dismissed, now);
    } else {
        end(appeal, AppealState::Upheld, NewsKind::Upheld, now);
    }
}

fn gathered(appeal: &mut Appeal, findings: Findings, now: Timestamp) {
    match appeal.state {
        AppealState::Gathering | AppealState::Hearing | AppealState::Ripe => {}
        // What was ruled on is not changed under the ruling.
        AppealState::Ruled
        | AppealState::Returning
        | AppealState::Upheld
        | AppealState::Dismissed
        | AppealState::Withdrawn => return,
    }
    let for_bill = for_bill(&findings, now);
    appeal.findings = Some(findings);
    appeal.look_at = match appeal.proposal() {
        Some(Proposal::Wait) => {
            let young = now.since(appeal.opened_at) < YOUNG;
            Some(now.plus(if young { LOOK_AGAIN } else { LOOK_AGAIN_LATER }))
        }
        Some(Proposal::Refund { .. } | Proposal::Dismiss(_) | Proposal::Person(_)) | None => {
            for_bill
        }
    };
    if appeal.state == AppealState::Gathering {
        let heard = now >= appeal.answer_by || all_heard(appeal);
        appeal.state = if heard {
            AppealState::Ripe
        } else {
            AppealState::Hearing
        };
    }
}

/// A bill may change what the facts suggest, so whoever rules after it is to have its word.
fn for_bill(findings: &Findings, now: Timestamp) -> Option<Timestamp> {
    let compared = findings.bills_waited_for();
    let compared = compared.map(|day| day.bill_ready_at().plus(COMPARED_WITHIN));
    let looks = compared.map(|at| {
        if at > now {
            at
        } else {
            now.plus(LOOK_FOR_BILL)
        }
    });
    looks.min()
}

fn ticked(appeal: &mut Appeal, now: Timestamp) {
    if appeal.state == AppealState::Hearing && now >= appeal.answer_by {
        appeal.state = AppealState::Ripe;
    }
    if !appeal.state.is_over() && now >= appeal.rule_by {
        while appeal.rule_by <= now {
            appeal.rule_by = appeal.rule_by.plus(OVERDUE_STEP);
        }
        announce(appeal, NewsKind::Overdue, now);
    }
}
