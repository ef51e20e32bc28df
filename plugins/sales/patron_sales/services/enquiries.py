"""Enquiries: the customer found or made, the work assigned with its reason, qualified without copying anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from patron import (
    Context,
    Customer,
    Invalid,
    contacts,
    editing,
    normalise,
    publish,
    roles,
    row_scope,
    table,
    timeline,
)
from patron_workflow.api import Assignment, assign
from sqlalchemy import func, select

from patron_sales.models import Enquiry
from patron_sales.services.opportunities import KEY as OPPORTUNITIES
from patron_sales.services.opportunities import trusted

KEY = "sales.enquiries"
OPEN = ("new", "working")
_NEW = "sales.new_customer"
PERSON = ("name", "kind", "email", "phone", "match")  # the input that stands for a customer who is not chosen


@dataclass(frozen=True)
class Found:
    """A customer who is reached at an address that an enquiry names."""

    id: int
    name: str
    reason: str
    personal: bool


def look_alikes(ctx: Context, email: str, phone: str) -> list[Found]:
    """Customers within the actor's scope who are reached at this address or number: at most three statements."""
    reasons: dict[int, tuple[str, bool]] = {}
    for kind, value in (("email", email), ("phone", phone)):
        known = _normalised(ctx, kind, value)
        for holder in contacts.holders_of(ctx, kind, [known]).get(known, ()) if known else ():
            personal = holder.use == "personal"
            reason = known if personal else f"{known} ({holder.use})"
            reasons.setdefault(holder.customer_id, (reason, personal))
    if not reasons:
        return []
    t = table(Customer)
    customers = ctx.assembly.resource("customers")
    if not ctx.actor.may(customers.permission("read")):
        return []
    statement = select(t.c.id, t.c.name).where(t.c.id.in_(sorted(reasons)), row_scope(ctx, customers))
    return [Found(row.id, row.name, *reasons[row.id]) for row in ctx.session.execute(statement)]


def _normalised(ctx: Context, kind: str, value: str) -> str:
    """The address as it is stored; empty for none, and for what cannot be one."""
    try:
        if kind == "email":
            return normalise.email_address(value).normalised if value else ""
        return normalise.phone_number(value, ctx.assembly.settings.country) if value else ""
    except Invalid:
        return ""


def customer_for(ctx: Context, values: Mapping[str, Any]) -> int:
    """The customer of an enquiry that names a person or firm: the one personal holder of its address, else a new one.

    A role address (info@) never stands for one person. ``match`` “new” makes a new customer in any case.
    """
    email = str(values.get("email") or "")
    if email and values.get("match") != "new":
        address = normalise.email_address(email)
        held = contacts.holders_of(ctx, "email", [address.normalised]).get(address.normalised, [])
        persons = [holder for holder in held if holder.use == "personal"]
        if len(persons) == 1 and not address.is_role:
            return int(persons[0].customer_id)
    phone = str(values.get("phone") or "")
    customer = editing.create(
        trusted(ctx),
        ctx.assembly.resource("customers"),
        {
            "kind": values.get("kind") or "person",
            "name": values.get("name") or email or phone,
            "emails": [email] if email else [],
            "phones": [phone] if phone else [],
            "standing": "unverified",
            "source": values.get("source") or "",
        },
    )
    ctx.cache[_NEW] = customer.key
    return int(customer.key)


def give_out(ctx: Context, record: Enquiry) -> Assignment:
    """Ask the rules who gets it; without one that applies it stays with whoever wrote it down."""
    t = table(Customer)
    row = ctx.session.execute(
        select(t.c.kind, t.c.country, t.c.city, t.c.language, t.c.primary_email).where(
            t.c.id == record.customer_id
        )
    ).one()
    facts = {
        "subject": record.subject,
        "text": record.text,
        "source": record.source,
        "kind": row.kind,
        "country": row.country,
        "city": row.city,
        "language": row.language,
        "domain": row.primary_email.partition("@")[2],
    }
    known = (
        record.customer_id if ctx.cache.get(_NEW) != record.customer_id else None
    )  # else it has no owner yet
    given = assign(ctx, "enquiry", facts, known, loads=open_work)
    if given.user_id is None and given.team_id is None and record.owner_id is not None:
        return Assignment(record.owner_id, record.team_id, f"{given.reason}: it stays with who took it")
    return given


