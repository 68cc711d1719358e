#!/usr/bin/env python3
"""Shows that each check can fail: a small bad tree for each thing it finds, and a good one that it lets through."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import check_dead
import check_rooms
import check_seams
import check_text

GOOD = {
    "CMakeLists.txt": "barnabas_room(base USES LIBS fmt)\nbarnabas_room(model USES base)\n",
    "src/base/clock.h": "#pragma once\n// Time.\n#include <chrono>\n",
    "src/base/posix_clock.cpp": '#include <time.h>\n\n#include "base/clock.h"\n',
    "src/model/offset.cpp": '#include "base/clock.h"\n',
    "tests/rules/test_time.py": "import talk\n",
    "tests/rules/talk.py": "",
    "tests/fuzz/time_fuzz.cpp": '#include "base/clock.h"\n',
    "tests/fuzz/corpus/time_fuzz/1": "x\r\n\t",
    "docs/page.md": "[the clock](../src/base/clock.h), [elsewhere](https://example.org/)\n",
}


class CheckTest(unittest.TestCase):
    def found(self, check, **changes):
        """What the check finds in the good tree with these files (named with __ for / and _DOT_ for .) changed."""
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            root = Path(folder)
            renamed = {name.replace("__", "/").replace("_DOT_", "."): text for name, text in changes.items()}
            for name, text in {**GOOD, **renamed}.items():
                if text is not None:
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    (root / name).write_text(text, newline="")
            return list(check.problems(root))

    def assert_finds(self, check, what, **changes):
        found = self.found(check, **changes)
        self.assertEqual(len(found), 1, found)
        self.assertIn(what, found[0])

    def test_a_good_tree_passes(self):
        for check in (check_rooms, check_seams, check_text, check_dead):
            self.assertEqual(self.found(check), [], check.__name__)

    def test_rooms(self):
        up = {"src__base__up_DOT_cpp": '#include "model/offset.h"\n'}
        self.assert_finds(check_rooms, "base may not use model", **up)
        self.assert_finds(check_rooms, "does not begin with a room", src__base__x_DOT_cpp='#include "clock.h"\n')
        self.assert_finds(
            check_rooms,
            "base uses model, which is not below it",
            CMakeLists_DOT_txt="barnabas_room(base USES model)\nbarnabas_room(model USES base)\n",
        )
        self.assertIn("CMakeLists.txt: no barnabas_room(...)", self.found(check_rooms, CMakeLists_DOT_txt=""))

    def test_seams(self):
        for header in ("thread", "fstream", "iostream", "filesystem", "sys/mman.h", "unistd.h", "boost/asio/post.hpp", "zlib.h"):
            with self.subTest(header):
                self.assert_finds(check_seams, f"<{header}>", src__model__x_DOT_cpp=f"#include <{header}>\n")
        for code, what in {
            "auto t = std::chrono::steady_clock::now();": "asks the time",
            "std::this_thread::sleep_for(ms);": "sleeps",
            "std::random_device seed;": "asks for chance",
            "std::jthread worker(f);": "starts a thread",
            "std::filesystem::remove(path);": "touches files",
            'auto home = std::getenv("HOME");': "asks the environment",
        }.items():
            with self.subTest(code):
                self.assert_finds(check_seams, what, src__model__x_DOT_cpp=f"{code}\n")
                self.assertEqual(self.found(check_seams, src__model__x_DOT_cpp=f"// {code}\n"), [])
                self.assertEqual(self.found(check_seams, src__base__posix_x_DOT_cpp=f"{code}\n"), [])

    def test_text(self):
        for text, what in {
            "a \n": "blanks at the end",
            "a\tb\n": "a tab",
            "a": "no newline",
            "a\n\n": "empty lines",
            "a\r\n": "carriage returns",
            "# TO" + "DO: later\n": "needs an issue",
            "x = '/ro" + "ot/x'\n": "somebody's machine",
            "GO" + "PROXY=http://mirror\n": "a registry",
            "x\n" * 701: "701 lines",
        }.items():
            with self.subTest(what):
                found = self.found(check_text, tools__x_DOT_py=text)
                self.assertTrue(any(what in problem for problem in found), found)
        self.assertEqual(self.found(check_text, tools__x_DOT_py="# TO" + "DO(#12): later\n"), [])
        self.assert_finds(check_text, "a header begins with", src__base__x_DOT_h="#pragma once\n\nint x;\n")
        self.assert_finds(check_text, "16 lines of comment", src__base__x_DOT_h="#pragma once\n" + "// x\n" * 16)

    def test_dead(self):
        self.assert_finds(check_dead, "nobody includes it", src__base__x_DOT_h="#pragma once\n// X.\n")
        self.assert_finds(check_dead, "no barnabas_room(attic", src__attic__x_DOT_cpp="int x;\n")
        self.assert_finds(check_dead, "nobody runs or names it", tests__rules__helper_DOT_py="")
        self.assert_finds(check_dead, "reads it", tests__fuzz__corpus__gone_fuzz__1="x")
        self.assert_finds(check_dead, "does not exist", docs__other_DOT_md="[gone](gone.md)\n")


if __name__ == "__main__":
    unittest.main()
