"""Merge: two rows that are one customer become one. ``splitting`` makes them two again.

Every reference moves, by the links of ``core_link``; what a uniqueness rule does not let move stays with the merged
row, which is kept for ever and leads to the survivor. The journal keeps both rows as they were and knows each row that
moved, was parked or was changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, insert, not_, select, update
from sqlalchemy.sql.expression import TableClause

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.customers import consents, facts, journal
from patron.customers.links import Extent, Link, extents, links, unique_sets
from patron.customers.models import ContactHolder, ContactPoint, Customer, MergeJournal, Relationship
from patron.customers.survivorship import GROUPS, brought_by, columns_of, sources_of
from patron.errors import Conflict, Invalid
from patron.events import publish
from patron.interactions import timeline
from patron.records import table
from patron.resources import editing, search
from patron.system.models import FileLink

MERGE = "customers.merge"
KEY = "customers"
# What can be chosen of either customer, and the columns that say it. The rest stays the survivor's.
CHOICES: Mapping[str, Sequence[str]] = {
    **{group: columns_of(group) for group in GROUPS},
    "note": ("note",),
    "source": ("source",),
    "primary_email": ("primary_email",),
    "primary_phone": ("primary_phone",),
    "city": ("city", "city_key", "country"),
    "life_state": ("life_state", "life_state_since"),
    "team": ("team_id",),
}
_NEVER_EMPTY = ("name", "life_state")  # taken only where that was chosen
_MAIN_OF = {"email": "primary_email", "phone": "primary_phone", "postal": "city"}


def merge(ctx: Context, survivor_id: int, merged_id: int, take: Collection[str] | None = None) -> int:
    """Make one customer of two. Returns the merge's id.

    The survivor keeps its values but for those of ``take`` (keys of ``CHOICES``; without it, what the firm's rules of
    survivorship prefer), its blanks are filled, and where one granted and the other withdrew, it is withdrawn. Needs
    the right to merge and to edit both. NotFound, Forbidden, Invalid, Conflict.
    """
    ctx.actor.require(MERGE)
    if survivor_id == merged_id:
        raise Invalid("A customer cannot be merged with itself.")
    if unknown := set(take or ()) - set(CHOICES):
        raise Invalid.field("take", f"“{min(unknown)}” cannot be chosen: {', '.join(CHOICES)}.")
    both = editing.load_many(ctx, ctx.assembly.resource(KEY), [survivor_id, merged_id], "edit")
    survivor, merged = both
    for customer in both:
        if customer.merged_into_id is not None or customer.erased_at is not None:
            raise Conflict(f"{customer.name} was merged or erased already.")
    brought = brought_by(ctx, survivor, merged) if take is None else sources_of(ctx, merged, take)
    take = brought if take is None else take
    before: dict[str, Any] = {"rows": {"survivor": _row(survivor), "merged": _row(merged)}}
    before["modules"] = _ask_modules(ctx, survivor_id, merged_id)
    found = extents(ctx, links(ctx, "customer"), survivor_id, merged_id)
    before["newest"] = {extent.link.table_name: extent.newest for extent in found}
    before["consents"] = consents.restrict(ctx, survivor_id, merged_id)
    before["main"] = _one_main(ctx, survivor_id, merged_id, take)
    moved = [_move(ctx, extent, merged_id, survivor_id) for extent in found if extent.of_second]
    moved.append(_move_files(ctx, merged_id, survivor_id))
    before["raised"] = _raise_main(ctx, before["main"].pop("raise", []), survivor_id)
    before["parked"] = _parked(ctx, found, moved, merged_id)
    before["points"] = _reach_again(ctx, survivor_id, merged_id)
    before["survivor"], before["set"] = _take(survivor, merged, take)
    _join(ctx, survivor, merged)
    merge_id = _write_journal(ctx, survivor_id, merged_id, [entry for entry in moved if entry["ids"]], before)
    _tell(ctx, merge_id, survivor, merged, _said(survivor, before["survivor"], brought))
    told = {extent.link.table_name for extent in found if extent.of_first or extent.of_second}
    facts.after_merge(ctx, [survivor_id, merged_id], tables=told)
    return merge_id


def _row(customer: Customer) -> dict[str, Any]:
    """The whole row, as JSON keeps it."""
    return {column.name: audit.plain(getattr(customer, column.name)) for column in table(Customer).c}


def _ask_modules(ctx: Context, survivor_id: int, merged_id: int) -> dict[str, list[Mapping[str, Any]]]:
    answers = ctx.assembly.hooks.transact(
        ctx, "before_customer_merge", survivor_id=survivor_id, merged_id=merged_id
    )
    return {module: list(entries) for module, entries in answers if entries}


def _one_main(ctx: Context, survivor_id: int, merged_id: int, take: Collection[str]) -> dict[str, list[int]]:
    """Leave one main contact point of a kind and one main relationship: the survivor's, or what was chosen.

    Returns, by table, the ids of what is the main one no more, and as ``raise`` the contact points that shall be.
    """
    h, p, r = table(ContactHolder), table(ContactPoint), table(Relationship)
    pair = (survivor_id, merged_id)
    mains = (
        select(h.c.id, h.c.customer_id, p.c.kind, h.c.contact_point_id)
        .join(p, p.c.id == h.c.contact_point_id)
        .where(h.c.customer_id.in_(pair), h.c.is_primary.is_(True))
    )
    related = select(r.c.id, r.c.from_id, r.c.kind, r.c.id).where(
        r.c.from_id.in_(pair), r.c.is_primary.is_(True)
    )
    lowered: dict[str, list[int]] = {}
    for t, statement in ((h, mains), (r, related)):
        rows = ctx.session.execute(statement.order_by(t.c.id)).all()
        of_both = {kind for _, owner, kind, _ in rows if owner == survivor_id} & {
            kind for _, owner, kind, _ in rows if owner == merged_id
        }
        given_up = {kind: survivor_id if _MAIN_OF.get(kind) in take else merged_id for kind in of_both}
        if ids := [key for key, owner, kind, _ in rows if given_up.get(kind) == owner]:
            ctx.session.execute(update(t).where(t.c.id.in_(ids)).values(is_primary=False))
            lowered[t.name] = ids
        if t is h:
            chosen = [kind for kind, loser in given_up.items() if loser == survivor_id]
            lowered["raise"] = [
                point for _, owner, kind, point in rows if owner == merged_id and kind in chosen
            ]
    return lowered


def _raise_main(ctx: Context, points: Sequence[int], survivor_id: int) -> list[int]:
    """Where both were reached at a contact point that was chosen as the main one, the survivor's holding of it is."""
    if not points:
        return []
    h = table(ContactHolder)
    mine = (h.c.customer_id == survivor_id, h.c.contact_point_id.in_(points), h.c.is_primary.is_(False))
    return sorted(
        ctx.session.execute(update(h).where(*mine).values(is_primary=True).returning(h.c.id)).scalars()
    )


