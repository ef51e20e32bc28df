"""Reports that a mail was not delivered: tied to the mail that we sent, or not believed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from patron.context import Context
from patron.customers import normalise
from patron.customers.models import ContactPoint
from patron.errors import Invalid
from patron.events import publish
from patron.interactions import services as interactions
from patron.interactions import timeline
from patron.interactions.mail.parsed import ParsedMail
from patron.interactions.mail.threading import party
from patron.interactions.mail.transport import Outcome, RecipientResult
from patron.interactions.mail.verdicts import judge
from patron.interactions.mailflow.delivery import show_delivery
from patron.interactions.models import Interaction, Mailbox, MailLedger, Participant
from patron.interactions.services import Party
from patron.records import table

_DELIVERABILITY = {"mailbox_full": "full", "blocked": "blocked", "suspended": "blocked"}
SURE = 0.7  # below this a report is shown, but nothing is concluded about the address


def record_bounces(ctx: Context, mail: ParsedMail, mail_id: int, mailbox: Mailbox) -> Interaction | None:
    """The report as part of its thread; ledger and addresses are marked. None where it names no mail of ours.

    Only a report that returns a Message-ID we sent to that very recipient is believed: a forged one silences nobody.
    """
    sent = _sent(ctx, mail.returned_message_id) if mail.returned_message_id else {}
    hits = [(sent[party(b.recipient)], b) for b in mail.bounces if party(b.recipient) in sent]
    if not hits:
        return None
    thread_id = hits[0][0].thread_id
    sender = mail.from_[0].email if mail.from_ else "mailer-daemon"
    reasons = "; ".join(f"{bounce.recipient}: {bounce.reason.replace('_', ' ')}" for _, bounce in hits)
    interaction = interactions.log(
        ctx, "email", [Party("from", None, sender[:320], "", "a delivery report")], direction="in",
        subject=mail.subject[:500], body=mail.visible_text[:20_000], at=min(mail.date, ctx.now), thread_id=thread_id,
        mail_id=mail_id, joined_because=f"It reports what became of a mail of this thread: {reasons}.",
    )  # fmt: skip
    for row, bounce in hits:
        mark_bounced(
            ctx, row.id, bounce.recipient, bounce.reason, f"{bounce.status} {bounce.reason}".strip(),
            permanent=bounce.permanent, sure=bounce.confidence >= SURE,
        )  # fmt: skip
    return interaction


def _sent(ctx: Context, message_id: str) -> dict[str, Any]:
    ledger, i = table(MailLedger), table(Interaction)
    rows = ctx.session.execute(
        select(ledger.c.id, ledger.c.recipient, i.c.thread_id)
        .select_from(ledger.join(i, i.c.id == ledger.c.interaction_id))
        .where(ledger.c.message_id == message_id)
    )
    return {party(row.recipient): row for row in rows}


def mark_bounced(
    ctx: Context, ledger_id: int, recipient: str, reason: str, answer: str, *, permanent: bool, sure: bool
) -> None:
    """Record that a recipient did not get a mail: in the ledger, at the address, on the timelines of those meant."""
    t = table(MailLedger)
    row = ctx.session.execute(
        update(t)
        .where(t.c.id == ledger_id)
        .values(state="bounced", answer=answer[:500])
        .returning(t.c.interaction_id, t.c.recipient)
    ).one()
    deliverability = "dead" if permanent else _DELIVERABILITY.get(reason, "")
    if deliverability and sure:
        _mark_address(ctx, recipient, deliverability, answer)
    if row.interaction_id is not None:
        show_delivery(ctx, (row.interaction_id,))
    _tell(ctx, row.interaction_id, row.recipient, answer)
    publish(
        ctx,
        "mail.bounced",
        {
            "recipient": recipient,
            "interaction_id": row.interaction_id,
            "permanent": permanent,
            "reason": reason,
        },
    )


def note_refusal(ctx: Context, recipient: str, result: RecipientResult) -> str:
    """Conclude about an address from what the server said to a mail for it. Returns the reason in a word."""
    verdict = judge("", f"{result.code} {result.text}")
    if result.outcome is Outcome.REFUSED and verdict.confidence >= 0.6:
        deliverability = "dead" if verdict.permanent else _DELIVERABILITY.get(verdict.reason, "")
        if deliverability:
            _mark_address(ctx, recipient, deliverability, f"{result.code} {result.text}".strip())
    return verdict.reason


def _mark_address(ctx: Context, recipient: str, deliverability: str, answer: str) -> None:
    try:
        value = normalise.email_address(recipient).normalised
    except Invalid:
        return
    t = table(ContactPoint)
    ctx.session.execute(
        update(t)
        .where(t.c.kind == "email", t.c.value == value)
        .values(deliverability=deliverability, deliverability_reason=answer[:500], checked_at=ctx.now)
    )


def _tell(ctx: Context, interaction_id: int | None, recipient: str, answer: str) -> None:
    if interaction_id is None:
        return
    p, i = table(Participant), table(Interaction)
    rows = ctx.session.execute(
        select(p.c.customer_id, p.c.address, i.c.subject, i.c.thread_id)
        .select_from(p.join(i, i.c.id == p.c.interaction_id))
        .where(p.c.interaction_id == interaction_id, p.c.customer_id.is_not(None))
    ).all()
    for row in rows:
        if party(row.address) == party(recipient):
            timeline.add(
                ctx, row.customer_id, "core.mail.bounced", f"Not delivered to {recipient}: {row.subject}", body=answer,
                thread_id=row.thread_id, interaction_id=interaction_id,
            )  # fmt: skip
