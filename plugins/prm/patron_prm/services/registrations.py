"""A registration from its arrival to its end, but for the decision: what is derived, told and expires."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from patron import (
    Conflict,
    Context,
    Customer,
    Invalid,
    Relationship,
    audit,
    editing,
    next_number,
    normalise,
    publish,
    table,
    timeline,
)
from patron_workflow.api import calendar_for, due_at
from sqlalchemy import delete, select, update

from patron_prm.models import Partner, Protection, Registration
from patron_prm.services.matching import domain_of

KEY = "prm.registrations"
OPEN = ("received", "approved")
EXPIRED_AT_ONCE = 500


def load(ctx: Context, registration_id: int, verb: str = "read") -> Registration:
    """A registration within the actor's scope; NotFound, Forbidden."""
    record: Registration = editing.load(ctx, ctx.assembly.resource(KEY), registration_id, verb)
    return record


def working_hours(ctx: Context, hours: int) -> datetime:
    """The instant at which so many hours of the firm's working time will have passed."""
    return due_at(calendar_for(ctx), ctx.now, hours * 60)


def derive(record: Registration) -> None:
    """What is compared and sorted, from what the partner wrote. Invalid for a country that no list knows."""
    record.end_key = normalise.organisation_key(record.end_name)[:200]
    record.end_country = normalise.country_code(record.end_country) if record.end_country else ""
    record.end_domain = domain_of(record.end_domain, record.end_email)


def prepare(ctx: Context, record: Registration) -> None:
    """Fill what a new registration gets by itself. Invalid when the partner's agreement does not hold."""
    p = table(Partner)
    columns = (p.c.customer_id, p.c.owner_id, p.c.team_id, p.c.status)
    partner = ctx.session.execute(select(*columns).where(p.c.id == record.partner_id)).one()
    if partner.status != "active":
        raise Invalid.field("partner", "The agreement with this partner does not hold at present.")
    record.partner_customer_id = partner.customer_id
    record.owner_id, record.team_id = partner.owner_id or record.owner_id, partner.team_id or record.team_id
    record.number = record.number_key = next_number(ctx, "registrations", "D{number:05}")
    record.submitted_at, record.submitted_by = ctx.now, ctx.actor.name
    record.currency = record.currency or ctx.assembly.settings.currency
    record.value_minor = record.value_minor or 0
    record.decide_by = working_hours(ctx, int(ctx.assembly.setting("prm", "decision_hours"))).date()


def tell(ctx: Context, record: Registration, what: str, title: str, body: str = "") -> None:
    """Announce what became of a registration, on the timelines of the partner and of the end customer."""
    payload = {"id": record.key, "number": record.number, "partner": record.partner_customer_id}
    publish(ctx, f"prm.registration.{what}", payload, customer_id=record.customer_id)
    for customer_id in {record.partner_customer_id, record.customer_id} - {None}:
        timeline.add(
            ctx, int(customer_id or 0), f"prm.{what}", title, body=body, module="prm", resource=KEY,
            record_id=record.key, snapshot={"number": record.number, "status": record.status},
        )  # fmt: skip


def settle(ctx: Context, record: Registration, to: str, *, of: tuple[str, ...], **values: Any) -> None:
    """Move a registration to a state, once: whoever comes second is refused. Conflict."""
    t = table(Registration)
    moved = (
        update(t)
        .where(t.c.id == record.key, t.c.status.in_(of))
        .values(status=to, version=t.c.version + 1, updated_at=ctx.now, **values)
        .returning(t.c.id)
    )
    was = record.status
    if ctx.session.execute(moved).first() is None:
        raise Conflict(f"{record.number} is no longer open.")
    ctx.session.refresh(record)
    changes = {"status": (was, to), **({"reason": ("", record.reason)} if record.reason else {})}
    audit.record(ctx, to, KEY, record.key, changes, customer_id=record.customer_id)


def last_protected_day(record: Registration) -> date:
    """The day that its approval has set. Conflict without one."""
    if record.protected_until is None:
        raise Conflict(f"{record.number} protects nobody.")
    return record.protected_until


def release(ctx: Context, record: Registration) -> None:
    """End the protection, and that the partner serves the end customer by it: the end customer is free again."""
    p, r = table(Protection), table(Relationship)
    ctx.session.execute(delete(p).where(p.c.registration_id == record.key))
    today = ctx.now.date()
    served = (r.c.from_id == record.partner_customer_id) & (r.c.to_id == record.customer_id)
    by_it = (r.c.kind == "partner_for") & (r.c.role == record.number) & (r.c.until > today)
    ctx.session.execute(update(r).where(served, by_it).values(until=today))


def withdraw(ctx: Context, record: Registration) -> None:
    """The partner takes it back; a protection ends with it. Conflict when it is over already."""
    settle(ctx, record, "withdrawn", of=OPEN, decided_at=ctx.now)
    release(ctx, record)
    tell(ctx, record, "withdrawn", f"Registration {record.number} withdrawn")


def expire(ctx: Context) -> None:
    """End the protections whose last day has passed."""
    t = table(Registration)
    over = t.c.protected_until < ctx.now.date()
    statement = (
        select(Registration).where(t.c.status == "approved", over).order_by(t.c.id).limit(EXPIRED_AT_ONCE)
    )
    for record in ctx.session.execute(statement.with_for_update()).scalars().all():
        settle(ctx, record, "expired", of=("approved",))
        release(ctx, record)
        tell(ctx, record, "expired", f"Protection of {record.number} has ended")


def customer_name(ctx: Context, customer_id: int) -> str:
    """What a customer is called."""
    c = table(Customer)
    return str(ctx.session.execute(select(c.c.name).where(c.c.id == customer_id)).scalar_one())


def protection_ends(ctx: Context) -> Any:
    """The last day of a protection that begins today."""
    return ctx.now.date() + timedelta(days=int(ctx.assembly.setting("prm", "protection_days")))


def check_again(ctx: Context, record: Registration) -> None:
    """What it is about was changed: the conflict check runs anew."""
    payload = {"id": record.key, "number": record.number, "partner": record.partner_customer_id}
    publish(ctx, "prm.registration.submitted", payload, customer_id=record.customer_id)
