//! The story of a payment: each step in words, on what evidence, and who decided it.

use payonce_domain::{ChainHash, Command, Evidence, Fact, Input, Report, Source};
use payonce_lambda::http::foreign::visible;
use payonce_store::TimelineEntry;

use crate::show;
use crate::words::Words;

/// One step, as it is shown.
pub(crate) struct Step {
    pub(crate) version: u64,
    pub(crate) at: String,
    pub(crate) what: String,
    pub(crate) about: String,
    /// What the channel said, or who asked and why.
    pub(crate) detail: String,
    pub(crate) evidence: String,
    pub(crate) digest: String,
    pub(crate) hash: String,
}

pub(crate) fn hex(hash: &ChainHash) -> String {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn tell(step: &TimelineEntry, words: &'static Words) -> Step {
    let (what, about) = describe(&step.entry.input);
    let evidence = evidence(&step.entry.input);
    let digest = evidence.and_then(|evidence| evidence.digest);
    Step {
        version: step.entry.version.0,
        at: show::beijing(step.entry.at),
        what: words.term(what),
        about,
        detail: detail(&step.entry.input, words),
        evidence: evidence.map_or(String::new(), |one| words.term(source(one.source))),
        digest: digest.map_or(String::new(), |digest| digest.to_hex()),
        hash: hex(&step.hash),
    }
}

const fn source(source: Source) -> &'static str {
    match source {
        Source::Hint => "hint",
        Source::Notification => "notification",
        Source::Query => "query-answer",
        Source::Bill => "bill",
    }
}

const fn evidence(input: &Input) -> Option<Evidence> {
    match input {
        Input::Fact(
            Fact::Reported { evidence, .. }
            | Fact::RefundReported { evidence, .. }
            | Fact::Returned { evidence, .. },
        ) => Some(*evidence),
        Input::Fact(
            Fact::CreateAnswered { .. }
            | Fact::ReversalAnswered { .. }
            | Fact::ReturnAbsent { .. }
            | Fact::Told { .. }
            | Fact::Ticked,
        )
        | Input::Opened { .. }
        | Input::Command(_) => None,
    }
}

fn describe(input: &Input) -> (&'static str, String) {
    match input {
        Input::Opened { .. } => ("opened", String::new()),
        Input::Fact(fact) => match fact {
            Fact::CreateAnswered { no, .. } => ("create-answered", no.to_string()),
            Fact::Reported { no, .. } => ("reported", no.to_string()),
            Fact::ReversalAnswered { no, .. } => ("reversal-answered", no.to_string()),
            Fact::RefundReported { no, .. } => ("refund-reported", no.to_string()),
            Fact::Returned { no, .. } => ("returned-by-channel", no.to_string()),
            Fact::ReturnAbsent { trade_no } => ("return-absent", trade_no.to_string()),
            Fact::Told { sequence, .. } => ("told", sequence.to_string()),
            Fact::Ticked => ("time-passed", String::new()),
        },
        Input::Command(command) => match command {
            Command::Initiate { .. } => ("initiated-again", String::new()),
            Command::Close { .. } => ("close-asked", String::new()),
            Command::Supersede { successor, .. } => ("superseded", successor.to_string()),
            Command::Refund { request, .. } => ("refund-asked", request.to_string()),
            Command::GiveBack { proposal, .. } => ("refund-approved", proposal.to_string()),
            Command::SettleAppeal { appeal, .. } => ("appeal-settled", appeal.to_string()),
            Command::BeginRefund { no } => ("refund-sending", no.to_string()),
            Command::HoldRefund { no, .. } => ("refund-held", no.to_string()),
            Command::ResumeRefund { no, .. } => ("refund-resumed", no.to_string()),
            Command::HoldChannelOrder { no, .. } => ("channel-order-held", no.to_string()),
            Command::BeginReversal { no } => ("reversal-sending", no.to_string()),
            Command::TellAgain => ("telling-asked", String::new()),
        },
    }
}

fn detail(input: &Input, words: &'static Words) -> String {
    match input {
        Input::Fact(Fact::Reported { report, .. }) => match report {
            Report::Paid { amount, .. } => {
                format!("{} {}", words.term("paid"), show::yuan(*amount))
            }
            Report::PaidBack { amount, .. } => {
                format!("{} {}", words.term("paid-back"), show::yuan(*amount))
            }
            Report::TakenLate { amount, .. } => {
                format!("{} {}", words.term("taken-late"), show::yuan(*amount))
            }
            Report::Unpaid => words.term("unpaid"),
            Report::Closed => words.term("closed"),
            Report::NotFound => words.term("not-found"),
            Report::NoAnswer => words.term("no-answer"),
        },
        Input::Command(Command::GiveBack {
            amount,
            reason,
            proposed_by,
            approved_by,
            proposal: _,
        }) => {
            let amount = show::yuan(*amount);
            let (proposed, approved) = (words.proposed_by, words.approved_by);
            format!("{amount} · {proposed} {proposed_by} · {approved} {approved_by} · {reason}")
        }
        Input::Command(Command::Refund { amount, reason, .. }) => {
            let reason = visible(reason.as_deref().unwrap_or_default());
            format!("{} {reason}", show::yuan(*amount))
        }
        Input::Opened { .. } | Input::Fact(_) | Input::Command(_) => String::new(),
    }
}
