"""Erasure: a customer's personal data goes, in every module; the row stays, without a name, so that nothing breaks."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import delete, insert, null, select, update

from patron.accounts import audit
from patron.accounts.models import AuditValue
from patron.context import Context
from patron.customers import journal
from patron.customers.contacts import drop_points
from patron.customers.correspondence import forget_correspondence
from patron.customers.links import Link, links
from patron.customers.models import (
    Customer,
    CustomerName,
    ErasureJournal,
    ExternalId,
    Preference,
)
from patron.customers.naming import ERASED, words_of
from patron.customers.traces import forget_attachments, forget_traces
from patron.errors import Conflict
from patron.events import publish
from patron.interactions.models import TimelineEntry
from patron.records import table
from patron.resources import editing, search

ERASE = "customers.erase"


def erase(ctx: Context, customer_id: int) -> dict[str, str]:
    """Erase a customer and all who were merged into it. Returns the certificate: each module's answer.

    A module that is disabled or away is anonymised by its links at once, and asked for the rest when it returns.
    """
    ctx.actor.require(ERASE)
    customers = ctx.assembly.resource("customers")
    record = editing.load(ctx, customers, customer_id, "delete")
    if record.erased_at is not None:
        raise Conflict("This customer was erased already.")
    t = table(Customer)
    ids = [
        customer_id,
        *ctx.session.execute(select(t.c.id).where(t.c.merged_into_id == customer_id)).scalars(),
    ]
    words = words_of(ctx, ids)
    answers = {module: str(text) for module, text in _ask_modules(ctx, customer_id)}
    forget_correspondence(ctx, ids, words)
    forget_attachments(ctx, ids, {module for module, text in answers.items() if text.startswith("retained")})
    _blank_core(ctx, ids)
    for module in _blank_linked(ctx, ids):
        answers.setdefault(module, "anonymised")
    _blank_customer(ctx, ids)
    forget_traces(ctx, ids, words)
    for erased_id in ids:
        search.remove(ctx, customers, erased_id)
    j = table(ErasureJournal)
    values = {
        "customer_id": customer_id,
        "at": ctx.now,
        "by": ctx.actor.name,
        "answers": answers,
        "finished_at": ctx.now,
    }
    erasure_id = int(ctx.session.execute(insert(j).values(values).returning(j.c.id)).scalar_one())
    journal.follow(ctx, erasure_id=erasure_id)
    audit.record(ctx, "erase", "customers", customer_id)
    publish(ctx, "customers.erased", {"id": customer_id}, customer_id=customer_id)
    return answers


def _ask_modules(ctx: Context, customer_id: int) -> list[tuple[str, Any]]:
    return ctx.assembly.hooks.transact(ctx, "before_customer_erase", customer_id=customer_id)


def _blank_linked(ctx: Context, ids: list[int]) -> set[str]:
    """Blank the personal columns of every row that refers to the customers, whoever's table it is."""
    personal: dict[str, list[Link]] = defaultdict(list)
    for link in links(ctx, "personal"):
        personal[link.table_name].append(link)
    modules = set()
    for link in links(ctx, "customer"):
        columns = [p for p in personal.get(link.table_name, ()) if p.table_name != "core_customer"]
        if not columns:
            continue
        t = link.clause(*(p.column_name for p in columns))
        blank = {p.column_name: null() if p.erase_as == "null" else "" for p in columns}
        ctx.session.execute(update(t).where(t.c[link.column_name].in_(ids)).values(blank))
        modules.add(link.module)
    return modules


def _blank_core(ctx: Context, ids: list[int]) -> None:
    """What the core holds beside the row: contact points that nobody else holds, names, history texts, audit values."""
    drop_points(ctx, ids)
    for model in (CustomerName, ExternalId, Preference):
        ctx.session.execute(delete(table(model)).where(table(model).c.customer_id.in_(ids)))
    entry = table(TimelineEntry)
    blank = {"title": entry.c.kind, "body": "", "snapshot": {}}
    ctx.session.execute(update(entry).where(entry.c.customer_id.in_(ids)).values(blank))
    values = table(AuditValue)
    ctx.session.execute(update(values).where(values.c.customer_id.in_(ids)).values(was={}, became={}))


def _blank_customer(ctx: Context, ids: list[int]) -> None:
    texts = ("given_name", "family_name", "prefix", "suffix", "website", "note", "source", "primary_email",
             "primary_phone", "city", "city_key", "country", "language", "match_key")  # fmt: skip
    t = table(Customer)
    ctx.session.execute(
        update(t)
        .where(t.c.id.in_(ids))
        .values(
            {
                **dict.fromkeys(texts, ""),
                "name": ERASED,
                "name_key": "erased",
                "birth_date": None,
                "erased_at": ctx.now,
                "trashed_at": ctx.now,
                "version": t.c.version + 1,
            }
        )
    )
