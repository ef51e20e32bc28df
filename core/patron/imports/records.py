"""Rows and cards into candidates: each comes out exactly once, made or rejected with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from patron.errors import Invalid
from patron.imports.candidates import Candidate, Phone, Rejected
from patron.imports.cards import card_candidate
from patron.imports.mapping import ColumnMapping
from patron.imports.reading import Table
from patron.imports.rows import RowReader
from patron.imports.values import Refused
from patron.imports.vcard import BrokenCard, Card

__all__ = ["Candidate", "Phone", "Rejected", "to_candidates"]


def to_candidates(
    source: Table | Iterable[Card | BrokenCard],
    mapping: ColumnMapping | None = None,
    region: str = "",
    locale: str = "",
) -> Iterator[Candidate | Rejected]:
    """Make candidates one for one and in order; ``mapping`` is needed for a table.

    ``region`` (ISO 3166) reads national phone numbers and decides dates that nothing else decides, ``locale``
    splits names.
    """
    if not isinstance(source, Table):
        return (_from_card(card, region, locale) for card in source)
    if mapping is None:
        raise Invalid.field("mapping", "A table needs a mapping of its columns.")
    return _from_table(source, RowReader.for_table(source, mapping, region, locale))


def _from_table(table: Table, reader: RowReader) -> Iterator[Candidate | Rejected]:
    for row in table.rows:
        if row.problem:
            yield Rejected(row.line, tuple(row.cells), row.problem, "")
            continue
        try:
            yield reader.candidate(row)
        except Refused as refusal:
            yield Rejected(row.line, tuple(row.cells), refusal.reason, refusal.field)


def _from_card(card: Card | BrokenCard, region: str, locale: str) -> Candidate | Rejected:
    if isinstance(card, BrokenCard):
        return Rejected(card.line, (card.raw,), card.reason, "")
    try:
        return card_candidate(card, region, locale)
    except Refused as refusal:
        return Rejected(card.line, (card.raw,), refusal.reason, refusal.field)
