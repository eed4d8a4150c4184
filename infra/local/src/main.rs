//! `cargo run`: the whole system on this machine, until Ctrl-C.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use payonce_local::{Stack, StackOptions, accounts_line, first_payment};
use tokio::signal::unix::{SignalKind, signal};

/// Start Payonce on this machine: functions, AWS emulator, channel simulator, demo merchants and one front door.
#[derive(Parser)]
#[command(name = "payonce-local")]
struct Arguments {
    /// The port of the front door
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The port of the channel simulator [default: that of the last run, or a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    simulator_port: u16,
    /// The port of the AWS emulator [default: that of the last run, or a free one]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    emulator_port: u16,
    /// Build with optimisation; takes minutes
    #[arg(long)]
    release: bool,
    /// Where to keep everything; a second stack beside the first needs its own [default: target/local]
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Play one clock for channels and functions: advance the simulator's, and it is tomorrow for all
    #[arg(long)]
    one_clock: bool,
    /// Forget payments, keys and books of earlier runs
    #[arg(long)]
    fresh: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let usual = StackOptions::for_people();
    let options = StackOptions {
        directory: arguments.directory.unwrap_or(usual.directory.clone()),
        port: arguments.port,
        simulator_port: arguments.simulator_port,
        emulator_port: arguments.emulator_port,
        release: arguments.release,
        fresh: arguments.fresh,
        one_clock: arguments.one_clock,
        ..usual
    };
    // Dropping an unfinished start stops what it had started.
    let started = tokio::select! {
        started = Stack::start(options) => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let mut stack = started;
    greet(&stack);
    let failure = tokio::select! {
        biased;
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
        failure = stack.failure() => Some(failure),
    };
    eprintln!("\nstopping; what was paid stays paid until --fresh");
    stack.stop().await;
    match failure {
        Some(failure) => anyhow::bail!(failure),
        None => Ok(()),
    }
}

fn greet(stack: &Stack) {
    let endpoints = stack.endpoints();
    println!("\nPayonce runs at {}", endpoints.api_url);
    println!("  channel simulator  {}", endpoints.simulator_url);
    println!("  AWS emulator       {}", endpoints.aws_endpoint_url);
    println!("  addresses, keys    {}", stack.endpoints_file().display());
    println!("\nDemo merchants:");
    for merchant in &endpoints.merchants {
        println!(
            "  {:<17}  {}",
            merchant.merchant_id,
            accounts_line(merchant)
        );
    }
    if let Some(merchant) = endpoints.merchants.first() {
        println!(
            "\nA first payment:\n\n{}\n",
            first_payment(endpoints, merchant)
        );
    }
    println!("The operators' console, one link for each role and for one use:");
    for link in &endpoints.operator_links {
        println!("  {:<8}  {}", link.role, link.url);
    }
    println!("\nCtrl-C stops everything.");
}
