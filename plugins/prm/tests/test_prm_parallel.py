"""Many at once, on both engines: one end customer, one protection."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from patron import Busy, Conflict, Context, Customer, table
from patron.assembly import Assembly
from patron.testing.faces import working
from patron_prm.models import Registration
from patron_prm.services import decisions, leads
from prm_world import deal, lead, make_customer, make_partner, offers
from sqlalchemy import func, select


def at_once(assembly: Assembly, work: Any, arguments: list[Any]) -> list[Any]:
    """What the work gave for each argument, or raised, each in a thread and a transaction of its own."""
    start, results = Barrier(len(arguments)), [None] * len(arguments)

    def one(index: int, argument: Any) -> None:
        start.wait()
        while True:
            try:
                with assembly.database.write() as session:
                    results[index] = work(Context(session, assembly), argument)
                return
            except Busy:
                continue
            except Exception as error:
                results[index] = error
                return

    threads = [Thread(target=one, args=pair) for pair in enumerate(arguments)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


NAMES = ("Lighthouse Optics Ltd", "Lighthouse Optics", "Light-House Optics GmbH", "LIGHTHOUSE OPTICS AG")


def contest(assembly: Assembly, many: int) -> None:
    """So many registrations of the same end customer, variously written; all are approved at once."""
    partners = [make_partner(assembly, f"Partner {number}")[1] for number in range(4)]
    make = lambda ctx, n: deal(ctx, partners[n % 4], NAMES[n % len(NAMES)], end_country="DE")  # noqa: E731
    made = at_once(assembly, make, list(range(many)))
    assert all(isinstance(item, int) for item in made), made
    results = at_once(assembly, lambda ctx, item: decisions.approve(ctx, item).key, made)
    won = [item for item in results if isinstance(item, int)]
    assert len(won) == 1, results
    assert sum(isinstance(item, Conflict) for item in results) == many - 1, results
    t, c = table(Registration), table(Customer)
    with assembly.database.read() as session:
        approved = select(func.count()).select_from(t).where(t.c.status == "approved")
        assert session.execute(approved).scalar_one() == 1
        named = select(func.count()).select_from(c).where(c.c.match_key.startswith("light"))
        assert session.execute(named).scalar_one() == 1


def test_one_of_many_parallel_registrations_wins(assembly: Assembly) -> None:
    contest(assembly, 8)


@pytest.mark.soak
@pytest.mark.parametrize("round_number", range(10))
def test_one_of_fifty_parallel_registrations_wins(assembly: Assembly, round_number: int) -> None:
    contest(assembly, 50)


def test_the_database_itself_keeps_a_second_protection_out(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the look for rivals switched off, the unique claim still refuses."""
    monkeypatch.setattr(decisions.conflicts, "protected_rival", lambda *_: "")
    partner = make_partner(assembly)[1]
    made = at_once(assembly, lambda ctx, n: deal(ctx, partner, end_country="DE"), list(range(4)))
    results = at_once(assembly, lambda ctx, item: decisions.approve(ctx, item).key, made)
    assert sum(isinstance(item, int) for item in results) == 1, results


def test_accepting_and_recalling_at_once_has_one_end(assembly: Assembly) -> None:
    first, _ = make_partner(assembly, "First", tier="gold")
    make_partner(assembly, "Second")
    made = lead(assembly, make_customer(assembly))
    with working(assembly) as ctx:
        leads.offer(ctx, made)
    [offer] = offers(assembly)
    results = at_once(assembly, lambda ctx, _: leads.accept(ctx, offer.id, first).key, list(range(6)))
    assert sum(isinstance(item, int) for item in results) == 1
    assert sum(isinstance(item, Conflict) for item in results) == 5
