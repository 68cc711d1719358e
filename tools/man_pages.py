"""The man pages barnabas(1) and barnabas.properties(5), made from what the program says about itself."""

from __future__ import annotations

import json
import re
import subprocess

TERM = re.compile(r"^  (\S.*?)(?:\s{2,}(\S.*))?$")
SECTIONS = ("Positionals", "Options", "Subcommands", "Examples")

FILES = [
    ("/etc/barnabas/server.properties", "What the broker that barnabas.service runs is set to; barnabas.properties(5) has the names."),
    ("/var/lib/barnabas", "Its records and its metadata."),
    ("~/.local/share/barnabas", "The same of a broker that a user starts without log.dirs."),
    ("~/.config/barnabas/profiles.properties", "Clusters by name, for --profile."),
]

ENVIRONMENT = [
    ("BARNABAS_BROKERS, BARNABAS_PROFILE", "Where the cluster is, for every command that talks to one."),
    ("BARNABAS_CLI_CONFIG", "Another file of profiles."),
    ("BARNABAS_NAME, KAFKA_NAME", "A setting of barnabas serve: LOG_DIRS is log.dirs. The first of the two wins, and --set over both."),
]

EXIT = [
    ("0", "Done."),
    ("1", "The broker refused; or, of serve, it could not start or not go on."),
    ("2", "Wrong usage, wrong settings, or nobody was there to be asked and --yes was not given."),
    ("3", "Could not connect, or no answer in time."),
]


def says(binary, *words):
    return subprocess.run([binary, *words], capture_output=True, text=True, check=True).stdout


def commands(binary, *words):
    """(words, help) of every command that can be typed."""
    text = says(binary, *words, "--help")
    below = [line.split()[0] for line in text.partition("Subcommands:")[2].splitlines() if line.startswith("  ")]
    if not below:
        yield words, text
    for word in below:
        yield from commands(binary, *words, word)


def roff(text):
    """Text as it stands: no dash becomes a hyphen, no line a request."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga").replace("^", r"\(ha")
    text = text.replace("~", r"\(ti")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def terms(pairs):
    for term, meaning in pairs:
        yield f".TP\n.B {roff(term)}\n{roff(meaning)}"


def parts_of(help_text):
    """(section, lines): what comes first, then each of SECTIONS, and text behind the examples as ""."""
    section, lines = "", []
    for line in help_text.splitlines():
        heading = line.rstrip(":")
        if line.endswith(":") and heading in SECTIONS:
            yield section, lines
            section, lines = heading, []
        elif section == "Examples" and line and not line.startswith("  "):
            yield section, lines
            section, lines = "", [line]
        else:
            lines.append(line.rstrip())
    yield section, lines


def options(lines):
    found = []
    for line in lines:
        term = TERM.match(line) if not line.startswith("   ") else None
        if term:
            found.append([term[1], term[2] or ""])
        elif line.strip() and found:
            found[-1][1] = f"{found[-1][1]} {line.strip()}".strip()
    return terms(found)


def command_section(words, help_text):
    yield f".SS barnabas {roff(' '.join(words))}"
    paragraph = ""  # none right under a heading
    for section, lines in parts_of(help_text):
        if section == "Examples":
            yield ".PP\nExamples:\n.PP\n.EX"
            yield from (roff(line) for line in lines if line)
            yield ".EE"
        elif section:
            yield from options(lines)
        else:
            # Lines that are laid out by blanks stay so.
            for line in filter(None, lines):
                if line.startswith("Usage: "):
                    yield f"{paragraph}.B {roff(line.removeprefix('Usage: '))}"
                elif re.search(r"\S {2,}\S|^ ", line):
                    yield f"{paragraph}.EX\n{roff(line)}\n.EE"
                else:
                    yield f"{paragraph}{roff(line)}"
                paragraph = ".PP\n"


def head(name, section, version, day, what):
    return f'.TH {name} {section} {day} "barnabas {version}" Barnabas\n.ad l\n.SH NAME\n{what}'


def commands_page(binary, version, day):
    """barnabas(1)"""
    lines = [
        head("BARNABAS", 1, version, day, r"barnabas \- a message log that speaks Apache Kafka\(aqs protocol"),
        ".SH SYNOPSIS\n.B barnabas\n.I COMMAND\n.RI [ OPTIONS ]",
        ".SH DESCRIPTION",
        "Runs a broker that Kafka\\(aqs clients use as they are, and looks after clusters, of Barnabas or of Apache Kafka.",
        "Where the cluster is, is said by",
        roff("--brokers, --profile, BARNABAS_BROKERS, BARNABAS_PROFILE, the file of profiles, localhost:9092: the first of them"),
        "that is given.",
        ".SH COMMANDS",
    ]
    for words, text in commands(binary):
        lines += command_section(words, text)
    lines += [".SH ENVIRONMENT", *terms(ENVIRONMENT), ".SH FILES", *terms(FILES), ".SH EXIT STATUS", *terms(EXIT)]
    lines += [".SH SEE ALSO", ".BR barnabas.properties (5),", ".BR kcat (1)"]
    return "\n".join(lines) + "\n"


def settings_page(binary, version, day):
    """barnabas.properties(5): the settings that do something."""
    known = json.loads(says(binary, "config", "explain", "-o", "json"))
    names = [row["config"] for row in known if row["of"] == "broker" and row["effect"] == "effective"]
    rows = [row for row in json.loads(says(binary, "config", "explain", *names, "-o", "json")) if row["of"] == "broker"]
    lines = [
        head("BARNABAS.PROPERTIES", 5, version, day, r"barnabas.properties \- settings of a Barnabas broker"),
        ".SH DESCRIPTION",
        "A file of properties as Apache Kafka has them: a line",
        ".IR name = value",
        "each, and lines that begin with # as comments.",
        "barnabas serve is given it; the service reads /etc/barnabas/server.properties.",
        "Here are the settings that do something. The others of Kafka are known too, and are said at the start when they are",
        "set; those that promise protection which is not there stop it.",
        ".SH SETTINGS",
    ]
    for row in rows:
        default = "none" if row["default"] is None else row["default"] or "empty"
        lines.append(f".TP\n.B {roff(row['config'])}\n{roff(row['meaning'].replace('`', ''))}")
        lines.append(f"{roff(row['type'])}, {roff(row['allowed'])}; default: {roff(default)}." if row["allowed"] else f"{roff(row['type'])}; default: {roff(default)}.")
    lines += [".SH SEE ALSO", ".BR barnabas (1)"]
    return "\n".join(lines) + "\n"
