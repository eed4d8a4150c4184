//! A child that never outlives us, whatever ends us.
//!
//! Each child runs under `python/guard.py`, which holds the other end of a pipe from us and ends the child when the pipe
//! closes. We hold our end until [`Guarded::stop`] or until we are gone; nothing has to run for the child to end.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::directory::Directory;
use crate::python::Python;

/// Longer than the guard's own patience, so that the guard has done its work by then.
const STOP_LIMIT: Duration = Duration::from_secs(25);

/// A running child, under its guard.
#[derive(Debug)]
pub(crate) struct Guarded {
    name: &'static str,
    guard: Child,
    lifeline: Option<ChildStdin>,
    log: PathBuf,
}

impl Guarded {
    /// Starts `command` under a guard. Its output goes to a log file; its lines are also sent to the returned receiver,
    /// for whoever waits for a word from it.
    pub(crate) fn start(
        name: &'static str,
        python: &Python,
        directory: &Directory,
        program: &Path,
        shape: impl FnOnce(&mut Command),
    ) -> anyhow::Result<(Self, mpsc::Receiver<String>)> {
        let log = directory.logs().join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("making {}", log.display()))?;
        let mut command = python.script("guard.py").into_std();
        command
            .arg(mark(directory, name))
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file.try_clone().context("sharing the log file")?);
        shape(&mut command);
        let mut guard = command
            .spawn()
            .with_context(|| format!("starting the {name}"))?;
        let lifeline = guard.stdin.take();
        let output = guard.stdout.take().expect("standard output is piped");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || copy_lines(output, file, &sender));
        let guarded = Self {
            name,
            guard,
            lifeline,
            log,
        };
        Ok((guarded, lines))
    }

    /// Whether the child has ended by itself, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.guard.try_wait().ok().flatten()
    }

    /// What to tell a person when the child is not there.
    pub(crate) fn obituary(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut tail: Vec<&str> = log.lines().rev().take(8).collect();
        tail.reverse();
        format!(
            "the {} stopped; the end of {}:\n{}",
            self.name,
            self.log.display(),
            tail.join("\n")
        )
    }

    /// Asks the child to end. Returns at once, so that several can end side by side.
    pub(crate) fn release(&mut self) {
        self.lifeline = None;
    }

    /// Asks the child to end and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.release();
        let deadline = Instant::now() + STOP_LIMIT;
        while self.ended().is_none() {
            if Instant::now() > deadline {
                // The next start sweeps up what the guard then leaves.
                let _ = self.guard.kill();
                let _ = self.guard.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Kills what an earlier run in this directory left behind, should even its guards have been killed.
pub(crate) fn sweep(python: &Python, directory: &Directory, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        let status = python
            .script("guard.py")
            .into_std()
            .arg("--sweep")
            .arg(mark(directory, name))
            .status()
            .context("sweeping up after an earlier run")?;
        anyhow::ensure!(status.success(), "could not sweep up after an earlier run");
    }
    Ok(())
}

fn mark(directory: &Directory, name: &str) -> PathBuf {
    directory.root().join(name)
}

fn copy_lines(output: impl std::io::Read, mut log: File, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        // A full disk must not stop the child; its log just ends here.
        let _ = writeln!(log, "{line}");
        let _ = lines.send(line);
    }
}
