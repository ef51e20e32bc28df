"""Leads and their offers: the next partner by territory and tier, a clock, and what an answer leads to."""

from __future__ import annotations

from typing import Any

from patron import (
    Conflict,
    Context,
    Customer,
    Invalid,
    NotFound,
    audit,
    editing,
    next_number,
    publish,
    relationships,
    table,
    timeline,
)
from sqlalchemy import func, insert, or_, select, update

from patron_prm.models import Lead, Offer, Partner
from patron_prm.services.registrations import working_hours

KEY, OFFERS = "prm.leads", "prm.offers"
RECALLED_AT_ONCE = 200


def load(ctx: Context, lead_id: int, verb: str = "read") -> Lead:
    """A lead within the actor's scope; NotFound, Forbidden."""
    record: Lead = editing.load(ctx, ctx.assembly.resource(KEY), lead_id, verb)
    return record


def next_partner(ctx: Context, lead: Lead) -> Any:
    """Who is asked next: in whose territory it lies, who was not asked yet, by tier, then by fewest open offers."""
    p, o, c = table(Partner), table(Offer), table(Customer)
    asked = select(o.c.partner_id).where(o.c.lead_id == lead.key)
    load_now = select(func.count()).where(o.c.partner_id == p.c.id, o.c.status == "open").scalar_subquery()
    statement = (
        select(p.c.id, p.c.name, p.c.customer_id, p.c.owner_id, p.c.team_id)
        .join(c, c.c.id == p.c.customer_id)
        .where(p.c.status == "active", p.c.trashed_at.is_(None), c.c.trashed_at.is_(None))
        .where(p.c.customer_id != lead.customer_id, p.c.id.not_in(asked))
    )
    if lead.country:
        statement = statement.where(or_(p.c.territory == "", p.c.territory.contains(lead.country)))
    return ctx.session.execute(statement.order_by(p.c.tier_rank.desc(), load_now, p.c.id).limit(1)).first()


def offer(ctx: Context, lead_id: int) -> bool:
    """Offer a lead to the first partner it suits. Conflict when it is offered or accepted; False when none is left."""
    load(ctx, lead_id, "edit")
    lead = _lead_of(ctx, lead_id)  # of two who offer it at once the second sees what the first has done
    if lead.status in ("offered", "accepted"):
        raise Conflict(f"{lead.number} is {lead.status} already.")
    return _offer_next(ctx, lead)


def _offer_next(ctx: Context, lead: Lead) -> bool:
    partner = next_partner(ctx, lead)
    if partner is None:
        _set(ctx, lead, status="unplaced", partner_id=None, answer_due_at=None)
        _say(ctx, lead, "unplaced", f"No partner is left for lead {lead.number}")
        publish(ctx, "prm.lead.unplaced", {"id": lead.key}, customer_id=lead.customer_id)
        return False
    due = working_hours(ctx, int(ctx.assembly.setting("prm", "acceptance_hours")))
    number = next_number(ctx, "lead offers", "O{number:05}")
    values = {
        "number": number, "number_key": number, "lead_id": lead.key, "partner_id": partner.id,
        "partner_customer_id": partner.customer_id, "status": "open", "offered_at": ctx.now, "due_at": due,
        "reason": "",
        "owner_id": partner.owner_id or lead.owner_id, "team_id": partner.team_id or lead.team_id, "version": 1,
        "created_at": ctx.now, "updated_at": ctx.now,
    }  # fmt: skip
    o = table(Offer)
    offer_id = ctx.session.execute(insert(o).values(values).returning(o.c.id)).scalar_one()
    _set(ctx, lead, status="offered", partner_id=partner.id, answer_due_at=due)
    _say(ctx, lead, "offered", f"Lead {lead.number} offered to {partner.name}")
    _announce(ctx, lead, "offered", offer_id, partner.customer_id)
    return True


def accept(ctx: Context, offer_id: int, customer_id: int) -> Lead:
    """The partner takes the lead. NotFound for another's offer, Conflict when its time is over."""
    row = _answer(ctx, offer_id, customer_id, "accepted")
    lead = _lead_of(ctx, row.lead_id)
    _set(ctx, lead, status="accepted", answer_due_at=None, accepted_at=ctx.now)
    today = ctx.now.date()
    relationships.relate(ctx, customer_id, lead.customer_id, "partner_for", role=lead.number, since=today)
    name = _partner_name(ctx, row.partner_id)
    _say(ctx, lead, "accepted", f"Lead {lead.number} accepted by {name}")
    _announce(ctx, lead, "accepted", offer_id, customer_id)
    return lead


