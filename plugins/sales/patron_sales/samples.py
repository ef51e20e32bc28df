"""A year and a half of believable sales for a demo: enquiries, opportunities and quotes with a past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from patron import (
    SYSTEM,
    Actor,
    Context,
    Customer,
    Invalid,
    Listing,
    SampleData,
    User,
    editing,
    read_page,
    table,
)
from sqlalchemy import select

from patron_sales.services import enquiries, opportunities, quotes
from patron_sales.services.lines import LineInput

DAYS = 540
OPPORTUNITIES, ENQUIRIES, QUOTES = 120, 80, 40
FIRMS = (
    "Nordlicht Hotels", "Café Amarelo", "Werft Hansen", "Kanzlei Roth & Vogel", "Studio Lumière", "Brauhaus am Markt",
    "Hotel Alpenblick", "Praxis Dr. Sommer", "Gemeinde Seefeld", "Coworking Spree", "Bistro Léon", "Schule am Deich",
    "Atelier Nowak", "Reederei Paulsen", "Weingut Ferraro", "Theater Süd", "Fjord Design", "Museum der Stadt",
    "Bäckerei Kern", "Klinik Lindenhof", "Verlag Blau", "Galerie Ostwind", "Möbelhaus Tischler", "Kita Sonnenschein",
)  # fmt: skip
NEEDS = (
    "Chairs for the dining room", "New reception desk", "Meeting room furniture", "Lounge refit", "Desks for 40 people",
    "Terrace tables", "Shelving for the archive", "Refit of the canteen", "Guest rooms, first floor",
    "Conference chairs", "Acoustic panels", "Standing desks", "Lobby seating", "Library shelves", "Waiting room",
)  # fmt: skip
SOURCES = ("Website", "Fair", "Recommendation", "Phone", "Existing customer", "Newsletter")
LOST = ("Price", "Competitor", "No budget", "Bad timing", "No answer")
NOWHERE = ("Spam", "No need", "Wrong region", "Student or job seeker")
STEPS = (
    "Call about the samples",
    "Send the offer",
    "Visit on site",
    "Ask for the floor plan",
    "Negotiate the terms",
)
NOTES = (
    "Delivery within six weeks. Carriage paid.",
    "Thank you for your enquiry. Prices are net, plus tax.",
    "",
)


@dataclass(frozen=True)
class _Cast:
    """Who takes part: customers, and users with their names."""

    customers: Sequence[int]
    people: Sequence[tuple[int, str]]


_Play = Callable[[Context, Random, _Cast, datetime], None]


def add_samples(ctx: Context, random: Random) -> None:
    """Write the past in its order, each thing at its own time and under the name of who did it."""
    cast = _Cast(_customers(ctx, random), _people(ctx))
    begin = ctx.now - timedelta(days=DAYS)
    plays: list[tuple[datetime, _Play]] = []
    acts: tuple[tuple[int, _Play], ...] = (
        (OPPORTUNITIES, _opportunity),
        (ENQUIRIES, _enquiry),
        (QUOTES, _quote),
    )
    scale = float(ctx.cache.get("sample scale", 1.0))
    for whole, play in acts:
        count = max(10, round(whole * scale))
        plays += [(_working_hour(random, begin, ctx.now), play) for _ in range(count)]
    for at, play in sorted(plays, key=lambda pair: pair[0]):
        play(ctx, random, cast, at)


def _working_hour(random: Random, begin: datetime, end: datetime) -> datetime:
    """A moment of a working day between two, more likely lately than long ago."""
    day = begin + timedelta(days=DAYS * random.random() ** 0.6)
    return min(day.replace(hour=random.randrange(7, 17), minute=random.randrange(60)), end)


def _customers(ctx: Context, random: Random) -> list[int]:
    """Customers who are there already, or else some firms of our own."""
    t = table(Customer)
    statement = select(t.c.id).where(t.c.trashed_at.is_(None), t.c.life_state == "active")
    ids = list(ctx.session.execute(statement.order_by(t.c.id).limit(300)).scalars())
    if len(ids) >= len(FIRMS):
        return random.sample(ids, min(len(ids), 90))
    resource = ctx.assembly.resource("customers")
    made = [editing.create(ctx, resource, {"kind": "organisation", "name": name}) for name in FIRMS]
    return [*ids, *(customer.key for customer in made)]


def _people(ctx: Context) -> list[tuple[int, str]]:
    t = table(User)
    statement = select(t.c.id, t.c.name).where(t.c.active.is_(True), t.c.trashed_at.is_(None))
    return [(row.id, row.name) for row in ctx.session.execute(statement.order_by(t.c.id).limit(8))]


def _as(ctx: Context, person: tuple[int, str] | None, at: datetime) -> Context:
    """The same unit of work, at that time, in that person's name. Never later than now."""
    actor = Actor("job", name=person[1], grants=SYSTEM.grants) if person else SYSTEM
    return replace(ctx, now=min(at, ctx.now), actor=actor)


