"""What stands beside the customers of the sample: names, preferences, teams, portal accounts, files, mail, other ids.

From numbers of its own, so that what the other samples draw stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import insert, update

from patron.accounts.services.mandates import Terms, change_mandate
from patron.accounts.services.portal import add_account, mark_verified, sections_of
from patron.context import Context
from patron.customers import names, points, relationships, team
from patron.customers.models import ExternalId
from patron.customers.points import Reach
from patron.files import services as files
from patron.interactions import services as interactions
from patron.interactions.mail.composing import compose, make_message_id
from patron.interactions.mail.parsed import Address
from patron.interactions.mailflow.receiving import receive
from patron.interactions.mailflow.sending import queue_mail
from patron.interactions.models import Mailbox, MailLedger
from patron.interactions.services import Party
from patron.money import Money
from patron.permissions import Face
from patron.records import table
from patron.sample.words import BIRTH_NAMES, LETTERS, NOTES

SEED = 20260402
OFFICE = "office@patron.example"


@dataclass(frozen=True)
class Made:
    """A customer of the sample. ``working`` is a context of its owner, so many days ago."""

    id: int
    name: str
    email: str
    working: Callable[[float], Context]


def make_beside(
    ctx: Context, organisations: Sequence[Made], persons: Sequence[Made], staff: Sequence[int]
) -> None:
    """Some of each for some of them, as years of use leave it."""
    numbers = Random(SEED)
    _other_ids(ctx, numbers, [*organisations, *persons])
    for firm in numbers.sample(list(organisations), 18):
        _organisation(numbers, firm, staff)
    for person in numbers.sample(list(persons), 24):
        _person(numbers, person)
    _accounts(ctx, numbers, numbers.sample(list(organisations), 9), persons)
    office = _office(ctx)
    for person in numbers.sample(list(persons), 8):
        _mail(numbers, person, office)
    _together(numbers, persons)


def _other_ids(ctx: Context, numbers: Random, customers: Sequence[Made]) -> None:
    """The numbers that the bookkeeping had for those who were customers before."""
    rows = [
        {"customer_id": one.id, "source": "Bookkeeping", "value": str(10000 + place)}
        for place, one in enumerate(numbers.sample(list(customers), 60))
    ]
    ctx.session.execute(insert(table(ExternalId)), rows)


def _organisation(numbers: Random, firm: Made, staff: Sequence[int]) -> None:
    working = firm.working(numbers.uniform(60, 250))
    team.assign(
        working,
        firm.id,
        user_id=numbers.choice(staff[1:]),
        role=numbers.choice(("Technical advice", "Stand-in")),
    )
    trading = " ".join(firm.name.split()[:-1])
    names.add_name(working, firm.id, "trading", trading, since=working.now.date() - timedelta(days=900))
    if numbers.random() < 0.5:
        title, text = numbers.choice(NOTES)
        files.attach(working, files.store(working, title, text.encode()), "customers", firm.id)


def _person(numbers: Random, person: Made) -> None:
    working = person.working(numbers.uniform(5, 110))
    preferred = {
        "channel": numbers.choice(("phone", "email")),
        "hours": numbers.choice(("09:00-12:00", "08:00-17:00", "13:00-18:00")),
        "time_zone": numbers.choice(("Europe/Berlin", "Europe/Berlin", "Europe/Madrid", "Europe/London")),
        "language": numbers.choice(("de", "en", "fr")),
    }
    team.set_preference(working, person.id, preferred)
    today = working.now.date()
    if numbers.random() < 0.4:
        family = numbers.choice(BIRTH_NAMES)
        names.add_name(working, person.id, "birth", f"{person.name.split()[0]} {family}", until=today)
    if numbers.random() < 0.3:
        for job in relationships.related_to(working, person.id)[:1]:
            relationships.end(working, person.id, job.id)
    if numbers.random() < 0.3:
        mobile = next(point for point in points.points_of(working, person.id) if point["kind"] == "phone")
        points.change_point(working, person.id, mobile["id"], Reach("personal", "mobile", verified=True))


def _accounts(ctx: Context, numbers: Random, firms: Sequence[Made], persons: Sequence[Made]) -> None:
    """Buyers who sign in by the link they are sent: none has a password. The first of a firm has a limit."""
    rights = [section.right for section in sections_of(ctx.assembly, Face.CUSTOMER) if section.right]
    currency = ctx.assembly.settings.currency
    for place, firm in enumerate(firms):
        working = firm.working(numbers.uniform(20, 200))
        host = firm.email.partition("@")[2]
        own = [person for person in persons if person.email.endswith(f"@{host}")][:2]
        for order, person in enumerate(own):
            account_id = add_account(working, person.email, person.name, firm.id, rights)
            limit = Money(numbers.choice((50000, 100000, 250000)), currency) if order == 0 else None
            ends = working.now.date() + timedelta(days=600) if place % 3 == 0 else None
            change_mandate(working, account_id, firm.id, Terms(rights, limit, working.now.date(), ends))
            if numbers.random() < 0.7:
                mark_verified(working, account_id)


def _office(ctx: Context) -> Mailbox:
    """A mailbox that is off: nothing is fetched or sent."""
    office = Mailbox(
        name="Office", address=OFFICE, active=False, settings={}, created_at=ctx.now, updated_at=ctx.now
    )
    ctx.session.add(office)
    ctx.session.flush()
    return office


def _mail(numbers: Random, person: Made, office: Mailbox) -> None:
    """A mail that came and, mostly, the answer that went."""
    subject, text, reply = numbers.choice(LETTERS)
    came = person.working(numbers.uniform(3, 100))
    them, message_id = (
        Address(person.name, person.email),
        make_message_id(f"sample:{person.id}", "mail.example"),
    )
    raw = compose(
        them, [Address("Office", OFFICE)], message_id=message_id, subject=subject, text=text, date=came.now
    )
    taken = receive(came, raw, office)
    if numbers.random() < 0.25 or taken.quarantined:
        return
    went = person.working((person.working(0).now - came.now).total_seconds() / 86400 - 0.2)
    said = queue_mail(went, office.key, [them], f"Re: {subject}", reply, thread_id=taken.thread_id)
    ledger = table(MailLedger)
    handed = {"state": "handed", "attempts": 1, "answer": "250 OK"}
    went.session.execute(update(ledger).where(ledger.c.interaction_id == said.key).values(handed))


def _together(numbers: Random, persons: Sequence[Made]) -> None:
    """A meeting of several, and a caller whom nobody has named yet."""
    one, two = numbers.sample(list(persons), 2)
    working = one.working(4)
    parties = [Party("attendee", person.id, "", person.name, "chosen") for person in (one, two)]
    interactions.log(working, "meeting", parties, direction="out", subject="Planning of the new floor",
                     body="Went through the plan of the second floor. They will send the measures.")  # fmt: skip
    stranger = Party("caller", None, "+49 30 5550100", "A caller from a school", "not known yet")
    interactions.log(one.working(1), "phone", [stranger], intent="enquiry", subject="Asks for school chairs",
                     body="Sixty chairs for autumn. Calls again.")  # fmt: skip
