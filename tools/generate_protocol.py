#!/usr/bin/env python3
"""Makes the C++ messages from schemas/: one header a schema file, and their codecs spread over a few sources.

    generate_protocol.py --schemas schemas --out BUILD/generated --shards 8

writes OUT/protocol/generated/{STEM.h ..., api_key.h} and OUT/protocol_messages_{0..N-1}.cpp, OUT/protocol_api_table.cpp.
Files whose contents stay the same keep their time, so that only what changed is compiled again.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import schema  # noqa: E402

CPP_SCALARS = {
    "bool": "bool", "int8": "std::int8_t", "int16": "std::int16_t", "uint16": "std::uint16_t", "int32": "std::int32_t",
    "int64": "std::int64_t", "float64": "double", "string": "std::string", "bytes": "BytesField", "records": "RecordsField",
    "uuid": "Uuid",
}
FIXED = {"bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "int64": 8, "float64": 8, "uuid": 16}
KEYWORDS = {"v", "decoder", "encoder", "flexible", "tags", "class", "default", "delete", "operator", "namespace", "new", "private", "public", "register", "template", "this",
            "union", "switch", "case", "enum", "struct", "double", "float", "int", "long", "short", "signed", "unsigned"}
BANNER = "// Made by tools/generate_protocol.py. Change the schema, not this file.\n"


def member(field: schema.Field) -> str:
    return field.name + "_" if field.name in KEYWORDS else field.name


def cpp_type(type_: schema.Type, nullable: bool) -> str:
    if type_.kind == "array":
        text = f"std::vector<{cpp_type(type_.element, False)}>"
    elif type_.kind == "struct":
        text = type_.struct_name
    else:
        text = CPP_SCALARS[type_.kind]
    return f"std::optional<{text}>" if nullable and type_.kind != "records" else text


def initializer(field: schema.Field) -> str:
    kind, value = field.type.kind, field.default
    if field.can_be_null:
        if value is None or kind == "records":
            return ""
        return f' = "{value}"' if kind == "string" else "{std::in_place}"
    if kind == "bool":
        return " = true" if value else " = false"
    if kind in schema.INTEGER_BITS or kind == "float64":
        return f" = {value}"
    if kind == "string" and value:
        return f' = "{value}"'
    return ""


def not_default(field: schema.Field) -> str:
    """A condition: the field holds something that would be lost if it were left out."""
    name, kind, value = member(field), field.type.kind, field.default
    if kind == "records":
        return f"!{name}.is_null()" if field.can_be_null else f"{name}.size() > 0"
    if field.can_be_null and value is None:
        return f"{name}.has_value()"
    if kind == "bool":
        return f"!{name}" if value else name
    if kind in FIXED and kind != "uuid":
        return f"{name} != {value}"
    if kind == "uuid":
        return f"!{name}.is_zero()"
    if kind == "string" and (value or field.can_be_null):
        return f'{name} != "{value}"'
    if kind == "struct":
        differs = f"{'*' if field.can_be_null else ''}{name} == {field.type.struct_name}{{}}"
        return f"!{name} || !({differs})" if field.can_be_null else f"!({differs})"
    return f"!{name} || !{name}->empty()" if field.can_be_null else f"!{name}.empty()"


def in_range(versions: schema.Versions, known: schema.Versions) -> str:
    """The condition that the version v, which lies in `known`, lies in `versions`; empty when it always does."""
    parts = []
    if versions.low > known.low:
        parts.append(f"v >= {versions.low}")
    if versions.high < known.high:
        parts.append(f"v <= {versions.high}")
    return " && ".join(parts)


def min_bytes(struct: schema.Struct, message: schema.Message) -> int:
    """The least that the struct takes on the wire, over all versions that have it."""

    def of_type(field: schema.Field, version: int) -> int:
        kind, flexible = field.type.kind, message.is_flexible(version)
        if kind in FIXED:
            return FIXED[kind]
        if kind == "struct":
            return 1 if field.can_be_null else of_struct(field.type.struct, version)
        if kind == "string":
            return 1 if flexible else 2
        return 1 if flexible else 4

    def of_struct(which: schema.Struct, version: int) -> int:
        fields = sum(of_type(f, version) for f in which.fields if version in f.versions and f.tag is None)
        return fields + (1 if message.is_flexible(version) else 0)

    least = min(of_struct(struct, version) for version in struct.versions)
    if least == 0:
        raise schema.SchemaError(f"{message.name}: {struct.name} takes no bytes in some version")
    return least


class MessageWriter:
    def __init__(self, message: schema.Message):
        self.message = message
        flexible = message.flexible
        if not flexible:
            self.flexible = "false"
        elif flexible.covers(message.versions):
            self.flexible = "true"
        else:
            self.flexible = "flexible"

    def uses_tags(self, versions: schema.Versions) -> bool:
        return bool(self.message.flexible.clip(versions))

    # The declaration

    def declaration(self) -> list[str]:
        message = self.message
        out = []
        if message.structs:
            # Outside the message: a nested class with default values is not complete where std::optional asks for it.
            out += [f"namespace {inner_namespace(message)} {{", ""]
            for struct in message.structs.values():
                out.append(f"struct {struct.name} {{")
                out += self.members(struct.fields, struct.versions, struct.name, "  ")
                out += ["};", ""]
            out += [f"}}  // namespace {inner_namespace(message)}", ""]
        out += [f"// {message.comment}"] if message.comment else []
        out.append(f"struct {message.name} {{")
        if message.api_key is not None:
            out.append(f"  static constexpr ApiKey kKey = ApiKey::{constant(message.name.removesuffix(message.kind.capitalize()))};")
            out.append(f"  static constexpr bool kIsRequest = {'true' if message.kind == 'request' else 'false'};")
        if message.record_type is not None:
            out.append(f"  static constexpr std::int16_t kRecordType = {message.record_type};")
        out.append(f"  static constexpr std::int16_t kMinVersion = {message.versions.low};")
        out.append(f"  static constexpr std::int16_t kMaxVersion = {message.versions.high};")
        first = message.flexible.low if message.flexible else schema.MAX_VERSION
        out.append(f"  static constexpr std::int16_t kFirstFlexible = {first};{'' if message.flexible else '  // never'}")
        out.append("")
        out += [f"  using {struct} = {inner_namespace(message)}::{struct};" for struct in message.structs]
        out += [""] if message.structs else []
        out += self.members(message.fields, message.versions, message.name, "  ")
        out.append("};")
        return out

    def members(self, fields, versions, name, indent) -> list[str]:
        out = []
        for field in fields:
            line = f"{indent}{cpp_type(field.type, field.can_be_null)} {member(field)}{initializer(field)};"
            remarks = [in_words(field.versions, versions)] if field.versions != versions else []
            remarks += [field.comment] if field.comment else []
            out.append(line + (f"  // {'; '.join(remarks)}" if remarks else ""))
        if self.uses_tags(versions):
            out.append(f"{indent}UnknownTags unknown_tags;")
        out += ["", f"{indent}void decode(Decoder& decoder, std::int16_t version);",
                f"{indent}void encode(Encoder& encoder, std::int16_t version) const;",
                f"{indent}friend bool operator==(const {name}&, const {name}&) = default;"]
        if self.message.kind == "response":
            out += self.error_visitor(fields, indent)
        return out

    def error_visitor(self, fields, indent) -> list[str]:
        """each_error(f): every error code of an answer and of its parts."""
        calls = []
        for field in fields:
            if field.name == "error_code":
                calls.append("f(error_code);")
            elif field.type.kind == "array" and field.type.element.kind == "struct" and self.has_errors(field.type.element.struct_name):
                each = f"for (const auto& part : {'*' if field.can_be_null else ''}{member(field)}) part.each_error(f);"
                calls.append(f"if ({member(field)}) {{ {each} }}" if field.can_be_null else each)
        argument = "f" if calls else ""
        return ["", f"{indent}template <class F>", f"{indent}void each_error(F&& {argument}) const {{",
                *[f"{indent}  {call}" for call in calls], f"{indent}}}"]

    def has_errors(self, struct_name) -> bool:
        return any(
            field.name == "error_code"
            or (field.type.kind == "array" and field.type.element.kind == "struct" and self.has_errors(field.type.element.struct_name))
            for field in self.message.structs[struct_name].fields
        )

    # The definitions

    def definitions(self) -> list[str]:
        out = []
        for struct in self.message.structs.values():
            out += self.functions(f"{inner_namespace(self.message)}::{struct.name}", struct.fields, struct.versions, False)
        return out + self.functions(self.message.name, self.message.fields, self.message.versions, True)

    def functions(self, name, fields, versions, is_message) -> list[str]:
        decode, encode = [], []
        if is_message:
            check = "if (v < kMinVersion || v > kMaxVersion) return "
            decode.append(f'  {check}decoder.fail("no such version of {name}");')
            encode.append(f'  {check}encoder.fail("{name}", "has no such version");')
        for field in fields:
            if field.tag is not None:
                continue
            condition = in_range(field.versions, versions)
            if condition:
                decode += [f"  if ({condition}) {{", "  " + self.decode_field(field, versions), "  }"]
                encode += [f"  if ({condition}) {{", "  " + self.encode_field(field, versions)]
                if not field.ignorable:
                    encode += [f"  }} else if ({not_default(field)}) {{",
                               f'    encoder.no_such_field("{field.name}", v);']
                encode.append("  }")
            else:
                decode.append(self.decode_field(field, versions))
                encode.append(self.encode_field(field, versions))
        tagged = sorted((f for f in fields if f.tag is not None), key=lambda f: f.tag)
        if self.uses_tags(versions):
            guard = "" if self.message.flexible.covers(versions) else "if (flexible) "
            decode += self.decode_tags(tagged, versions, guard)
            encode += self.encode_tags(tagged, versions, guard)
        out = []
        for verb, codec, body, constant in (("decode", "Decoder& decoder", decode, ""), ("encode", "Encoder& encoder", encode, " const")):
            uses_version = any(re.search(r"\bv\b", line) for line in body)
            if any(re.search(r"\bflexible\b", line) for line in body):
                body.insert(1 if is_message else 0, f"  const bool flexible = v >= {self.message.flexible.low};")
                uses_version = True
            if not body:
                codec = codec.split()[0]
            out.append(f"void {name}::{verb}({codec}, std::int16_t{' v' if uses_version else ''}){constant} {{")
            out += body + ["}", ""]
        return out

    def call(self, coder: str, field: schema.Field, known: schema.Versions) -> str:
        """One expression that decodes or encodes a field whose version has been checked."""
        name, kind, flexible = member(field), field.type.kind, "false" if field.legacy else self.flexible
        if field.tag is not None:
            flexible = "true"
        encoding = coder == "encoder"
        if kind in FIXED:
            return f"{coder}.fixed({name})"
        if kind == "array" and field.type.element.kind == "struct":
            least = "" if encoding else f"{min_bytes(field.type.element.struct, self.message)}, "
            method, arguments = "structs", f"{flexible}, v, {least}{name}"
        else:
            method, arguments = {"array": "array"}.get(kind, kind), f"{flexible}, {name}"
        if encoding:
            arguments += f', "{field.name}"'
        plain, nullable = f"{coder}.{method}({arguments})", f"{coder}.nullable_{method}({arguments})"
        if not field.can_be_null:
            return plain
        condition = in_range(field.nullable, known.clip(field.versions))
        return f"{condition} ? {nullable} : {plain}" if condition else nullable

    def decode_field(self, field, known) -> str:
        name = member(field)
        if field.type.kind == "struct":
            if field.can_be_null:
                self.always_nullable(field)
                there = "decoder.present()" if field.tag is None else "decoder.uvarint() > 0"
                return f"  {there} ? {name}.emplace().decode(decoder, v) : {name}.reset();"
            return f"  {name}.decode(decoder, v);"
        return f"  {self.call('decoder', field, known)};"

    def encode_field(self, field, known) -> str:
        name = member(field)
        if field.type.kind == "struct":
            if field.can_be_null:
                mark = f"present({name}.has_value())" if field.tag is None else f"uvarint({name} ? 1 : 0)"
                return f"  encoder.{mark};\n  if ({name}) {name}->encode(encoder, v);"
            return f"  {name}.encode(encoder, v);"
        return f"  {self.call('encoder', field, known)};"

    def always_nullable(self, field) -> None:
        if not field.nullable.covers(field.versions):
            raise schema.SchemaError(f"{self.message.name}: {field.name} is a struct that can be null in some versions only")

    def decode_tags(self, tagged, versions, guard) -> list[str]:
        if not tagged:
            return [f"  {guard}decoder.unknown_tags(unknown_tags);"]
        out = [f"  {guard}{{" if guard else "  {",
               "    for (Decoder::Tags tags(decoder); tags.next();) {", "      switch (tags.tag()) {"]
        flexible = versions.clip(self.message.flexible)
        for field in tagged:
            condition = in_range(field.versions, flexible)
            out.append(f"        case {field.tag}:")
            if condition:
                out.append(f"          if (!({condition})) {{ tags.keep(unknown_tags); break; }}")
            if field.type.kind == "struct" and not field.can_be_null:
                out.append(f"          {member(field)} = {{}};")
            out += ["        " + self.decode_field(field, field.versions), "          break;"]
        return out + ["        default: tags.keep(unknown_tags);", "      }", "    }", "  }"]

    def encode_tags(self, tagged, versions, guard) -> list[str]:
        if not tagged:
            return [f"  {guard}encoder.unknown_tags(unknown_tags);"]
        out = []
        for field in tagged:
            condition = in_range(field.versions, versions)
            there = not_default(field)
            out.append(f"  const bool has_{field.name} = {f'{condition} && ({there})' if condition else there};")
            if condition and not field.ignorable:
                out.append(f'  if (!({condition}) && ({there})) encoder.no_such_field("{field.name}", v);')
        count = " + ".join(f"(has_{field.name} ? 1u : 0u)" for field in tagged)
        out += [f"  {guard}{{" if guard else "  {", f"    Encoder::Tags tags(encoder, {count}, unknown_tags);"]
        for field in tagged:
            out += [f"    if (has_{field.name}) {{", f"      tags.begin({field.tag});",
                    "    " + self.encode_field(field, field.versions), "      tags.end();", "    }"]
        return out + ["    tags.rest();", "  }"]


def inner_namespace(message: schema.Message) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", message.name).lower()


def in_words(versions: schema.Versions, known: schema.Versions) -> str:
    if versions.low == versions.high:
        return f"version {versions.low}"
    if versions.high >= known.high:
        return f"versions {versions.low}+"
    return f"versions {versions.low}-{versions.high}"


def constant(name: str) -> str:
    return "k" + name


def header(file: schema.File) -> str:
    out = ["#pragma once", BANNER.rstrip()]
    out += [f"// {owner.comment}" for owner in [*file.apis, *file.records] if owner.comment]
    out += ["#include <cstdint>", "#include <optional>", "#include <string>", "#include <vector>", "", '#include "protocol/codec.h"']
    if file.apis:
        out.append('#include "protocol/generated/api_key.h"')
    out += ["", "namespace barnabas::protocol {", ""]
    for message in file.messages:
        out += MessageWriter(message).declaration() + [""]
    return "\n".join(out + ["}  // namespace barnabas::protocol", ""])


def api_key_header(catalogue: schema.Catalogue) -> str:
    out = ["#pragma once", BANNER.rstrip(), "#include <cstdint>", "", "namespace barnabas::protocol {", "",
           "enum class ApiKey : std::int16_t {"]
    out += [f"  {constant(api.name)} = {key}," for key, api in sorted(catalogue.apis_by_key.items())]
    return "\n".join(out + ["};", "", "}  // namespace barnabas::protocol", ""])


def api_table(catalogue: schema.Catalogue) -> str:
    out = [BANNER.rstrip(), "#include <array>", "", '#include "protocol/api.h"', "", "namespace barnabas::protocol {", "", "namespace {",
           "constexpr std::array kApis = {"]
    for _, api in sorted(catalogue.apis_by_key.items()):
        flexible = api.request.flexible.low if api.request.flexible else schema.MAX_VERSION
        out.append(f'    ApiInfo{{ApiKey::{constant(api.name)}, "{api.name}", {api.stable.low}, {api.stable.high}, {api.versions.high}, {flexible}}},')
    out += ["};", "}  // namespace", "", "std::span<const ApiInfo> all_apis() { return kApis; }", "", "}  // namespace barnabas::protocol", ""]
    return "\n".join(out)


def shards(catalogue: schema.Catalogue, count: int) -> list[str]:
    """Sources of about equal size, the same whatever order the files are read in."""
    parts = [(file.stem, [line for m in file.messages for line in MessageWriter(m).definitions()]) for file in catalogue.files]
    parts.sort(key=lambda part: (-len(part[1]), part[0]))
    bins: list[list] = [[] for _ in range(count)]
    for part in parts:
        min(bins, key=lambda b: sum(len(lines) for _, lines in b)).append(part)
    texts = []
    for which in bins:
        which.sort()
        out = [BANNER.rstrip()] + [f'#include "protocol/generated/{stem}.h"' for stem, _ in which]
        out += ["", "namespace barnabas::protocol {", ""] + [line for _, lines in which for line in lines]
        texts.append("\n".join(out + ["}  // namespace barnabas::protocol", ""]))
    return texts


def write(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--schemas", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--shards", type=int, required=True)
    options = arguments.parse_args()
    try:
        catalogue = schema.load_all(options.schemas)
        headers = options.out / "protocol" / "generated"
        write(headers / "api_key.h", api_key_header(catalogue))
        for file in catalogue.files:
            write(headers / f"{file.stem}.h", header(file))
        for index, text in enumerate(shards(catalogue, options.shards)):
            write(options.out / f"protocol_messages_{index}.cpp", text)
        write(options.out / "protocol_api_table.cpp", api_table(catalogue))
    except schema.SchemaError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
