"""Whatever a module's part of a hook does wrong stays its own trouble: every hook, every fault, strict and not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.customers.models import Customer
from patron.db import Database
from patron.digest import digest_of
from patron.hookspecs import ANSWERS, ITEMS, MODES, hookimpl
from patron.plugins import Failure, PluginFailed
from patron.testing.faces import app_client, make_customer, settings_for, signed_in, working
from sqlalchemy import text

AT_START = [name for name, mode in MODES.items() if mode == "refuse"]
ON_PAGES = [name for name, mode in MODES.items() if mode == "skip"]
IN_TRANSACTIONS = [name for name, mode in MODES.items() if mode == "abort"]
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
}
PATIENCE = 0.5  # seconds: far more than a statement of these tests takes that is not slow on purpose
ARGUMENTS: dict[str, Any] = {
    "customers": [], "survivor_id": 1, "merged_id": 2, "customer_id": 1, "journal": [],
}  # fmt: skip


def faulty(hooks: Sequence[str], fault: str) -> SimpleNamespace:
    """A module whose implementations of those hooks fail in one way."""

    def implementation(ctx: Context | None = None) -> Any:
        if fault == "raises":
            raise RuntimeError("a fault made for this test")
        if ctx is not None and fault == "sends bad SQL":
            ctx.session.execute(text("SELECT nothing FROM nowhere_at_all"))
        if ctx is not None and fault == "is too slow":
            ctx.session.execute(text(SLOW[ctx.assembly.database.dialect])).all()
        return [object()]

    def at_start() -> Any:
        return implementation()

    def later(ctx: Context) -> Any:
        return implementation(ctx)

    made: dict[str, Any] = {hook: hookimpl(at_start if hook in AT_START else later) for hook in hooks}
    return SimpleNamespace(**made, __package__="")


def assembled(
    database: Database, hooks: Sequence[str], fault: str, tmp_path: Path, strict: bool = False
) -> Assembly:
    settings = settings_for(database, folder=str(tmp_path), strict=strict)
    made = assemble(settings, {"faulty": faulty(hooks, fault), "fine": SimpleNamespace(__package__="")})
    after_migration(made)
    made.database.dispose()
    made.database = Database(database.url, statement_timeout=PATIENCE)
    return made


def arguments_of(ctx: Context, hook: str) -> dict[str, Any]:
    """What the hook is given beside the context."""
    names = getattr(ctx.assembly.hooks.manager.hook, hook).spec.argnames
    customer, resource = ctx.session.get(Customer, 1), ctx.assembly.resource("customers")
    known = {**ARGUMENTS, "customer": customer, "record": customer, "resource": resource}
    return {name: known[name] for name in names if name != "ctx"}


@pytest.mark.parametrize("engine_name", ["sqlite"])  # nothing is asked of the database
@pytest.mark.parametrize("fault", ["raises", "returns a wrong type"])
def test_at_start_the_module_is_left_out_alone(database: Database, tmp_path: Path, fault: str) -> None:
    for hook in AT_START:
        assembly = assembled(database, [hook], fault, tmp_path)
        reasons = {plugin.name: plugin.refused for plugin in assembly.plugins}
        assert hook in reasons["faulty"], hook
        assert reasons["fine"] == ""
        with pytest.raises(Exception, match=r"fault made|where .* belongs|returned"):
            assembled(database, [hook], fault, tmp_path, strict=True)


@pytest.mark.parametrize("fault", ["raises", "sends bad SQL", "returns a wrong type", "is too slow"])
def test_on_a_page_its_part_is_left_out(database: Database, tmp_path: Path, fault: str) -> None:
    assembly = assembled(database, ON_PAGES, fault, tmp_path)
    make_customer(assembly)
    for hook in ON_PAGES:
        assembly.hooks.strict = False
        with assembly.database.read() as session:
            ctx = Context(session, assembly)
            with pytest.raises(PluginFailed) as failed:
                assembly.hooks.display(ctx, hook, **arguments_of(ctx, hook))
        with assembly.database.read() as session:
            ctx = Context(session, assembly)
            ctx.cache["left_out"] = {failed.value.plugin: failed.value.incident}
            shown = assembly.hooks.display(ctx, hook, **arguments_of(ctx, hook))
            assert ("faulty", Failure("faulty", failed.value.incident)) in shown
        assembly.hooks.strict = True
        with assembly.database.read() as session:
            ctx = Context(session, assembly)
            given = arguments_of(ctx, hook)
            with pytest.raises(Exception) as strict:  # noqa: PT011 - whatever the fault raises
                assembly.hooks.display(ctx, hook, **given)
        assert not isinstance(strict.value, PluginFailed)
    assembly.database.dispose()


def state(database: Database, assembly: Assembly) -> Any:
    """What the database holds, looked at without the assembly's short patience."""
    with database.read() as session:
        return digest_of(Context(session, assembly))


