"""Fields that refer to a record: what is offered to choose from, and what was typed where no script has chosen.

A look-up is a text field. Scripts make it search as one types and send the record's id. Without them the form sends
what was typed, and in ``<name>-lookup`` where to look: here it becomes the id before the handler sees the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from patron.context import Context
from patron.contributions import Resource
from patron.customers import normalise
from patron.customers.contacts import holders_of
from patron.customers.models import Customer
from patron.errors import FieldError
from patron.resources.declaration import table_of
from patron.resources.scope import row_scope
from patron.resources.search import search_clause
from patron.responses import Page
from patron.ui import CSRF_FIELD
from patron.web import whole_number

WHERE, CHOSEN = "-lookup", "-chosen"
"""Endings of the fields beside a look-up: where to look, and which of those offered was chosen."""
OFFERED = 10
_MARKED = re.compile(r"^(?:.*\s)?#(?P<id>[0-9]{1,19})$", re.DOTALL)


@dataclass(frozen=True)
class Candidate:
    """A record that may be meant: its id as text, what it is called, and what tells it from its namesakes."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Doubt:
    """A look-up that could not be settled: where was looked, what was typed, and which records may be meant."""

    name: str
    where: str
    label: str
    typed: str
    message: str
    candidates: Sequence[Candidate]

    @property
    def error(self) -> FieldError:
        return FieldError(self.name, self.message)


def offered(ctx: Context, resource: Resource, words: str) -> list[Candidate]:
    """At most ten records that the actor may read and that match the words; the newest where there are none."""
    t = table_of(resource)
    if resource.field(resource.title).kind == "computed":
        return []  # nothing is stored to choose by
    if not words:
        return _candidates(ctx, resource, order=t.c.id.desc())
    return _candidates(ctx, resource, search_clause(ctx, resource, words))


def _candidates(
    ctx: Context, resource: Resource, *where: ColumnElement[bool], order: Any = None
) -> list[Candidate]:
    t = table_of(resource)
    title = t.c[resource.field(resource.title).attribute]
    hint = t.c.primary_email if resource.model is Customer else None
    statement = select(t.c.id, title, *([hint] if hint is not None else []))
    statement = statement.where(t.c.trashed_at.is_(None), row_scope(ctx, resource), *where).limit(OFFERED)
    rows = ctx.session.execute(statement if order is None else statement.order_by(order)).all()
    return [Candidate(str(row[0]), str(row[1]), row[2] if hint is not None else "") for row in rows]


def meant_by(ctx: Context, resource: Resource, text: str) -> ColumnElement[bool]:
    """The rows that a text names exactly: by a customer's e-mail address, by title, number or natural key."""
    t = table_of(resource)
    clauses: list[ColumnElement[bool]] = []
    if resource.model is Customer and "@" in text:
        try:
            address = normalise.email_address(text).normalised
        except ValueError:
            address = ""
        held = holders_of(ctx, "email", [address]) if address else {}
        clauses.append(t.c.id.in_([row.customer_id for rows in held.values() for row in rows][:50]))
    for name in dict.fromkeys((resource.title, resource.natural_key, *resource.search)):
        item = resource.field(name) if name else None
        if item is not None and item.kind in ("text", "email"):
            clauses.append(t.c[item.attribute] == text)
            if item.match_column:
                clauses.append(t.c[item.match_column] == normalise.fold(text))
    return or_(*clauses)


def settle(ctx: Context) -> dict[str, Doubt]:
    """Turn what was typed into look-ups of the request into ids; what could not be settled, by the field's name.

    Only what the actor may read is found. ``ctx.web`` then holds the ids, and nothing of the fields beside.
    """
    web = ctx.web
    doubts: dict[str, Doubt] = {}
    if any(name.endswith(WHERE) for given in (web.form, web.query) for name in given):
        form, query = _settle(ctx, web.form, doubts), _settle(ctx, web.query, doubts)
        ctx.incoming = replace(web, form=form, query=query)
        ctx.cache["doubts"] = doubts
    return doubts


def _settle(
    ctx: Context, given: Mapping[str, Sequence[str]], doubts: dict[str, Doubt]
) -> dict[str, Sequence[str]]:
    values = dict(given)
    for name in [name.removesuffix(WHERE) for name in given if name.endswith(WHERE)]:
        where = values.pop(name + WHERE)[0]
        chosen = next(iter(values.pop(name + CHOSEN, ())), "")
        typed = next(iter(values.get(name, ())), "").strip()
        found = chosen or (_settled(ctx, name, where, typed) if typed else "")
        if isinstance(found, Doubt):
            doubts[name] = found
        else:
            values[name] = [found]
    return values


def doubts_of(ctx: Context) -> Mapping[str, Doubt]:
    """The look-ups of this request that could not be settled."""
    found: Mapping[str, Doubt] = ctx.cache.get("doubts", {})
    return found


def ask_back(ctx: Context) -> Page:
    """The look-ups in doubt, each with what may be meant; all else that was sent goes along."""
    web, doubts = ctx.web, doubts_of(ctx)
    sent = web.query if web.method == "GET" else web.form
    data = {
        "doubts": list(doubts.values()),
        "errors": [doubt.error for doubt in doubts.values()],
        "sent": [
            (n, value) for n, texts in sent.items() if n not in doubts and n != CSRF_FIELD for value in texts
        ],
        "method": web.method.lower(),
        "action": web.path + (f"?{web.query_string}" if web.query_string and web.method != "GET" else ""),
        "files": [file.name for file in web.files if file.name],
    }
    return Page("resources/ask_back.html", data, status=422)


def _settled(ctx: Context, name: str, where: str, typed: str) -> str | Doubt:
    """The id of the one record that is meant, as text, or the doubt."""
    by_path = {resource.path: resource for resource in ctx.assembly.resources.values()}
    resource = by_path.get(where.removesuffix("/lookup"))
    if resource is None:
        return typed
    marked = _MARKED.match(typed)
    if marked:
        return marked["id"]
    exact: list[Candidate] = []
    if readable := bool(ctx.actor.scope(resource.permission("read"))):
        clause = meant_by(ctx, resource, typed)
        if (number := whole_number(typed)) is not None:
            clause = or_(clause, table_of(resource).c.id == number)
        exact = _candidates(ctx, resource, clause)
    if len(exact) == 1:
        return exact[0].value
    return _doubt(ctx, resource, name, where, typed, exact, readable=readable)


def _doubt(
    ctx: Context,
    resource: Resource,
    name: str,
    where: str,
    typed: str,
    exact: Sequence[Candidate],
    *,
    readable: bool,
) -> Doubt:
    near = exact or (offered(ctx, resource, typed) if readable and resource.search else [])
    one, many = resource.label.lower(), resource.label_plural.lower()
    if exact:
        message = f"There are several {many} called “{typed}”: choose one."
    elif near:
        message = f"No {one} is called exactly “{typed}”: choose one of these, or type something else."
    else:
        message = f"There is no {one} “{typed}”. Type a number, an e-mail address or a name."
    return Doubt(name, where, resource.label, typed, message, near)
