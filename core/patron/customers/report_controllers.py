"""The report of everything that is held about a person: to read, and to hand over as JSON."""

from __future__ import annotations

import msgspec

from patron.context import Context
from patron.customers import reporting
from patron.customers.reporting import REPORT
from patron.responses import Download, Page
from patron.routing import Route, get

AT = "/customers/{customer_id:int}/report"
SHOWN = 20  # rows of one kind on the page; the file has them all


@get(AT, permission=REPORT, transaction="write", slow=True)
def show(ctx: Context, customer_id: int) -> Page:
    """The report as a page. That it was made is noted, so this writes."""
    told = reporting.report(ctx, customer_id)
    parts = [
        {"title": title, "count": len(rows), "rows": [reporting.in_words(ctx, row) for row in rows[:SHOWN]]}
        for title, rows in reporting.sections(ctx, told)
        if rows
    ]
    data = {
        "customer_id": customer_id,
        "name": told["written_for"],
        "parts": parts,
        "at": ctx.now,
        "shown": SHOWN,
    }
    return Page("customers/report.html", data)


@get(AT + "/download", permission=REPORT, transaction="write", slow=True)
def download(ctx: Context, customer_id: int) -> Download:
    """The report as JSON."""
    told = reporting.report(ctx, customer_id)
    content = msgspec.json.format(msgspec.json.encode(told), indent=2)
    return Download(content, f"customer-{customer_id}.json", "application/json")


ROUTES: tuple[Route, ...] = (show, download)
