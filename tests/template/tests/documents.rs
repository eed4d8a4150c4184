//! Whatever the documents point at is there.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

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

/// Each sample bill that channels or their documents gave is read where it lies, or refused, by a test that names it.
#[test]
fn every_sample_bill_has_a_test() {
    let folder = root().join("../shared/vectors/bills");
    let Ok(bills) = std::fs::read_dir(&folder) else {
        assert!(std::env::var_os("CI").is_none(), "CI must have {folder:?}");
        println!("no sample bills lie beside the checkout: nothing is checked");
        return;
    };
    let tests: Vec<_> = sources(".rs")
        .into_iter()
        .filter(|file| {
            file.path.starts_with("shared/channels/src/") && file.path.contains("/tests/")
        })
        .collect();
    let mut names: Vec<String> = bills
        .map(|bill| bill.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        // The packed copy is named after the plain one.
        let plain = name.trim_end_matches(".gz");
        let read = tests.iter().any(|file| file.text.contains(plain));
        assert!(read, "no test reads {name}");
    }
}
