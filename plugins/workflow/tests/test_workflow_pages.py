"""The pages of rules: the editor by plain forms, a trial, the log on the record's page (``record_panels``), tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from automation_world import action, add_customer, condition, outcomes, runs, save_rule, work
from litestar import Litestar
from litestar.testing import TestClient
from patron import bump_generation, editing, table
from patron.accounts.models import Role
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.testing.faces import app_client, make_user, settings_for, signed_in, working
from patron_workflow.models import Automation, Task
from sqlalchemy import insert, select

EDITOR = "/workflow/automations/new"


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    made = assemble(settings_for(database, modules=("workflow",), strict=True, folder=str(tmp_path)))
    after_migration(made)
    yield made
    made.database.dispose()


@pytest.fixture
def client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    with app_client(assembly) as made:
        yield made


def test_a_rule_is_written_by_plain_forms(assembly: Assembly, client: TestClient[Litestar]) -> None:
    mara = signed_in(client, "manager")
    assert "It begins when" not in client.get(EDITOR).text
    assert "It begins when" in client.get(f"{EDITOR}?trigger=customers.created").text
    form: dict[str, Any] = {
        "name": "Big ones",
        "trigger": "customers.created",
        "new-condition": "record.kind",
    }
    page = client.post(EDITOR, data={**form, "do": "add-condition"})
    assert page.status_code == 200
    assert 'name="conditions-0-operator"' in page.text
    form |= {"conditions-0-field": "record.kind", "conditions-0-operator": "eq"}
    form["conditions-0-value"] = ["organisation", "household"]
    page = client.post(EDITOR, data={**form, "new-action": "workflow.task", "do": "add-action"})
    assert 'name="actions-0-title"' in page.text
    form |= {"actions-0-action": "workflow.task", "actions-0-title": "", "actions-0-days": "2"}
    form |= {"actions-1-action": "set.owner", "actions-1-value": str(mara), "enabled": "true"}
    refused = client.post(EDITOR, data={**form, "do": "save"})
    assert refused.status_code == 422
    assert "What is to be done is needed." in refused.text
    form["actions-0-title"] = "Get to know them"
    moved = client.post(EDITOR, data={**form, "do": "up-action-1"}).text
    assert moved.index("Assign to a user</strong>") < moved.index("Make a task</strong>")
    saved = client.post(EDITOR, data={**form, "do": "save"})
    assert saved.status_code == 303
    shown = client.get(saved.headers["location"]).text
    assert "When a customer is created, if kind is organisation or household, then make the task" in shown
    assert client.get(f"{saved.headers['location']}/edit").text.count("checked") >= 3
    late = client.post(f"{saved.headers['location']}/edit", data={**form, "do": "drop-action-1"}).text
    assert "Assign to a user</strong>" not in late


def test_the_record_says_which_rule_ran_and_why(assembly: Assembly, client: TestClient[Litestar]) -> None:
    author = make_user(assembly, "manager")
    with working(assembly) as ctx:
        rule = save_rule(ctx, author, "Berliners").key
    customer, elsewhere = add_customer(assembly), add_customer(assembly, "Hamburg")
    signed_in(client, "admin")
    assert 'data-panel="workflow.automation"' not in client.get(f"/customers/{customer}").text
    work(assembly)
    page = client.get(f"/customers/{customer}").text
    assert 'data-panel="workflow.automation"' in page
    assert "Set source to rule." in page
    assert "Not so: city is “Berlin”." in client.get(f"/customers/{elsewhere}").text
    log = client.get(f"/workflow/automations/{rule}").text
    assert f"/customers/{customer}" in log
    assert "Set source to rule." in client.get(f"/workflow/runs?automation={rule}").text


def test_a_trial_by_the_page_changes_nothing(assembly: Assembly, client: TestClient[Litestar]) -> None:
    signed_in(client, "manager")
    author = make_user(assembly, "manager")
    customer = add_customer(assembly)
    with working(assembly) as ctx:
        rule = save_rule(ctx, author, actions=[action("workflow.task", title="Try")], enabled=False).key
    page = client.post(f"/workflow/automations/{rule}/try", data={"record": str(customer)})
    assert "It would run" in page.text
    with assembly.database.read() as session:
        assert session.execute(select(table(Task))).all() == []
    assert outcomes(assembly) == []
    assert client.post(f"/workflow/automations/{rule}/try", data={"record": "x"}).status_code == 303


def test_a_rule_is_switched_by_those_who_may(assembly: Assembly, client: TestClient[Litestar]) -> None:
    author = make_user(assembly, "manager")
    with working(assembly) as ctx:
        rule = save_rule(ctx, author, conditions=[condition("record.kind", "eq", ["person"])]).key
    signed_in(client, "user")
    assert client.post(f"/workflow/automations/{rule}/switch").status_code == 403
    mine = signed_in(client, "manager")
    for enabled in (False, True):
        assert client.post(f"/workflow/automations/{rule}/switch").status_code == 303
        with assembly.database.read() as session:
            t = table(Automation)
            row = session.execute(select(t.c.enabled, t.c.author_id).where(t.c.id == rule)).one()
        assert row.enabled is enabled
    assert row.author_id == mine


def test_tasks_of_today_are_on_the_home_page_until_they_are_done(
    assembly: Assembly, client: TestClient[Litestar]
) -> None:
    mine = signed_in(client, "user", "North")
    customer = add_customer(assembly, owner=mine)
    made = client.post(
        "/workflow/tasks/new", data={"title": "Call Ada", "due": "2020-01-02", "customer": customer}
    )
    assert made.status_code == 303, made.text
    home = client.get("/").text
    assert "Call Ada" in home
    assert "Overdue" in home
    assert client.post(f"{made.headers['location']}/done", data={"back": "/"}).headers["location"] == "/"
    assert "Call Ada</a>" not in client.get("/").text
    signed_in(client, "admin")
    assert "Done: Call Ada" in client.get(f"/customers/{customer}").text


def test_who_may_not_read_a_record_is_not_told_what_a_rule_did_with_it(
    client: TestClient[Litestar], assembly: Assembly
) -> None:
    author = make_user(assembly)
    with working(assembly) as ctx:
        rule = save_rule(ctx, author).key
    mine, theirs = add_customer(assembly, name="Mine Ltd"), add_customer(assembly, name="Theirs Ltd")
    work(assembly)
    everything = dict.fromkeys(("workflow.automations.read", "workflow.runs.read"), "all")
    with working(assembly) as ctx:
        t = table(Role)
        ctx.session.execute(insert(t).values(name="watcher", grants={**everything, "customers.read": "own"}))
        bump_generation(ctx.session)
    watcher = make_user(assembly, "watcher")
    with working(assembly) as ctx:
        editing.change(ctx, assembly.resource("customers"), mine, {"owner": watcher})
    signed_in(client, user_id=watcher)
    seen = client.get("/api/v1/workflow/runs", headers={"Accept": "application/json"}).json()["items"]
    assert {item["record_id"] for item in seen} == {mine}
    assert f"Customer {theirs}" not in client.get(f"/workflow/automations/{rule}").text
    assert f"Customer {mine}" in client.get(f"/workflow/automations/{rule}").text
    hidden = next(row.id for row in runs(assembly) if row.record_id == theirs)
    assert client.get(f"/workflow/runs/{hidden}").status_code == 404
    signed_in(client, "admin")
    assert client.get(f"/workflow/runs/{hidden}").status_code == 200
