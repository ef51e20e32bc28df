"""What every module promises, as tests that a module's own suite gets in three lines::

from patron.testing.contract import PluginContract

class TestContract(PluginContract):
    plugin = "loyalty"
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import inspect, select, text

from patron.assembly import Assembly, assemble, undeclared_permissions
from patron.cli.install import after_migration
from patron.context import Context
from patron.contributions import Resource
from patron.customers import erasing, merging
from patron.customers.links import links
from patron.customers.models import Customer
from patron.db import Database
from patron.digest import digest_of
from patron.hookspecs import MODES
from patron.migrate import CORE, Distribution, differences, downgrade, import_models, upgrade
from patron.plugins import discover
from patron.records import table, tables_of
from patron.resources.rules import Rules, rules_of
from patron.settings import Settings
from patron.system import plugins_service
from patron.system.models import Delivery
from patron.testing.databases import Databases
from patron.testing.faces import app_client, settings_for, signed_in, working

SCALE = 0.05  # of the sample data: some of everything
FAULTS = ("raises", "sends bad SQL", "returns a wrong type")


def broken(fault: str) -> Any:
    """An implementation of any hook that fails in one way."""

    def implementation(ctx: Any = None) -> Any:
        if fault == "raises":
            raise RuntimeError("a fault made for this test")
        if fault == "sends bad SQL" and ctx is not None:
            ctx.session.execute(text("SELECT nothing FROM nowhere_at_all"))
        return [object()] if fault == "returns a wrong type" else 7

    return implementation


def _belonging(resource: Resource) -> list[str]:
    """The fields that say whose a record is; one with all of them empty is everybody's."""
    columns = {resource.owner, resource.team, *(link.field for link in resource.links)}
    return [item.name for item in resource.fields if item.attribute in columns]


