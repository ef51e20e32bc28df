"""Dated names by kind: legal, trading, birth, former, nick. A hidden one is matched, never shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update

from patron.accounts import audit
from patron.bulk import update_rows
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import LONGEST_NAME, Customer, CustomerName
from patron.errors import Invalid, NotFound
from patron.records import table
from patron.resources import search
from patron.system.stored import store_setting, stored_setting

HIDDEN = "a hidden name"
KINDS = {
    "legal": "Legal name",
    "trading": "Trading name",
    "birth": "Birth name",
    "former": "Former name",
    "nick": "Nickname",
}
SORTING = 2
"""Which way of sorting names is in force; raised with each that makes other keys."""
_SORTED_BY = "customers.sorting"
_PAGE = 2_000
UNNAME = "unname"
AUDITED = {"kind": "name_kind", "name": "other_name"}
"""How the audit calls what is the customer's own field by its name."""


def add_name(
    ctx: Context,
    customer_id: int,
    kind: str,
    name: str,
    *,
    since: date | None = None,
    until: date | None = None,
    hidden: bool = False,
) -> None:
    """Keep another name of the customer, who is found by it from now on; NotFound."""
    _check(kind, name, since, until)
    customer = _customer(ctx, customer_id)
    values = {
        "customer_id": customer_id,
        "kind": kind,
        "name": name.strip(),
        "match_key": match_key(customer.kind, name),
    }
    ctx.session.execute(
        insert(table(CustomerName)).values(values | {"since": since, "until": until, "hidden": hidden})
    )
    shown = HIDDEN if hidden else name.strip()
    audit.record(ctx, "name", "customers", customer_id, {kind: (None, shown)}, customer_id=customer_id)
    search.index(ctx, ctx.assembly.resource("customers"), customer)


def match_key(kind: str, name: str) -> str:
    """By what names are compared: a person's folded, an organisation's or a household's without its legal form."""
    return normalise.fold(name) if kind == "person" else normalise.organisation_key(name)


def name_key(kind: str, name: str, given: str, family: str, spoken: str, locale: str) -> str:
    """By what customers are listed: a person as ``spoken`` sorts, by the letters of the firm's ``locale``."""
    ordered = normalise.sort_name(given, family, spoken) if kind == "person" else ""
    return normalise.sort_key(ordered or name, locale)


def renew_places_in_lists(ctx: Context) -> None:
    """Write the keys by which persons are listed anew, once for each way of sorting that a version brings."""
    if stored_setting(ctx.session, _SORTED_BY, 1) == SORTING:
        return
    t, locale, after = table(Customer), ctx.assembly.settings.locale, 0
    names = ("id", "kind", "name", "given_name", "family_name", "language", "name_key")
    while True:
        page = select(*(t.c[name] for name in names)).where(t.c.id > after).order_by(t.c.id).limit(_PAGE)
        rows = ctx.session.execute(page).all()
        keyed = (
            (
                row,
                name_key(row.kind, row.name, row.given_name, row.family_name, row.language or locale, locale),
            )
            for row in rows
            if row.kind == "person" and row.name
        )
        update_rows(
            ctx.session, t, [{"id": row.id, "name_key": key} for row, key in keyed if key != row.name_key]
        )
        if len(rows) < _PAGE:
            break
        after = rows[-1].id
    store_setting(ctx.session, _SORTED_BY, SORTING)


def _customer(ctx: Context, customer_id: int) -> Customer:
    found = ctx.session.get(Customer, customer_id)
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def change_name(
    ctx: Context,
    customer_id: int,
    name_id: int,
    kind: str,
    name: str,
    *,
    since: date | None,
    until: date | None,
    hidden: bool,
) -> None:
    """Set what is said of a name that is kept. Left empty, a hidden one stays; to be shown, it is typed again."""
    t = table(CustomerName)
    row = _of(ctx, customer_id, name_id)
    if row["hidden"] and not name.strip():
        if not hidden:
            raise Invalid.field("name", "To show a hidden name, type it again.")
        name = row["name"]
    _check(kind, name, since, until)
    values = {"kind": kind, "name": name.strip(), "since": since, "until": until, "hidden": hidden}
    changed = {field: (row[field], value) for field, value in values.items() if row[field] != value}
    if not changed:
        return
    customer = _customer(ctx, customer_id)
    keyed = {**values, "match_key": match_key(customer.kind, name)}
    ctx.session.execute(update(t).where(t.c.id == name_id).values(keyed))
    said = {AUDITED.get(field, field): pair for field, pair in changed.items()}
    said["other_name"] = (HIDDEN if hidden else _shown(row), _shown(values))
    audit.record(ctx, "name", "customers", customer_id, said, customer_id=customer_id)
    search.index(ctx, ctx.assembly.resource("customers"), customer)


def _shown(row: Mapping[str, Any]) -> str:
    return HIDDEN if row["hidden"] else str(row["name"])


def end_name(ctx: Context, customer_id: int, name_id: int) -> None:
    """The name is used no longer, as of today; they are still found by it."""
    row = _of(ctx, customer_id, name_id)
    given = {"since": row["since"], "until": ctx.now.date(), "hidden": row["hidden"]}
    change_name(ctx, customer_id, name_id, row["kind"], row["name"], **given)


def remove_name(ctx: Context, customer_id: int, name_id: int) -> int:
    """Remove a name that was a mistake; one that is no longer used gets an end date instead.

    Returns the audit's id, by which ``deletions.undo`` gives it back; 0 for a hidden one, which nothing remembers.
    """
    t = table(CustomerName)
    row = _of(ctx, customer_id, name_id)
    ctx.session.execute(delete(t).where(t.c.id == name_id))
    was = {
        AUDITED.get(field, field): (row[field], None)
        for field in ("kind", "since", "until", "hidden")
        if row[field]
    }
    was["other_name"] = (_shown(row), None)
    audit_id = audit.record(ctx, UNNAME, "customers", customer_id, was, customer_id=customer_id)
    search.index(ctx, ctx.assembly.resource("customers"), _customer(ctx, customer_id))
    return 0 if row["hidden"] else audit_id


def _of(ctx: Context, customer_id: int, name_id: int) -> dict[str, Any]:
    t = table(CustomerName)
    mine = (t.c.id == name_id, t.c.customer_id == customer_id)
    row = ctx.session.execute(select(t).where(*mine)).mappings().first()
    if row is None:
        raise NotFound("There is no such name.")
    return dict(row)


def _check(kind: str, name: str, since: date | None, until: date | None) -> None:
    if kind not in KINDS:
        raise Invalid.field("kind", f"A name is one of: {', '.join(KINDS)}.")
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid.field("name", f"Write the name, in at most {LONGEST_NAME} characters.")
    if since and until and until < since:
        raise Invalid.field("until", "It cannot end before it begins.")


def names_of(ctx: Context, customer_id: int) -> Sequence[dict[str, Any]]:
    """The dated names of a customer as they may be shown, those used no longer last: hidden ones are blank."""
    t = table(CustomerName)
    rows = ctx.session.execute(select(t).where(t.c.customer_id == customer_id).order_by(t.c.id)).mappings()
    today = ctx.now.date()
    found = [
        {**row, "ended": row["until"] is not None and row["until"] <= today}
        | ({"name": "", "match_key": ""} if row["hidden"] else {})
        for row in rows
    ]
    return sorted(found, key=lambda row: row["ended"])
