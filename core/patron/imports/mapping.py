"""Which column holds which field, guessed by its name and by what stands in it, and overridden by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from patron.customers.normalise import fold
from patron.errors import FieldError, Invalid
from patron.imports import evidence
from patron.imports.fields import CUSTOMER_FIELDS, ImportField
from patron.imports.values import is_kind

NAME_ONLY = 0.7
"""Confidence of a column recognised by its exact name; content moves it up or down."""

_PART_OF_NAME = 0.55
_CONTENT_ONLY = 0.5
_ENOUGH = 0.35
_LEADING_WORDS_TEXT = """
    contact customer kontakt kunde client cliente business work home other primary geschaftlich privat mailing
    billing main company person 2nd office your
"""
_LEADING_WORDS = frozenset(_LEADING_WORDS_TEXT.split())


_NUMBERED_STREET = re.compile(
    r"(?:street|address|address line|adresse|adresszeile|adresse ligne|direccion|strasse) ?[12]"
)


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """``field`` is ``None`` for a column that is left out; ``confidence`` is 0 to 1."""

    header: str
    field: str | None
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """One guess per column, in the order of the columns."""

    columns: tuple[ColumnGuess, ...]

    def indexes(self, field: str) -> list[int]:
        """Where the columns of ``field`` stand."""
        return [i for i, column in enumerate(self.columns) if column.field == field]

    def as_dict(self) -> dict[str, str | None]:
        """What ``override`` takes."""
        return {column.header: column.field for column in self.columns}

    def override(
        self,
        chosen: Mapping[str, str | None],
        fields: Sequence[ImportField] = CUSTOMER_FIELDS,
        reason: str = "chosen by hand",
    ) -> ColumnMapping:
        """The mapping with columns set by hand. A field taken by hand is freed from where it was guessed.

        Raises ``Invalid`` for a header or field that does not exist and for a single field chosen twice.
        """
        self._refuse(chosen, fields)
        single = {f.name for f in fields if not f.multiple}
        taken = {field for field in chosen.values() if field in single}
        columns = []
        for column in self.columns:
            if column.header in chosen:
                columns.append(ColumnGuess(column.header, chosen[column.header], 1.0, reason))
            elif column.field in taken:
                columns.append(
                    replace(column, field=None, confidence=0.0, reason="its field was chosen elsewhere")
                )
            else:
                columns.append(column)
        return ColumnMapping(tuple(columns))

    def _refuse(self, chosen: Mapping[str, str | None], fields: Sequence[ImportField]) -> None:
        headers = {column.header for column in self.columns}
        known = {f.name for f in fields}
        multiple = {f.name for f in fields if f.multiple}
        errors = [FieldError(h, "The file has no column of this name.") for h in chosen if h not in headers]
        errors += [
            FieldError(header, f"“{field}” is no field; choose one of {', '.join(sorted(known))}.")
            for header, field in chosen.items()
            if field is not None and field not in known
        ]
        named = [field for field in chosen.values() if field is not None and field not in multiple]
        errors += [
            FieldError(header, f"“{field}” can be taken from one column only.")
            for header, field in chosen.items()
            if field is not None and named.count(field) > 1
        ]
        if errors:
            raise Invalid(errors[0].message, errors=errors)


_OF_PEOPLE = frozenset(CUSTOMER_FIELDS)


def guess_mapping(
    headers: Sequence[str],
    sample_rows: Sequence[Sequence[str]],
    fields: Sequence[ImportField] = CUSTOMER_FIELDS,
) -> ColumnMapping:
    """Guess from headers and some rows. A field is given once, to the best column, unless it is multiple."""
    scored: list[tuple[float, int, str, str]] = []
    for index, header in enumerate(headers):
        values = [row[index].strip() for row in sample_rows if index < len(row) and row[index].strip()]
        for field in fields:
            confidence, reason = _score(field, header, values)
            if confidence >= _ENOUGH:
                scored.append((confidence, index, field.name, reason))
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    guesses: dict[int, ColumnGuess] = {}
    taken: set[str] = set()
    multiple = {field.name for field in fields if field.multiple}
    for confidence, index, name, reason in scored:
        if index not in guesses and (name in multiple or name not in taken):
            guesses[index] = ColumnGuess(headers[index], name, round(confidence, 2), reason)
            taken.add(name)
    unknown = "neither its name nor its content is known"
    columns = [guesses.get(i, ColumnGuess(h, None, 0.0, unknown)) for i, h in enumerate(headers)]
    return ColumnMapping(tuple(_settle_names(columns) if fields is CUSTOMER_FIELDS else columns))


def _settle_names(columns: list[ColumnGuess]) -> list[ColumnGuess]:
    """ "Name" beside "Vorname" is the family name, "Nom" alone is the whole one, and so is "Nombre"."""
    fields = {column.field for column in columns}
    change: dict[str, str] = {}
    if "given_name" in fields and "family_name" not in fields and "name" in fields:
        change = {"name": "family_name"}
    elif "family_name" in fields and "given_name" not in fields and "name" not in fields:
        change = {"family_name": "name"} if _header(columns, "family_name") == "nom" else {}
    elif "given_name" in fields and "family_name" not in fields and "name" not in fields:
        change = {"given_name": "name"} if _header(columns, "given_name") == "nombre" else {}
    return [replace(c, field=change.get(c.field, c.field)) if c.field else c for c in columns]


def _header(columns: Sequence[ColumnGuess], field: str) -> str:
    return next(_words(c.header) for c in columns if c.field == field)


def _score(field: ImportField, header: str, values: Sequence[str]) -> tuple[float, str]:
    by_name, how = _by_name(field, header)
    check = _CONTENT.get(field.name) if field in _OF_PEOPLE else None  # others mean something else by it
    if check is None or not values:
        return by_name, how
    fit = check(values)
    if field.name == "kind" and fit < 0.8:
        return 0.0, ""
    if by_name:
        return by_name + 0.28 * fit - 0.3 * (fit < 0.2), f"{how}; content fits {round(fit * 100)} %"
    fit = _TELLING[field.name](values) if field.name in _TELLING else 0.0
    if field.name == "name" and _words(header) not in _SAYING_NOTHING and not _is_letter(header):
        return 0.0, ""  # a header that we do not know may say what kind of name it is
    if fit >= 0.8:
        return _CONTENT_ONLY * fit, f"content looks like it in {round(fit * 100)} % of the rows"
    return 0.0, ""


def _by_name(field: ImportField, header: str) -> tuple[float, str]:
    words = _words(header)
    if words in _names(field):
        return NAME_ONLY + (0.02 if words == field.names[0] else 0.0), "its name is known"
    trimmed = " ".join(w for w in words.split() if w not in _LEADING_WORDS)
    if trimmed and trimmed != words and trimmed in _names(field):
        return NAME_ONLY - 0.05, "its name is known"
    longest = max((n for n in field.names if len(n) > 2 and f" {n} " in f" {words} "), key=len, default="")
    if not longest:
        return 0.0, ""
    return _PART_OF_NAME * (0.6 + 0.4 * len(longest) / len(words)), f"its name holds “{longest}”"


def _is_letter(header: str) -> bool:
    return len(_words(header)) == 1


@cache
def _names(field: ImportField) -> frozenset[str]:
    return frozenset(field.names)


def _words(header: str) -> str:
    """A header as folded words: "E-Mail-Adresse 1" → "e mail adresse", "givenName" → "given name"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    words = re.sub(r"[\W_]+", " ", fold(spaced)).strip()
    if re.fullmatch(
        r"(?:street|address|adresse|adresszeile|direccion|address line|strasse|adresse ligne) ?[12]", words
    ):
        return words
    return re.sub(r"\s*\b(?:\d+|value|wert)$", "", words).strip() or words


