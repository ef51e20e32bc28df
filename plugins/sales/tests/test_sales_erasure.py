"""What bulk edits of a person's opportunities would give back goes with the person; what is others' stays."""

from __future__ import annotations

from patron import editing, table
from patron.assembly import Assembly
from patron.customers import erasing
from patron.resources.bulk import _remember
from patron.system.models import BulkJob
from patron.testing.faces import make_customer, working
from sqlalchemy import select


def test_undo_lists_of_their_opportunities_forget_them(assembly: Assembly) -> None:
    resource = assembly.resource("sales.opportunities")
    people = [make_customer(assembly, name) for name in ("Zanzibara Smith", "Bea Brown")]
    with working(assembly) as ctx:
        values = {"name": "Desks", "close_date": "2027-01-01", "next_step": "Call"}
        mine, others = (editing.create(ctx, resource, {**values, "customer": key}).key for key in people)
        _remember(ctx, resource, "note", {str(mine): ["Zanzibara asks", 1], str(others): ["Bea asks", 1]})
        _remember(ctx, resource, "note", {f"{mine}0": ["Somebody asks", 1]})
    with working(assembly) as ctx:
        erasing.erase(ctx, people[0])
        t = table(BulkJob)
        left = list(ctx.session.execute(select(t.c.before).order_by(t.c.id)).scalars())
    assert left == [{str(others): ["Bea asks", 1]}, {f"{mine}0": ["Somebody asks", 1]}]
