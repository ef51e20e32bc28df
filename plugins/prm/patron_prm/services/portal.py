"""What a partner sees and does at ``/partner``: theirs alone, by the customer of the mandate in use. Default deny."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from patron import (
    Account,
    Context,
    Customer,
    FieldError,
    Invalid,
    Money,
    NotFound,
    Relationship,
    Scope,
    Upload,
    editing,
    files,
    normalise,
    table,
)
from sqlalchemy import ColumnElement, or_, select

from patron_prm import with_sales
from patron_prm.models import Lead, Offer, Partner, Registration
from patron_prm.services import registrations
from patron_prm.services.registrations import KEY

LISTED = 500
WRITTEN = (
    "end_name", "end_country", "end_city", "end_domain", "end_email", "end_phone", "interest", "expected_close", "note",
)  # fmt: skip
ENVELOPE = frozenset({"_csrf_token", "token", "value", "value_currency", "files", *WRITTEN})
SORTS = ("-submitted_at", "submitted_at", "end_name", "-value", "decide_by")
SHOWN = (
    "id", "number", "end_name", "end_country", "end_city", "end_domain", "end_email", "end_phone", "interest", "note",
    "value_minor", "currency", "expected_close", "status", "submitted_at", "submitted_by", "decide_by", "decided_at",
    "reason", "protection", "protected_until", "opportunity_id",
)  # fmt: skip
_EXPORTED = (
    "number",
    "end_name",
    "end_country",
    "end_city",
    "interest",
    "status",
    "decide_by",
    "protected_until",
)
_NEEDED = (f"{KEY}.create", f"{KEY}.edit", f"{KEY}.read", "prm.partners.read")


def me(ctx: Context) -> int:
    """The partner of the mandate in use, as a customer's id."""
    if ctx.actor.customer_id is None:
        raise NotFound()
    return ctx.actor.customer_id


def profile(ctx: Context) -> Any:
    """The partner's agreement: id, tier, territory, status; None while there is none."""
    p = table(Partner)
    statement = select(p.c.id, p.c.tier, p.c.territory, p.c.status)
    return ctx.session.execute(statement.where(p.c.customer_id == me(ctx), p.c.trashed_at.is_(None))).first()


def _mine(ctx: Context) -> ColumnElement[bool]:
    t = table(Registration)
    return (t.c.partner_customer_id == me(ctx)) & t.c.trashed_at.is_(None)


def list_mine(ctx: Context, words: str = "", sort: str = "") -> list[dict[str, Any]]:
    """The partner's registrations, by name and number where words are given, in one of ``SORTS``."""
    t = table(Registration)
    statement = select(*(t.c[name] for name in SHOWN)).where(_mine(ctx))
    if words:
        found = or_(
            t.c.end_key.contains(normalise.fold(words)[:100], autoescape=True), t.c.number == words.upper()
        )
        statement = statement.where(found)
    wanted = sort if sort in SORTS else SORTS[0]
    name = wanted.lstrip("-")
    column = t.c[{"end_name": "end_key", "value": "value_minor"}.get(name, name)]
    order = column.desc() if wanted.startswith("-") else column.asc()
    rows = ctx.session.execute(statement.order_by(order, t.c.id.desc()).limit(LISTED)).mappings()
    return [_with_value(row) for row in rows]


def load_mine(ctx: Context, registration_id: int) -> Registration:
    """One of the partner's registrations; NotFound for any other, whether it exists or not."""
    t = table(Registration)
    statement = select(Registration).where(t.c.id == registration_id, _mine(ctx))
    found: Registration | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such registration.")
    return found


def show_mine(ctx: Context, registration_id: int) -> dict[str, Any]:
    """What the partner may read of one of theirs: never what was found against it."""
    record = load_mine(ctx, registration_id)
    return _with_value({name: getattr(record, name) for name in SHOWN})


def submit(ctx: Context, form: Mapping[str, Sequence[str]], uploads: Sequence[Upload] = ()) -> Registration:
    """A registration from the partner's form. Sent twice, it is one. Invalid for what is no field of the form.

    Who else claims the same end customer is looked up later, by the worker: nothing here depends on it.
    """
    strange = sorted(set(form) - ENVELOPE)
    if strange:
        raise Invalid(
            "Nothing was sent.", errors=[FieldError(name, "Is no field of this form.") for name in strange]
        )
    partner = profile(ctx)
    if partner is None or partner.status != "active":
        raise Invalid("Your partner agreement is not in force: please write to us.")
    token = (form.get("token") or [""])[0][:100] or None
    if token and (known := _by_token(ctx, token)) is not None:
        return known
    values: dict[str, Any] = {name: (form.get(name) or [""])[0].strip() for name in WRITTEN}
    amount = (form.get("value") or [""])[0].strip()
    if amount:
        currency = (form.get("value_currency") or [""])[0] or ctx.assembly.settings.currency
        values["value"] = {"amount": amount, "currency": currency}
    working = _acting(ctx)
    working.cache["prm token"] = token
    record: Registration = editing.create(
        working, ctx.assembly.resource(KEY), {**values, "partner": partner.id}
    )
    for upload in uploads:
        files.attach(ctx, files.store(ctx, upload.name, upload.data), KEY, record.key)
    return record


