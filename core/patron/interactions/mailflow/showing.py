"""A thread as pages show it, and a mail's own HTML as a document under its own policy."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, false, or_, select, true

from patron import files
from patron.accounts.models import User
from patron.context import Context
from patron.customers.models import Customer
from patron.errors import NotFound
from patron.files.sniffing import sniff
from patron.interactions.mail.parsing import parse
from patron.interactions.mail.sanitise import MAIL_CSP, MAIL_CSP_REMOTE, document, sanitise, text_as_html
from patron.interactions.models import Interaction, Mail, MailLedger, Participant
from patron.records import table
from patron.resources.scope import scope_clause
from patron.responses import Document
from patron.system.models import File, FileLink

IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
IMAGE_BYTES = 2_000_000  # of one image shown in place
IMAGES_BYTES = 8_000_000  # of all of a mail
TOUCHES = 200  # of a thread, the newest


@dataclass(frozen=True)
class Touch:
    """One touch of a thread for a page: plain values only. ``parties`` are dicts of part, address, name, customer_id,
    customer, because; ``files`` of id, name, content_type, size; ``deliveries`` of recipient, state, answer, due_at."""

    interaction_id: int
    channel: str
    direction: str
    at: datetime
    subject: str
    text: str
    visibility: str
    quarantined: bool
    because: str
    mail_id: int | None
    has_html: bool
    auto_reply: str
    author: str
    parties: tuple[Mapping[str, Any], ...] = ()
    files: tuple[Mapping[str, Any], ...] = ()
    deliveries: tuple[Mapping[str, Any], ...] = ()

    def named(self, *parts: str) -> list[Mapping[str, Any]]:
        """The parties in these parts (``from``, ``to``, ``cc``, ``caller``)."""
        return [party for party in self.parties if party["part"] in parts]


@dataclass
class _Beside:
    """What stands beside the interactions of a thread, by interaction."""

    parties: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    deliveries: dict[int, list[dict[str, Any]]] = field(default_factory=dict)


def conversation(
    ctx: Context, thread_id: int, *, held_back: bool = True, where: ColumnElement[bool] | None = None
) -> list[Touch]:
    """The touches of a thread, oldest first: four statements. Who may see the thread was asked before; what is private,
    or of another team, is left out here.

    ``held_back`` False leaves out what is quarantined; ``where`` narrows the interactions further.
    """
    i, m, u = table(Interaction), table(Mail), table(User)
    statement = (
        select(
            i.c.id, i.c.channel, i.c.direction, i.c.at, i.c.subject, i.c.body, i.c.visibility, i.c.quarantined,
            i.c.joined_because, i.c.mail_id, (m.c.html != "").label("has_html"), m.c.auto_reply,
            u.c.name.label("author"),
        )
        .select_from(i.outerjoin(m, m.c.id == i.c.mail_id).outerjoin(u, u.c.id == i.c.owner_id))
        .where(i.c.thread_id == thread_id, i.c.trashed_at.is_(None), _visible(ctx), true() if where is None else where)
        .order_by(i.c.at.desc(), i.c.id.desc())
        .limit(TOUCHES)
    )  # fmt: skip
    if not held_back:
        statement = statement.where(i.c.quarantined.is_(False))
    rows = list(reversed(ctx.session.execute(statement).all()))
    beside = _beside(ctx, [row.id for row in rows])
    return [
        Touch(
            row.id, row.channel, row.direction, row.at, row.subject, row.body, row.visibility, row.quarantined,
            row.joined_because, row.mail_id, bool(row.has_html), row.auto_reply or "", row.author or "",
            tuple(beside.parties.get(row.id, ())), tuple(beside.files.get(row.id, ())),
            tuple(beside.deliveries.get(row.id, ())),
        )
        for row in rows
    ]  # fmt: skip


def _visible(ctx: Context) -> ColumnElement[bool]:
    i = table(Interaction)
    seen = [i.c.visibility == "all", i.c.owner_id == (ctx.actor.user_id or 0)]
    if ctx.actor.team_ids:
        seen.append((i.c.visibility == "team") & i.c.team_id.in_(sorted(ctx.actor.team_ids)))
    return or_(*seen)


def _beside(ctx: Context, ids: Sequence[int]) -> _Beside:
    found = _Beside()
    if not ids:
        return found
    p, c, f, link, ledger = (
        table(Participant),
        table(Customer),
        table(File),
        table(FileLink),
        table(MailLedger),
    )
    parties = (
        select(
            p.c.interaction_id, p.c.id, p.c.part, p.c.address, _name_seen(p, c).label("name"),
            c.c.id.label("customer_id"), c.c.name.label("customer"), p.c.resolved_because.label("because"),
        )
        .select_from(p.outerjoin(c, (c.c.id == p.c.customer_id) & _customer_seen(ctx)))
        .where(p.c.interaction_id.in_(ids))
        .order_by(p.c.id)
    )  # fmt: skip
    attached = (
        select(link.c.record_id.label("interaction_id"), f.c.id, f.c.name, f.c.content_type, f.c.size)
        .select_from(link.join(f, f.c.id == link.c.file_id))
        .where(link.c.resource == "interactions", link.c.record_id.in_(ids))
        .order_by(f.c.id)
    )
    delivered = select(
        ledger.c.interaction_id, ledger.c.recipient, ledger.c.state, ledger.c.answer, ledger.c.due_at
    ).where(ledger.c.interaction_id.in_(ids))
    for statement, into in (
        (parties, found.parties), (attached, found.files), (delivered.order_by(ledger.c.id), found.deliveries),
    ):  # fmt: skip
        for row in ctx.session.execute(statement).mappings():
            into.setdefault(row["interaction_id"], []).append(dict(row))
    return found


def _customer_seen(ctx: Context) -> ColumnElement[bool]:
    """Staff see of a party out of their reach the address alone; on the other faces the thread is one's own."""
    if ctx.actor.user_id is None:
        return true()
    customers = ctx.assembly.resource("customers")
    scope = ctx.actor.scope(customers.permission("read"))
    return scope_clause(ctx, customers, scope) if scope else false()


