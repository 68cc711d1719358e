#!/usr/bin/env python3
"""Holds docs/rules.md against the tests: every rule has a test, every rule that a test names has a row.

    tools/check_rules.py              what is wrong, one line each; status 1 if anything is
    tools/check_rules.py --missing    rows for the rules that tests name and the page lacks, to be completed
    tools/check_rules.py --update     writes the last column of the page's tables anew from the tests
    tools/check_rules.py --list P4    the tests that prove a rule

A Python test names its rules with @rule("P4", "P25"). A C++ test names them in a comment that begins with
their ids, above the TEST, behind it or inside it:

    // P4, P25
    TEST_F(PartitionTest, TooFewReplicasRefuseBeforeTheAppend) {  // P4: and nothing else happens
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "rules.md"

RULE = r"(?:PROC|SEC|NET|ADM|[PIVETGNAWSDZ])\d+"
IDS_FIRST = re.compile(rf"//\s*({RULE}(?:(?:\s*[,/+]\s*|\s+and\s+){RULE})*)\b")
TEST_BEGINS = re.compile(r"^(?:TYPED_TEST(?:_P)?|TEST(?:_[FP])?|RC_GTEST_(?:FIXTURE_)?PROP)\s*\(\s*(\w+)\s*,\s*(\w+)")
ROW = re.compile(rf"^\|\s*({RULE})\s*\|(.*)\|([^|]*)\|\s*$")
LINK = re.compile(r"\]\(([^)]+)\)")


def sort_key(rule_id):
    letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", rule_id).groups()
    order = ["P", "I", "V", "E", "T", "G", "N", "A", "S", "PROC", "NET", "ADM", "D", "SEC", "Z", "W"]
    return order.index(letters), int(digits)


def python_tests(path):
    """(rule, test name) of every @rule."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "rule":
                    for argument in mark.args:
                        yield argument.value, node.name


def cpp_tests(path):
    """(rule, Suite.Test) of every comment that begins with ids."""
    test = None
    above = []  # ids in the comment lines that may stand above the next test
    for line in path.read_text(encoding="utf-8").splitlines():
        found = IDS_FIRST.search(line)
        ids = re.findall(RULE, found[1]) if found else []
        begins = TEST_BEGINS.match(line)
        if begins:
            test = f"{begins[1]}.{begins[2]}"
            for rule_id in above + ids:
                yield rule_id, test
            above = []
        elif line.startswith("//"):
            above += ids
        elif line.startswith(("}", "#")) or (line and not line[0].isspace()):
            # Outside of any test: a helper, or the end of one.
            test = None if line.startswith("}") else test
            above = []
        elif test is not None:
            for rule_id in ids:
                yield rule_id, test


def proofs():
    """{rule: {file: {tests}}} of all tests in the tree."""
    out = defaultdict(lambda: defaultdict(set))
    readers = [
        (python_tests, sorted(REPOSITORY.glob("tests/**/test_*.py"))),
        (cpp_tests, sorted([*REPOSITORY.glob("src/**/*_test.cpp"), *REPOSITORY.glob("tests/**/*_test.cpp")])),
    ]
    for read, paths in readers:
        for path in paths:
            for rule_id, test in read(path):
                out[rule_id][path.relative_to(REPOSITORY).as_posix()].add(test)
    return out


def links(files):
    return ", ".join(f"[{Path(file).name}](../{file})" for file in sorted(files))


def rows(lines):
    """(line index, rule, the rule's words, the proofs column)."""
    for index, line in enumerate(lines):
        found = ROW.match(line)
        if found:
            yield index, found[1], found[2].strip(), found[3].strip()


def problems(lines, proved):
    seen = set()
    for index, rule_id, words, column in rows(lines):
        where = f"docs/rules.md:{index + 1}: {rule_id}"
        if rule_id in seen:
            yield f"{where} has two rows"
        seen.add(rule_id)
        if not words:
            yield f"{where} has no words"
        files = LINK.findall(column)
        if not files:
            yield f"{where} names no test"
        for file in files:
            path = file.removeprefix("../")
            if path not in proved.get(rule_id, {}):
                yield f"{where}: no test in {path} names it"
    for rule_id in sorted(set(proved) - seen, key=sort_key):
        file, tests = next(iter(proved[rule_id].items()))
        yield f"{file}: {min(tests)} names {rule_id}, which has no row in docs/rules.md"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--missing", action="store_true", help="print rows for rules that the page lacks")
    parser.add_argument("--update", action="store_true", help="write the last column anew")
    parser.add_argument("--list", metavar="RULE", help="print the tests that prove a rule")
    options = parser.parse_args()

    proved = proofs()
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    if options.list:
        for file, tests in sorted(proved.get(options.list, {}).items()):
            for test in sorted(tests):
                print(f"{file}: {test}")
        return 0
    if options.missing:
        have = {rule_id for _, rule_id, _, _ in rows(lines)}
        for rule_id in sorted(set(proved) - have, key=sort_key):
            print(f"| {rule_id} |  | {links(proved[rule_id])} |")
        return 0
    if options.update:
        for index, rule_id, words, _ in list(rows(lines)):
            lines[index] = f"| {rule_id} | {words} | {links(proved.get(rule_id, {}))} |"
        PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = list(problems(lines, proved))
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