def _move(ctx: Context, extent: Extent, from_id: int, to_id: int) -> dict[str, Any]:
    """Point the references of one column at another customer, but for rows that a uniqueness rule would refuse."""
    t, free = movable(ctx, extent.link, to_id)
    name = extent.link.column_name
    moving = update(t).where(t.c[name] == from_id, *free).values({name: to_id})
    moved = ctx.session.execute(moving.returning(t.c.id))
    return {"table": extent.link.table_name, "column": name, "ids": sorted(moved.scalars())}


def movable(ctx: Context, link: Link, to_id: int) -> tuple[TableClause, list[ColumnElement[bool]]]:
    """The link's table, and the clauses for rows that can come to refer to a customer: no uniqueness rule refuses it,
    and nothing comes to refer to itself."""
    sets = unique_sets(ctx, link)
    others = sorted({name for names in sets for name in names})
    ends = [name for name in ("from_id", "to_id") if link.table_name == "core_relationship"]
    t = link.clause(*others, *ends)
    clauses: list[ColumnElement[bool]] = []
    for names in sets:
        twin = t.alias()
        same = and_(twin.c[link.column_name] == to_id, *(twin.c[name] == t.c[name] for name in names))
        clauses.append(not_(exists(select(twin.c.id).where(same))))
    if ends:  # a relationship between the two would become one with itself
        far = "to_id" if link.column_name == "from_id" else "from_id"
        clauses.append(t.c[far] != to_id)
    if link.table_name == "core_customer":
        clauses.append(t.c.id != to_id)
    return t, clauses


def _move_files(ctx: Context, from_id: int, to_id: int) -> dict[str, Any]:
    """Files attached to the customer go along; what refers by kind and number is no foreign key."""
    t = table(FileLink)
    moving = update(t).where(t.c.resource == KEY, t.c.record_id == from_id).values(record_id=to_id)
    moved = ctx.session.execute(moving.returning(t.c.id))
    return {"table": t.name, "column": "record_id", "ids": sorted(moved.scalars())}


def _parked(
    ctx: Context, found: Sequence[Extent], moved: Sequence[Mapping[str, Any]], merged_id: int
) -> dict[str, list[int]]:
    """By table, the rows that could not move: whole, with the merged customer, until a split."""
    parked: dict[str, list[int]] = {}
    for extent in found:
        if not (extent.of_second and (extent.of_first or extent.link.table_name == "core_relationship")):
            continue  # without a row of the survivor's there is nothing to clash with
        t, name = extent.link.clause(), extent.link.column_name
        left = ctx.session.execute(select(t.c.id).where(t.c[name] == merged_id).order_by(t.c.id))
        if ids := list(left.scalars()):
            parked[extent.link.table_name] = ids
    return parked


