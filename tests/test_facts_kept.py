"""Facts of customers after whatever happens to them: what was kept in each transaction equals what defines it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from patron import Actor, Conflict, Context, Invalid, Money, NotFound, Scope, editing, read_page
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.collecting import _misfits
from patron.customers import facts, merging, splitting
from patron.customers.models import Customer, MergeJournal
from patron.db import BEFORE_COMMIT, Database, savepoint
from patron.digest import digest_of
from patron.migrate import CORE, Distribution
from patron.plugins import discover
from patron.records import table
from patron.resources.query import Listing
from patron.statements import statement_count
from patron.testing.faces import app_client, make_customer, make_user, settings_for, signed_in, working
from patron_orders.api import Line
from patron_orders.models import Invoice, OpenItem, Order
from patron_orders.services import invoices, orders, payments
from patron_sales.models import CustomerSales, Opportunity
from patron_service.models import Ticket
from patron_service.services import surveys, tickets
from sqlalchemy import select, update

pytest_plugins = ["patron.testing.plugin", "patron.testing.faces"]
MODULES = ("sales", "service", "marketing", "ecommerce", "insights")


@pytest.fixture(scope="module")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, *(p.migrations for p in discover(MODULES)))


@pytest.fixture
def assembly(database: Database, tmp_path: Any) -> Iterator[Assembly]:
    made = assemble(settings_for(database, modules=MODULES, strict=True, folder=str(tmp_path)))
    after_migration(made)
    yield made
    made.database.dispose()


def chair(price: int) -> Line:
    return Line(None, "Chair", Decimal(1), Money(price, "EUR"), "19.00")


def sell(ctx: Context, customer: int, price: int, number: int = 1) -> None:
    orders.create_order(
        ctx,
        customer,
        [chair(price)],
        source="test",
        reference_resource="test",
        reference_id=number,
        currency="EUR",
    )


class Firm:
    """Whatever may happen in a firm, one thing at a time, chosen by a seeded source of numbers."""

    def __init__(self, ctx: Context, numbers: random.Random) -> None:
        self.ctx, self.numbers, self.orders = ctx, numbers, numbers.randrange(10**9)

    def happen(self) -> str:
        acts: list[Callable[[], Any]] = [
            self.order, self.draft, self.confirm, self.confirm, self.invoice, self.invoice, self.pay, self.credit,
            self.refund, self.cancel, self.sale, self.sale, self.move_sale, self.move_sale, self.ticket, self.ticket,
            self.move_ticket, self.move_ticket, self.answer, self.answer, self.away, self.back, self.merge, self.split,
        ]  # fmt: skip
        act = self.numbers.choice(acts)
        # Not everything can happen to everything.
        with suppress(Conflict, Invalid, NotFound, LookupError), savepoint(self.ctx.session):
            act()
        return act.__name__

    def one_of(self, model: Any, *clauses: Any) -> int:
        t = table(model)
        found = list(self.ctx.session.execute(select(t.c.id).where(*clauses).order_by(t.c.id)).scalars())
        return int(self.numbers.choice(found))

    def customer(self) -> int:
        t = table(Customer)
        return self.one_of(Customer, t.c.merged_into_id.is_(None), t.c.trashed_at.is_(None))

    def change(self, key: str, record_id: int, **values: Any) -> None:
        editing.change(self.ctx, self.ctx.assembly.resource(key), record_id, values)

    def order(self) -> None:
        self.orders += 1
        sell(self.ctx, self.customer(), self.numbers.randint(1, 900) * 100, self.orders)

    def draft(self) -> None:
        resource = self.ctx.assembly.resource("orders.orders")
        key = editing.create(self.ctx, resource, {"customer": self.customer(), "currency": "EUR"}).key
        orders.add_line(self.ctx, key, chair(self.numbers.randint(1, 900) * 100))

    def confirm(self) -> None:
        orders.confirm(self.ctx, self.one_of(Order, table(Order).c.status == "draft"))

    def cancel(self) -> None:
        self.change("orders.orders", self.one_of(Order), status="cancelled")

    def invoice(self) -> None:
        invoices.issue_invoice(self.ctx, self.one_of(Order, table(Order).c.status == "confirmed"))

    def pay(self) -> None:
        t = table(OpenItem)
        key = self.one_of(OpenItem, t.c.state == "open")
        row = self.ctx.session.execute(select(t).where(t.c.id == key)).one()
        left = row.amount_minor - row.paid_minor
        payments.register_payment(
            self.ctx, key, Money(self.numbers.choice([left, max(1, left // 2)]), row.currency)
        )

    def credit(self) -> None:
        invoices.credit_invoice(self.ctx, self.one_of(Invoice, table(Invoice).c.kind == "invoice"), "Wrong")

    def refund(self) -> None:
        t = table(OpenItem)
        payments.refund(self.ctx, self.one_of(OpenItem, t.c.state == "refund"), Money(1, "EUR"))

    def sale(self) -> None:
        values = {
            "name": "Desks", "customer": self.customer(), "close_date": "2027-01-01", "next_step": "Call",
            "value": {"minor": self.numbers.randint(1, 99) * 1000, "currency": self.numbers.choice(["EUR", "USD"])},
        }  # fmt: skip
        editing.create(self.ctx, self.ctx.assembly.resource("sales.opportunities"), values)

    def move_sale(self) -> None:
        what = self.numbers.choice(
            [
                {"stage": "won"},
                {"stage": "lost", "lost_reason": "Price"},
                {"stage": "proposal"},
                {"customer": self.customer()},
            ]
        )
        self.change("sales.opportunities", self.one_of(Opportunity), **what)

    def ticket(self) -> None:
        tickets.open_ticket(self.ctx, {"subject": "It wobbles", "customer": self.customer()})

    def move_ticket(self) -> None:
        what = self.numbers.choice([{"status": "solved"}, {"status": "open"}, {"customer": self.customer()}])
        self.change("service.tickets", self.one_of(Ticket), **what)

    def answer(self) -> None:
        ticket = self.ctx.session.get(Ticket, self.one_of(Ticket, table(Ticket).c.status == "solved"))
        assert ticket is not None
        surveys.answer_ticket(self.ctx, ticket, str(self.numbers.randint(1, 5)), "")

    def away(self) -> None:
        key, model = self._kind()
        some = {self.one_of(model, table(model).c.trashed_at.is_(None)) for _ in range(3)}
        editing.trash(self.ctx, self.ctx.assembly.resource(key), sorted(some))

    def back(self) -> None:
        key, model = self._kind()
        record = self.one_of(model, table(model).c.trashed_at.is_not(None))
        editing.restore(self.ctx, self.ctx.assembly.resource(key), [record])

    def _kind(self) -> tuple[str, Any]:
        kinds: list[tuple[str, Any]] = [("sales.opportunities", Opportunity), ("service.tickets", Ticket)]
        return self.numbers.choice(kinds)

    def merge(self) -> None:
        merging.merge(self.ctx, self.customer(), self.customer())

    def split(self) -> None:
        splitting.split(self.ctx, self.one_of(MergeJournal, table(MergeJournal).c.split_at.is_(None)))


def differences(ctx: Context) -> list[Any]:
    return [one for _module, item in ctx.assembly.customer_fields for one in facts.check(ctx, item)]


def wanted(customer: int) -> dict[str, Any]:
    value = {"minor": 1000, "currency": "EUR"}
    return {
        "name": "Desks",
        "customer": customer,
        "close_date": "2027-01-01",
        "next_step": "Call",
        "value": value,
    }


def test_facts_of_forty_customers_are_kept_in_as_many_statements_as_of_two(assembly: Assembly) -> None:
    customers = [make_customer(assembly, f"Firm {number}", "organisation") for number in range(42)]
    resource = assembly.resource("sales.opportunities")
    with working(assembly) as ctx:
        ids = [editing.create(ctx, resource, wanted(customer)).key for customer in customers]
    counted = []
    for some in (ids[:2], ids[2:]):
        with statement_count() as count, working(assembly) as ctx:
            editing.change_many(
                ctx, resource, {key: {"value": {"minor": 2000, "currency": "EUR"}} for key in some}
            )
        counted.append(count.total)
    assert counted[0] == counted[1] <= 24
    with working(assembly) as ctx:
        t = table(CustomerSales)
        assert set(ctx.session.execute(select(t.c.open_value_minor)).scalars()) == {2000}


def test_what_is_undone_leaves_no_facts_to_keep(assembly: Assembly) -> None:
    """A customer made and undone is not there when the facts are written, nor is one removed meanwhile."""
    resource, c = assembly.resource("sales.opportunities"), table(Customer)

    def make(ctx: Context, name: str) -> int:
        made = editing.create(ctx, assembly.resource("customers"), {"kind": "person", "name": name})
        editing.create(ctx, resource, wanted(made.key))
        return int(made.key)

    with working(assembly) as ctx:
        with suppress(Invalid), savepoint(ctx.session):
            make(ctx, "Undone")
            raise Invalid("Undone.")
        assert not ctx.session.info.get(BEFORE_COMMIT)
        make(ctx, "Undone too")
        ctx.session.rollback()
        assert not ctx.session.info.get(BEFORE_COMMIT)
        kept = make(ctx, "Kept")
        facts.mark(ctx, resource.key, [kept, kept + 100])
    with working(assembly) as ctx:
        assert ctx.session.execute(select(c.c.id)).scalars().all() == [kept]
        assert ctx.session.execute(select(table(CustomerSales).c.customer_id)).scalars().all() == [kept]
        assert differences(ctx) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_fact_holds_as_of_the_last_that_is_in_it(assembly: Assembly) -> None:
    """Work that looks back, as an import of history does, may be noted in any order."""
    customer, resource = make_customer(assembly, "Ada"), assembly.resource("sales.opportunities")
    with working(assembly) as ctx:
        for days in (400, 10, 90):
            then = replace(ctx, now=ctx.now - timedelta(days=days))
            editing.create(then, resource, wanted(customer))
        last = ctx.now - timedelta(days=10)
    with working(assembly) as ctx:
        assert ctx.session.execute(select(table(CustomerSales).c.as_of)).scalar_one() == last


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_was_noted_before_a_merge_counts_for_who_stays(assembly: Assembly) -> None:
    one, other = make_customer(assembly, "One"), make_customer(assembly, "Other")
    with working(assembly) as ctx:
        editing.create(ctx, assembly.resource("sales.opportunities"), wanted(other))
        merge_id = merging.merge(ctx, one, other)
    with working(assembly) as ctx:
        assert differences(ctx) == []
        splitting.split(ctx, merge_id)
        assert differences(ctx) == []


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)]
)
def test_what_is_kept_equals_what_is_defined_whatever_happens(assembly: Assembly, seed: int) -> None:
    for number in range(5):
        make_customer(assembly, f"Firm {number}", "organisation")
    numbers, done = random.Random(seed), []
    for _ in range(60):
        with working(assembly) as ctx:
            firm = Firm(ctx, numbers)
            done += [firm.happen() for _ in range(2)]
        with assembly.database.read() as session:
            assert differences(Context(session, assembly)) == [], done
    with working(assembly) as ctx:
        known = {module: 0 for module, item in assembly.customer_fields if item.define}
        for module, item in assembly.customer_fields:
            if item.define and item.sources:
                known[module] = len(ctx.session.execute(select(table(item.model).c.id)).all())
                assert facts.rebuild(ctx, item) == 0
        assert min(known["orders"], known["sales"], known["service"]) >= 4
    assert len(set(done)) > 15


def test_a_segment_asks_three_modules_at_once_and_the_page_says_what_is_known(assembly: Assembly) -> None:
    good, other = (make_customer(assembly, name, "organisation") for name in ("Good Ltd", "Other Ltd"))
    with working(assembly) as ctx:
        sale = {
            "name": "Desks", "customer": good, "close_date": "2027-01-01", "next_step": "Call",
            "value": {"minor": 500_000, "currency": "EUR"},
        }  # fmt: skip
        editing.create(ctx, assembly.resource("sales.opportunities"), sale)
        sell(ctx, good, 45_000)
        for customer in (good, other):
            tickets.open_ticket(ctx, {"subject": "It wobbles", "customer": customer})
    asked = {
        "orders.lifetime": {"ge": 40_000}, "orders.last_order_on": {"ge": {"days": -1}},
        "sales.open_opportunities": 1, "sales.open_value": {"gt": 100_000}, "service.open_tickets": {"ge": 1},
        "service.last_satisfaction": None,
    }  # fmt: skip
    with working(assembly) as ctx:
        found = read_page(ctx, assembly.resource("customers"), Listing(filter=asked)).items
        assert [row["name"] for row in found] == ["Good Ltd"]
        segment = {"name": "Good ones", "condition": asked}
        key = editing.create(ctx, assembly.resource("marketing.segments"), segment).key
    with app_client(assembly) as client:
        signed_in(client, "admin")
        seller = make_user(assembly, "")
        grants = {
            "customers.read": Scope.ALL,
            "service.tickets.read": Scope.ALL,
            "sales.opportunities.read": Scope.OWN,
        }
        with working(assembly) as ctx:
            mine = ctx.acting_as(Actor("user", seller, grants=grants))
            panel = facts.panel(mine, editing.load(ctx, assembly.resource("customers"), good))
        assert panel is not None
        told = [declared.name for group in panel.data["groups"] for declared, _ in group["facts"]]
        assert "open_tickets" in told
        assert "open_value" not in told, "as in a filter, only of customers within the scope"
        page = client.get(f"/customers/{good}").text
        assert 'data-panel="core.facts"' in page
        for said in (
            "At a glance",
            "Lifetime value",
            "€450.00",
            "Open opportunities",
            "Open tickets",
            "As of",
        ):
            assert said in page, said
        assert "Good Ltd" in client.get(f"/marketing/segments/{key}").text


def test_facts_without_sources_are_refused(assembly: Assembly) -> None:
    for module, item in assembly.customer_fields:
        assert list(_misfits(module, item)) == []
        if item.define is not None:
            (reason,) = _misfits(module, replace(item, sources=()))
            assert "no source says when it changes" in reason


def test_facts_that_went_wrong_are_found_and_mended(assembly: Assembly) -> None:
    customer = make_customer(assembly, "Good Ltd", "organisation")
    with working(assembly) as ctx:
        tickets.open_ticket(ctx, {"subject": "It wobbles", "customer": customer})
    item = next(item for module, item in assembly.customer_fields if module == "service")
    with working(assembly) as ctx:
        ctx.session.execute(table(item.model).update().values(open_tickets=9))
        assert [(one.fact, one.stored, one.defined) for one in facts.check(ctx, item)] == [
            ("open_tickets", 9, 1)
        ]
        assert facts.rebuild(ctx, item) == 1
        assert list(facts.check(ctx, item)) == []


def test_what_is_owed_opens_to_rows_that_sum_to_it(assembly: Assembly) -> None:
    customer = make_customer(assembly, "Good Ltd", "organisation")
    with working(assembly) as ctx:
        for number, price in enumerate((100_00, 200_00)):
            sell(ctx, customer, price, number)
        t = table(Order)
        for order in ctx.session.execute(select(t.c.id)).scalars().all():
            invoices.issue_invoice(ctx, order)
        first = (
            ctx.session.execute(select(table(OpenItem).c.id).order_by(table(OpenItem).c.id)).scalars().first()
        )
        payments.register_payment(ctx, first, Money(19_00, "EUR"))
    with app_client(assembly) as client:
        signed_in(client, "admin")
        page = client.get("/insights/orders.owed").text
    for said in ("€338.00", "€100.00", "€238.00"):
        assert said in page, said
    assert "€119.00" not in page


@pytest.mark.parametrize("engine_name", ["sqlite"])  # it is reckoned over what was read
def test_the_digest_tells_when_a_fact_was_found_unless_that_is_left_out(assembly: Assembly) -> None:
    customer = make_customer(assembly, "Ada")
    with working(assembly) as ctx:
        sell(ctx, customer, 10_00)
    without, t = ("as_of",), next(t for m, t in _kept(assembly) if m == "orders")
    with working(assembly) as ctx:
        whole, rest = digest_of(ctx), digest_of(ctx, without=without)
        ctx.session.execute(update(t).values(as_of=ctx.now - timedelta(days=1)))
        assert [name for name, said in digest_of(ctx).items() if said != whole[name]] == [t.name]
        assert digest_of(ctx, without=without) == rest


def _kept(assembly: Assembly) -> Iterator[tuple[str, Any]]:
    """The tables of facts, with the module of each."""
    return ((module, table(item.model)) for module, item in assembly.customer_fields)
