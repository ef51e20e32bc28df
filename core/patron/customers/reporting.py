"""Everything that is held about a person: what the links lead to in every module's tables, and what modules add.

Modules that are disabled or away are reported by their links too; only what a link cannot say needs them here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import MetaData, RowMapping, Table, inspect, or_, select
from sqlmodel import SQLModel

from patron.accounts import acts, audit
from patron.accounts.audit import plain
from patron.accounts.models import Account, Mandate
from patron.context import Context
from patron.contributions import Field
from patron.customers.links import links
from patron.customers.models import ContactHolder, ContactPoint, Customer
from patron.interactions.models import Interaction, Participant
from patron.records import table
from patron.resources import editing, saying
from patron.system.models import File, FileLink

REPORT = "customers.report"
# Reported with what they point to, or of no meaning to a person.
_APART = ("core_participant", "core_contact_holder", "core_mandate", "core_sign_in", "core_merge_journal",
          "core_erasure_journal")  # fmt: skip
_WHEN = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?)?")
_TEXT, _MONEY, _MOMENT = Field("", ""), Field("", "", "money"), Field("", "", "instant")
_TECHNICAL = ("_key", "_hash", "token", "secret", "seal")


def report(ctx: Context, customer_id: int) -> dict[str, Any]:
    """All of it as plain JSON, of the customer and of all who were merged into it; noted in the audit.

    ``{"customer", "written_at", "contact_points", "access", "interactions", "files", "records": {module: {table:
    [row]}}, "modules": {module: what it adds}}``. The actor needs ``customers.report`` and may read the customer.
    """
    ctx.actor.require(REPORT)
    customer: Customer = editing.load_many(
        ctx, ctx.assembly.resource("customers"), [customer_id], "read", lock=False
    )[0]
    t = table(Customer)
    rows = ctx.session.execute(
        select(t).where(or_(t.c.id == customer_id, t.c.merged_into_id == customer_id)).order_by(t.c.id)
    ).mappings()
    persons = [_shown(row) for row in rows]
    ids = [person["id"] for person in persons]
    added = ctx.assembly.hooks.transact(ctx, "export_customer", customer_id=customer_id)
    audit.record(ctx, "report", "customers", customer_id, customer_id=customer_id)
    return {
        "customer": next(person for person in persons if person["id"] == customer_id),
        "merged": [person for person in persons if person["id"] != customer_id],
        "written_at": plain(ctx.now),
        "written_for": customer.name,
        "contact_points": _contact_points(ctx, ids),
        "access": _access(ctx, ids),
        "interactions": _interactions(ctx, ids),
        "files": _files(ctx, ids),
        "records": _records(ctx, ids),
        "modules": {module: _plain(answer) for module, answer in added if answer},
    }


def _shown(row: RowMapping) -> dict[str, Any]:
    """A row without what only serves sorting, matching or proof; without what is empty."""
    return {
        str(name): plain(value)
        for name, value in row.items()
        if value not in (None, "", {}, []) and not str(name).endswith(_TECHNICAL)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return plain(value)


def _records(ctx: Context, ids: Sequence[int]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The rows that refer to them, by module and table: a statement for each table."""
    columns: dict[tuple[str, str], list[str]] = defaultdict(list)
    for link in links(ctx, "customer"):
        if link.table_name not in (*_APART, "core_customer"):
            columns[link.module, link.table_name].append(link.column_name)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for (module, name), names in sorted(columns.items()):
        known = _table(ctx, module, name)
        if known is None:
            continue
        theirs = or_(*(known.c[column].in_(ids) for column in names))
        rows = ctx.session.execute(select(known).where(theirs).order_by(*known.primary_key)).mappings()
        if shown := [_shown(row) for row in rows]:
            found.setdefault(module, {})[name] = shown
    return found


def _table(ctx: Context, module: str, name: str) -> Table | None:
    """The table as its module declares it, or as the database has it while the module is away or refused."""
    fits = module == "core" or any(plugin.name == module for plugin in ctx.assembly.active)
    if fits and name in SQLModel.metadata.tables:
        return SQLModel.metadata.tables[name]
    connection = ctx.session.connection()
    if not inspect(connection).has_table(name):
        return None
    return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)


