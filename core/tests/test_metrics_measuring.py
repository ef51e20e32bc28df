"""Numbers made of records: in every scope they are the sum of the rows that the same filter lists."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.contributions import Measure, Metric
from patron.db import Database
from patron.errors import Forbidden, Invalid, NotFound
from patron.hookspecs import hookimpl
from patron.metrics import measuring, services
from patron.permissions import Actor, Scope
from patron.records import table
from patron.resources import editing
from patron.resources.query import Listing, read_page
from patron.system.health import problems
from patron.system.models import MetricSnapshot, Objective
from patron.testing.faces import app_client, make_user, settings_for, signed_in, working
from sqlalchemy import insert, select, text

pytest_plugins = ["patron.testing.faces"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(
        st.tuples(st.sampled_from(["person", "organisation"]), st.integers(0, 2)), min_size=1, max_size=12
    ),
    scope=st.sampled_from(list(Scope)),
)
def test_a_number_is_the_sum_of_the_rows_it_lists(
    assembly: Assembly, people: list[tuple[str, int]], scope: Scope
) -> None:
    customers = assembly.resource("customers")
    measure = Measure("customers", {"kind": "person"}, by="city")
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        users = [1, 2]
        for kind, owner in people:
            values = {"kind": kind, "name": "X", "owner": users[owner - 1] if owner else None}
            editing.create(ctx, customers, values)
        seller = ctx.acting_as(Actor("user", 1, "Seller", grants={"customers.read": scope}))
        rows, cursor = 0, ""
        while True:
            page = read_page(seller, customers, Listing(filter=dict(measure.where), limit=5, cursor=cursor))
            rows, cursor = rows + len(page.items), page.next or ""
            if not cursor:
                break
        assert measuring.total(seller, measure) == {"": rows}
        assert sum(share.value for share in measuring.shares(seller, measure)) == rows
        found = measuring.customers(seller, measure, 100)
        assert sum(share.value for share in found) == rows
        session.rollback()


@pytest.fixture(autouse=True)
def _two_users(request: pytest.FixtureRequest) -> None:
    if "assembly" in request.fixturenames:
        assembly = request.getfixturevalue("assembly")
        make_user(assembly), make_user(assembly)


def test_who_may_not_read_the_records_gets_no_number(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        nobody = ctx.acting_as(Actor("user", 1, "Nobody"))
        with pytest.raises(Forbidden):
            measuring.total(nobody, Measure("customers"))


def test_the_course_of_a_goal(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        services.add_objective(ctx, "customers", 100, services.today(ctx) + timedelta(days=100))
        for number in range(40):
            values = {"kind": "person", "name": f"P{number}", "standing": "known"}
            editing.create(ctx, assembly.resource("customers"), values)
        later = replace(ctx, now=ctx.now + timedelta(days=50))
        services.snapshot(later)
        goal = services.progress(later)[0]
        assert (goal.baseline, goal.now, goal.percent, goal.expected) == (0, 40, 40, 50)
        with pytest.raises(Invalid, match="day to come"):
            services.add_objective(ctx, "customers", 100, date(2020, 1, 1))
        with pytest.raises(NotFound):
            services.drop_objective(ctx, 999)


def test_the_day_s_values_of_a_module_that_is_disabled_stay(assembly: Assembly) -> None:
    t = table(MetricSnapshot)
    with working(assembly) as ctx:
        earlier = {"metric": "desk.open", "day": services.today(ctx), "currency": "", "value": 7}
        ctx.session.execute(insert(t), earlier)
        services.snapshot(ctx)
        services.snapshot(ctx)
        kept = {row.metric: row.value for row in ctx.session.execute(select(t.c.metric, t.c.value))}
    assert kept["desk.open"] == 7
    assert "core.customers" in kept


def test_a_baseline_is_the_firm_s_whoever_sets_the_goal(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        for number in range(3):
            values = {"kind": "person", "name": f"P{number}", "standing": "known"}
            editing.create(ctx, assembly.resource("customers"), values)
        ctx.session.add(Objective(metric="away.visits", target=9, due=services.today(ctx)))
        stranger = ctx.acting_as(Actor("user", 1, "Newcomer"))
        services.add_objective(stranger, "customers", 10, services.today(ctx) + timedelta(days=1))
        found = services.freeze_baselines(ctx)
    assert [(goal["metric"], goal["baseline"]) for goal in found] == [
        ("away.visits", None),
        ("core.customers", 3),
    ]


class Numbers:
    """A module with one number."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure

    @hookimpl
    def register_metrics(self) -> list[Metric]:
        return [Metric("wrong", "Wrong", self.measure)]


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        (Measure("none"), "there is no resource “none”."),
        (Measure("customers", by="colour"), "“customers” has no field “colour”."),
        (Measure("customers", by="emails"), "“emails” is not stored"),
        (Measure("customers", value="kind"), "“kind” is no number: its kind is choice."),
        (Measure("customers", {"colour": "red"}), "“colour” cannot be filtered by."),
        (Measure("customers", {"or": [{"kind": "person"}, {"kind": "firm"}]}), "“kind” is one of:"),
        (Measure("customers", {"related": {"by": "works_at", "where": {"medium": "fair"}}}), ""),
        (Measure("customers", {"exists": {"resource": "interactions"}}), "“interactions” has no link to customers"),
        (Measure("customers", {"not": {"came_at": {"ge": {"days": -30}}}}), ""),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_made_refuses_its_module(
    database: Database, measure: Measure, reason: str
) -> None:
    made = assemble(settings_for(database), {"wrong": Numbers(measure)})
    [refused] = [plugin.refused for plugin in made.plugins if plugin.name == "wrong"]
    made.database.dispose()
    assert refused.startswith(f"Metric “wrong.wrong”: {reason}") if reason else not refused, refused


def test_a_metric_that_fails_loses_its_own_day_alone_and_is_named(assembly: Assembly) -> None:
    """By the job itself, over bad SQL and over a bug."""

    def bad_sql(ctx: Context) -> dict[str, int]:
        ctx.session.execute(text("SELECT nothing FROM nowhere"))
        return {}

    assembly.metrics |= {
        "bad.sql": Metric("sql", "Bad SQL", bad_sql),
        "bad.type": Metric("type", "Bad type", lambda ctx: cast(Any, {"": "many"})),
    }
    t, job = table(MetricSnapshot), assembly.jobs["core.metrics"]
    with working(assembly) as ctx:
        editing.create(ctx, assembly.resource("customers"), {"kind": "person", "name": "Ada"})
        job.run(ctx)
    with working(assembly) as ctx:
        kept = {row.metric: row.value for row in ctx.session.execute(select(t.c.metric, t.c.value))}
        assert kept["core.customers"] == 1
        assert not kept.keys() & {"bad.sql", "bad.type"}
        said = dict(problems(ctx))["core.metrics"]
        assert re.search(r"bad\.sql \(incident [0-9a-f]{8}\), bad\.type \(incident [0-9a-f]{8}\)", said)
    with app_client(assembly) as client:
        signed_in(client)
        page = client.get("/admin/health")
        assert page.status_code == 200
        assert "bad.sql (incident" in page.text
    for name in ("bad.sql", "bad.type"):
        del assembly.metrics[name]
    with working(assembly) as ctx:
        job.run(ctx)
        assert dict(problems(ctx))["core.metrics"] == ""
