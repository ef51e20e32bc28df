"""Calls: what rings now and which record it opens, unknown callers, and the webhook of telephone systems."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from patron.accounts import audit
from patron.accounts.services import limits
from patron.calls import attaching, popping, receiving, signing
from patron.calls.models import PhoneLine
from patron.context import Context
from patron.customers import normalise
from patron.customers.forms import customer_of
from patron.errors import FieldError, Invalid, NotFound
from patron.interactions.mailflow.secrets import seal, unseal
from patron.permissions import Face, job_actor
from patron.records import utc_now
from patron.resources import editing
from patron.responses import Flash, Json, Page, Redirect
from patron.routing import ANYONE, Route, get, post
from patron.shell import ADMINISTRATION
from patron.web import whole_number

LOG, EDIT = "interactions.log", "interactions.edit"
HOME = "/admin/telephony"
RINGS = timedelta(minutes=2)
"""A call that rings longer was given up, whatever its system says."""
MINUTE, PER_LINE, PER_STRANGER = timedelta(minutes=1), 600, 60


@get("/calls", permission=LOG)
def show_calls(ctx: Context) -> Page:
    """What rings now (asked again every few seconds) and the newest calls."""
    data = {"ringing": popping.ringing(ctx, ctx.now - RINGS), "recent": popping.recent(ctx), "intents": _intents(ctx),
            "may_edit": ctx.actor.may(EDIT)}  # fmt: skip
    return Page("calls/calls.html", data)


@get("/calls/ringing", permission=LOG)
def show_ringing(ctx: Context) -> Page:
    """What rings now, as a part of the page."""
    data = {"ringing": popping.ringing(ctx, ctx.now - RINGS)}
    return Page("calls/ringing.html", data, partial="calls/ringing_part.html")


@get("/calls/unknown", permission=LOG)
def show_unknown(ctx: Context) -> Page:
    """Numbers that called and are nobody's yet (``?number=`` first)."""
    callers = popping.unknown(ctx)
    asked = ctx.web.param("number")
    callers.sort(key=lambda one: one["address"] != asked)
    return Page("calls/unknown.html", {"callers": callers})


@get("/calls/pop", permission=LOG)
def pop_number(ctx: Context) -> Redirect | Page:
    """Open what a number is about (``?number=``): for telephones that open an address when they ring."""
    try:
        number = normalise.phone_number(ctx.web.param("number"), ctx.assembly.settings.country)
    except Invalid:
        return Redirect("/calls/unknown")
    return _opened(ctx, popping.pop_for(ctx, number))


@get("/calls/{call_id:int}/pop", permission=LOG)
def pop_call(ctx: Context, call_id: int) -> Redirect | Page:
    """Open what a call is about: an open case, else the customer, else the unknown callers."""
    call = popping.call_of(ctx, call_id)
    if call is None:
        raise NotFound("There is no such call.")
    if call["resolved"] and call["customer_id"] is None:
        raise NotFound("There is no such customer.")
    return _opened(ctx, popping.pop_for(ctx, call["address"] or "", call["customer_id"]))


def _opened(ctx: Context, pop: popping.Pop) -> Redirect | Page:
    if pop.url == "/calls/unknown":
        return Redirect(f"{pop.url}?number={pop.number.replace('+', '%2B')}")
    return Redirect(pop.url) if pop.url else Page("calls/choose.html", {"pop": pop})


@post("/calls/unknown/{participant_id:int}", permission=LOG)
def attach_caller(ctx: Context, participant_id: int) -> Redirect:
    """Say whose number it is (form: customer, forget: do not keep the number with them)."""
    customer_id = whole_number(ctx.web.value("customer"))
    if customer_id is None:
        raise Invalid.field("customer", "Choose a customer.")
    customer = customer_of(ctx, customer_id)
    keep = not ctx.web.value("forget") and ctx.actor.may("customers.edit")
    _, count = attaching.attach_number(ctx, participant_id, customer.key, keep=keep)
    calls = "The call is" if count == 1 else f"{count} calls are"
    return Redirect("/calls/unknown", Flash(f"{calls} with {customer.name} now."))


@post("/interactions/{interaction_id:int}/intent", permission=EDIT)
def set_intent(ctx: Context, interaction_id: int) -> Redirect:
    """Say what they wanted (form: intent; next: calls, the list to go back to)."""
    intent = ctx.web.value("intent")
    if intent and intent not in ctx.assembly.intents:
        raise Invalid.field("intent", f"An intent is one of: {', '.join(ctx.assembly.intents)}.")
    editing.change(ctx, ctx.assembly.resource("interactions"), interaction_id, {"intent": intent})
    back = "/calls" if ctx.web.value("next") == "calls" else f"/interactions/{interaction_id}"
    return Redirect(back, Flash("Noted."))


def _intents(ctx: Context) -> list[tuple[str, str]]:
    return [(intent.name, intent.label) for intent in ctx.assembly.intents.values()]


