"""Actions that workflow itself gives to every rule: a task, a notice, a mail to staff, a note on the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from patron import (
    Context,
    Field,
    Invalid,
    Subject,
    User,
    WorkflowAction,
    editing,
    in_words,
    mailflow,
    table,
    timeline,
)
from sqlalchemy import insert, select

from patron_workflow.models import Notice

TASKS = "workflow.tasks"


def title_of(subject: Subject) -> str:
    """What the record is called."""
    item = subject.resource.field(subject.resource.title)
    found = getattr(subject.record, item.attribute, "") if item.kind not in ("list", "computed") else ""
    return str(found or f"{subject.resource.label} {subject.record.key}")


def make_task(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """A task about the record, for the customer's sake: for whom it names, else the record's owner, else the author."""
    owner = values["assignee"] or getattr(subject.record, subject.resource.owner, None) or ctx.actor.user_id
    days = int(values["days"] or 0)
    task = editing.create(
        ctx,
        ctx.assembly.resource(TASKS),
        {
            "title": values["title"],
            "due": (ctx.now.date() + timedelta(days=days)).isoformat(),
            "owner": owner,
            "customer": subject.customer_id,
        },
    )
    task.about_resource, task.about_id = subject.resource.key, subject.record.key
    ctx.session.add(task)
    ctx.session.flush()
    return f"Made task {task.key}, due {in_words.day(ctx, task.due)}"


def notify(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """A line on the home page of a user, with the way to the record."""
    name = _active(ctx, values["user"])
    ctx.session.execute(
        insert(table(Notice)).values(
            user_id=values["user"], text=values["text"], by=ctx.actor.name, resource=subject.resource.key,
            record_id=subject.record.key, at=ctx.now,
        )
    )  # fmt: skip
    return f"Notified {name}"


def write_mail(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """A letter to a user, from the mailbox that an administrator chose for letters."""
    name = _active(ctx, values["user"])
    t = table(User)
    email = ctx.session.execute(select(t.c.email).where(t.c.id == values["user"])).scalar_one()
    url = f"{ctx.assembly.settings.base_url}{subject.resource.path}/{subject.record.key}"
    text = f"{values['text']}\n\n{subject.resource.label}: {url}\n"
    if not mailflow.post_letter(ctx, mailflow.Address(name, email), values["subject"], text):
        raise Invalid("no mailbox is chosen to send letters from (Administration, Mailboxes)")
    return f"Mail to {name}"


def write_note(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """A line in the customer's history."""
    if subject.customer_id is None:
        raise Invalid("the record belongs to no customer")
    editing.load(ctx, ctx.assembly.resource("customers"), subject.customer_id)
    timeline.add(
        ctx, subject.customer_id, "workflow.note", values["text"], module="workflow", resource=subject.resource.key,
        record_id=subject.record.key,
    )  # fmt: skip
    return "Wrote a note on the timeline"


def _active(ctx: Context, user_id: int) -> str:
    t = table(User)
    wanted = (t.c.id == user_id, t.c.active.is_(True), t.c.trashed_at.is_(None))
    name = ctx.session.execute(select(t.c.name).where(*wanted)).scalar()
    if name is None:
        raise Invalid("the user is not active any more")
    return str(name)


ACTIONS = (
    WorkflowAction(
        "task", "Make a task", "make the task “{title}” for {assignee|the record's owner}, due in {days|0} days",
        make_task, f"{TASKS}.create", makes=(TASKS,),
        fields=(
            Field("title", "What is to be done", required=True, max_length=200),
            Field("assignee", "Who", "user", help="Nobody: whoever owns the record."),
            Field("days", "Due in so many days", "integer", default=1),
        ),
    ),
    WorkflowAction(
        "notify", "Notify a user", "notify {user}: “{text}”", notify, "workflow.automations.create",
        fields=(
            Field("user", "Whom", "user", required=True),
            Field("text", "What to say", required=True, max_length=300),
        ),
    ),
    WorkflowAction(
        "mail", "Mail a user", "mail {user}: “{subject}”", write_mail, "workflow.automations.create",
        fields=(
            Field("user", "Whom", "user", required=True),
            Field("subject", "Subject", required=True, max_length=200),
            Field("text", "Text", "longtext", required=True, max_length=5000),
        ),
    ),
    WorkflowAction(
        "note", "Write on the timeline", "write “{text}” on the customer's timeline", write_note,
        "interactions.log", fields=(Field("text", "What to write", required=True, max_length=300),),
    ),
)  # fmt: skip
