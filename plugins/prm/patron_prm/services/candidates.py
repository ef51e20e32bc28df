"""Who may be meant by a registration: blocks of bounded size by address, domain, beginning of the name, and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from patron import Context, Customer, contacts, normalise, search, table
from sqlalchemy import ColumnElement, or_, select

from patron_prm.models import Partner, Registration
from patron_prm.services.matching import Description, Likeness, compare, domain_of

BLOCK = 200  # rows of one block that are compared
PREFIX, WORDS = 3, 2


@dataclass(frozen=True)
class Found:
    """A customer or registration that is alike, and by what."""

    id: int
    row: Any
    alike: Sequence[Likeness]

    @property
    def score(self) -> int:
        return self.alike[0].score


def described(record: Registration) -> Description:
    """Whom the registration means."""
    return Description(
        record.end_key, record.end_country, normalise.fold(record.end_city), record.end_domain, record.end_email,
        record.end_phone,
    )  # fmt: skip


def customers_like(ctx: Context, wanted: Description) -> list[Found]:
    """Customers that may be meant, most alike first."""
    t = table(Customer)
    at_email, at_phone = (_holders(ctx, "email", wanted.email), _holders(ctx, "phone", wanted.phone))
    ids = at_email | at_phone | _by_words(ctx, "customers", wanted)
    statement = select(
        t.c.id, t.c.name, t.c.kind, t.c.country, t.c.city, t.c.primary_email, t.c.primary_phone, t.c.website
    ).where(t.c.trashed_at.is_(None))
    rows = _of_blocks(ctx, statement, t.c.id, ids, _beginning(t.c.match_key, wanted.key))
    return _alike(
        wanted,
        (
            (row, _of_customer(row, wanted, at_email=row.id in at_email, at_phone=row.id in at_phone))
            for row in rows
        ),
    )


def _holders(ctx: Context, kind: str, value: str) -> set[int]:
    """Who is reached there, be it the primary address or another."""
    held = contacts.holders_of(ctx, kind, {value}).get(value, []) if value else []
    return {row.customer_id for row in held[:BLOCK]}


def registrations_like(ctx: Context, record: Registration, *, protected: bool = False) -> list[Found]:
    """Other registrations that still count and may mean the same, most alike first; or only protected ones."""
    t, p = table(Registration), table(Partner)
    wanted = described(record)
    counting = t.c.status == "approved" if protected else t.c.status.in_(("received", "approved"))
    statement = (
        select(t, p.c.name.label("partner_name"))
        .join(p, p.c.id == t.c.partner_id)
        .where(t.c.id != record.id, counting, t.c.trashed_at.is_(None))
    )
    exact = [
        column == value
        for column, value in (
            (t.c.end_domain, wanted.domain), (t.c.end_email, wanted.email), (t.c.end_phone, wanted.phone),
        )
        if value
    ]  # fmt: skip
    ids = _by_words(ctx, "prm.registrations", wanted)
    blocks = [_beginning(t.c.end_key, wanted.key), *exact]
    rows = _of_blocks(ctx, statement, t.c.id, ids, *blocks)
    return _alike(wanted, ((row, _of_registration(row)) for row in rows))


def _beginning(column: ColumnElement[str], key: str) -> ColumnElement[bool]:
    start = key[:PREFIX]
    return (column >= start) & (column < start + "\U0010ffff") if start else column == "\x00"


def _by_words(ctx: Context, resource: str, wanted: Description) -> set[int]:
    """Found by the longest words of the name, and by the domain, through the index of the search."""
    words = sorted((word for word in wanted.key.split() if len(word) > PREFIX), key=len, reverse=True)[:WORDS]
    if wanted.domain:
        words.append(wanted.domain)
    declared = ctx.assembly.resource(resource)
    return {found.id for word in words for found in search.find(ctx, word, limit=50, resource=declared)}


def _of_blocks(
    ctx: Context, statement: Any, key: ColumnElement[int], ids: set[int], *blocks: ColumnElement[bool]
) -> list[Any]:
    """The rows of all blocks, each bounded: the words' in one statement, the others' in one."""
    rows = {
        row.id: row for row in ctx.session.execute(statement.where(or_(*blocks)).order_by(key).limit(BLOCK))
    }
    missing = sorted(ids - rows.keys())[:BLOCK]
    if missing:
        rows.update((row.id, row) for row in ctx.session.execute(statement.where(key.in_(missing))))
    return list(rows.values())


def _alike(wanted: Description, rows: Iterable[tuple[Any, Description]]) -> list[Found]:
    found = [Found(row.id, row, alike) for row, other in rows if (alike := compare(wanted, other))]
    return sorted(found, key=lambda item: (-item.score, item.id))


def _of_customer(row: Any, wanted: Description, *, at_email: bool, at_phone: bool) -> Description:
    return Description(
        normalise.organisation_key(row.name), row.country, normalise.fold(row.city),
        domain_of(row.website, row.primary_email), wanted.email if at_email else "", wanted.phone if at_phone else "",
        one_person=row.kind == "person",
    )  # fmt: skip


def _of_registration(row: Any) -> Description:
    return Description(
        row.end_key,
        row.end_country,
        normalise.fold(row.end_city),
        row.end_domain,
        row.end_email,
        row.end_phone,
    )