def _reach_again(ctx: Context, survivor_id: int, merged_id: int) -> list[tuple[int, str]]:
    """Where the merged is reached and the survivor was once, the survivor is again: ids of holdings, and until when."""
    h, theirs = table(ContactHolder), table(ContactHolder).alias()
    held = (
        theirs.c.customer_id == merged_id, theirs.c.until.is_(None), theirs.c.contact_point_id == h.c.contact_point_id
    )  # fmt: skip
    ended = (h.c.customer_id == survivor_id, h.c.until.is_not(None), exists(select(theirs.c.id).where(*held)))
    rows = ctx.session.execute(select(h.c.id, h.c.until).where(*ended)).all()
    if rows:
        ctx.session.execute(update(h).where(among(h.c.id, [row.id for row in rows])).values(until=None))
    return [(row.id, row.until.isoformat()) for row in rows]


def taken(survivor: Customer, merged: Customer, take: Collection[str]) -> list[str]:
    """The choices whose values the survivor gets from the merged: what was chosen, and what it lacks."""
    empty = (None, "")
    return [
        choice
        for choice, columns in CHOICES.items()
        if choice in take
        or (
            choice not in _NEVER_EMPTY
            and all(getattr(survivor, name) in empty for name in columns)
            and any(getattr(merged, name) not in empty for name in columns)
        )
    ]


def _take(
    survivor: Customer, merged: Customer, take: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the survivor what it takes; returns by column what it had before and what it has now."""
    columns = [name for choice in taken(survivor, merged, take) for name in CHOICES[choice]]
    values = {name: getattr(merged, name) for name in columns}
    if "name" not in take:  # parts of a name that only one of the two knows
        parts = GROUPS["name"][1:]
        values |= {name: getattr(merged, name) for name in parts if not getattr(survivor, name)}
    if (
        merged.last_contact_at
        and (survivor.last_contact_at or merged.last_contact_at) <= merged.last_contact_at
    ):
        values["last_contact_at"] = merged.last_contact_at
    before, now = {}, {}
    for name, value in values.items():
        if (had := getattr(survivor, name)) != value:
            before[name], now[name] = audit.plain(had), audit.plain(value)
            setattr(survivor, name, value)
    return before, now


def _join(ctx: Context, survivor: Customer, merged: Customer) -> None:
    survivor.version += 1
    survivor.updated_at = ctx.now
    merged.merged_into_id, merged.trashed_at = survivor.key, ctx.now
    merged.version += 1
    ctx.session.add_all([survivor, merged])
    ctx.session.flush()


def _write_journal(
    ctx: Context, survivor_id: int, merged_id: int, moved: list[dict[str, Any]], before: dict[str, Any]
) -> int:
    t = table(MergeJournal)
    values = {
        "survivor_id": survivor_id,
        "merged_id": merged_id,
        "at": ctx.now,
        "by": ctx.actor.name,
        "moved": moved,
        "before": before,
        "split_at": None,
    }
    merge_id = int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())
    journal.follow(ctx, merge_id=merge_id)
    return merge_id


def _said(
    survivor: Customer, before: Mapping[str, Any], brought: Mapping[str, str]
) -> dict[str, tuple[Any, Any]]:
    """What the audit keeps of the values that the merged brought, with the source of each."""
    first = {group: columns_of(group)[0] for group in brought}
    changed = {
        group: (before[name], getattr(survivor, name)) for group, name in first.items() if name in before
    }
    sources = {group: brought[group] for group in changed}
    return {**changed, "brought": (None, sources)} if changed else {}


def _tell(
    ctx: Context, merge_id: int, survivor: Customer, merged: Customer, said: Mapping[str, tuple[Any, Any]]
) -> None:
    """Search, audit, history and event of a merge just done."""
    resource = ctx.assembly.resource(KEY)
    search.remove(ctx, resource, merged.key)
    search.index(ctx, resource, survivor)
    search.rescope(ctx, [survivor.key])
    changed = {"merged": (None, merged.key), **said}
    audit.record(ctx, "merge", KEY, survivor.key, changed, customer_id=survivor.key)
    snapshot = {"merge_id": merge_id, "merged_id": merged.key}
    timeline.add(ctx, survivor.key, "core.merged", f"Merged with {merged.name}", snapshot=snapshot)
    payload = {"survivor": survivor.key, "merged": merged.key}
    publish(ctx, "customers.merged", payload, customer_id=survivor.key)
