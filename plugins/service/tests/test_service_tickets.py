"""Tickets themselves: number, clock, assignment, timeline, numbers, and tables that agree with the models."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from patron import Actor, Context, Scope, Team, TeamMember, editing, measuring, row_scope, table
from patron.assembly import Assembly
from patron.db import Database
from patron.interactions.models import TimelineEntry
from patron.migrate import Distribution, differences, downgrade, upgrade
from patron.statements import statement_count
from patron.testing.faces import make_customer, make_user, working
from patron_service.models import Ticket
from patron_service.plugin import customer_panels, home_panels
from patron_service.sample import TICKETS as SAMPLES
from patron_service.sample import add_samples
from patron_service.services import clock, conversation, tickets
from service_world import all_tickets, open_ticket
from sqlalchemy import func, select

SERVICE = Distribution("service", "patron_service")
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 16:00 in Berlin; the office closes at 17:00


def test_the_tables_are_what_the_models_say_both_ways(database: Database) -> None:
    assert differences(database, SERVICE) == []
    downgrade(database, SERVICE, "base")
    upgrade(database, [SERVICE])
    assert differences(database, SERVICE) == []


def test_numbers_rise_without_gap(assembly: Assembly) -> None:
    open_ticket(assembly)
    open_ticket(assembly)
    numbers = [ticket.number for ticket in all_tickets(assembly)]
    assert [number[-5:] for number in numbers] == ["00001", "00002"]
    assert {ticket.brand_id for ticket in all_tickets(assembly)} == {assembly.company.brand_id}


def test_the_clock_counts_working_time_and_explains_itself(assembly: Assembly) -> None:
    with working(assembly) as ctx:
        resource = assembly.resource("service.queues")
        queue = editing.create(ctx, resource, {"name": "Support", "first_response_minutes": 120})
        friday = replace(ctx, now=FRIDAY)
        values = {"subject": "x", "channel": "email", "queue": queue.key}
        ticket = tickets.open_ticket(friday, values)
        urgent = tickets.open_ticket(friday, {**values, "priority": "urgent"})
        assert ticket.first_response_due_at == datetime(
            2026, 11, 23, 9, 0, tzinfo=UTC
        )  # Monday 10:00 in Berlin
        assert urgent.first_response_due_at == FRIDAY + timedelta(minutes=30)
        later = replace(ctx, now=datetime(2026, 11, 23, 8, 30, tzinfo=UTC))
        running = clock.read(later, ticket)
        assert (running.state, running.elapsed) == ("running", 90)
        assert "2 h of working time" in running.explanation
        editing.change(later, assembly.resource("service.tickets"), ticket.key, {"priority": "high"})
        assert clock.read(later, ticket).state == "late"
        tickets.responded(later, ticket)
        assert clock.read(later, ticket).state == "missed"


def test_a_call_is_answered_by_the_call(assembly: Assembly) -> None:
    ada = make_customer(assembly)
    open_ticket(assembly, contact=ada, channel="phone")
    [ticket] = all_tickets(assembly)
    assert ticket.first_responded_at == ticket.opened_at
    assert ticket.customer_id == ada
    with assembly.database.read() as session:
        t = table(TimelineEntry)
        kinds = (
            session.execute(select(t.c.kind).where(t.c.customer_id == ada).order_by(t.c.id)).scalars().all()
        )
    assert kinds == ["core.phone", "service.ticket.opened"]


def test_a_new_ticket_goes_to_whoever_has_least_with_the_reason(assembly: Assembly) -> None:
    first, second = make_user(assembly, "user", "Service"), make_user(assembly, "user", "Service")
    with working(assembly) as ctx:
        team_id = ctx.session.execute(select(table(Team).c.id)).scalar_one()
        rule = {"name": "Tickets", "kind": "ticket", "method": "least_loaded", "team": team_id}
        editing.create(ctx, assembly.resource("workflow.rules"), rule)
    for _ in range(3):
        open_ticket(assembly, channel="email")
    assert [ticket.owner_id for ticket in all_tickets(assembly)] == [first, second, first]
    assert "least open work" in all_tickets(assembly)[0].assigned_because
    assert all_tickets(assembly)[0].team_id == team_id


def test_solving_and_answering_again_are_dated(assembly: Assembly) -> None:
    ticket_id = open_ticket(assembly, customer=make_customer(assembly))
    with working(assembly) as ctx:
        resource = assembly.resource("service.tickets")
        solved = editing.change(ctx, resource, ticket_id, {"status": "solved"})
        assert solved.solved_at == ctx.now
        reopened = editing.change(ctx, resource, ticket_id, {"status": "open"})
        assert reopened.solved_at is None


def test_a_note_reaches_no_timeline(assembly: Assembly) -> None:
    ada = make_customer(assembly)
    ticket_id = open_ticket(assembly, customer=ada)
    with working(assembly) as ctx:
        before = ctx.session.execute(select(func.count()).select_from(table(TimelineEntry))).scalar_one()
        conversation.note(ctx, tickets.load(ctx, ticket_id), "canary-note")
        after = ctx.session.execute(select(func.count()).select_from(table(TimelineEntry))).scalar_one()
    assert after == before


def test_panels_cost_the_same_for_one_ticket_and_for_many(assembly: Assembly) -> None:
    ada = make_customer(assembly)
    costs = []
    for number in (1, 12):
        for _ in range(number):
            open_ticket(assembly, customer=ada)
        with assembly.database.read() as session:
            ctx = Context(session, assembly)
            customer = editing.load(ctx, assembly.resource("customers"), ada)
            with statement_count() as count:
                customer_panels(ctx, customer)
                home_panels(ctx)
            costs.append(count.total)
            assert measuring.measured(ctx, assembly.metrics["service.open_tickets"]) == {
                "": len(all_tickets(assembly))
            }
    assert costs == [3, 3]


def test_the_sample_is_believable(assembly: Assembly) -> None:
    for number in range(5):
        make_customer(assembly, f"Person {number}", emails=[f"p{number}@example.com"])
    user_id = make_user(assembly, "user", "Service")
    with working(assembly) as ctx:
        add_samples(ctx, Random(7))
    made = all_tickets(assembly)
    assert len(made) == SAMPLES
    assert {ticket.owner_id for ticket in made} == {user_id}
    assert all(ticket.solved_at is None or ticket.solved_at > ticket.opened_at for ticket in made)
    assert all(ticket.opened_at <= datetime.now(UTC) for ticket in made)
    assert {ticket.status for ticket in made} >= {"new", "pending", "solved", "closed"}


def test_scope_reaches_tickets_of_ones_team_only(assembly: Assembly) -> None:
    mine = make_user(assembly, "user", "Service")
    with working(assembly) as ctx:
        team_id = ctx.session.execute(select(table(TeamMember).c.team_id)).scalar_one()
    theirs = open_ticket(assembly, team=team_id)
    open_ticket(assembly)
    grants = {"service.tickets.read": Scope.TEAM}
    actor = Actor("user", mine, "Agent", grants=grants, team_ids=frozenset({team_id}))
    with assembly.database.read() as session:
        seen = row_scope(Context(session, assembly, actor), assembly.resource("service.tickets"))
        assert session.execute(select(table(Ticket).c.id).where(seen)).scalars().all() == [theirs]
