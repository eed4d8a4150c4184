#!/usr/bin/env python3
"""Tries every change that `cargo mutants` lists for the domain, with one build instead of one build for each.

Every change is written into a copy of the sources behind a switch that is read when a test runs. What does not compile is
taken out, as cargo-mutants would call it unviable. Then the crate's own tests run once for each change, the quick ones
first, until one of them fails. What cannot be written behind a switch is named, and left to `cargo mutants --re`.

The application has few tests of its own: a change of it must also get past some worlds of the simulation.

    python3 tests/mutants/run.py [--jobs 2] [--crate shared/app] [--only decide/refunds] [--one-in 4]
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "mutants"
TREE = WORK / "tree"
PARSER = ["tree-sitter==0.26.1", "tree-sitter-rust==0.24.2"]
# What the simulation is asked of each change of the application.
WORLDS = ["--seeds", "300", "--seed", "1", "--threads", "1"]
# The longest that a test binary may take: a change that makes a loop endless is noticed by nobody else.
TEST_SECONDS = 90
# `const` functions are changed where they run, not where the compiler evaluates them.
SWITCH = """
/// The change that is switched on.
#[doc(hidden)]
pub const fn changed(id: u32) -> bool {
    static ON: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("CHANGE").map_or(0, |id| id.parse().unwrap()));
    const fn never(_: u32) -> bool { false }
    fn now(id: u32) -> bool { *ON == id }
    core::intrinsics::const_eval_select((id,), never, now)
}
"""
FEATURES = "#![allow(internal_features)]\n#![feature(core_intrinsics, const_eval_select)]\n"
ENV = {
    **os.environ,
    "CARGO_INCREMENTAL": "0",
    # The switch needs two things of the compiler that are not stable.
    "RUSTC_BOOTSTRAP": "1",
    "RUSTFLAGS": "--cap-lints allow",
    "PROPTEST_RNG_SEED": "20261120",
    "PROPTEST_DISABLE_FAILURE_PERSISTENCE": "1",
}


def parser():
    """A parser of Rust, from a Python environment of its own."""
    home = WORK / "venv"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([home / "bin/python", "-m", "pip", "install", "--quiet", *PARSER], check=True)
        (home / "complete").touch()
    sys.path[:0] = [str(path) for path in home.glob("lib/python*/site-packages")]
    import tree_sitter
    import tree_sitter_rust

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))


def listed(crate):
    """Every change of a crate, by its number from 1."""
    command = ["cargo", "mutants", "--list", "--json", "--file", f"{crate}/src/**/*.rs"]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return dict(enumerate(json.loads(found.stdout), 1))


class Source:
    """One file, and the changes that are written into it."""

    def __init__(self, parse, path):
        self.path = path
        self.text = (ROOT / path).read_bytes()
        self.root = parse.parse(self.text).root_node
        self.starts = [0] + [at + 1 for at, byte in enumerate(self.text) if byte == 10]
        # By the bytes that are replaced: expressions with their replacements, and what functions return at once.
        self.instead = collections.defaultdict(list)
        self.at_once = collections.defaultdict(list)

    def offset(self, place):
        start = self.starts[place["line"] - 1]
        line = self.text[start:].split(b"\n", 1)[0].decode()
        return start + len(line[: place["column"] - 1].encode())

    def around(self, start, end, kinds):
        node = self.root.descendant_for_byte_range(start, end)
        while node is not None and node.type not in kinds:
            node = node.parent
        return node

    def is_constant(self, node):
        """Whether the compiler evaluates it, where no switch is read."""
        while node is not None and node.type not in ("const_item", "static_item"):
            node = node.parent
        return node is not None

    def add(self, number, change):
        """Takes a change up; `False` if it cannot be put behind a switch."""
        start, end = (self.offset(change["span"][side]) for side in ("start", "end"))
        genre, replacement = change["genre"], change["replacement"]
        without = lambda node, new: self.text[node.start_byte : start].decode() + new + self.text[end : node.end_byte].decode()
        if genre == "MatchArmGuard":
            self.instead[start, end].append((number, replacement))
            return True
        kinds = {
            "FnValue": ("block",),
            "BinaryOperator": ("binary_expression", "compound_assignment_expr"),
            "UnaryOperator": ("unary_expression",),
            "StructField": ("struct_expression",),
        }
        node = self.around(start, end, kinds.get(genre, ()))
        while genre == "FnValue" and node is not None and node.parent.type != "function_item":
            node = node.parent
        if node is None or self.is_constant(node):
            return False
        span = (node.start_byte, node.end_byte)
        if genre == "FnValue":
            self.at_once[span].append((number, replacement))
            return True
        if genre == "BinaryOperator":
            operator = node.child_by_field_name("operator")
            if (operator.start_byte, operator.end_byte) != (start, end):
                return False
        self.instead[span].append((number, without(node, replacement if genre == "BinaryOperator" else "")))
        return True

    def written(self):
        spans = sorted({*self.instead, *self.at_once}, key=lambda span: (span[0], -span[1]))
        return self.emit(0, len(self.text), spans)

    def emit(self, start, end, spans):
        written, at = [], start
        while spans:
            first, *rest = spans
            within = [span for span in rest if span[1] <= first[1]]
            body = self.emit(*first, within)
            if first in self.instead:
                choices = "".join(f"if crate::changed({n}) {{ {new} }} else " for n, new in self.instead[first])
                body = f"({choices}{{ {body} }})"
            if first in self.at_once:
                returns = "".join(f"if crate::changed({n}) {{ return {new}; }} " for n, new in self.at_once[first])
                body = f"{body[0]} {returns}{body[1:]}"
            written += [self.text[at : first[0]].decode(), body]
            at, spans = first[1], rest[len(within) :]
        return "".join(written) + self.text[at:end].decode()


def write(parse, crate, changes, unviable):
    """Writes all changes but those that do not compile; gives those that have no switch."""
    sources, homeless = {}, set()
    for number, change in changes.items():
        source = sources.setdefault(change["file"], Source(parse, change["file"]))
        if number not in unviable and not source.add(number, change):
            homeless.add(number)
    for path, source in sources.items():
        (TREE / path).write_text(source.written())
    library = crate / "src/lib.rs"
    changed = sources.get(str(library))
    text = changed.written() if changed else (ROOT / library).read_text()
    head = re.match(r"(?:(?://!|#!\[)[^\n]*\n|\n)*", text).end()
    (TREE / library).write_text(FEATURES + text[:head] + SWITCH + text[head:])
    return homeless


def errors(crate):
    """The numbers of the changes at which the compiler stops."""
    command = ["cargo", "check", "--package", package(crate), "--message-format", "json"]
    said = subprocess.run(command, cwd=TREE, env=ENV, capture_output=True, text=True)
    numbers = set()
    for line in said.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") != "compiler-message" or message["message"]["level"] != "error":
            continue
        for span in message["message"]["spans"]:
            before = (TREE / span["file_name"]).read_bytes()[: span["byte_start"]].decode(errors="ignore")
            switches = re.findall(r"crate::changed\((\d+)\)", before)
            if span["is_primary"] and switches:
                numbers.add(int(switches[-1]))
    if said.returncode != 0 and not numbers:
        sys.exit(said.stderr)
    return numbers


def package(crate):
    return f"payonce-{crate.name}"


def built(*arguments):
    """The programs that a command of cargo's builds."""
    command = ["cargo", *arguments, "--message-format", "json"]
    said = subprocess.run(command, cwd=TREE, env=ENV, check=True, stdout=subprocess.PIPE, text=True)
    artifacts = [json.loads(line) for line in said.stdout.splitlines()]
    return [one["executable"] for one in artifacts if one.get("executable")]


