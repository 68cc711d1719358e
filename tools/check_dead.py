#!/usr/bin/env python3
"""Finds what nothing reaches: sources without a room, headers nobody includes, test files nobody runs or names,
corpora without a target, and links in the documentation that lead nowhere.
"""

from __future__ import annotations

import re
from pathlib import Path

import check_rooms
import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
# Files that a tool takes by a fixed name or a glob.
TAKEN = re.compile(r"^(?:test_.*\.py|conftest\.py|.*_fuzz\.cpp|CMakeLists\.txt|README\.md|go\.(?:mod|sum)|main\.go)$")


def dead_sources(root):
    rooms = check_rooms.arrows(root)
    sources = list(tree.files(root / "src", ".h", ".cpp", ".cmake"))
    included = set()
    for path in [*sources, *tree.files(root / "tests", ".h", ".cpp")]:
        included.update(INCLUDE.findall(path.read_text(encoding="utf-8")))
    for path in sources:
        name = path.relative_to(root / "src")
        if name.parts[0] not in rooms:
            yield f"src/{name}: no barnabas_room({name.parts[0]} ...) in CMakeLists.txt builds it"
        elif path.suffix == ".h" and name.as_posix() not in included:
            yield f"src/{name}: nobody includes it"


def dead_tests(root):
    paths = list(tree.files(root / "tests"))
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    pages = {path: path.read_text(encoding="utf-8") for path in root.glob("*.md")}
    for path in paths:
        if TAKEN.match(path.name):
            continue
        # A file is named with its ending, a Python module and a program of a build without; a folder for its files.
        words = [path.name] + ([path.stem] if path.suffix in (".py", ".cpp", ".h") else [])
        if path.parent.parent != root / "tests":
            words += [f"{path.parent.parent.name}/{path.parent.name}", f"./{path.parent.name}", f'/{path.parent.name}"']
        pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" if word[-1].isalnum() else re.escape(word) for word in words))
        if not any(pattern.search(text) for other, text in [*texts.items(), *pages.items()] if other != path):
            yield f"{path.relative_to(root)}: nobody runs or names it"


def dead_corpora(root):
    corpus = root / "tests/fuzz/corpus"
    for folder in sorted(corpus.iterdir()) if corpus.is_dir() else []:
        if not (root / f"tests/fuzz/{folder.name}.cpp").exists():
            yield f"tests/fuzz/corpus/{folder.name}: no tests/fuzz/{folder.name}.cpp reads it"


def dead_links(root):
    for path in tree.files(root, ".md"):
        for number, text in tree.lines(path):
            for link in LINK.findall(re.sub(r"`[^`]*`", "", text)):
                if not re.match(r"[a-z]+:", link) and not (path.parent / Path(link)).exists():
                    yield f"{path.relative_to(root)}:{number}: {link} does not exist"


def problems(root):
    yield from dead_sources(root)
    yield from dead_tests(root)
    yield from dead_corpora(root)
    yield from dead_links(root)


if __name__ == "__main__":
    tree.main(problems)
