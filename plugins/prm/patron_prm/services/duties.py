"""What partner management owes others: merges it must follow, and what erasure cannot find by itself."""

from __future__ import annotations

from patron import Context, Event, normalise, table
from sqlalchemy import delete, select, update

from patron_prm.models import Evidence, Partner, Protection, Registration
from patron_prm.services.registrations import customer_name


def on_customer_changed(ctx: Context, event: Event) -> None:
    """A partner's profile is called as its customer is."""
    if event.customer_id is None or "name" not in event.payload.get("fields", ("name",)):
        return
    p = table(Partner)
    held = select(p.c.id).where(p.c.customer_id == event.customer_id)
    if ctx.session.execute(held).first() is not None:
        name = customer_name(ctx, event.customer_id)
        key = normalise.sort_key(name, ctx.assembly.settings.locale)
        ctx.session.execute(
            update(p).where(p.c.customer_id == event.customer_id).values(name=name, name_key=key)
        )


def erase(ctx: Context, customer_id: int) -> str:
    """Forget what was found about a customer, and what its protection compared."""
    e, p, t = table(Evidence), table(Protection), table(Registration)
    ctx.session.execute(delete(e).where(e.c.customer_id == customer_id))
    ctx.session.execute(delete(p).where(p.c.customer_id == customer_id))
    theirs = select(t.c.id).where((t.c.customer_id == customer_id) | (t.c.partner_customer_id == customer_id))
    ctx.session.execute(delete(e).where(e.c.resource == "prm.registrations", e.c.record_id.in_(theirs)))
    return "erased"
