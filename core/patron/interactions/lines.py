"""The lines that a touch leaves on timelines: one per customer, one per organisation they belong to at that time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from patron.bulk import among
from patron.context import Context
from patron.customers.models import Customer, Relationship
from patron.interactions import timeline
from patron.interactions.channels import CHANNELS
from patron.interactions.models import Interaction, TimelineEntry
from patron.records import table

_COPIED = ("at", "module", "resource", "record_id", "thread_id", "visibility", "body", "actor_name", "owner_id",
           "team_id", "face")  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What a touch says on one timeline."""

    title: str
    snapshot: Mapping[str, Any]


def lines_of(ctx: Context, interaction: Interaction, customer_ids: Iterable[int]) -> dict[int, Line]:
    """The lines of a touch by customer: of those who took part, then of their organisations. Two statements."""
    direct = list(dict.fromkeys(customer_ids))
    names = names_of(ctx, direct)
    title = (
        interaction.subject
        or f"{CHANNELS[interaction.channel]} {'from' if interaction.direction == 'in' else 'to'} "
        + (", ".join(names.values()) or "unknown")
    )
    about = {"channel": interaction.channel, "direction": interaction.direction, "intent": interaction.intent}
    found = {customer_id: Line(title, about) for customer_id in direct}
    for organisation_id, person_id in organisations_of(ctx, direct, interaction.at).items():
        through = names.get(person_id, "")
        found.setdefault(organisation_id, Line(f"{title} ({through})", {**about, "through": through}))
    return found


def write_timeline(
    ctx: Context,
    interaction: Interaction,
    customer_ids: Iterable[int],
    module: str = "core",
    resource: str = "",
    record_id: int | None = None,
) -> None:
    """A touch on the timelines of those who took part and of their organisations."""
    for customer_id, line in lines_of(ctx, interaction, customer_ids).items():
        timeline.add(
            ctx,
            customer_id,
            _kind(interaction),
            line.title,
            snapshot=line.snapshot,
            contact=not interaction.bulk,
            at=interaction.at,
            module=module,
            resource=resource,
            record_id=record_id,
            thread_id=interaction.thread_id,
            interaction_id=interaction.key,
            visibility=interaction.visibility,
            body=interaction.body[:2000],
        )


def settle_timeline(ctx: Context, interaction: Interaction, customer_ids: Iterable[int]) -> None:
    """Bring the lines of a touch in step with who took part: some go, some come, as who logged it wrote them."""
    t = table(TimelineEntry)
    own = (t.c.interaction_id == interaction.key, t.c.kind == _kind(interaction))
    there = {row["customer_id"]: row for row in ctx.session.execute(select(t).where(*own)).mappings()}
    wanted = lines_of(ctx, interaction, customer_ids)
    if not there:
        write_timeline(ctx, interaction, customer_ids)
        return
    author = next(iter(there.values()))
    copied = {name: author[name] for name in _COPIED}
    for customer_id, line in wanted.items():
        said = {"title": line.title, "snapshot": dict(line.snapshot)}
        if customer_id in there:
            ctx.session.execute(update(t).where(t.c.id == there[customer_id]["id"]).values(said))
            continue
        kept = {"kind": _kind(interaction), "interaction_id": interaction.key, "customer_id": customer_id}
        ctx.session.execute(insert(t).values({**copied, **kept, **said}))
    gone = there.keys() - wanted.keys()
    if gone:
        ctx.session.execute(delete(t).where(*own, among(t.c.customer_id, gone)))
    if not interaction.bulk:
        _last_contacts(ctx, gone | (wanted.keys() - there.keys()))


def _last_contacts(ctx: Context, customer_ids: Collection[int]) -> None:
    """Work out anew when these customers were last in touch."""
    t, i, c = table(TimelineEntry), table(Interaction), table(Customer)
    newest = (
        select(func.max(t.c.at))
        .select_from(t.join(i, i.c.id == t.c.interaction_id))
        .where(t.c.customer_id == c.c.id, t.c.kind == "core." + i.c.channel, i.c.bulk.is_(False))
    )
    moved = update(c).where(among(c.c.id, customer_ids)).values(last_contact_at=newest.scalar_subquery())
    ctx.session.execute(moved)


def _kind(interaction: Interaction) -> str:
    return f"core.{interaction.channel}"


def names_of(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    """What these customers are called."""
    if not ids:
        return {}
    t = table(Customer)
    return {row.id: row.name for row in ctx.session.execute(select(t.c.id, t.c.name).where(t.c.id.in_(ids)))}


def organisations_of(ctx: Context, ids: Sequence[int], at: datetime) -> dict[int, int]:
    """Organisations these persons work at on that day, each with the first of the persons."""
    if not ids:
        return {}
    t = table(Relationship)
    day = at.date()
    statement = select(t.c.to_id, t.c.from_id).where(
        t.c.from_id.in_(ids),
        t.c.kind == "works_at",
        or_(t.c.since.is_(None), t.c.since <= day),
        or_(t.c.until.is_(None), t.c.until >= day),
    )
    found: dict[int, int] = {}
    for row in ctx.session.execute(statement):
        found.setdefault(row.to_id, row.from_id)
    return found
