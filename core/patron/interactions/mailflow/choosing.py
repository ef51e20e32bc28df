"""Which mailbox a mail goes out from: of the module, or one that the writer may use."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from patron.context import Context
from patron.errors import Invalid
from patron.interactions.models import Mailbox
from patron.records import table


def mailbox_options(ctx: Context, module: str = "") -> list[tuple[int, str]]:
    """Active mailboxes that send, as (id, "Name <address>"), those of ``module`` first."""
    t = table(Mailbox)
    rows = ctx.session.execute(
        select(t.c.id, t.c.name, t.c.address, t.c.module, t.c.settings)
        .where(t.c.trashed_at.is_(None), t.c.active.is_(True))
        .order_by(t.c.id)
    ).all()
    sending = [row for row in rows if (row.settings.get("smtp") or {}).get("host")]
    sending.sort(key=lambda row: row.module != module)
    return [(row.id, f"{row.name} <{row.address}>") for row in sending]


def sending_mailbox(ctx: Context, module: str) -> int | None:
    """The mailbox a module sends from when none is named: its own, never another module's. None when it has none."""
    t = table(Mailbox)
    rows = ctx.session.execute(
        select(t.c.id, t.c.settings).where(
            t.c.trashed_at.is_(None), t.c.active.is_(True), t.c.module == module
        )
    )
    return next((int(row.id) for row in rows if (row.settings.get("smtp") or {}).get("host")), None)


def writing_mailboxes(ctx: Context) -> list[tuple[int, str]]:
    """The mailboxes that the actor may write from, as (id, "Name <address>"): their own, their teams', the firm's."""
    t = table(Mailbox)
    rows = ctx.session.execute(
        select(t.c.id, t.c.name, t.c.address, t.c.settings, t.c.owner_id, t.c.team_id)
        .where(t.c.trashed_at.is_(None), t.c.active.is_(True), _may_use(ctx))
        .order_by(t.c.id)
    ).all()
    sending = [row for row in rows if (row.settings.get("smtp") or {}).get("host")]
    sending.sort(key=lambda row: 0 if row.owner_id is not None else 1 if row.team_id is not None else 2)
    return [(row.id, f"{row.name} <{row.address}>") for row in sending]


def _may_use(ctx: Context) -> ColumnElement[bool]:
    t = table(Mailbox)
    teams = sorted(ctx.actor.team_ids)
    return or_(
        t.c.owner_id == (ctx.actor.user_id or 0),
        t.c.owner_id.is_(None) & (t.c.team_id.is_(None) | t.c.team_id.in_(teams)),
    )


def may_send_from(ctx: Context, chosen: str) -> int:
    """The id of the chosen mailbox. Invalid when there is none, or the actor may not write from it."""
    offered = {str(mailbox_id) for mailbox_id, _ in writing_mailboxes(ctx)}
    if chosen not in offered:
        raise Invalid.field(
            "mailbox",
            "Choose where it is sent from."
            if offered
            else "There is no mailbox to send from. An administrator can connect one.",
        )
    return int(chosen)
