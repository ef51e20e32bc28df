"""The editor of rules, trying and switching them; ticking tasks and notices off."""

from __future__ import annotations

from typing import Any

from patron import (
    SIGNED_IN,
    Conflict,
    Context,
    FieldError,
    Flash,
    Invalid,
    Page,
    Redirect,
    Route,
    editing,
    frame,
    get,
    post,
    read_one,
    whole_number,
)

from patron_workflow.automation import conditions, drafts, triggers
from patron_workflow.automation.drafts import Draft
from patron_workflow.automation.running import KEY, attempt
from patron_workflow.tasks import TASKS, see_notices


@get("/workflow/automations/new", permission=f"{KEY}.create")
def new(ctx: Context) -> Page:
    """First what it begins with (``?trigger=``), then the rest."""
    return _editor(ctx, Draft(trigger=ctx.web.param("trigger")), None)


@post("/workflow/automations/new", permission=f"{KEY}.create")
def create(ctx: Context) -> Page | Redirect:
    """Save a new rule, or change the form by the button that was pressed."""
    return _sent(ctx, None)


@get("/workflow/automations/{record_id:int}/edit", permission=f"{KEY}.edit")
def edit(ctx: Context, record_id: int) -> Page:
    """The editor of a rule."""
    item = read_one(ctx, ctx.assembly.resource(KEY), record_id, verb="edit")
    draft = Draft(item["name"], item["trigger"], item["enabled"], item["conditions"], item["actions"])
    return _editor(ctx, draft, record_id, version=item["version"])


@post("/workflow/automations/{record_id:int}/edit", permission=f"{KEY}.edit")
def change(ctx: Context, record_id: int) -> Page | Redirect:
    """Save a rule, or change the form by the button that was pressed."""
    return _sent(ctx, record_id)


def _sent(ctx: Context, record_id: int | None) -> Page | Redirect:
    resource = ctx.assembly.resource(KEY)
    if record_id is not None:
        editing.load(ctx, resource, record_id, "edit")
    draft = drafts.from_form(ctx, triggers.find(ctx, ctx.web.value("trigger")))
    button, version = ctx.web.value("do", "save"), ctx.web.value("version")
    if button != "save":
        drafts.press(ctx, draft, button)
        return _editor(ctx, draft, record_id, version=version)
    try:
        if record_id is None:
            rule = editing.create(ctx, resource, draft.values())
        else:
            known = whole_number(version)
            rule = editing.change(ctx, resource, record_id, draft.values(), version=known)
    except Invalid as error:
        ctx.session.rollback()
        errors = tuple(error.errors) or (FieldError("", error.detail),)
        return _editor(ctx, draft, record_id, errors, version=version)
    except Conflict as clash:
        ctx.session.rollback()
        newest = editing.load(ctx, resource, record_id or 0, "edit").version
        errors = (FieldError("", f"{clash.detail} Saving again replaces that with what stands here."),)
        return _editor(ctx, draft, record_id, errors, version=str(newest), status=409)
    return Redirect(f"{resource.path}/{rule.key}", Flash("Saved."))


def _editor(
    ctx: Context,
    draft: Draft,
    record_id: int | None,
    errors: tuple[FieldError, ...] = (),
    *,
    version: Any = "",
    status: int = 0,
) -> Page:
    resource = ctx.assembly.resource(KEY)
    trigger = triggers.find(ctx, draft.trigger)
    path = resource.path
    data: dict[str, Any] = {
        **frame(ctx, resource), "record_id": record_id, "version": version, "errors": errors, "draft": draft,
        "action": f"{path}/new" if record_id is None else f"{path}/{record_id}/edit",
        "cancel_url": path if record_id is None else f"{path}/{record_id}",
    }  # fmt: skip
    if trigger is None or not ctx.actor.may(trigger.resource.permission("read")):
        data |= {"triggers": triggers.options(ctx), "asked": draft.trigger}
        return Page("workflow/automation_trigger.html", data, status=status or (422 if errors else 200))
    data |= drafts.shown(ctx, draft, trigger, errors)
    return Page("workflow/automation_form.html", data, status=status or (422 if errors else 200))


@post("/workflow/automations/{record_id:int}/switch", permission=f"{KEY}.edit")
def switch(ctx: Context, record_id: int) -> Redirect:
    """Switch a rule on or off. Whoever switches it on becomes its author."""
    resource = ctx.assembly.resource(KEY)
    rule = editing.load(ctx, resource, record_id, "edit")
    on = not rule.enabled or bool(rule.broken_because)
    if rule.broken_because:
        editing.change(ctx, resource, record_id, {"enabled": False})
    try:
        editing.change(ctx, resource, record_id, {"enabled": on})
    except Invalid as error:
        ctx.session.rollback()
        return Redirect(f"{resource.path}/{record_id}", Flash(error.detail, kind="danger"))
    return Redirect(f"{resource.path}/{record_id}", Flash("Switched on." if on else "Switched off."))


@post("/workflow/automations/{record_id:int}/try", permission=f"{KEY}.edit")
def try_out(ctx: Context, record_id: int) -> Page | Redirect:
    """What the rule would do with a record (form: ``record``), and why not; all of it is taken back."""
    resource = ctx.assembly.resource(KEY)
    rule = editing.load(ctx, resource, record_id, "edit")
    trigger = triggers.find(ctx, rule.trigger_key)
    chosen = whole_number(ctx.web.value("record"))
    if trigger is None or chosen is None:
        return Redirect(
            f"{resource.path}/{record_id}", Flash("Choose a record to try it on.", kind="warning")
        )
    target = read_one(ctx, trigger.resource, int(chosen))
    outcome = attempt(ctx, rule, trigger, int(chosen), trial=True)
    held = outcome.held or (None,) * len(rule.conditions)
    said = [
        f"{'or ' if row.get('or') else ''}{conditions.say(ctx, trigger.resource, row)}"
        for row in rule.conditions
    ]
    data = {
        **frame(ctx, resource), "rule_name": rule.name, "sentence": rule.sentence, "outcome": outcome,
        "checks": list(zip(said, held, strict=True)), "record_id": record_id,
        "record": target.get(trigger.resource.title) or f"{trigger.resource.label} {chosen}",
        "record_url": f"{trigger.resource.path}/{chosen}",
    }  # fmt: skip
    ctx.session.rollback()
    return Page("workflow/automation_try.html", data)


@post("/workflow/tasks/{record_id:int}/done", permission=f"{TASKS}.edit")
def tick(ctx: Context, record_id: int) -> Redirect:
    """A task is done, or not after all (form: ``back``)."""
    resource = ctx.assembly.resource(TASKS)
    task = editing.load(ctx, resource, record_id, "edit")
    editing.change(ctx, resource, record_id, {"done": not task.done})
    undo = f"{resource.path}/{record_id}/done"
    where = "/" if ctx.web.value("back") == "/" else f"{resource.path}/{record_id}"
    return Redirect(where, Flash("Done." if task.done else "Open again.", undo_url=undo))


@post("/workflow/notices/seen", permission=SIGNED_IN)
def seen(ctx: Context) -> Redirect:
    """The acting user has seen the notices up to one (form: ``until``, its id)."""
    until = whole_number(ctx.web.value("until"))
    if until is not None:
        see_notices(ctx, until)
    return Redirect("/")


ROUTES: tuple[Route, ...] = (new, create, edit, change, switch, try_out, tick, seen)
