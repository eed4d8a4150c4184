//! DuckDB's side: installed under `target/`, one thread, the same files, the same classes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::usage::Measured;

const PACKAGE: &str = "duckdb==1.4.1";

const PROGRAM: &str = r#"
import resource, sys, time
import duckdb
db = duckdb.connect()
db.execute("SET threads = 1")
columns = "{'number': 'VARCHAR', 'trade_no': 'VARCHAR', 'fen': 'BIGINT'}"
def read(path):
    return f"read_csv('{path}', header = false, auto_detect = false, delim = ',', columns = {columns})"
before = time.process_time()
counts = db.execute(f"""
    SELECT count(*) FILTER (b.fen = l.fen), count(*) FILTER (b.fen <> l.fen),
           count(*) FILTER (l.fen IS NULL), count(*) FILTER (b.fen IS NULL)
    FROM {read(sys.argv[1])} b FULL JOIN {read(sys.argv[2])} l
    USING (number, trade_no)
""").fetchone()
micros = int((time.process_time() - before) * 1e6)
print(micros, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *counts)
"#;

/// Makes a virtual environment with DuckDB in it, unless there is one.
pub(crate) fn install(folder: &Path) -> anyhow::Result<PathBuf> {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        run_to_end(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    run_to_end(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]))?;
    Ok(python)
}

fn run_to_end(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("starting Python")?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// Joins the two files.
pub(crate) fn run(
    python: &Path,
    folder: &Path,
    bill: &Path,
    ledger: &Path,
) -> anyhow::Result<Measured> {
    let program = folder.join("join.py");
    std::fs::write(&program, PROGRAM).context("writing a program")?;
    let output = Command::new(python)
        .arg(program)
        .args([bill, ledger])
        .output();
    Measured::read(output.context("starting DuckDB")?)
}