def programs(crate):
    """What must notice a change, the quickest first."""
    found = [[binary, "-q"] for binary in built("test", "--package", package(crate), "--no-run")]
    if crate.name == "app":
        found += [[binary, *WORLDS] for binary in built("build", "--package", "simulation")]

    def seconds(program):
        began = time.monotonic()
        if outcome(crate, program, 0) != "passes":
            sys.exit(f"{program} fails with nothing changed")
        return time.monotonic() - began

    return sorted(found, key=seconds)


def outcome(crate, program, number):
    environment = {**ENV, "CHANGE": str(number), "RUST_BACKTRACE": "0"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        ran = subprocess.run(program, cwd=TREE / crate, env=environment, timeout=TEST_SECONDS, **quiet)
    except subprocess.TimeoutExpired:
        return "never ends"
    return "passes" if ran.returncode == 0 else "fails"


def tried(crate, number, tests):
    for test in tests:
        found = outcome(crate, test, number)
        if found != "passes":
            return f"noticed by {pathlib.Path(test[0]).name.rsplit('-', 1)[0]}" + (" (endless)" if found != "fails" else "")
    return "survived"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--jobs", type=int, default=1, help="how many changes are tried at a time")
    arguments.add_argument("--crate", type=pathlib.Path, default="shared/domain", help="whose changes are tried")
    arguments.add_argument("--one-in", type=int, default=1, help="tries every so many changes only")
    arguments.add_argument("--survivors", action="store_true", help="tries again what survived the last run")
    arguments.add_argument("--only", default="", help="a regular expression over the names of changes")
    asked = arguments.parse_args()

    crate = asked.crate
    parse, changes = parser(), listed(crate)
    shutil.rmtree(TREE, ignore_errors=True)
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in files.stdout.splitlines():
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, TREE / name)
    unviable = set()
    while True:
        homeless = write(parse, crate, changes, unviable)
        found = errors(crate)
        if not found:
            break
        unviable |= found
        print(f"{len(unviable)} changes do not compile", flush=True)

    tests = programs(crate)
    wanted = [n for n in changes if n not in unviable | homeless and re.search(asked.only, changes[n]["name"])]
    wanted = wanted[:: asked.one_in]
    outcomes = WORK / f"{crate.name}.tsv"
    counts = collections.Counter()
    before = []
    if asked.survivors:
        before = [line.split("\t") for line in outcomes.read_text().splitlines()]
        survived = {name for _, came, name in before if came == "survived"}
        wanted = [n for n in wanted if changes[n]["name"] in survived]
        before = [line for line in before if line[2] not in survived]
        counts["noticed"] = len(before)
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool, open(outcomes, "w") as kept:
        for line in before:
            print(*line, sep="\t", file=kept)
        for done, (number, came) in enumerate(zip(wanted, pool.map(lambda n: tried(crate, n, tests), wanted)), 1):
            counts["survived" if came == "survived" else "noticed"] += 1
            print(number, came, changes[number]["name"], sep="\t", file=kept, flush=True)
            if came == "survived":
                print(f"survived: {changes[number]['name']}", flush=True)
            elif done % 100 == 0:
                print(f"{done} of {len(wanted)}", flush=True)
    for number in sorted(homeless):
        print(f"no switch: {changes[number]['name']}")
    total = sum(counts.values())
    print(f"{len(changes)} changes, {len(unviable)} do not compile, {len(homeless)} have no switch,")
    print(f"{counts['noticed']} of {total} noticed: {100 * counts['noticed'] / max(total, 1):.1f} %")


if __name__ == "__main__":
    main()
