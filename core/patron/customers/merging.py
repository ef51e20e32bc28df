"""Merge and split: two rows that are one customer become one, and can become two again.

Every reference moves, by the links of ``core_link``; what a uniqueness rule does not let move stays with the merged
row, which is kept for ever and leads to the survivor. The journal knows each row that moved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, insert, not_, select, update

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.customers import facts, journal
from patron.customers.links import Link, links, unique_sets
from patron.customers.models import ContactHolder, Customer, MergeJournal
from patron.customers.survivorship import GROUPS, brought_by, columns_of
from patron.errors import Conflict, Invalid, NotFound
from patron.events import publish
from patron.interactions import timeline
from patron.records import table
from patron.resources import editing, search

MERGE = "customers.merge"
_ONE_OF = {group: columns_of(group)[0] for group in GROUPS}
_FILLED = ("given_name", "family_name", "prefix", "suffix", "birth_date", "language", "website", "note", "source",
           "primary_email", "primary_phone", "city", "city_key", "country", "owner_id", "team_id")  # fmt: skip


def merge(ctx: Context, survivor_id: int, merged_id: int) -> int:
    """Make one customer of two: the survivor keeps its values, its blanks are filled. Returns the merge's id.

    Needs the right to merge and to edit both. NotFound, Forbidden, Invalid.
    """
    ctx.actor.require(MERGE)
    if survivor_id == merged_id:
        raise Invalid("A customer cannot be merged with itself.")
    survivor, merged = editing.load_many(
        ctx, ctx.assembly.resource("customers"), [survivor_id, merged_id], "edit"
    )
    for customer in (survivor, merged):
        if customer.merged_into_id is not None or customer.erased_at is not None:
            raise Conflict(f"{customer.name} was merged or erased already.")
    extra = _ask_modules(ctx, survivor_id, merged_id)
    moved = [_move(ctx, link, merged_id, survivor_id) for link in links(ctx, "customer")]
    brought = brought_by(ctx, survivor, merged)
    before: dict[str, Any] = {
        "survivor": _settle(survivor, merged, brought),
        "points": _reach_again(ctx, survivor_id, merged_id),
    }
    survivor.version += 1
    survivor.updated_at = ctx.now
    merged.merged_into_id, merged.trashed_at = survivor_id, ctx.now
    merged.version += 1
    ctx.session.add_all([survivor, merged])
    ctx.session.flush()
    merge_id = _write_journal(
        ctx, survivor_id, merged_id, [entry for entry in moved if entry["ids"]], before, extra
    )
    search.remove(ctx, ctx.assembly.resource("customers"), merged_id)
    search.index(ctx, ctx.assembly.resource("customers"), survivor)
    search.rescope(ctx, [survivor_id])
    said: dict[str, tuple[Any, Any]] = {"merged": (None, merged_id)}
    if brought:
        said |= {
            group: (before["survivor"].get(group), getattr(survivor, _ONE_OF[group])) for group in brought
        }
        said["brought"] = (None, brought)
    audit.record(ctx, "merge", "customers", survivor_id, said, customer_id=survivor_id)
    title = f"Merged with {merged.name}"
    timeline.add(
        ctx, survivor_id, "core.merged", title, snapshot={"merge_id": merge_id, "merged_id": merged_id}
    )
    facts.after_merge(ctx, [survivor_id, merged_id])
    publish(ctx, "customers.merged", {"survivor": survivor_id, "merged": merged_id}, customer_id=survivor_id)
    return merge_id


def _ask_modules(ctx: Context, survivor_id: int, merged_id: int) -> dict[str, list[Mapping[str, Any]]]:
    answers = ctx.assembly.hooks.transact(
        ctx, "before_customer_merge", survivor_id=survivor_id, merged_id=merged_id
    )
    return {module: list(entries) for module, entries in answers if entries}


def _move(ctx: Context, link: Link, from_id: int, to_id: int) -> dict[str, Any]:
    """Point the references of one column at another customer, but for rows that a uniqueness rule would refuse."""
    sets = unique_sets(ctx, link)
    others = sorted({name for names in sets for name in names})
    ends = [name for name in ("from_id", "to_id") if link.table_name == "core_relationship"]
    t = link.clause(*others, *ends)
    mine = t.c[link.column_name]
    clauses = [mine == from_id]
    for names in sets:
        twin = t.alias()
        same = and_(twin.c[link.column_name] == to_id, *(twin.c[name] == t.c[name] for name in names))
        clauses.append(not_(exists(select(twin.c.id).where(same))))
    if ends:  # a relationship between the two would become one with itself
        far = "to_id" if link.column_name == "from_id" else "from_id"
        clauses.append(t.c[far] != to_id)
    if link.table_name == "core_customer":
        clauses.append(t.c.id != to_id)
    moved = ctx.session.execute(update(t).where(*clauses).values({link.column_name: to_id}).returning(t.c.id))
    return {"table": link.table_name, "column": link.column_name, "ids": sorted(moved.scalars())}


def _reach_again(ctx: Context, survivor_id: int, merged_id: int) -> list[tuple[int, str]]:
    """Where the merged is reached and the survivor was once, the survivor is again: ids of holdings, and until when."""
    h, theirs = table(ContactHolder), table(ContactHolder).alias()
    held = (
        theirs.c.customer_id == merged_id, theirs.c.until.is_(None), theirs.c.contact_point_id == h.c.contact_point_id
    )  # fmt: skip
    ended = (h.c.customer_id == survivor_id, h.c.until.is_not(None), exists(select(theirs.c.id).where(*held)))
    rows = ctx.session.execute(select(h.c.id, h.c.until).where(*ended)).all()
    ctx.session.execute(update(h).where(among(h.c.id, [row.id for row in rows])).values(until=None))
    return [(row.id, row.until.isoformat()) for row in rows]


def _settle(survivor: Customer, merged: Customer, brought: Collection[str]) -> dict[str, Any]:
    """What the survivor lacks, or the firm's rules prefer, it takes from the merged; returns what it had before."""
    before: dict[str, Any] = {}
    for name in (name for group in brought for name in columns_of(group)):
        before[name] = audit.plain(getattr(survivor, name))
        setattr(survivor, name, getattr(merged, name))
    for name in _FILLED:
        mine, theirs = getattr(survivor, name), getattr(merged, name)
        if mine in (None, "") and theirs not in (None, ""):
            before[name] = audit.plain(mine)
            setattr(survivor, name, theirs)
    return before


