"""Sending: a mail is written with its thread, timeline and ledger in one transaction, and handed to SMTP outside any.

A ledger row goes queued → claimed → in_doubt → handed, deferred or bounced. It is ``in_doubt`` from the moment before
the mail is handed over until the server's answer is stored: whoever dies in between leaves it so. Mail of a contract
that is in doubt goes out once more under the same Message-ID; promotion never does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import exists, insert, or_, select, update

from patron import files
from patron.accounts import audit
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import ContactPoint
from patron.customers.preferring import check_reachable
from patron.errors import FieldError, Invalid, NotFound
from patron.interactions import services as interactions
from patron.interactions.mail.composing import compose, make_message_id, reply_references
from patron.interactions.mail.parsed import Address, Attachment
from patron.interactions.mail.transport import Outcome, RecipientResult, SmtpConnection
from patron.interactions.mail.verdicts import judge
from patron.interactions.mailflow.bouncing import mark_bounced
from patron.interactions.mailflow.delivery import show_delivery
from patron.interactions.mailflow.mailboxes import (
    NARROWER,
    load_mailbox,
    sender_of,
    smtp_settings,
    visibility_of,
)
from patron.interactions.mailflow.resolving import resolve_addresses
from patron.interactions.models import Interaction, Mail, Mailbox, MailLedger
from patron.permissions import job_actor
from patron.records import table, utc_now
from patron.system.models import File

log = logging.getLogger("patron.mail")

Purpose = Literal["contract", "promotion"]
BATCH = 50  # rows claimed at a time
CLAIM = timedelta(minutes=10)  # a claim older than this belonged to a worker that is gone
DOUBT = timedelta(minutes=15)
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))
REPEATED = "Sent once more, since it was in doubt."
MAX_RECIPIENTS = 100


def queue_mail(
    ctx: Context,
    mailbox_id: int,
    to: Sequence[Address],
    subject: str,
    text: str,
    *,
    cc: Sequence[Address] = (),
    bcc: Sequence[Address] = (),
    html: str | None = None,
    thread_id: int | None = None,
    purpose: Purpose = "contract",
    file_ids: Sequence[int] = (),
    module: str = "core",
    resource: str = "",
    record_id: int | None = None,
    intent: str = "",
    visibility: str = "all",
    beneath: str = "",
    due_at: datetime | None = None,
) -> Interaction:
    """Write a mail to be sent from a mailbox, in the caller's transaction. Returns the outgoing interaction.

    In a thread it answers the newest mail there. Blind copies stand in the ledger only. ``beneath`` goes out below the
    text (what is answered, quoted) and is not kept as said here. It goes out at ``due_at``, else at once; until then it
    can be recalled. No more people see it than see the mailbox, whatever ``visibility`` says. Invalid for a missing or
    impossible recipient; NotFound for an unknown mailbox.
    """
    mailbox = load_mailbox(ctx, mailbox_id)
    ctx, visibility = _seen_by(ctx, mailbox, visibility)
    _check_recipients(to, cc, bcc)
    answered, references = _answered(ctx, thread_id)
    domain = mailbox.address.rpartition("@")[2]
    message_id = make_message_id(f"mail:{uuid4().hex}", domain)
    sender = sender_of(ctx.assembly, mailbox)
    raw = compose(
        sender, to, cc=cc, message_id=message_id, subject=" ".join(subject.split()),
        text=f"{text}{beneath}", html=html, in_reply_to=answered, references=references,
        attachments=_files(ctx, file_ids), date=due_at or ctx.now,
    )  # fmt: skip
    file_id = files.store(ctx, "message.eml", raw)
    mail_id = _keep(ctx, mailbox, message_id, answered, references, file_id, text)
    parties = resolve_addresses(ctx, (("from", (sender,)), ("to", to), ("cc", cc), ("bcc", bcc)))
    check_reachable(ctx, [party.customer_id for party in parties])
    interaction = interactions.log(
        ctx, "email", parties, direction="out", intent=intent, subject=subject, body=text, thread_id=thread_id,
        visibility=visibility, mail_id=mail_id, module=module, resource=resource, record_id=record_id,
        joined_because="Written here." if thread_id is None else f"Written in this thread by {ctx.actor.name}.",
    )  # fmt: skip
    for attached in file_ids:
        files.attach(ctx, attached, "interactions", interaction.key)
    recipients = list(dict.fromkeys(address.email for address in (*to, *cc, *bcc)))
    _queue(ctx, interaction.key, mailbox, message_id, recipients, file_id, purpose, due_at or ctx.now)
    show_delivery(ctx, (interaction.key,))
    return interaction


def _seen_by(ctx: Context, mailbox: Mailbox, visibility: str) -> tuple[Context, str]:
    """A mail is seen by no more people than its mailbox; that of a team's mailbox is that team's."""
    bound = visibility_of(mailbox)
    if NARROWER.index(bound) <= NARROWER.index(visibility):
        return ctx, visibility
    if bound == "team" and mailbox.team_id is not None:
        ctx = ctx.acting_as(replace(ctx.actor, team_ids=frozenset({mailbox.team_id})))
    return ctx, bound


def recall(ctx: Context, interaction_id: int) -> None:
    """Take a mail back that has gone to nobody yet. Invalid when it is too late for that."""
    t = table(MailLedger)
    mine = t.c.interaction_id == interaction_id
    states = ctx.session.execute(select(t.c.state).where(mine).with_for_update()).scalars().all()
    if "queued" not in states or not set(states) <= {"queued", "suppressed"}:
        raise Invalid("It is too late: this mail has gone out, or is just going.")
    values = {"state": "recalled", "answer": f"Taken back by {ctx.actor.name}."}
    ctx.session.execute(update(t).where(mine, t.c.state == "queued").values(values))
    show_delivery(ctx, (interaction_id,))
    audit.record(ctx, "recall", "interactions", interaction_id, {"delivery": ("queued", "recalled")})


def _check_recipients(*groups: Sequence[Address]) -> None:
    """At least one recipient, no more than a person writes to, each a possible address."""
    if not groups[0]:
        raise Invalid.field("to", "Say who gets it.")
    if sum(map(len, groups)) > MAX_RECIPIENTS:
        raise Invalid.field("to", f"A mail goes to at most {MAX_RECIPIENTS} addresses.")
    errors = []
    for name, addresses in zip(("to", "cc", "bcc"), groups, strict=True):
        for address in addresses:
            try:
                normalise.email_address(address.email)
            except Invalid as error:
                errors.append(FieldError(name, f"{address.email}: {error.detail}"))
    if errors:
        raise Invalid(errors[0].message, errors=errors)


def _answered(ctx: Context, thread_id: int | None) -> tuple[str, tuple[str, ...]]:
    """The newest mail of the thread, not held back nor taken back, and the references of an answer to it."""
    if thread_id is None:
        return "", ()
    m, i, ledger = table(Mail), table(Interaction), table(MailLedger)
    unsent = exists().where(ledger.c.interaction_id == i.c.id, ledger.c.state == "recalled")
    row = ctx.session.execute(
        select(m.c.message_id, m.c.reference_ids)
        .select_from(m.join(i, i.c.mail_id == m.c.id))
        .where(i.c.thread_id == thread_id, i.c.quarantined.is_(False), ~unsent)
        .order_by(i.c.id.desc())
        .limit(1)
    ).first()
    return (row.message_id, reply_references(row.reference_ids, row.message_id)) if row else ("", ())


def _files(ctx: Context, file_ids: Sequence[int]) -> Iterable[Attachment]:
    for file_id in file_ids:
        name, content_type, content = files.read_file(ctx, file_id)
        yield Attachment(name, content_type.partition(";")[0], len(content), "", False, content)


def _keep(
    ctx: Context, mailbox: Mailbox, message_id: str, answered: str, references: Sequence[str], file_id: int, text: str
) -> int:  # fmt: skip
    t, f = table(Mail), table(File)
    sha256 = ctx.session.execute(select(f.c.sha256).where(f.c.id == file_id)).scalar_one()
    values = {
        "message_id": message_id, "in_reply_to": [answered] if answered else [], "reference_ids": list(references),
        "direction": "out", "mailbox_id": mailbox.key, "raw_sha256": sha256, "raw_file_id": file_id, "html": "",
        "visible_text": text, "auto_reply": "", "at": ctx.now,
    }  # fmt: skip
    return int(ctx.session.execute(insert(t).values(values).returning(t.c.id)).scalar_one())


def _queue(
    ctx: Context, interaction_id: int, mailbox: Mailbox, message_id: str, recipients: Sequence[str], file_id: int,
    purpose: Purpose, due_at: datetime,
) -> None:  # fmt: skip
    """One ledger row per recipient. Promotion goes to no address that is known to be dead."""
    c = table(ContactPoint)
    dead: set[str] = set()
    if purpose == "promotion":
        normal = {normalise.email_address(recipient).normalised: recipient for recipient in recipients}
        statement = select(c.c.value).where(
            c.c.kind == "email", c.c.value.in_(normal), c.c.deliverability == "dead"
        )
        dead = {normal[value] for value in ctx.session.execute(statement).scalars()}
    rows = [
        {
            "message_id": message_id, "recipient": recipient, "purpose": purpose, "attempts": 0, "due_at": due_at,
            "state": "suppressed" if recipient in dead else "queued", "raw_file_id": file_id,
            "answer": "The address is known to be dead." if recipient in dead else "", "mailbox_id": mailbox.key,
            "interaction_id": interaction_id, "envelope_from": mailbox.address,
        }
        for recipient in recipients
    ]  # fmt: skip
    ctx.session.execute(insert(table(MailLedger)), rows)


# The worker's part


@dataclass(frozen=True)
class _Due:
    """One recipient's claimed row."""

    id: int
    message_id: str
    recipient: str
    mailbox_id: int
    raw_file_id: int
    envelope_from: str
    attempts: int
    answer: str
    interaction_id: int | None


