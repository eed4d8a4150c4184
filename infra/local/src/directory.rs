//! Where one local stack keeps everything it writes, and the lock that keeps two of them from sharing it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A directory of this stack alone. Holding the value holds the lock.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    _lock: File,
}

impl Directory {
    /// Takes the directory, making it where needed. With `fresh` the state of earlier runs is thrown away; the virtual
    /// environment stays, since it holds nothing of ours.
    pub(crate) fn take(root: &Path, fresh: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
        let root = root
            .canonicalize()
            .with_context(|| format!("finding {}", root.display()))?;
        let lock = File::create(root.join("lock")).context("making the lock file")?;
        if lock.try_lock().is_err() {
            bail!(
                "a local stack already runs in {}; stop it, or name another --directory",
                root.display()
            );
        }
        let directory = Self { root, _lock: lock };
        // A reader must never take yesterday's addresses for today's.
        remove(&directory.endpoints())?;
        if fresh {
            for path in [
                directory.emulator_state(),
                directory.emulator_port(),
                directory.simulator_state(),
                directory.credentials(),
            ] {
                remove(&path)?;
            }
        }
        remove(&directory.temporary())?;
        for path in [
            directory.emulator_state(),
            directory.temporary(),
            directory.logs(),
        ] {
            fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        }
        Ok(directory)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn endpoints(&self) -> PathBuf {
        self.root.join("endpoints.json")
    }

    /// How many seconds the clocks are ahead, where one clock is played for all.
    pub(crate) fn clock(&self) -> PathBuf {
        self.root.join("clock")
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.root.join("credentials.json")
    }

    pub(crate) fn emulator_state(&self) -> PathBuf {
        self.root.join("emulator")
    }

    pub(crate) fn emulator_port(&self) -> PathBuf {
        self.root.join("emulator-port")
    }

    pub(crate) fn simulator_port(&self) -> PathBuf {
        self.root.join("simulator-port")
    }

    pub(crate) fn simulator_setup(&self) -> PathBuf {
        self.root.join("simulator-setup.json")
    }

    pub(crate) fn simulator_state(&self) -> PathBuf {
        self.root.join("simulator-state.json")
    }

    /// The emulator unpacks function code here and leaves it behind; so every start and every stop empties it.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Writes a whole file, then renames it into place: a reader sees the old one or the new one.
    pub(crate) fn write(path: &Path, content: &str) -> anyhow::Result<()> {
        let part = path.with_extension("part");
        fs::write(&part, content).with_context(|| format!("writing {}", part.display()))?;
        fs::rename(&part, path).with_context(|| format!("writing {}", path.display()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Hundreds of megabytes of unpacked functions. What stays, the next start removes.
        let _ = remove(&self.temporary());
    }
}

/// Removes a file or a folder with all it holds; its absence is what was wanted.
fn remove(path: &Path) -> anyhow::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
