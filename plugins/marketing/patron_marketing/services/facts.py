"""What marketing knows of each customer, as facts of the filter language: mails, clicks, forms, unsubscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from patron import Consent, Context, CustomerFields, Field, table
from sqlalchemy import (
    Integer,
    Select,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from patron_marketing.models import Engagement, Recipient, Submission

PERMISSION = "marketing.segments.read"
FIELDS = CustomerFields(
    model=Engagement,
    fields=(
        Field("mails", "Campaign mails received", "integer", default=0),
        Field("last_mail_at", "Last campaign mail", "instant"),
        Field("clicks", "Campaign mails clicked", "integer", default=0),
        Field("last_click_at", "Last click in a campaign", "instant"),
        Field("last_form_at", "Last form sent in", "instant"),
        Field("left_at", "Unsubscribed", "instant"),
    ),
    permission=PERMISSION,
    define=lambda ctx, customers: derived(customers),
    sources=("customers.consent",),
)


def note(
    ctx: Context,
    customer_id: int,
    *,
    mailed: bool = False,
    clicked: bool = False,
    form: bool = False,
) -> None:
    """Count what just happened, in the transaction in which it happened."""
    t = table(Engagement)
    values: dict[str, Any] = {}
    if mailed:
        values |= {"mails": t.c.mails + 1, "last_mail_at": ctx.now}
    if clicked:
        values |= {"clicks": t.c.clicks + 1, "last_click_at": ctx.now}
    if form:
        values["last_form_at"] = ctx.now
    done = ctx.session.execute(
        update(t).where(t.c.customer_id == customer_id).values(values).returning(t.c.id)
    )
    if done.first() is None:
        fresh = {"mails": int(mailed), "clicks": int(clicked)}
        dates = {name: value for name, value in values.items() if name not in fresh}
        ctx.session.execute(insert(t).values(customer_id=customer_id, **fresh, **dates))


def derived(customers: Sequence[int] | None = None) -> Select[Any]:
    """The statement that defines the facts, of these customers or of all: what ``note`` keeps must equal it.

    Who withdrew a consent to e-mail has unsubscribed, by whichever way they said so.
    """
    r, s, c = table(Recipient), table(Submission), table(Consent)
    nothing = cast(null(), table(Engagement).c.last_mail_at.type)
    handed = (r.c.state == "handed") | (r.c.reason == "bounced")
    sent = select(
        r.c.customer_id, case((handed, 1), else_=0).label("mails"),
        case((handed, r.c.settled_at), else_=nothing).label("mailed"),
        cast(r.c.clicked_at.is_not(None), Integer).label("clicks"), r.c.clicked_at.label("clicked"),
        nothing.label("form"), nothing.label("gone"),
    )  # fmt: skip
    forms = select(
        s.c.customer_id, literal(0), nothing, literal(0), nothing, s.c.at, nothing,
    ).where(s.c.customer_id.is_not(None))  # fmt: skip
    gone = select(
        c.c.customer_id, literal(0), nothing, literal(0), nothing, nothing, c.c.at,
    ).where(c.c.channel == "email", c.c.granted.is_(False))  # fmt: skip
    if customers is not None:
        sent = sent.where(r.c.customer_id.in_(customers))
        forms = forms.where(s.c.customer_id.in_(customers))
        gone = gone.where(c.c.customer_id.in_(customers))
    every = union_all(sent, forms, gone).subquery()
    return select(
        every.c.customer_id, func.sum(every.c.mails).label("mails"), func.max(every.c.mailed).label("last_mail_at"),
        func.sum(every.c.clicks).label("clicks"), func.max(every.c.clicked).label("last_click_at"),
        func.max(every.c.form).label("last_form_at"), func.max(every.c.gone).label("left_at"),
    ).group_by(every.c.customer_id)  # fmt: skip
