"""Our record batches against Kafka's own code, both ways and for every codec.

Kafka writes batches and our reader must find in them what Kafka finds; our builder writes batches and Kafka must find
what we meant; and both judge the same produces, whole and damaged. The jars come from tests/compat/setup.sh, the
program from `ninja batch_dump`; BARNABAS_BATCH_DUMP names it, by default that of build/release.
"""

import os
import random
import re
import struct
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "barnabas-test"
BATCH_DUMP = Path(os.environ.get("BARNABAS_BATCH_DUMP") or REPOSITORY / "build/release/batch_dump")
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TIMEOUT_S = 120
SEED = int(os.environ.get("BARNABAS_SEED", "1"))

CRC_AT, ATTRIBUTES_AT, HEADER_BYTES = 17, 21, 61
UNKNOWN_SERVER_ERROR, NONE, INVALID_RECORD, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP = -1, 0, 87, 10, 32


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kafka(*arguments):
    jars = CACHE / "kafka-4.3.1"
    assert jars.is_dir(), "no Kafka jars: run tests/compat/setup.sh"
    return run("java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", HERE / "Records.java", *arguments)


def ours(*arguments):
    assert BATCH_DUMP.exists(), f"no {BATCH_DUMP}: ninja batch_dump"
    return run(BATCH_DUMP, *arguments)


def by_file(text):
    """What was said of each file: {name: [lines]}."""
    said = {}
    for line in text.splitlines():
        if line.startswith("file "):
            said[line[5:]] = lines = []
        else:
            lines.append(line)
    return said


def assert_same(one, other):
    one, other = by_file(one), by_file(other)
    assert one.keys() == other.keys()
    for name, lines in one.items():
        for ours_says, kafka_says in zip(lines, other[name]):
            assert ours_says[:500] == kafka_says[:500], name
        assert lines == other[name], name


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Batches by their writer."""
    folders = {"kafka": tmp_path_factory.mktemp("kafka"), "ours": tmp_path_factory.mktemp("ours")}
    kafka("write", folders["kafka"])
    ours("write", folders["ours"])
    files = {writer: sorted(folder.iterdir()) for writer, folder in folders.items()}
    assert len(files["kafka"]) == 26 and len(files["ours"]) == 16
    return files


@pytest.mark.parametrize("writer", ["kafka", "ours"])
def test_both_read_the_same(written, writer):  # P24
    assert_same(ours("dump", *written[writer]), kafka("dump", *written[writer]))


@pytest.mark.parametrize("wanted", ["producer", *CODECS])
@pytest.mark.parametrize("writer", ["kafka", "ours"])
def test_both_store_the_same(written, writer, wanted):  # P14, P15, P16, P26
    # Of a batch that claims LogAppendTime Kafka believes the max timestamp; we take the records' own.
    files = [file for file in written[writer] if not file.name.startswith("stamped")]
    # The leader epoch is the log's affair.
    without_epoch = re.compile(r" epoch=-?\d+")
    assert_same(without_epoch.sub("", ours("judge", wanted, *files)), without_epoch.sub("", kafka("judge", wanted, *files)))


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def damaged(good, dice, fix_checksum):
    """The batch with a field, a byte or its end changed; the length is right again unless it was what changed."""
    bad = bytearray(good)
    match dice.randrange(6):
        case 0:
            bad[dice.randrange(HEADER_BYTES, len(bad))] ^= 1 << dice.randrange(8)
        case 1:
            bad[dice.randrange(len(bad))] = dice.choice([0, 1, 0x7F, 0x80, 0xFF])
        case 2:
            del bad[dice.randrange(HEADER_BYTES, len(bad)) :]
            struct.pack_into(">i", bad, 8, len(bad) - 12)
        case 3:
            bad += dice.randbytes(dice.randrange(1, 40))
            struct.pack_into(">i", bad, 8, len(bad) - 12)
        case 4:
            at, form = dice.choice([(23, ">i"), (57, ">i"), (53, ">i"), (27, ">q"), (35, ">q"), (43, ">q"), (0, ">q")])
            struct.pack_into(form, bad, at, dice.choice([-(2**31), -2, -1, 0, 1, 2, 3, 2**31 - 1]))
        case 5:
            bad[ATTRIBUTES_AT + 1] = dice.randrange(256)
    if fix_checksum:
        struct.pack_into(">I", bad, CRC_AT, crc32c(bad[ATTRIBUTES_AT:]))
    return bytes(bad)


def test_both_judge_damage_alike(written, tmp_path):  # P9, P11, P14, P15, P16, P17, P19, D5, D8
    dice = random.Random(SEED)
    small = [file for file in written["kafka"] if file.name.startswith(("plain", "marker"))]
    files = []
    for i in range(1500):
        file = tmp_path / f"{i:04}"
        file.write_bytes(damaged(dice.choice(small).read_bytes(), dice, fix_checksum=dice.random() < 0.9))
        files.append(file)
    we_say, kafka_says = by_file(ours("judge", "producer", *files)), by_file(kafka("judge", "producer", *files))

    def code(said):
        return int(said[0].split()[1])

    seen = set()
    for name, ours_says in we_say.items():
        pair = code(ours_says), code(kafka_says[name])
        seen.add(pair)
        if pair[0] == pair[1]:
            # Where both refuse single records, they are the same records.
            if pair[0] != NONE:
                assert ours_says == kafka_says[name], name
            continue
        # Stricter on purpose: Kafka does not look into keys, values and headers of compressed batches nor at offset
        # deltas, ends of streams and false record lengths; and some damage makes it fail inside instead of refusing.
        assert pair[1] in (NONE, UNKNOWN_SERVER_ERROR), (name, pair)
        assert pair[0] in (INVALID_RECORD, MESSAGE_TOO_LARGE), (name, pair)
    assert {(NONE, NONE), (2, 2), (INVALID_RECORD, INVALID_RECORD), (INVALID_TIMESTAMP, INVALID_TIMESTAMP)} <= seen
