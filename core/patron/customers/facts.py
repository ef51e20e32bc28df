"""Facts of customers: rows of the modules' 1:1 tables, kept equal to the statements that define them.

A module declares where its facts come from (``CustomerFields.define``) and which events touch them (``sources``).
Each such event marks its customer, and the rows of all who were marked are written anew at the end of the same
transaction, behind a lock on each row, so that two who change the same customer at once both count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Table, and_, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from patron.bulk import among, update_rows
from patron.context import Context
from patron.contributions import CustomerFields, Field, Panel
from patron.customers.models import Customer
from patron.db import BEFORE_COMMIT, BigInt, before_commit
from patron.records import table
from patron.resources.scope import of_reached_customers

BATCH = 500


def mark(ctx: Context, event: str, customers: Iterable[int | None]) -> None:
    """Note that the facts which listen to that event have changed for these customers: ``publish`` and editing do,
    others where they write beside them. The name of a resource stands for every event of it."""
    sources = ctx.assembly.fact_sources
    declared = sources.get(event, ()) + sources.get(event.rpartition(".")[0], ())
    ids = {customer for customer in customers if customer is not None}
    if not declared or not ids:
        return
    before_commit(ctx.session, _settle, (ctx, declared, ids))


def _settle(marks: Sequence[tuple[Context, Collection[int], set[int]]]) -> None:
    ctx = max(
        (ctx for ctx, _, _ in marks), key=lambda ctx: ctx.now
    )  # a row holds as of the last that is in it
    marked: dict[int, set[int]] = {}
    for _, declared, ids in marks:
        for index in declared:
            marked.setdefault(index, set()).update(ids)
    for index in sorted(marked):
        refresh(ctx, ctx.assembly.customer_fields[index][1], marked[index])


def refresh(ctx: Context, item: CustomerFields, customers: Collection[int], *, add: bool = True) -> int:
    """Make the rows of these customers say what is so now. Returns how many said something else.

    ``add`` writes rows of customers who have none. A customer without anything to be known keeps a row of defaults.
    """
    assert item.define is not None
    t, ids, changed = table(item.model), sorted(customers), 0
    stamp = {name: ctx.now for name in ("as_of", "updated_at") if name in t.c}
    for part in (ids[start : start + BATCH] for start in range(0, len(ids), BATCH)):
        if add:
            _add_rows(ctx, item, part)
        locked = select(t).where(among(t.c.customer_id, part)).order_by(t.c.customer_id).with_for_update()
        stored = ctx.session.execute(locked).mappings().all()
        defined, nothing = _defined(ctx, item, part), nothing_known(ctx, item)
        said = [(row, defined.get(row["customer_id"], nothing)) for row in stored]
        anew = [
            {"id": row["id"], **values, **stamp}
            for row, values in said
            if any(row[name] != value for name, value in values.items())
        ]
        update_rows(ctx.session, t, anew)
        changed += len(anew)
    return changed


def _add_rows(ctx: Context, item: CustomerFields, ids: Sequence[int]) -> None:
    """A row of defaults for each customer who has none; whoever adds the same one meanwhile is waited for."""
    t, c = table(item.model), table(Customer)
    now = {name: ctx.now for name in ("as_of", "created_at", "updated_at") if name in t.c}
    values = nothing_known(ctx, item) | now
    make: Any = postgresql.insert if ctx.assembly.database.dialect != "sqlite" else sqlite.insert
    given = (literal(value, t.c[name].type) for name, value in values.items())
    rows = make(t).from_select(["customer_id", *values], select(c.c.id, *given).where(among(c.c.id, ids)))
    ctx.session.execute(rows.on_conflict_do_nothing(index_elements=["customer_id"]))


def nothing_known(ctx: Context, item: CustomerFields) -> dict[str, Any]:
    """The defined columns of a customer of whom the module knows nothing."""
    assert item.define is not None
    defaults = {declared.attribute: declared.default for declared in item.fields}
    defaults["currency"] = ctx.assembly.settings.currency
    named = (column.name for column in item.define(ctx, []).selected_columns)
    return {name: defaults.get(name) for name in named if name != "customer_id"}


def _defined(ctx: Context, item: CustomerFields, ids: Sequence[int] | None) -> dict[int, dict[str, Any]]:
    """What the defining statement says, by customer; of all where ``ids`` is None. Sums come as numeric from some."""
    assert item.define is not None
    columns, rows = table(item.model).c, ctx.session.execute(item.define(ctx, ids)).mappings()
    return {
        int(row["customer_id"]): {
            name: int(value)
            if value is not None and isinstance(columns[name].type, (Integer, BigInt))
            else value
            for name, value in row.items()
            if name != "customer_id"
        }
        for row in rows
    }


# Rebuilding and checking


@dataclass(frozen=True)
class Difference:
    """A fact that is stored otherwise than its definition says."""

    customer_id: int
    fact: str
    stored: Any
    defined: Any


def rebuild(ctx: Context, item: CustomerFields) -> int:
    """Make all rows say what is so now. Returns how many said something else."""
    if item.define is None:
        return 0
    t, c = table(item.model), table(Customer)
    stored = set(ctx.session.execute(select(t.c.customer_id)).scalars())
    defined = set(_defined(ctx, item, None))
    living = set(ctx.session.execute(select(c.c.id)).scalars()) if defined - stored else stored
    return refresh(ctx, item, (defined & living) | stored)


def fill_empty(ctx: Context) -> None:
    """Write the rows of facts that are new to this database."""
    for _module, item in ctx.assembly.customer_fields:
        if item.define is not None and not ctx.session.execute(select(table(item.model).c.id).limit(1)).all():
            rebuild(ctx, item)


def check(ctx: Context, item: CustomerFields) -> Iterator[Difference]:
    """Each stored fact that its defining statement says otherwise."""
    if item.define is None:
        return
    t, defaults = table(item.model), nothing_known(ctx, item)
    stored = {row["customer_id"]: row for row in ctx.session.execute(select(t)).mappings()}
    defined = _defined(ctx, item, None)
    for customer in sorted({*stored, *defined}):
        was, now = stored.get(customer, defaults), defined.get(customer, defaults)
        for name, value in now.items():
            if was[name] != value:
                yield Difference(customer, name, was[name], value)


def after_merge(
    ctx: Context, customers: Collection[int], only: str = "", tables: Collection[str] | None = None
) -> None:
    """Reckon the rows of customers that became one, or two again; of one module where it comes back later. ``tables``
    are those with rows of them, where that is known: without a row of facts there is nothing to reckon."""
    _follow_marks(ctx, set(customers))
    for module, item in ctx.assembly.customer_fields:
        here = module == only if only else module not in ctx.assembly.live.disabled
        has_rows = tables is None or table(item.model).name in tables
        if item.define is not None and here and has_rows:
            refresh(ctx, item, customers, add=False)


def _follow_marks(ctx: Context, customers: set[int]) -> None:
    """What this transaction has noted of one of them, and not reckoned yet, now concerns the others too."""
    noted = [item for fn, item in ctx.session.info.get(BEFORE_COMMIT, ()) if fn is _settle]
    declared = {index for _, indexes, ids in noted if ids & customers for index in indexes}
    if declared:
        before_commit(ctx.session, _settle, (ctx, sorted(declared), customers))


# The customer's page


def panel(ctx: Context, customer: Customer) -> Panel | None:
    """What modules know of a customer, and as of when: one statement. None where they know nothing to be shown.

    Shown to whom the filter language would tell it: within the scope of each permission.
    """
    shown = [
        (module, item)
        for module, item in ctx.assembly.customer_fields
        if item.define is not None
        and module not in ctx.assembly.live.disabled
        and ctx.actor.may(item.permission)
    ]
    if not shown:
        return None
    c, tables = table(Customer), [table(item.model) for _, item in shown]
    joined: Any = c
    for t, (_, item) in zip(tables, shown, strict=True):
        reached = of_reached_customers(ctx, c.c.id, item.permission)
        joined = joined.outerjoin(t, and_(t.c.customer_id == c.c.id, reached))
    names = [column.label(f"{t.name}__{column.name}") for t in tables for column in t.c]
    row = (
        ctx.session.execute(select(*names).select_from(joined).where(c.c.id == customer.key)).mappings().one()
    )
    groups = [_group(ctx, item, t, dict(row)) for (_, item), t in zip(shown, tables, strict=True)]
    found = [group for group in groups if group is not None]
    if not found:
        return None
    return Panel("facts", "At a glance", "customers/facts.html", {"groups": found}, "side", "activity", 10)


def _group(ctx: Context, item: CustomerFields, t: Table, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of one module with their values; None where the customer has no row, or one of defaults."""
    values = {column.name: row[f"{t.name}__{column.name}"] for column in t.c}
    if values["id"] is None or all(values[f.attribute] == f.default for f in item.fields):
        return None
    currency = values.get("currency") or ctx.assembly.settings.currency
    said = [(declared, _shown(declared, values[declared.attribute], currency)) for declared in item.fields]
    as_of: datetime | None = values.get("as_of")
    return {"facts": [pair for pair in said if pair[1] not in (None, "")], "as_of": as_of}


def _shown(declared: Field, value: Any, currency: str) -> Any:
    """As a row of a list holds it."""
    return {"minor": value, "currency": currency} if declared.kind == "money" else value
