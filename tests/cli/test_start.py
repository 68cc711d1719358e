"""How much the program does before it does anything."""

import os

from conftest import BINARY

LIMIT_S = 0.020
ATTEMPTS = 20


def processor_time():
    """Seconds of a processor: on a machine with nothing else to do that is how long it takes, and on a busy one it stays."""
    pid = os.posix_spawn(BINARY, [BINARY, "config", "explain", "retention.ms"], os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, used = os.wait4(pid, 0)
    assert status == 0
    return used.ru_utime + used.ru_stime


def test_it_starts_within_20_ms():
    assert min(processor_time() for _ in range(ATTEMPTS)) < LIMIT_S
