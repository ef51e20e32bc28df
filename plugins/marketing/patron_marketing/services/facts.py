"""What marketing knows of each customer, as facts of the filter language: mails, clicks, forms, unsubscriptions."""

from __future__ import annotations

from typing import Any

from patron import Context, CustomerFields, Field, table
from sqlalchemy import Integer, case, cast, delete, func, insert, literal, null, select, union_all, update

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
    rebuild=lambda ctx: rebuild(ctx),
)


def note(
    ctx: Context,
    customer_id: int,
    *,
    mailed: bool = False,
    clicked: bool = False,
    form: bool = False,
    left: bool = False,
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
    if left:
        values["left_at"] = ctx.now
    done = ctx.session.execute(
        update(t).where(t.c.customer_id == customer_id).values(values).returning(t.c.id)
    )
    if done.first() is None:
        fresh = {"mails": int(mailed), "clicks": int(clicked)}
        dates = {name: value for name, value in values.items() if name not in fresh}
        ctx.session.execute(insert(t).values(customer_id=customer_id, **fresh, **dates))


def rebuild(ctx: Context) -> None:
    """Write every row anew from recipients, clicks and submissions."""
    t = table(Engagement)
    names = ["customer_id", "mails", "last_mail_at", "clicks", "last_click_at", "last_form_at", "left_at"]
    ctx.session.execute(delete(t))
    ctx.session.execute(insert(t).from_select(names, derived()))


def derived() -> Any:
    """The statement that defines the facts: what ``note`` keeps must equal it."""
    r, s = table(Recipient), table(Submission)
    of_time = table(Engagement).c.last_mail_at.type
    nothing = cast(null(), of_time)
    handed = (r.c.state == "handed") | (r.c.reason == "bounced")
    sent = select(
        r.c.customer_id, case((handed, 1), else_=0).label("mails"),
        case((handed, r.c.settled_at), else_=nothing).label("mailed"),
        cast(r.c.clicked_at.is_not(None), Integer).label("clicks"), r.c.clicked_at.label("clicked"),
        nothing.label("form"), r.c.left_at.label("gone"),
    )  # fmt: skip
    forms = select(
        s.c.customer_id, literal(0), nothing, literal(0), nothing, s.c.at, nothing,
    ).where(s.c.customer_id.is_not(None))  # fmt: skip
    both = union_all(sent, forms).subquery()
    return (
        select(
            both.c.customer_id, func.sum(both.c.mails), func.max(both.c.mailed), func.sum(both.c.clicks),
            func.max(both.c.clicked), func.max(both.c.form), func.max(both.c.gone),
        )
        .group_by(both.c.customer_id)
    )  # fmt: skip
