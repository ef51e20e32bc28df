"""Address books: vCard 3.0 (RFC 2426) and 4.0 (RFC 6350), and 2.1 as telephones still write it.

Own code, since ``vobject`` and its successor ``vobjectx`` carry no types, stop at the first broken line so
that every later card is lost, and leave the quoted parameter lists of 4.0 in one piece. What is read here is
small: content lines into properties; which of them mean what to a customer is for ``records`` to say.
"""

from __future__ import annotations

import binascii
import io
import quopri
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from patron.imports.encodings import detect_encoding

MAX_LINES_OF_A_CARD = 20_000
_KEPT_RAW = 20_000
_BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
_ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"})
_PARTS = {sign: re.compile(rf"(?:^|{sign})((?:\\.|[^\\{sign}])*\\?)", re.DOTALL) for sign in ";,"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CARET = {"^n": "\n", "^^": "^", "^'": '"'}
_PARAMETERS = re.compile(r';([^;:="]+)(?:=((?:"[^"]*"|[^;:"])*))?')


class _Broken(Exception):
    """A content line that cannot be read; says why."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property: ``name`` in capitals, ``value`` still escaped, parameter values by capital name."""

    name: str
    value: str
    params: Mapping[str, tuple[str, ...]]
    group: str = ""

    @property
    def text(self) -> str:
        """The value as one text."""
        return _unescape(self.value)

    def parts(self, separator: str = ";") -> list[str]:
        """The value split at unescaped separators, each part as text."""
        return [_unescape(part) for part in _PARTS[separator].findall(self.value)]

    @property
    def types(self) -> frozenset[str]:
        """TYPE values in lower case."""
        return frozenset(t.lower() for t in self.params.get("TYPE", ()))

    @property
    def preference(self) -> int:
        """1 is the most preferred, 100 says nothing."""
        stated = self.params.get("PREF", ())
        if stated and stated[0].isdigit():
            return int(stated[0])
        return 1 if "pref" in self.types or "PREF" in self.params else 100


@dataclass(frozen=True, slots=True)
class Card:
    """One card; ``line`` is that of its BEGIN, ``raw`` its text without pictures."""

    line: int
    version: str
    properties: tuple[Property, ...]
    raw: str

    def all(self, name: str) -> list[Property]:
        """The properties of one name, the preferred first."""
        return sorted((p for p in self.properties if p.name == name), key=lambda p: p.preference)

    def text(self, name: str) -> str:
        """The text of the preferred property of a name, ``""`` without one."""
        found = self.all(name)
        return found[0].text.strip() if found else ""


@dataclass(frozen=True, slots=True)
class BrokenCard:
    """A card that cannot be read; ``line`` is where the fault is."""

    line: int
    reason: str
    raw: str


def read_cards(source: Path | bytes, encoding: str = "") -> Iterator[Card | BrokenCard]:
    """The cards of a file in order, one in memory at a time; text outside of cards is a broken card."""
    stream: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with stream:
        encoding = encoding or detect_encoding(stream)
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline=None)
        for lines in _blocks(enumerate((line.rstrip("\n").replace("\0", "") for line in text), 1)):
            yield _card(lines)


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Lines from BEGIN to END; what lies between cards, or is cut off by the next BEGIN, is a block too."""
    block: list[tuple[int, str]] = []
    depth = 0
    for number, line in lines:
        word = line.strip().upper() if len(line) < 20 else ""
        if word == "BEGIN:VCARD":
            nested = (
                bool(block) and depth > 0 and block[-1][1].strip().upper() in ("AGENT:", "AGENT;TYPE=VCARD:")
            )
            if block and not nested:
                yield block
                block, depth = [], 0
            depth += 1
        elif not block and not line.strip():
            continue
        if len(block) < MAX_LINES_OF_A_CARD:
            block.append((number, line))
        if word == "END:VCARD":
            depth -= 1
            if depth <= 0:
                yield block
                block, depth = [], 0
    if block:
        yield block


def _card(lines: list[tuple[int, str]]) -> Card | BrokenCard:
    first = lines[0][0]
    raw = "\n".join(line for _, line in lines)[:_KEPT_RAW]
    if lines[0][1].strip().upper() != "BEGIN:VCARD":
        return BrokenCard(first, "This text stands outside of a card: BEGIN:VCARD is missing.", raw)
    if lines[-1][1].strip().upper() != "END:VCARD":
        return BrokenCard(first, "The card is not closed: END:VCARD is missing.", raw)
    properties = []
    for number, line in _without_agents(unfold(lines[1:-1])):
        try:
            found = parse_line(line)
        except _Broken as fault:
            return BrokenCard(number, str(fault), raw)
        if found.name not in _BINARY:
            properties.append(found)
    version = next((p.value.strip() for p in properties if p.name == "VERSION"), "")
    return Card(first, version, tuple(properties), raw)


def _without_agents(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    depth = 0
    for number, line in lines:
        word = line.strip().upper()
        depth += word == "BEGIN:VCARD"
        if depth == 0 and line.strip():
            yield number, line
        depth -= word == "END:VCARD"


def unfold(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Logical lines of numbered physical ones: folded lines and quoted-printable soft breaks joined."""
    number, joined = 0, ""
    pieces: list[str] = []
    soft = False
    for here, line in lines:
        if soft:
            pieces.append(line)
        elif line[:1] in (" ", "\t") and pieces:
            pieces.append(line[1:])
        else:
            if pieces:
                yield number, "".join(pieces)
            number, pieces = here, [line]
        joined = pieces[0]
        soft = pieces[-1].endswith("=") and "QUOTED-PRINTABLE" in joined.split(":", 1)[0].upper()
        if soft:
            pieces[-1] = pieces[-1][:-1]
    if pieces:
        yield number, "".join(pieces)


