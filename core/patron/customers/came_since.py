"""What came to a customer since a merge, and by which of the two it came: what a split asks.

A row goes to the merged customer's side where it came by something that was that side's alone: a thread, a contact
point, an account, or a record. A row made of a row that goes so goes too. All else stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, and_, column, inspect, or_, select
from sqlalchemy import table as lightweight
from sqlmodel import SQLModel

from patron.accounts.models import Mandate
from patron.bulk import among
from patron.context import Context
from patron.customers.links import CUSTOMER_TABLE, Link, links
from patron.customers.models import ContactHolder, ContactPoint
from patron.interactions.models import Interaction, Participant
from patron.records import table

# In this order: of a touch in the survivor's own thread it does not matter from which address it came.
_BY = (
    ("core_thread", "the conversation"),
    ("core_contact_point", "the address"),
    ("core_account", "the account"),
)
_KEPT_BY_THE_FRAME = ("core_merge_journal", "core_erasure_journal")


@dataclass
class Came:
    """A row that came since. ``because`` says by what it goes to the merged customer's side; empty, it stays."""

    id: int
    because: str = ""


@dataclass(frozen=True)
class Arrival:
    """The rows of one table that came since."""

    table: str
    resource: str
    rows: Sequence[Came]


@dataclass
class _Side:
    """Ids by table of what was of one of the two alone at the merge."""

    merged: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    survivor: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    addresses: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Told:
    """What rows can be followed by: foreign keys by table, the table of each kind of record, threads of touches."""

    keys: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, str]
    threads: Mapping[int, int]


def arrivals(ctx: Context, entry: Mapping[str, Any]) -> list[Arrival]:
    """What came to the survivor since the merge of this journal entry, by table; nothing for a merge that did not note
    how far the tables went."""
    newest: Mapping[str, int] | None = entry["before"].get("newest")
    if newest is None:
        return []
    found = [link for link in links(ctx, "customer") if link.table_name not in _KEPT_BY_THE_FRAME]
    rows = _rows_since(ctx, found, entry, newest)
    if not rows:
        return []
    first = {link.table_name: link for link in reversed(found)}
    side = _sides(ctx, entry, first)
    tables = {link.resource: link.table_name for link in found if link.resource}
    came = {name: {row["id"]: Came(row["id"]) for row in theirs} for name, theirs in rows.items()}
    told = _Told({name: _keys(ctx, name) for name in rows}, tables, _threads(ctx, rows))
    while _decide(rows, came, side, told):
        pass
    return [Arrival(name, first[name].resource, list(came[name].values())) for name in rows]


def _rows_since(
    ctx: Context, found: Sequence[Link], entry: Mapping[str, Any], newest: Mapping[str, int]
) -> dict[str, list[RowMapping]]:
    """The rows by table, with the columns that can tell by what they came."""
    names: dict[str, list[str]] = defaultdict(list)
    for link in found:
        names[link.table_name].append(link.column_name)
    moved = {(one["table"], one["column"]): set(one["ids"]) for one in entry["moved"]}
    moved["core_consent", "customer_id"] = {
        *moved.get(("core_consent", "customer_id"), ()),
        *entry["before"].get("consents", ()),
    }
    reckoned = {table(item.model).name for _, item in ctx.assembly.customer_fields if item.define is not None}
    rows: dict[str, list[RowMapping]] = {}
    for name, columns in names.items():
        if name == CUSTOMER_TABLE or name in reckoned:
            continue
        wanted = dict.fromkeys(("id", *columns, *_telling(ctx, name)))
        t = lightweight(name, *map(column, wanted))
        theirs = or_(*(t.c[each] == entry["survivor_id"] for each in columns))
        later = select(t).where(t.c.id > newest.get(name, 0), theirs).order_by(t.c.id)
        if name == "core_timeline":  # the line that says it was merged is no history of either
            later = later.where(column("kind") != "core.merged")
        went = set().union(*(moved.get((name, each), set()) for each in columns))
        if fresh := [row for row in ctx.session.execute(later).mappings() if row["id"] not in went]:
            rows[name] = fresh
    return rows


def _keys(ctx: Context, name: str) -> dict[str, str]:
    """The columns of a table that refer to another one than the customer's, also of a module that is away."""
    known = SQLModel.metadata.tables.get(name)
    if known is not None:
        pairs = [(c.name, key.column.table.name) for c in known.columns for key in c.foreign_keys]
    else:
        keys = inspect(ctx.session.connection()).get_foreign_keys(name)
        pairs = [(key["constrained_columns"][0], key["referred_table"]) for key in keys]
    return {column_name: target for column_name, target in pairs if target != CUSTOMER_TABLE}


