"""What is done with an opportunity beyond editing its fields, and the forecast."""

from __future__ import annotations

from patron import Context, Flash, Invalid, Page, Redirect, Route, editing, get, post

from patron_sales.controllers import forms
from patron_sales.services import opportunities, overview

READ, EDIT = "sales.opportunities.read", "sales.opportunities.edit"


def _at(opportunity_id: int) -> str:
    return f"/sales/opportunities/{opportunity_id}"


@post("/sales/opportunities/{opportunity_id:int}/won", permission=EDIT)
def won(ctx: Context, opportunity_id: int) -> Redirect:
    """Mark as won."""
    record = opportunities.win(ctx, opportunity_id)
    return Redirect(_at(opportunity_id), Flash(f"Won: {record.name}. Well done."))


@post("/sales/opportunities/{opportunity_id:int}/stage", permission=EDIT)
def stage(ctx: Context, opportunity_id: int) -> Redirect:
    """To another stage (form: stage)."""
    resource = ctx.assembly.resource(opportunities.KEY)
    to = ctx.web.value("stage")
    editing.change(ctx, resource, opportunity_id, {"stage": to})
    label = next(choice.label for choice in resource.field("stage").choices if choice.value == to)
    return Redirect(_at(opportunity_id), Flash(f"In {label.lower()}."))


@post("/sales/opportunities/{opportunity_id:int}/reopen", permission=EDIT)
def reopen(ctx: Context, opportunity_id: int) -> Redirect:
    """Back into negotiation."""
    resource = ctx.assembly.resource(opportunities.KEY)
    editing.change(ctx, resource, opportunity_id, {"stage": "negotiation"})
    return Redirect(_at(opportunity_id), Flash("Open again, in negotiation."))


@get("/sales/opportunities/{opportunity_id:int}/lost", permission=EDIT)
def ask_lost(ctx: Context, opportunity_id: int) -> Page:
    """Why was it lost?"""
    return _ask_lost(ctx, opportunity_id, None)


@post("/sales/opportunities/{opportunity_id:int}/lost", permission=EDIT)
def lost(ctx: Context, opportunity_id: int) -> Redirect | Page:
    """Mark as lost (form: reason)."""
    try:
        if not ctx.web.value("reason"):
            raise Invalid.field("reason", "Say why it was lost: the next one is better for it.")
        opportunities.lose(ctx, opportunity_id, ctx.web.value("reason"))
    except Invalid as error:
        ctx.session.rollback()
        return _ask_lost(ctx, opportunity_id, error)
    return Redirect(_at(opportunity_id), Flash("Marked as lost."))


def _ask_lost(ctx: Context, opportunity_id: int, error: Invalid | None) -> Page:
    record = editing.load(ctx, ctx.assembly.resource(opportunities.KEY), opportunity_id)
    return forms.ask_reason(
        ctx,
        error,
        heading=f"Lost: {record.name}",
        question="Why was it lost?",
        action=f"{_at(opportunity_id)}/lost",
        submit="Mark as lost",
        back=_at(opportunity_id),
        trail=("Opportunities", "/sales/opportunities", record.name),
        suggestions=("Price", "Competitor", "No budget", "Bad timing", "No answer", "Missing feature"),
    )


@get("/sales/forecast", permission=READ)
def forecast(ctx: Context) -> Page:
    """Open opportunities by month, with their value times likelihood."""
    return Page("sales/forecast.html", {"rows": overview.forecast(ctx)})


ROUTES: tuple[Route, ...] = (won, stage, reopen, ask_lost, lost, forecast)
