"""Public forms as marketers declare them: what is asked, in which words consent is given, and what a form shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patron import Context, FieldError, Invalid, NotFound, normalise, table
from sqlalchemy import func, select

from patron_marketing.models import Form, Submission

KEY = "marketing.forms"
KINDS: Mapping[str, str] = {
    "given_name": "Given name", "family_name": "Family name", "name": "Full name", "company": "Company",
    "phone": "Phone", "city": "City", "message": "Message", "text": "A line of text", "choice": "A choice",
    "yes": "A tick box",
}  # fmt: skip
_OWN_NAME = ("given_name", "family_name", "name", "company", "phone", "city", "message")
MOST_ASKED = 12
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")


@dataclass(frozen=True)
class Asked:
    """One question of a form. ``name`` is that of its input."""

    name: str
    kind: str
    label: str
    required: bool
    choices: tuple[str, ...] = ()


def asked(form: Form) -> list[Asked]:
    """What a form asks beside the e-mail address, in order."""
    return [
        Asked(
            item["kind"] if item["kind"] in _OWN_NAME else f"q{number}",
            item["kind"],
            item["label"],
            bool(item["required"]),
            tuple(item.get("choices", ())),
        )
        for number, item in enumerate(form.asks)
    ]


def checked_asks(entries: Any) -> list[dict[str, Any]]:
    """Declared questions, checked: each of kind, label, required and (of a choice) choices. Invalid."""
    if not isinstance(entries, Sequence) or isinstance(entries, str) or len(entries) > MOST_ASKED:
        raise Invalid.field("asks", f"A form asks at most {MOST_ASKED} questions.")
    kept = [_checked_ask(entry, number) for number, entry in enumerate(entries, 1)]
    own = [item["kind"] for item in kept if item["kind"] in _OWN_NAME]
    if len(own) != len(set(own)):
        raise Invalid.field("asks", "A form asks for a name, phone or message once.")
    return kept


def _checked_ask(entry: Any, number: int) -> dict[str, Any]:
    if not isinstance(entry, Mapping) or entry.get("kind") not in KINDS:
        raise Invalid.field("asks", f"Question {number}: its kind is one of: {', '.join(KINDS)}.")
    kind = str(entry["kind"])
    label = str(entry.get("label") or KINDS[kind]).strip()[:200]
    choices = [str(choice).strip()[:200] for choice in entry.get("choices") or () if str(choice).strip()]
    if kind == "choice" and len(choices) < 2:
        raise Invalid.field("asks", f"Question {number}: a choice needs at least two answers.")
    item: dict[str, Any] = {"kind": kind, "label": label, "required": bool(entry.get("required"))}
    return {**item, "choices": choices[:50]} if kind == "choice" else item


def by_slug(ctx: Context, slug: str) -> Form:
    """The form at a public address; NotFound for one that is off, or was never there."""
    t = table(Form)
    statement = select(Form).where(t.c.slug == slug, t.c.active.is_(True), t.c.trashed_at.is_(None))
    found: Form | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such form. It may have been closed.")
    return found


def read_answers(ctx: Context, form: Form, given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The address and the answers by question, checked; anything else that was sent is left out. Invalid."""
    errors, answers = [], {}
    try:
        email = normalise.email_address(given.get("email", "")).normalised
    except Invalid:
        email = ""
        errors.append(FieldError("email", "Please give an e-mail address that can be written to."))
    for item in asked(form):
        value = given.get(item.name, "").strip()
        if problem := _problem(ctx, item, value):
            errors.append(FieldError(item.name, problem))
        elif value:
            answers[item.name] = value
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return email, answers


def _problem(ctx: Context, item: Asked, value: str) -> str:
    if not value:
        return "Please fill this in." if item.required else ""
    if "\x00" in value or (item.kind != "message" and any(char in value for char in "\r\n")):
        return "Please write this in one line."
    if len(value) > (5000 if item.kind == "message" else 300):
        return "This is too long."
    if item.kind == "choice" and value not in item.choices:
        return "Please choose one of the answers."
    if item.kind == "phone":
        try:
            normalise.phone_number(value, ctx.assembly.settings.country)
        except Invalid as error:
            return error.errors[0].message if error.errors else error.detail
    return ""


def submissions(ctx: Context, form: Form, limit: int = 20) -> list[dict[str, Any]]:
    """The newest that came in, with whom they became. Only customers that the actor may read."""
    from patron import Customer, row_scope

    s, c = table(Submission), table(Customer)
    rows = ctx.session.execute(
        select(
            s.c.id,
            s.c.at,
            s.c.email,
            s.c.state,
            s.c.consent,
            s.c.wording_version,
            s.c.address,
            s.c.customer_id,
        )
        .add_columns(c.c.name, s.c.confirmed_at)
        .select_from(s.join(c, c.c.id == s.c.customer_id))
        .where(s.c.form_id == form.key, row_scope(ctx, ctx.assembly.resource("customers")))
        .order_by(s.c.at.desc(), s.c.id.desc())
        .limit(limit)
    ).mappings()
    return [{**row, "url": f"/customers/{row['customer_id']}"} for row in rows]


def counts(ctx: Context, form: Form) -> dict[str, int]:
    """How many came in by state."""
    t = table(Submission)
    rows = ctx.session.execute(
        select(t.c.state, func.count().label("n")).where(t.c.form_id == form.key).group_by(t.c.state)
    )
    return {row.state: row.n for row in rows}
