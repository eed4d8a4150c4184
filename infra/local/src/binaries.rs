//! Builds every binary of the workspace once, and says where each one lies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::progress::Progress;

/// The built binaries, by name. Tests build once and share this among their stacks.
#[derive(Clone, Debug)]
pub struct Binaries(BTreeMap<String, PathBuf>);

impl Binaries {
    /// Builds the workspace's binaries with the cargo that runs us. Cargo's own progress goes to standard error.
    ///
    /// # Errors
    /// When cargo cannot be started or the build fails.
    pub async fn build(release: bool) -> anyhow::Result<Self> {
        Self::build_saying(release, &Progress::new(true)).await
    }

    /// Binaries that lie elsewhere, by name: the runner's own tests put scripts in their place.
    #[must_use]
    pub fn at(paths: BTreeMap<String, PathBuf>) -> Self {
        Self(paths)
    }

    pub(crate) async fn build_saying(release: bool, progress: &Progress) -> anyhow::Result<Self> {
        progress.say("building the functions and the channel simulator");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--workspace", "--bins"])
            .arg("--message-format=json-render-diagnostics")
            .current_dir(workspace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if release {
            command.arg("--release");
        }
        forget_outer_cargo(&mut command);
        let mut child = command
            .spawn()
            .context("starting cargo; is it on the PATH?")?;
        let messages = child.stdout.take().expect("standard output is piped");
        let mut built = BTreeMap::new();
        let mut lines = BufReader::new(messages).lines();
        while let Some(line) = lines
            .next_line()
            .await
            .context("reading what cargo built")?
        {
            if let Some((name, path)) = executable_in(&line) {
                built.insert(name, path);
            }
        }
        if !child.wait().await.context("waiting for cargo")?.success() {
            bail!("the build failed; cargo says why above");
        }
        Ok(Self(built))
    }

    pub(crate) fn path(&self, name: &str) -> anyhow::Result<&Path> {
        self.0
            .get(name)
            .map(PathBuf::as_path)
            .with_context(|| format!("cargo built no binary {name}"))
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, PathBuf> {
        &self.0
    }
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path.pop();
    path
}

/// Build scripts watch some of these variables. Left in place, they would rebuild `ring` and all above it every time.
fn forget_outer_cargo(command: &mut Command) {
    const PREFIXES: [&str; 4] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_CRATE_",
        "CARGO_BIN_",
    ];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
        .env_remove("CARGO_PRIMARY_PACKAGE")
        .env_remove("OUT_DIR");
}

fn executable_in(line: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let executable = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), executable.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_messages_with_an_executable_name_a_binary() {
        let binary =
            r#"{"reason":"compiler-artifact","target":{"name":"pay"},"executable":"/t/pay"}"#;
        let library =
            r#"{"reason":"compiler-artifact","target":{"name":"domain"},"executable":null}"#;
        let (name, path) = executable_in(binary).unwrap();
        assert_eq!(name, "pay");
        assert_eq!(path, Path::new("/t/pay"));
        assert!(executable_in(library).is_none());
        assert!(executable_in("not json").is_none());
    }
}