def _contact_points(ctx: Context, ids: Sequence[int]) -> list[dict[str, Any]]:
    h, p = table(ContactHolder), table(ContactPoint)
    statement = (
        select(
            p.c.kind,
            p.c.display,
            p.c.value,
            p.c.parts,
            p.c.deliverability,
            h.c.use,
            h.c.label,
            h.c.since,
            h.c.until,
            h.c.verified_at,
        )
        .select_from(h.join(p, p.c.id == h.c.contact_point_id))
        .where(h.c.customer_id.in_(ids))
        .order_by(h.c.id)
    )
    return [_shown(row) for row in ctx.session.execute(statement).mappings()]


def _access(ctx: Context, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Who acts for them in a portal."""
    m, a = table(Mandate), table(Account)
    statement = (
        select(
            a.c.face,
            a.c.email,
            a.c.name,
            a.c.active,
            m.c.rights,
            m.c.approve_limit_minor,
            m.c.currency,
            m.c.since,
            m.c.until,
        )
        .select_from(m.join(a, a.c.id == m.c.account_id))
        .where(m.c.customer_id.in_(ids))
        .order_by(m.c.id)
    )
    return [_shown(row) for row in ctx.session.execute(statement).mappings()]


def _interactions(ctx: Context, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Touches that they took part in, with their own part alone: who else did is not theirs to know."""
    p, i = table(Participant), table(Interaction)
    statement = (
        select(
            i.c.id,
            i.c.at,
            i.c.channel,
            i.c.direction,
            i.c.intent,
            i.c.subject,
            i.c.body,
            p.c.part,
            p.c.address,
        )
        .select_from(p.join(i, i.c.id == p.c.interaction_id))
        .where(p.c.customer_id.in_(ids), i.c.trashed_at.is_(None))
        .order_by(i.c.at, i.c.id)
    )
    return [_shown(row) for row in ctx.session.execute(statement).mappings()]


def _files(ctx: Context, ids: Sequence[int]) -> list[dict[str, Any]]:
    f, link = table(File), table(FileLink)
    statement = (
        select(f.c.name, f.c.content_type, f.c.size, f.c.created_at)
        .select_from(link.join(f, f.c.id == link.c.file_id))
        .where(link.c.resource == "customers", link.c.record_id.in_(ids))
        .order_by(f.c.id)
    )
    return [_shown(row) for row in ctx.session.execute(statement).mappings()]


def sections(ctx: Context, told: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The report in the order of the readable page, as (heading, rows)."""
    yield "Person", [told["customer"], *told["merged"]]
    for name in ("contact_points", "access", "interactions", "files"):
        yield name.replace("_", " ").capitalize(), told[name]
    headings = {resource.table: resource.label_plural for resource in ctx.assembly.resources.values()}
    for module, tables in told["records"].items():
        for name, rows in tables.items():
            plainly = name.removeprefix(f"{module}_").replace("_", " ").capitalize()
            yield headings.get(name, plainly), rows
    for module, answer in told["modules"].items():
        for name, value in answer.items():
            rows = value if isinstance(value, list) else [{name: value}]
            yield f"{name.replace('_', ' ').capitalize()} ({module})", rows


def in_words(ctx: Context, row: Mapping[str, Any]) -> dict[str, str]:
    """A row of the report as a person reads it: labels for names of columns, days, moments and money by the locale."""
    currency = row.get("currency")
    said: dict[str, str] = {}
    for name, value in row.items():
        kind, ending = _TEXT, "_id"
        if currency and name.endswith("_minor") and isinstance(value, int):
            kind, ending, value = _MONEY, "_minor", (value, currency)
        elif isinstance(value, str) and _WHEN.fullmatch(value):
            kind, ending = _MOMENT, "_at"
        short = name.removesuffix(ending)
        said[acts.in_words(name if short in row else short)] = saying.sayer(ctx, kind, ())(value)
    return said
