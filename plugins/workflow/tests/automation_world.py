"""What tests of automation rules share: a module that contributes to them, an author, and a worker's round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from patron import (
    Context,
    Field,
    Invalid,
    Subject,
    WorkflowAction,
    WorkflowTrigger,
    editing,
    hookimpl,
    table,
    user_actor,
)
from patron.assembly import Assembly
from patron.testing.faces import working
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from patron_workflow.models import Automation, Run
from sqlalchemy import select

RULES = "workflow.automations"


def spoil(ctx: Context, subject: Subject, values: Mapping[str, Any]) -> str:
    """Changes the record, and then fails as it is told to."""
    editing.change(ctx, subject.resource, subject.record.key, {"note": "spoiled"})
    if values["how"] == "refuse":
        raise Invalid("no, thank you")
    raise RuntimeError("a fault made for this test")


@hookimpl
def register_workflow_triggers() -> Sequence[WorkflowTrigger]:
    return (WorkflowTrigger("rang", "the telephone of a customer rings", ("probe.rang",), "customers"),)


@hookimpl
def register_workflow_actions() -> Sequence[WorkflowAction]:
    fields = (Field("how", "How", required=True),)
    return (
        WorkflowAction("spoil", "Spoil", "spoil it: {how}", spoil, "customers.edit", fields, "customers"),
    )


PROBE = SimpleNamespace(
    __name__="probe",
    register_workflow_triggers=register_workflow_triggers,
    register_workflow_actions=register_workflow_actions,
)


def as_user(ctx: Context, user_id: int) -> Context:
    return ctx.acting_as(user_actor(ctx.session, ctx.assembly, user_id))


def condition(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def action(key: str, **values: Any) -> dict[str, Any]:
    return {"action": key, "values": values}


def save_rule(ctx: Context, author: int, name: str = "Berlin", **changes: Any) -> Automation:
    """A rule of that author, switched on: new customers in Berlin have their source set."""
    values = {
        "name": name,
        "trigger": "customers.created",
        "conditions": [condition("record.city", "eq", "Berlin")],
        "actions": [action("set.source", value="rule")],
        "enabled": True,
        **changes,
    }
    rule: Automation = editing.create(as_user(ctx, author), ctx.assembly.resource(RULES), values)
    return rule


def add_customer(assembly: Assembly, city: str = "Berlin", **values: Any) -> int:
    """A customer, made in a transaction of its own."""
    given = {"name": "Ada Lovelace", "addresses": [{"city": city, "country": "DE"}], **values}
    with working(assembly) as ctx:
        return int(editing.create(ctx, assembly.resource("customers"), given).key)


def work(assembly: Assembly) -> int:
    """Deliver what is due, as the worker does."""
    with working(assembly):
        pass  # follows the generation
    return Drain(assembly, Watch(lambda ids: None, 20), back_off=lambda attempts: timedelta(0)).run()


def runs(assembly: Assembly) -> list[Any]:
    t = table(Run)
    with assembly.database.read() as session:
        return list(session.execute(select(t).order_by(t.c.id)))


def outcomes(assembly: Assembly) -> list[str]:
    return [run.outcome for run in runs(assembly)]


def column(assembly: Assembly, model: Any, record_id: int, name: str) -> Any:
    t = table(model)
    with assembly.database.read() as session:
        return session.execute(select(t.c[name]).where(t.c.id == record_id)).scalar_one()
