"""What happens where sales is installed beside marketing: who sends in a form is an enquiry, given out by the rules."""

from __future__ import annotations

from patron import Context, editing

ENQUIRIES = "sales.enquiries"


def enquire(ctx: Context, customer_id: int, subject: str, text: str, source: str) -> int | None:
    """An enquiry of the customer, by the resource that sales declares. None where sales is not there."""
    if not ctx.assembly.has("sales") or ENQUIRIES not in ctx.assembly.resources:
        return None
    values = {"subject": subject[:300], "customer": customer_id, "text": text, "source": source[:200]}
    return int(editing.create(ctx, ctx.assembly.resource(ENQUIRIES), values).key)