def _kinds(values: Sequence[str]) -> float:
    return sum(map(is_kind, values)) / len(values)


def _phones(values: Sequence[str]) -> float:
    return sum(evidence.is_phone(v) for v in values) / len(values)


def _dialled(values: Sequence[str]) -> float:
    """Like ``_phones``, but digits alone may be any number and do not count."""
    return sum(evidence.is_phone(v) and v[0] in "+0(" for v in values) / len(values)


def _no_address(values: Sequence[str]) -> float:
    return 1.0 - evidence.share(evidence.EMAIL, values)


_CONTENT: Mapping[str, Callable[[Sequence[str]], float]] = {
    "email": lambda values: evidence.share(evidence.EMAIL, values),
    "phone": _phones,
    "mobile": _phones,
    "fax": _phones,
    "website": lambda values: evidence.share(evidence.WEB, values),
    "postcode": lambda values: evidence.share(evidence.POSTCODE, values),
    "birthday": lambda values: evidence.share(evidence.DATE, values),
    "created_at": lambda values: evidence.share(evidence.DATE, values),
    "country": lambda values: sum(map(evidence.is_country, values)) / len(values),
    "kind": _kinds,
    "street": _no_address,
    "name": _no_address,
    "organisation": _no_address,
    "external_id": lambda values: len(set(values)) / len(values) if all(len(v) < 65 for v in values) else 0.0,
}
# Content that tells without a known name.
_TELLING: Mapping[str, Callable[[Sequence[str]], float]] = {
    "email": _CONTENT["email"],
    "website": _CONTENT["website"],
    "country": _CONTENT["country"],
    "phone": _dialled,
    "name": evidence.names,
}
_SAYING_NOTHING = frozenset(
    (
        "",
        "column",
        "col",
        "field",
        "value",
        "unnamed",
        "spalte",
        "feld",
        "colonne",
        "champ",
        "columna",
        "campo",
    )
)
