//! Where exports and heads lie: a folder, or a bucket.

use std::fmt::Debug;
use std::fs;
use std::future::Future;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::pin::Pin;

use anyhow::Context;

/// What an archive will have done.
pub type Done<'a, T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + Send + 'a>>;

/// Takes what is read, piece by piece.
pub type Taker<'a> = dyn FnMut(&[u8]) -> anyhow::Result<()> + Send + 'a;

/// How much of a file is read at a time, in bytes.
const PIECE_BYTES: usize = 1 << 16;

/// Files under names with slashes, each written once.
pub trait Archive: Debug + Send + Sync {
    /// Hands over a file piece by piece; `false` if there is none of that name.
    fn fetch<'a>(&'a self, name: &'a str, take: &'a mut Taker<'_>) -> Done<'a, bool>;

    /// Writes a file. One that is there already is left as it is.
    fn keep<'a>(&'a self, name: &'a str, content: Vec<u8>) -> Done<'a, ()>;

    /// The folders in a folder, whose name ends with a slash; theirs do not.
    fn folders<'a>(&'a self, folder: &'a str) -> Done<'a, Vec<String>>;
}

/// The whole of a file; none if there is no such file.
pub(super) async fn read(archive: &dyn Archive, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let mut whole = Vec::new();
    let mut take = |piece: &[u8]| {
        whole.extend_from_slice(piece);
        Ok(())
    };
    let there = archive.fetch(name, &mut take).await?;
    Ok(there.then_some(whole))
}

/// The whole of a file that must be there.
pub(super) async fn whole(archive: &dyn Archive, name: &str) -> anyhow::Result<Vec<u8>> {
    let whole = read(archive, name).await?;
    whole.with_context(|| format!("{name} is missing"))
}

/// An archive that is a folder of this machine.
#[derive(Debug)]
pub struct Directory(pub PathBuf);

impl Archive for Directory {
    fn fetch<'a>(&'a self, name: &'a str, take: &'a mut Taker<'_>) -> Done<'a, bool> {
        Box::pin(async move {
            let mut file = match fs::File::open(self.0.join(name)) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error).with_context(|| format!("opening {name}")),
            };
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                let read = file.read(&mut piece);
                match read.with_context(|| format!("reading {name}"))? {
                    0 => return Ok(true),
                    length => take(&piece[..length])?,
                }
            }
        })
    }

    fn keep<'a>(&'a self, name: &'a str, content: Vec<u8>) -> Done<'a, ()> {
        Box::pin(async move {
            let path = self.0.join(name);
            if path.exists() {
                return Ok(());
            }
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("making {}", folder.display()))?;
            }
            fs::write(path, content).with_context(|| format!("writing {name}"))
        })
    }

    fn folders<'a>(&'a self, folder: &'a str) -> Done<'a, Vec<String>> {
        Box::pin(async move {
            let entries = match fs::read_dir(self.0.join(folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error).with_context(|| format!("listing {folder}")),
            };
            let mut names = Vec::new();
            for entry in entries {
                let entry = entry.with_context(|| format!("listing {folder}"))?;
                if entry.path().is_dir() {
                    names.push(entry.file_name().to_string_lossy().into_owned());
                }
            }
            Ok(names)
        })
    }
}