def change_and_call(assembly: Assembly, hook: str) -> None:
    """A unit of work that has changed something when it comes to the hook."""
    with working(assembly) as ctx:
        ctx.session.execute(text("UPDATE core_brand SET name = 'changed'"))
        assembly.hooks.transact(ctx, hook, **arguments_of(ctx, hook))


@pytest.mark.parametrize("fault", ["raises", "sends bad SQL", "returns a wrong type", "is too slow"])
def test_in_a_transaction_everything_is_undone(database: Database, tmp_path: Path, fault: str) -> None:
    assembly = assembled(database, IN_TRANSACTIONS, fault, tmp_path)
    before = state(database, assembly)
    for hook in IN_TRANSACTIONS:
        if fault == "returns a wrong type" and not (ITEMS[hook] or ANSWERS[hook] is not object):
            continue  # what it returns is not looked at
        with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever the fault raises
            change_and_call(assembly, hook)
        assert not isinstance(raised.value, AssertionError)
        assert state(database, assembly) == before, hook
    assembly.database.dispose()


@pytest.fixture
def broken_page(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    made = assembled(database, ["home_panels"], "raises", tmp_path)
    yield made
    made.database.dispose()


def test_the_page_stands_and_says_which_part_is_missing(broken_page: Assembly) -> None:
    with app_client(broken_page) as client:
        signed_in(client)
        answer = client.get("/")
    assert answer.status_code == 200
    assert "data-panel-failed" in answer.text
    assert "a fault made for this test" not in answer.text


def test_after_three_failures_in_a_minute_a_part_rests_for_a_minute(
    broken_page: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    hooks = broken_page.hooks
    hooks.clock = lambda: now
    tries: list[float] = []
    original = hooks._invoke

    def counted(hook: str, impl: Any, arguments: Any) -> Any:
        if impl.plugin_name == "faulty":
            tries.append(now)
        return original(hook, impl, arguments)

    monkeypatch.setattr(hooks, "_invoke", counted)
    with app_client(broken_page) as client:
        signed_in(client)
        for _ in range(5):
            assert client.get("/").status_code == 200
            now += 5
        assert tries == [1000.0, 1005.0, 1010.0], "it rests after the third failure"
        now += 60
        tries.clear()
        client.get("/")
        assert tries == [now], "and is tried again after a minute"


def test_what_hangs_is_ended_by_the_watchdog() -> None:
    """An endless loop in a part can only be ended with its process: the watchdog says so in time."""
    from patron.serving import Watchdog

    ended: list[float] = []
    watchdog = Watchdog(0.4, end=lambda: ended.append(time.monotonic()))
    watchdog.start()
    with watchdog.watching():
        time.sleep(0.2)
    time.sleep(0.5)
    assert ended == [], "what ends in time is left alone"
    began = time.monotonic()
    with watchdog.watching():
        time.sleep(1.0)
    watchdog.stop()
    assert ended
    assert 0.4 <= ended[0] - began < 1.0


def test_a_customer_can_be_shown_while_every_display_hook_fails(database: Database, tmp_path: Path) -> None:
    assembly = assemble(
        settings_for(database, folder=str(tmp_path)),
        {f"faulty{index}": faulty([hook], "raises") for index, hook in enumerate(ON_PAGES)},
    )
    after_migration(assembly)
    customer_id = make_customer(assembly)
    with app_client(assembly) as client:
        signed_in(client)
        assert client.get(f"/customers/{customer_id}").status_code == 200
        assert client.get("/").status_code == 200