# Lines


@get(HOME, permission=ADMINISTRATION)
def show_lines(ctx: Context) -> Page:
    """The telephone systems that tell of their calls."""
    return _lines(ctx)


def _lines(ctx: Context, secret: str = "", errors: Sequence[FieldError] = ()) -> Page:
    base = ctx.assembly.settings.base_url.rstrip("/")
    data = {"lines": receiving.lines(ctx), "secret": secret, "errors": errors, "base": base,
            "by_field": {error.field: [error.message] for error in errors},
            "name": ctx.web.value("name") if errors else "",
            "country": ctx.web.value("country") if errors else ctx.assembly.settings.country}  # fmt: skip
    return Page("calls/lines.html", data, status=422 if errors else 200)


@post(HOME, permission=ADMINISTRATION)
def add_line(ctx: Context) -> Page:
    """Let a telephone system tell of its calls (form: name, country). Its signing secret is shown this once."""
    secret = signing.make_secret()
    sealed = seal(ctx.assembly.settings.secret_key, {"signing": secret})
    try:
        country = normalise.country_code(ctx.web.value("country")) or ctx.assembly.settings.country
        line_id = receiving.add_line(ctx, ctx.web.value("name"), country, sealed)
    except Invalid as error:
        return _lines(ctx, errors=error.errors)
    audit.record(ctx, "create", "phone_lines", line_id, {"name": (None, ctx.web.value("name"))})
    return _lines(ctx, secret)


@post(HOME + "/{line_id:int}/switch", permission=ADMINISTRATION)
def switch_line(ctx: Context, line_id: int) -> Redirect:
    """Take a line out of use, or back into it."""
    line = ctx.session.get(PhoneLine, line_id)
    if line is None or line.trashed_at is not None:
        raise NotFound("There is no such line.")
    line.active = not line.active
    audit.record(ctx, "change", "phone_lines", line_id, {"active": (not line.active, line.active)})
    return Redirect(HOME, Flash("In use." if line.active else "Out of use."))


# The webhook

_TOLD = {
    "type": "object",
    "required": ["call", "event"],
    "properties": {
        "call": {
            "type": "string",
            "description": "The system's id of the call, the same from ringing to the end",
        },
        "event": {"enum": [*receiving.EVENTS]},
        "direction": {"enum": ["in", "out"]},
        "from": {"type": "string"},
        "to": {"type": "string"},
        "agent": {"type": "string", "description": "E-mail address of the user who answers"},
        "at": {"type": "string", "format": "date-time"},
        "seconds": {"type": "integer", "minimum": 0, "maximum": receiving.LONGEST_CALL},
    },
}


@post(
    "/hooks/telephony/{line_id:int}",
    face=Face.PUBLIC,
    permission=ANYONE,
    csrf=False,
    transaction="none",
    upload=20_000,
    takes=_TOLD,
)
def webhook(ctx: Context, line_id: int) -> Json:
    """What a telephone system tells of a call: 401 unless signed, 429 above 600 a minute.

    Told twice, the answer is the same. It says which address opens the record: ``pop``.
    """
    database = ctx.assembly.database
    try:
        with database.read() as session:
            line = receiving.line_of(_at_work(ctx, session), line_id)
            secret = unseal(ctx.assembly.settings.secret_key, line.secret).get("signing", "")
        signing.check(secret, ctx.web.headers, ctx.web.body, utc_now())
    except (signing.Unsigned, NotFound) as error:
        with database.write() as session:
            bucket = limits.address_bucket("telephony", ctx.address)
            limits.rate_limit(session, bucket, PER_STRANGER, MINUTE)
        return Json({"title": error.title, "detail": error.detail}, status=401)
    try:
        with database.write() as session:
            work = _at_work(ctx, session)
            limits.rate_limit(session, f"telephony:line:{line_id}", PER_LINE, MINUTE)
            told = receiving.read_told(work, line, ctx.web.json_object())
            received = receiving.receive(work, line, told)
            receiving.note_success(
                work, line_id, fresh=received.outcome == "noted" and told.event == "ringing"
            )
    except Invalid as error:
        with database.write() as session:
            receiving.note_error(_at_work(ctx, session), line_id, error.detail)
        raise
    pop = f"{ctx.assembly.settings.base_url.rstrip('/')}/calls/{received.call_id}/pop"
    return Json({"outcome": received.outcome, "call": str(received.call_id), "pop": pop})


def _at_work(ctx: Context, session: Any) -> Context:
    return Context(session, ctx.assembly, job_actor("core.telephony"), address=ctx.address)


ROUTES: tuple[Route, ...] = (
    show_calls,
    show_ringing,
    show_unknown,
    pop_number,
    pop_call,
    attach_caller,
    set_intent,
    show_lines,
    add_line,
    switch_line,
    webhook,
)
