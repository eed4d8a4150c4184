//! Every row of the failure matrix, every security row and every thread of the lessons has a test, or a sentence that says
//! why not.
//!
//! `tests/rows.md` is the list. It is held against the tests as they stand, and against the matrix and the lessons
//! themselves where they lie beside the checkout.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use template_tests::{Source, root, sources};

/// The rows of the matrix: F1 to this one.
const LAST_ROW: u32 = 95;
/// The row that was squeezed in.
const BETWEEN: &str = "F54b";
/// Threads of users of other systems: L1 to this one.
const LAST_THREAD: u32 = 38;
/// What attackers try: S1 to this one.
const LAST_THREAT: u32 = 19;

/// What is not there yet: the row, and the part of the system that it waits for. A row may wait for nothing else.
const AWAITED: [(&str, &str); 1] = [("S16", "a rate for each merchant")];

/// A row of the list.
#[derive(Default)]
struct Row {
    description: String,
    /// `path::name`.
    tests: Vec<String>,
    /// Why it cannot arise here.
    reasons: Vec<String>,
    /// For which part of the system it waits, and why.
    awaits: Vec<(String, String)>,
}

/// What stands right above a test: the words with which it may name a row.
type Tests = BTreeMap<String, String>;

fn list() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(root().join("tests/rows.md")).unwrap();
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut last = None;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            let (number, description) = title.split_once(". ").expect("a number and a description");
            let row = Row {
                description: description.to_owned(),
                ..Row::default()
            };
            let before = rows.insert(number.to_owned(), row);
            assert!(before.is_none(), "{number} is listed twice");
            last = Some(number.to_owned());
        } else if let Some(item) = line.strip_prefix("- ") {
            let number = last.as_ref().expect("an item belongs to a row");
            enter(rows.get_mut(number).unwrap(), item);
        } else {
            assert!(!line.starts_with("  "), "one line for one item: {line}");
        }
    }
    rows
}

fn enter(row: &mut Row, item: &str) {
    if let Some(test) = item.strip_prefix('`') {
        row.tests
            .push(test.strip_suffix('`').expect(item).to_owned());
    } else if let Some(reason) = item.strip_prefix("cannot arise: ") {
        row.reasons.push(reason.to_owned());
    } else if let Some(rest) = item.strip_prefix("awaits ") {
        let (part, why) = rest.split_once(": ").expect(item);
        row.awaits.push((part.to_owned(), why.to_owned()));
    } else {
        panic!("neither a test nor a sentence: {item}");
    }
}

/// The numbers that the list must have.
fn expected() -> BTreeSet<String> {
    let rows = (1..=LAST_ROW).map(|number| format!("F{number}"));
    let threads = (1..=LAST_THREAD).map(|number| format!("L{number}"));
    let threats = (1..=LAST_THREAT).map(|number| format!("S{number}"));
    let all = rows.chain(threads).chain(threats);
    all.chain([BETWEEN.to_owned()]).collect()
}

/// Every test of the repository by `path::name`, whichever way it is made known.
fn tests() -> Tests {
    let mut found = Tests::new();
    for file in sources(".rs") {
        if file.path != "tests/template/tests/rows.rs" {
            collect(&file, &mut found);
        }
    }
    assert!(found.len() > 300, "only {} tests are seen", found.len());
    found
}

fn collect(file: &Source, found: &mut Tests) {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    for (at, line) in lines.iter().enumerate() {
        let from_here = || lines[at..].iter();
        let name = if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            let declared = |line: &&str| line.split_once("fn ").map(|(_, rest)| rest.to_owned());
            from_here().find_map(declared)
        } else if ["scenario(", "vec![scenario("]
            .iter()
            .any(|call| line.starts_with(call))
            || line.contains("Trial::test(")
        {
            // The name is the first argument, on this line or the next.
            let text = from_here().take(2).copied().collect::<String>();
            text.split_once('"').map(|(_, rest)| rest.to_owned())
        } else if let Some(rest) = line.strip_prefix("target!(") {
            // A fuzz target's name is the first argument, on this line or the next.
            let next = lines.get(at + 1).copied().unwrap_or_default();
            Some(format!("{}{next}", rest.trim()))
        } else {
            line.strip_prefix("question!(")
                .and_then(|rest| rest.split_once("::"))
                .map(|(_, rest)| rest.to_owned())
        };
        let name = name.and_then(|text| {
            let end = text.find(|c: char| !c.is_alphanumeric() && c != '_')?;
            Some(text[..end].to_owned())
        });
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let above: Vec<&str> = lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("//") || line.starts_with("#["))
                .copied()
                .collect();
            found.insert(format!("{}::{name}", file.path), above.join(" "));
        }
    }
}

