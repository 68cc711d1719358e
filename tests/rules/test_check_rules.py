"""tools/check_rules.py is shown a small repository with each mistake."""

import sys

import pytest

from wire import REPOSITORY

sys.path.append(str(REPOSITORY / "tools"))
import check_rules  # noqa: E402

PYTHON = '''
from talk import rule

@rule("P1", "P2")
def test_P1_something():
    pass

@rule("I1")
@other("P9")
def test_I1_something():
    pass
'''
CPP = """
// P3: and how it goes.
// Another line.
TEST(Suite, Above) {
  EXPECT_TRUE(true);  // V1, V2
}

// P7 is only spoken of here.
static int helper() { return 1; }

TEST_F(Suite, Behind) {  // D5 and D6
  // see P8
}
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests/rules").mkdir(parents=True)
    (tmp_path / "src/room").mkdir(parents=True)
    (tmp_path / "tests/rules/test_some.py").write_text(PYTHON)
    (tmp_path / "src/room/some_test.cpp").write_text(CPP)
    monkeypatch.setattr(check_rules, "REPOSITORY", tmp_path)
    monkeypatch.setattr(check_rules, "PAGE", tmp_path / "docs/rules.md")
    return tmp_path


RULES = {
    "P1": "tests/rules/test_some.py",
    "P2": "tests/rules/test_some.py",
    "P3": "src/room/some_test.cpp",
    "I1": "tests/rules/test_some.py",
    "V1": "src/room/some_test.cpp",
    "V2": "src/room/some_test.cpp",
    "D5": "src/room/some_test.cpp",
    "D6": "src/room/some_test.cpp",
}


def page(rules):
    return [f"| {rule} | words | [x](../{file}) |" for rule, file in rules.items()]


def found(lines):
    return list(check_rules.problems(lines, check_rules.proofs()))


def test_what_tests_name(repository):
    assert {rule: set(files) for rule, files in check_rules.proofs().items()} == {r: {f} for r, f in RULES.items()}
    assert check_rules.proofs()["V2"]["src/room/some_test.cpp"] == {"Suite.Above"}


def test_a_complete_page(repository):
    assert found(page(RULES)) == []


def test_a_rule_without_a_row(repository):
    (problem,) = found([line for line in page(RULES) if not line.startswith("| V1")])
    assert problem == "src/room/some_test.cpp: Suite.Above names V1, which has no row in docs/rules.md"


def test_a_row_without_a_test(repository):
    lines = page(RULES)
    assert found([*lines, "| A1 | words | |"]) == ["docs/rules.md:9: A1 names no test"]
    assert found([*lines, "| A1 | words | [x](../tests/rules/test_some.py) |"]) == [
        "docs/rules.md:9: A1: no test in tests/rules/test_some.py names it"
    ]
    assert found([*lines, "| A1 | words | [x](../tests/gone.py) |"]) == [
        "docs/rules.md:9: A1: no test in tests/gone.py names it"
    ]


def test_a_row_twice_and_a_row_without_words(repository):
    lines = page(RULES)
    assert found([*lines, lines[0]]) == ["docs/rules.md:9: P1 has two rows"]
    lines[0] = lines[0].replace("words", "")
    assert found(lines) == ["docs/rules.md:1: P1 has no words"]
