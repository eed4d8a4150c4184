//! What operators do at the console, at the worst time: the real use cases, the journal and two people's approval included.

use std::sync::{Arc, OnceLock};

use aws_sdk_sqs::config::StalledStreamProtectionConfig;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use payonce_app::console::{Console, DeadLetters, Decided, Doing, Role, Session};
use payonce_app::{App, Failure};
use payonce_domain::{MerchantRefundNo, Money, OperatorId, RefundState, Timestamp};
use payonce_store::{Proposal, ProposalState};

use crate::jobs::{Ended, Tools, payment_no};
use crate::plan::Hand;

/// The console, as its own process. Nobody asks for dead letters here.
pub(crate) fn console(app: App) -> Console {
    static SQS: OnceLock<aws_sdk_sqs::Client> = OnceLock::new();
    let sqs = SQS.get_or_init(|| {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        aws_sdk_sqs::Client::from_conf(config.build())
    });
    let letters = DeadLetters::new(sqs.clone(), Vec::new());
    Console::new(app, "console".to_owned(), false, letters)
}

/// An operator does something about an order.
pub(crate) async fn by_hand(tools: &Tools, order: u8, hand: Hand) -> Ended {
    let console = Arc::clone(&tools.console);
    let no = payment_no(order);
    let now = tools.now;
    let session = match hand {
        Hand::Approve(_, other) => session(["bob", "cat"][usize::from(other)], now),
        Hand::Query | Hand::Close | Hand::TellAgain | Hand::Resume => session("ann", now),
    };
    let doing = Doing {
        session: &session,
        why: "a buyer called",
        now,
    };
    let done = match hand {
        Hand::Query => console.query(no, doing).await.map(|_| ()),
        Hand::Close => console.close(no, doing).await.map(|_| ()),
        Hand::TellAgain => console.tell_again(no, doing).await.map(|_| ()),
        Hand::Resume => resume(&console, tools, order, doing).await,
        Hand::Approve(tenths, _) => {
            return match approve(&console, tools, order, tenths, doing).await {
                Ok(Decided::Refunding(_)) => Ended::Approved,
                Ok(Decided::Declined | Decided::Otherwise) => Ended::Well,
                Err(failure) => failed(failure),
            };
        }
    };
    match done {
        Ok(()) => Ended::Well,
        Err(failure) => failed(failure),
    }
}

fn failed(failure: Failure) -> Ended {
    match failure {
        Failure::Refused { refusal, .. } => Ended::Refused(refusal),
        _ => Ended::Failed,
    }
}

fn session(name: &str, now: Timestamp) -> Session {
    Session::begin(operator(name), Role::Approver, now)
}

fn operator(name: &str) -> OperatorId {
    OperatorId::new(name).expect("a short name")
}

/// Every refund that waits for a person is tried again.
async fn resume(
    console: &Console,
    tools: &Tools,
    order: u8,
    doing: Doing<'_>,
) -> Result<(), Failure> {
    let no = payment_no(order);
    let stored = console.find(no).await?;
    let refunds = stored.payment().refunds.iter();
    for refund in refunds.filter(|refund| refund.state == RefundState::Manual) {
        console.resume(no, refund.no, doing).await?;
    }
    // Who has nothing to resume looks at it.
    tools.app.refresh(&tools.merchant, no, tools.now).await?;
    Ok(())
}

/// What ann proposed is approved, by whoever it is and however often.
async fn approve(
    console: &Console,
    tools: &Tools,
    order: u8,
    tenths: u8,
    doing: Doing<'_>,
) -> Result<Decided, Failure> {
    let number = MerchantRefundNo::new(format!("hand-{order}")).expect("a short number");
    let proposal = Proposal {
        no: number.clone(),
        payment_no: payment_no(order),
        amount: Money::from_fen(tools.plan.price * u64::from(tenths) / 10),
        reason: doing.why.to_owned(),
        proposed_by: operator("ann"),
        proposed_at: tools.now,
        state: ProposalState::Waiting,
        decided_by: None,
        decided_at: None,
    };
    // Proposed once: the console draws its numbers by chance, which the world must not.
    if tools.app.store.proposal(&number).await?.is_none() {
        tools.app.store.propose(&proposal).await?;
    }
    console.approve(&number, doing).await
}
