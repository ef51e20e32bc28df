"""Writing a mail from any record: to whom, from where, about what, with which text; sent now, later, or taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from sqlalchemy import select

from patron.context import Context
from patron.contributions import Resource
from patron.customers import preferring
from patron.customers.models import Customer
from patron.errors import Invalid, NotFound
from patron.interactions.mail.composing import quote, reply_subject
from patron.interactions.mail.parsed import Address
from patron.interactions.mailflow.choosing import may_send_from, writing_mailboxes
from patron.interactions.mailflow.mailboxes import NARROWER, load_mailbox, visibility_of
from patron.interactions.mailflow.sending import queue_mail
from patron.interactions.models import Interaction, Mail, MailTemplate, Participant
from patron.interactions.threads import thread_of
from patron.records import table
from patron.resources import editing
from patron.resources.scope import row_scope

GRACE = timedelta(seconds=10)  # in which a mail that was sent at once can be taken back
LATEST = timedelta(days=366)
PLACEHOLDERS = ("salutation", "name", "given_name", "company", "record", "sender")
_ROLES = (
    "contact",
    "user",
    "account",
    "end_customer",
    "bill_to",
    "payer",
    "ship_to",
    "via_partner",
    "referrer",
)
_SEPARATOR = re.compile(r"[,;\n]+")
_NAMED = re.compile(r'\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*')


@dataclass(frozen=True)
class Draft:
    """A mail as its form holds it: text as typed. ``record`` is ``key:id`` of what it is about, ``reply`` the
    interaction that it answers, ``mailbox`` the id of where it goes out from, ``later`` local time or empty."""

    to: str = ""
    cc: str = ""
    subject: str = ""
    text: str = ""
    mailbox: str = ""
    record: str = ""
    customer: str = ""
    reply: str = ""
    later: str = ""
    quoted: bool = True


def draft_of(values: Mapping[str, str], *, quoted: bool = True) -> Draft:
    """A draft from the texts of its fields by name; what is not given is empty."""
    given = values.get
    return Draft(
        given("to", ""), given("cc", ""), given("subject", ""), given("text", ""), given("mailbox", ""),
        given("record", ""), given("customer", ""), given("reply", ""), given("later", ""), quoted,
    )  # fmt: skip


@dataclass(frozen=True)
class _About:
    """What a draft is about, read with the writer's rights."""

    customer: Any = None  # id, name, given_name, primary_email
    title: str = ""
    resource: str = ""
    record_id: int | None = None
    thread_id: int | None = None


def read_addresses(text: str) -> list[Address]:
    """Addresses as a person types them: separated by comma, semicolon or line, each plain or ``Name <address>``."""
    found = []
    for part in _SEPARATOR.split(text):
        if part.strip():
            named = _NAMED.fullmatch(part)
            found.append(Address(named[1], named[2].strip()) if named else Address("", part.strip()))
    return found


def begin(ctx: Context, asked: Draft, template_id: int | None = None) -> Draft:
    """The draft with what is known filled in: recipient, subject, mailbox, and the template's text. NotFound."""
    about = _about(ctx, asked)
    found = _answer(ctx, asked) if asked.reply else asked
    if not found.to and about.customer is not None and about.customer.primary_email:
        found = replace(found, to=_written(about.customer.name, about.customer.primary_email))
    if template_id is not None:
        t = table(MailTemplate)
        row = ctx.session.execute(
            select(t.c.subject, t.c.body).where(t.c.id == template_id, t.c.trashed_at.is_(None))
        ).first()
        if row is None:
            raise NotFound("There is no such template.")
        values = _values(ctx, about)
        found = replace(
            found, text=fill(row.body, values), subject=found.subject or fill(row.subject, values)
        )
    if not found.subject and about.resource not in ("", "customers"):
        found = replace(found, subject=about.title)
    boxes = writing_mailboxes(ctx)
    return replace(found, mailbox=found.mailbox or (str(boxes[0][0]) if boxes else ""))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its ``{names}`` replaced, in one pass: what a value says is never read as a name."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def _values(ctx: Context, about: _About) -> dict[str, str]:
    customer = about.customer
    said = preferring.salutations(ctx, [customer.id]) if customer is not None else {}
    name = customer.name if customer is not None else ""
    return {
        "salutation": next(iter(said.values()), f"Hello {name}".strip()), "name": name,
        "given_name": (customer.given_name or name) if customer is not None else "",
        "company": ctx.assembly.company.brand, "record": about.title, "sender": ctx.actor.name,
    }  # fmt: skip


def _about(ctx: Context, asked: Draft) -> _About:
    """What a draft is about. NotFound for what the writer may not read."""
    if asked.customer:
        return _About(_customer(ctx, [_number(asked.customer)]), resource="customers")
    if not asked.record:
        return _About()
    key, _, number = asked.record.partition(":")
    try:
        resource = ctx.assembly.resource(key)
    except KeyError:
        raise NotFound("There is no such kind of record.") from None
    record = editing.load(ctx, resource, _number(number))
    if key == "customers":
        return _About(_customer(ctx, [record.key]), resource=key)
    title = str(getattr(record, resource.title, "") or f"{resource.label} {record.key}")
    thread_id = getattr(record, "thread_id", None)
    return _About(_customer(ctx, customers_of(resource, record)), title, key, record.key, thread_id)


def customers_of(resource: Resource, record: Any) -> list[int]:
    """The customers that a record is about, whom one would write to first."""
    order = {role: place for place, role in enumerate(_ROLES)}
    links = sorted(resource.links, key=lambda link: order.get(link.role, len(order)))
    named = [link.field for link in links]
    named += [item.attribute for item in resource.fields if item.kind == "customer"]
    found = (getattr(record, name, None) for name in dict.fromkeys(named))
    return [customer_id for customer_id in found if customer_id is not None]


