"""Fetching new mail: each message in its own transaction, an honest status, nothing lost to one bad message."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from patron import files
from patron.assembly import Assembly
from patron.context import Context
from patron.errors import Busy, Invalid
from patron.interactions.mail.mailbox import (
    FetchBatch,
    ImapSettings,
    MailboxError,
    fetch,
    newest,
    sent_folder,
)
from patron.interactions.mail.parsing import parse
from patron.interactions.mailflow.mailbox_checks import NEW
from patron.interactions.mailflow.mailboxes import begin_day, begin_of, imap_settings
from patron.interactions.mailflow.receiving import Received, prepare, receive
from patron.interactions.models import Interaction, Mail, Mailbox
from patron.permissions import job_actor
from patron.records import table, utc_now

log = logging.getLogger("patron.mail")
AUTO = "auto"  # find the folder of sent mail by the mark that the server gives it
BATCH = 50
ROUNDS = 20  # of a batch each, per mailbox and run: the others get their turn


def poll(assembly: Assembly) -> int:
    """Fetch from every active mailbox what is new there. Returns how many messages were taken in."""
    t = table(Mailbox)
    with assembly.database.read() as session:
        statement = select(Mailbox).where(t.c.active.is_(True), t.c.trashed_at.is_(None)).order_by(t.c.id)
        mailboxes = list(session.execute(statement).scalars())
    return sum(poll_mailbox(assembly, mailbox) for mailbox in mailboxes)


@dataclass(frozen=True)
class _Place:
    """A folder that is read, and the columns of its mailbox that say up to where it has been."""

    sent: bool
    validity: str
    uid: str


INBOX, SENT = _Place(False, "uidvalidity", "last_uid"), _Place(True, "sent_uidvalidity", "sent_uid")


def poll_mailbox(assembly: Assembly, mailbox: Mailbox) -> int:
    """Fetch what is new in one mailbox, and note how that went. Returns how many messages were taken in."""
    taken = 0
    try:
        settings = imap_settings(assembly, mailbox)
        if settings is None:
            return 0
        if begin_of(mailbox) == NEW and not mailbox.uidvalidity:
            _begin_here(assembly, mailbox, *newest(settings))
        taken += _read(assembly, mailbox, settings, INBOX)
        folder = str((mailbox.settings.get("imap") or {}).get("sent_folder") or "")
        if folder == AUTO:
            folder = sent_folder(settings)
        if folder:
            taken += _read(assembly, mailbox, replace(settings, folder=folder), SENT)
    except (MailboxError, Invalid) as error:
        _note(assembly, mailbox, error.detail)
        return taken
    except Busy as error:
        log.info("mailbox %s: %s", mailbox.name, error.detail)
        return taken
    _note(assembly, mailbox, "")
    return taken


def _read(assembly: Assembly, mailbox: Mailbox, settings: ImapSettings, place: _Place) -> int:
    """What is new in one folder, batch by batch."""
    taken, begin = 0, begin_day(mailbox)
    since, validity = getattr(mailbox, place.uid), getattr(mailbox, place.validity)
    for _ in range(ROUNDS):
        batch = fetch(settings, since, validity, BATCH, begin=begin)
        taken += _take_in(assembly, mailbox, batch, place)
        since, validity = batch.highest_uid, batch.uidvalidity
        if not batch.more:
            break
    return taken


def _begin_here(assembly: Assembly, mailbox: Mailbox, uidvalidity: int, uid: int) -> None:
    """Leave what is there now, and keep the day: a folder that is renumbered later begins with it again."""
    t, now = table(Mailbox), utc_now()
    place = {**(mailbox.settings.get("imap") or {}), "begin": now.date().isoformat()}
    settings = {**mailbox.settings, "imap": place}
    values = {"uidvalidity": uidvalidity, "last_uid": uid, "settings": settings}
    with assembly.database.write() as session:
        session.execute(update(t).where(t.c.id == mailbox.key, t.c.uidvalidity == 0).values(values))
    mailbox.uidvalidity, mailbox.last_uid, mailbox.settings = uidvalidity, uid, settings


def _take_in(assembly: Assembly, mailbox: Mailbox, batch: FetchBatch, place: _Place) -> int:
    """Each message in its own transaction, which also moves the place up to which the folder has been read."""
    t = table(Mailbox)
    known = getattr(mailbox, place.validity)
    if batch.restarted or not known:
        with assembly.database.write() as session:
            values = {
                place.validity: batch.uidvalidity,
                place.uid: 0 if batch.restarted else getattr(mailbox, place.uid),
            }
            session.execute(
                update(t).where(t.c.id == mailbox.key, t.c[place.validity] == known).values(values)
            )
        setattr(mailbox, place.validity, batch.uidvalidity)
    taken = 0
    for uid, raw in batch.messages:
        taken += _take_one(assembly, mailbox, batch.uidvalidity, uid, raw, place)
    if batch.too_large:
        log.warning(
            "mailbox %s: messages %s are too large and stay on the server", mailbox.name, batch.too_large
        )
    with assembly.database.write() as session:
        session.execute(_moved(mailbox, batch.uidvalidity, batch.highest_uid, place))
    return taken


def _moved(
    mailbox: Mailbox, uidvalidity: int, uid: int, place: _Place, more: int = 0
) -> ReturningUpdate[Any]:
    t = table(Mailbox)
    return (
        update(t)
        .where(t.c.id == mailbox.key, t.c[place.validity] == uidvalidity, t.c[place.uid] < uid)
        .values({place.uid: uid, "fetched": t.c.fetched + more})
        .returning(t.c.id)
    )


def _take_one(
    assembly: Assembly, mailbox: Mailbox, uidvalidity: int, uid: int, raw: bytes, place: _Place
) -> int:
    actor = job_actor("Mail")
    try:
        mail = prepare(assembly, raw)
        with assembly.database.write() as session:
            if session.execute(_moved(mailbox, uidvalidity, uid, place, 1)).first() is None:
                return 0  # another fetch was here meanwhile
            taken = receive(Context(session, assembly, actor), raw, mailbox, mail, sent=place.sent)
        return int(taken.interaction_id is not None)
    except Busy:
        raise
    except Exception as error:
        log.exception("mailbox %s: message %s could not be taken in; its source is kept", mailbox.name, uid)
        with assembly.database.write() as session:
            session.execute(_moved(mailbox, uidvalidity, uid, place, 1))
            _keep_source(Context(session, assembly, actor), raw, mailbox, "out" if place.sent else "in")
        _note(
            assembly,
            mailbox,
            f"Message {uid} could not be taken in ({type(error).__name__}); its source is kept.",
        )
        return 0


def _keep_source(ctx: Context, raw: bytes, mailbox: Mailbox, direction: str) -> None:
    """The bare source, so that no message is lost to a fault; ``take_in_again`` tries it anew."""
    mail = parse(raw)
    t = table(Mail)
    if ctx.session.execute(select(t.c.id).where(t.c.raw_sha256 == mail.sha256)).first() is not None:
        return
    values = {
        "message_id": mail.message_id, "in_reply_to": [], "reference_ids": [], "direction": direction,
        "mailbox_id": mailbox.key, "raw_sha256": mail.sha256, "raw_file_id": files.store(ctx, "message.eml", raw),
        "html": "", "visible_text": "", "auto_reply": "", "at": ctx.now,
    }  # fmt: skip
    ctx.session.execute(insert(t).values(values))


def _note(assembly: Assembly, mailbox: Mailbox, error: str) -> None:
    """When fetching last worked, or what the last error was and when."""
    t = table(Mailbox)
    now = utc_now()
    values = {"last_error": error[:500], "last_error_at": now} if error else {"last_success_at": now}
    with assembly.database.write() as session:
        session.execute(update(t).where(t.c.id == mailbox.key).values(values))


def take_in_again(assembly: Assembly, mailbox: Mailbox) -> list[Received]:
    """Try again to take in the messages of a mailbox whose source alone was kept. Raises what stands in the way."""
    m, i = table(Mail), table(Interaction)
    done = []
    with assembly.database.write() as session:
        ctx = Context(session, assembly, job_actor("Mail"))
        rows = session.execute(
            select(m.c.id, m.c.raw_file_id, m.c.direction)
            .select_from(m.outerjoin(i, i.c.mail_id == m.c.id))
            .where(i.c.id.is_(None), m.c.mailbox_id == mailbox.key)
        ).all()
        for row in rows:
            _, _, raw = files.read_file(ctx, row.raw_file_id)
            session.execute(delete(m).where(m.c.id == row.id))
            done.append(receive(ctx, raw, mailbox, sent=row.direction == "out"))
    return done
