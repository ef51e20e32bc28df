"""What automation rules can begin with and do in sales: there only while workflow is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from patron import Context, Field, Invalid, Subject, WorkflowAction, WorkflowTrigger, editing

from patron_sales.services.opportunities import KEY

TRIGGERS = (
    WorkflowTrigger("won", "an opportunity is won", ("sales.opportunity.won",), KEY, ("stage",)),
    WorkflowTrigger("lost", "an opportunity is lost", ("sales.opportunity.lost",), KEY, ("stage",)),
)


def create_opportunity(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """An opportunity with the record's customer, owned by whom it names, else by the record's owner."""
    if subject.customer_id is None:
        raise Invalid("the record belongs to no customer")
    owner = values["owner"] or getattr(subject.record, subject.resource.owner, None) or ctx.actor.user_id
    close = ctx.now.date() + timedelta(days=int(values["days"] or 0))
    given = {
        "name": values["name"],
        "customer": subject.customer_id,
        "owner": owner,
        "close_date": close.isoformat(),
        "source": "automation",
    }
    made = editing.create(ctx, ctx.assembly.resource(KEY), given)
    return f"Made opportunity {made.key}"


ACTIONS = (
    WorkflowAction(
        "create_opportunity",
        "Create an opportunity",
        "create the opportunity “{name}” for {owner|the record's owner}",
        create_opportunity,
        f"{KEY}.create",
        fields=(
            Field("name", "Name", required=True, max_length=200),
            Field("owner", "Owner", "user", help="Nobody: whoever owns the record."),
            Field("days", "Expected to close in so many days", "integer", default=30),
        ),
        makes=(KEY,),
    ),
)
