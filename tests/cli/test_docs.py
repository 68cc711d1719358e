"""docs/command-line.md is what the program says about itself.

BARNABAS_WRITE_DOCS=1 pytest tests/cli/test_docs.py writes it anew.
"""

import os
from pathlib import Path

from conftest import run

PAGE = Path(__file__).parents[2] / "docs/command-line.md"

OPENING = """# The command line

Made from `barnabas COMMAND --help` by `BARNABAS_WRITE_DOCS=1 pytest tests/cli/test_docs.py`; change the help in
`src/cli/grammar_*.cpp`.

**Where the cluster is.** The first of these that is given: `--brokers` (`-b`, or Kafka's `--bootstrap-server`),
`--profile`, `BARNABAS_BROKERS`, `BARNABAS_PROFILE`, the profile that the file of profiles chooses, `localhost:9092`. One
address that answers is enough.

**Profiles** name clusters, in the syntax of Java's properties:

```properties
# ~/.config/barnabas/profiles.properties, or where XDG_CONFIG_HOME or BARNABAS_CLI_CONFIG say
profile = staging
staging.brokers = kafka-1:9092,kafka-2:9092
production.brokers = kafka.example.org:9092
```

**How it prints.** A table, whose columns are two blanks or more apart and whose first line `--no-headings` leaves out;
the same when its output is a pipe. `-o json` and `-o yaml` are for programs: their keys stay, tables may get columns.

**How it ends.**

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the broker refused; standard error has Kafka's name and number of the error, and what to do |
| 2 | wrong usage, or nobody was there to be asked and `--yes` was not given |
| 3 | could not connect, or no answer before `--timeout` |

What destroys something says what it will do and asks first; `--yes` answers.
"""


def commands(*words):
    text = run(*words, "--help").out
    below = [line.split()[0] for line in text.partition("Subcommands:")[2].splitlines() if line.startswith("  ")]
    if not below:
        yield words, text
    for word in below:
        yield from commands(*words, word)


def page():
    parts = [OPENING]
    for words, text in commands():
        lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
        while "\n\n\n" in lines:
            lines = lines.replace("\n\n\n", "\n\n")
        parts.append(f"## barnabas {' '.join(words)}\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


def test_the_page_says_what_the_program_says():
    if os.environ.get("BARNABAS_WRITE_DOCS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
