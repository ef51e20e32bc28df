"""Partner management on other pages: a customer's, a record's, the home page, and the numbers that are watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Context, Customer, Measure, Metric, Panel, files, row_scope, table
from sqlalchemy import func, select

from patron_prm.models import Lead, Partner, Protection, Registration
from patron_prm.services import conflicts, decisions, leads, registrations
from patron_prm.services.matching import SAME

SHOWN = 6
METRICS = (
    Metric(
        "open_registrations", "Registrations that wait for a decision",
        of=Measure(registrations.KEY, {"status": {"eq": "received"}}, by="submitted_at"), pinned=True, falling=True,
    ),
    Metric(
        "approved_value", "Value of protected deals", unit="money",
        of=Measure(registrations.KEY, {"status": {"eq": "approved"}}, value="value", by="decided_at"), pinned=True,
    ),
    Metric(
        "accepted_leads", "Leads that partners accepted",
        of=Measure(leads.KEY, {"status": {"eq": "accepted"}}, by="accepted_at"),
    ),
)  # fmt: skip


def of_customer(ctx: Context, customer: Customer) -> Sequence[Panel]:
    """What the customer is as a partner, and who has it protected as an end customer."""
    if not ctx.actor.may("prm.registrations.read"):
        return ()
    shown = []
    if (protection := _protection_of(ctx, customer.key)) is not None:
        shown.append(
            Panel(
                "protection",
                "Protected",
                "prm/protection_banner.html",
                protection,
                "banner",
                "shield-check",
                5,
            )
        )
    if ctx.actor.may("prm.partners.read") and (data := _partner_of(ctx, customer.key)) is not None:
        shown.append(Panel("partner", "Partner", "prm/customer_panel.html", data, "main", "handshake", 35))
    return shown


def _protection_of(ctx: Context, customer_id: int) -> Mapping[str, Any] | None:
    p, t, partner = table(Protection), table(Registration), table(Partner)
    statement = (
        select(t.c.id, t.c.number, t.c.protected_until, partner.c.name)
        .select_from(p.join(t, t.c.id == p.c.registration_id).join(partner, partner.c.id == t.c.partner_id))
        .where(p.c.customer_id == customer_id, p.c.until >= ctx.now.date())
        .limit(1)
    )
    row = ctx.session.execute(statement).mappings().first()
    return dict(row) if row is not None else None


def profile_of(ctx: Context, customer_id: int) -> Mapping[Any, Any] | None:
    """The agreement with a customer as far as the actor may see it: one statement in a unit of work."""
    p = table(Partner)
    columns = (p.c.id, p.c.tier, p.c.territory, p.c.status)

    def read() -> Mapping[Any, Any] | None:
        within = row_scope(ctx, ctx.assembly.resource("prm.partners"))
        statement = select(*columns).where(p.c.customer_id == customer_id, within)
        found: Mapping[Any, Any] | None = ctx.session.execute(statement).mappings().first()
        return found

    return ctx.cached(("prm partner", customer_id), read) if ctx.actor.may("prm.partners.read") else None


def _partner_of(ctx: Context, customer_id: int) -> Mapping[str, Any] | None:
    t = table(Registration)
    partner = profile_of(ctx, customer_id)
    if partner is None:
        return None
    theirs = (t.c.partner_customer_id == customer_id) & row_scope(
        ctx, ctx.assembly.resource(registrations.KEY)
    )
    newest = (
        select(t.c.id, t.c.number, t.c.end_name, t.c.status, t.c.value_minor, t.c.currency)
        .where(theirs, t.c.trashed_at.is_(None))
        .order_by(t.c.submitted_at.desc(), t.c.id.desc())
        .limit(SHOWN)
    )
    return {
        "partner": dict(partner), "customer_id": customer_id,
        "deals": [
            {**row, "value": {"minor": row["value_minor"], "currency": row["currency"]}}
            for row in ctx.session.execute(newest).mappings()
        ],
    }  # fmt: skip


def of_registration(ctx: Context, record: Registration) -> Sequence[tuple[str, Panel]]:
    """The decision with its evidence, for those who decide; the partner's files for all who may read it."""
    shown = []
    if ctx.actor.may(decisions.PERMISSION):
        evidence = conflicts.evidence_of(ctx, record.key)
        customers = [row for row in evidence if row["resource"] == "customers"]
        data = {
            "record": record, "evidence": evidence, "already": decisions.ALREADY,
            "customers": customers, "same": next((row["record_id"] for row in customers if row["score"] >= SAME), 0),
        }  # fmt: skip
        shown.append(("prm", Panel("decision", "Decision", "prm/decision.html", data, icon="scale", order=5)))
    attached = files.attachments(ctx, registrations.KEY, record.key)
    if attached:
        data = {"files": attached, "record": record}
        shown.append(("prm", Panel("files", "Files", "prm/files.html", data, icon="paperclip", order=20)))
    return shown


def of_lead(ctx: Context, lead: Lead) -> Sequence[tuple[str, Panel]]:
    """To whom the lead was offered, and what became of it."""
    data = {"offers": leads.history(ctx, lead.key), "lead": lead}
    return (("prm", Panel("offers", "Offers", "prm/offers.html", data, icon="history", order=10)),)


def of_opportunity(ctx: Context, opportunity_id: int) -> Sequence[Panel]:
    """On the page of an opportunity that came of a registration: for whom it is protected, until when."""
    t, p = table(Registration), table(Partner)
    statement = (
        select(t.c.id, t.c.number, t.c.protection, t.c.protected_until, t.c.status, p.c.name)
        .join(p, p.c.id == t.c.partner_id)
        .where(t.c.opportunity_id == opportunity_id)
    )
    row = ctx.session.execute(statement.limit(1)).mappings().first()
    if row is None:
        return ()
    return (Panel("stamp", "Partner deal", "prm/stamp.html", dict(row), "side", "handshake", 5),)


def home(ctx: Context) -> Sequence[Panel]:
    """Registrations to decide, the most urgent first: two statements."""
    t, p = table(Registration), table(Partner)
    waiting = (
        (t.c.status == "received")
        & t.c.trashed_at.is_(None)
        & row_scope(ctx, ctx.assembly.resource(registrations.KEY))
    )
    statement = (
        select(t.c.id, t.c.number, t.c.end_name, t.c.decide_by, t.c.conflicts, p.c.name)
        .join(p, p.c.id == t.c.partner_id)
        .where(waiting)
        .order_by(t.c.decide_by, t.c.id)
        .limit(SHOWN)
    )
    rows = [
        {**row, "late": row["decide_by"] < ctx.now.date()}
        for row in ctx.session.execute(statement).mappings()
    ]
    count = ctx.session.execute(select(func.count()).select_from(t).where(waiting)).scalar_one()
    data = {"deals": rows, "count": count}
    return (Panel("decisions", "Deals to decide", "prm/home_panel.html", data, icon="handshake", order=35),)
