"""How far a mail has come, said on the timelines where it stands."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from patron.bulk import among
from patron.context import Context
from patron.interactions.models import MailLedger, TimelineEntry
from patron.records import table

# Of several recipients the state that most needs to be seen.
FIRST = ("bounced", "in_doubt", "deferred", "queued", "claimed", "suppressed", "recalled", "handed")


def show_delivery(ctx: Context, interaction_ids: Collection[int]) -> None:
    """Write the state of these mails into their lines of the timelines (``snapshot.delivery``)."""
    if not interaction_ids:
        return
    ledger, t = table(MailLedger), table(TimelineEntry)
    states: dict[int, set[str]] = {}
    for row in ctx.session.execute(
        select(ledger.c.interaction_id, ledger.c.state).where(among(ledger.c.interaction_id, interaction_ids))
    ):
        states.setdefault(row.interaction_id, set()).add(row.state)
    lines = ctx.session.execute(
        select(t.c.id, t.c.interaction_id, t.c.snapshot).where(
            among(t.c.interaction_id, states), t.c.kind == "core.email"
        )
    ).all()
    for line in lines:
        state = min(states[line.interaction_id], key=FIRST.index)
        if line.snapshot.get("delivery") != state:
            said = {**line.snapshot, "delivery": state}
            ctx.session.execute(update(t).where(t.c.id == line.id).values(snapshot=said))
