"""Tamper evidence: audit rows are sealed in batches, each seal a hash over the row and the seal before it.

A job does it, so no writer waits for another's row. The seal covers the salted digest of the values, not the values:
they can be erased and the chain holds. A row that is changed, slipped in or taken out breaks it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, select, update

from patron.accounts.audit import digest
from patron.accounts.models import Audit, AuditValue
from patron.context import Context
from patron.records import table
from patron.system.stored import store_setting, stored_setting

BATCH = 2000
HEAD = "core.audit.sealed"  # how far the chain goes: id and seal of its last row
SETTLED = timedelta(minutes=5)  # longer than any transaction lives: no row with a lower id is still to come
_COVERED = ("id", "at", "actor_kind", "actor_id", "actor_name", "action", "resource", "record_id", "request_id",
            "address")  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found: rows that hold, and the id of the first that does not."""

    checked: int
    broken_at: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def seal(ctx: Context) -> int:
    """Seal the next batch of rows that have settled. Returns how many."""
    a = table(Audit)
    last, before = _head(ctx)
    rows = ctx.session.execute(_rows(last).limit(BATCH)).mappings()
    sealed: list[dict[str, Any]] = []
    for row in takewhile(lambda row: row["at"] < ctx.now - SETTLED, rows):
        before = _seal(ctx, before, row)
        sealed.append({"audit_id": row["id"], "value": before})
    if sealed:
        ctx.session.execute(
            update(a).where(a.c.id == bindparam("audit_id")).values(seal=bindparam("value")), sealed
        )
        store_setting(ctx.session, HEAD, [sealed[-1]["audit_id"], before])
    return len(sealed)


def verify(ctx: Context) -> Verdict:
    """Go through the chain from its first row. Reads every sealed row, a batch at a time."""
    until, wanted = _head(ctx)
    last, before, checked = 0, "", 0
    a = table(Audit)
    while rows := ctx.session.execute(_rows(last).where(a.c.id <= until).limit(BATCH)).mappings().all():
        for row in rows:
            before = _seal(ctx, before, row)
            if row["seal"] != before:
                return Verdict(checked, row["id"], "the row was changed, or one before it is gone")
            if reason := _wrong_values(row):
                return Verdict(checked, row["id"], reason)
            checked += 1
        last = rows[-1]["id"]
    if before != wanted:
        return Verdict(checked, until, "the newest sealed rows are gone")
    return Verdict(checked)


def _head(ctx: Context) -> tuple[int, str]:
    last, value = stored_setting(ctx.session, HEAD, [0, ""])
    return int(last), str(value)


def _rows(after: int) -> Select[Any]:
    a, v = table(Audit), table(AuditValue)
    covered = [a.c[name] for name in (*_COVERED, "seal")]
    values = [v.c.salt, v.c.digest, v.c.was, v.c.became]
    return (
        select(*covered, *values)
        .select_from(a.outerjoin(v, v.c.audit_id == a.c.id))
        .where(a.c.id > after)
        .order_by(a.c.id)
    )


def _seal(ctx: Context, before: str, row: Mapping[Any, Any]) -> str:
    """The chain is keyed: who can write the database but does not know the secret cannot mend it."""
    covered: Sequence[Any] = [row[name].isoformat() if name == "at" else row[name] for name in _COVERED]
    key = ctx.assembly.settings.secret_key.encode()
    text = msgspec.json.encode([before, row["digest"] or "", *covered])
    return hmac.new(key, b"audit:" + text, hashlib.sha256).hexdigest()


def _wrong_values(row: Mapping[Any, Any]) -> str:
    """Values that do not give their digest were changed; values that are gone were erased, as they may be."""
    if not row["digest"] or not (row["was"] or row["became"]):
        return ""
    fits = digest(row["salt"], row["was"], row["became"]) == row["digest"]
    return "" if fits else "what was and became do not fit their digest"