def fold_line(line: str, octets: int = 75) -> list[str]:
    """Physical lines of at most ``octets`` UTF-8 bytes, no character split, later ones led by a space."""
    folded, current, size = [], "", 0
    for char in line:
        width = len(char.encode())
        if size + width > octets:
            folded.append(current)
            current, size = " ", 1
        current += char
        size += width
    return [*folded, current]


def escape(text: str) -> str:
    """``text`` as the value of a property or of one of its parts."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def parse_line(line: str) -> Property:
    """Read one logical line; raises what ``read_cards`` reports as a broken card."""
    head = re.match(r"(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)", line.lstrip())
    if head is None:
        raise _Broken(f"“{line[:40]}” is not a property of a card.")
    rest = line.lstrip()[head.end() :]
    params: dict[str, list[str]] = {}
    while found := _PARAMETERS.match(rest):
        _add_parameter(params, found[1].strip().upper(), found[2])
        rest = rest[found.end() :]
    if not rest.startswith(":"):
        raise _Broken(f"“{line[:40]}” has no colon between the property and its value.")
    name = head[2].upper()
    value = "" if name in _BINARY else _decode(rest[1:], params)
    return Property(name, value, {key: tuple(values) for key, values in params.items()}, head[1] or "")


def _add_parameter(params: dict[str, list[str]], name: str, value: str | None) -> None:
    if value is None:
        key = "ENCODING" if name in _ENCODINGS else "TYPE"
        params.setdefault(key, []).append(name if key == "ENCODING" else name.lower())
        return
    values = re.findall(r'"[^"]*"|[^,"]+', value)
    for one in values:
        plain = re.sub(r"\^[n^']", lambda m: _CARET[m[0]], one.strip('"'))
        split = plain.split(",") if name == "TYPE" else [plain]
        params.setdefault(name, []).extend(piece.strip() for piece in split)


def _decode(value: str, params: Mapping[str, list[str]]) -> str:
    encodings = {e.upper() for e in params.get("ENCODING", ())}
    if "QUOTED-PRINTABLE" in encodings:
        charset = next(iter(params.get("CHARSET", ())), "utf-8")
        decoded = quopri.decodestring(value.encode("utf-8"))
        for name in (charset, "utf-8", "cp1252"):
            try:
                return decoded.decode(name).replace("\r\n", "\n")
            except (UnicodeDecodeError, LookupError):
                continue
        return decoded.decode("latin-1")
    if encodings & {"BASE64", "B"}:
        try:
            return binascii.a2b_base64(value).decode("utf-8", errors="replace")
        except binascii.Error:
            raise _Broken("A value said to be base64 is not.") from None
    return value


def _unescape(value: str) -> str:
    return _ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], value)
