"""Writing what was reckoned: rows that say something else than what is stored, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from patron.bulk import among, update_rows
from patron.context import Context

_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def keep(
    ctx: Context, t: Table, reckoned: Mapping[int, Mapping[str, Any] | None], stamp: Mapping[str, Any]
) -> int:
    """Make the 1:1 rows of these customers say what was reckoned; None takes a row away. Returns how many changed.

    ``stamp`` are values that are written with a change and make none. At most four statements.
    """
    if not reckoned:
        return 0
    mine = select(t).where(among(t.c.customer_id, list(reckoned))).order_by(t.c.customer_id).with_for_update()
    stored = {row["customer_id"]: row for row in ctx.session.execute(mine).mappings()}
    fresh, anew, gone = [], [], []
    for customer_id, values in reckoned.items():
        row = stored.get(customer_id)
        if values is None:
            gone += [row["id"]] if row is not None else []
        elif row is None:
            fresh.append({"customer_id": customer_id, **values, **stamp})
        elif any(row[name] != value for name, value in values.items()):
            anew.append({"id": row["id"], **values, **stamp})
    if fresh:
        made = _INSERT[ctx.assembly.database.dialect](t)
        ctx.session.execute(made.on_conflict_do_nothing(index_elements=["customer_id"]), fresh)
    update_rows(ctx.session, t, anew)
    if gone:
        ctx.session.execute(delete(t).where(among(t.c.id, gone)))
    return len(fresh) + len(anew) + len(gone)
