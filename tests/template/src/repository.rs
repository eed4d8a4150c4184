//! The repository's own files.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file and its path from the root, with forward slashes.
#[derive(Clone, Debug)]
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path.pop();
    path
}

/// Every text file whose name ends so, anywhere in the repository but in what tools make.
#[must_use]
pub fn sources(ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root(), ending, &mut found);
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// The names of the folders in a folder.
#[must_use]
pub fn folders(path: &str) -> Vec<String> {
    let mut names: Vec<String> = entries(&root().join(path))
        .into_iter()
        .filter(|entry| entry.is_dir())
        .map(|entry| name(&entry))
        .collect();
    names.sort();
    names
}

fn walk(folder: &Path, ending: &str, found: &mut Vec<Source>) {
    for entry in entries(folder) {
        let name = name(&entry);
        if entry.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "__pycache__")
                && !name.starts_with('.')
            {
                walk(&entry, ending, found);
            }
        } else if name.ends_with(ending)
            && let Ok(text) = fs::read_to_string(&entry)
        {
            let path = entry
                .strip_prefix(root())
                .expect("the walk stays below the root");
            found.push(Source {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
