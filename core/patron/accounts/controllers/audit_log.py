"""The audit: who did what, when and from where."""

from __future__ import annotations

from urllib.parse import urlencode

from patron.accounts.controllers.common import ADMIN
from patron.accounts.services.listing import list_audit
from patron.context import Context
from patron.resources import saying
from patron.responses import Page
from patron.routing import Route, get
from patron.web import whole_number

URL = "/admin/audit"


@get(URL, permission=ADMIN)
def index(ctx: Context) -> Page:
    """A page of it, the newest first, by resource, action and actor."""
    chosen = {name: ctx.web.param(name) for name in ("resource", "action", "actor")}
    before = ctx.web.param("before", "0")
    rows, more = list_audit(ctx, before=whole_number(before) or 0, **chosen)
    kept = {name: value for name, value in chosen.items() if value}
    return Page(
        "accounts/audit.html",
        {
            "rows": [saying.line(ctx, row) for row in rows],
            "chosen": chosen,
            "first_url": f"{URL}?{urlencode(kept)}" if before != "0" else "",
            "next_url": f"{URL}?{urlencode({**kept, 'before': more})}" if more else "",
        },
    )


ROUTES: tuple[Route, ...] = (index,)
