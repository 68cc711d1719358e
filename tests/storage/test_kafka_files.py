"""Partition folders between Barnabas and Apache Kafka, both ways.

Kafka's own DumpLogSegments must read what our storage writes (logs and both indexes) without a complaint, and what a
real Kafka wrote must come through our import record for record. The jars come from tests/compat/setup.sh, the program
from `ninja log_tool`; BARNABAS_LOG_TOOL names it, by default that of build/release.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/compat"))

from harness import ApacheKafka, kafka_jars  # noqa: E402

LOG_TOOL = Path(os.environ.get("BARNABAS_LOG_TOOL") or REPOSITORY / "build/release/log_tool")
TIMEOUT_S = 180
COMPLAINTS = re.compile(r"mismatch|out of order|not found|non-consecutive|corrupt|exception|invalid", re.IGNORECASE)


def run(*command, text=None, ok=True):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert not ok or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def log_tool(*arguments, ok=True):
    assert LOG_TOOL.exists(), f"no {LOG_TOOL}: ninja log_tool"
    return run(LOG_TOOL, *arguments, ok=ok)


def java(main, *arguments, text=None):
    jars = kafka_jars("4.3.1")
    assert jars.is_dir(), "no Kafka jars: run tests/compat/setup.sh"
    return run("java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", main, *arguments, text=text)


def dump_segments(files, *options):
    said = java("org.apache.kafka.tools.DumpLogSegments", "--files", ",".join(map(str, files)), *options)
    assert not COMPLAINTS.search(re.sub(r"isvalid: true", "", said)), said
    return said


@pytest.fixture
def written(tmp_path):
    said = log_tool("write", tmp_path, 2000)
    end = int(re.search(r"log_end=(\d+)", said)[1])
    return tmp_path / "written-0", end


def test_kafkas_tool_reads_our_segments(written):
    folder, end = written
    logs = sorted(folder.glob("*.log"))
    assert len(logs) > 3
    said = dump_segments(logs, "--deep-iteration", "--print-data-log")
    offsets = [int(n) for n in re.findall(r"^\| offset: (\d+)", said, re.MULTILINE)]
    assert offsets == list(range(end))
    assert "isvalid: false" not in said


def test_kafkas_tool_agrees_with_our_indexes(written):
    folder, _ = written
    for kind in ("*.index", "*.timeindex"):
        files = sorted(folder.glob(kind))
        assert files and any(file.stat().st_size > 0 for file in files)
        dump_segments(files)
        dump_segments(files, "--verify-index-only")
        dump_segments(files, "--index-sanity-check")


def test_kafkas_tool_reads_compacted_segments(tmp_path):
    said = log_tool("compact", tmp_path, 3000)
    end, compacted_to = (int(re.search(rf"{name}=(\d+)", said)[1]) for name in ("log_end", "compacted_to"))
    folder = tmp_path / "compacted-0"
    logs = sorted(folder.glob("*.log"))
    dumped = dump_segments(logs, "--deep-iteration", "--print-data-log")
    assert "isvalid: false" not in dumped
    records = re.findall(r"^\| offset: (\d+) .* key: (\S+)(?: payload: (\S+))?$", dumped, re.MULTILINE)
    offsets = [int(offset) for offset, _, _ in records]
    assert offsets == sorted(set(offsets)) and offsets[-1] == end - 1
    keys = [key for offset, key, _ in records if int(offset) < compacted_to]
    assert len(keys) == len(set(keys)) == 50  # the dirty part below the active segment was compacted as well
    assert "deleteHorizonMs: OptionalLong[" in dumped
    # Headers that outlive their records: of each producer that is known, and of each segment's end.
    assert re.search(r"count: 0 baseSequence: \d+", dumped)
    for kind in ("*.index", "*.timeindex"):
        dump_segments(sorted(folder.glob(kind)), "--index-sanity-check")
        dump_segments(sorted(folder.glob(kind)))
    ours = [line.split(" ")[0] for line in log_tool("dump", tmp_path, "compacted-0").splitlines()]
    assert ours == [offset for offset, _, _ in records]
    assert re.fullmatch(rf"0\n1\ncompacted 0 {compacted_to}\n", (tmp_path / "cleaner-offset-checkpoint").read_text())


def test_a_damaged_index_is_noticed_by_this_test(written):
    folder, _ = written
    file = sorted(folder.glob("*.index"))[0]
    data = bytearray(file.read_bytes())
    data[7] ^= 0x10
    file.write_bytes(data)
    with pytest.raises(AssertionError):
        dump_segments([file])


def test_a_topic_of_a_stopped_kafka_is_imported_record_for_record(tmp_path):
    with ApacheKafka(tmp_path / "kafka", {"log.segment.bytes": "1048576"}) as kafka:
        java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", kafka.address, "--create", "--topic", "orders", "--partitions", "1")
        lines = []
        for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
            batch = [f"{codec}-{i}:" + "x" * (i % 600) for i in range(2000)]
            java(
                "org.apache.kafka.tools.ConsoleProducer",
                *("--bootstrap-server", kafka.address, "--topic", "orders", "--compression-codec", codec),
                *("--reader-property", "parse.key=true", "--reader-property", "key.separator=:"),
                text="\n".join(batch) + "\n",
            )
            lines += batch
        source = kafka.data_dir
        refused = tmp_path / "refused"
        refused.mkdir()
        assert log_tool("import", refused, source, "orders", ok=False) == ""  # Kafka runs: its lock is held
        assert not (refused / "orders-0").exists()
    ours = tmp_path / "ours"
    ours.mkdir()
    said = log_tool("import", ours, source, "orders")
    topic_id = re.search(r"topic_id: (\S+)", (source / "orders-0/partition.metadata").read_text())[1]
    assert f"id={topic_id} start=0 end={len(lines)} " in said
    dumped = [line.split(" ", 3) for line in log_tool("dump", ours, "orders-0").splitlines()]
    assert [int(fields[0]) for fields in dumped] == list(range(len(lines)))
    assert [f"{key}:{value}" for _, _, key, value in dumped] == lines
    dump_segments(sorted((ours / "orders-0").glob("*.log")), "--deep-iteration")
