//! One suite of questions that every adapter answers, through the registry and over the wire: to a simulator that
//! refuses what the real channel refuses, without any AWS. What the answers show of each channel is written into
//! `shared/channels/CAPABILITIES.md` and held against it.

mod bills;
mod capabilities;
mod lies;
mod orders;
mod refunds;
mod silence;
mod stage;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use end_to_end::Way;
use futures::future::try_join_all;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use stage::{ACCOUNTS, Account, Stage};

/// How many questions are asked at a time.
const AT_ONCE: usize = 8;

type Asked<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>>;

/// A question, and the ways to pay that it makes sense for.
struct Question {
    name: &'static str,
    ask: for<'a> fn(&'a Stage, &'a Account, Way) -> Asked<'a>,
}

macro_rules! question {
    ($module:ident::$name:ident) => {
        Question {
            name: stringify!($name),
            ask: |stage, account, way| Box::pin($module::$name(stage, account, way)),
        }
    };
}

fn questions() -> Vec<Question> {
    vec![
        // F13, F15.
        question!(orders::a_repeated_create_makes_one_order),
        // F49.
        question!(orders::what_nobody_began_is_not_found),
        // F56.
        question!(orders::closed_then_paid),
        // F56.
        question!(orders::paid_then_closed),
        question!(orders::reversed_then_paid),
        question!(orders::a_payment_code_is_not_kept),
        // F37.
        question!(orders::another_accounts_order_is_never_paid),
        // F71.
        question!(refunds::the_same_number_moves_money_once),
        // F72.
        question!(refunds::a_refund_nobody_sent_is_not_found),
        question!(refunds::a_refund_is_told),
        // F9, F57.
        question!(silence::a_lost_answer_says_nothing),
        // F33, F40.
        // S1: signed is signed, to the bit.
        question!(lies::a_flipped_bit_in_a_notification_is_never_believed),
        // S1: signed is signed, to the bit.
        question!(lies::a_flipped_bit_in_an_answer_is_never_believed),
        // F34.
        question!(lies::an_old_message_is_not_believed_twice),
        // F37.
        question!(lies::another_accounts_notification_is_refused),
    ]
}

/// The stage, set by whoever needs it first.
struct Shared {
    runtime: Runtime,
    stage: Mutex<Option<Result<Arc<Stage>, String>>>,
}

impl Shared {
    fn stage(&self) -> Result<Arc<Stage>, Failed> {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let set = stage.get_or_insert_with(|| {
            let started = self.runtime.block_on(Stage::start());
            started.map(Arc::new).map_err(|error| format!("{error:#}"))
        });
        set.clone().map_err(Failed::from)
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let shared = Arc::new(Shared {
        runtime: tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?,
        stage: Mutex::new(None),
    });
    let mut trials = Vec::new();
    for (_, name, _) in ACCOUNTS {
        if name.ends_with("-two") {
            continue;
        }
        for question in questions() {
            let shared = Arc::clone(&shared);
            let ask = question.ask;
            trials.push(Trial::test(
                format!("{name}::{}", question.name),
                move || {
                    let stage = shared.stage()?;
                    let asked = shared.runtime.block_on(every_way(&stage, name, ask));
                    asked.map_err(|error| Failed::from(format!("{error:#}")))
                },
            ));
        }
    }
    let bills = Arc::clone(&shared);
    trials.push(Trial::test("bills", move || {
        let read = bills.runtime.block_on(bills::read_all());
        read.map_err(|error| Failed::from(format!("{error:#}")))
    }));
    let alone = Arc::clone(&shared);
    trials.push(Trial::test("capabilities", move || {
        let table = capabilities::hold(alone.stage()?.as_ref());
        table.map_err(|error| Failed::from(format!("{error:#}")))
    }));
    libtest_mimic::run(&arguments, trials).exit()
}

async fn every_way(
    stage: &Stage,
    name: &str,
    ask: for<'a> fn(&'a Stage, &'a Account, Way) -> Asked<'a>,
) -> anyhow::Result<()> {
    let account = stage.account(name)?;
    let asked = account.ways().into_iter().map(|way| async move {
        let answered = ask(stage, account, way).await;
        answered.with_context(|| format!("{way:?}"))
    });
    try_join_all(asked).await?;
    Ok(())
}
