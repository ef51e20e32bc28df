"""Partners of a demo: three with agreements and no sign-ins, a dozen registrations and some leads, with a past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from patron import Actor, Context, Customer, Scope, User, editing, table
from sqlalchemy import select

from patron_prm.models import Lead, Offer, Registration
from patron_prm.services import conflicts, decisions, leads, registrations

PARTNERS = (
    ("Nordlicht Systemhaus GmbH", "gold", "DE, AT", "Hamburg", "DE"),
    ("Alpenblick Büroausstatter AG", "silver", "CH, AT, DE", "Zürich", "CH"),
    ("Atelier Lumière SARL", "registered", "FR, BE, DE", "Lyon", "FR"),
)
DEALS = (
    # end customer, domain, city, country, what they want, value, submitted days ago, what became of it
    ("Hafenklinik Bremen", "hafenklinik.example", "Bremen", "DE", "120 desks", 8_400_000, 160, "expire"),
    ("Stadtbibliothek Graz", "bibliothek-graz.example", "Graz", "AT", "Reading chairs", 2_150_000, 70, "approve"),
    ("Brauerei Silberbach KG", "silberbach.example", "Regensburg", "DE", "Meeting rooms", 1_290_000, 55, "approve"),
    ("Seeblick Hotels AG", "seeblick.example", "Lübeck", "DE", "Lobby and bar", 5_600_000, 48, "approve"),
    ("Musée des Canuts", "canuts.example", "Lyon", "FR", "Benches for visitors", 960_000, 41, "approve"),
    ("Kanzlei Ostermann & Partner", "ostermann.example", "Kiel", "DE", "Two floors", 3_800_000, 33, "reject"),
    ("Grundschule am Deich", "", "Husum", "DE", "Class rooms", 740_000, 29, "withdraw"),
    ("Maison Perrin", "perrin.example", "Dijon", "FR", "Show room", 430_000, 21, "reject"),
    ("Waldhof Reha GmbH", "waldhof-reha.example", "Kassel", "DE", "Patients’ rooms", 4_200_000, 12, "approve"),
    ("Optik Lindner", "optik-lindner.example", "Wien", "AT", "Counters", 380_000, 2, ""),
    ("Waldhof Reha", "waldhof-reha.example", "Kassel", "DE", "Chairs for the canteen", 900_000, 1, ""),
    ("Hafenklinik Bremen gGmbH", "hafenklinik.example", "Bremen", "DE", "Waiting area", 1_100_000, 1, ""),
)  # fmt: skip
LEADS = (
    ("Forty desks for a new office", 1_800_000, 40, "accept"),
    ("Furniture for a co-working floor", 2_600_000, 25, "decline"),
    ("Chairs for a concert hall", 3_100_000, 9, "recall"),
    ("Three meeting rooms", 870_000, 0.1, ""),
)
_REASONS = ("Our fitters are booked out until spring.", "Outside what we deliver.")


def add_samples(ctx: Context, random: Random) -> None:
    """Partners, deals in every state and leads with their offers."""
    u = table(User)
    users = ctx.session.execute(
        select(u.c.id, u.c.name).where(u.c.active.is_(True)).order_by(u.c.id).limit(3)
    ).all()
    if not users:
        return
    manager = Actor("user", users[0].id, users[0].name, grants={"*": Scope.ALL})
    partners = [_partner(_at(ctx, manager, 200), *described) for described in PARTNERS]
    for number, deal in enumerate(DEALS):
        _deal(ctx, manager, partners[number % len(partners)], deal)
    for (interest, value, days, answer), customer_id in zip(LEADS, _customers(ctx, random), strict=False):
        _lead(ctx, random, manager, (interest, value, days, answer), customer_id)


def _at(ctx: Context, actor: Actor, days: float) -> Context:
    return replace(ctx.acting_as(actor), now=ctx.now - timedelta(days=max(days, 0.01)), muted=True)


def _partner(ctx: Context, name: str, tier: str, territory: str, city: str, country: str) -> tuple[int, str]:
    values = {"kind": "organisation", "name": name, "addresses": [{"city": city, "country": country}]}
    customer = editing.create(ctx, ctx.assembly.resource("customers"), values)
    given = {"customer": customer.key, "tier": tier, "territory": territory}
    return editing.create(ctx, ctx.assembly.resource("prm.partners"), given).key, name


def _deal(ctx: Context, manager: Actor, partner: tuple[int, str], deal: Sequence[Any]) -> None:
    name, domain, city, country, interest, value, days, then = deal
    sender = Actor("partner", None, partner[1], grants={"*": Scope.ALL})
    values = {
        "partner": partner[0], "end_name": name, "end_domain": domain, "end_city": city, "end_country": country,
        "interest": interest, "value": {"minor": value, "currency": ctx.assembly.settings.currency},
        "expected_close": (ctx.now + timedelta(days=90 - days / 2)).date().isoformat(),
    }  # fmt: skip
    record: Registration = editing.create(
        _at(ctx, sender, days), ctx.assembly.resource(registrations.KEY), values
    )
    conflicts.check(_at(ctx, manager, days - 0.1), record.key)
    later = _at(ctx, manager, days - 1.5)
    if then in ("approve", "expire"):
        decisions.approve(later, record.key)
    elif then == "reject":
        decisions.reject(later, record.key, "We have been in touch with this customer for a year.")
    elif then == "withdraw":
        registrations.withdraw(_at(ctx, sender, days - 3), record)
    if then == "expire":
        registrations.expire(_at(ctx, manager, days - 93))


def _customers(ctx: Context, random: Random) -> list[int]:
    c = table(Customer)
    known = (
        select(c.c.id)
        .where(c.c.trashed_at.is_(None), c.c.kind == "organisation", c.c.country.in_(("DE", "AT", "")))
        .order_by(c.c.id)
        .limit(200)
    )
    ids = list(ctx.session.execute(known).scalars())
    return random.sample(ids, min(len(LEADS), len(ids)))


def _lead(ctx: Context, random: Random, manager: Actor, lead: Sequence[Any], customer_id: int) -> None:
    interest, value, days, answer = lead
    before = _at(ctx, manager, days)
    values = {
        "customer": customer_id, "interest": interest, "country": "DE",
        "value": {"minor": value, "currency": ctx.assembly.settings.currency},
    }  # fmt: skip
    made: Lead = editing.create(before, ctx.assembly.resource(leads.KEY), values)
    if not leads.offer(before, made.key) or not answer:
        return
    if answer == "recall":
        leads.recall_due(_at(ctx, manager, days - 4))
    elif answer == "decline":
        offer_id, partner = _open_offer(ctx, made.key)
        leads.decline(_at(ctx, manager, days - 0.05), offer_id, partner, random.choice(_REASONS))
    offer_id, partner = _open_offer(ctx, made.key)
    leads.accept(_at(ctx, manager, days - (4.05 if answer == "recall" else 0.1)), offer_id, partner)


def _open_offer(ctx: Context, lead_id: int) -> tuple[int, int]:
    o = table(Offer)
    wanted = select(o.c.id, o.c.partner_customer_id).where(o.c.lead_id == lead_id, o.c.status == "open")
    row = ctx.session.execute(wanted).one()
    return row.id, row.partner_customer_id
