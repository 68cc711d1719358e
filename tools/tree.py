"""The files of the repository, for the checks. A check is a function of the tree's root that yields its complaints."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
NOT_OURS = {"build", "data", "__pycache__", "node_modules", "corpus"}


def files(root, *endings):
    """All files with one of these endings (all files without any), as sorted paths."""

    def walk(folder):
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                if path.name not in NOT_OURS and (not path.name.startswith(".") or path.name == ".ci"):
                    yield from walk(path)
            elif path.is_file() and (not endings or path.name.endswith(endings)):
                yield path

    yield from walk(Path(root))


def lines(path):
    """(number, text) of each line."""
    return enumerate(path.read_text(encoding="utf-8").split("\n"), 1)


def main(problems):
    """The main() of a check: its complaints about the tree that holds it (or that is named), one a line."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else REPOSITORY
    found = list(problems(root))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)
