"""What the core itself shows on the home page: the latest touches, and the customers that changed last."""

from __future__ import annotations

from collections.abc import Iterator

from patron.context import Context
from patron.contributions import Panel
from patron.interactions.channels import CHANNEL_ICONS
from patron.resources.query import Listing, read_page

ROWS = 8


def home_panels(ctx: Context) -> Iterator[Panel]:
    """Panels with something in them, of what the actor may read. Two statements."""
    if ctx.actor.may("interactions.read"):
        names = ("subject", "channel", "at")
        touches = read_page(
            ctx, ctx.assembly.resource("interactions"), Listing(limit=ROWS, fields=names)
        ).items
        if touches:
            data = {"touches": touches, "icons": CHANNEL_ICONS}
            yield Panel("touches", "Latest touches", "home/touches.html", data, "main", "message-square", 80)
    if ctx.actor.may("customers.read"):
        asked = Listing(limit=ROWS, sort="-updated_at", fields=("name", "kind", "updated_at"))
        customers = read_page(ctx, ctx.assembly.resource("customers"), asked).items
        if customers:
            data = {"customers": customers}
            yield Panel("customers", "Changed last", "home/customers.html", data, "side", "users", 80)
