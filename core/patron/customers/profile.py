"""The profile of a customer: what is kept beside the row and seldom needed — names, who else is reached where,
relationships, portal access, files, merges."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from patron.accounts.models import Account, Mandate
from patron.accounts.services.refusals import refusals_of
from patron.context import Context
from patron.customers.models import Customer, MergeJournal
from patron.customers.names import names_of
from patron.customers.points import points_of
from patron.customers.provenance import lines_of, source_label
from patron.customers.relationships import related_to
from patron.customers.survivorship import RULES, rules_in_force
from patron.files import services as files
from patron.money import Money
from patron.records import table
from patron.resources import page_frame


def profile_data(ctx: Context, customer_id: int) -> dict[str, Any]:
    """All of it; a fixed number of statements."""
    return {
        "names": names_of(ctx, customer_id),
        "points": points_of(ctx, customer_id),
        "related": related_to(ctx, customer_id),
        "accounts": accounts_of(ctx, customer_id),
        "attachments": files.attachments(ctx, "customers", customer_id),
        "merges": merges_of(ctx, customer_id),
        "provenance": _provenance(ctx, customer_id),
    }


def _provenance(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """Of each field that says something: label, source in words, when, who, and the rule that it goes by."""
    resource = ctx.assembly.resource("customers")
    item = page_frame.item_of(ctx, resource, ctx.session.get_one(Customer, customer_id))
    rules = rules_in_force(ctx).fields
    return [
        {
            "label": resource.field(name).label,
            "source": source_label(found.source),
            "at": found.at,
            "actor": found.actor,
            "rule": RULES[rules.get(name, "")] if rules.get(name) else "",
        }
        for name, found in lines_of(ctx, customer_id, item)
    ]


def accounts_of(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """Sign-ins that may act for the customer, with their rights, dates and ``limit`` (Money or None)."""
    a, m = table(Account), table(Mandate)
    statement = (
        select(
            a.c.id,
            a.c.email,
            a.c.name,
            a.c.face,
            a.c.active,
            a.c.email_verified_at,
            m.c.rights,
            m.c.since,
            m.c.until,
            m.c.approve_limit_minor,
            m.c.currency,
        )
        .select_from(m.join(a, a.c.id == m.c.account_id))
        .where(m.c.customer_id == customer_id)
        .order_by(a.c.id)
    )
    found = [dict(row) for row in ctx.session.execute(statement).mappings()]
    refused = refusals_of(ctx, "accounts", [row["id"] for row in found])
    return [{**row, "limit": _limit(row), "refusals": refused.get(row["id"])} for row in found]


def _limit(row: dict[str, Any]) -> Money | None:
    minor = row["approve_limit_minor"]
    return Money(minor, row["currency"]) if minor is not None else None


def merges_of(ctx: Context, customer_id: int) -> list[dict[str, Any]]:
    """Merges into the customer that were not split again."""
    t, c = table(MergeJournal), table(Customer)
    statement = (
        select(t.c.id, t.c.at, t.c.by, c.c.name, t.c.merged_id)
        .select_from(t.join(c, c.c.id == t.c.merged_id))
        .where(t.c.survivor_id == customer_id, t.c.split_at.is_(None))
        .order_by(t.c.id.desc())
    )
    return [dict(row) for row in ctx.session.execute(statement).mappings()]