def _telling(ctx: Context, name: str) -> Iterator[str]:
    yield from _keys(ctx, name)
    known = SQLModel.metadata.tables.get(name)
    columns = (
        [c.name for c in known.columns]
        if known is not None
        else [c["name"] for c in inspect(ctx.session.connection()).get_columns(name)]
    )
    yield from (each for each in ("resource", "record_id", "address") if each in columns)


def _sides(ctx: Context, entry: Mapping[str, Any], first: Mapping[str, Link]) -> _Side:
    """What was of one side alone when the two became one. A record is theirs whom its first reference names."""
    side = _Side()
    for one in entry["moved"]:
        if one["table"] in first and one["column"] == first[one["table"]].column_name:
            side.merged[one["table"]].update(one["ids"])
    _shared_out(ctx, side, entry, ContactHolder, "contact_point_id", "core_contact_point")
    _shared_out(ctx, side, entry, Mandate, "account_id", "core_account")
    p, i, points = table(Participant), table(Interaction), table(ContactPoint)
    joined = p.join(i, i.c.id == p.c.interaction_id)
    theirs = select(p.c.id, i.c.id, i.c.thread_id).select_from(joined)
    mine = and_(
        p.c.customer_id == entry["survivor_id"],
        p.c.id <= entry["before"]["newest"].get("core_participant", 0),
    )
    moved = side.merged["core_participant"]
    for participant, interaction, thread in ctx.session.execute(theirs.where(mine)):
        of = side.merged if participant in moved else side.survivor
        of["core_interaction"].add(interaction)
        of["core_thread"].add(thread)
    for name in ("core_interaction", "core_thread"):
        shared = side.merged[name] & side.survivor[name]
        side.merged[name] -= shared
        side.survivor[name] -= shared
    of_theirs = select(points.c.value).where(among(points.c.id, sorted(side.merged["core_contact_point"])))
    side.addresses = {str(value).lower() for value in ctx.session.execute(of_theirs).scalars()}
    return side


def _shared_out(
    ctx: Context, side: _Side, entry: Mapping[str, Any], model: Any, column_name: str, target: str
) -> None:
    """Contact points and accounts by whose they were: one that both held is of neither."""
    t = table(model)
    ids = (entry["survivor_id"], entry["merged_id"])
    rows = ctx.session.execute(
        select(t.c.id, t.c.customer_id, t.c[column_name]).where(t.c.customer_id.in_(ids))
    )
    moved = side.merged[t.name]
    for key, customer_id, value in rows:
        of = side.merged if key in moved or customer_id == entry["merged_id"] else side.survivor
        of[target].add(value)
    shared = side.merged[target] & side.survivor[target]
    side.merged[target] -= shared
    side.survivor[target] -= shared


def _threads(ctx: Context, rows: Mapping[str, Sequence[RowMapping]]) -> dict[int, int]:
    """The thread of each touch that the rows are of."""
    ids = {row["interaction_id"] for theirs in rows.values() for row in theirs if row.get("interaction_id")}
    i = table(Interaction)
    found = ctx.session.execute(select(i.c.id, i.c.thread_id).where(among(i.c.id, sorted(ids))))
    return {int(row.id): int(row.thread_id) for row in found}


def _decide(
    rows: Mapping[str, Sequence[RowMapping]], came: Mapping[str, Mapping[int, Came]], side: _Side, told: _Told
) -> bool:
    """One round: whether any row was found to go that was thought to stay."""
    found = False
    for name, theirs in rows.items():
        for row in theirs:
            one = came[name][row["id"]]
            if not one.because and (because := _because(row, told.keys[name], side, told)):
                one.because, found = because, True
                side.merged[name].add(one.id)
                if name == "core_participant":
                    side.merged["core_interaction"].add(row["interaction_id"])
    return found


def _because(row: RowMapping, keys: Mapping[str, str], side: _Side, told: _Told) -> str:
    """By what a row came that was the merged customer's alone; empty where it came by nothing of theirs."""
    refers = [(target, row[name]) for name, target in keys.items() if row[name] is not None]
    if (thread := told.threads.get(row.get("interaction_id") or 0)) is not None:
        refers.append(("core_thread", thread))
    for target, word in _BY:
        ids = {value for kind, value in refers if kind == target}
        if ids & side.merged[target]:
            return word
        if ids & side.survivor[target]:
            return ""
        if target == "core_contact_point" and str(row.get("address") or "").lower() in side.addresses:
            return word
    kind = told.tables.get(str(row.get("resource") or ""))
    if kind and row.get("record_id") in side.merged[kind]:
        return "the record"
    by_records = (value in side.merged[target] for target, value in refers if target not in dict(_BY))
    return "the record" if any(by_records) else ""
