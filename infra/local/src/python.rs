//! Finds Python and makes the virtual environment that the emulator runs in, pinned to the last package.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::binaries::workspace;
use crate::progress::Progress;

const ADVICE: &str = "The local stack needs Python 3.9 or newer with its venv module.
  Debian, Ubuntu: sudo apt install python3 python3-venv
  Fedora:         sudo dnf install python3
  macOS:          brew install python";

/// The interpreter of a complete virtual environment.
#[derive(Clone, Debug)]
pub(crate) struct Python(PathBuf);

impl Python {
    /// Makes the environment, or takes the one that is there. A mark is written last, so one that was interrupted half
    /// way has none and is made anew.
    pub(crate) async fn prepare(host: &HostPython, progress: &Progress) -> anyhow::Result<Self> {
        let requirements = script_folder()
            .parent()
            .expect("the folder has a parent")
            .join("requirements.txt");
        let pins = fs::read_to_string(&requirements)
            .with_context(|| format!("reading {}", requirements.display()))?;
        let cache = &workspace().join("target").join("local");
        fs::create_dir_all(cache).with_context(|| format!("making {}", cache.display()))?;
        // Tests start side by side and share the environment; the second waits for the first to have made it.
        let lock = File::create(cache.join("venv.lock")).context("making the lock file")?;
        while lock.try_lock().is_err() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let mut hasher = DefaultHasher::new();
        (&pins, &host.version).hash(&mut hasher);
        let folder = cache.join(format!("venv-{:016x}", hasher.finish()));
        let complete = folder.join("complete");
        let python = folder.join("bin").join("python");
        if complete.exists() && python.exists() {
            return Ok(Self(python));
        }
        progress.say("making a Python environment for the AWS emulator (once)");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("removing the unfinished {}", folder.display()))?;
        }
        let made = quiet(Path::new(&host.program))
            .args(["-m", "venv"])
            .arg(&folder)
            .output()
            .await
            .context("starting Python")?;
        if !made.status.success() {
            bail!(
                "Python cannot make a virtual environment.\n{ADVICE}\n{}",
                said(&made)
            );
        }
        progress.say("installing the AWS emulator into it");
        let installed = quiet(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--quiet",
                "-r",
            ])
            .arg(&requirements)
            .output()
            .await
            .context("starting pip")?;
        if !installed.status.success() {
            bail!(
                "pip could not install {}; is the network reachable?\n{}",
                requirements.display(),
                said(&installed)
            );
        }
        fs::write(&complete, &host.version).context("marking the environment complete")?;
        Ok(Self(python))
    }

    /// A command that runs one of our scripts, with an environment that says nothing about this machine's AWS account.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = quiet(&self.0);
        command.arg(script_folder().join(name));
        command
    }

    pub(crate) fn interpreter(&self) -> &Path {
        &self.0
    }
}

/// The Python that is installed on this machine.
#[derive(Debug)]
pub(crate) struct HostPython {
    program: String,
    version: String,
}

/// Finds one that will do, or says what to install.
pub(crate) async fn find() -> anyhow::Result<HostPython> {
    const QUESTION: &str =
        "import sys, venv, ensurepip; print(sys.version_info >= (3, 9), sys.version)";
    let mut answers = Vec::new();
    for program in ["python3", "python"] {
        let Ok(output) = quiet(Path::new(program))
            .args(["-c", QUESTION])
            .output()
            .await
        else {
            answers.push(format!("{program}: not found"));
            continue;
        };
        let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if let Some(version) = answer.strip_prefix("True ") {
            return Ok(HostPython {
                program: program.to_owned(),
                version: version.to_owned(),
            });
        }
        answers.push(format!("{program}: {answer}{}", said(&output)));
    }
    bail!("{ADVICE}\nFound here:\n  {}", answers.join("\n  "))
}

fn script_folder() -> PathBuf {
    workspace().join("infra").join("local").join("python")
}

/// A command that neither reads the keyboard nor inherits what would make Python look elsewhere.
fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
