"""Logging a touch: with a customer, with several, with someone unknown, into a thread; and who it was, corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from patron.context import Context
from patron.customers.forms import customer_of
from patron.errors import FieldError, Invalid
from patron.interactions import services as interactions
from patron.interactions.channels import CHANNEL_ICONS, CHANNELS
from patron.interactions.models import Interaction
from patron.interactions.participants import attach_customer, likely_customers, named_party
from patron.interactions.services import Party
from patron.interactions.threads import people_in, thread_of, threads_with
from patron.resources import editing
from patron.resources.values import MAX_INTEGER, parse_instant
from patron.responses import Flash, Json, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number

LOG = "interactions.log"
PEOPLE = ("customer", *(f"customer_{number}" for number in range(2, 7)))
"""The fields of the form that take a customer each."""
PARTIES = 100
_BLANK = {"channel": "phone", "direction": "in", "visibility": "all", "caller_name": "", "caller_address": "",
          "subject": "", "body": "", "intent": "", "at": "", "minutes": ""}  # fmt: skip
_TAKEN = ("channel", "direction", "intent", "subject", "body", "at", "visibility", "minutes")


@get("/interactions/log", permission=LOG)
def show_log(ctx: Context) -> Page:
    """The form to log a touch with anybody (``?customer=``, ``?thread=``)."""
    return _form(ctx, {"customer": ctx.web.param("customer"), "thread": ctx.web.param("thread")})


@post("/interactions/log", permission=LOG)
def log_any(ctx: Context) -> Redirect | Page:
    """Log a touch (form: channel, direction, intent, subject, body, at, minutes, visibility, customer to customer_6,
    caller_name and caller_address of someone unknown, thread)."""
    web = ctx.web
    people = [web.value(name) for name in PEOPLE if web.value(name)]
    unknown = (web.value("caller_name")[:200], web.value("caller_address")[:320])
    given: dict[str, Any] = {name: web.value(name) for name in (*_TAKEN, "thread")}
    given["parties"] = [{"customer": text} for text in people]
    if any(unknown):
        given["parties"].append({"name": unknown[0], "address": unknown[1]})
    try:
        interaction = _log(ctx, given)
    except Invalid as error:
        ctx.session.rollback()
        typed = {**given, "customers": people, "caller_name": unknown[0], "caller_address": unknown[1]}
        return _form(ctx, typed, error.errors or (FieldError("", error.detail),))
    if len(people) == 1 and not any(unknown) and not given["thread"]:
        return Redirect(f"/customers/{people[0]}", Flash("Logged."))
    return Redirect(f"/interactions/{interaction.key}", Flash("Logged."))


_TEXT = {"type": "string"}
_ID = {"type": ["string", "integer"], "pattern": "^[0-9]{1,19}$", "minimum": 1, "maximum": MAX_INTEGER}
_PARTY = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["customer"]}, {"required": ["name"]}, {"required": ["address"]}],
    "properties": {
        "customer": _ID,
        "name": {"type": "string", "description": "Of someone unknown"},
        "address": {"type": "string", "description": "Number or address of someone unknown"},
        "part": {"enum": [*interactions.PARTS]},
    },
}
_TOUCH = {
    "type": "object",
    "required": ["parties"],
    "anyOf": [{"required": ["subject"]}, {"required": ["body"]}],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(_TAKEN, _TEXT),
        "channel": {"enum": [*CHANNELS]},
        "direction": {"enum": ["in", "out"]},
        "visibility": {"enum": ["all", "team", "private"]},
        "at": {"type": "string", "format": "date-time"},
        "minutes": {"type": "integer", "minimum": 0, "maximum": 9_999},
        "thread": {**_ID, "description": "The earlier thread that it belongs to"},
        "parties": {"type": "array", "minItems": 1, "maxItems": PARTIES, "items": _PARTY},
    },
}


@post("/api/v1/interactions/log", permission=LOG, takes=_TOUCH)
def log_api(ctx: Context) -> Json:
    """Log a touch with one or several, known or not; answers its id and its thread"""
    given = ctx.web.json_object()
    unknown = given.keys() - {*_TAKEN, "thread", "parties"}
    if unknown:
        raise Invalid.field(min(unknown), "is no field of a touch.")
    interaction = _log(ctx, given)
    return Json({"id": str(interaction.key), "thread": str(interaction.thread_id)})


@get("/customers/{customer_id:int}/log", permission=LOG)
def show_customer_log(ctx: Context, customer_id: int) -> Page:
    """The form to log a touch with a customer, as a page of its own."""
    return _form(ctx, {"customer": str(customer_id), "channel": ctx.web.param("channel", "phone")})


@post("/customers/{customer_id:int}/log", permission=LOG)
def log_touch(ctx: Context, customer_id: int) -> Redirect:
    """Log a call, a meeting, a letter (form: channel, direction, intent, subject, body, at, visibility)."""
    given = {name: ctx.web.value(name) for name in _TAKEN}
    _log(ctx, {**given, "parties": [{"customer": customer_id}]})
    return Redirect(f"/customers/{customer_id}", Flash("Logged."))


@post("/interactions/{interaction_id:int}/attach", permission=LOG)
def attach(ctx: Context, interaction_id: int) -> Redirect:
    """Say who a party is, or was after all (form: participant, customer, empty for nobody known, reason)."""
    interaction = editing.load(ctx, ctx.assembly.resource("interactions"), interaction_id)
    web = ctx.web
    participant, customer = (whole_number(web.value(name)) for name in ("participant", "customer"))
    reason = web.value("reason")
    if participant is None or (customer is None and (web.value("customer") or not reason)):
        raise Invalid.field("customer", "Choose a customer.")
    named_party(ctx, interaction.key, participant)
    customer_id = customer_of(ctx, customer).key if customer is not None else None
    attach_customer(ctx, interaction.key, participant, customer_id, reason)
    return Redirect(f"/interactions/{interaction_id}", Flash("Corrected." if reason else "Attached."))


def _log(ctx: Context, given: Mapping[str, Any]) -> Interaction:
    """Check what was given and write the touch. Invalid, NotFound."""
    channel, direction = str(given.get("channel") or "phone"), str(given.get("direction") or "in")
    parties = _parties(ctx, given.get("parties") or (), channel, direction)
    subject, body = str(given.get("subject") or ""), str(given.get("body") or "")
    if not subject and not body:
        raise Invalid.field("body", "Write what it was about.")
    try:
        at = parse_instant(given["at"]) if given.get("at") else ctx.now
    except ValueError as error:
        raise Invalid.field("at", f"When {error}") from error
    thread = whole_number(str(given.get("thread") or ""))
    if thread is None and given.get("thread"):
        raise Invalid.field("thread", "A thread is named by its number.")
    minutes = whole_number(str(given.get("minutes") or ""))
    return interactions.log(
        ctx,
        channel,
        parties,
        direction=direction,
        intent=str(given.get("intent") or ""),
        subject=subject[:500],
        body=body[:50_000],
        at=at,
        visibility=str(given.get("visibility") or "all"),
        duration_seconds=minutes * 60 if minutes is not None and minutes < 10_000 else None,
        thread_id=thread_of(ctx, thread).id if thread is not None else None,
        joined_because=f"Logged in this thread by {ctx.actor.name}." if thread else "",
    )


def _parties(ctx: Context, given: Any, channel: str, direction: str) -> Sequence[Party]:
    """Parties, each a customer whom the actor may see or someone unknown; the first one called or wrote."""
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > PARTIES:
        raise Invalid.field("parties", f"takes a list of at most {PARTIES}.")
    if not given:
        raise Invalid.field(
            "customer", "Say who it was with: a customer, or the name or number of someone unknown."
        )
    first = "caller" if channel == "phone" else "from" if direction == "in" else "to"
    found: dict[Any, Party] = {}
    for place, one in enumerate(given):
        if not isinstance(one, Mapping) or not one.keys() <= {"customer", "name", "address", "part"}:
            raise Invalid.field("parties", "Each takes customer, or name and address, and part.")
        part = str(one.get("part") or ("attendee" if channel == "meeting" or place else first))
        if part not in interactions.PARTS:
            raise Invalid.field("parties", f"A part is one of: {', '.join(interactions.PARTS)}.")
        customer, name, address = (str(one.get(key) or "").strip() for key in ("customer", "name", "address"))
        if customer:
            customer_id = whole_number(customer)
            if customer_id is None:
                raise Invalid.field("customer", "Choose a customer.")
            found.setdefault(customer_id, Party(part, customer_id, because="chosen"))
        elif name or address:
            found[place, name] = Party(part, None, address[:320], name[:200], "not known yet")
        else:
            raise Invalid.field("parties", "Name the customer, or someone unknown.")
    return _known(ctx, list(found.values()))


def _known(ctx: Context, parties: Sequence[Party]) -> list[Party]:
    """With the names and numbers of those who are customers. NotFound for one who is out of reach."""
    ids = [party.customer_id for party in parties if party.customer_id is not None]
    known = {
        customer.key: customer for customer in editing.load_many(ctx, ctx.assembly.resource("customers"), ids)
    }
    return [
        replace(party, address=known[party.customer_id].primary_phone, name=known[party.customer_id].name)
        if party.customer_id is not None
        else party
        for party in parties
    ]


def _form(ctx: Context, typed: Mapping[str, Any], errors: Sequence[FieldError] = ()) -> Page:
    thread_id = whole_number(str(typed.get("thread") or ""))
    thread = thread_of(ctx, thread_id) if thread_id is not None else None
    chosen = [whole_number(text or "") for text in typed.get("customers", [typed.get("customer")])]
    known = [
        customer_of(ctx, customer_id) for customer_id in chosen[: len(PEOPLE)] if customer_id is not None
    ]
    people = [(customer.key, customer.name) for customer in known]
    data = {
        "typed": {**_BLANK, **typed},
        "errors": errors,
        "people": people,
        "places": PEOPLE,
        "likely": [*(people_in(ctx, thread.id) if thread else ()), *likely_customers(ctx)],
        "thread": thread,
        "threads": threads_with(ctx, people[0][0]) if people and thread is None else (),
        "channels": [(name, label, CHANNEL_ICONS[name]) for name, label in CHANNELS.items()],
        "intents": [(intent.name, intent.label) for intent in ctx.assembly.intents.values()],
        "back": f"/customers/{people[0][0]}" if people else "/interactions",
    }
    return Page("interactions/log.html", data, status=422 if errors else 200)


ROUTES: tuple[Route, ...] = (show_log, log_any, log_api, show_customer_log, log_touch, attach)
