//! `channel-simulator`: one process that plays every payment channel on loopback.
//!
//! It prints one line when it is ready and saves its books when it is told to stop.

use std::{io::Write, path::PathBuf};

use anyhow::Context;
use channel_simulator::{Options, start};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Simulated payment channels that speak the real protocols.
#[derive(Parser)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long)]
    port: u16,
    /// The accounts to play, as JSON.
    #[arg(long)]
    setup: PathBuf,
    /// Where keys, books and the clock are kept between runs.
    #[arg(long)]
    state: PathBuf,
    /// Forget what the state file holds.
    #[arg(long)]
    fresh: bool,
    /// The address that browsers and merchants use, when a proxy stands in front.
    #[arg(long)]
    public_url: Option<String>,
    /// Write here how many seconds the clock is ahead; merchants' clocks follow it.
    #[arg(long)]
    clock_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let running = start(Options {
        port: arguments.port,
        setup: arguments.setup,
        state: arguments.state,
        fresh: arguments.fresh,
        public_url: arguments.public_url,
        clock_file: arguments.clock_file,
    })
    .await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "channel-simulator listening on {}", running.url())
        .and_then(|()| stdout.flush())
        .context("saying that the simulator is ready")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await
}
