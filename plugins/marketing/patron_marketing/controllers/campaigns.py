"""Writing a campaign, looking at it as a real reader would, sending it, and seeing what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Context,
    Document,
    FieldError,
    Flash,
    Invalid,
    Page,
    Redirect,
    Route,
    editing,
    frame,
    get,
    mailflow,
    post,
    whole_number,
)

from patron_marketing.services import campaigns, previews, segments, wording

READ, CREATE, EDIT = (f"{campaigns.KEY}.{verb}" for verb in ("read", "create", "edit"))
AT = "/marketing/campaigns/{campaign_id:int}"
_FIELDS = ("name", "segment", "purpose", "subject", "body")
BODY_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'"


def _edit_page(
    ctx: Context, values: Mapping[str, Any], record_id: int | None = None, errors: Sequence[FieldError] = ()
) -> Page:
    resource = ctx.assembly.resource(campaigns.KEY)
    data = {
        **frame(ctx, resource), "values": values, "errors": errors, "record_id": record_id,
        "by_field": {error.field: [error.message] for error in errors}, "segments": segments.options(ctx),
        "purposes": [(name, name) for name in campaigns.purposes(ctx)], "merge_fields": wording.FIELDS,
        "mailboxes": mailflow.mailbox_options(ctx, "marketing"),
        "action": f"{resource.path}/{record_id}/edit" if record_id else f"{resource.path}/new",
        "cancel_url": f"{resource.path}/{record_id}" if record_id else resource.path,
    }  # fmt: skip
    return Page("marketing/campaign_edit.html", data, status=422 if errors else 200)


@get("/marketing/campaigns/new", permission=CREATE)
def show_new(ctx: Context) -> Page:
    """An empty campaign (query: segment)."""
    purposes = campaigns.purposes(ctx)
    values = {
        "segment": ctx.web.param("segment"),
        "purpose": purposes[0] if purposes else "",
        "track_clicks": True,
    }
    return _edit_page(ctx, {**dict.fromkeys(("name", "subject", "body", "mailbox"), ""), **values})


@post("/marketing/campaigns/new", permission=CREATE)
def create(ctx: Context) -> Page | Redirect:
    """Save a new draft (form: name, segment, purpose, subject, body, mailbox, track_clicks)."""
    return _save(ctx, None)


@get("/marketing/campaigns/{record_id:int}/edit", permission=EDIT)
def show_edit(ctx: Context, record_id: int) -> Page:
    """A draft, to be changed."""
    record = campaigns.load(ctx, record_id, "edit")
    values = {
        "name": record.name, "segment": record.segment_id or "", "purpose": record.purpose, "subject": record.subject,
        "body": record.body, "mailbox": record.mailbox_id or "", "track_clicks": record.track_clicks,
        "version": record.version,
    }  # fmt: skip
    return _edit_page(ctx, values, record_id)


@post("/marketing/campaigns/{record_id:int}/edit", permission=EDIT)
def change(ctx: Context, record_id: int) -> Page | Redirect:
    """Save a changed draft."""
    return _save(ctx, record_id)


def _save(ctx: Context, record_id: int | None) -> Page | Redirect:
    web, resource = ctx.web, ctx.assembly.resource(campaigns.KEY)
    typed: dict[str, Any] = {name: web.value(name) for name in (*_FIELDS, "mailbox", "version")}
    typed["body"] = (web.values("body") or [""])[0].replace("\r\n", "\n")
    typed["track_clicks"] = web.value("track_clicks") == "true"
    values = {name: typed[name] for name in (*_FIELDS, "track_clicks")}
    try:
        if record_id is None:
            record = editing.create(ctx, resource, values)
        else:
            version = whole_number(typed["version"])
            record = editing.change(ctx, resource, record_id, values, version=version)
        known = {str(mailbox_id) for mailbox_id, _ in mailflow.mailbox_options(ctx, "marketing")}
        record.mailbox_id = int(typed["mailbox"]) if typed["mailbox"] in known else None
    except Invalid as error:
        ctx.session.rollback()
        return _edit_page(ctx, typed, record_id, error.errors or (FieldError("", error.detail),))
    return Redirect(f"{resource.path}/{record.key}", Flash("Campaign saved."))


@get(f"{AT}/preview", permission=READ)
def preview(ctx: Context, campaign_id: int) -> Page:
    """The mail as a member of the segment would read it (query: after, the customer before)."""
    campaign = campaigns.load(ctx, campaign_id)
    after = ctx.web.param("after")
    shown = previews.for_member(ctx, campaign, whole_number(after) or 0)
    data = {
        **frame(ctx, ctx.assembly.resource(campaigns.KEY)),
        "campaign": campaign,
        "shown": shown,
        "me": ctx.actor.email,
    }
    return Page("marketing/preview.html", data)


@get(AT + "/preview/{customer_id:int}", permission=READ)
def preview_body(ctx: Context, campaign_id: int, customer_id: int) -> Document:
    """The markup of the mail for one customer, under a policy that lets nothing in."""
    campaign = campaigns.load(ctx, campaign_id)
    return Document(previews.body_for(ctx, campaign, customer_id), BODY_CSP)


@post(f"{AT}/test", permission=EDIT)
def send_test(ctx: Context, campaign_id: int) -> Redirect:
    """The mail to oneself, filled for a member of the segment (form: customer)."""
    campaign = campaigns.load(ctx, campaign_id, "edit")
    customer = ctx.web.value("customer")
    previews.send_test(ctx, campaign, whole_number(customer) or 0)
    return Redirect(
        f"/marketing/campaigns/{campaign.key}", Flash(f"A test is on its way to {ctx.actor.email}.")
    )


@get(f"{AT}/send", permission=campaigns.SEND)
def show_send(ctx: Context, campaign_id: int) -> Page:
    """What is about to happen: to how many, and who is left out."""
    campaign = campaigns.load(ctx, campaign_id, "edit")
    data = {
        **frame(ctx, ctx.assembly.resource(campaigns.KEY)), "campaign": campaign,
        "missing": campaigns.missing(ctx, campaign), "plan": previews.plan(ctx, campaign),
    }  # fmt: skip
    return Page("marketing/send.html", data)


@post(f"{AT}/send", permission=campaigns.SEND)
def send(ctx: Context, campaign_id: int) -> Redirect:
    """Begin."""
    campaign = campaigns.start(ctx, campaign_id)
    return _back(campaign.key, "It begins: the worker finds the recipients and sends.")


@post(f"{AT}/pause", permission=campaigns.SEND)
def pause(ctx: Context, campaign_id: int) -> Redirect:
    """Stop for now."""
    return _back(campaigns.pause(ctx, campaign_id).key, "Paused.")


@post(f"{AT}/resume", permission=campaigns.SEND)
def resume(ctx: Context, campaign_id: int) -> Redirect:
    """Go on."""
    return _back(campaigns.resume(ctx, campaign_id).key, "It goes on.")


@get(f"{AT}/cancel", permission=campaigns.SEND)
def show_cancel(ctx: Context, campaign_id: int) -> Page:
    """Whether it is meant."""
    campaign = campaigns.load(ctx, campaign_id, "edit")
    outcome = campaigns.outcome(ctx, campaign)
    data = {**frame(ctx, ctx.assembly.resource(campaigns.KEY)), "campaign": campaign, "outcome": outcome}
    return Page("marketing/cancel.html", data)


@post(f"{AT}/cancel", permission=campaigns.SEND)
def cancel(ctx: Context, campaign_id: int) -> Redirect:
    """End it for good."""
    return _back(campaigns.cancel(ctx, campaign_id).key, "Cancelled: nobody else gets it.")


def _back(campaign_id: int, text: str) -> Redirect:
    return Redirect(f"/marketing/campaigns/{campaign_id}", Flash(text))


@get(f"{AT}/recipients", permission=READ)
def show_recipients(ctx: Context, campaign_id: int) -> Page:
    """Who stands behind a number of the campaign's page (query: state, reason, after)."""
    web, campaign = ctx.web, campaigns.load(ctx, campaign_id)
    state = web.param("state") if web.param("state") in campaigns.STATES else ""
    reason = web.param("reason") if "reason" in web.query else None
    after = web.param("after")
    start = whole_number(after) or 0
    rows = campaigns.recipients(ctx, campaign, state=state, reason=reason, after=start, limit=51)
    more = rows[49]["id"] if len(rows) > 50 else 0
    data = {
        **frame(ctx, ctx.assembly.resource(campaigns.KEY)), "campaign": campaign, "rows": rows[:50], "state": state,
        "states": campaigns.STATES, "more": more, "asked": f"state={state}&reason={reason or ''}", "begun": bool(start),
    }  # fmt: skip
    return Page("marketing/recipients.html", data)


@get("/marketing/results", permission=READ)
def show_results(ctx: Context) -> Page:
    """What marketing brought: campaigns with their rates, leads by source and campaign."""
    return Page("marketing/results.html", previews.results(ctx))


ROUTES: tuple[Route, ...] = (
    show_new, create, show_edit, change, preview, preview_body, send_test, show_send, send, pause, resume, show_cancel,
    cancel, show_recipients, show_results,
)  # fmt: skip
