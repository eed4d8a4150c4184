//! Runs scenarios the way `cargo test` shows tests, all on one stack.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use payonce_local::{Stack, StackOptions};
use tokio::runtime::Runtime;

use crate::ears::Ears;
use crate::receiver::Receiver;
use crate::repairs::Repairs;
use crate::world::World;

/// How many scenarios run at a time. Most of them wait for real seconds; two processors serve as many as this.
const AT_ONCE: usize = 6;

type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// One scenario: a name, and what happens.
pub struct Scenario {
    name: &'static str,
    play: Box<dyn Fn(World) -> Running + Send + Sync>,
}

/// Makes a scenario of an async function.
#[must_use]
pub fn scenario<F>(name: &'static str, play: fn(World) -> F) -> Scenario
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    Scenario {
        name,
        play: Box::new(move |world| Box::pin(play(world))),
    }
}

/// The stack, started by whoever needs it first, so that listing tests starts nothing.
struct Shared {
    runtime: Runtime,
    stack: Mutex<Option<Result<(Stack, World), String>>>,
    options: StackOptions,
}

impl Shared {
    fn world(&self) -> Result<World, Failed> {
        let mut stack = self.stack.lock().unwrap_or_else(PoisonError::into_inner);
        let started = stack.get_or_insert_with(|| {
            self.runtime
                .block_on(start(self.options.clone()))
                .map_err(|error| format!("{error:#}"))
        });
        match started {
            Ok((_, world)) => Ok(world.clone()),
            Err(error) => Err(Failed::from(format!("the stack did not start: {error}"))),
        }
    }

    fn stop(&self) {
        let stack = self
            .stack
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Ok((stack, _))) = stack {
            self.runtime.block_on(stack.stop());
        }
    }
}

async fn start(mut options: StackOptions) -> anyhow::Result<(Stack, World)> {
    let receiver = Receiver::start().await?;
    let ears = Ears::open().await?;
    options.notify_urls.push(receiver.url().to_owned());
    options.notify_urls.extend(ears.addresses());
    let stack = Stack::start(options).await?;
    let world = World::around(stack.endpoints().clone(), receiver, ears)?;
    Ok((stack, world))
}

/// Runs the scenarios that the command line asks for and ends the process with their verdict. The stack is stopped
/// first, whatever became of them.
///
/// # Errors
/// If there can be no runtime.
pub fn run(options: StackOptions, scenarios: Vec<Scenario>) -> anyhow::Result<()> {
    let (conclusion, _) = play(options, scenarios, AT_ONCE)?;
    conclusion.exit()
}

/// Runs scenarios, so many at a time, and gives their verdict and how long things took.
///
/// # Errors
/// If there can be no runtime.
pub fn play(
    options: StackOptions,
    scenarios: Vec<Scenario>,
    at_once: usize,
) -> anyhow::Result<(Conclusion, Repairs)> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(at_once);
    let repairs = Repairs::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let shared = Arc::new(Shared {
        runtime,
        stack: Mutex::new(None),
        options,
    });
    let trials = scenarios.into_iter().map(|scenario| {
        let shared = Arc::clone(&shared);
        let repairs = repairs.clone();
        Trial::test(scenario.name, move || {
            let mut world = shared.world()?.of(scenario.name);
            world.repairs = repairs.clone();
            let played = shared.runtime.block_on((scenario.play)(world));
            played.map_err(|error| Failed::from(format!("{error:#}")))
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    shared.stop();
    Ok((conclusion, repairs))
}
