"""A calendar and two rules to begin with in a demo."""

from __future__ import annotations

from random import Random

from patron import Context, SampleData, Team, editing, table
from sqlalchemy import select

from patron_workflow.automation.samples import add_rules
from patron_workflow.resources import CALENDARS, RULES

HOLIDAYS = "01-01\n05-01\n10-03\n12-25\n12-26"


def add_samples(ctx: Context, random: Random) -> None:
    """The office's calendar, and a rule for enquiries and one for tickets where there is a team to give them to."""
    resources = ctx.assembly.resources
    calendar = {"name": "Office hours", "hours": "mon-thu 09:00-17:30\nfri 09:00-15:00", "holidays": HOLIDAYS}
    editing.create(ctx, resources[f"workflow.{CALENDARS.name}"], calendar)
    t = table(Team)
    team_id = ctx.session.execute(
        select(t.c.id).where(t.c.trashed_at.is_(None)).order_by(t.c.id).limit(1)
    ).scalar()
    if team_id is None:
        return
    for name, kind, method in (
        ("New enquiries", "enquiry", "round_robin"),
        ("Tickets", "ticket", "least_loaded"),
    ):
        rule = {"name": name, "kind": kind, "method": method, "team": team_id, "owner_first": True}
        editing.create(ctx, resources[f"workflow.{RULES.name}"], rule)


SAMPLES = (
    SampleData("calendar and rules", add_samples, order=10),
    SampleData("automation rules", add_rules, order=90),
)
