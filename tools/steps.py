"""Runs the steps of a check or a test as processes: with a time budget, and leaving nothing behind.

A step runs in a session of its own with its output in a file. When it ends, is over its budget, or when we are told
to stop (SIGTERM, SIGINT), every process that it started is ended, also those that left its session: this process is
their reaper, so whoever loses its parent becomes a child of ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 10


class Stopped(BaseException):
    """We were told to stop."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass
class Outcome:
    code: int
    seconds: float
    over_budget: bool
    left_running: list[str]
    output: Path

    @property
    def ok(self):
        return self.code == 0 and not self.over_budget

    def tail(self, lines=60):
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])


def prepare():
    """To be called once at start."""
    os.chdir(REPOSITORY)
    sys.stdout.reconfigure(line_buffering=True)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def stop(number, _):
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)


def run_main(main):
    """Runs main() and exits with its status; when told to stop, with the status that a shell gives it."""
    prepare()
    try:
        status = main()
    except Stopped as stopped:
        print(f"stopped by {stopped}")
        status = 128 + stopped.number
    sys.stdout.flush()
    os._exit(status)  # nothing is left to clean up, and a reader that went away is no error of ours


def children():
    """(process id, command) of every process whose parent we are."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, rest = stat.read_text(errors="replace").split("(", 1)[1].rsplit(")", 1)
            if int(rest.split()[1]) == os.getpid():
                yield int(stat.parent.name), name


def end_children():
    """Ends every process below us; returns the names of those that ran."""
    ended = []
    while True:
        found = list(children())
        for pid, name in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                _, status = os.waitpid(pid, 0)
                if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                    ended.append(name)
        if not found:
            return ended


def run(command, output, budget_s, env=None, cwd=REPOSITORY):
    """Runs a command to its end, or the end of its budget. Its output goes to the file `output`."""
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    over_budget = False
    try:
        with output.open("wb") as file:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        try:
            code = process.wait(budget_s)
        except subprocess.TimeoutExpired:
            over_budget = True
            process.send_signal(signal.SIGINT)  # pytest then says where it was
            try:
                code = process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
    except OSError as error:  # there is no such program: it was not built
        output.write_text(f"{error}\n")
        code = 127
    finally:
        left_running = end_children()
    return Outcome(code, time.monotonic() - begun, over_budget, left_running, output)
