"""The audit: every change leaves its row in the same transaction, values apart so that they can be erased."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session

from patron.accounts.models import Audit, AuditValue
from patron.bulk import insert_rows, take_ids
from patron.context import Context
from patron.prepared import inserting
from patron.records import table

_JSON = msgspec.json.Encoder(order="deterministic")


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value


def record(
    ctx: Context,
    action: str,
    resource: str,
    record_id: int | None,
    changed: Mapping[str, tuple[Any, Any]] | None = None,
    *,
    customer_id: int | None = None,
) -> int:
    """Write who did what. ``changed`` maps fields to (was, became); never hand it a secret. Returns the audit's id."""
    (audit_id,) = _AUDIT.first(
        ctx.session,
        {
            "at": ctx.now, "actor_kind": ctx.actor.kind, "actor_id": ctx.actor.id, "actor_name": ctx.actor.name,
            "action": action, "resource": resource, "record_id": record_id, "request_id": ctx.request_id,
            "address": ctx.address, "seal": "",
        },
    )  # fmt: skip
    if changed:
        was = {name: plain(pair[0]) for name, pair in changed.items()}
        became = {name: plain(pair[1]) for name, pair in changed.items()}
        salt = secrets.token_hex(8)
        _AUDIT_VALUE.rows(
            ctx.session,
            {
                "audit_id": audit_id, "customer_id": customer_id, "salt": salt,
                "digest": digest(salt, was, became), "was": was, "became": became,
            },
        )  # fmt: skip
    return int(audit_id)


_AUDIT = inserting(table(Audit), [c.name for c in table(Audit).c if c.name != "id"], returning_id=True)
_AUDIT_VALUE = inserting(table(AuditValue), [c.name for c in table(AuditValue).c if c.name != "id"])


class Sealed(NamedTuple):
    """The values of a change as they are stored: made by :func:`sealed`, which needs no database."""

    salt: str
    digest: str
    was: msgspec.Raw
    became: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Change:
    """One record's change, for ``record_many``."""

    action: str
    record_id: int
    changed: Mapping[str, tuple[Any, Any]] | Sealed
    customer_id: int | None = None


def record_many(ctx: Context, resource: str, changes: Sequence[Change]) -> None:
    """What ``record`` writes, for many records of a resource in a fixed number of statements."""
    ids = take_ids(ctx.session, table(Audit), len(changes))
    common = {
        "at": ctx.now, "actor_kind": ctx.actor.kind, "actor_id": ctx.actor.id, "actor_name": ctx.actor.name,
        "resource": resource, "request_id": ctx.request_id, "address": ctx.address, "seal": "",
    }  # fmt: skip
    insert_rows(
        ctx.session, table(Audit),
        [
            {**common, "id": audit_id, "action": change.action, "record_id": change.record_id}
            for audit_id, change in zip(ids, changes, strict=True)
        ],
    )  # fmt: skip
    insert_rows(
        ctx.session, table(AuditValue),
        [
            {"audit_id": audit_id, "customer_id": change.customer_id, **_values(change)}
            for audit_id, change in zip(ids, changes, strict=True)
            if change.changed
        ],
    )  # fmt: skip


def _values(change: Change) -> dict[str, Any]:
    changed = change.changed
    return (changed if isinstance(changed, Sealed) else sealed(changed))._asdict()


def sealed(changed: Mapping[str, tuple[Any, Any]]) -> Sealed:
    """What is kept of a change, its JSON written once for the digest and for the table."""
    was = _JSON.encode({name: plain(pair[0]) for name, pair in changed.items()})
    became = _JSON.encode({name: plain(pair[1]) for name, pair in changed.items()})
    salt = secrets.token_hex(8)
    seen = hashlib.sha256(b"%b[%b,%b]" % (salt.encode(), was, became)).hexdigest()
    return Sealed(salt, seen, msgspec.Raw(was), msgspec.Raw(became))


def last_id(session: Session) -> int:
    """The newest change that can be seen: while it is the same, nobody has changed a record."""
    return session.execute(select(func.max(table(Audit).c.id))).scalar() or 0


def digest(salt: str, was: Mapping[str, Any], became: Mapping[str, Any]) -> str:
    """The salted hash that stands for the values in the seal, so that erasing them breaks nothing."""
    return hashlib.sha256(salt.encode() + _JSON.encode([was, became])).hexdigest()
