//! Whatever the documents point at is there.

#![allow(clippy::unwrap_used, clippy::panic)]

use template_tests::{root, sources};

/// The targets of Markdown links, without those that leave the repository.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

/// What stands between backquotes and looks like a file or folder with more than one part.
fn paths(text: &str) -> Vec<&str> {
    let is_path = |word: &&str| {
        let plain = word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        let file = [".rs", ".md", ".yaml", ".toml", ".txt", ".py"]
            .iter()
            .any(|end| word.ends_with(end));
        let parts = word.trim_matches('/').contains('/');
        plain && parts && (file || word.ends_with('/'))
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

#[test]
fn links_lead_to_files() {
    let mut dead = Vec::new();
    let mut seen = 0;
    for document in sources(".md") {
        let folder = root().join(&document.path).parent().unwrap().to_owned();
        for target in links(&document.text) {
            seen += 1;
            if !folder.join(target).exists() {
                dead.push(format!("{}: {target}", document.path));
            }
        }
        for path in paths(&document.text) {
            seen += 1;
            // `target` holds what tools make, which is not here before they ran.
            if !path.starts_with("target/")
                && !folder.join(path).exists()
                && !root().join(path).exists()
            {
                dead.push(format!("{}: `{path}`", document.path));
            }
        }
    }
    assert!(seen > 20, "the documents are read wrongly");
    assert!(dead.is_empty(), "nothing there:\n{}", dead.join("\n"));
}
