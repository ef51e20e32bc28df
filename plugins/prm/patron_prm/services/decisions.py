"""Approving and rejecting registrations. One end customer is protected for one partner at a time, whoever asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from patron import (
    Conflict,
    Context,
    Invalid,
    Scope,
    editing,
    in_words,
    next_number,
    normalise,
    relationships,
    roles,
    savepoint,
    table,
    timeline,
)
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from patron_prm import with_sales
from patron_prm.models import Protection, Registration
from patron_prm.services import conflicts, registrations

PERMISSION = "prm.approve"
ALREADY = "This end customer is already registered."


def approve(ctx: Context, registration_id: int, customer_id: int | None = None) -> Registration:
    """Approve and protect it for ``customer_id``, or for the customer that is meant beyond doubt, or a new one.

    Conflict when it was decided before, or when the end customer is protected already.
    """
    record = registrations.load(ctx, registration_id, "edit")
    if record.status != "received":
        raise Conflict(f"{record.number} is no longer open.")
    number = next_number(ctx, "protections", "P{number:05}")  # locked until the end: one approval at a time
    known = customer_id or conflicts.same_customer(ctx, record)
    if rival := conflicts.protected_rival(ctx, record, known):
        raise Conflict(rival)
    end_customer = known or _new_customer(ctx, record)
    until = registrations.protection_ends(ctx)
    _protect(ctx, record, end_customer, until)
    values = {
        "customer_id": end_customer,
        "protection": number,
        "protected_until": until,
        "decided_at": ctx.now,
    }
    registrations.settle(ctx, record, "approved", of=("received",), **values)
    _follow(ctx, record, end_customer)
    return record


def reject(ctx: Context, registration_id: int, reason: str) -> Registration:
    """Reject it with a reason that the partner reads. Invalid without one."""
    record = registrations.load(ctx, registration_id, "edit")
    if not reason.strip():
        raise Invalid.field("reason", "Say why: the partner reads it.")
    values = {"reason": reason.strip()[:1000], "decided_at": ctx.now}
    registrations.settle(ctx, record, "rejected", of=("received",), **values)
    registrations.tell(ctx, record, "rejected", f"Registration {record.number} rejected", record.reason)
    return record


def claims_of(record: Registration) -> list[str]:
    """What nobody else may have protected meanwhile: the firm's domain, and its name in its place."""
    place = f"{record.end_country}|{normalise.fold(record.end_city)}"
    claims = [f"name:{record.end_key}|{place}"]
    return [*claims, f"domain:{record.end_domain}"] if record.end_domain else claims


def _protect(ctx: Context, record: Registration, customer_id: int, until: Any) -> None:
    p = table(Protection)
    claims = claims_of(record)
    ctx.session.execute(delete(p).where(p.c.claim.in_(claims), p.c.until < ctx.now.date()))
    rows = [
        {"claim": claim, "registration_id": record.key, "customer_id": customer_id, "until": until}
        for claim in claims
    ]
    try:
        with savepoint(ctx.session):
            ctx.session.execute(insert(p), rows)
    except IntegrityError as error:
        raise Conflict("This end customer is protected for another registration.") from error


def _follow(ctx: Context, record: Registration, customer_id: int) -> None:
    """What an approval brings along: the relationship, the opportunity where sales is installed, the history."""
    partner = registrations.customer_name(ctx, record.partner_customer_id)
    relationships.relate(
        ctx, record.partner_customer_id, customer_id, "partner_for", role=record.number, since=ctx.now.date(),
        until=record.protected_until,
    )  # fmt: skip
    timeline.share(ctx, customer_id, "prm.submitted", registrations.KEY, record.key)
    record.opportunity_id = with_sales.open_opportunity(ctx, record, customer_id, partner)
    ctx.session.add(record)
    ctx.session.flush()
    until = registrations.last_protected_day(record)
    title = f"Deal {record.number} of {partner} approved, protected until {in_words.day(ctx, until)}"
    registrations.tell(ctx, record, "approved", title)


def _new_customer(ctx: Context, record: Registration) -> int:
    """The end customer as the partner describes it."""
    partner = registrations.customer_name(ctx, record.partner_customer_id)
    values: dict[str, Any] = {
        "kind": "organisation", "name": record.end_name, "source": f"Partner {partner}"[:200], "owner": record.owner_id,
        "emails": [record.end_email] if record.end_email else [],
        "phones": [record.end_phone] if record.end_phone else [],
        "website": f"https://{record.end_domain}" if record.end_domain else "",
    }  # fmt: skip
    if record.end_city or record.end_country:
        place = {"city": record.end_city, "country": record.end_country}
        values["addresses"] = [{name: value for name, value in place.items() if value}]
    working = ctx.acting_as(replace(ctx.actor, grants={"*": Scope.ALL}, only=("*",)))
    customer_id = int(editing.create(working, ctx.assembly.resource("customers"), values).key)
    roles.give_role(ctx, customer_id, "prospect", "prm")
    return customer_id