def open_work(ctx: Context, user_ids: Sequence[int]) -> dict[int, int]:
    """How many open enquiries each of these users has."""
    t = table(Enquiry)
    statement = (
        select(t.c.owner_id, func.count())
        .where(t.c.owner_id.in_(list(user_ids)), t.c.status.in_(OPEN), t.c.trashed_at.is_(None))
        .group_by(t.c.owner_id)
    )
    return {int(row[0]): int(row[1]) for row in ctx.session.execute(statement)}


def own_customer(ctx: Context, record: Enquiry) -> None:
    """A customer who came with the enquiry belongs to whom the enquiry was given."""
    customer_id = ctx.cache.pop(_NEW, None)
    if customer_id == record.customer_id and (record.owner_id or record.team_id):
        values = {"owner": record.owner_id, "team": record.team_id}
        editing.change(trusted(ctx), ctx.assembly.resource("customers"), customer_id, values)


def tell_received(ctx: Context, record: Enquiry) -> None:
    """The enquiry in the customer's history."""
    timeline.add(
        ctx,
        record.customer_id,
        "sales.enquiry",
        f"Enquiry: {record.subject}",
        body=record.text[:2000],
        module="sales",
        resource=KEY,
        record_id=record.key,
        snapshot={"source": record.source, "assigned_because": record.assigned_because},
    )


def tell_moved(ctx: Context, record: Enquiry) -> None:
    """What follows when an enquiry is qualified (the customer is known, and a prospect) or disqualified."""
    if record.status == "qualified":
        customers = ctx.assembly.resource("customers")
        editing.change(trusted(ctx), customers, record.customer_id, {"standing": "known"})
        roles.give_role(ctx, record.customer_id, "prospect", "sales")
    if record.status not in OPEN:
        timeline.add(
            ctx,
            record.customer_id,
            f"sales.{record.status}",
            f"Enquiry {record.status}: {record.subject}",
            body=record.reason,
            module="sales",
            resource=KEY,
            record_id=record.key,
        )
        publish(ctx, f"sales.enquiry.{record.status}", {"id": record.key}, customer_id=record.customer_id)


def qualify(
    ctx: Context,
    enquiry_id: int,
    *,
    opportunity: str = "",
    value: Mapping[str, Any] | None = None,
    close_date: date | None = None,
) -> Enquiry:
    """Qualify an enquiry, and open an opportunity of that name where one is given. Nothing is copied or deleted.

    Invalid when it is closed already.
    """
    resource = ctx.assembly.resource(KEY)
    record: Enquiry = editing.load(ctx, resource, enquiry_id, "edit")
    if record.status not in OPEN:
        raise Invalid(f"This enquiry is {record.status} already.")
    if opportunity:
        values = {
            "name": opportunity,
            "customer": record.customer_id,
            "value": value,
            "source": record.source,
            "owner": record.owner_id,
            "team": record.team_id,
        }
        if close_date is not None:
            values["close_date"] = close_date
        ctx.actor.require(f"{OPPORTUNITIES}.create")
        made = editing.create(trusted(ctx), ctx.assembly.resource(OPPORTUNITIES), values)
        record.opportunity_id = made.key
    changed: Enquiry = editing.change(ctx, resource, enquiry_id, {"status": "qualified"})
    return changed


def disqualify(ctx: Context, enquiry_id: int, reason: str) -> Enquiry:
    """Close an enquiry that leads nowhere. Invalid without a reason."""
    values = {"status": "disqualified", "reason": reason}
    record: Enquiry = editing.change(ctx, ctx.assembly.resource(KEY), enquiry_id, values)
    return record
