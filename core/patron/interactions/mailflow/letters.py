"""Letters of the installation itself: invitations and new passwords.

They hold secrets, so they are no touch with anybody: they stand on no timeline and in no thread, their source is no
attachment, and it is thrown away once they have been handed over or the secret in them is worthless.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select, update

from patron import files
from patron.context import Context
from patron.interactions.mail.composing import compose, make_message_id
from patron.interactions.mail.parsed import Address
from patron.interactions.mailflow.mailboxes import sender_of
from patron.interactions.models import Mailbox, MailLedger
from patron.records import table
from patron.system.models import File

KEPT = timedelta(days=7)  # as long as the longest-lived link
SETTLED = ("handed", "bounced", "suppressed")


def letter_mailbox(ctx: Context) -> Mailbox | None:
    """The mailbox that an administrator chose to send letters from; None without one: links are then shown."""
    t = table(Mailbox)
    active = select(Mailbox).where(t.c.trashed_at.is_(None), t.c.active.is_(True)).order_by(t.c.id)
    return next((box for box in ctx.session.execute(active).scalars() if sends_letters(box)), None)


def sends_letters(mailbox: Mailbox) -> bool:
    """Whether it is chosen, and can send at all."""
    return bool(mailbox.settings.get("letters") and (mailbox.settings.get("smtp") or {}).get("host"))


def post_letter(ctx: Context, to: Address, subject: str, text: str) -> bool:
    """Queue a letter in the caller's transaction; False, and nothing queued, where no mailbox is chosen for it."""
    mailbox = letter_mailbox(ctx)
    if mailbox is None:
        return False
    message_id = make_message_id(f"letter:{uuid4().hex}", mailbox.address.rpartition("@")[2])
    sender = sender_of(ctx.assembly, mailbox)
    raw = compose(
        sender, (to,), message_id=message_id, subject=subject, text=text, date=ctx.now,
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    values = {
        "message_id": message_id, "recipient": to.email, "purpose": "contract", "attempts": 0, "due_at": ctx.now,
        "state": "queued", "raw_file_id": files.store(ctx, "letter.eml", raw), "answer": "",
        "mailbox_id": mailbox.key, "interaction_id": None, "envelope_from": mailbox.address,
    }  # fmt: skip
    ctx.session.execute(insert(table(MailLedger)).values(values))
    return True


def discard_letters(ctx: Context) -> int:
    """Throw the sources of old letters away, bytes first: who dies in between finds them again. Returns how many."""
    t, f = table(MailLedger), table(File)
    over = or_(t.c.state.in_(SETTLED), f.c.created_at <= ctx.now - KEPT)
    rows = ctx.session.execute(
        select(t.c.id, t.c.raw_file_id, f.c.sha256)
        .select_from(t.join(f, f.c.id == t.c.raw_file_id))
        .where(t.c.interaction_id.is_(None), over)
        .limit(200)
    ).all()
    if not rows:
        return 0
    for row in rows:
        files.store_of(ctx).path(row.sha256).unlink(missing_ok=True)
    ctx.session.execute(update(t).where(t.c.id.in_([row.id for row in rows])).values(raw_file_id=None))
    ctx.session.execute(delete(f).where(f.c.id.in_([row.raw_file_id for row in rows])))
    return len(rows)
