"""The API under fire: schemathesis reads infra/openapi.yaml and sends what fits it and what does not to the local stack.

    python3 .ci/api.py                  a short run, as CI makes it
    python3 .ci/api.py --cases 10000    the long run: rounds with other seeds until so many cases were sent

Fails on an answer that is not documented, an error of ours (5xx), or a schema that lies. Everything it makes lies under
target/ci and ends with it.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMATHESIS = "schemathesis==4.32.5"
HOME = ROOT / "target" / "ci" / "api"
STARTS_WITHIN = 900

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--cases", type=int, default=0, help="at least so many; one short round if not given")
arguments.add_argument("--examples", type=int, default=0, help="random cases an operation and round [default: 5, or 60 in the long run]")
arguments.add_argument("--seed", type=int, default=20261120)
arguments = arguments.parse_args()


def tool():
    """The pinned tool, in an environment of its own."""
    place = ROOT / "target" / "ci" / SCHEMATHESIS.replace("==", "-")
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.check_call([sys.executable, "-m", "venv", place])
        constraints = ROOT / ".ci" / "api-constraints.txt"
        install = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--constraint", constraints]
        subprocess.check_call([*install, SCHEMATHESIS])
        (place / "complete").touch()
    return place / "bin" / "schemathesis"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(directory):
    """The local stack, and what it says of itself."""
    shutil.rmtree(directory, ignore_errors=True)
    command = ["cargo", "run", "--quiet", "--locked", "-p", "payonce-local", "--"]
    command += ["--port", str(free_port()), "--directory", str(directory), "--fresh"]
    with open(HOME / "stack.log", "wb") as log:
        stack = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    ready = directory / "endpoints.json"
    deadline = time.monotonic() + STARTS_WITHIN
    while not ready.exists():
        if stack.poll() is not None or time.monotonic() > deadline:
            stop(stack)
            sys.exit("the stack did not start:\n" + (HOME / "stack.log").read_text(errors="replace"))
        time.sleep(0.5)
    return stack, json.loads(ready.read_text())


def stop(stack):
    if stack.poll() is None:
        os.killpg(stack.pid, signal.SIGTERM)
        try:
            stack.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(stack.pid, signal.SIGKILL)


def play(command, environment, seed, examples):
    """One round: how many cases were sent, and whether all was well."""
    # One worker: CPython 3.11 shares the depth of its parser between threads, and the tool parses in each.
    options = ["--seed", str(seed), "--max-examples", str(examples), "--workers", "1", "--no-color"]
    settings = ["--config-file", str(ROOT / ".ci" / "schemathesis.toml")]
    document = str(ROOT / "infra" / "openapi.yaml")
    run = [command, *settings, "run", document, *options]
    log = HOME / f"round-{seed}.log"
    with open(log, "wb") as out:
        status = subprocess.run(run, cwd=HOME, env=environment, stdout=out, stderr=subprocess.STDOUT).returncode
    text = log.read_text(errors="replace")
    sent = re.search(r"(\d+) generated", text)
    if status != 0:
        print(text)
    return int(sent.group(1)) if sent else 0, status == 0


HOME.mkdir(parents=True, exist_ok=True)
command = tool()
stack, endpoints = start(HOME / "stack")
try:
    # A lenient merchant lets more of the API be reached.
    merchant = next(one for one in endpoints["merchants"] if one["mode"] == "lenient")
    environment = dict(os.environ, PAYONCE_API_URL=endpoints["api_url"], PAYONCE_API_KEY=merchant["api_key"])
    examples = arguments.examples or (60 if arguments.cases else 5)
    sent, rounds, well, began = 0, 0, True, time.monotonic()
    while well and (rounds == 0 or sent < arguments.cases):
        more, well = play(command, environment, arguments.seed + rounds, examples)
        rounds += 1
        sent += more
        print(f"round {rounds}: {sent} cases in {time.monotonic() - began:.0f} s", flush=True)
        if more == 0:
            break
finally:
    stop(stack)
sys.exit(0 if well and sent >= max(arguments.cases, 1) else "the API did not stand the fire")
