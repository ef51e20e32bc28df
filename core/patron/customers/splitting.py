"""Split: a merge is undone, and what came since goes to the side that it came by.

What moved goes back, with whatever was changed of it since. What was made since goes to the customer whose thread,
contact point, account or record it came by, else it stays with the survivor. Values of the survivor that the merge set
and nobody changed since are what they were; the other customer returns as it was. What left the house is only listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, delete, func, select, update

from patron.accounts import audit
from patron.bulk import among
from patron.context import Context
from patron.customers import facts, journal
from patron.customers.came_since import Arrival, arrivals
from patron.customers.links import Link, links
from patron.customers.merging import KEY, MERGE, movable
from patron.customers.models import Consent, ContactHolder, Customer, MergeJournal
from patron.db import UtcDateTime
from patron.errors import Conflict, NotFound
from patron.events import publish
from patron.interactions import timeline
from patron.interactions.models import Interaction, MailLedger, Participant
from patron.records import table
from patron.resources import editing, search
from patron.resources.scope import row_scope

_MOST_AT_ONCE = 500
_GONE_OUT = ("handed", "in_doubt", "bounced")


@dataclass(frozen=True)
class Plan:
    """What a split does: the merge, what came since and where that goes, what is no more as the merge left it, and
    the mails that went out meanwhile (recipient, subject, when)."""

    merge: Mapping[str, Any]
    arrivals: Sequence[Arrival]
    edited: Sequence[str]
    sent: Sequence[Mapping[str, Any]]


def plan(ctx: Context, merge_id: int) -> Plan:
    """What ``split`` would do now. Needs the right to merge, and to edit the survivor. NotFound, Forbidden."""
    ctx.actor.require(MERGE)
    entry = _entry(ctx, merge_id, lock=False)
    resource = ctx.assembly.resource(KEY)
    survivor: Customer = editing.load_many(ctx, resource, [entry["survivor_id"]], "edit", lock=False)[0]
    if entry["split_at"] is not None:
        return Plan(entry, (), (), ())
    edited = [name for name, value in _set(entry).items() if audit.plain(getattr(survivor, name)) != value]
    return Plan(entry, arrivals(ctx, entry), edited, _sent_since(ctx, entry))


def split(ctx: Context, merge_id: int) -> int:
    """Undo a merge. Returns the restored customer. Needs what a merge needs. NotFound, Forbidden, Conflict."""
    ctx.actor.require(MERGE)
    entry = _entry(ctx, merge_id, lock=True)
    if entry["split_at"] is not None:
        raise Conflict("This merge was split already.")
    ids = [entry["survivor_id"], entry["merged_id"]]
    survivor, merged = editing.load_many(ctx, ctx.assembly.resource(KEY), ids, "edit")
    if merged.merged_into_id != survivor.key or merged.erased_at is not None:
        raise Conflict("A later merge or an erasure stands in the way: undo that first.")
    came = arrivals(ctx, entry)  # before anything moves
    for moved in entry["moved"]:
        _move_back(ctx, moved, survivor.key, merged.key)
    _send_on(ctx, came, survivor.key, merged.key)
    _undo_beside(ctx, entry["before"], survivor.key)
    _values_back(entry, survivor, merged)
    _tell_modules(ctx, merge_id, entry["before"]["modules"], survivor.key, merged.key)
    _part(ctx, survivor, merged, came)
    t = table(MergeJournal)
    ctx.session.execute(update(t).where(t.c.id == merge_id).values(split_at=ctx.now))
    _tell(ctx, survivor, merged)
    facts.after_merge(ctx, ids)
    return int(merged.key)


def _entry(ctx: Context, merge_id: int, *, lock: bool) -> Mapping[str, Any]:
    t = table(MergeJournal)
    statement = select(t).where(t.c.id == merge_id)
    found = ctx.session.execute(statement.with_for_update() if lock else statement).mappings().first()
    if found is None:
        raise NotFound(f"There is no merge {merge_id}.")
    return dict(found)


def _set(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """By column what the merge set; a merge of long ago took what it set from the merged customer."""
    values: Mapping[str, Any] = entry["before"].get("set", {})
    return values


def _move_back(ctx: Context, moved: Mapping[str, Any], survivor_id: int, merged_id: int) -> None:
    t = Link("", "", moved["table"], moved["column"], "customer", "", "").clause()
    for ids in _parts(moved["ids"]):
        mine = (t.c[moved["column"]] == survivor_id, t.c.id.in_(ids))
        ctx.session.execute(update(t).where(*mine).values({moved["column"]: merged_id}))


def _send_on(ctx: Context, came: Sequence[Arrival], survivor_id: int, merged_id: int) -> None:
    """Move what came by the merged customer's side, but for what a uniqueness rule would refuse there."""
    going = {one.table: [row.id for row in one.rows if row.because] for one in came}
    for link in links(ctx, "customer"):
        name = link.column_name
        for ids in _parts(going.get(link.table_name, ())):
            t, free = movable(ctx, link, merged_id)
            mine = (t.c[name] == survivor_id, t.c.id.in_(ids))
            ctx.session.execute(update(t).where(*mine, *free).values({name: merged_id}))


