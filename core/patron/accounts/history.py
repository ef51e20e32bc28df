"""The history of a record, read from the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from patron.accounts.models import Audit, AuditValue
from patron.context import Context
from patron.records import table


def of_record(ctx: Context, resource: str, record_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """The newest changes of a record: at, actor, action, was, became. One statement."""
    a, v = table(Audit), table(AuditValue)
    statement = (
        select(a.c.at, a.c.actor_name, a.c.action, v.c.was, v.c.became)
        .select_from(a.outerjoin(v, v.c.audit_id == a.c.id))
        .where(a.c.resource == resource, a.c.record_id == record_id)
        .order_by(a.c.id.desc())
        .limit(limit)
    )
    return [
        {
            "at": row.at,
            "actor": row.actor_name,
            "action": row.action,
            "was": row.was or {},
            "became": row.became or {},
        }
        for row in ctx.session.execute(statement)
    ]


def values_before(
    ctx: Context, resource: str, record_id: int, fields: Sequence[str], version: int
) -> dict[str, Any]:
    """What ``fields`` were when the record had ``version``: create is version 1, each change adds one."""
    a, v = table(Audit), table(AuditValue)
    statement = (
        select(v.c.became)
        .select_from(a.outerjoin(v, v.c.audit_id == a.c.id))
        .where(a.c.resource == resource, a.c.record_id == record_id)
        .order_by(a.c.id)
        .limit(max(version, 0))
    )
    values: dict[str, Any] = {}
    for (became,) in ctx.session.execute(statement):
        values.update({name: became[name] for name in fields if became and name in became})
    return values
