"""Runs one command and takes it down when whoever started this goes away.

    python guard.py DIRECTORY COMMAND...

The parent holds the other end of standard input. When that closes, by intention or because the parent was killed, the
command gets SIGTERM, time to save its state, and then SIGKILL. What it started itself goes the same way: the command
carries DIRECTORY in its environment, children inherit it, and whatever still carries it at the end is killed.

    python guard.py --sweep DIRECTORY

kills what an earlier run left behind, should even the guard have been killed.
"""

import os
import signal
import subprocess
import sys
import threading

MARK = "PAYONCE_LOCAL_DIRECTORY"
GRACE_SECONDS = 20


def carriers(directory):
    """Process ids that carry the mark. Without /proc nobody can tell, and there are none."""
    entry = f"{MARK}={directory}".encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as environ:
                if entry in environ.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue
    return found


def sweep(directory):
    for pid in carriers(directory):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def main():
    if sys.argv[1] == "--sweep":
        sweep(sys.argv[2])
        return 0

    directory, command = sys.argv[1], sys.argv[2:]
    # Ctrl-C in a terminal reaches the whole group. The parent decides what it means; the child inherits the deafness.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, MARK: directory})

    def end(*_):
        if child.poll() is None:
            child.terminate()
            late = threading.Timer(GRACE_SECONDS, child.kill)
            late.daemon = True
            late.start()

    def watch():
        while os.read(0, 4096):
            pass
        end()

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    sweep(directory)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
