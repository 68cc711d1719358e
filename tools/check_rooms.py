#!/usr/bin/env python3
"""Holds the includes under src/ against the arrows between rooms that CMakeLists.txt states.

    barnabas_room(model USES base LIBS zstd)      src/model may include "base/..." and "model/..."

Every quoted include begins with a room, so that a reader sees each arrow.
"""

from __future__ import annotations

import re

import tree

ROOM = re.compile(r"^barnabas_room\((\w+)\s+USES([^)]*?)(?:LIBS[^)]*)?\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def arrows(root):
    """{room: the rooms it may use}, bottom first."""
    return {name: uses.split() for name, uses in ROOM.findall((root / "CMakeLists.txt").read_text(encoding="utf-8"))}


def problems(root):
    rooms = arrows(root)
    if not rooms:
        yield "CMakeLists.txt: no barnabas_room(...)"
    above = set(rooms)
    for room, uses in rooms.items():
        for used in uses:
            if used in above:
                yield f"CMakeLists.txt: {room} uses {used}, which is not below it"
        above.discard(room)
    for path in tree.files(root / "src", ".h", ".cpp"):
        room = path.relative_to(root / "src").parts[0]
        may = {room, *rooms.get(room, [])}
        for number, text in tree.lines(path):
            include = INCLUDE.match(text)
            if not include:
                continue
            used, slash, _ = include[1].partition("/")
            where = f"{path.relative_to(root)}:{number}"
            if not slash or used not in rooms:
                yield f'{where}: "{include[1]}" does not begin with a room'
            elif used not in may:
                yield f"{where}: {room} may not use {used}"


if __name__ == "__main__":
    tree.main(problems)
