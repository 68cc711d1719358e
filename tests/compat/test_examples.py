"""The two programs of the introductory example, as a reader would build and run them."""

import os
import subprocess
import threading

import pytest

from clients import PROGRAM_TIMEOUT_S
from harness import CACHE

EXAMPLES = {
    "go": (CACHE / "bin/example-go-producer", CACHE / "bin/example-go-consumer"),
    "cpp": (CACHE / "examples-cpp/producer", CACHE / "examples-cpp/consumer"),
}


@pytest.mark.parametrize("language", EXAMPLES)
def test_hello_world(language, broker):
    producer, consumer = EXAMPLES[language]
    environment = {**os.environ, "KAFKA_BROKER": broker.address}
    subprocess.run([producer], env=environment, check=True, timeout=PROGRAM_TIMEOUT_S)
    reader = subprocess.Popen([consumer], env=environment, stdout=subprocess.PIPE, text=True)
    deadline = threading.Timer(PROGRAM_TIMEOUT_S, reader.kill)
    deadline.start()
    try:
        # The consumer reads for ever; its first line is enough.
        assert reader.stdout.readline() == "offset 0: hello = world\n"
    finally:
        deadline.cancel()
        reader.kill()
        reader.wait()
        reader.stdout.close()
