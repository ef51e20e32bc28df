"""A year of marketing for a demo: segments, campaigns with what became of each mail, forms with leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from patron import (
    Actor,
    Context,
    Customer,
    Scope,
    User,
    consents,
    editing,
    interactions,
    origins,
    table,
    timeline,
)
from patron import facts as core_facts
from sqlalchemy import insert, select

from patron_marketing.models import Campaign, Click, Form, Link, Recipient, Segment, Submission
from patron_marketing.services import facts, segments, wording
from patron_marketing.services.campaigns import KEY
from patron_marketing.services.reasons import judge

SEGMENTS: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("Newsletter readers", "Everybody who is a person and active",
     {"and": [{"kind": "person"}, {"life_state": "active"}]}),
    ("Buyers at firms in Berlin", "Reached through the organisation they work at",
     {"related": {"by": "works_at", "where": {"city": "Berlin"}}}),
    ("New and unverified", "Leads of the last half year",
     {"and": [{"standing": "unverified"}, {"created_at": {"ge": {"days": -180}}}]}),
    ("Clicked lately", "Followed a link of a campaign", {"marketing.last_click_at": {"ge": {"days": -120}}}),
)  # fmt: skip
BODY = (
    "Dear {customer.given_name|customer},\n\n{intro}\n\n"  # {intro} is replaced below
    "[See the collection](https://northwind.example/collection) or look at "
    "https://northwind.example/offers for what is in stock.\n\nYours,\n{brand.name}"
)
CAMPAIGNS = (
    (
        "Spring collection",
        140,
        "The spring collection is here",
        "Oak, ash and a lot of light: our new desks are in the shop.",
    ),
    (
        "Summer offers",
        75,
        "Summer offers for your office",
        "Until the end of the month, chairs come with free delivery.",
    ),
    ("Open house", 20, "You are invited to our open house", "Come and sit on everything. There is cake."),
)
FORMS: Sequence[dict[str, Any]] = (
    {
        "name": "Catalogue request", "slug": "catalogue", "title": "Order our catalogue",
        "intro": "We send it by mail, and answer your questions.", "purpose": "newsletter",
        "wording": "I would like to get the newsletter by e-mail, and can stop it any time.",
        "thanks": "The catalogue is on its way.", "source": "catalogue form", "campaign": "Spring collection",
        "asks": [
            {"kind": "name", "label": "Your name", "required": True},
            {"kind": "company", "label": "Company", "required": False},
            {"kind": "choice", "label": "What do you furnish?", "required": True,
             "choices": ["An office", "A home", "A school"]},
            {"kind": "message", "label": "Anything we should know?", "required": False},
        ],
    },
    {
        "name": "Contact", "slug": "contact", "title": "Write to us", "intro": "We answer within a day.",
        "purpose": "", "wording": "", "thanks": "Thank you, we will answer soon.", "source": "contact form",
        "asks": [
            {"kind": "name", "label": "Your name", "required": True},
            {"kind": "phone", "label": "Phone", "required": False},
            {"kind": "message", "label": "How can we help?", "required": True},
        ],
    },
)  # fmt: skip
SUPPRESSED = (
    (18, "newsletter", "Unsubscribed by the link in “Open house”"),
    (9, "", "Asked by letter to be written to no more"),
)
AGENCY = (4, "press@lindqvist-agency.example", "Asked by phone: the agency no longer works for our customer")
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"


def add_samples(ctx: Context, random: Random) -> None:
    """Segments, forms with submissions, then campaigns over people who had agreed."""
    people = _people(ctx)
    if not people:
        return
    marketer = _marketer(ctx)
    _consent(ctx, random, people)
    made = [_segment(_at(ctx, marketer, 200), *row) for row in SEGMENTS]
    forms = [_form(_at(ctx, marketer, 190), values) for values in FORMS]
    for form in forms:
        _submissions(ctx, random, form, people)
    for name, days, subject, intro in CAMPAIGNS:
        _campaign(_at(ctx, marketer, days), random, made[0], name, subject, BODY.replace("{intro}", intro))
    _suppressions(ctx, marketer, people)
    text = BODY.replace("{intro}", "A first look at what comes in autumn.")
    _draft(_at(ctx, marketer, 2), made[1], "Autumn preview", "A first look at autumn", text)
    core_facts.rebuild(ctx, facts.FIELDS)
    segments.recount(ctx)


def _people(ctx: Context) -> list[Any]:
    c = table(Customer)
    rows = ctx.session.execute(
        select(c.c.id, c.c.name, c.c.primary_email, c.c.created_at)
        .where(c.c.kind == "person", c.c.primary_email != "", c.c.trashed_at.is_(None))
        .order_by(c.c.id)
        .limit(400)
    )
    return list(rows.all())


def _marketer(ctx: Context) -> Actor:
    u = table(User)
    rows = ctx.session.execute(
        select(u.c.id, u.c.name).where(u.c.active.is_(True)).order_by(u.c.id).limit(2)
    ).all()
    if not rows:
        return ctx.actor
    return Actor("user", rows[-1].id, rows[-1].name, grants={"*": Scope.ALL})


def _at(ctx: Context, actor: Actor, days: float) -> Context:
    """The same unit of work on an earlier day, by the marketer."""
    return replace(ctx.acting_as(actor), now=ctx.now - timedelta(days=days), muted=True)


def _consent(ctx: Context, random: Random, people: Sequence[Any]) -> None:
    for row in people:
        if random.random() < 0.7:
            then = max(row.created_at, ctx.now - timedelta(days=random.randint(150, 170)))
            working = replace(ctx, now=then, muted=True)
            consents.record_consent(
                working, row.id, "newsletter", granted=True, source="catalogue form",
                wording=str(FORMS[0]["wording"]), proof="form, wording version 1",
            )  # fmt: skip


def _suppressions(ctx: Context, marketer: Actor, people: Sequence[Any]) -> None:
    """Addresses that get no more after the last campaign: two of customers, one that no customer holds."""
    for person, (days, purpose, reason) in zip(people[-2:], SUPPRESSED, strict=False):
        working = _at(ctx, marketer, days)
        consents.record_consent(working, person.id, "newsletter", granted=False, source=reason)
        _suppress(working, person.primary_email, purpose, reason)
    days, address, reason = AGENCY
    _suppress(_at(ctx, marketer, days), address, "", reason)


def _suppress(ctx: Context, address: str, purpose: str, reason: str) -> None:
    values = {"address": address, "purpose": purpose, "reason": reason}
    editing.create(ctx, ctx.assembly.resource("marketing.suppressions"), values)


def _segment(ctx: Context, name: str, description: str, condition: dict[str, Any]) -> Segment:
    values = {"name": name, "description": description, "condition": condition}
    made: Segment = editing.create(ctx, ctx.assembly.resource(segments.KEY), values)
    return made


def _form(ctx: Context, values: dict[str, Any]) -> Form:
    made: Form = editing.create(ctx, ctx.assembly.resource("marketing.forms"), values)
    return made


def _submissions(ctx: Context, random: Random, form: Form, people: Sequence[Any]) -> None:
    for row in random.sample(people, min(14, len(people))):
        then = ctx.now - timedelta(days=random.uniform(1, 170))
        working = replace(ctx, now=max(then, row.created_at), muted=True)
        answers = {"name": row.name}
        if form.slug == "catalogue":
            answers["q2"] = random.choice(("An office", "A home", "A school"))
        wants = bool(form.purpose)
        ctx.session.add(
            Submission(
                form_id=form.key, customer_id=row.id, at=working.now, answers=answers, email=row.primary_email,
                consent=wants, purpose=form.purpose, wording=form.wording,
                wording_version=form.wording_version if wants else 0,
                address=f"198.51.100.{random.randint(2, 250)}", agent=AGENT, state="confirmed" if wants else "done",
                confirmed_at=working.now + timedelta(minutes=7) if wants else None,
            )
        )  # fmt: skip
        origins.record_origin(working, row.id, source=form.source, medium="web form", campaign=form.campaign)
        timeline.add(
            working, row.id, "marketing.form", f"Sent in the form “{form.title}”", module="marketing",
            resource="marketing.forms", record_id=form.key,
        )  # fmt: skip
    ctx.session.flush()


def _draft(ctx: Context, segment: Segment, name: str, subject: str, body: str) -> Campaign:
    values = {"name": name, "segment": segment.key, "purpose": "newsletter", "subject": subject, "body": body}
    made: Campaign = editing.create(ctx, ctx.assembly.resource(KEY), values)
    return made


def _campaign(ctx: Context, random: Random, segment: Segment, name: str, subject: str, body: str) -> None:
    """A campaign that went out: whom it reached, whom it did not and why, who clicked."""
    campaign = _draft(ctx, segment, name, subject, body)
    links = [_link(ctx, campaign, url) for url in wording.links(wording.parse(body))]
    touch = interactions.log(
        ctx, "email", [], direction="out", subject=subject, body=body, module="marketing", resource=KEY,
        record_id=campaign.key,
    )  # fmt: skip
    touch.bulk = True
    ids = [int(row["id"]) for row in _all_members(ctx, segment)]
    taken: set[str] = set()
    for start in range(0, len(ids), 500):
        for reader in judge(ctx, campaign, ids[start : start + 500]).values():
            reason = reader.reason or ("duplicate" if reader.address in taken else "")
            taken.add(reader.address)
            _recipient(ctx, random, campaign, reader.id, reader.address, reason, links)
    campaign.state, campaign.size = "sent", len(ids)
    campaign.started_at, campaign.started_by_id = ctx.now, ctx.actor.user_id
    campaign.finished_at, campaign.interaction_id = ctx.now + timedelta(minutes=4), touch.key
    ctx.session.add(campaign)
    ctx.session.flush()


def _all_members(ctx: Context, segment: Segment) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = segments.members(ctx, segment.condition, cursor, 200)
        rows += page.items
        if not page.next:
            return rows
        cursor = page.next


def _link(ctx: Context, campaign: Campaign, url: str) -> int:
    t = table(Link)
    return int(
        ctx.session.execute(
            insert(t).values(campaign_id=campaign.key, url=url).returning(t.c.id)
        ).scalar_one()
    )


def _recipient(
    ctx: Context,
    random: Random,
    campaign: Campaign,
    customer_id: int,
    address: str,
    reason: str,
    links: Sequence[int],
) -> None:
    t = table(Recipient)
    bounced = not reason and random.random() < 0.02
    clicked = ctx.now + timedelta(hours=random.uniform(0.2, 60)) if random.random() < 0.18 else None
    clicked = None if reason or bounced else clicked
    values: dict[str, Any] = {
        "campaign_id": campaign.key, "customer_id": customer_id, "address": address,
        "send_to": None if reason else address, "answer": "" if reason else "250 2.0.0 taken", "message_id": "",
        "state": "suppressed" if reason else "bounced" if bounced else "handed",
        "reason": reason or ("bounced" if bounced else ""), "attempts": 0 if reason else 1, "due_at": ctx.now,
        "settled_at": ctx.now + timedelta(seconds=random.randint(1, 200)), "clicked_at": clicked,
    }  # fmt: skip
    recipient_id = int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())
    if reason:
        return
    timeline.add(
        ctx, customer_id, "marketing.mail", f"Campaign mail: {campaign.name}", module="marketing", resource=KEY,
        record_id=campaign.key, snapshot={"bulk": True},
    )  # fmt: skip
    if clicked is not None:
        _clicked(replace(ctx, now=clicked), random, recipient_id, customer_id, campaign, links)


def _clicked(
    ctx: Context,
    random: Random,
    recipient_id: int,
    customer_id: int,
    campaign: Campaign,
    links: Sequence[int],
) -> None:
    moment: datetime = ctx.now
    values = {
        "recipient_id": recipient_id,
        "link_id": random.choice(links),
        "at": moment,
        "agent": AGENT,
        "robot": False,
    }
    ctx.session.execute(insert(table(Click)).values(values))
    timeline.add(
        ctx, customer_id, "marketing.click", f"Followed a link of “{campaign.name}”", module="marketing", resource=KEY,
        record_id=campaign.key,
    )  # fmt: skip
