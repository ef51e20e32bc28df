"""Rules over opportunities: an amount is compared in its own currency, and of some conditions one is enough."""

from __future__ import annotations

from typing import Any

import pytest
from patron import Context, editing, table, user_actor
from patron.assembly import Assembly
from patron.testing.faces import make_customer, make_user, working
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from patron_workflow.models import Automation, Run
from sqlalchemy import select, update


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


def save_rule(ctx: Context, author: int, conditions: list[dict[str, Any]]) -> Automation:
    values = {
        "name": "Big ones", "trigger": "sales.opportunities.created", "conditions": conditions, "enabled": True,
        "actions": [{"action": "set.source", "values": {"value": "rule"}}],
    }  # fmt: skip
    mine = ctx.acting_as(user_actor(ctx.session, ctx.assembly, author))
    rule: Automation = editing.create(mine, ctx.assembly.resource("workflow.automations"), values)
    return rule


def outcomes(assembly: Assembly, *sales: tuple[int, str]) -> list[str]:
    """How the rule ended for each opportunity of that value."""
    customer = make_customer(assembly, "Firm Ltd", "organisation")
    for minor, currency in sales:
        with working(assembly) as ctx:
            values = {
                "name": "Desks", "customer": customer, "close_date": "2027-01-01", "next_step": "Call",
                "value": {"minor": minor, "currency": currency},
            }  # fmt: skip
            editing.create(ctx, assembly.resource("sales.opportunities"), values)
    Drain(assembly, Watch(lambda _: None, 20)).run()
    with assembly.database.read() as session:
        return list(session.execute(select(table(Run).c.outcome).order_by(table(Run).c.record_id)).scalars())


def test_an_amount_is_compared_with_amounts_of_its_currency(assembly: Assembly) -> None:
    author = make_user(assembly)
    above = {"field": "record.value", "operator": "ge", "value": {"minor": 100_00, "currency": "USD"}}
    with working(assembly) as ctx:
        rule = save_rule(ctx, author, [above])
        assert "$100.00" in rule.sentence
        assert rule.conditions[0]["value"] == {"minor": 100_00, "currency": "USD"}
    found = outcomes(assembly, (100_00, "USD"), (99_99, "USD"), (500_00, "EUR"))
    assert found == ["done", "unmet", "unmet"]


def test_an_amount_that_a_rule_kept_without_currency_is_of_the_firms_own(assembly: Assembly) -> None:
    author = make_user(assembly)
    with working(assembly) as ctx:
        rule = save_rule(
            ctx,
            author,
            [{"field": "record.value", "operator": "ge", "value": {"minor": 1, "currency": "EUR"}}],
        )
        old = [{"field": "record.value", "operator": "ge", "value": 100_00}]
        ctx.session.execute(
            update(table(Automation)).where(table(Automation).c.id == rule.key).values(conditions=old)
        )
    assert outcomes(assembly, (100_00, "EUR"), (100_00, "USD"), (99_99, "EUR")) == ["done", "unmet", "unmet"]


def test_of_conditions_put_beside_one_another_one_is_enough(assembly: Assembly) -> None:
    author = make_user(assembly)

    def amount(operator: str, minor: int, **beside: Any) -> dict[str, Any]:
        return {
            "field": "record.value",
            "operator": operator,
            "value": {"minor": minor, "currency": "EUR"},
            **beside,
        }

    rows = [
        amount("lt", 10_00, **{"or": True}),  # the first stands beside nothing
        amount("ge", 100_00, **{"or": True}),
        {"field": "record.stage", "operator": "eq", "value": ["qualification"]},
    ]
    with working(assembly) as ctx:
        rule = save_rule(ctx, author, rows)
        assert (
            "value is below €10.00 or value is at least €100.00 and stage is qualification" in rule.sentence
        )
        assert [row.get("or") for row in rule.conditions] == [None, True, None]
    assert outcomes(assembly, (1_00, "EUR"), (50_00, "EUR"), (200_00, "EUR")) == ["done", "unmet", "done"]
