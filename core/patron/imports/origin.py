"""What a row says of where it comes from: its name in the other system, and when it was made there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time

from sqlalchemy import delete, insert, select, update

from patron.accounts.models import Audit
from patron.bulk import among
from patron.context import Context
from patron.contributions import Resource
from patron.errors import Invalid
from patron.imports.dates import DateColumn
from patron.imports.fields import ImportField
from patron.records import table
from patron.system.models import ImportKey

SOURCE_ID, SOURCE_DATE = "source_id", "source_date"
LABELS = {SOURCE_ID: "Number in the other system", SOURCE_DATE: "Made there on"}
ORIGIN_FIELDS = (
    ImportField(SOURCE_ID, ("source id", "external id", "externe id", "record id", "id", "deal id", "ticket id")),
    ImportField(
        SOURCE_DATE,
        ("source date", "created", "created at", "created on", "create date", "creation date", "date created",
         "erstellt am", "angelegt am", "date de creation", "fecha de creacion"),
    ),
)  # fmt: skip


def moment(text: str, field: str) -> datetime:
    """An instant as files write it, in UTC unless it says otherwise; a day alone is its midnight. Invalid."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        day, _, clock = text.strip().partition(" ")
        try:
            found = datetime.combine(DateColumn("ambiguous", "").parse(day), _clock(clock))
        except Invalid:
            raise Invalid.field(field, f"“{text[:40]}” is no date; write it like 2024-03-12 14:30.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _clock(text: str) -> time:
    for form in ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p"):
        try:
            return datetime.strptime(text.strip(), form).time()  # noqa: DTZ007 - a time of day
        except ValueError:
            continue
    return time()


def known_as(ctx: Context, resource: str, source: str, keys: Collection[str]) -> dict[str, int]:
    """The records that these names were given to. One statement."""
    if not keys:
        return {}
    t = table(ImportKey)
    wanted = select(t.c.name, t.c.record_id).where(
        t.c.resource == resource, t.c.source == source, among(t.c.name, list(keys))
    )
    return {row.name: row.record_id for row in ctx.session.execute(wanted)}


def name_record(ctx: Context, resource: str, source: str, key: str, record_id: int) -> None:
    """Give a record its name; one that it had in that system before, or that named a record that is gone, goes."""
    t = table(ImportKey)
    same = (t.c.resource == resource, t.c.source == source, t.c.name == key)
    ctx.session.execute(delete(t).where(*same))
    values = {"resource": resource, "source": source, "name": key, "record_id": record_id}
    ctx.session.execute(insert(t).values(values))


def forget_names(ctx: Context, resource: str, record_ids: Collection[int]) -> None:
    """Take the names of records that are gone."""
    t = table(ImportKey)
    ctx.session.execute(delete(t).where(t.c.resource == resource, among(t.c.record_id, list(record_ids))))


def date_audit(ctx: Context, resource: Resource, record_id: int, now: datetime) -> None:
    """What was done under an earlier date was still done now, as far as the audit is concerned."""
    t = table(Audit)
    mine = (t.c.resource == resource.key, t.c.record_id == record_id, t.c.at == ctx.now, t.c.seal == "")
    ctx.session.execute(update(t).where(*mine).values(at=now))