def _customer(ctx: Context, ids: Sequence[int]) -> Any:
    """The first of these customers that the writer may see and that has an address, else the first of them."""
    t = table(Customer)
    statement = select(t.c.id, t.c.name, t.c.given_name, t.c.primary_email).where(
        t.c.id.in_(ids), t.c.trashed_at.is_(None), row_scope(ctx, ctx.assembly.resource("customers"))
    )
    rows = {row.id: row for row in ctx.session.execute(statement)} if ids else {}
    seen = [rows[customer_id] for customer_id in ids if customer_id in rows]
    return next((row for row in seen if row.primary_email), seen[0] if seen else None)


def _answer(ctx: Context, asked: Draft) -> Draft:
    """Whom an answer goes to (who wrote, or whom we wrote to), and its subject."""
    answered = _answered(ctx, asked)
    wanted = ("from", "caller") if answered.direction == "in" else ("to",)
    p = table(Participant)
    rows = ctx.session.execute(
        select(p.c.address, p.c.name)
        .where(p.c.interaction_id == answered.key, p.c.part.in_(wanted), p.c.address.like("%@%"))
        .order_by(p.c.id)
    ).all()
    to = asked.to or ", ".join(_written(row.name, row.address) for row in rows)
    return replace(asked, to=to, subject=asked.subject or reply_subject(answered.subject))


def _answered(ctx: Context, asked: Draft) -> Interaction:
    found: Interaction = editing.load(ctx, ctx.assembly.resource("interactions"), _number(asked.reply))
    return found


def write(ctx: Context, given: Draft, file_ids: Sequence[int] = ()) -> Interaction:
    """Queue the mail that a form holds, in the caller's transaction. Invalid, with the field; NotFound."""
    if not given.text.strip():
        raise Invalid.field("text", "Write something.")
    if not given.subject.strip():
        raise Invalid.field("subject", "Give it a subject.")
    mailbox_id = may_send_from(ctx, given.mailbox)
    about = _about(ctx, given)
    thread_id, beneath = about.thread_id, ""
    answered = _answered(ctx, given) if given.reply else None
    if answered is not None:
        thread_id = thread_of(ctx, answered.thread_id).id
        beneath = _quoted(ctx, answered) if given.quoted else ""
    visibility, team_id = _seen_by(ctx, mailbox_id, answered)
    if team_id is not None:
        ctx = ctx.acting_as(replace(ctx.actor, team_ids=frozenset({team_id})))
    return queue_mail(
        ctx, mailbox_id, read_addresses(given.to), given.subject[:500], given.text.strip() + "\n",
        cc=read_addresses(given.cc), thread_id=thread_id, file_ids=file_ids, beneath=beneath,
        resource=about.resource if about.record_id is not None else "", record_id=about.record_id,
        module=about.resource.partition(".")[0] if "." in about.resource else "core", due_at=due_at(ctx, given.later),
        visibility=visibility,
    )  # fmt: skip


def _seen_by(ctx: Context, mailbox_id: int, answered: Interaction | None) -> tuple[str, int | None]:
    """Who sees a mail: as few as see what its mailbox holds, and what it answers. With the team, if it is a team's."""
    mailbox = load_mailbox(ctx, mailbox_id)
    bounds = [(visibility_of(mailbox), mailbox.team_id)]
    if answered is not None:
        bounds.append((answered.visibility, answered.team_id))
    visibility, team_id = max(bounds, key=lambda bound: NARROWER.index(bound[0]))
    return visibility, team_id if visibility == "team" else None


def due_at(ctx: Context, later: str) -> datetime:
    """When a mail goes out: at a time as the writer's clock shows it, else in a moment. Invalid."""
    if not later.strip():
        return ctx.now + GRACE
    try:
        moment = datetime.fromisoformat(later.strip())
    except ValueError:
        raise Invalid.field("later", "Say day and time, such as 2026-01-31T08:00.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(ctx.time_zone))
    if not ctx.now < moment <= ctx.now + LATEST:
        raise Invalid.field("later", "Choose a time that is still to come, within a year.")
    return moment.astimezone(UTC)


def _quoted(ctx: Context, answered: Interaction) -> str:
    p, m = table(Participant), table(Mail)
    writer = ctx.session.execute(
        select(p.c.name, p.c.address)
        .where(p.c.interaction_id == answered.key, p.c.part.in_(("from", "caller")))
        .limit(1)
    ).first()
    text = ctx.session.execute(select(m.c.visible_text).where(m.c.id == answered.mail_id)).scalar()
    who = (writer.name or writer.address) if writer else ""
    when = format_datetime(answered.at.astimezone(ZoneInfo(ctx.time_zone)), "yyyy-MM-dd HH:mm", locale="en")
    return quote("", text or answered.body, f"On {when}, {who or 'they'} wrote:")


def template_options(ctx: Context) -> list[tuple[int, str]]:
    """The templates to choose from, by name."""
    t = table(MailTemplate)
    rows = ctx.session.execute(
        select(t.c.id, t.c.name).where(t.c.trashed_at.is_(None)).order_by(t.c.name_key).limit(200)
    )
    return [(row.id, row.name) for row in rows]


def _written(name: str, address: str) -> str:
    plain = re.sub(r'[<>",;\n]', " ", name).strip()
    return f"{plain} <{address}>" if plain and plain != address else address


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise NotFound("There is no such record.")
    return int(text)
