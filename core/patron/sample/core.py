"""The core's sample data: the firm's own people, then customers with addresses, relationships, touches and consents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random

from patron.accounts.services import teams, users
from patron.context import Context
from patron.customers import consents, merging, normalise, relationships, roles
from patron.customers.models import Customer
from patron.interactions import services as interactions
from patron.interactions.services import Party
from patron.permissions import Actor, Scope
from patron.resources import editing
from patron.sample.beside import Made, make_beside
from patron.sample.words import (
    CITIES,
    COMPANY_ENDINGS,
    COMPANY_STEMS,
    COMPANY_TRADES,
    FAMILY_NAMES,
    GIVEN_NAMES,
    JOB_TITLES,
    STREETS,
    TOUCHES,
)
from patron.system import company

FIRM = {
    "legal_name": "Northwind Furniture GmbH",
    "address": "Hafenstraße 12\n20457 Hamburg\nGermany",
    "tax_number": "DE123456789",
    "registration": "HRB 98765, Hamburg",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
}
STAFF = (
    ("alex.morgan@patron.example", "Alex Morgan", ("admin",)),
    ("sofia.keller@patron.example", "Sofia Keller", ("manager",)),
    ("jonas.weber@patron.example", "Jonas Weber", ("user",)),
    ("amira.haddad@patron.example", "Amira Haddad", ("user",)),
    ("luca.rossi@patron.example", "Luca Rossi", ("user",)),
    ("nora.lind@patron.example", "Nora Lind", ("user",)),
)
ORGANISATIONS = 70
PERSONS = 260
HISTORY_DAYS = 540


def make_core_sample(ctx: Context, numbers: Random) -> None:
    """The firm, its people, customers, and a year and a half of touches."""
    _firm(ctx)
    staff = [users.add_user(ctx, email, name, wanted) for email, name, wanted in STAFF]
    sales = teams.add_team(ctx, "Sales", [staff[1], staff[2], staff[3]])
    service = teams.add_team(ctx, "Service", [staff[1], staff[4], staff[5]])
    scale = float(ctx.cache.get("sample scale", 1.0))
    count, people = max(24, round(ORGANISATIONS * scale)), max(60, round(PERSONS * scale))
    organisations = [_organisation(ctx, numbers, staff, sales) for _ in range(count)]
    persons = [
        _person(ctx, numbers, staff, sales if i % 3 else service, organisations) for i in range(people)
    ]
    for person in persons:
        _history(numbers, person)
    make_beside(ctx, organisations, persons, staff)
    _entered_twice(ctx, staff, persons[7])
    _what_is_often_said(ctx, staff)


def _what_is_often_said(ctx: Context, staff: list[int]) -> None:
    """A text that is written often, and words by which a complaint is known."""
    then = _as(ctx, staff[0], _name_of(staff, staff[0]), 120)
    body = "Thank you for your call.\n\nI have noted what you need and come back to you by tomorrow."
    template = {"name": "After a call", "subject": "What we talked about", "body": body}
    rule = {"name": "Complaints", "words": "complaint, broken, damaged, scratched", "intent": "complaint"}
    for kind, values in (("mail_templates", template), ("intent_rules", rule)):
        editing.create(then, ctx.assembly.resource(kind), values)


def _entered_twice(ctx: Context, staff: list[int], person: Made) -> None:
    """Somebody whom a colleague entered once more after a call, until another one noticed."""
    colleague, another = staff[2], staff[1]
    then = _as(ctx, colleague, _name_of(staff, colleague), 55)
    values = {"kind": "person", "name": person.name, "phones": ["+49 30 5550199"], "owner": colleague}
    twin = editing.create(then, ctx.assembly.resource("customers"), values)
    merging.merge(_as(ctx, another, _name_of(staff, another), 41), person.id, twin.key)


def _firm(ctx: Context) -> None:
    """What its documents say; what somebody has entered already stays."""
    values = company.company_values(ctx)
    if not values["address"]:
        company.save_company(ctx, {**values, **FIRM}, values["version"])


def _name_of(staff: list[int], user_id: int) -> str:
    return STAFF[staff.index(user_id)][1]


def _as(ctx: Context, user_id: int, name: str, days_ago: float) -> Context:
    """The same unit of work as a user would have done it on an earlier day."""
    actor = Actor("user", user_id, name, grants={"*": Scope.ALL})
    return replace(ctx.acting_as(actor), now=ctx.now - timedelta(days=days_ago), muted=True)


def _address(numbers: Random) -> dict[str, str]:
    postcode, city, country = numbers.choice(CITIES)
    return {
        "line1": f"{numbers.choice(STREETS)} {numbers.randint(1, 140)}",
        "postcode": postcode,
        "city": city,
        "country": country,
    }


def _plain(name: str) -> str:
    """A name as it stands in an address: ``Özdemir`` → ``ozdemir``."""
    return normalise.fold(name).replace(" ", "")


def _made(ctx: Context, record: Customer, owner: int, staff: list[int]) -> Made:
    working = partial(_as, ctx, owner, _name_of(staff, owner))
    return Made(record.key, record.name, record.primary_email, working)


def _organisation(ctx: Context, numbers: Random, staff: list[int], team: int) -> Made:
    stem, trade = numbers.choice(COMPANY_STEMS), numbers.choice(COMPANY_TRADES)
    name = f"{stem} {trade} {numbers.choice(COMPANY_ENDINGS)}"
    host = f"{_plain(stem)}-{_plain(trade)}{numbers.randint(1, 99)}.example"
    owner = numbers.choice(staff[1:4])
    working = _as(ctx, owner, _name_of(staff, owner), numbers.randint(300, HISTORY_DAYS))
    values = {
        "kind": "organisation",
        "name": name,
        "emails": [f"info@{host}"],
        "phones": [f"+4930{numbers.randint(1000000, 9999999)}"],
        "addresses": [_address(numbers)],
        "website": f"https://{host}",
        "owner": owner,
        "team": team,
    }
    record = editing.create(working, ctx.assembly.resource("customers"), values)
    if numbers.random() < 0.7:
        roles.give_role(working, record.key, "buyer")
    return _made(ctx, record, owner, staff)


def _person(
    ctx: Context, numbers: Random, staff: list[int], team: int, organisations: Sequence[Made]
) -> Made:
    given, family = numbers.choice(GIVEN_NAMES), numbers.choice(FAMILY_NAMES)
    employer = numbers.choice(organisations) if numbers.random() < 0.75 else None
    host = (
        employer.email.partition("@")[2]
        if employer
        else numbers.choice(("mail.example", "post.example", "inbox.example"))
    )
    owner = numbers.choice(staff[1:])
    working = _as(ctx, owner, _name_of(staff, owner), numbers.randint(120, 500))
    values = {
        "kind": "person",
        "given_name": given,
        "family_name": family,
        "emails": [f"{_plain(given)}.{_plain(family)}{numbers.randint(1, 999)}@{host}"],
        "phones": [f"+49151{numbers.randint(10000000, 99999999)}"],
        "addresses": [] if employer else [_address(numbers)],
        "standing": "known" if numbers.random() < 0.85 else "unverified",
        "source": numbers.choice(("trade fair", "web form", "referral", "phone", "shop")),
        "owner": owner,
        "team": team,
    }
    record = editing.create(working, ctx.assembly.resource("customers"), values)
    if employer:
        title = numbers.choice(JOB_TITLES)
        relationships.relate(working, record.key, employer.id, "works_at", role=title, is_primary=True)
    roles.give_role(working, record.key, "contact" if employer else "prospect")
    return _made(ctx, record, owner, staff)


def _history(numbers: Random, person: Made) -> None:
    for _ in range(numbers.choice((0, 1, 1, 2, 3, 4))):
        channel, direction, intent, subject, body = numbers.choice(TOUCHES)
        working = person.working(numbers.uniform(0.2, 240))
        part = "caller" if channel == "phone" else "from" if direction == "in" else "to"
        interactions.log(
            working,
            channel,
            [Party(part, person.id, "", person.name, "sample")],
            direction=direction,
            intent=intent,
            subject=subject,
            body=body,
        )
    if numbers.random() < 0.3:
        working = person.working(numbers.uniform(1, 200))
        granted = numbers.random() < 0.85
        consents.record_consent(working, person.id, "newsletter", granted=granted, source="web form")
