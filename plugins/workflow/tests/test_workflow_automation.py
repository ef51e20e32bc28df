"""Rules at work: the sentence, the author's rights, once per event, refused whole, waiting and broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from automation_world import (
    PROBE,
    RULES,
    action,
    add_customer,
    as_user,
    column,
    condition,
    outcomes,
    runs,
    save_rule,
    work,
)
from patron import Customer, Forbidden, Invalid, User, editing, publish, table
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.interactions.models import TimelineEntry
from patron.permissions import Scope
from patron.system import plugins_service
from patron.testing.faces import make_user, settings_for, working
from patron.worker import drain as drain_module
from patron_workflow.automation import running
from patron_workflow.automation.triggers import find
from patron_workflow.models import Automation, AutomationVersion, Notice, Run, Task
from patron_workflow.retention import forget_runs
from sqlalchemy import func, select, update


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    settings = settings_for(database, modules=("workflow",), strict=True, folder=str(tmp_path))
    made = assemble(settings, {"probe": PROBE})
    after_migration(made)
    yield made
    made.database.dispose()


@pytest.fixture
def author(assembly: Assembly) -> int:
    return make_user(assembly, "manager", name="Mara Lind")


def test_a_rule_reads_as_a_sentence(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        rule = save_rule(
            ctx,
            author,
            trigger="customers.changed",
            conditions=[
                condition("record.kind", "eq", ["person", "organisation"]),
                condition("record.created_at", "ge", "-30 days"),
                condition("record.owner", "empty"),
            ],
            actions=[
                action("set.owner", value=author),
                action("workflow.task", title="Call", days=2),
                action("workflow.notify", user=author, text="A good one"),
            ],
        )
        assert rule.sentence == (
            "When a customer is changed in created, kind or owner, if kind is person or organisation, created is not "
            "before 30 days ago and owner is empty, then assign to Mara Lind, make the task “Call” for the record's "
            "owner, due in 2 days and notify Mara Lind: “A good one”."
        )


def test_actions_follow_in_order_as_the_author(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        save_rule(
            ctx,
            author,
            actions=[
                action("set.owner", value=author),
                action("workflow.task", title="Say hello", days=3),
                action("workflow.note", text="Welcome"),
                action("workflow.notify", user=author, text="Look at this"),
            ],
        )
    customer = add_customer(assembly)
    add_customer(assembly, "Hamburg")
    work(assembly)
    done, unmet = runs(assembly)
    assert (done.outcome, done.record_id, done.rule_version) == ("done", customer, 1)
    assert done.text.splitlines()[0] == "Set owner to Mara Lind."
    assert (unmet.outcome, unmet.text) == ("unmet", "Not so: city is “Berlin”.")
    assert column(assembly, Customer, customer, "owner_id") == author
    with assembly.database.read() as session:
        task = session.execute(select(table(Task))).one()
        assert (task.title, task.owner_id, task.customer_id, task.about_id) == (
            "Say hello",
            author,
            customer,
            customer,
        )
        assert session.execute(select(table(Notice).c.user_id)).scalar_one() == author
        lines = session.execute(select(table(TimelineEntry).c.title, table(TimelineEntry).c.actor_name)).all()
        assert {line.title for line in lines} >= {"Welcome", "Task: Say hello"}
        assert {line.actor_name for line in lines} == {"Mara Lind, by the rule “Berlin”"}


def test_an_event_is_handled_once_though_the_worker_dies(
    assembly: Assembly, author: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with working(assembly) as ctx:
        save_rule(ctx, author, actions=[action("workflow.task", title="Once")])
    add_customer(assembly)

    def dies(*_: Any) -> None:
        raise SystemExit  # between the effects and the mark that they are done

    with monkeypatch.context() as patched:
        patched.setattr(drain_module.Drain, "_record", dies)
        with pytest.raises(SystemExit):
            work(assembly)
    assert runs(assembly) == []
    work(assembly)
    with working(assembly) as ctx:  # delivered a second time all the same
        t = table(drain_module.Delivery)
        ctx.session.execute(update(t).values(state="due", due_at=ctx.now))
    assert work(assembly) >= 1
    assert outcomes(assembly) == ["done"]
    with assembly.database.read() as session:
        assert session.execute(select(func.count()).select_from(table(Task))).scalar_one() == 1


@pytest.mark.parametrize("how", ["refuse", "break"])
def test_a_run_that_fails_leaves_nothing_of_itself(assembly: Assembly, author: int, how: str) -> None:
    with working(assembly) as ctx:
        save_rule(
            ctx,
            author,
            "Spoiler",
            actions=[action("set.source", value="rule"), action("probe.spoil", how=how)],
        )
        save_rule(ctx, author, "Other", actions=[action("set.language", value="de")])
    customer = add_customer(assembly)
    work(assembly)
    spoiled, other = runs(assembly)
    assert (spoiled.outcome, other.outcome) == ("failed", "done")
    assert "no, thank you" in spoiled.text if how == "refuse" else "RuntimeError" in spoiled.text
    assert column(assembly, Customer, customer, "source") == ""
    assert column(assembly, Customer, customer, "note") == ""
    assert column(assembly, Customer, customer, "language") == "de"
    assert column(assembly, Automation, spoiled.automation_id, "broken_because") == ""


def test_a_rule_has_the_rights_of_its_author_when_it_runs(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        rule_id = save_rule(ctx, author).key
        t = table(User)
        ctx.session.execute(update(t).where(t.c.id == author).values(active=False))
    customer = add_customer(assembly)
    work(assembly)
    assert outcomes(assembly) == ["refused"]
    assert column(assembly, Customer, customer, "source") == ""
    reason = column(assembly, Automation, rule_id, "broken_because")
    assert reason == "Its author Mara Lind may not sign in any more."
    add_customer(assembly)
    work(assembly)
    assert len(runs(assembly)) == 1  # a broken rule does not run
    other = make_user(assembly, "manager")
    with working(assembly) as ctx:
        editing.change(
            as_user(ctx, other), assembly.resource(RULES), rule_id, {"enabled": True, "name": "Mine"}
        )
    assert column(assembly, Automation, rule_id, "broken_because") == ""
    add_customer(assembly)
    work(assembly)
    assert outcomes(assembly) == ["refused", "done"]


def test_a_lost_permission_breaks_the_rule_and_another_scope_does_not(assembly: Assembly) -> None:
    from patron.accounts.services import add_role

    with working(assembly) as ctx:
        grants = {f"customers.{verb}": "all" for verb in ("read", "edit")}
        role = add_role(ctx, "ruler", {**grants, f"{RULES}.create": "all", f"{RULES}.read": "all"})
    author = make_user(assembly, "ruler", name="Rufus")
    with working(assembly) as ctx:
        rule_id = save_rule(ctx, author).key
    _grant(assembly, role, "customers.edit", Scope.OWN)
    add_customer(assembly)
    work(assembly)
    assert outcomes(assembly) == ["refused"]
    assert column(assembly, Automation, rule_id, "broken_because") == ""
    _grant(assembly, role, "customers.edit", None)
    add_customer(assembly)
    work(assembly)
    assert "“customers.edit”" in column(assembly, Automation, rule_id, "broken_because")
    assert outcomes(assembly) == ["refused", "refused"]


def _grant(assembly: Assembly, role: int, permission: str, scope: Scope | None) -> None:
    from patron.accounts.services import set_grants
    from patron.accounts.services.roles import role_of

    with working(assembly) as ctx:
        _, grants = role_of(ctx, role)
        kept = {name: value for name, value in grants.items() if name != permission}
        set_grants(ctx, role, {**kept, **({permission: str(scope)} if scope else {})})


def test_what_the_author_may_not_do_is_refused_when_saving(assembly: Assembly, author: int) -> None:
    reader = make_user(assembly, "reader")
    with working(assembly) as ctx, pytest.raises(Forbidden):
        save_rule(ctx, reader)
    with working(assembly) as ctx:
        own = as_user(ctx, author)
        cut = ctx.acting_as(
            type(own.actor)(**{**own.actor.__dict__, "kind": "token", "only": (f"{RULES}.*",)})
        )
        with pytest.raises(Forbidden, match="token"):
            editing.create(cut, assembly.resource(RULES), _values())
        with pytest.raises(Invalid, match="author"):
            editing.create(ctx, assembly.resource(RULES), _values())
        for values, field in (
            ({"trigger": "nothing.happens"}, "trigger"),
            ({"actions": []}, "actions"),
            ({"actions": [action("set.nothing", value=1)]}, "actions"),
            ({"actions": [action("workflow.task", title="")]}, "actions-0-title"),
            ({"conditions": [condition("record.secret", "eq", "x")]}, "conditions-0-value"),
            ({"conditions": [condition("record.kind", "eq", ["wolf"])]}, "conditions-0-value"),
            ({"conditions": [condition("record.created_at", "lt", "soon")]}, "conditions-0-value"),
        ):
            with pytest.raises(Invalid) as refused:
                save_rule(ctx, author, **values)
            assert refused.value.errors[0].field == field, values


def _values() -> dict[str, Any]:
    steps = [action("set.source", value="x")]
    return {"name": "X", "trigger": "customers.created", "actions": steps, "enabled": True}


def test_a_rule_waits_for_a_module_that_is_away(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        rule_id = save_rule(ctx, author, trigger="probe.rang").key
        acting = save_rule(ctx, author, "Acting", actions=[action("probe.spoil", how="refuse")]).key
    customer = add_customer(assembly)
    _switch(assembly, on=False)
    with working(assembly) as ctx:
        publish(ctx, "probe.rang", {"id": customer}, customer_id=customer)
        item = _read(ctx, rule_id)
    assert item["state"] == "Waiting"
    work(assembly)
    assert [(run.automation_id, run.outcome) for run in runs(assembly)] == [(acting, "waiting")]
    _switch(assembly, on=True)
    with working(assembly) as ctx:
        assert _read(ctx, rule_id)["state"] == "On"
        publish(ctx, "probe.rang", {"id": customer}, customer_id=customer)
    work(assembly)
    assert outcomes(assembly) == ["waiting", "done"]


def _read(ctx: Any, rule_id: int) -> dict[str, Any]:
    from patron import read_one

    return read_one(ctx, ctx.assembly.resource(RULES), rule_id)


def _switch(assembly: Assembly, *, on: bool) -> None:
    with working(assembly) as ctx:
        (plugins_service.enable if on else plugins_service.disable)(ctx, "probe")
    with working(assembly):
        pass  # follows the generation


def test_a_change_begins_a_rule_only_where_it_touches_its_conditions(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        save_rule(
            ctx,
            author,
            trigger="customers.changed",
            actions=[action("workflow.notify", user=author, text="Hm")],
        )
    customer = add_customer(assembly)
    for values in ({"note": "new"}, {"city": "x"}):
        with working(assembly) as ctx:
            values = values if "note" in values else {"addresses": [{"city": "Berlin", "country": "DE"}]}
            editing.change(ctx, assembly.resource("customers"), customer, values)
    with working(assembly) as ctx:
        publish(ctx, "customers.changed", {"id": customer, "fields": ["city"]}, customer_id=customer)
    work(assembly)
    assert outcomes(assembly) == ["done"]


def test_a_trial_says_what_would_happen_and_keeps_nothing(assembly: Assembly, author: int) -> None:
    customer, elsewhere = add_customer(assembly), add_customer(assembly, "Hamburg")
    with working(assembly) as ctx:
        rule = save_rule(ctx, author, enabled=False)
        trigger = find(ctx, rule.trigger_key)
        assert trigger is not None
        would = running.attempt(ctx, rule, trigger, customer, trial=True)
        assert (would.kind, would.text, would.held) == ("done", "Set source to rule.", (True,))
        would_not = running.attempt(ctx, rule, trigger, elsewhere, trial=True)
        assert (would_not.kind, would_not.held) == ("unmet", (False,))
    assert column(assembly, Customer, customer, "source") == ""
    assert runs(assembly) == []


def test_each_edit_is_a_version_and_the_log_keeps_which_ran(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        rule_id = save_rule(ctx, author).key
    add_customer(assembly)
    work(assembly)
    with working(assembly) as ctx:
        steps = [action("set.source", value="other")]
        editing.change(as_user(ctx, author), assembly.resource(RULES), rule_id, {"actions": steps})
    add_customer(assembly)
    work(assembly)
    assert [run.rule_version for run in runs(assembly)] == [1, 2]
    with assembly.database.read() as session:
        t = table(AutomationVersion)
        said = session.execute(select(t.c.number, t.c.sentence).order_by(t.c.number)).all()
    assert [number for number, _ in said] == [1, 2]
    assert "rule" in said[0].sentence
    assert "other" in said[1].sentence


def test_old_runs_are_forgotten(assembly: Assembly, author: int) -> None:
    with working(assembly) as ctx:
        save_rule(ctx, author)
    add_customer(assembly)
    add_customer(assembly)
    work(assembly)
    with working(assembly) as ctx:
        t = table(Run)
        first = ctx.session.execute(select(func.min(t.c.id))).scalar_one()
        long_ago = ctx.now.replace(year=ctx.now.year - 1)
        ctx.session.execute(update(t).where(t.c.id == first).values(created_at=long_ago))
        forget_runs(ctx)
    assert len(runs(assembly)) == 1