def decline(ctx: Context, offer_id: int, customer_id: int, reason: str) -> None:
    """The partner does not take it, and says why; the next one is asked. Invalid, NotFound, Conflict."""
    if not reason.strip():
        raise Invalid.field("reason", "Say why: it helps us to send you what suits you.")
    row = _answer(ctx, offer_id, customer_id, "declined", reason.strip()[:1000])
    _passed_on(ctx, row, "declined", f"declined by {_partner_name(ctx, row.partner_id)}", reason.strip())


def recall_due(ctx: Context) -> None:
    """Take back the offers that nobody answered in time, and offer each lead to the next partner."""
    o = table(Offer)
    late = select(o.c.id).where(o.c.status == "open", o.c.due_at <= ctx.now)
    for offer_id in ctx.session.execute(late.order_by(o.c.due_at).limit(RECALLED_AT_ONCE)).scalars().all():
        row = _close(ctx, offer_id, "recalled", o.c.due_at <= ctx.now)
        if row is not None:
            _passed_on(
                ctx, row, "recalled", f"recalled from {_partner_name(ctx, row.partner_id)}: no answer in time"
            )


def history(ctx: Context, lead_id: int) -> list[dict[str, Any]]:
    """To whom a lead was offered, in order, and what they answered."""
    o, p = table(Offer), table(Partner)
    columns = (
        o.c.number,
        o.c.status,
        o.c.offered_at,
        o.c.due_at,
        o.c.answered_at,
        o.c.reason,
        o.c.partner_id,
    )
    statement = select(*columns, p.c.name).join(p, p.c.id == o.c.partner_id).where(o.c.lead_id == lead_id)
    return [dict(row) for row in ctx.session.execute(statement.order_by(o.c.id)).mappings()]


def _answer(ctx: Context, offer_id: int, customer_id: int, status: str, reason: str = "") -> Any:
    o = table(Offer)
    mine = o.c.partner_customer_id == customer_id
    row = _close(ctx, offer_id, status, mine & (o.c.due_at > ctx.now), reason)
    if row is None:
        if ctx.session.execute(select(o.c.id).where(o.c.id == offer_id, mine)).first() is None:
            raise NotFound("There is no such offer.")
        raise Conflict("This offer has ended.")
    return row


def _close(ctx: Context, offer_id: int, status: str, where: Any, reason: str = "") -> Any:
    """End an open offer once, whoever comes first: partner or clock. None for whoever comes second."""
    o = table(Offer)
    values = {"status": status, "reason": reason, "answered_at": ctx.now, "updated_at": ctx.now}
    closed = update(o).where(o.c.id == offer_id, o.c.status == "open", where)
    row = ctx.session.execute(
        closed.values(version=o.c.version + 1, **values).returning(
            o.c.id, o.c.lead_id, o.c.partner_id, o.c.partner_customer_id
        )
    ).first()
    if row is not None:
        changes = {"status": ("open", status), "reason": ("", reason)}
        audit.record(ctx, status, OFFERS, offer_id, changes, customer_id=row.partner_customer_id)
    return row


def _passed_on(ctx: Context, row: Any, what: str, said: str, body: str = "") -> None:
    lead = _lead_of(ctx, row.lead_id)
    _say(ctx, lead, what, f"Lead {lead.number} {said}", body)
    _announce(ctx, lead, what, row.id, row.partner_customer_id)
    _offer_next(ctx, lead)


def _lead_of(ctx: Context, lead_id: int) -> Lead:
    t = table(Lead)
    statement = select(Lead).where(t.c.id == lead_id).with_for_update()
    lead: Lead = ctx.session.execute(statement.execution_options(populate_existing=True)).scalar_one()
    return lead


def _set(ctx: Context, lead: Lead, **values: Any) -> None:
    was = lead.status
    for name, value in values.items():
        setattr(lead, name, value)
    lead.version, lead.updated_at = lead.version + 1, ctx.now
    ctx.session.add(lead)
    ctx.session.flush()
    audit.record(ctx, "change", KEY, lead.key, {"status": (was, lead.status)}, customer_id=lead.customer_id)


def _say(ctx: Context, lead: Lead, what: str, title: str, body: str = "") -> None:
    timeline.add(
        ctx, lead.customer_id, f"prm.lead_{what}", title, body=body, module="prm", resource=KEY, record_id=lead.key,
        snapshot={"number": lead.number, "status": lead.status},
    )  # fmt: skip


def _announce(ctx: Context, lead: Lead, what: str, offer_id: int, partner: int) -> None:
    payload = {"id": lead.key, "offer": offer_id, "partner": partner}
    publish(ctx, f"prm.lead.{what}", payload, customer_id=lead.customer_id)


def _partner_name(ctx: Context, partner_id: int) -> str:
    p = table(Partner)
    return str(ctx.session.execute(select(p.c.name).where(p.c.id == partner_id)).scalar_one())
