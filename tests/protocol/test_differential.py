"""Our codec against Kafka's own, message by message and byte by byte.

Both ways, for every version of every message that Kafka 4.3.1 or 3.9.2 knows: Kafka makes random messages and
`codec_echo` must decode and encode them to the same bytes, and refuse every cut of them; `codec_echo` makes random
messages and Kafka must read and write them to the same bytes. The jars come from tests/compat/setup.sh, the program
from `ninja codec_echo`; BARNABAS_CODEC_ECHO names it, by default that of build/release.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "barnabas-test"
CODEC_ECHO = Path(os.environ.get("BARNABAS_CODEC_ECHO") or REPOSITORY / "build/release/codec_echo")
KAFKA_VERSIONS = ("4.3.1", "3.9.2")  # in this order: the older judges only what the newer no longer knows
TIMEOUT_S = 120
SEED = int(os.environ.get("BARNABAS_SEED", "1"))
MESSAGES_A_VERSION = 24

sys.path.insert(0, str(REPOSITORY / "tools"))
import schema  # noqa: E402

# Messages of our own; Kafka has never heard of them.
OURS = {message.name for message in schema.load(REPOSITORY / "schemas/metadata_records.schema").messages}


def all_versions():
    messages = schema.load_all(REPOSITORY / "schemas").messages.values()
    return {(message.name, version) for message in messages if message.name not in OURS for version in message.versions}


def java(kafka_version, *arguments):
    """Runs Differential.java on the jars of one Kafka; returns what it covered and what it complained of."""
    jars = CACHE / f"kafka-{kafka_version}"
    assert jars.is_dir(), "no Kafka jars: run tests/compat/setup.sh"
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", HERE / "Differential.java", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    covered = {(name, int(version)) for name, version in (line.split() for line in done.stdout.splitlines())}
    return done.returncode, covered, done.stderr


def codec_echo(*arguments):
    assert CODEC_ECHO.exists(), f"no {CODEC_ECHO}: ninja codec_echo"
    return subprocess.run([CODEC_ECHO, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S)


def plan(path, versions):
    path.write_text("".join(f"{name} {version} {version}\n" for name, version in sorted(versions)))
    return path


def test_what_kafka_writes_we_write_too_and_refuse_every_cut(tmp_path):  # A4, D5
    missing = all_versions()
    for kafka_version in KAFKA_VERSIONS:
        file = tmp_path / f"from-{kafka_version}"
        code, covered, complaints = java(kafka_version, "make", str(SEED), str(MESSAGES_A_VERSION), plan(tmp_path / "plan", missing), file)
        assert code == 0, complaints
        checked = codec_echo("check", file)
        assert checked.returncode == 0, checked.stderr
        missing -= covered
    assert not missing, "no Kafka knows these: is the schema right?"


def test_what_we_write_kafka_writes_too(tmp_path):
    file = tmp_path / "ours"
    made = codec_echo("make", str(SEED), str(MESSAGES_A_VERSION), file)
    assert made.returncode == 0, made.stderr
    missing = all_versions()
    for kafka_version in KAFKA_VERSIONS:
        code, covered, complaints = java(kafka_version, "check", plan(tmp_path / "plan", missing), file)
        assert code == 0, complaints
        missing -= covered
    assert not missing