def _write_journal(
    ctx: Context,
    survivor_id: int,
    merged_id: int,
    moved: list[dict[str, Any]],
    before: dict[str, Any],
    extra: Mapping[str, Any],
) -> int:
    t = table(MergeJournal)
    values = {
        "survivor_id": survivor_id,
        "merged_id": merged_id,
        "at": ctx.now,
        "by": ctx.actor.name,
        "moved": moved,
        "before": {**before, "modules": dict(extra)},
        "split_at": None,
    }
    merge_id = int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())
    journal.follow(ctx, merge_id=merge_id)
    return merge_id


def split(ctx: Context, merge_id: int) -> int:
    """Undo a merge: what moved goes back, what came since stays with the survivor. Returns the restored customer."""
    ctx.actor.require(MERGE)
    t = table(MergeJournal)
    entry = ctx.session.execute(select(t).where(t.c.id == merge_id).with_for_update()).mappings().first()
    if entry is None:
        raise NotFound(f"There is no merge {merge_id}.")
    if entry["split_at"] is not None:
        raise Conflict("This merge was split already.")
    ids = [entry["survivor_id"], entry["merged_id"]]
    survivor, merged = editing.load_many(ctx, ctx.assembly.resource("customers"), ids, "edit")
    if merged.merged_into_id != survivor.key or merged.erased_at is not None:
        raise Conflict("A later merge or an erasure stands in the way: undo that first.")
    for moved in entry["moved"]:
        _move_back(ctx, moved, survivor.key, merged.key)
    for name, value in entry["before"]["survivor"].items():
        if getattr(survivor, name) == getattr(merged, name):  # not edited since
            setattr(survivor, name, date.fromisoformat(value) if name == "birth_date" and value else value)
    h = table(ContactHolder)
    for holder_id, until in entry["before"].get("points", ()):
        mine = (h.c.id == holder_id, h.c.customer_id == survivor.key, h.c.until.is_(None))
        ctx.session.execute(update(h).where(*mine).values(until=date.fromisoformat(until)))
    there = journal.present(ctx)
    for module, entries in entry["before"]["modules"].items():
        if module in there:
            arguments = {"survivor_id": survivor.key, "merged_id": merged.key, "journal": entries}
            ctx.assembly.hooks.transact(ctx, "after_customer_split", only=module, **arguments)
    journal.note_split(ctx, merge_id, entry["before"]["modules"])
    merged.merged_into_id = merged.trashed_at = None
    for customer in (survivor, merged):
        customer.version += 1
        customer.updated_at = ctx.now
    ctx.session.add_all([survivor, merged])
    ctx.session.flush()
    ctx.session.execute(update(t).where(t.c.id == merge_id).values(split_at=ctx.now))
    for customer in (survivor, merged):
        search.index(ctx, ctx.assembly.resource("customers"), customer)
        search.rescope(ctx, [customer.key])
        timeline.add(
            ctx, customer.key, "core.split", f"Split: {survivor.name} and {merged.name} are two again"
        )
    audit.record(
        ctx, "split", "customers", survivor.key, {"split": (None, merged.key)}, customer_id=survivor.key
    )
    facts.after_merge(ctx, [survivor.key, merged.key])
    publish(
        ctx, "customers.split", {"survivor": survivor.key, "merged": merged.key}, customer_id=survivor.key
    )
    return int(merged.key)


def _move_back(ctx: Context, moved: Mapping[str, Any], survivor_id: int, merged_id: int) -> None:
    link = Link("", "", moved["table"], moved["column"], "customer", "", "")
    t = link.clause()
    ids = moved["ids"]
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        mine = (t.c[moved["column"]] == survivor_id) & t.c.id.in_(part)
        ctx.session.execute(update(t).where(mine).values({moved["column"]: merged_id}))