def _name_seen(party: Any, customer: Any) -> ColumnElement[str]:
    hidden = party.c.customer_id.is_not(None) & customer.c.id.is_(None)
    return case((hidden, ""), else_=party.c.name)


def mail_document(ctx: Context, mail_id: int, *, remote: bool = False, dark: bool = False) -> Document:
    """A mail's HTML made safe, as a page under its own policy. Who may see it was asked before. NotFound.

    ``remote`` lets images come from elsewhere: the reader has asked for it, since it tells the sender.
    """
    m = table(Mail)
    row = ctx.session.execute(
        select(m.c.html, m.c.visible_text, m.c.raw_file_id).where(m.c.id == mail_id)
    ).first()
    if row is None:
        raise NotFound("There is no such mail.")
    if not row.html:
        return Document(document(text_as_html(row.visible_text), dark=dark), MAIL_CSP)
    images = _inline_images(ctx, row.raw_file_id) if "cid:" in row.html.lower() else {}
    safe = sanitise(row.html, inline_images=images, allow_remote=remote)
    return Document(document(safe.html, dark=dark), MAIL_CSP_REMOTE if remote else MAIL_CSP)


def _inline_images(ctx: Context, raw_file_id: int | None) -> dict[str, str]:
    """Images that a mail shows in place, by Content-ID, as data: what they are is sniffed, their size bounded."""
    if raw_file_id is None:
        return {}
    try:
        _, _, raw = files.read_file(ctx, raw_file_id)
        mail = parse(raw)
    except NotFound:
        return {}
    images: dict[str, str] = {}
    total = 0
    for attachment in mail.attachments:
        kind = sniff(attachment.payload)
        fits = len(attachment.payload) <= IMAGE_BYTES and total + len(attachment.payload) <= IMAGES_BYTES
        if attachment.content_id and kind in IMAGES and fits:
            total += len(attachment.payload)
            encoded = base64.b64encode(attachment.payload).decode()
            images[attachment.content_id] = f"data:{kind};base64,{encoded}"
    return images
