"""Taking one message in: once, in the right thread or held back, with its parties, attachments and raw source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, or_, select

from patron import files
from patron.assembly import Assembly
from patron.context import Context
from patron.errors import TooLarge
from patron.events import publish
from patron.interactions import services as interactions
from patron.interactions.mail.parsed import ParsedMail
from patron.interactions.mail.parsing import parse
from patron.interactions.mail.threading import Decision, Joined, Quarantined, ThreadRef, decide, party
from patron.interactions.mailflow.bouncing import record_bounces
from patron.interactions.mailflow.counting import detected
from patron.interactions.mailflow.mailboxes import visibility_of
from patron.interactions.mailflow.own import decide_own, keeper_of, without_copies, writer_of
from patron.interactions.mailflow.resolving import own_addresses, resolve_addresses
from patron.interactions.models import Interaction, Mail, Mailbox, Participant, Thread
from patron.interactions.services import Party
from patron.records import table

MAX_KNOWN = 200  # messages that a References field may bring together
SHOWN_TEXT = 100_000  # characters of the text that are kept beside the raw source


@dataclass(frozen=True)
class Received:
    """What became of a message. ``interaction_id`` is None for one that was here already, or that stays away (then
    ``mail_id`` is 0); ``reason`` says why."""

    mail_id: int
    interaction_id: int | None
    thread_id: int | None
    quarantined: bool
    reason: str


def prepare(assembly: Assembly, raw: bytes) -> ParsedMail:
    """Parse a message and lay its bytes down: the slow part of ``receive``, done before the transaction begins."""
    mail = parse(raw)
    store = files.FileStore(assembly.settings.path(assembly.settings.files_dir))
    store.put(raw)
    for attachment in mail.attachments:
        if len(attachment.payload) <= files.LARGEST:
            store.put(attachment.payload)
    return mail


def receive(
    ctx: Context, raw: bytes, mailbox: Mailbox, mail: ParsedMail | None = None, *, sent: bool = False
) -> Received:
    """Take one message in, in the caller's transaction. ``mail`` is the answer of ``prepare``, parsed here without it.

    The same message fetched again, or one that we sent ourselves, is taken in once. A message that names a thread of
    which its sender is no party is held back: nobody's timeline shows it before a person releases it. What one of us
    wrote elsewhere (``sent``: it lay in the folder of sent mail) goes out, as far as the history is concerned.
    """
    mail = mail or parse(raw)
    if (known := _known_already(ctx, mail)) is not None:
        return known
    writer = writer_of(ctx, mail, mailbox, sent=sent)
    actor = writer.actor if writer else keeper_of(ctx, mailbox)
    ctx = ctx.acting_as(actor) if actor is not None else ctx
    known_threads = _known_threads(ctx, mail)
    parties = resolve_addresses(
        ctx, (("from", mail.from_), ("to", without_copies(mail.to)), ("cc", without_copies(mail.cc)),
              ("bcc", without_copies(mail.bcc)))
    )  # fmt: skip
    copied = writer is not None and not sent
    if not copied and _concerns_nobody(mailbox, mail, parties, known_threads):
        return Received(
            0, None, None, False, "It is with nobody who is known here, so it stays in the mailbox."
        )
    if writer is not None:
        return _take_in(ctx, raw, mailbox, mail, parties, decide_own(mail, known_threads, writer.how), "out")
    mail = replace(mail, auto_reply=detected(ctx, mail))
    if mail.bounces:
        mail_id = _keep(ctx, raw, mailbox, mail, "in")
        if (bounced := record_bounces(ctx, mail, mail_id, mailbox)) is not None:
            return Received(mail_id, bounced.key, bounced.thread_id, False, bounced.joined_because)
        return _take_in(ctx, raw, mailbox, mail, parties, decide(mail, known_threads), "in", mail_id)
    return _take_in(ctx, raw, mailbox, mail, parties, decide(mail, known_threads), "in")


def _concerns_nobody(
    mailbox: Mailbox, mail: ParsedMail, parties: Sequence[Party], known: Mapping[str, ThreadRef]
) -> bool:
    """Whether a mail of a person's own mailbox is none of the firm's business: with no customer, in no thread."""
    copied = without_copies(mail.to) != mail.to or without_copies(mail.cc) != mail.cc
    personal = mailbox.owner_id is not None and not copied
    return personal and not known and not mail.bounces and all(one.customer_id is None for one in parties)


def _take_in(
    ctx: Context, raw: bytes, mailbox: Mailbox, mail: ParsedMail, parties: Sequence[Party], decision: Decision,
    direction: str, mail_id: int | None = None,
) -> Received:  # fmt: skip
    mail_id = mail_id or _keep(ctx, raw, mailbox, mail, direction)
    joined = decision.thread_id if isinstance(decision, Joined | Quarantined) else None
    quarantined = isinstance(decision, Quarantined)
    interaction = interactions.log(
        ctx, "email", parties, direction=direction, subject=mail.subject[:500], body=mail.visible_text[:SHOWN_TEXT],
        at=min(mail.date, ctx.now), thread_id=joined if isinstance(joined, int) else None, mail_id=mail_id,
        joined_because=decision.reason, quarantined=quarantined, visibility=visibility_of(mailbox),
    )  # fmt: skip
    _attach(ctx, mail, interaction.key)
    if direction == "in":
        publish(
            ctx, "mail.received",
            {
                "mail_id": mail_id, "interaction_id": interaction.key, "thread_id": interaction.thread_id,
                "mailbox_id": mailbox.key, "module": mailbox.module, "quarantined": quarantined,
                "auto_reply": mail.auto_reply.automatic, "new_thread": joined is None,
            },
        )  # fmt: skip
    return Received(mail_id, interaction.key, interaction.thread_id, quarantined, decision.reason)


def _known_already(ctx: Context, mail: ParsedMail) -> Received | None:
    """The same bytes, the same message by another way (its id, its sender and its text agree), or our own."""
    m, i, p = table(Mail), table(Interaction), table(Participant)
    senders = (
        select(p.c.address).where(p.c.interaction_id == i.c.id, p.c.part == "from").limit(1).scalar_subquery()
    )
    statement = (
        select(
            m.c.id, m.c.raw_sha256, m.c.direction, m.c.visible_text, i.c.id.label("interaction_id"), i.c.thread_id,
            i.c.quarantined, senders.label("sender"),
        )
        .select_from(m.outerjoin(i, i.c.mail_id == m.c.id))
        .where(or_(m.c.raw_sha256 == mail.sha256, m.c.message_id == mail.message_id))
    )  # fmt: skip
    sender = party(mail.from_[0].email) if mail.from_ else ""
    for row in ctx.session.execute(statement):
        same_bytes = row.raw_sha256 == mail.sha256
        ours = row.direction == "out" and sender in own_addresses(ctx)
        same = party(row.sender or "") == sender and row.visible_text == mail.visible_text[:SHOWN_TEXT]
        if same_bytes or ours or same:
            return Received(row.id, None, row.thread_id, bool(row.quarantined), "It is here already.")
    return None


def _keep(ctx: Context, raw: bytes, mailbox: Mailbox, mail: ParsedMail, direction: str) -> int:
    t = table(Mail)
    values = {
        "message_id": mail.message_id, "in_reply_to": list(mail.in_reply_to), "reference_ids": list(mail.references),
        "direction": direction, "mailbox_id": mailbox.key, "raw_sha256": mail.sha256,
        "raw_file_id": files.store(ctx, "message.eml", raw), "html": mail.html,
        "visible_text": mail.visible_text[:SHOWN_TEXT],
        "auto_reply": mail.auto_reply.rule if mail.auto_reply.automatic else "", "at": mail.date,
    }  # fmt: skip
    return int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())


def _known_threads(ctx: Context, mail: ParsedMail) -> Mapping[str, ThreadRef]:
    """The messages that this one names and that are known here, with the parties of their threads. Two statements."""
    named = list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:MAX_KNOWN]
    if not named:
        return {}
    m, i, t = table(Mail), table(Interaction), table(Thread)
    rows = ctx.session.execute(
        select(m.c.message_id, i.c.thread_id, t.c.merged_into_id, t.c.subject)
        .select_from(m.join(i, i.c.mail_id == m.c.id).join(t, t.c.id == i.c.thread_id))
        .where(m.c.message_id.in_(named), i.c.quarantined.is_(False))
    ).all()
    parties = _parties(ctx, sorted({row.thread_id for row in rows}))
    return {
        row.message_id: ThreadRef(
            row.merged_into_id or row.thread_id, parties.get(row.thread_id, frozenset()), row.subject
        )
        for row in rows
    }


def _parties(ctx: Context, thread_ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
    """Who takes part in these threads. Our own mailboxes do not count: what comes in under their name is not ours."""
    if not thread_ids:
        return {}
    i, p = table(Interaction), table(Participant)
    rows = ctx.session.execute(
        select(i.c.thread_id, p.c.address)
        .select_from(p.join(i, i.c.id == p.c.interaction_id))
        .where(
            i.c.thread_id.in_(thread_ids), i.c.quarantined.is_(False), p.c.part.in_(("from", "to", "cc")),
            p.c.address != "",
        )
        .distinct()
    )  # fmt: skip
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row.thread_id, set()).add(party(row.address))
    ours = own_addresses(ctx)
    return {thread_id: frozenset(addresses - ours) for thread_id, addresses in found.items()}


def _attach(ctx: Context, mail: ParsedMail, interaction_id: int) -> None:
    """Attachments as files of the interaction; images that the HTML shows in place stay in the source alone."""
    for attachment in mail.attachments:
        if attachment.inline and mail.html:
            continue
        try:
            file_id = files.store(ctx, attachment.name, attachment.payload)
        except TooLarge:
            continue  # the raw source still holds it
        files.attach(ctx, file_id, "interactions", interaction_id)
