"""Assignment: rules in order, fair turns, and a sentence that says why."""

from __future__ import annotations

from collections import Counter
from threading import Barrier, Thread

import pytest
from patron import Context, Invalid, Team, TeamMember, User, editing, table
from patron.assembly import Assembly
from patron_workflow.api import assign, calendar_for
from patron_workflow.conditions import read_conditions
from patron_workflow.models import Rule, Turn
from sqlalchemy import delete, func, select, update


def add_team(ctx: Context, *names: str) -> tuple[int, list[int]]:
    """A team of users with these names, and their ids."""
    team = Team(name="Inside sales")
    users = [User(email=f"{name.lower()}@example.com", name=name) for name in names]
    ctx.session.add_all([team, *users])
    ctx.session.flush()
    ctx.session.add_all([TeamMember(team_id=team.key, user_id=user.key) for user in users])
    ctx.session.flush()
    return team.key, [user.key for user in users]


def add_rule(ctx: Context, team_id: int | None, name: str = "DACH web leads", **values: object) -> Rule:
    rules = ctx.assembly.resource("workflow.rules")
    rule: Rule = editing.create(ctx, rules, {"name": name, "kind": "enquiry", "team": team_id, **values})
    return rule


def test_round_robin_serves_the_least_recently_served(ctx: Context) -> None:
    team, users = add_team(ctx, "Ada", "Bert", "Cleo")
    add_rule(ctx, team)
    given = [assign(ctx, "enquiry", {}) for _ in range(6)]
    assert [item.user_id for item in given] == users * 2
    assert given[0].team_id == team
    assert given[0].reason == "Rule “DACH web leads”: round robin over 3, least recently served"


def test_inactive_users_are_skipped_and_a_team_of_none_still_gets_the_work(ctx: Context) -> None:
    team, users = add_team(ctx, "Ada", "Bert")
    add_rule(ctx, team)
    t = table(User)
    ctx.session.execute(update(t).where(t.c.id == users[0]).values(active=False))
    assert {assign(ctx, "enquiry", {}).user_id for _ in range(3)} == {users[1]}
    ctx.session.execute(update(t).values(active=False))
    nobody = assign(ctx, "enquiry", {})
    assert (nobody.user_id, nobody.team_id) == (None, team)
    assert "none of whom is active" in nobody.reason


def test_the_first_rule_that_holds_decides(ctx: Context) -> None:
    team, users = add_team(ctx, "Ada", "Bert")
    add_rule(
        ctx,
        None,
        "Germany",
        position=1,
        conditions="country=DE, at\nsource!=import",
        people="bert@example.com",
    )
    add_rule(ctx, team, "Rest", position=2)
    assert assign(ctx, "enquiry", {"country": "DE", "source": "web"}).user_id == users[1]
    assert assign(ctx, "enquiry", {"country": "at"}).reason.startswith("Rule “Germany”")
    assert assign(ctx, "enquiry", {"country": "DE", "source": "Import"}).reason.startswith("Rule “Rest”")
    assert assign(ctx, "enquiry", {}).reason.startswith("Rule “Rest”")
    nothing = assign(ctx, "ticket", {})
    assert (nothing.user_id, nothing.team_id, nothing.reason) == (
        None,
        None,
        "No rule applies to this ticket",
    )


def test_the_customers_owner_comes_first_when_the_rule_says_so(ctx: Context) -> None:
    team, users = add_team(ctx, "Ada", "Bert")
    rule = add_rule(ctx, team, owner_first=True)
    customer = editing.create(
        ctx, ctx.assembly.resource("customers"), {"name": "Kurt Wolf", "owner": users[1]}
    )
    given = assign(ctx, "enquiry", {}, customer.key)
    assert (given.user_id, given.reason) == (users[1], "Rule “DACH web leads”: the customer belongs to Bert")
    editing.change(ctx, ctx.assembly.resource("workflow.rules"), rule.key, {"owner_first": False})
    assert assign(ctx, "enquiry", {}, customer.key).user_id == users[0]


def test_whoever_has_least_open_work_gets_the_next(ctx: Context) -> None:
    team, users = add_team(ctx, "Ada", "Bert")
    add_rule(ctx, team, method="least_loaded")
    given = assign(ctx, "enquiry", {}, loads=lambda _, ids: {users[0]: 4, users[1]: 2})
    assert (given.user_id, given.reason) == (
        users[1],
        "Rule “DACH web leads”: Bert has least open work of 2",
    )
    assert assign(ctx, "enquiry", {}).user_id == users[0]  # with nothing known, who was given least


def test_rules_and_calendars_are_checked_when_saved(ctx: Context) -> None:
    team, _ = add_team(ctx, "Ada")
    for team_id, values, field in (
        (team, {"conditions": "country is DE"}, "conditions"),
        (None, {}, "team"),
        (team, {"people": "nobody@example.com"}, "people"),
    ):
        with pytest.raises(Invalid) as refused:
            add_rule(ctx, team_id, **values)
        assert refused.value.errors[0].field == field
    calendars = ctx.assembly.resource("workflow.calendars")
    for values, field in (
        ({"hours": "mon 17:00-09:00"}, "hours"),
        ({"hours": "mon 09:00-17:00", "holidays": "tomorrow"}, "holidays"),
        ({"hours": "mon 09:00-17:00", "time_zone": "Mars/Base"}, "time_zone"),
        ({}, "hours"),
    ):
        with pytest.raises(Invalid) as refused:
            editing.create(ctx, calendars, {"name": "Odd", **values})
        assert refused.value.errors[0].field == field


def test_without_a_calendar_there_are_office_hours_in_the_sites_zone(ctx: Context) -> None:
    assert calendar_for(ctx).time_zone == "Europe/Berlin"
    assert calendar_for(ctx).week[4] == ((540, 1020),)
    values = {"name": "Hotline", "hours": "mon-sun 06:00-22:00", "time_zone": "UTC"}
    editing.create(ctx, ctx.assembly.resource("workflow.calendars"), values)
    assert calendar_for(ctx, "Hotline").week[6] == ((360, 1320),)
    assert calendar_for(ctx, "Unknown").name == "Hotline"


def test_conditions_compare_without_case_and_accents() -> None:
    (contains,) = read_conditions("subject~rechnung, facture")
    assert contains.holds({"subject": "Votre FACTURE du mois"})
    assert not contains.holds({})
    (several,) = read_conditions("tags=Küche")
    assert several.holds({"tags": ["bad", "KUCHE", "küche"]})
    (flag,) = read_conditions("verified=true")
    assert flag.holds({"verified": True})


def test_work_that_comes_at_the_same_time_goes_round(assembly: Assembly) -> None:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        team, users = add_team(ctx, "Ada", "Bert", "Cleo")
        add_rule(ctx, team)
    start, given = Barrier(6), Counter[int | None]()

    def work() -> None:
        start.wait()
        for _ in range(5):
            with assembly.database.write() as session:
                given[assign(Context(session, assembly), "enquiry", {}).user_id] += 1

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == dict.fromkeys(users, 10)
    with assembly.database.write() as session:
        t = table(Turn)
        assert session.execute(select(func.count(), func.sum(t.c.served))).one() == (3, 30)
        session.execute(delete(t))
