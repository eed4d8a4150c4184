//! House rules that a program can check.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use template_tests::{Source, folders, root, sources};

fn rust() -> Vec<Source> {
    let files = sources(".rs");
    assert!(files.len() > 20, "the walk lost its way");
    files
}

fn below<'a>(files: &'a [Source], folders: &'a [&str]) -> impl Iterator<Item = &'a Source> {
    files
        .iter()
        .filter(|file| folders.iter().any(|folder| file.path.starts_with(folder)))
}

/// The places where code (comments aside) holds any of the needles.
fn places(file: &Source, needles: &[&str]) -> Vec<String> {
    file.text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter(|(_, line)| needles.iter().any(|needle| line.contains(needle)))
        .map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim()))
        .collect()
}

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}\n{}", found.join("\n"));
}

#[test]
fn a_file_fits_in_one_head() {
    let long: Vec<String> = rust()
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    assert_none(&long, "over 500 lines; find the second noun inside");
}

#[test]
fn a_file_is_named_after_the_thing_in_it() {
    const NOTHING: [&str; 9] = [
        "util", "utils", "helper", "helpers", "common", "misc", "manager", "service", "shared",
    ];
    let named: Vec<String> = rust()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| {
            let parts = path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
            NOTHING.contains(&parts.rsplit('/').next().unwrap())
        })
        .collect();
    assert_none(&named, "named after nothing");
}

#[test]
fn every_file_says_what_it_is() {
    let mute: Vec<String> = rust()
        .into_iter()
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| file.path)
        .collect();
    assert_none(&mute, "does not open with //!");
}

