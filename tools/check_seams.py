#!/usr/bin/env python3
"""Holds the system behind its seams: which file may include which header, and who may ask for time or chance.

It is an allow-list. A header that no row below names may not be included, so that a new way around a seam (mmap, a
thread, a stream) is a decision and a row here, not an oversight. What a whole broker in one simulated thread needs
is that everything else asks base/clock.h, base/executor.h, base/disk.h, base/random.h and net/stream.h.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch

import tree

# What neither waits nor looks at the world.
PURE = """
algorithm any array atomic bit bitset cassert cctype cerrno charconv chrono climits cmath compare concepts cstddef
cstdint cstdlib cstring deque exception expected forward_list functional initializer_list iterator limits list map
memory memory_resource mutex new numbers numeric optional queue ratio ranges set shared_mutex source_location span
sstream stack stdexcept string string_view system_error tuple type_traits typeinfo typeindex unordered_map
unordered_set utility variant vector version
""".split()

# file pattern, header patterns. fnmatch's * takes slashes too.
ALLOWED = [
    ("src/*", [*PURE, "fmt/*.h"]),
    ("src/*_test.cpp", ["gtest/*.h", "gmock/*.h", "random"]),
    ("src/*_test.h", ["gtest/*.h", "gmock/*.h"]),
    ("src/*_test_support.h", ["gtest/*.h", "gmock/*.h"]),
    ("src/*_threads_test.cpp", ["thread", "future", "stdlib.h"]),  # for races; run under TSan
    ("src/coordinator/group_harness.h", ["gtest/*.h"]),
    ("src/broker/node_simulation.h", ["gtest/*.h"]),
    ("src/model/compression_test.cpp", ["lz4frame.h", "snappy.h", "zstd.h", "zlib.h"]),  # ours against theirs
    # The seams.
    ("src/base/disk.h", ["filesystem"]),  # for path only
    ("src/base/posix_*", ["*.h", "thread", "condition_variable", "future", "filesystem", "cstdio"]),
    ("src/net/asio_*", ["boost/asio/*.hpp", "thread", "sys/*.h", "netinet/*.h", "unistd.h", "cstdio"]),
    ("src/net/posix_*", ["netdb.h", "netinet/*.h", "poll.h", "sys/*.h", "unistd.h"]),
    ("src/base/check.cpp", ["cstdio"]),  # says why it stops the process
    ("src/base/log.cpp", ["spdlog/*.h", "nlohmann/json.hpp"]),
    ("src/console/http_message.cpp", ["boost/beast/http/*.hpp"]),
    ("src/console/exposition.cpp", ["prometheus/text_serializer.h"]),
    ("src/base/crc*", ["nmmintrin.h"]),
    ("src/model/crc32c.cpp", ["nmmintrin.h", "wmmintrin.h", "isa-l/crc.h"]),
    # What clients push, and whom they are asked for (docs/decisions/0110).
    ("src/broker/otlp.cpp", ["protozero/pbf_reader.hpp"]),
    ("src/broker/otlp_test_support.h", ["protozero/pbf_writer.hpp"]),
    ("src/config/client_subscription.cpp", ["re2/re2.h"]),
    # The codecs.
    ("src/model/compression_gzip.cpp", ["zlib.h"]),
    ("src/model/compression_lz4.cpp", ["lz4*.h"]),
    ("src/model/compression_snappy.cpp", ["snappy*.h"]),
    ("src/model/compression_zstd.cpp", ["zstd*.h"]),
    # The edges of the program.
    ("src/cli/grammar*", ["CLI/*.hpp"]),
    ("src/cli/std_console.cpp", ["cstdio"]),
    ("src/cli/record_json.cpp", ["nlohmann/json.hpp"]),  # input of programs
    ("src/cli/rdkafka.*", ["librdkafka/rdkafka.h", "dlfcn.h"]),
    ("src/server/*", ["thread", "future", "condition_variable", "cstdio", "pthread.h", "signal.h", "unistd.h", "sys/*.h"]),
]

# What an allowed header still offers and only the seams may use.
SEAMS = ["src/base/posix_*", "src/net/asio_*", "src/server/*", "src/*/markdown_test.cpp"]
CALLS = [
    (re.compile(r"_clock::now\b"), "asks the time: take a Clock (base/clock.h)"),
    (re.compile(r"\bsleep_(?:for|until)\b"), "sleeps: post to an Executor (base/executor.h)"),
    (re.compile(r"\brandom_device\b|\b(?:std::)?s?rand\s*\("), "asks for chance: take a Random (base/random.h)"),
    (re.compile(r"\bstd::j?thread\b|\bstd::async\b"), "starts a thread: take an Executor (base/executor.h)"),
    (re.compile(r"\bstd::filesystem::(?!path\b)\w+"), "touches files: take a Disk (base/disk.h)"),
    (re.compile(r"\b(?:std::)?(?:getenv|system|popen)\s*\("), "asks the environment: only main() does"),
]
INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>")


def may_include(name, header):
    return any(
        fnmatch(name, pattern) and any(fnmatch(header, allowed) for allowed in headers) for pattern, headers in ALLOWED
    )


def code(text):
    """A line without its strings and its comment."""
    return re.sub(r"//.*", "", re.sub(r'"(?:[^"\\]|\\.)*"', '""', text))


def problems(root):
    for path in tree.files(root / "src", ".h", ".cpp"):
        name = path.relative_to(root).as_posix()
        at_a_seam = any(fnmatch(name, pattern) for pattern in SEAMS)
        for number, text in tree.lines(path):
            include = INCLUDE.match(text)
            if include and not may_include(name, include[1]):
                yield f"{name}:{number}: <{include[1]}> is not for this file; tools/check_seams.py says what is"
            if at_a_seam:
                continue
            for pattern, why in CALLS:
                if pattern.search(code(text)):
                    yield f"{name}:{number}: {why}"


if __name__ == "__main__":
    tree.main(problems)
