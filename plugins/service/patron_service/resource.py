"""Queues and tickets as resources: declared, and what is special about saving and showing them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron import (
    Action,
    Choice,
    Context,
    CustomerLink,
    Field,
    Invalid,
    Resource,
    Rules,
    mailflow,
    normalise,
    preferring,
)

from patron_service.models import Queue, Survey, Ticket
from patron_service.services import articles, clock, conversation, tickets

STATUSES = (
    Choice("new", "New", "accent"), Choice("open", "Open", "info"),
    Choice("pending", "Waiting for customer", "warning"),
    Choice("solved", "Solved", "success"), Choice("closed", "Closed", "neutral"),
)  # fmt: skip
PRIORITIES = (
    Choice("low", "Low"), Choice("normal", "Normal"), Choice("high", "High", "warning"),
    Choice("urgent", "Urgent", "danger"),
)  # fmt: skip
CHANNELS = (
    Choice("email", "E-mail"), Choice("web", "Portal"), Choice("phone", "Call"), Choice("chat", "Chat"),
    Choice("meeting", "Meeting"), Choice("post", "Letter"),
)  # fmt: skip


class QueueRules(Rules):
    """A queue's minutes are of working time, and at least one."""

    def check(self, ctx: Context, record: Queue | None, values: Mapping[str, Any]) -> None:
        minutes = values.get("first_response_minutes")
        if minutes is not None and not 1 <= minutes <= 100_000:
            raise Invalid.field("first_response_minutes", "From 1 to 100000 minutes of working time.")

    def before_save(self, ctx: Context, record: Queue, values: Mapping[str, Any], *, created: bool) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        record.address = record.address.strip()


class TicketRules(Rules):
    """A new ticket gets number, thread, clock and assignment; a changed one its dates; both tell the timeline."""

    def before_save(self, ctx: Context, record: Ticket, values: Mapping[str, Any], *, created: bool) -> None:
        if created:
            tickets.prepare(ctx, record)
        elif {"priority", "queue"} & set(values) and record.first_responded_at is None:
            clock.start(ctx, record)
        tickets.follow_status(ctx, record)

    def after_save(
        self, ctx: Context, record: Ticket, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if created:
            tickets.announce(ctx, record)
            return
        was, became = changed.get("status", ("", ""))
        if became in ("solved", "closed") and was in tickets.OPEN:
            tickets.say(ctx, record, "solved", f"Ticket {record.number} solved: {record.subject}")
        elif became in tickets.OPEN and was in ("solved", "closed"):
            tickets.say(ctx, record, "reopened", f"Ticket {record.number} opened again: {record.subject}")

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is None or "first_answer" in names:
            said = clock.said_of(ctx, [int(row["id"]) for row in rows])
            for row in rows:
                row["first_answer"] = said.get(int(row["id"]), "")

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("number") or "")

    def actions(self, ctx: Context, record: Ticket) -> Sequence[Action]:
        if (
            ctx.actor.user_id is None
            or record.owner_id == ctx.actor.user_id
            or record.status not in tickets.OPEN
        ):
            return ()
        return (
            Action(
                "Take it", f"/service/tickets/{record.key}/take", "service.tickets.edit", "post", "user-plus"
            ),
        )

    def page_data(self, ctx: Context, record: Ticket) -> Mapping[str, Any]:
        touches = mailflow.conversation(ctx, record.thread_id)
        return {
            "ticket": record,
            "touches": touches,
            "clock": clock.read(ctx, record),
            "reply_to": conversation.reply_to(record, touches),
            "cautions": preferring.cautions(ctx, (record.contact_id, record.customer_id), "email"),
            "sends": conversation.mailbox_of(ctx, record) is not None,
            "values": {},
            "links_articles": bool(articles.sources(ctx)),
            "reply_errors": [],
            "statuses": [(choice.value, choice.label) for choice in STATUSES if choice.value != "new"],
        }