#[test]
fn nothing_is_ignored_or_left_unwritten() {
    let needles = [
        concat!("#[", "ignore"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
    ];
    let found: Vec<String> = rust()
        .iter()
        .flat_map(|file| places(file, &needles))
        .collect();
    assert_none(&found, "an ignored test or unwritten code");
}

/// A new variant must fail to compile wherever a decision about it is missing.
#[test]
fn the_domain_names_every_case() {
    let files = rust();
    let found: Vec<String> = below(&files, &["shared/domain/src/"])
        .flat_map(|file| {
            file.text.lines().enumerate().filter_map(|(at, line)| {
                let line = line.trim();
                let rest = line.strip_prefix('_')?.trim_start();
                (rest.starts_with("=>") || rest.starts_with("if "))
                    .then(|| format!("{}:{}: {line}", file.path, at + 1))
            })
        })
        .collect();
    assert_none(&found, "a catch-all arm in the domain");
}

/// F23: no float, so no amount that is almost right.
#[test]
fn the_domain_knows_no_floats_no_clock_and_no_network() {
    let files = rust();
    let words = [
        "f32",
        "f64",
        "async fn",
        "SystemTime::now",
        "Instant::now",
        "tokio::",
        "aws_sdk",
    ];
    let found: Vec<String> = below(&files, &["shared/domain/src/"])
        .flat_map(|file| places(file, &words))
        .collect();
    assert_none(&found, "not in the domain");
}

/// F12: a function that has answered is frozen, and whatever it left running with it.
#[test]
fn functions_leave_nothing_running() {
    let files = rust();
    let needles = [
        concat!("tokio::", "spawn"),
        concat!("task::", "spawn"),
        "JoinSet",
    ];
    let found: Vec<String> = below(
        &files,
        &["functions/", "shared/app/src/", "shared/lambda/src/"],
    )
    .flat_map(|file| places(file, &needles))
    .collect();
    assert_none(&found, "a task that may outlive its message");
}

/// F8: orders are spoken of to channels in one place, and it knows an order only from a payment that was stored.
#[test]
fn channels_hear_of_stored_orders_only() {
    let files = rust();
    let needles = ["ChannelClient::new(", ".order_of("];
    let outside: Vec<String> = below(&files, &["functions/", "shared/app/src/", "shared/lambda/"])
        .filter(|file| !file.path.starts_with("shared/app/src/speak"))
        .flat_map(|file| places(file, &needles))
        .collect();
    assert_none(&outside, "a channel is spoken to elsewhere");
    let speak: Vec<_> = below(&files, &["shared/app/src/speak"]).collect();
    let calls = |needle: &str| -> usize {
        let found = speak.iter().map(|file| file.text.matches(needle).count());
        found.sum()
    };
    assert!(
        calls("ChannelClient::new(") > 5,
        "the rule looks in the wrong place"
    );
    // Everything that speaks takes what the store returned. The link is signed here, and nobody is called.
    let speaking = calls("working: &mut Working") + calls("pub async fn action");
    assert!(speaking >= calls("ChannelClient::new("));
}

#[test]
fn a_function_only_says_what_it_is() {
    let files = rust();
    let names = folders("functions");
    for name in &names {
        let path = format!("functions/{name}/src/main.rs");
        let main = files.iter().find(|file| file.path == path).unwrap();
        let lines = main.text.lines().count();
        assert!(lines < 40, "{path} has {lines} lines");
    }
}

/// Functions stand on the glue, the glue on the use cases, those on store, channels and delivery, and all on the domain.
#[test]
fn arrows_point_one_way() {
    const LAYERS: [&[&str]; 4] = [
        &["payonce-domain"],
        &["payonce-store", "payonce-channels", "payonce-delivery"],
        &["payonce-app"],
        &["payonce-lambda"],
    ];
    let layer_of = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let mut wrong = Vec::new();
    for manifest in sources("Cargo.toml") {
        let name = manifest
            .text
            .lines()
            .find_map(|line| line.strip_prefix("name = "))
            .unwrap_or_default()
            .trim_matches('"');
        let own = layer_of(name).unwrap_or(LAYERS.len());
        // Below every function and library; what drives them from outside may use anything.
        if manifest.path == "Cargo.toml" || manifest.path.starts_with("tests/") {
            continue;
        }
        for dependency in dependencies(&manifest.text) {
            let points_up = layer_of(dependency).is_some_and(|layer| layer >= own);
            let is_shell =
                dependency.starts_with("payonce-local") || dependency == "channel-simulator";
            let simulator_trusts_us =
                name == "channel-simulator" && dependency.starts_with("payonce-");
            if points_up || is_shell || simulator_trusts_us {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert_none(&wrong, "an arrow that points the wrong way");
}

/// The names under `[dependencies]`; tests may reach anywhere.
fn dependencies(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

/// Versions are chosen in one place.
#[test]
fn only_the_root_names_versions() {
    let mut wrong = Vec::new();
    for manifest in sources("Cargo.toml") {
        if manifest.path == "Cargo.toml" {
            continue;
        }
        let mut in_dependencies = false;
        for line in manifest.text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            } else if in_dependencies
                && line.contains('=')
                && !line.contains("workspace")
                && !line.trim_start().starts_with('#')
            {
                wrong.push(format!("{}: {line}", manifest.path));
            }
        }
    }
    assert_none(&wrong, "a version outside the root");
}

/// Nothing tracked may know where one person keeps it.
#[test]
fn no_path_of_one_machine() {
    let roots = [
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
    ];
    let mut found = Vec::new();
    for ending in [
        ".rs", ".toml", ".yaml", ".md", ".py", ".json", ".sh", ".txt",
    ] {
        for file in sources(ending) {
            for (at, line) in file.text.lines().enumerate() {
                if roots.iter().any(|root| line.contains(root)) {
                    found.push(format!("{}:{}", file.path, at + 1));
                }
            }
        }
    }
    assert_none(&found, "a path of one machine");
}

/// What secrets, and what is made with them, are called: any part of a name.
const SECRET_WORDS: [&str; 9] = [
    "secret",
    "signature",
    "hashed",
    "token",
    "tag",
    "mac",
    "hmac",
    "password",
    "bearer",
];

/// Whether a line of code compares a secret with what stops at the first difference. Texts in quotes name things and are
/// none, and how long a secret is tells nothing of what it says.
fn compares_a_secret(code: &str) -> bool {
    let code: String = code.split('"').step_by(2).collect();
    let compares = [" == ", " != ", ".eq(", ".ne("].map(|operator| code.contains(operator));
    let mut names = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let is_secret = |name: &str| {
        let is_word = |part| SECRET_WORDS.contains(&part);
        name.contains("api_key")
            || name
                .to_lowercase()
                .trim_end_matches('s')
                .split('_')
                .any(is_word)
    };
    // Which algorithm signed is written in the certificate for all to read. Whose write it was is told by tokens that both
    // come out of the table and the program, and from nobody outside.
    let is_public = [
        ".len()",
        ".signature_algorithm",
        "there.token == ours.token",
    ]
    .iter()
    .any(|word| code.contains(word));
    compares.contains(&true) && !is_public && names.any(is_secret)
}

/// The code of a file before its tests, each comparison that was broken up on one line.
fn statements(text: &str) -> Vec<String> {
    let (code, _) = text.split_once("#[cfg(test)]\nmod ").unwrap_or((text, ""));
    let mut lines: Vec<String> = Vec::new();
    for line in code.lines().map(str::trim) {
        match lines.last_mut() {
            Some(last)
                if ["== ", "!= ", ".eq(", ".ne("]
                    .iter()
                    .any(|one| line.starts_with(one)) =>
            {
                last.push_str(&format!(" {line}"));
            }
            _ if line.starts_with("//") => {}
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// S5: whoever compares byte by byte and stops at the first difference tells how much was right.
#[test]
fn s5_secrets_are_compared_by_what_takes_the_same_time() {
    const WHERE: [&str; 6] = [
        "shared/store/src",
        "shared/delivery/src",
        "shared/lambda/src",
        "shared/app/src",
        "shared/channels/src",
        "functions",
    ];
    for bad in [
        "if tag == expected {",
        "let holds = given != self.webhook_secret;",
        "found == key.hashed()",
        "let same = given.as_bytes().eq(api_key.as_bytes());",
        &statements("token_of(payment)\n    == given").concat(),
    ] {
        assert!(compares_a_secret(bad), "{bad}");
    }
    for good in [
        "*name != \"signature\"",
        "if stage == last {",
        "tag.len() == 32",
    ] {
        assert!(!compares_a_secret(good), "{good}");
    }
    let files = rust();
    for folder in WHERE {
        let read = below(&files, &[folder]).count();
        assert!(read > 3, "{folder}: {read} files");
    }
    let code = below(&files, &WHERE).filter(|file| !file.path.contains("tests"));
    let mut found = Vec::new();
    let mut verifying = 0;
    for file in code {
        let statements = statements(&file.text);
        let compared = statements.iter().filter(|line| compares_a_secret(line));
        found.extend(compared.map(|line| format!("{}: {line}", file.path)));
        // Who signs what comes back has it verified by the library; what we tell merchants does not come back.
        let signs = statements.iter().any(|line| line.contains("hmac::sign("));
        if signs && file.path != "shared/delivery/src/secret.rs" {
            assert!(file.text.contains("hmac::verify("), "{}", file.path);
            verifying += 1;
        }
    }
    assert_none(&found, "a secret that is compared byte by byte");
    assert!(
        verifying >= 2,
        "the cashier's and the console's tokens are signed"
    );
    let keys = fs::read_to_string(root().join("shared/store/src/api_key.rs")).unwrap();
    assert!(keys.contains("ct_eq"), "keys are compared in constant time");
}

/// S11: a sum that does not fit is a panic of one message, in release too, and no amount is a float or cast.
#[test]
fn s11_arithmetic_that_overflows_stops() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, release) = manifest.split_once("[profile.release]").unwrap();
    assert!(release.contains("overflow-checks = true"));
    for lint in ["float_arithmetic", "as_conversions"] {
        assert!(manifest.contains(&format!("{lint} = \"deny\"")), "{lint}");
        let files = rust();
        let excused: Vec<String> = below(&files, &["shared/domain/src", "shared/channels/src"])
            .flat_map(|file| places(file, &[&format!("clippy::{lint}")]))
            .collect();
        assert_none(&excused, "money is counted, nowhere else");
    }
}

/// S17: what is built is what is written in the lock file, from one registry, each archive by its hash.
#[test]
fn s17_what_is_built_is_what_is_locked() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for entry in lock.split("[[package]]").skip(1) {
        if let Some((_, source)) = entry.split_once("source = \"") {
            let registry = "registry+https://github.com/rust-lang/crates.io-index\"";
            assert!(source.starts_with(registry), "{entry}");
            assert!(entry.contains("checksum = \""), "{entry}");
        }
    }
    let script = fs::read_to_string(root().join(".ci/run")).unwrap();
    for command in [
        "cargo clippy",
        "cargo doc",
        "cargo test",
        "cargo build",
        "cargo fetch",
    ] {
        let mut lines = script.lines().filter(|line| line.contains(command));
        assert!(lines.all(|line| line.contains("--locked")), "{command}");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for file in sources("Cargo.toml") {
        let is_bound = file.text.contains("[lints]\nworkspace = true");
        assert!(file.path == "Cargo.toml" || is_bound, "{}", file.path);
    }
}
