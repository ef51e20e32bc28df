"""How a customer is reached at each contact point: the use, since and until when, verified, the main one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select, update

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.customers.contacts import POSTAL_FIELDS
from patron.customers.models import ContactHolder, ContactPoint
from patron.errors import Conflict, Invalid, NotFound
from patron.records import table
from patron.resources import editing

USES = {"personal": "Personal", "shared": "Shared", "role": "Of a role", "switchboard": "Switchboard"}
UNREACH = "unreach"
_LISTS = {"email": "emails", "phone": "phones", "postal": "addresses"}


@dataclass(frozen=True)
class Reach:
    """What is said of a contact point of a customer. ``until`` is a day that has come, or none."""

    use: str
    label: str = ""
    since: date | None = None
    until: date | None = None
    verified: bool = False
    is_primary: bool = False


def change_point(ctx: Context, customer_id: int, holder_id: int, reach: Reach) -> None:
    """Say how the customer is reached there. What ends stays on record and is used no more. Invalid, NotFound."""
    _check(ctx, reach)
    row = _of(ctx, customer_id, holder_id)
    verified_at = (row["verified_at"] or ctx.now) if reach.verified else None
    values = {
        "use": reach.use,
        "label": reach.label[:100],
        "since": reach.since,
        "until": reach.until,
        "verified_at": verified_at,
    }
    changed = {name: (row[name], value) for name, value in values.items() if row[name] != value}
    lasts, main = reach.until is None, reach.is_primary and reach.until is None
    if (row["until"] is None) != lasts or (main and not row["is_primary"]):
        if row["kind"] not in _LISTS and main != row["is_primary"]:  # of the lists, their own change says it
            changed["is_primary"] = (row["is_primary"], main)
        _keep_lists(ctx, customer_id, row, lasts=lasts, main=main)
    if changed:
        h = table(ContactHolder)
        ctx.session.execute(update(h).where(h.c.id == holder_id).values(values))
        named = {row["kind"]: (row["display"] or row["value"],) * 2}
        audit.record(ctx, "reach", "customers", customer_id, {**named, **changed}, customer_id=customer_id)


def forget_point(ctx: Context, customer_id: int, holder_id: int) -> int:
    """Remove an ended contact point that was never theirs. Conflict while it lasts.

    Returns the audit's id, by which ``deletions.undo`` gives it back.
    """
    row = _of(ctx, customer_id, holder_id)
    if row["until"] is None:
        raise Conflict("They are reached there still: say until when first.")
    h, p = table(ContactHolder), table(ContactPoint)
    ctx.session.execute(delete(h).where(h.c.id == holder_id))
    held = select(h.c.id).where(h.c.contact_point_id == p.c.id).exists()
    ctx.session.execute(delete(p).where(p.c.id == row["contact_point_id"], ~held))
    kept = ("value", "display", "parts", "use", "label", "since", "until", "verified_at")
    was = {"point": (row["kind"], None), **{name: (row[name], None) for name in kept if row[name]}}
    return audit.record(ctx, UNREACH, "customers", customer_id, was, customer_id=customer_id)


def points_of(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """Contact points with how they are used, how deliverable they are, and by how many others they are shared.

    Those that lasted come last.
    """
    h, p = table(ContactHolder), table(ContactPoint)
    other = h.alias()
    shared = select(func.count()).where(
        other.c.contact_point_id == p.c.id, other.c.customer_id != customer_id, other.c.until.is_(None)
    )
    statement = (
        select(
            h.c.id,
            p.c.kind,
            p.c.value,
            p.c.display,
            p.c.deliverability,
            h.c.use,
            h.c.label,
            h.c.is_primary,
            h.c.since,
            h.c.until,
            h.c.verified_at,
        )
        .add_columns(shared.scalar_subquery().label("others"))
        .select_from(h.join(p, p.c.id == h.c.contact_point_id))
        .where(h.c.customer_id == customer_id)
        .order_by(h.c.until.is_not(None), p.c.kind, h.c.is_primary.desc(), h.c.id)
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]


def _of(ctx: Context, customer_id: int, holder_id: int) -> dict[str, Any]:
    h, p = table(ContactHolder), table(ContactPoint)
    statement = (
        select(h, p.c.kind, p.c.value, p.c.display, p.c.parts)
        .select_from(h.join(p, p.c.id == h.c.contact_point_id))
        .where(h.c.id == holder_id, h.c.customer_id == customer_id)
    )
    row = ctx.session.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no such contact point.")
    return dict(row)


def _check(ctx: Context, reach: Reach) -> None:
    if reach.use not in USES:
        raise Invalid.field("use", f"A use is one of: {', '.join(USES)}.")
    today = ctx.now.date()
    for name, day in (("since", reach.since), ("until", reach.until)):
        if day and day > today:
            raise Invalid.field(name, "That day has not come yet.")
    if reach.since and reach.until and reach.until < reach.since:
        raise Invalid.field("until", "It cannot end before it begins.")


def _keep_lists(ctx: Context, customer_id: int, row: dict[str, Any], *, lasts: bool, main: bool) -> None:
    """Let the customer's own lists, and what repeats their first entries, follow: as if edited in the form."""
    if row["kind"] not in _LISTS:
        h, others = table(ContactHolder), [one["id"] for one in _lasting(ctx, customer_id, row["kind"])]
        if main:
            ctx.session.execute(update(h).where(among(h.c.id, others)).values(is_primary=False))
        ctx.session.execute(update(h).where(h.c.id == row["id"]).values(is_primary=main))
        return
    entries = [_entry(one) for one in _lasting(ctx, customer_id, row["kind"]) if one["id"] != row["id"]]
    if lasts:
        entries.insert(0 if main or row["is_primary"] else len(entries), _entry(row))
    editing.change(ctx, ctx.assembly.resource("customers"), customer_id, {_LISTS[row["kind"]]: entries})


def _lasting(ctx: Context, customer_id: int, kind: str) -> list[dict[str, Any]]:
    h, p = table(ContactHolder), table(ContactPoint)
    statement = (
        select(h.c.id, p.c.kind, p.c.value, p.c.parts)
        .select_from(h.join(p, p.c.id == h.c.contact_point_id))
        .where(h.c.customer_id == customer_id, p.c.kind == kind, h.c.until.is_(None))
        .order_by(h.c.is_primary.desc(), h.c.id)
    )
    return [dict(found) for found in ctx.session.execute(statement).mappings()]


def _entry(row: dict[str, Any]) -> Any:
    if row["kind"] != "postal":
        return row["value"]
    return {name: text for name, text in (row["parts"] or {}).items() if name in POSTAL_FIELDS}