def deliver(assembly: Assembly) -> int:
    """Hand over what is due, mailbox by mailbox. Returns how many recipients got an answer. Talks to the network."""
    answered = 0
    claimed = _claim(assembly)
    for mailbox_id, rows in groupby(
        sorted(claimed, key=lambda due: due.mailbox_id), key=lambda due: due.mailbox_id
    ):
        answered += _deliver_from(assembly, mailbox_id, list(rows))
    return answered


def _claim(assembly: Assembly) -> list[_Due]:
    """Take what is due, and what workers that are gone have left; what is in doubt only where it may repeat."""
    t = table(MailLedger)
    now = utc_now()
    repeatable = (t.c.state == "in_doubt") & (t.c.purpose == "contract") & ~t.c.answer.startswith(REPEATED)
    due = or_(t.c.state.in_(("queued", "deferred", "claimed")), repeatable)
    with assembly.database.write() as session:
        rows = session.execute(
            select(t)
            .where(due, t.c.due_at <= now, t.c.mailbox_id.is_not(None), t.c.raw_file_id.is_not(None))
            .order_by(t.c.due_at, t.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        doubtful = [row.id for row in rows if row.state == "in_doubt"]
        if doubtful:
            session.execute(update(t).where(t.c.id.in_(doubtful)).values(answer=REPEATED))
        if rows:
            ids = [row.id for row in rows]
            session.execute(update(t).where(t.c.id.in_(ids)).values(state="claimed", due_at=now + CLAIM))
    return [
        _Due(
            row.id, row.message_id, row.recipient, row.mailbox_id, row.raw_file_id, row.envelope_from, row.attempts,
            REPEATED if row.id in doubtful else row.answer, row.interaction_id,
        )
        for row in rows
    ]  # fmt: skip


def _deliver_from(assembly: Assembly, mailbox_id: int, rows: Sequence[_Due]) -> int:
    with assembly.database.read() as session:
        mailbox = session.get(Mailbox, mailbox_id)
    try:
        settings = smtp_settings(assembly, mailbox) if mailbox else None
    except Invalid as error:
        _put_back(assembly, rows, error.detail)
        return 0
    if settings is None or mailbox is None or not mailbox.active or mailbox.trashed_at is not None:
        _put_back(assembly, rows, "The mailbox does not send now.")
        return 0
    answered = 0
    with SmtpConnection(settings) as connection:
        for _, group in groupby(
            sorted(rows, key=lambda due: (due.message_id, due.id)), key=lambda due: due.message_id
        ):
            answered += _hand_over(assembly, connection, list(group))
    return answered


def _put_back(assembly: Assembly, rows: Sequence[_Due], answer: str) -> None:
    t = table(MailLedger)
    with assembly.database.write() as session:
        session.execute(
            update(t)
            .where(t.c.id.in_([due.id for due in rows]), t.c.state == "claimed")
            .values(state="deferred", due_at=utc_now() + BACK_OFF[1], answer=answer)
        )


def _hand_over(assembly: Assembly, connection: SmtpConnection, rows: Sequence[_Due]) -> int:
    """One message to its recipients: doubtful in the ledger before the first byte goes out, settled by the answer."""
    t = table(MailLedger)
    with assembly.database.read() as session:
        try:
            _, _, raw = files.read_file(Context(session, assembly), rows[0].raw_file_id)
        except NotFound as error:
            log.error("mail %s cannot be sent: %s", rows[0].message_id, error.detail)
            raw = b""
    if not raw:
        _put_back(assembly, rows, "The message is not in the file store.")
        return 0
    with assembly.database.write() as session:
        mine = session.execute(
            update(t)
            .where(t.c.id.in_([due.id for due in rows]), t.c.state == "claimed")
            .values(state="in_doubt", due_at=utc_now() + DOUBT)
            .returning(t.c.id)
        ).scalars()
        held = set(mine)
    rows = [due for due in rows if due.id in held]
    results = connection.send(rows[0].envelope_from, [due.recipient for due in rows], raw) if rows else {}
    with assembly.database.write() as session:
        ctx = Context(session, assembly, job_actor("Mail"))
        for due in rows:
            _settle(ctx, due, results[due.recipient])
        show_delivery(ctx, {due.interaction_id for due in rows if due.interaction_id is not None})
    return len(rows)


def _settle(ctx: Context, due: _Due, result: RecipientResult) -> None:
    t = table(MailLedger)
    marked = REPEATED if due.answer.startswith(REPEATED) else ""
    answer = f"{marked} {result.code or ''} {result.text}".strip()[:500]
    attempts = due.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "answer": answer}
    if result.outcome is Outcome.ACCEPTED:
        values["state"] = "handed"
    elif result.outcome is Outcome.IN_DOUBT:
        values |= {"state": "in_doubt", "due_at": utc_now() + DOUBT}
    elif result.outcome is Outcome.DEFERRED and attempts <= len(BACK_OFF):
        values |= {"state": "deferred", "due_at": utc_now() + BACK_OFF[attempts - 1]}
    ctx.session.execute(update(t).where(t.c.id == due.id).values(values))
    if "state" not in values:
        verdict = judge("", f"{result.code} {result.text}")
        refused = result.outcome is Outcome.REFUSED
        mark_bounced(
            ctx, due.id, due.recipient, verdict.reason, answer, permanent=refused and verdict.permanent,
            sure=refused and verdict.confidence >= 0.6,
        )  # fmt: skip
