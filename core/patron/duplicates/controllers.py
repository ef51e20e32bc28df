"""The queue of probable duplicates: see why two look like one, merge them, or say that they are two."""

from __future__ import annotations

from patron.context import Context
from patron.customers.merging import MERGE
from patron.duplicates import deciding
from patron.duplicates.saying import reason
from patron.duplicates.typed import looks_like
from patron.errors import Invalid
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number

QUEUE = "/customers/duplicates"


@get(QUEUE, permission=MERGE)
def show_queue(ctx: Context) -> Page:
    """Pairs that wait, the likeliest first (``?state=dismissed``: those said to be two; ``?after=`` the next ones)."""
    state = "dismissed" if ctx.web.param("state") == "dismissed" else "open"
    pairs = deciding.queue(ctx, state=state, after=_place(ctx.web.param("after")))
    shown = pairs[: deciding.SHOWN]
    more = (
        f"{QUEUE}?state={state}&after={'-'.join(map(str, shown[-1].place))}"
        if len(pairs) > len(shown)
        else ""
    )
    data = {
        "pairs": shown,
        "merged": deciding.merged_lately(ctx) if state == "open" else (),
        "reason": reason,
        "state": state,
        "next_url": more,
        "first_url": _first_url(ctx, state),
    }
    return Page("duplicates/queue.html", data)


def _first_url(ctx: Context, state: str) -> str:
    return f"{QUEUE}?state={state}" if ctx.web.param("after") else ""


def _place(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    score, pair_id = (whole_number(part) for part in text.partition("-")[::2])
    if score is None or pair_id is None:
        raise Invalid.field("after", "Begin again at the first page.")
    return score, pair_id


@post("/duplicates/{pair_id:int}/dismiss", permission=MERGE)
def dismiss(ctx: Context, pair_id: int) -> Redirect:
    """Two customers after all (form: next, the page to come back to)."""
    deciding.decide(ctx, pair_id, "dismissed")
    flash = Flash("Kept as two, and not proposed again.", undo_url=f"/duplicates/{pair_id}/reopen")
    return Redirect(_back(ctx), flash)


@post("/duplicates/{pair_id:int}/reopen", permission=MERGE)
def reopen(ctx: Context, pair_id: int) -> Redirect:
    """Perhaps one after all."""
    deciding.decide(ctx, pair_id, "open")
    return Redirect(_back(ctx), Flash("Back among those to look at."))


@post("/customers/alike", permission="customers.create", transaction="read")
def show_alike(ctx: Context) -> Page:
    """Whom a customer looks like who is being typed in (form: the fields of a new customer)."""
    return Page("duplicates/alike.html", {"alike": looks_like(ctx)})


def _back(ctx: Context) -> str:
    """The customer's page that asked, else the queue."""
    customer = whole_number(ctx.web.value("customer"))
    return QUEUE if customer is None else f"/customers/{customer}"


ROUTES: tuple[Route, ...] = (show_queue, dismiss, reopen, show_alike)