def _undo_beside(ctx: Context, before: Mapping[str, Any], survivor_id: int) -> None:
    """Holdings that lasted again end again, main ones are main again, and the merge's own refusals go."""
    h, c = table(ContactHolder), table(Consent)
    for holder_id, until in before.get("points", ()):
        mine = (h.c.id == holder_id, h.c.customer_id == survivor_id, h.c.until.is_(None))
        ctx.session.execute(update(h).where(*mine).values(until=date.fromisoformat(until)))
    if raised := before.get("raised"):
        ctx.session.execute(update(h).where(h.c.id.in_(raised)).values(is_primary=False))
    for name, ids in before.get("main", {}).items():
        t = Link("", "", name, "is_primary", "customer", "", "").clause()
        ctx.session.execute(update(t).where(t.c.id.in_(ids)).values(is_primary=True))
    if written := before.get("consents"):
        ctx.session.execute(delete(c).where(c.c.id.in_(written), c.c.source == "merge"))


def _values_back(entry: Mapping[str, Any], survivor: Customer, merged: Customer) -> None:
    """What the merge set and nobody has changed since is as it was."""
    columns, was_set = table(Customer).c, _set(entry)
    for name, value in entry["before"]["survivor"].items():
        expected = was_set[name] if name in was_set else audit.plain(getattr(merged, name))
        if audit.plain(getattr(survivor, name)) != expected:
            continue
        if isinstance(value, str) and isinstance(columns[name].type, UtcDateTime | Date):
            kind = datetime if isinstance(columns[name].type, UtcDateTime) else date
            value = kind.fromisoformat(value)
        setattr(survivor, name, value)


def _tell_modules(
    ctx: Context, merge_id: int, told: Mapping[str, Any], survivor_id: int, merged_id: int
) -> None:
    there = journal.present(ctx)
    for module, entries in told.items():
        if module in there:
            arguments = {"survivor_id": survivor_id, "merged_id": merged_id, "journal": entries}
            ctx.assembly.hooks.transact(ctx, "after_customer_split", only=module, **arguments)
    journal.note_split(ctx, merge_id, told)


def _part(ctx: Context, survivor: Customer, merged: Customer, came: Sequence[Arrival]) -> None:
    merged.merged_into_id = merged.trashed_at = None
    if (newest := _newest_touch(ctx, came)) and (
        merged.last_contact_at is None or merged.last_contact_at < newest
    ):
        merged.last_contact_at = newest
    for customer in (survivor, merged):
        customer.version += 1
        customer.updated_at = ctx.now
    ctx.session.add_all([survivor, merged])
    ctx.session.flush()


def _newest_touch(ctx: Context, came: Sequence[Arrival]) -> datetime | None:
    """When the merged customer was in touch last, of what came since by their side."""
    going = [row.id for one in came if one.table == "core_participant" for row in one.rows if row.because]
    i, p = table(Interaction), table(Participant)
    theirs = select(p.c.interaction_id).where(among(p.c.id, going))
    newest: datetime | None = ctx.session.execute(
        select(func.max(i.c.at)).where(i.c.id.in_(theirs), i.c.bulk.is_(False))
    ).scalar()
    return newest


def _tell(ctx: Context, survivor: Customer, merged: Customer) -> None:
    resource = ctx.assembly.resource(KEY)
    title = f"Split: {survivor.name} and {merged.name} are two again"
    for customer in (survivor, merged):
        search.index(ctx, resource, customer)
        search.rescope(ctx, [customer.key])
        timeline.add(ctx, customer.key, "core.split", title)
    audit.record(ctx, "split", KEY, survivor.key, {"split": (None, merged.key)}, customer_id=survivor.key)
    payload = {"survivor": survivor.key, "merged": merged.key}
    publish(ctx, "customers.split", payload, customer_id=survivor.key)


def _sent_since(ctx: Context, entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Mails that were handed over since, newest first, of those that the actor may read: a split calls none back."""
    if not ctx.actor.may("interactions.read"):
        return ()
    readable = row_scope(ctx, ctx.assembly.resource("interactions"))
    m, i, p = table(MailLedger), table(Interaction), table(Participant)
    theirs = select(p.c.interaction_id).where(p.c.customer_id == entry["survivor_id"])
    rows = ctx.session.execute(
        select(m.c.recipient, i.c.subject, i.c.at)
        .join(i, i.c.id == m.c.interaction_id)
        .where(i.c.id.in_(theirs), i.c.at >= entry["at"], m.c.state.in_(_GONE_OUT), readable)
        .order_by(i.c.at.desc(), i.c.id.desc())
        .limit(100)
    )
    return [dict(row) for row in rows.mappings()]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (ids[start : start + _MOST_AT_ONCE] for start in range(0, len(ids), _MOST_AT_ONCE))
