"""Tasks: what somebody has to do by a day. A list, a part of the home page, and a line in the customer's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from patron import (
    Action,
    Choice,
    Context,
    CustomerLink,
    Field,
    Panel,
    Resource,
    Rules,
    saying,
    table,
    timeline,
)
from sqlalchemy import func, select, update

from patron_workflow.models import Notice, Task

TASKS = "workflow.tasks"
SHOWN = 8
DONE = (Choice("false", "To do", "info"), Choice("true", "Done", "success"))


class TaskRules(Rules):
    """A new task is due tomorrow unless said otherwise; the customer's history tells when it was done."""

    def before_save(self, ctx: Context, record: Task, values: Mapping[str, Any], *, created: bool) -> None:
        if record.due is None:
            record.due = ctx.now.date() + timedelta(days=1)
        record.done_at = (record.done_at or ctx.now) if record.done else None

    def after_save(
        self, ctx: Context, record: Task, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if record.customer_id is None:
            return
        if created or "done" in changed:
            kind, word = ("done", "Done") if record.done else ("task", "Task")
            title = f"{word}: {record.title}"
            timeline.add(ctx, record.customer_id, f"workflow.{kind}", title, module="workflow", resource=TASKS,
                         record_id=record.key)  # fmt: skip

    def actions(self, ctx: Context, record: Task) -> Sequence[Action]:
        label, icon = ("Open again", "undo-2") if record.done else ("Done", "check")
        url = f"/workflow/tasks/{record.key}/done"
        return (Action(label, url, f"{TASKS}.edit", "post", icon, primary=not record.done),)

    def page_data(self, ctx: Context, record: Task) -> Mapping[str, Any]:
        url = timeline.record_url(ctx, record.about_resource, record.about_id)
        if not url or record.about_id is None:
            return {"about": None}
        about = Field("about", "About", "ref", ref=record.about_resource)
        title = saying.names_of(ctx, about, [record.about_id]).get(record.about_id, "")
        label = ctx.assembly.resource(record.about_resource).label
        return {"about": {"url": url, "label": f"{label}: {title}" if title else label}}


RESOURCE = Resource(
    name="tasks",
    model=Task,
    label="Task",
    label_plural="Tasks",
    icon="list-checks",
    nav="Work",
    title="title",
    date="due",
    state="done",
    template="workflow/task.html",
    rules=TaskRules,
    fields=(
        Field("title", "What is to be done", required=True, personal=True, max_length=200),
        Field("due", "Due", "date", help="Left empty: tomorrow."),
        Field("owner", "Who", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("customer", "Customer", "customer", column="customer_id"),
        Field("note", "Note", "longtext", personal=True),
        Field("done", "Done", "bool", default=False, choices=DONE),
        Field("done_at", "Done at", "instant", read_only=True),
        Field("created_at", "Created", "instant", read_only=True),
    ),
    columns=("title", "due", "owner", "customer", "done"),
    filters=("done", "owner", "team", "customer", "due", "created_at"),
    sorts=("due",),
    form=("title", "due", "owner", "team", "customer", "note", "done"),
    search=("title",),
    links=(CustomerLink("customer_id"),),
)


def today_panel(ctx: Context) -> Panel:
    """The acting user's open tasks, what is late or due today first: two statements."""
    t, mine = table(Task), ctx.actor.user_id or 0
    open_ones = (t.c.owner_id == mine, t.c.done.is_(False), t.c.trashed_at.is_(None))
    today = ctx.now.date()
    rows = ctx.session.execute(
        select(t.c.id, t.c.title, t.c.due)
        .where(*open_ones, t.c.due <= today)
        .order_by(t.c.due, t.c.id)
        .limit(SHOWN)
    )
    later = select(func.count()).select_from(t).where(*open_ones, t.c.due > today)
    data = {
        "tasks": [{"id": row.id, "title": row.title, "due": row.due, "late": row.due < today} for row in rows],
        "later": ctx.session.execute(later).scalar_one(), "mine": mine,
        "may_edit": ctx.actor.may(f"{TASKS}.edit"), "may_create": ctx.actor.may(f"{TASKS}.create"),
    }  # fmt: skip
    return Panel("today", "Today", "workflow/today_panel.html", data, icon="list-checks", order=15)


def notices_panel(ctx: Context) -> Panel | None:
    """What rules have told the acting user since they last looked; None when there is nothing. One statement."""
    t = table(Notice)
    unseen = (t.c.user_id == (ctx.actor.user_id or 0), t.c.seen_at.is_(None))
    rows = ctx.session.execute(select(t).where(*unseen).order_by(t.c.id.desc()).limit(SHOWN)).all()
    if not rows:
        return None
    notices = [
        {
            "text": row.text,
            "by": row.by,
            "at": row.at,
            "url": timeline.record_url(ctx, row.resource, row.record_id),
        }
        for row in rows
    ]
    return Panel(
        "notices", "Notices", "workflow/notices_panel.html", {"notices": notices, "until": rows[0].id}, icon="bell",
        order=12,
    )  # fmt: skip


def see_notices(ctx: Context, until: int) -> None:
    """The acting user has seen their notices up to that id."""
    t = table(Notice)
    mine = (t.c.user_id == (ctx.actor.user_id or 0), t.c.seen_at.is_(None), t.c.id <= until)
    ctx.session.execute(update(t).where(*mine).values(seen_at=ctx.now))