def _by_token(ctx: Context, token: str) -> Registration | None:
    t = table(Registration)
    statement = select(Registration).where(t.c.token == token, _mine(ctx))
    found: Registration | None = ctx.session.execute(statement).scalar_one_or_none()
    return found


def withdraw(ctx: Context, registration_id: int) -> None:
    """Take one of the partner's registrations back. NotFound, Conflict."""
    registrations.withdraw(ctx, load_mine(ctx, registration_id))


def file_of_mine(ctx: Context, registration_id: int, file_id: int) -> tuple[str, str, bytes]:
    """Name, type and bytes of a file of the partner's own registration; NotFound for any other."""
    record = load_mine(ctx, registration_id)
    if not any(file["id"] == file_id for file in files.attachments(ctx, KEY, record.key)):
        raise NotFound("There is no such file.")
    return files.read_file(ctx, file_id)


def export_mine(ctx: Context) -> bytes:
    """The partner's registrations as CSV. A cell that a spreadsheet would run as a formula is quoted."""
    lines = StringIO()
    writer = csv.writer(lines)
    writer.writerow((*_EXPORTED, "value", "currency"))
    for row in list_mine(ctx):
        cells = [*(row[name] for name in _EXPORTED), _amount(row), row["currency"]]
        writer.writerow([_cell(cell) for cell in cells])
    return lines.getvalue().encode("utf-8-sig")


def _amount(row: Mapping[Any, Any]) -> str:
    """The value in whole units, as a spreadsheet adds it up."""
    return str(Money(row["value_minor"], row["currency"]).decimal())


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def offers_of_mine(ctx: Context) -> list[dict[str, Any]]:
    """The leads offered to the partner, open ones first. Whom it is about stands there once it was accepted."""
    o, t, c = table(Offer), table(Lead), table(Customer)
    columns = (
        o.c.id, o.c.status, o.c.offered_at, o.c.due_at, o.c.answered_at, o.c.reason, t.c.number, t.c.interest,
        t.c.country, t.c.value_minor, t.c.currency, t.c.text, c.c.name, c.c.city, c.c.primary_email, c.c.primary_phone,
    )  # fmt: skip
    statement = (
        select(*columns)
        .select_from(o.join(t, t.c.id == o.c.lead_id).join(c, c.c.id == t.c.customer_id))
        .where(o.c.partner_customer_id == me(ctx))
        .order_by((o.c.status != "open"), o.c.offered_at.desc(), o.c.id.desc())
        .limit(LISTED)
    )
    return [_shown_offer(ctx, row) for row in ctx.session.execute(statement).mappings()]


def _shown_offer(ctx: Context, row: Mapping[Any, Any]) -> dict[str, Any]:
    shown = _with_value(row)
    if shown["status"] == "open" and shown["due_at"] <= ctx.now:
        shown["status"] = "recalled"
    if shown["status"] != "accepted":
        for name in ("name", "primary_email", "primary_phone", "text"):
            shown[name] = ""
    return shown


def customers_of_mine(ctx: Context) -> list[dict[str, Any]]:
    """The end customers that the partner serves, and how their deals stand: three statements at most."""
    r, c, t = table(Relationship), table(Customer), table(Registration)
    today = ctx.now.date()
    served = (
        select(c.c.id, c.c.name, c.c.city, r.c.since, r.c.until, t.c.number, t.c.status, t.c.opportunity_id)
        .select_from(
            r.join(c, c.c.id == r.c.to_id).outerjoin(
                t, (t.c.number == r.c.role) & (t.c.partner_customer_id == r.c.from_id)
            )
        )
        .where(
            r.c.from_id == me(ctx), r.c.kind == "partner_for", or_(r.c.until.is_(None), r.c.until >= today),
            c.c.trashed_at.is_(None), or_(t.c.id.is_(None), t.c.status == "approved"),
        )
        .order_by(c.c.name_key, c.c.id)
        .limit(LISTED)
    )  # fmt: skip
    rows = [dict(row) for row in ctx.session.execute(served).mappings()]
    stages = with_sales.stages_of(ctx, {row["opportunity_id"] for row in rows} - {None})
    return [{**row, "stage": stages.get(row["opportunity_id"], "")} for row in rows]


def _with_value(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {**row, "value": {"minor": row["value_minor"], "currency": row["currency"]}}


def _acting(ctx: Context) -> Context:
    """The same work with the rights that one's own registration takes; who acts stays the account."""
    a, actor = table(Account), ctx.actor
    name = ctx.session.execute(select(a.c.name).where(a.c.id == actor.id)).scalar() or actor.name
    grants = dict.fromkeys(_NEEDED, Scope.ALL)
    return ctx.acting_as(replace(actor, name=str(name), grants=grants))
