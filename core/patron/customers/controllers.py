"""What is done on the page of a customer beyond editing its fields."""

from __future__ import annotations

from urllib.parse import urlencode

from patron.context import Context
from patron.customers import consents, roles, team
from patron.customers.forms import customer_of, day_of
from patron.customers.merge_controllers import ROUTES as MERGE_ROUTES
from patron.errors import Invalid
from patron.interactions import history
from patron.interactions.channels import CHANNELS
from patron.resources import editing
from patron.resources.people import people_options
from patron.responses import Flash, Json, Page, Redirect
from patron.routing import Route, get, patch, post
from patron.web import whole_number

READ, EDIT = "customers.read", "customers.edit"


def _to(customer_id: int, text: str) -> Redirect:
    return Redirect(f"/customers/{customer_id}", Flash(text))


@get("/customers/{customer_id:int}/timeline", permission=READ)
def older_entries(ctx: Context, customer_id: int) -> Page:
    """The history, narrowed (``?medium=&intent=&module=&who=&since=&until=&q=``): a page, or older entries for htmx."""
    customer = customer_of(ctx, customer_id)
    wanted = history.wanted_of(ctx)
    entries, older = history.read(ctx, customer_id, wanted, cursor=ctx.web.param("cursor"))
    asked = {name: ctx.web.param(name) for name in history.NAMES}
    narrowing = {name: value for name, value in asked.items() if value}
    older_url = (
        f"/customers/{customer_id}/timeline?{urlencode({**narrowing, 'cursor': older})}" if older else ""
    )
    data = {
        "customer": customer,
        "timeline": entries,
        "older_url": older_url,
        "asked": asked,
        "narrowed": bool(wanted),
        "media": list(CHANNELS.items()),
        "intents": [(intent.name, intent.label) for intent in ctx.assembly.intents.values()],
        "modules": [("core", "Core"), *((plugin.name, plugin.title) for plugin in ctx.assembly.active)],
        "people": people_options(ctx, "user"),
    }
    return Page("customers/timeline.html", data, partial="customers/timeline_part.html")


@get("/api/v1/customers/{customer_id:int}/timeline", permission=READ)
def timeline_api(ctx: Context, customer_id: int) -> Json:
    """The history of a customer, newest first, narrowed by medium, intent, module, who, since, until, q."""
    customer_of(ctx, customer_id)
    entries, older = history.read(ctx, customer_id, history.wanted_of(ctx), cursor=ctx.web.param("cursor"))
    items = [
        {
            "id": str(e.id),
            "at": e.at,
            "kind": e.kind,
            "title": e.title,
            "body": e.body,
            "actor": e.actor,
            "module": e.module,
            "url": e.url or None,
            "snapshot": e.snapshot,
        }
        for e in entries
    ]
    return Json({"items": items, "next": older})


@post("/customers/{customer_id:int}/roles", permission=EDIT)
def change_role(ctx: Context, customer_id: int) -> Redirect:
    """Give or end a role (form: role, end)."""
    customer_of(ctx, customer_id, "edit")
    role = ctx.web.value("role").lower()
    if not role or len(role) > 50:
        raise Invalid.field("role", "Name the role, in at most 50 characters.")
    if ctx.web.value("end"):
        roles.end_role(ctx, customer_id, role)
        return _to(customer_id, "Role ended.")
    roles.give_role(ctx, customer_id, role)
    return _to(customer_id, "Role given.")


@post("/customers/{customer_id:int}/consents", permission=EDIT)
def consent(ctx: Context, customer_id: int) -> Redirect:
    """Record a consent or its withdrawal (form: purpose, channel, granted, source)."""
    customer_of(ctx, customer_id, "edit")
    web = ctx.web
    consents.record_consent(
        ctx,
        customer_id,
        web.value("purpose"),
        granted=web.value("granted") == "true",
        channel=web.value("channel", "email"),
        source=web.value("source", "told to staff")[:200],
    )
    return _to(customer_id, "Consent recorded.")


@post("/customers/{customer_id:int}/preferences", permission=EDIT)
def prefer(ctx: Context, customer_id: int) -> Redirect:
    """Set what the customer prefers (form: channel, language, hours, time_zone, salutation)."""
    customer_of(ctx, customer_id, "edit")
    team.set_preference(
        ctx, customer_id, {name: ctx.web.value(name) for name in team.PREFERENCES if name in ctx.web.form}
    )
    return _to(customer_id, "Preferences saved.")


@post("/customers/{customer_id:int}/team", permission=EDIT)
def assign(ctx: Context, customer_id: int) -> Redirect:
    """Put a user or a team on the account team (form: user or team, role, since, until)."""
    customer_of(ctx, customer_id, "edit")
    user, group = ctx.web.value("user"), ctx.web.value("team")
    team.assign(
        ctx,
        customer_id,
        user_id=whole_number(user),
        team_id=whole_number(group),
        role=ctx.web.value("role"),
        since=day_of(ctx, "since"),
        until=day_of(ctx, "until"),
    )
    return _to(customer_id, "Account team changed.")


@post("/customers/{customer_id:int}/team/{assignment_id:int}/end", permission=EDIT)
def unassign(ctx: Context, customer_id: int, assignment_id: int) -> Redirect:
    """Take someone off the account team as of today."""
    customer_of(ctx, customer_id, "edit")
    team.end_assignment(ctx, customer_id, assignment_id)
    return _to(customer_id, "Account team changed.")


_OWNER = {
    "type": "object",
    "required": ["owner"],
    "properties": {"owner": {"type": ["string", "null"], "pattern": "^[0-9]{1,19}$"}},
}


@patch("/api/v1/customers/{customer_id:int}/owner", permission=EDIT, takes=_OWNER)
def hand_over(ctx: Context, customer_id: int) -> Json:
    """Hand a customer to another owner"""
    record = editing.change(
        ctx, ctx.assembly.resource("customers"), customer_id, {"owner": ctx.web.json_object().get("owner")}
    )
    return Json({"id": str(record.key), "owner": str(record.owner_id), "version": record.version})


ROUTES: tuple[Route, ...] = (
    older_entries,
    timeline_api,
    change_role,
    consent,
    prefer,
    assign,
    unassign,
    hand_over,
    *MERGE_ROUTES,
)