/// Whether a test says that it is about a row, in its name or right above it.
fn names_row(test: &str, above: &str, number: &str) -> bool {
    let name = test.rsplit("::").next().unwrap();
    let in_name = name
        .split('_')
        .any(|word| word.eq_ignore_ascii_case(number));
    let mut words = above.split(|c: char| !c.is_alphanumeric());
    in_name || words.any(|word| word == number)
}

fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn every_row_is_listed_with_a_test_or_a_sentence() {
    let rows = list();
    let listed: BTreeSet<String> = rows.keys().cloned().collect();
    let expected = expected();
    let differ: Vec<_> = listed.symmetric_difference(&expected).cloned().collect();
    assert_none(&differ, "missing from the list, or too much in it");
    let mut wrong = Vec::new();
    for (number, row) in &rows {
        let is_answered =
            !(row.tests.is_empty() && row.reasons.is_empty() && row.awaits.is_empty());
        let once: BTreeSet<&String> = row.tests.iter().collect();
        let sentences = row
            .reasons
            .iter()
            .chain(row.awaits.iter().map(|(_, why)| why));
        let is_said = sentences
            .chain([&row.description])
            .all(|sentence| sentence.split(' ').count() > 2);
        if !is_answered || once.len() != row.tests.len() || !is_said {
            wrong.push(format!("{number}. {}", row.description));
        }
    }
    assert_none(
        &wrong,
        "no test and no sentence, a test twice, or too short a sentence",
    );
}

#[test]
fn every_test_that_is_listed_exists_and_names_its_row() {
    let tests = tests();
    let mut wrong = Vec::new();
    for (number, row) in list() {
        for test in row.tests {
            match tests.get(&test) {
                None => wrong.push(format!("{number}: there is no test {test}")),
                Some(above) if !number.starts_with('L') && !names_row(&test, above, &number) => {
                    wrong.push(format!("{number}: {test} does not say that it is about it"));
                }
                Some(_) => {}
            }
        }
    }
    assert_none(&wrong, "the list is not true");
}

#[test]
fn only_what_is_known_to_be_missing_is_awaited() {
    let mut awaited = BTreeSet::new();
    for (number, row) in list() {
        for (part, why) in row.awaits {
            println!("{number} awaits {part}: {why}");
            awaited.insert((number.clone(), part));
        }
    }
    let known: BTreeSet<_> = AWAITED
        .iter()
        .map(|(number, part)| ((*number).to_owned(), (*part).to_owned()))
        .collect();
    assert_eq!(
        awaited, known,
        "a row may not wait silently, nor for what is there"
    );
}

/// The matrix and the lessons are kept outside the repository; the numbers above are what is known of them.
#[test]
fn the_list_is_complete_against_the_matrix_and_the_lessons() {
    let beside = |name: &str| {
        let path = root().join("../shared/reference").join(name);
        let text = fs::read_to_string(&path);
        if text.is_err() {
            println!("{name} does not lie beside the checkout: the list is not held against it");
        }
        text.ok()
    };
    let expected = expected();
    let of = |letter: char| -> BTreeSet<String> {
        let own = expected.iter().filter(|number| number.starts_with(letter));
        own.cloned().collect()
    };
    if let Some(matrix) = beside("failure-matrix.md") {
        let (_, rest) = matrix.split_once("### 2.1 ").unwrap();
        let (sections, _) = rest.split_once("## 3. ").unwrap();
        let rows = sections.lines().filter_map(|line| {
            let number = line.strip_prefix("| ")?.split(' ').next()?;
            number.starts_with('F').then(|| number.to_owned())
        });
        // What follows speaks of deployments, regions and restores: another list than this one.
        let is_listed = |number: &String| {
            let number = number[1..].trim_end_matches('b').parse::<u32>();
            number.is_ok_and(|number| number <= LAST_ROW)
        };
        let rows: BTreeSet<String> = rows.filter(is_listed).collect();
        assert_eq!(rows, of('F'), "the matrix has other rows");
        let (_, threats) = matrix.split_once("## 5. ").unwrap();
        let threats = threats.lines().filter_map(|line| {
            let number = line.strip_prefix("| ")?.split(' ').next()?;
            let digits = number.strip_prefix('S')?;
            digits.parse::<u32>().is_ok().then(|| number.to_owned())
        });
        let threats: BTreeSet<String> = threats.collect();
        assert_eq!(threats, of('S'), "the matrix has other threats");
    }
    if let Some(lessons) = beside("lessons.md") {
        let (_, threads) = lessons.split_once("## Threads").unwrap();
        let threads = threads.lines().filter_map(|line| {
            let number: u32 = line.split_once(". ")?.0.parse().ok()?;
            Some(format!("L{number}"))
        });
        let threads: BTreeSet<String> = threads.collect();
        assert_eq!(threads, of('L'), "the lessons have other threads");
    }
}
