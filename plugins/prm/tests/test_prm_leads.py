"""Leads: who is asked, by when, and who is asked next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from patron import Conflict, Invalid, NotFound, Relationship, editing, table, timeline
from patron.assembly import Assembly
from patron.testing.faces import make_customer, working
from patron_prm.models import Lead
from patron_prm.services import leads
from prm_world import lead, make_partner, offers
from sqlalchemy import select


def offer(assembly: Assembly, lead_id: int) -> bool:
    with working(assembly) as ctx:
        return leads.offer(ctx, lead_id)


def lead_row(assembly: Assembly) -> Lead:
    with assembly.database.read() as session:
        found: Lead = session.execute(select(table(Lead))).one()
        return found


def test_it_goes_by_country_and_tier_then_to_the_next(assembly: Assembly) -> None:
    make_partner(assembly, "French Gold", tier="gold", territory="FR")
    make_partner(assembly, "Paused Gold", tier="gold", status="paused")
    silver, _ = make_partner(assembly, "German Silver", tier="silver", territory="DE, AT")
    plain, _ = make_partner(assembly, "Everywhere")
    customer = make_customer(assembly, "Lighthouse", "organisation")
    made = lead(assembly, customer, country="Germany")
    assert offer(assembly, made)
    [first] = offers(assembly)
    assert (first.partner_customer_id, first.status) == (silver, "open")
    with pytest.raises(Conflict):
        offer(assembly, made)
    with pytest.raises(Invalid), working(assembly) as ctx:
        leads.decline(ctx, first.id, silver, "  ")
    with working(assembly) as ctx:
        leads.decline(ctx, first.id, silver, "No time")
    first, second = offers(assembly)
    assert (first.status, first.reason) == ("declined", "No time")
    assert (second.partner_customer_id, second.status) == (plain, "open")
    with working(assembly) as ctx:
        leads.accept(ctx, second.id, plain)
        r = table(Relationship)
        related = ctx.session.execute(select(r.c.from_id, r.c.to_id).where(r.c.kind == "partner_for")).one()
        assert tuple(related) == (plain, customer)
        kinds = [entry.kind for entry in timeline.read(ctx, customer)[0]]
        assert kinds[:4] == ["prm.lead_accepted", "prm.lead_offered", "prm.lead_declined", "prm.lead_offered"]
        history = leads.history(ctx, made)
        assert [(row["name"], row["status"]) for row in history] == [
            ("German Silver", "declined"),
            ("Everywhere", "accepted"),
        ]
    assert lead_row(assembly).status == "accepted"


def test_without_an_answer_it_is_recalled_and_offered_on(assembly: Assembly) -> None:
    first, _ = make_partner(assembly, "First", tier="gold")
    second, _ = make_partner(assembly, "Second")
    customer = make_customer(assembly, "Lighthouse", "organisation")
    offer(assembly, lead(assembly, customer))
    with working(assembly) as ctx:
        leads.recall_due(ctx)
    [open_one] = offers(assembly)
    assert open_one.status == "open"
    for _ in range(2):
        with working(assembly) as ctx:
            leads.recall_due(replace(ctx, now=max(row.due_at for row in offers(assembly))))
    late, later = offers(assembly)
    assert [(row.partner_customer_id, row.status) for row in (late, later)] == [
        (first, "recalled"),
        (second, "recalled"),
    ]
    assert lead_row(assembly).status == "unplaced"
    assert offer(assembly, lead_row(assembly).id) is False
    with pytest.raises(Conflict, match="ended"), working(assembly) as ctx:
        leads.accept(ctx, late.id, first)


def test_an_offer_is_anothers_or_late(assembly: Assembly) -> None:
    first, _ = make_partner(assembly, "First", tier="gold")
    second, _ = make_partner(assembly, "Second")
    offer(assembly, lead(assembly, make_customer(assembly)))
    [made] = offers(assembly)
    with pytest.raises(NotFound), working(assembly) as ctx:
        leads.accept(ctx, made.id, second)
    with pytest.raises(Conflict), working(assembly) as ctx:
        leads.accept(replace(ctx, now=made.due_at + timedelta(seconds=1)), made.id, first)
    assert offers(assembly)[0].status == "open"


def test_the_clock_counts_working_time(assembly: Assembly) -> None:
    make_partner(assembly)
    with working(assembly) as ctx:
        hours = {"name": "Office", "time_zone": "UTC", "hours": "mon-fri 09:00-17:00"}
        editing.create(ctx, assembly.resource("workflow.calendars"), hours)
    offer(assembly, lead(assembly, make_customer(assembly)))
    [made] = offers(assembly)
    assert made.due_at.weekday() < 5
    assert 9 <= made.due_at.hour <= 17
