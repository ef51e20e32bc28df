"""Loops that no header betrays: programs that answer each other are seen by how often, and about what, they write."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from patron.context import Context
from patron.interactions.mail.parsed import AutoReply, ParsedMail
from patron.interactions.mail.threading import base_subject
from patron.interactions.models import Interaction, Participant
from patron.records import table

WITHIN = timedelta(hours=1)
MANY = 8  # mails of one sender about one matter within the hour: no person writes so


def detected(ctx: Context, mail: ParsedMail) -> AutoReply:
    """What its headers show, else whether its sender has written so often that it is a loop. At most one statement."""
    if mail.auto_reply.automatic or len(mail.from_) != 1:
        return mail.auto_reply
    p, i = table(Participant), table(Interaction)
    statement = (
        select(i.c.subject)
        .select_from(p.join(i, i.c.id == p.c.interaction_id))
        .where(
            p.c.address == mail.from_[0].email[:320], p.c.part == "from", i.c.channel == "email",
            i.c.direction == "in", i.c.created_at > ctx.now - WITHIN,
        )
        .order_by(i.c.id.desc())
        .limit(MANY * 4)
    )  # fmt: skip
    matter = base_subject(mail.subject)
    same = sum(1 for subject in ctx.session.execute(statement).scalars() if base_subject(subject) == matter)
    if same + 1 < MANY:
        return mail.auto_reply
    return AutoReply(True, f"a loop: {same + 1} mails of this sender about this within an hour")
