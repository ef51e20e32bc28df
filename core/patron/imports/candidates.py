"""What an import hands on: a customer as input, or a row that was refused and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from patron.customers.normalise import EmailAddress, PersonName, PostalAddress

Kind = Literal["person", "organisation", "household"]


@dataclass(frozen=True, slots=True)
class Phone:
    """``number`` is E.164; ``use`` is "", work, home, mobile or fax."""

    number: str
    use: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One customer as the file says it, normalised; ``line`` and ``raw`` lead back to the row.

    ``name`` is what is shown. ``person`` holds the parts for a person, else ``None``. ``created_on`` is the
    source's.
    """

    line: int
    raw: tuple[str, ...]
    kind: Kind
    name: str
    person: PersonName | None = None
    external_id: str = ""
    emails: tuple[EmailAddress, ...] = ()
    phones: tuple[Phone, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    websites: tuple[str, ...] = ()
    organisation: str = ""
    job_title: str = ""
    birthday: date | None = None
    language: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    created_on: date | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was refused: the ``field``, the ``reason`` and what to do in one sentence; ``raw`` is the
    row.
    """

    line: int
    raw: tuple[str, ...]
    reason: str
    field: str
