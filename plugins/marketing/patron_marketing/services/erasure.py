"""What marketing forgets of a person, and what it tells them it knows."""

from __future__ import annotations

from typing import Any

from patron import Context, table
from sqlalchemy import delete, select, update

from patron_marketing.models import Click, Recipient, Submission
from patron_marketing.services.campaigns import WAITING


def erase(ctx: Context, customer_id: int) -> str:
    """Addresses, answers and clicks go; that a mail was sent stays, as a number without a person.

    An address on the suppression list stays there: it was put there so that nobody writes to it again.
    """
    r, s, c = table(Recipient), table(Submission), table(Click)
    mine = r.c.customer_id == customer_id
    ctx.session.execute(
        update(r)
        .where(mine, r.c.state.in_(WAITING))
        .values(state="suppressed", reason="erased", settled_at=ctx.now)
    )
    ctx.session.execute(update(r).where(mine).values(address="", send_to=None, answer="", message_id=""))
    ctx.session.execute(delete(c).where(c.c.recipient_id.in_(select(r.c.id).where(mine))))
    blank = {"answers": {}, "email": "", "address": "", "agent": "", "page": "", "confirmed_from": ""}
    ctx.session.execute(update(s).where(s.c.customer_id == customer_id).values(**blank))
    return "anonymised"


def export(ctx: Context, customer_id: int) -> dict[str, Any]:
    """What was sent in by forms, with the proof of consent, and which campaign mails went out."""
    s, r = table(Submission), table(Recipient)
    sent_in = ctx.session.execute(select(s).where(s.c.customer_id == customer_id).order_by(s.c.id)).mappings()
    mails = ctx.session.execute(
        select(
            r.c.campaign_id, r.c.address, r.c.state, r.c.reason, r.c.settled_at, r.c.clicked_at, r.c.left_at
        )
        .where(r.c.customer_id == customer_id)
        .order_by(r.c.id)
    ).mappings()
    return {"forms": [dict(row) for row in sent_in], "campaign_mails": [dict(row) for row in mails]}