QUEUES = Resource(
    name="queues",
    model=Queue,
    label="Queue",
    label_plural="Queues",
    icon="inbox",
    nav="Administration",
    rules=QueueRules,
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=100),
        Field("address", "Mailbox", max_length=320, help="The address of the mailbox whose mail comes here."),
        Field("team", "Team", "team", column="team_id"),
        Field("calendar", "Working calendar", max_length=100, help="Its name; left empty, the first there is."),
        Field("first_response_minutes", "First answer within (minutes)", "integer", default=clock.DEFAULT_MINUTES,
              help="Minutes of working time at normal priority. Urgent takes a quarter, high half, low twice of it."),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "address", "team", "first_response_minutes"),
    filters=("name", "team"),
    sorts=("name",),
    form=("name", "address", "team", "calendar", "first_response_minutes"),
    search=("name",),
    natural_key="name",
    kept_by="managers",
)  # fmt: skip

TICKETS = Resource(
    name="tickets",
    model=Ticket,
    label="Ticket",
    label_plural="Tickets",
    icon="ticket",
    nav="Service",
    template="service/ticket.html",
    rules=TicketRules,
    title="subject",
    state="status",
    fields=(
        Field("number", "Number", read_only=True),
        Field("subject", "Subject", required=True, max_length=300),
        Field("description", "What it is about", "longtext", personal=True, max_length=50_000),
        Field("customer", "Customer", "customer", column="customer_id"),
        Field("contact", "Contact", "customer", column="contact_id"),
        Field("requester_name", "Sender's name", read_only=True, personal=True),
        Field("requester_email", "Sender's address", "email", read_only=True, personal=True),
        Field("status", "Status", "choice", default="new", choices=STATUSES),
        Field("priority", "Priority", "choice", default="normal", choices=PRIORITIES),
        Field("channel", "Came by", "choice", default="phone", choices=CHANNELS),
        Field("queue", "Queue", "ref", column="queue_id", ref="service.queues"),
        Field("owner", "Assignee", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("assigned_because", "Assigned because", read_only=True),
        Field("opened_at", "Opened", "instant", read_only=True),
        Field("first_response_due_at", "First answer due", "instant", read_only=True),
        Field("first_responded_at", "First answered", "instant", read_only=True),
        Field("first_answer", "First answer", "computed", read_only=True),
        Field("solved_at", "Solved", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("number", "subject", "customer", "status", "priority", "owner", "first_answer", "opened_at"),
    filters=("status", "priority", "owner", "team", "queue", "channel", "customer", "contact", "number", "opened_at",
             "first_response_due_at", "first_responded_at", "solved_at", "requester_email"),
    sorts=("-opened_at", "-updated_at", "first_response_due_at"),
    form=("subject", "description", "customer", "contact", "channel", "priority", "status", "queue", "owner", "team"),
    search=("number", "subject", "requester_email"),
    links=(CustomerLink("customer_id", "account"), CustomerLink("contact_id", "contact")),
)  # fmt: skip

SURVEYS = Resource(
    name="surveys",
    model=Survey,
    label="Satisfaction",
    label_plural="Satisfaction",
    icon="star",
    nav="Service",
    title="title",
    fields=(
        Field("title", "Ticket", read_only=True),
        Field("ticket", "Opens", "ref", column="ticket_id", ref="service.tickets", read_only=True),
        Field("customer", "Customer", "customer", column="customer_id", read_only=True),
        Field("contact", "Contact", "customer", column="contact_id", read_only=True),
        Field("score", "Score", "integer", read_only=True, help="From 1 (very dissatisfied) to 5 (very satisfied)."),
        Field("comment", "Comment", "longtext", read_only=True, personal=True),
        Field("email", "Asked at", "email", read_only=True, personal=True),
        Field("asked_at", "Asked", "instant", read_only=True),
        Field("answered_at", "Answered", "instant", read_only=True),
        Field("owner", "Assignee", "user", column="owner_id", read_only=True),
        Field("team", "Team", "team", column="team_id", read_only=True),
    ),
    columns=("title", "customer", "score", "comment", "owner", "asked_at"),
    filters=("score", "customer", "contact", "owner", "team", "asked_at", "answered_at"),
    sorts=("-asked_at",),
    search=("title",),
    links=(CustomerLink("customer_id", "account"), CustomerLink("contact_id", "contact")),
    verbs=("read", "export"),
)  # fmt: skip
