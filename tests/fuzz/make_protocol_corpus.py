#!/usr/bin/env python3
"""Makes the seed corpora of request_fuzz and frame_fuzz from random messages: make_protocol_corpus.py CODEC_ECHO

One small message of the first, the last and the first flexible version of every kind. Run it again when schemas change.
"""
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import schema  # noqa: E402

SEED_MAX_BYTES = 300


def fnv(name):
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return (value ^ value >> 16) & 0xFFFF


def messages(path):
    data = path.read_bytes()
    at = 0
    while at < len(data):
        size, name_size = struct.unpack_from(">iH", data, at)
        name = data[at + 6 : at + 6 + name_size].decode()
        (version,) = struct.unpack_from(">h", data, at + 6 + name_size)
        yield name, version, data[at + 8 + name_size : at + 4 + size]
        at += 4 + size


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def main():
    catalogue = schema.load_all(HERE.parents[1] / "schemas")
    bodies, frames = fresh(HERE / "corpus/request_fuzz"), fresh(HERE / "corpus/frame_fuzz")
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "made"
        subprocess.run([sys.argv[1], "make", "7", "4", made], check=True)
        for name, version, body in messages(made):
            message = catalogue.messages[name]
            if version not in (message.versions.low, message.versions.high, message.flexible.low) or len(body) > SEED_MAX_BYTES:
                continue
            head = struct.pack(">HB", fnv(name), version - message.versions.low)
            (bodies / f"{name}-{version}").write_bytes(head + body)
            if message.kind == "request":
                tags = b"\0" if message.is_flexible(version) else b""
                header = struct.pack(">hhih", message.api_key, version, 7, 2) + b"me" + tags
                (frames / f"{name}-{version}").write_bytes(header + body[:40])


if __name__ == "__main__":
    main()
