"""Steps that several of the tests take."""

from __future__ import annotations

from typing import Any

from patron import Context, editing, table
from patron.assembly import Assembly
from patron.testing.faces import make_customer, working
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from patron_prm.models import Evidence, Offer, Registration
from patron_prm.services import decisions, leads, registrations
from sqlalchemy import select


def drain(assembly: Assembly) -> None:
    """Deliver every due event, as the worker does."""
    Drain(assembly, Watch(lambda _: None, 60.0)).run()


def make_partner(assembly: Assembly, name: str = "Nordlicht GmbH", **values: Any) -> tuple[int, int]:
    """A partner with an agreement. Returns the ids of the customer and of the profile."""
    customer = make_customer(assembly, name, "organisation")
    with working(assembly) as ctx:
        given = {"customer": customer, **values}
        return customer, int(editing.create(ctx, assembly.resource("prm.partners"), given).key)


def deal(ctx: Context, partner: int, name: str = "Lighthouse Ltd", **values: Any) -> int:
    """A registration of the partner profile. Returns its id."""
    given = {"partner": partner, "end_name": name, **values}
    return int(editing.create(ctx, ctx.assembly.resource(registrations.KEY), given).key)


def register(assembly: Assembly, partner: int, name: str = "Lighthouse Ltd", **values: Any) -> int:
    """The same in a transaction of its own, checked by the worker."""
    with working(assembly) as ctx:
        made = deal(ctx, partner, name, **values)
    drain(assembly)
    return made


def lead(assembly: Assembly, customer: int, **values: Any) -> int:
    with working(assembly) as ctx:
        given = {"customer": customer, "interest": "Forty desks", **values}
        return int(editing.create(ctx, assembly.resource(leads.KEY), given).key)


def approve(assembly: Assembly, registration_id: int, customer: int | None = None) -> None:
    with working(assembly) as ctx:
        decisions.approve(ctx, registration_id, customer)


def row_of(assembly: Assembly, registration_id: int) -> Any:
    t = table(Registration)
    with assembly.database.read() as session:
        return session.execute(select(t).where(t.c.id == registration_id)).one()


def evidence(assembly: Assembly, registration_id: int) -> list[tuple[str, str, int]]:
    """What was found: resource, field, score."""
    e = table(Evidence)
    with assembly.database.read() as session:
        rows = session.execute(select(e).where(e.c.registration_id == registration_id).order_by(e.c.id)).all()
        return [(row.resource, row.field, row.score) for row in rows]


def offers(assembly: Assembly) -> list[Any]:
    o = table(Offer)
    with assembly.database.read() as session:
        return list(session.execute(select(o).order_by(o.c.id)).all())
