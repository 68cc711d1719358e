#!/usr/bin/env python3
"""Makes a table of all messages for the codec's tests: decode, encode and fill each with random values, by name.

    generate_protocol_table.py --schemas schemas --out BUILD/generated_tests --shards 4
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import generate_protocol as generate  # noqa: E402
import schema  # noqa: E402


def fill(message: schema.Message, name: str, fields, versions: schema.Versions) -> list[str]:
    body = []
    for field in fields:
        condition = generate.in_range(field.versions, versions)
        nullable = "false"
        if field.can_be_null:
            nullable = generate.in_range(field.nullable, versions.clip(field.versions)) or "true"
        line = f"filler.value(m.{generate.member(field)}, v, {nullable});"
        body.append(f"  if ({condition}) {line}" if condition else f"  {line}")
    if message.flexible.clip(versions):
        condition = generate.in_range(message.flexible, versions)
        line = "filler.unknown(m.unknown_tags);"
        body.append(f"  if ({condition}) {line}" if condition else f"  {line}")
    return [f"void fill([[maybe_unused]] Filler& filler, [[maybe_unused]] {name}& m, [[maybe_unused]] std::int16_t v) {{", *body, "}", ""]


def message_lines(message: schema.Message) -> list[str]:
    out = []
    if message.structs:
        out.append(f"namespace {generate.inner_namespace(message)} {{")
        for struct in message.structs.values():
            out += fill(message, struct.name, struct.fields, struct.versions)
        out += ["}", ""]
    return out + fill(message, message.name, message.fields, message.versions)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--schemas", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--shards", type=int, required=True)
    options = arguments.parse_args()
    files = schema.load_all(options.schemas).files
    for index in range(options.shards):
        mine = files[index::options.shards]
        out = [generate.BANNER.rstrip(), '#include "protocol_table.h"', ""]
        out += [f'#include "protocol/generated/{file.stem}.h"' for file in mine]
        out += ["", "namespace barnabas::protocol {", "", "using test::Filler;", ""]
        for file in mine:
            for message in file.messages:
                out += message_lines(message)
        out += ["namespace test {", f"void add_shard_{index}(std::vector<Entry>& table) {{"]
        for file in mine:
            out += [f'  table.push_back(entry<{message.name}>("{message.name}"));' for message in file.messages]
        out += ["}", "}  // namespace test", "}  // namespace barnabas::protocol", ""]
        generate.write(options.out / f"protocol_table_{index}.cpp", "\n".join(out))
    declare = "".join(f"void add_shard_{i}(std::vector<Entry>& table);\n" for i in range(options.shards))
    calls = "".join(f"  add_shard_{i}(table);\n" for i in range(options.shards))
    generate.write(options.out / "protocol_table.cpp", f"""{generate.BANNER}#include "protocol_table.h"

namespace barnabas::protocol::test {{

{declare}
std::vector<Entry> all_messages() {{
  std::vector<Entry> table;
{calls}  return table;
}}

}}  // namespace barnabas::protocol::test
""")


if __name__ == "__main__":
    main()