def _later(random: Random, at: datetime, least: int, most: int) -> datetime:
    return at + timedelta(days=random.randint(least, most), minutes=random.randrange(300))


def _opportunity(ctx: Context, random: Random, cast: _Cast, at: datetime) -> None:
    owner = random.choice(cast.people) if cast.people else None
    resource = ctx.assembly.resource(opportunities.KEY)
    closes = _later(random, at, 25, 110)
    values: dict[str, Any] = {
        "name": random.choice(NEEDS),
        "customer": random.choice(cast.customers),
        "value": {"minor": random.randrange(15, 900) * 10_000, "currency": "EUR"},
        "close_date": closes.date(),
        "source": random.choice(SOURCES),
        "owner": owner[0] if owner else None,
    }
    if random.random() < 0.8:
        values["next_step"] = random.choice(STEPS)
        values["next_step_date"] = _later(random, max(at, ctx.now - timedelta(days=10)), 1, 20).date()
    record = editing.create(_as(ctx, owner, at), resource, values)
    moment = at
    for stage in ("proposal", "negotiation"):
        moment = _later(random, moment, 4, 25)
        if moment > ctx.now or random.random() < 0.15:
            break
        editing.change(_as(ctx, owner, moment), resource, record.key, {"stage": stage})
    ended = _later(random, closes, -10, 12)
    if ended > ctx.now or random.random() < 0.06:
        return
    end = (
        {"stage": "won"} if random.random() < 0.52 else {"stage": "lost", "lost_reason": random.choice(LOST)}
    )
    editing.change(_as(ctx, owner, max(ended, moment)), resource, record.key, end)


def _enquiry(ctx: Context, random: Random, cast: _Cast, at: datetime) -> None:
    owner = random.choice(cast.people) if cast.people else None
    need = random.choice(NEEDS)
    values = {
        "subject": need,
        "customer": random.choice(cast.customers),
        "text": f"Hello, we are planning: {need.lower()}. Could you tell us what is possible, and by when? Thank you.",
        "source": random.choice(SOURCES),
    }
    resource = ctx.assembly.resource(enquiries.KEY)
    record = editing.create(_as(ctx, owner, at), resource, values)
    fresh = at > ctx.now - timedelta(days=45)  # of the newest, some still wait, or are in work
    moment = _later(random, at, 0, 3)
    if moment > ctx.now or (fresh and random.random() < 0.3):
        return
    editing.change(_as(ctx, owner, moment), resource, record.key, {"status": "working"})
    moment = _later(random, moment, 1, 14)
    if moment > ctx.now or (fresh and random.random() < 0.5):
        return
    if random.random() < 0.55:
        enquiries.qualify(_as(ctx, owner, moment), record.key)
    else:
        enquiries.disqualify(_as(ctx, owner, moment), record.key, random.choice(NOWHERE))


def _quote(ctx: Context, random: Random, cast: _Cast, at: datetime) -> None:
    owner = random.choice(cast.people) if cast.people else None
    then = _as(ctx, owner, at)
    values = {
        "customer": random.choice(cast.customers),
        "valid_until": (at + timedelta(days=30)).date(),
        "currency": "EUR",
        "note": random.choice(NOTES),
        "owner": owner[0] if owner else None,
    }
    quote = editing.create(then, ctx.assembly.resource(quotes.KEY), values)
    try:
        quotes.save_lines(then, quote.key, _lines(ctx, random))
    except Invalid:  # the catalogue has no price for that day
        return
    moment = _later(random, at, 0, 3)
    if moment > ctx.now or random.random() < 0.1:
        return
    quotes.send(_as(ctx, owner, moment), quote.key)
    moment = _later(random, moment, 2, 24)
    if moment > ctx.now:
        return
    fate = random.random()
    if fate < 0.55:
        accepted = _as(ctx, owner, moment)
        if not quotes.why_not(accepted, quote):
            quotes.accept(accepted, quote.key)
    elif fate < 0.8:
        quotes.decline(_as(ctx, owner, moment), quote.key, random.choice(LOST))


def _lines(ctx: Context, random: Random) -> list[LineInput]:
    """Some products of the catalogue, or lines of our own where it has none."""
    products = ctx.cached("sales.sample_products", lambda: _products(ctx))
    if not products:
        names = random.sample(NEEDS, random.randint(1, 4))
        return [
            LineInput("", name, str(random.randint(1, 8)), str(random.randrange(90, 2400))) for name in names
        ]
    chosen = random.sample(products, min(len(products), random.randint(1, 5)))
    discounts = ("", "", "", "5", "10")
    return [
        LineInput(product, "", str(random.randint(1, 24)), "", random.choice(discounts)) for product in chosen
    ]


def _products(ctx: Context) -> list[str]:
    wanted = Listing(filter={"active": True}, fields=("name",), sort="name", limit=60)
    page = read_page(ctx, ctx.assembly.resource("catalog.products"), wanted)
    return [item["id"] for item in page.items]


SAMPLES = (SampleData("sales", add_samples, order=60),)
