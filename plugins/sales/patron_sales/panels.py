"""What sales shows on pages of the core: a customer's open business, and one's own pipeline at home."""

from __future__ import annotations

from collections.abc import Sequence

from patron import Action, Context, Customer, Panel, together

from patron_sales.resources.opportunities import STAGE_CHOICES
from patron_sales.resources.quotes import STATUS_CHOICES
from patron_sales.services import opportunities, quotes

STAGES = {choice.value: choice for choice in STAGE_CHOICES}
STATUSES = {choice.value: choice for choice in STATUS_CHOICES}


def of_customer(ctx: Context, customer: Customer) -> Sequence[Panel]:
    """Open opportunities and newest quotes, for those who may read them: one statement."""
    panels = []
    may_follow, may_quote = ctx.actor.may("sales.opportunities.read"), ctx.actor.may("sales.quotes.read")
    found = together(
        ctx.session,
        opportunities=opportunities.of_customer(ctx, customer.key) if may_follow else None,
        quotes=quotes.of_customer(ctx, customer.key) if may_quote else None,
    )
    if may_follow:
        data = {
            "opportunities": [opportunities.shown(row) for row in found["opportunities"]],
            "stages": STAGES,
            "new_url": _new_url("opportunities", ctx, customer),
            "all_url": f"/sales/opportunities?customer={customer.key}",
        }
        panels.append(
            Panel(
                "opportunities",
                "Opportunities",
                "sales/opportunities_panel.html",
                data,
                icon="target",
                order=20,
            )
        )
    if found["quotes"]:
        data = {"quotes": quotes.shown(found["quotes"]), "new_url": ""}
        panels.append(Panel("quotes", "Quotes", "sales/quotes_panel.html", data, icon="file-text", order=21))
    return panels


def _new_url(name: str, ctx: Context, customer: Customer) -> str:
    return f"/sales/{name}/new?customer={customer.key}" if ctx.actor.may(f"sales.{name}.create") else ""


def customer_actions(customer: Customer) -> Sequence[Action]:
    """What sellers begin from a customer's page."""
    return (
        Action(
            "New opportunity",
            f"/sales/opportunities/new?customer={customer.id}",
            "sales.opportunities.create",
            icon="target",
        ),
        Action(
            "New quote", f"/sales/quotes/new?customer={customer.id}", "sales.quotes.create", icon="file-text"
        ),
    )


def home(ctx: Context) -> Sequence[Panel]:
    """The actor's own open opportunities by stage, and the next to close. Two statements."""
    if not ctx.actor.may("sales.opportunities.read") or ctx.actor.user_id is None:
        return ()
    by_stage, soonest = opportunities.mine(ctx)
    data = {
        "by_stage": by_stage,
        "soonest": soonest,
        "stages": STAGES,
        "mine": f"/sales/opportunities?owner={ctx.actor.user_id}&sort=close_date",
        "may_create": ctx.actor.may("sales.opportunities.create"),
    }
    return (Panel("pipeline", "My pipeline", "sales/pipeline_panel.html", data, icon="target", order=10),)
