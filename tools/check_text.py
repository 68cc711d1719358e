#!/usr/bin/env python3
"""What holds for every text of the repository: blanks, headers' first lines, lengths, words that do not belong here."""

from __future__ import annotations

import re

import tree

CODE = (".h", ".cpp", ".py", ".java", ".js", ".go", ".sh")
TABS_ARE_RIGHT = (".go", "go.mod", "Makefile")
GENERATED = ("package-lock.json", "go.sum", "LICENSE")
LINES_MAX = 700
HEADER_COMMENT_MAX = 15

WORDS = [
    (re.compile(r"\b(?:TODO|FIXME)\b(?!\(#\d+\))"), "a TODO needs an issue: TODO" + "(#12)"),
    (re.compile(r"(?<![\w.~*-])/(?:root|Users|work|tmp/w)/\w"), "a path of somebody's machine"),
    (re.compile(r"\bNOCOMMIT\b|^(?:<<<<<<<|>>>>>>>) "), "left over from an edit"),
    (re.compile(r"(?:GOPROXY|index-url|npm_config_registry|PIP_INDEX_URL)\s*[=:]", re.IGNORECASE), "a registry of somebody's machine"),
]


def of_text(name, text):
    if "\r" in text:
        yield f"{name}: carriage returns"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"
    if text.endswith("\n\n"):
        yield f"{name}: empty lines at the end"
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield f"{name}:{number}: blanks at the end"
        if "\t" in line and not name.endswith(TABS_ARE_RIGHT):
            yield f"{name}:{number}: a tab"
        for pattern, why in WORDS:
            if pattern.search(line):
                yield f"{name}:{number}: {why}"


def of_header(name, lines):
    if lines[0] != "#pragma once" or not lines[1:2] or not lines[1].startswith("//"):
        yield f"{name}:1: a header begins with #pragma once and a comment that says what it is"
        return
    comment = 1
    while comment < len(lines) and lines[comment].startswith("//"):
        comment += 1
    if comment - 1 > HEADER_COMMENT_MAX:
        yield f"{name}:1: {comment - 1} lines of comment, {HEADER_COMMENT_MAX} are enough"


def problems(root):
    for path in tree.files(root):
        name = path.relative_to(root).as_posix()
        if name.endswith(GENERATED) or name == "tools/check_text.py":
            continue
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            yield f"{name}: not UTF-8"
            continue
        yield from of_text(name, text)
        lines = text.split("\n")
        if name.endswith(".h"):
            yield from of_header(name, lines)
        if name.endswith(CODE) and len(lines) - 1 > LINES_MAX:
            yield f"{name}: {len(lines) - 1} lines, {LINES_MAX} are the limit: what is the second idea in it?"


if __name__ == "__main__":
    tree.main(problems)
