//! axe-core: what keeps people with a screen reader, a keyboard or weak eyes from using a page.
//!
//! It is fetched once, by the version and the hash that stand here, into `target/axe`, and is no part of the
//! repository or of anything that is shipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::chromium::Window;

const VERSION: &str = "4.10.3";
/// SHA-512 of the package, as the registry states it.
const INTEGRITY: &str =
    "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==";

/// The script; `None` where the registry cannot be reached, which is said. A package that is not the one meant is a
/// failure.
pub(crate) fn script() -> anyhow::Result<Option<String>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/axe");
    std::fs::create_dir_all(&folder)?;
    let package = folder.join(format!("axe-core-{VERSION}.tgz"));
    if let Err(error) = fetch(&package) {
        crate::say(&format!("axe-core is left out: {error:#}"));
        return Ok(None);
    }
    unpack(&folder, &package).map(Some)
}

fn fetch(package: &Path) -> anyhow::Result<()> {
    if !package.exists() {
        let url = format!("https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz");
        let part = package.with_extension("part");
        run(Command::new("curl")
            .args(["-fsSL", "--max-time", "120", "-o"])
            .arg(&part)
            .arg(&url))?;
        std::fs::rename(&part, package)?;
    }
    Ok(())
}

fn unpack(folder: &Path, package: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(package)?;
    let hash = ring::digest::digest(&ring::digest::SHA512, &bytes);
    if STANDARD.encode(hash.as_ref()) != INTEGRITY {
        std::fs::remove_file(package)?;
        anyhow::bail!("what was fetched is not axe-core {VERSION}");
    }
    run(Command::new("tar")
        .arg("-xzf")
        .arg(package)
        .arg("-C")
        .arg(folder))?;
    let script = folder.join("package/axe.min.js");
    std::fs::read_to_string(&script).with_context(|| format!("reading {}", script.display()))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Nothing on this page is serious or critical.
pub(crate) async fn check(
    window: &Window,
    script: Option<&String>,
    page: &str,
) -> anyhow::Result<()> {
    let Some(script) = script else { return Ok(()) };
    window.driver.execute(script.as_str(), Vec::new()).await?;
    let look = "const done = arguments[arguments.length - 1]; \
                axe.run(document, { resultTypes: ['violations'] }) \
                  .then((found) => done(found.violations), (error) => done(String(error)));";
    let found = window.driver.execute_async(look, Vec::new()).await?;
    let found = found.json().clone();
    let all = found
        .as_array()
        .with_context(|| format!("axe on {page}: {found}"))?;
    let serious: Vec<_> = all
        .iter()
        .filter(|one| {
            ["serious", "critical"]
                .iter()
                .any(|word| one["impact"] == *word)
        })
        .map(|one| {
            let places = one["nodes"].as_array().into_iter().flatten();
            let places: Vec<&Value> = places.map(|node| &node["html"]).take(3).collect();
            format!("{} ({}): {places:?}", one["id"], one["help"])
        })
        .collect();
    ensure!(serious.is_empty(), "axe on {page}:\n{}", serious.join("\n"));
    Ok(())
}
