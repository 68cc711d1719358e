"""A broker's syncs that fail or come late, by strace."""

import contextlib
import signal
import subprocess

import pytest

SYNCS = "fsync,fdatasync,sync_file_range"


class Syncs:
    """inject("error=EIO") or inject("delay_enter=3000000"), in microseconds: from now on, until end()."""

    def __init__(self, broker):
        self.broker = broker
        self.tracer = None

    def inject(self, fault):
        command = ["strace", "-f", "-p", str(self.broker.pid), "-o", "/dev/null", "-e", f"trace={SYNCS}"]
        self.tracer = subprocess.Popen([*command, "-e", f"inject={SYNCS}:{fault}"], stderr=subprocess.PIPE, text=True)
        # strace tells each thread that it holds now.
        line = self.tracer.stderr.readline()
        if "attached" not in line:
            self.tracer.kill()
            pytest.skip(f"strace cannot attach here: {line.strip()}")

    def end(self):
        if self.tracer and self.tracer.poll() is None:
            self.tracer.send_signal(signal.SIGINT)
            self.tracer.wait(30)


@contextlib.contextmanager
def injected(broker, fault):
    syncs = Syncs(broker)
    try:
        syncs.inject(fault)
        yield
    finally:
        syncs.end()
