"""The conflict check: after a registration is committed, never in the partner's request, so that its answer and its
time tell nothing. What it finds is evidence for those who decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Context, Event, in_words, table
from sqlalchemy import delete, insert, or_, select, update

from patron_prm.models import Evidence, Protection, Registration
from patron_prm.services import candidates
from patron_prm.services.candidates import Found
from patron_prm.services.matching import is_same

KEY = "prm.registrations"
RIVALS = ("sales.opportunities", "sales.quotes", "orders.orders")  # asked where they are installed
FEW, MOST_CUSTOMERS, MOST = 3, 5, 30


def on_submitted(ctx: Context, event: Event) -> None:
    """Check a registration that was submitted, or changed in what it is about."""
    check(ctx, int(event.payload["id"]))


def check(ctx: Context, registration_id: int) -> int:
    """Gather the evidence anew. Returns how many records of others speak against the registration."""
    record = ctx.session.get(Registration, registration_id)
    if record is None or record.status != "received":
        return 0
    customers = candidates.customers_like(ctx, candidates.described(record))[:MOST_CUSTOMERS]
    rivals = [
        *(_of_registration(ctx, found) for found in candidates.registrations_like(ctx, record)),
        *_of_neighbours(ctx, customers),
    ][:MOST]
    evidence = [*rivals, *(_of_customer(ctx, found) for found in customers)]
    e, t = table(Evidence), table(Registration)
    ctx.session.execute(delete(e).where(e.c.registration_id == registration_id))
    if evidence:
        ctx.session.execute(insert(e), [{**row, "registration_id": registration_id} for row in evidence])
    found = {"conflicts": len(rivals), "checked_at": ctx.now}
    ctx.session.execute(update(t).where(t.c.id == registration_id).values(found))
    return len(rivals)


def protected_rival(ctx: Context, record: Registration, customer_id: int | None) -> str:
    """Who holds a protection of the same end customer, as a sentence for those who decide; empty when nobody does."""
    p, t = table(Protection), table(Registration)
    theirs = (
        select(t.c.number, t.c.protected_until)
        .join(p, p.c.registration_id == t.c.id)
        .where(p.c.customer_id == customer_id, p.c.until >= ctx.now.date(), t.c.id != record.id)
    )
    row = ctx.session.execute(theirs.limit(1)).first() if customer_id is not None else None
    if row is None:
        alike = candidates.registrations_like(ctx, record, protected=True)
        today = ctx.now.date()
        row = next((f.row for f in alike if is_same(f.alike) and f.row.protected_until >= today), None)
    if row is None:
        return ""
    return f"This end customer is protected by {row.number} until {in_words.day(ctx, row.protected_until)}."


def same_customer(ctx: Context, record: Registration) -> int | None:
    """The customer that the registration means beyond doubt; None when there is none yet."""
    alike = candidates.customers_like(ctx, candidates.described(record))
    return next((found.id for found in alike if is_same(found.alike)), None)


def evidence_of(ctx: Context, registration_id: int) -> list[dict[str, Any]]:
    """What was found, rivals before customers, most alike first; ``url`` where the actor may open the record."""
    e = table(Evidence)
    statement = select(e).where(e.c.registration_id == registration_id).order_by(e.c.score.desc(), e.c.id)
    rows = [dict(row) for row in ctx.session.execute(statement).mappings()]
    for row in rows:
        declared = ctx.assembly.resources.get(row["resource"])
        row["label"] = declared.label if declared else row["resource"]
        opens = declared is not None and ctx.actor.may(declared.permission("read"))
        row["url"] = f"{declared.path}/{row['record_id']}" if declared and opens else ""
    return sorted(rows, key=lambda row: row["resource"] == "customers")


def _of_registration(ctx: Context, found: Found) -> dict[str, Any]:
    row = found.row
    waits = row.status != "approved"
    said = "Waits for a decision" if waits else f"Protected until {in_words.day(ctx, row.protected_until)}"
    title = f"{row.number}: {row.end_name}, by {row.partner_name}"
    return _evidence(KEY, found.id, row.customer_id, title, said, found.alike[0].field, found.score)


def _of_customer(ctx: Context, found: Found) -> dict[str, Any]:
    place = ", ".join(part for part in (found.row.city, in_words.country(ctx, found.row.country)) if part)
    best = found.alike[0]
    return _evidence("customers", found.id, found.id, found.row.name, place, best.field, best.score)


def _of_neighbours(ctx: Context, customers: Sequence[Found]) -> list[dict[str, Any]]:
    """Opportunities, quotes and orders of the customers found: one statement per kind that is installed."""
    scores = {found.id: found for found in customers}
    gathered = []
    for key in RIVALS if scores else ():
        resource = ctx.assembly.resources.get(key)
        if resource is None:
            continue
        t = table(resource.model)
        columns = [t.c[link.field] for link in resource.links]
        states = resource.state if resource.state in t.c else "status" if "status" in t.c else ""
        wanted = [t.c.id, t.c[resource.field(resource.title).attribute].label("title"), *columns]
        statement = select(*wanted, *([t.c[states].label("state")] if states else [])).where(
            or_(*(column.in_(scores) for column in columns)), t.c.trashed_at.is_(None)
        )
        for row in ctx.session.execute(statement.order_by(t.c.id.desc()).limit(FEW * len(scores))).mappings():
            owner = next(scores[row[c.name]] for c in columns if row[c.name] in scores)
            gathered.append(_of_neighbour(resource, row, owner))
    return gathered


def _of_neighbour(resource: Any, row: Mapping[Any, Any], owner: Found) -> dict[str, Any]:
    state = str(row.get("state") or "")
    choices = {choice.value: choice.label for item in resource.fields for choice in item.choices}
    title = f"{row['title']}, {owner.row.name}"
    said = choices.get(state, state)
    return _evidence(resource.key, row["id"], owner.id, title, said, owner.alike[0].field, owner.score)


def _evidence(
    resource: str, record_id: int, customer_id: int | None, title: str, said: str, field: str, score: int
) -> dict[str, Any]:
    return {
        "resource": resource, "record_id": record_id, "customer_id": customer_id, "title": title[:300], "said": said,
        "field": field, "score": score,
    }  # fmt: skip