class PluginContract:
    """Migrations, prefix, permissions, isolation, faults, disable, remove, merge, erasure, statement counts."""

    plugin: ClassVar[str] = ""
    most_statements: ClassVar[int] = 20  # of a customer page with this module and what it requires

    # What the tests stand on

    @pytest.fixture
    def own(self) -> Distribution:
        """The module's distribution."""
        return next(p.migrations for p in discover((self.plugin,)) if p.name == self.plugin)

    @pytest.fixture
    def distributions(self) -> tuple[Distribution, ...]:
        """The core, what the module requires, and the module."""
        return (CORE, *(p.migrations for p in discover((self.plugin,))))

    @pytest.fixture
    def settings(self, filled: Database) -> Settings:
        return settings_for(filled, modules=(self.plugin,))

    @pytest.fixture
    def filled(
        self, engine_name: str, databases: Databases, distributions: tuple[Distribution, ...], tmp_path: Path
    ) -> Iterator[Database]:
        """A database of the test's own with the sample data of the core, the module and what it requires."""
        name = f"{self.plugin} filled"
        with databases.copied(name, engine_name, tmp_path, distributions, self._fill) as database:
            yield database

    def _fill(self, database: Database) -> None:
        with TemporaryDirectory() as folder:  # of the sample's files, which no test reads
            settings = settings_for(database, modules=(self.plugin,), folder=folder)
            assembly = assemble(settings, check_journals=False)
            after_migration(assembly)
            numbers = random.Random(1)
            for _module, sample in assembly.samples:
                with working(assembly) as ctx:
                    ctx.cache["sample scale"] = SCALE
                    sample.run(ctx, numbers)
            assembly.database.dispose()

    @pytest.fixture
    def assembled(self, settings: Settings) -> Iterator[Assembly]:
        assembly = assemble(settings)
        yield assembly
        assembly.database.dispose()

    @pytest.fixture
    def client(self, assembled: Assembly) -> Iterator[TestClient[Litestar]]:
        with app_client(assembled) as client:
            signed_in(client, "admin")
            yield client

    # Tables

    def test_migrations_go_up_and_down_and_equal_the_models(
        self, database: Database, own: Distribution
    ) -> None:
        assert differences(database, own) == []
        downgrade(database, own, "base")
        left = [
            name for name in inspect(database.engine).get_table_names() if name.startswith(f"{own.name}_")
        ]
        assert left == []
        upgrade(database, [own])
        assert differences(database, own) == []

    def test_tables_carry_the_prefix(
        self, database: Database, assembled: Assembly, own: Distribution
    ) -> None:
        import_models(own)
        models = {found.name for found in tables_of(own.package)}
        assert models >= {resource.table for resource in self._resources(assembled)}
        assert [name for name in sorted(models) if not name.startswith(own.prefix)] == []

    # Permissions

    def test_every_route_declares_a_permission_that_exists(self, assembled: Assembly) -> None:
        assert undeclared_permissions(assembled.routes, assembled.permissions) == []

    def test_nobody_sees_another_teams_rows(self, assembled: Assembly) -> None:
        """A reader of an empty team reads no record that belongs to someone."""
        with app_client(assembled) as client:
            client.headers["Accept"] = "application/json"
            signed_in(client, "reader", team="Nobody's")
            for resource in self._resources(assembled):
                columns = table(resource.model).c
                if resource.owner not in columns and not resource.links:
                    continue  # shared by all who may read it at all
                answer = client.get(f"/api/v1{resource.path}")
                assert answer.status_code in (200, 403), answer.text
                if answer.status_code == 200:
                    seen = answer.json()["items"]
                    if (
                        type(rules_of(resource)).scope is not Rules.scope
                    ):  # which may call nobody's everybody's
                        whose = _belonging(resource)
                        seen = [item for item in seen if not whose or any(map(item.get, whose))]
                    assert seen == [], resource.key

    # Faults

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_in_a_part_of_a_page_leaves_the_page(
        self, assembled: Assembly, client: TestClient[Litestar], fault: str
    ) -> None:
        customer_id = self._some_customer(assembled)
        for hook, url in (
            ("customer_panels", f"/customers/{customer_id}"),
            ("customer_actions", f"/customers/{customer_id}"),
            ("home_panels", "/"),
        ):
            with self._broken(assembled, hook, fault) as there:
                if not there:
                    continue
                answer = client.get(url)
                assert answer.status_code == 200, (hook, fault)
                if hook != "customer_actions":
                    assert "data-panel-failed" in answer.text, (hook, fault)
            assembled.hooks._failures.clear()

    @pytest.mark.parametrize("engine_name", ["sqlite"])  # nothing is asked of the database
    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_at_start_refuses_this_module_alone(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        module = next(p.module for p in discover((self.plugin,)) if p.name == self.plugin)
        for hook in [name for name, mode in MODES.items() if mode == "refuse" and hasattr(module, name)]:
            with monkeypatch.context() as patched:
                failing = broken(fault)
                failing.patron_impl = module.__dict__[hook].patron_impl
                patched.setattr(module, hook, failing)
                assembly = assemble(settings)
                states = {p.name: bool(p.refused) for p in assembly.plugins}
                assembly.database.dispose()
            assert states.pop(self.plugin) is True, hook
            assert not any(states.values()), hook

    @pytest.mark.parametrize(
        "hook", ["before_customer_merge", "check_customer_archive", "before_customer_erase"]
    )
    def test_a_fault_in_a_transaction_rolls_it_back(self, assembled: Assembly, hook: str) -> None:
        with self._broken(assembled, hook, "raises") as there:
            if not there:
                return
            before = self._digest(assembled)
            survivor, merged = self._two_customers(assembled)
            acts: dict[str, Callable[[Context], Any]] = {
                "before_customer_merge": lambda ctx: merging.merge(ctx, survivor, merged),
                "before_customer_erase": lambda ctx: erasing.erase(ctx, merged),
                "check_customer_archive": lambda ctx: ctx.assembly.hooks.transact(ctx, hook, customers=[]),
            }
            with pytest.raises(RuntimeError), working(assembled) as ctx:
                acts[hook](ctx)
            assert self._digest(assembled) == before

    # Coming and going

    def test_disabled_its_pages_go_and_its_data_stays(
        self, assembled: Assembly, client: TestClient[Litestar]
    ) -> None:
        customer_id = self._some_customer(assembled)
        urls = [resource.path for resource in self._resources(assembled)]
        before, waiting = self._digest(assembled), self._deliveries(assembled)
        self._switch(assembled, False)
        for url in urls:
            assert client.get(url).status_code == 404, url
        page = client.get(f"/customers/{customer_id}")
        assert page.status_code == 200
        assert f'data-panel="{self.plugin}.' not in page.text
        self._switch(assembled, True)
        assert [client.get(url).status_code for url in urls] == [200] * len(urls)
        after = self._digest(assembled)
        assert {name for name in after if after[name] != before[name]} <= {
            "core_plugin",
            "core_audit",
            "core_audit_value",
            "core_delivery",
        }
        # What waited for it was parked, and is due again: from now on.
        assert waiting <= self._deliveries(assembled)

    def test_it_follows_a_merge_that_it_missed(self, settings: Settings, own: Distribution) -> None:
        """Removed, then two customers are merged and one is erased, then reinstalled: its rows follow."""
        without = assemble(replace(settings, modules=()), check_journals=False)
        survivor, merged = self._linked_customers(without, own)
        rows = self._rows(without, own)
        with working(without) as ctx:
            merging.merge(ctx, survivor, merged)
        assert self._rows(without, own) == rows
        without.database.dispose()
        refused = assemble(settings)
        reasons = {p.name: p.refused for p in refused.plugins}
        needed = next(p.requires for p in refused.plugins if p.name == self.plugin)
        refused.database.dispose()
        again = assemble(settings, check_journals=False)
        after_migration(again)
        again.database.dispose()
        back = assemble(settings)
        assert {p.name: p.refused for p in back.plugins}[self.plugin] == ""
        assert reasons[self.plugin], "not in service before it has followed"
        # Refused for its own lag, or first for that of what it requires, which missed the same.
        assert any("missed" in reasons[name] for name in (self.plugin, *needed))
        with working(back) as ctx:
            for link in links(ctx, "customer"):
                if link.table_name.startswith(own.prefix):
                    t = link.clause()
                    left = ctx.session.execute(select(t.c.id).where(t.c[link.column_name] == merged)).all()
                    sets_kept = [row.id for row in left]
                    assert not sets_kept or self._kept_by_rule(ctx, link), link
        assert self._rows(back, own) == rows
        back.database.dispose()

    def test_an_erased_customer_leaves_no_trace(self, assembled: Assembly, own: Distribution) -> None:
        """Every text that erasure must blank is blank in the module's rows of that customer."""
        customer_id, _ = self._linked_customers(assembled, own)
        with working(assembled) as ctx:
            erasing.erase(ctx, customer_id)
        with working(assembled) as ctx:
            personal = [link for link in links(ctx, "personal") if link.table_name.startswith(own.prefix)]
            customer = [link for link in links(ctx, "customer") if link.table_name.startswith(own.prefix)]
            for link in personal:
                for reference in (r for r in customer if r.table_name == link.table_name):
                    t = link.clause(reference.column_name)
                    found = select(t.c[link.column_name]).where(t.c[reference.column_name] == customer_id)
                    assert {value for (value,) in ctx.session.execute(found)} <= {"", None}, link

    # Speed

    def test_the_customer_page_costs_a_fixed_number_of_statements(
        self, assembled: Assembly, own: Distribution
    ) -> None:
        assembled.settings = replace(assembled.settings, debug_statements=True)
        busy, quiet = self._linked_customers(assembled, own)
        with app_client(assembled) as client:
            signed_in(client, "admin")
            client.get(f"/customers/{busy}")
            counts = [
                int(client.get(f"/customers/{c}").headers["X-Patron-Statements"]) for c in (busy, quiet)
            ]
        assert max(counts) <= self.most_statements
        assert abs(counts[0] - counts[1]) <= 4  # names of owner and team, and parts that are empty

    # Helpers

    def _resources(self, assembly: Assembly) -> list[Any]:
        return [r for r in assembly.resources.values() if r.module == self.plugin]

    def _digest(self, assembly: Assembly) -> Mapping[str, Any]:
        with working(assembly) as ctx:
            return digest_of(ctx)

    def _deliveries(self, assembly: Assembly) -> set[tuple[int, str, str]]:
        """Event, handler and state of each delivery."""
        t = table(Delivery)
        with working(assembly) as ctx:
            return {tuple(row) for row in ctx.session.execute(select(t.c.event_id, t.c.handler, t.c.state))}

    def _switch(self, assembly: Assembly, on: bool) -> None:
        with working(assembly) as ctx:
            (plugins_service.enable if on else plugins_service.disable)(ctx, self.plugin)
        with working(assembly):
            pass  # follows the generation

    def _rows(self, assembly: Assembly, own: Distribution) -> dict[str, int]:
        names = [n for n in inspect(assembly.database.engine).get_table_names() if n.startswith(own.prefix)]
        with assembly.database.read() as session:
            return {n: session.execute(text(f'SELECT count(*) FROM "{n}"')).scalar_one() for n in names}  # noqa: S608

    def _some_customer(self, assembly: Assembly) -> int:
        return self._two_customers(assembly)[0]

    def _two_customers(self, assembly: Assembly) -> tuple[int, int]:
        t = table(Customer)
        with assembly.database.read() as session:
            ids = session.execute(
                select(t.c.id).where(t.c.trashed_at.is_(None)).order_by(t.c.id).limit(2)
            ).scalars()
            first, second = ids
            return first, second

    def _linked_customers(self, assembly: Assembly, own: Distribution) -> tuple[int, int]:
        """Two customers that the module's rows refer to, or any two where it refers to none."""
        found: list[int] = []
        with working(assembly) as ctx:
            for link in links(ctx, "customer"):
                if link.table_name.startswith(own.prefix):
                    t = link.clause()
                    c = t.c[link.column_name]
                    found += ctx.session.execute(
                        select(c).where(c.is_not(None)).distinct().limit(2)
                    ).scalars()
        unique = list(dict.fromkeys(found))
        return (unique[0], unique[1]) if len(unique) > 1 else self._two_customers(assembly)

    def _kept_by_rule(self, ctx: Context, link: Any) -> bool:
        from patron.customers.links import unique_sets

        return bool(unique_sets(ctx, link))

    @contextmanager
    def _broken(self, assembly: Assembly, hook: str, fault: str) -> Iterator[bool]:
        """The module's implementation of a hook replaced by a failing one; False when it has none."""
        impl = next((i for name, i in assembly.hooks.implementations(hook) if name == self.plugin), None)
        if impl is None:
            yield False
            return
        before = impl.function, impl.argnames
        changeable: Any = impl
        changeable.function, changeable.argnames = broken(fault), ("ctx",)
        try:
            yield True
        finally:
            changeable.function, changeable.argnames = before
