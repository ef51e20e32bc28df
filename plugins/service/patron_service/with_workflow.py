"""What automation rules can begin with and do in service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from patron import Context, Subject, WorkflowAction, WorkflowTrigger, editing, saying

from patron_service.resource import TICKETS
from patron_service.services.tickets import KEY

TRIGGERS = (
    WorkflowTrigger("solved", "a ticket is solved", ("service.ticket.solved",), KEY, ("status",)),
    WorkflowTrigger("reopened", "a ticket is opened again", ("service.ticket.reopened",), KEY, ("status",)),
    WorkflowTrigger(
        "answered",
        "a ticket gets its first answer",
        ("service.ticket.answered",),
        KEY,
        ("first_responded_at",),
    ),
)


def set_priority(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """Another priority; the clock of the first answer follows."""
    return _set(ctx, subject, "priority", values)


def set_queue(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """Another queue; the clock of the first answer follows."""
    return _set(ctx, subject, "queue", values)


def _set(ctx: Context, subject: Subject, name: str, values: Mapping[str, Any]) -> str:
    item = subject.resource.field(name)
    editing.change(ctx, subject.resource, subject.record.key, {name: values[name]})
    said = saying.sayer(ctx, item, [values[name]])(values[name])
    return f"Set {item.label.lower()} to {said}"


ACTIONS = (
    WorkflowAction(
        "set_priority", "Set the priority", "set the priority to {priority}", set_priority, f"{KEY}.edit",
        fields=(replace(TICKETS.field("priority"), required=True),), resource=KEY, changes=lambda _: ("priority",),
    ),
    WorkflowAction(
        "set_queue", "Move to a queue", "move it to the queue {queue}", set_queue, f"{KEY}.edit",
        fields=(replace(TICKETS.field("queue"), required=True),), resource=KEY, changes=lambda _: ("queue",),
    ),
)  # fmt: skip
