"""Invoices and credit notes as PDF, set by typst from the kept document alone: the same file on any day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

import typst
from patron import Context, Money, Session, company

from patron_orders.models import Invoice


def within(ctx: Context, session: Session) -> Context:
    """The same unit of work on a session of its own."""
    return replace(ctx, session=session)


def invoice_pdf(invoice: Invoice) -> bytes:
    """The bytes of the PDF. No network, no files beside the package's own template."""
    issued = datetime.combine(invoice.issued_on, datetime.min.time(), UTC)
    made: Any = typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"data": json.dumps(_data(invoice))},
        timestamp=int(issued.timestamp()),
        ignore_system_fonts=True,
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no single document")
    return made


@lru_cache
def _template() -> bytes:
    return (files("patron_orders") / "documents" / "invoice.typ").read_bytes()


def _data(invoice: Invoice) -> dict[str, Any]:
    """Everything as text, amounts written out: the template only sets it."""
    sign = -1 if invoice.kind == "credit_note" else 1
    document = invoice.document
    seller = document["seller"]

    def said(minor: int) -> str:
        return f"{Money(minor, invoice.currency).decimal():,} {invoice.currency}"

    return {
        "title": "Credit note" if invoice.kind == "credit_note" else "Invoice",
        "number": invoice.number,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat() if invoice.kind == "invoice" else "",
        "order": document["order"],
        "reference": document["reference"],
        "corrects": document.get("corrects", ""),
        "reason": document.get("reason", ""),
        "seller": {**seller, "foot": company.foot_lines(seller)},
        "buyer": document["buyer"],
        "lines": [
            {
                **line,
                "discount": "" if line["discount"] == "0" else f"{line['discount']} %",
                "unit_price": said(line["unit_price"]),
                "net": said(sign * line["net"]),
            }
            for line in document["lines"]
        ],
        "sum_label": "Your credit" if invoice.kind == "credit_note" else "To pay",
        "net": said(invoice.net_minor),
        "taxes": [[rate, said(sign * minor)] for rate, minor in document["taxes"]],
        "gross": said(invoice.gross_minor),
    }
