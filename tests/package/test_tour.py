"""docs/tour.md is what happens: every command of it, in its order, on a machine with the package installed."""

import re
import subprocess

import pytest
from conftest import REPOSITORY, TIMEOUT_S, harness

TOUR = REPOSITORY / "docs/tour.md"
BLOCK = re.compile(r"^```console *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps():
    """(kind of block, command, what stands below it), in order."""
    for kind, text in BLOCK.findall(TOUR.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield kind, command, output


def blanks(text):
    """Columns are as wide as what is in them: lines with single blanks, none at the end."""
    return "\n".join(re.sub(r"[ \t]+", " ", line).strip() for line in text.splitlines()).strip("\n")


def pattern(shown):
    """A line of ... is any lines, none too; elsewhere it is anything of its line."""
    parts = []
    for line in blanks(shown).split("\n"):
        parts.append(r"(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n")
    return re.compile("".join(parts))


def matches(shown, printed):
    return pattern(shown).fullmatch(blanks(printed) + "\n") is not None


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a  b\n", "a    b\n", True),
        ("a\n", "a\nb\n", False),
        ("a\nb\n", "a\n", False),
        ("...\nb\n", "b\n", True),
        ("a\n...\n", "a\nb\nc\n", True),
        ("id=...\n", "id=7\n", True),
        ("id=...\n", "id=7\nmore\n", False),
        ("", "", True),
        ("", "noise\n", False),
    ],
)
def test_what_is_shown_is_compared(shown, printed, same):
    assert matches(shown, printed) is same


def test_every_command_does_what_the_page_says(installed):
    (broker, *others) = steps()
    assert broker[0] == "broker" and not any(kind for kind, _, _ in others)
    log = installed.folder / "broker.log"
    with log.open("wb") as output:
        process = installed.start("sh", "-c", f"exec {broker[1]}", stdout=output, stderr=output)

    def welcomed():
        assert process.poll() is None, log.read_text()
        return matches(broker[2], log.read_text())

    harness.wait_until(welcomed, TIMEOUT_S, f"what the page shows of {broker[1]}")
    for _, command, shown in others:
        done = installed.start("sh", "-c", command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        printed, _ = done.communicate(timeout=TIMEOUT_S)
        assert matches(shown, printed), f"$ {command}\n{printed}\nThe page says:\n{shown}"
    installed.done("pkill", "-INT", "-x", "barnabas")
    assert process.wait(TIMEOUT_S) == 0
    assert not list(installed.path("tmp").glob("barnabas-dev-*"))


def test_the_page_is_a_tour():
    commands = [command for _, command, _ in steps()]
    for needed in ("topic create", "produce", "consume", "group lag", "group seek", "/metrics"):
        assert any(needed in command for command in commands), needed
