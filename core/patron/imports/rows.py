"""One row of a table into one candidate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from patron.customers.models import LONGEST_NAME
from patron.customers.normalise import PersonName, PostalAddress, clean, fold, person_name
from patron.imports.candidates import Candidate, Kind
from patron.imports.dates import DateColumn, date_column
from patron.imports.mapping import ColumnMapping
from patron.imports.reading import Row, Table
from patron.imports.values import (
    Refused,
    checked,
    names_organisation,
    read_address,
    read_emails,
    read_kind,
    read_phones,
    read_tags,
    read_websites,
    shown_name,
)

_EMPTY = frozenset({"", "-", "--", "n/a", "null", "none", "#n/a", "k.a.", "\\n", "nan"})
_GENDERS = frozenset(["m", "f", "w", "d", "h", "x", "male", "female", "mannlich", "weiblich", "divers"])
_MORE_GENDERS = frozenset(
    ["masculin", "feminin", "masculino", "femenino", "homme", "femme", "hombre", "mujer"]
)
_FAMILY_FIRST = frozenset({"hu", "vi", "ja", "zh", "ko"})
_ADDRESS = ("street", "street2", "postcode", "city", "region", "country")
_USES = (
    ("work", r"work|business|office|gesch|dienst|beruf|prof|trabajo|oficina"),
    ("home", r"home|priv|domicil|maison|casa"),
)


@dataclass(frozen=True, slots=True)
class RowReader:
    """Where each field stands in the rows of one file; made once, then ``candidate`` per row."""

    at: dict[str, int]
    emails: tuple[int, ...]
    phones: tuple[tuple[int, str], ...]
    websites: tuple[int, ...]
    notes: tuple[int, ...]
    tags: tuple[int, ...]
    dates: dict[str, DateColumn]
    has_address: bool
    region: str
    locale: str

    @classmethod
    def for_table(cls, table: Table, mapping: ColumnMapping, region: str, locale: str) -> RowReader:
        at = {c.field: i for i, c in reversed(list(enumerate(mapping.columns))) if c.field}
        dates: dict[str, DateColumn] = {
            name: date_column((row[at[name]] for row in table.sample()), region)
            for name in ("birthday", "created_at")
            if name in at
        }
        return cls(
            at=at,
            emails=tuple(mapping.indexes("email")),
            phones=tuple(
                (i, _use(mapping, i)) for f in ("phone", "mobile", "fax") for i in mapping.indexes(f)
            ),
            websites=tuple(mapping.indexes("website")),
            notes=tuple(mapping.indexes("notes")),
            tags=tuple(mapping.indexes("tags")),
            dates=dates,
            has_address=any(name in at for name in _ADDRESS),
            region=region,
            locale=locale,
        )

    def candidate(self, row: Row) -> Candidate:
        """The candidate of a sound row. Raises ``Refused``."""
        cells = ["" if len(c) < 5 and c.strip().lower() in _EMPTY else c.strip() for c in row.cells]
        emails = read_emails(cells[i] for i in self.emails if cells[i])
        phones = read_phones(((cells[i], use) for i, use in self.phones if cells[i]), self.region)
        organisation = self._cell(cells, "organisation")
        kind, person = self._kind(cells, organisation), None
        if kind == "organisation":
            organisation = organisation or self._cell(cells, "name") or self._joined(cells)
        else:
            person = self._person(cells)
        name = shown_name(kind, person, organisation, emails, phones)
        if len(name) > LONGEST_NAME:
            raise Refused("name", f"Name takes at most {LONGEST_NAME} characters.")
        return Candidate(
            line=row.line,
            raw=tuple(row.cells),
            kind=kind,
            name=name,
            person=person if person is not None and person.full else None,
            external_id=self._cell(cells, "external_id"),
            emails=emails,
            phones=phones,
            addresses=self._addresses(cells) if self.has_address else (),
            websites=read_websites(cells[i] for i in self.websites if cells[i]) if self.websites else (),
            organisation=organisation if kind != "organisation" and organisation != name else "",
            job_title=self._cell(cells, "job_title"),
            birthday=self._date(cells, "birthday"),
            language=self._cell(cells, "language"),
            notes="\n".join(cells[i] for i in self.notes if cells[i]) if self.notes else "",
            tags=read_tags(cells[i] for i in self.tags) if self.tags else (),
            owner=self._cell(cells, "owner"),
            created_on=self._date(cells, "created_at"),
        )

    def _cell(self, cells: list[str], field: str) -> str:
        index = self.at.get(field)
        return "" if index is None or not cells[index] else clean(cells[index])

    def _joined(self, cells: list[str]) -> str:
        return f"{self._cell(cells, 'given_name')} {self._cell(cells, 'family_name')}".strip()

    def _kind(self, cells: list[str], organisation: str) -> Kind:
        stated = read_kind(self._cell(cells, "kind")) if "kind" in self.at else None
        if stated is not None:
            return stated
        if self._joined(cells):
            return "person"
        name = self._cell(cells, "name")
        if not name:
            return "organisation" if organisation else "person"
        same = bool(organisation) and fold(name) == fold(organisation)
        return "organisation" if same or names_organisation(name) else "person"

    def _person(self, cells: list[str]) -> PersonName:
        given, family = self._cell(cells, "given_name"), self._cell(cells, "family_name")
        title = self._cell(cells, "prefix")
        if fold(title) in _GENDERS or fold(title) in _MORE_GENDERS:
            title = ""
        if not given and not family:
            split = person_name(self._cell(cells, "name"), locale=self.locale)
            if not title or title in split.prefix:
                return split
            return PersonName(split.given, split.family, split.middle, title, split.suffix, split.full)
        full = self._cell(cells, "name")
        if not full:
            family_first = self.locale[:2].lower() in _FAMILY_FIRST
            full = f"{family} {given}".strip() if family_first else f"{given} {family}".strip()
        return PersonName(given, family, "", title, "", full)

    def _addresses(self, cells: list[str]) -> tuple[PostalAddress, ...]:
        parts = [cells[self.at[name]] if name in self.at else "" for name in _ADDRESS]
        return (read_address(*parts),) if any(parts) else ()

    def _date(self, cells: list[str], field: str) -> date | None:
        column = self.dates.get(field)
        text = cells[self.at[field]] if column is not None else ""
        return checked(field, column.parse, text) if column is not None and text else None


def _use(mapping: ColumnMapping, index: int) -> str:
    column = mapping.columns[index]
    if column.field in ("mobile", "fax"):
        return column.field
    header = fold(column.header)
    return next((use for use, pattern in _USES if re.search(pattern, header)), "")


__all__ = ["Refused", "RowReader"]
