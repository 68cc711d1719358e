"""Reads the schema files in schemas/ (their grammar: schemas/README.md).

    catalogue = schema.load_all(Path("schemas"))
    produce = catalogue.apis["Produce"]           # Api: key, versions, stable, request, response
    for field in produce.request.fields:          # Field: name, type, versions, nullable, tag, default ...
        ...
    catalogue.messages["OffsetCommitValue"]       # every message by name, requests and responses too

Everything a codec needs is resolved here: version ranges are clipped to the message's, a struct's fields hang on the
Struct object, defaults are Python values. What is wrong with a file is a SchemaError that names file and line.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field as dataclass_field
from pathlib import Path

MAX_VERSION = 32767
SCALARS = ("bool", "int8", "int16", "uint16", "int32", "int64", "float64", "string", "bytes", "records", "uuid")
INTEGER_BITS = {"int8": 8, "int16": 16, "uint16": 16, "int32": 32, "int64": 64}


class SchemaError(Exception):
    pass


@dataclass(frozen=True)
class Versions:
    """An inclusive range; empty when low > high."""

    low: int
    high: int

    def __contains__(self, version: int) -> bool:
        return self.low <= version <= self.high

    def __bool__(self) -> bool:
        return self.low <= self.high

    def __iter__(self):
        return iter(range(self.low, self.high + 1))

    def clip(self, other: Versions) -> Versions:
        return Versions(max(self.low, other.low), min(self.high, other.high))

    def covers(self, other: Versions) -> bool:
        return self.low <= other.low and other.high <= self.high


NEVER = Versions(1, 0)


def parse_versions(text: str) -> Versions:
    if text == "none":
        return NEVER
    match = re.fullmatch(r"(\d+)(\+|-(\d+))?", text)
    if not match:
        raise SchemaError(f"not a version range: {text}")
    low = int(match[1])
    if match[2] is None:
        return Versions(low, low)
    return Versions(low, MAX_VERSION if match[2] == "+" else int(match[3]))


@dataclass
class Type:
    kind: str  # one of SCALARS, or "struct", or "array"
    element: Type | None = None  # of an array
    struct: Struct | None = None  # of a struct
    struct_name: str = ""

    def spelled(self) -> str:
        return f"[{self.element.spelled()}]" if self.kind == "array" else self.struct_name or self.kind


@dataclass
class Field:
    name: str
    type: Type
    versions: Versions
    nullable: Versions = NEVER
    tag: int | None = None
    ignorable: bool = False  # silently left out of versions that lack it, whatever its value
    map_key: bool = False
    entity: str = ""
    legacy: bool = False  # keeps its two-byte length in flexible versions
    default: object = None
    comment: str = ""

    @property
    def can_be_null(self) -> bool:
        return bool(self.nullable)


@dataclass
class Struct:
    name: str
    fields: list[Field] = dataclass_field(default_factory=list)
    versions: Versions = NEVER  # where any field of this type is present


@dataclass
class Message:
    name: str
    kind: str  # request, response, key, value, message
    versions: Versions
    flexible: Versions
    fields: list[Field] = dataclass_field(default_factory=list)
    structs: dict[str, Struct] = dataclass_field(default_factory=dict)  # inner ones first
    comment: str = ""
    api_key: int | None = None
    record_type: int | None = None

    def is_flexible(self, version: int) -> bool:
        return version in self.flexible


@dataclass
class Api:
    name: str
    key: int
    versions: Versions
    stable: Versions  # what may be advertised
    comment: str = ""
    request: Message | None = None
    response: Message | None = None


@dataclass
class Record:
    """A kind of record in one of the internal topics: the first two bytes of its key say `type`."""

    name: str
    topic: str
    type: int
    comment: str = ""
    key: Message | None = None
    value: Message | None = None


@dataclass
class File:
    stem: str
    apis: list[Api] = dataclass_field(default_factory=list)
    records: list[Record] = dataclass_field(default_factory=list)
    messages: list[Message] = dataclass_field(default_factory=list)  # all, in order


@dataclass
class Catalogue:
    files: list[File] = dataclass_field(default_factory=list)
    apis: dict[str, Api] = dataclass_field(default_factory=dict)
    apis_by_key: dict[int, Api] = dataclass_field(default_factory=dict)
    records: dict[str, Record] = dataclass_field(default_factory=dict)
    messages: dict[str, Message] = dataclass_field(default_factory=dict)


def load_all(directory: Path) -> Catalogue:
    catalogue = Catalogue()
    for path in sorted(Path(directory).glob("*.schema")):
        file = load(path)
        catalogue.files.append(file)
        for api in file.apis:
            if api.key in catalogue.apis_by_key:
                raise SchemaError(f"{path.name}: key {api.key} is taken by {catalogue.apis_by_key[api.key].name}")
            catalogue.apis[api.name] = catalogue.apis_by_key[api.key] = api
        for record in file.records:
            catalogue.records[record.name] = record
        for message in file.messages:
            if message.name in catalogue.messages:
                raise SchemaError(f"{path.name}: a second message {message.name}")
            catalogue.messages[message.name] = message
    return catalogue


def load(path: Path) -> File:
    return _Parser(Path(path)).file()


def zero_value(type_: Type, nullable: bool) -> object:
    """What a field is when the schema gives no default. Nullable does not mean null by default: `= null` does."""
    if type_.kind == "array":
        return []
    if type_.kind == "struct":
        return {}
    if type_.kind == "records":
        return None if nullable else b""
    return {"bool": False, "float64": 0.0, "string": "", "bytes": b"", "uuid": bytes(16)}.get(type_.kind, 0)


class _Parser:
    def __init__(self, path: Path):
        self.path = path
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.number = 0

    def error(self, why: str) -> SchemaError:
        return SchemaError(f"{self.path.name}:{self.number}: {why}")

    def file(self) -> File:
        try:
            return self._file()
        except SchemaError as problem:
            raise problem if str(problem).startswith(self.path.name) else self.error(str(problem)) from None

    def _file(self) -> File:
        result = File(self.path.stem)
        owner: Api | Record | None = None
        message: Message | None = None
        remarks: list[str] = []
        stack: list[tuple[int, Struct]] = []  # indentation of the fields of a struct that is being read
        for self.number, raw in enumerate(self.lines, 1):
            code, comment = _split_comment(raw)
            if not code.strip():
                if comment is not None and not raw.startswith(" "):
                    remarks.append(comment)
                elif comment is None:
                    remarks = remarks if owner is None and message is None else []
                continue
            if code.startswith(" "):
                if message is None:
                    raise self.error("a field before any message")
                self._field(code, comment or "", message, stack)
                continue
            words = code.split()
            about, remarks = " ".join(remarks), []
            head, options = words[0], words[1:]
            if head == "struct":
                if message is None:
                    raise self.error("a struct before any message")
                message.structs[options[0]] = Struct(options[0])
                stack = [(2, message.structs[options[0]])]
                continue
            if message is not None:
                self._resolve(message)
                message = None
            if head == "api":
                owner = self._api(options, about)
                result.apis.append(owner)
                continue
            if head == "record":
                owner = self._record(options, about)
                result.records.append(owner)
                continue
            if head in ("request", "response") and isinstance(owner, Api):
                message = self._section(owner, head, options)
                message.comment = about
                setattr(owner, head, message)
            elif head in ("key", "value") and isinstance(owner, Record):
                message = self._section(owner, head, options)
                message.comment = about
                setattr(owner, head, message)
            elif head == "message":
                owner = None
                versions, flexible = self._ranges(options[1:], None, None)
                message = Message(options[0], "message", versions, flexible, comment=about)
            else:
                raise self.error(f"unexpected {head}")
            result.messages.append(message)
            stack = [(2, Struct("", message.fields))]
        if message is not None:
            self._resolve(message)
        return result

    def _options(self, words: list[str], known: set[str]) -> dict[str, str]:
        found = {}
        for name, value in zip(words[::2], words[1::2]):
            if name not in known:
                raise self.error(f"unknown option {name}")
            found[name] = value
        if len(words) % 2:
            raise self.error(f"{words[-1]} lacks its value")
        return found

    def _api(self, words: list[str], about: str) -> Api:
        found = self._options(words[1:], {"key", "versions", "flexible", "stable"})
        versions = parse_versions(found["versions"])
        api = Api(words[0], int(found["key"]), versions, parse_versions(found.get("stable", found["versions"])), about)
        self._flexible = parse_versions(found["flexible"]).clip(versions)
        return api

    def _record(self, words: list[str], about: str) -> Record:
        found = self._options(words[1:], {"topic", "type"})
        return Record(words[0], found["topic"], int(found["type"]), about)

    def _ranges(self, words: list[str], versions: Versions | None, flexible: Versions | None):
        found = self._options(words, {"versions", "flexible"})
        if "versions" in found:
            versions = parse_versions(found["versions"])
        if "flexible" in found:
            flexible = parse_versions(found["flexible"])
        if versions is None or flexible is None:
            raise self.error("versions and flexible are needed")
        return versions, flexible.clip(versions)

    def _section(self, owner: Api | Record, kind: str, words: list[str]) -> Message:
        if isinstance(owner, Api):
            versions, flexible = self._ranges(words, owner.versions, self._flexible)
        else:
            versions, flexible = self._ranges(words, None, None)
        message = Message(owner.name + kind.capitalize(), kind, versions, flexible)
        if isinstance(owner, Api):
            message.api_key = owner.key
        else:
            message.record_type = owner.type
        return message

    def _field(self, code: str, comment: str, message: Message, stack: list[tuple[int, Struct]]) -> None:
        indent = len(code) - len(code.lstrip())
        while stack and stack[-1][0] > indent:
            stack.pop()
        if not stack or stack[-1][0] != indent:
            raise self.error("indentation does not fit")
        code, _, default = code.partition(" = ")
        words = code.split()
        if len(words) < 2:
            raise self.error("a field needs a name and a type")
        name, spelled, rest = words[0], words[1], words[2:]
        nullable = spelled.endswith("?")
        field = Field(name, self._type(spelled.rstrip("?")), Versions(0, MAX_VERSION), comment=comment)
        field.versions = parse_versions(rest.pop(0)) if rest and rest[0][0].isdigit() else None  # None: as the parent
        field.nullable = Versions(0, MAX_VERSION) if nullable else NEVER
        while rest:
            word = rest.pop(0)
            if word == "tag":
                field.tag = int(rest.pop(0))
            elif word == "nullable":
                field.nullable = parse_versions(rest.pop(0))
            elif word == "entity":
                field.entity = rest.pop(0)
            elif word == "ignorable":
                field.ignorable = True
            elif word == "key":
                field.map_key = True
            elif word == "legacy":
                field.legacy = True
            else:
                raise self.error(f"unexpected {word}")
        field.default = self._default(default.strip(), field)
        owner = stack[-1][1]
        if any(other.name == name for other in owner.fields):
            raise self.error(f"a second field {name}")
        owner.fields.append(field)
        inner = field.type.element if field.type.kind == "array" else field.type
        if inner.kind == "struct":
            inner.struct = Struct(inner.struct_name)  # filled if its fields follow, else replaced by the shared struct
            stack.append((indent + 2, inner.struct))

    def _type(self, text: str) -> Type:
        if text.startswith("[") and text.endswith("]"):
            return Type("array", element=self._type(text[1:-1]))
        if text in SCALARS:
            return Type(text)
        if re.fullmatch(r"[A-Z]\w*", text):
            return Type("struct", struct_name=text)
        raise self.error(f"unknown type {text}")

    def _default(self, text: str, field: Field) -> object:
        kind = field.type.kind
        if not text:
            return zero_value(field.type, field.can_be_null)
        if text == "null":
            if not field.can_be_null:
                raise self.error("null is the default of a field that cannot be null")
            return None
        if kind == "bool":
            return {"true": True, "false": False}[text]
        if kind == "string":
            return text.strip('"')
        if kind == "float64":
            return float(text)
        if kind in INTEGER_BITS:
            return int(text, 0)
        raise self.error(f"a {kind} has no default but null")

    def _resolve(self, message: Message) -> None:
        """Clips versions from the top down and lists the structs, inner ones first."""
        shared = dict(message.structs)
        message.structs = {}
        open_structs: list[str] = []

        def visit(fields: list[Field], parent: Versions) -> None:
            for field in fields:
                field.versions = parent if field.versions is None else field.versions.clip(parent)
                if not field.versions:
                    raise self.error(f"{message.name}: {field.name} is in no version")
                field.nullable = field.nullable.clip(field.versions)
                if field.tag is not None and not message.flexible.covers(field.versions):
                    raise self.error(f"{message.name}: {field.name} is tagged where there are no tags")
                inner = field.type.element if field.type.kind == "array" else field.type
                if inner.kind == "struct":
                    enter(inner, field.versions)

        def enter(type_: Type, versions: Versions) -> None:
            name = type_.struct_name
            if name in open_structs:
                raise self.error(f"{message.name}: {name} contains itself")
            if not type_.struct.fields:
                type_.struct = shared.get(name) or message.structs.get(name)
                if type_.struct is None or not type_.struct.fields:
                    raise self.error(f"{message.name}: no fields for {name}")
            struct = type_.struct
            if name in message.structs:
                if message.structs[name] is not struct:
                    raise self.error(f"{message.name}: {name} has two meanings")
                struct.versions = Versions(min(struct.versions.low, versions.low), max(struct.versions.high, versions.high))
                return
            open_structs.append(name)
            whole = message.versions if name in shared else versions
            struct.versions = whole
            visit(struct.fields, whole)
            open_structs.pop()
            message.structs[name] = struct

        visit(message.fields, message.versions)


def _split_comment(line: str) -> tuple[str, str | None]:
    code, mark, comment = line.partition("#")
    return code.rstrip(), comment.strip() if mark else None
