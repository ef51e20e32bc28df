"""Deliveries: once, in order, retried, given up, parked and taken back, on both engines."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from patron import events
from patron.assembly import Assembly, Live
from patron.context import Context
from patron.contributions import Handler
from patron.db import Database
from patron.records import table, utc_now
from patron.system.models import Delivery
from patron.worker import drain as drain_module
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from sqlalchemy import select, text
from sqlmodel import col


def load_probe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("worker_probe", Path(__file__).with_name("worker_probe.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


probe = load_probe()


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    probe.make_table(database)
    made = probe.probe_assembly(database.url, str(tmp_path))
    yield made
    made.database.dispose()


@pytest.fixture
def drain(assembly: Assembly) -> Drain:
    return Drain(assembly, Watch(lambda ids: None, 20), back_off=lambda attempts: timedelta(0))


def publish(
    assembly: Assembly, *payloads: dict[str, Any], customer_id: int | None = 1, name: str = ""
) -> list[int]:
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        ids = [
            events.publish(ctx, name or "probe.happened", item, customer_id=customer_id) for item in payloads
        ]
    return [event_id for event_id in ids if event_id is not None]


def effects(assembly: Assembly, handler: str) -> list[int]:
    query = text("SELECT event_id FROM probe_effect WHERE handler = :handler ORDER BY id")
    with assembly.database.read() as session:
        return list(session.execute(query, {"handler": handler}).scalars())


def states(assembly: Assembly, handler: str) -> list[str]:
    query = select(Delivery).where(col(Delivery.handler) == handler).order_by(col(Delivery.event_id))
    with assembly.database.read() as session:
        return [delivery.state for delivery in session.execute(query).scalars()]


def doing(assembly: Assembly, act: Callable[[Context], int]) -> int:
    with assembly.database.write() as session:
        return act(Context(session, assembly))


def test_each_handler_gets_each_event_once(assembly: Assembly, drain: Drain) -> None:
    ids = publish(assembly, {}, {}, {})
    drain.run()
    drain.run()
    assert effects(assembly, "probe.each") == ids
    assert effects(assembly, "probe.ordered") == ids
    assert effects(assembly, "probe.batch") == []


def test_a_muted_context_publishes_nothing(assembly: Assembly) -> None:
    with assembly.database.write() as session:
        assert events.publish(Context(session, assembly, muted=True), "probe.happened") is None
    assert states(assembly, "probe.each") == []


def test_a_handler_gets_the_event_as_published(assembly: Assembly, drain: Drain) -> None:
    seen: list[events.Event] = []
    assembly.handlers["probe.each"] = Handler("each", "probe.happened", lambda ctx, event: seen.append(event))
    [event_id] = publish(assembly, {"amount": 12, "name": "Ä"}, customer_id=7)
    drain.run()
    assert (seen[0].id, seen[0].name, seen[0].customer_id) == (event_id, "probe.happened", 7)
    assert seen[0].payload == {"amount": 12, "name": "Ä"}
    assert seen[0].actor == {"kind": "job", "id": None, "name": "Patron"}
    assert seen[0].at.utcoffset() == timedelta(0)


def test_a_failing_delivery_leaves_no_effect_and_ends_as_a_dead_letter(
    assembly: Assembly, drain: Drain
) -> None:
    def half(ctx: Context, event: events.Event) -> None:
        ctx.session.execute(text(f"{probe.INSERT} ('half', 0, 0)"))
        raise ValueError("no luck")

    assembly.handlers = {"probe.each": Handler("each", "probe.happened", half)}
    publish(assembly, {})
    drain.run()
    assert effects(assembly, "half") == []
    with assembly.database.read() as session:
        [dead] = session.execute(select(Delivery)).scalars()
    assert (dead.state, dead.attempts) == ("dead", drain_module.MAX_ATTEMPTS)
    assert dead.error.startswith("ValueError: no luck")


def test_a_dead_letter_can_be_run_again(assembly: Assembly, drain: Drain) -> None:
    [event_id] = publish(assembly, {"poison": 1})
    drain.run()
    assembly.handlers["probe.each"] = Handler(
        "each", "probe.happened", lambda ctx, e: probe.note(ctx, replace(e, payload={}))
    )
    assert doing(assembly, events.rerun) == 2
    drain.run()
    assert effects(assembly, "probe.each") == [event_id]
    assert (states(assembly, "probe.each"), states(assembly, "probe.ordered")) == (["done"], ["dead"])


def test_bad_sql_in_one_delivery_spares_the_others(assembly: Assembly, drain: Drain) -> None:
    def wrong(ctx: Context, event: events.Event) -> None:
        if event.payload.get("wrong"):
            ctx.session.execute(text("SELECT nothing FROM nowhere"))
        probe.note(ctx, event)

    assembly.handlers = {"probe.each": Handler("each", "probe.happened", wrong)}
    first, _, last = publish(assembly, {}, {"wrong": 1}, {})
    drain.run()
    assert effects(assembly, "probe.each") == [first, last]
    assert states(assembly, "probe.each") == ["done", "dead", "done"]


def test_a_dead_letter_blocks_only_later_ones_of_its_customer_where_ordered(
    assembly: Assembly, drain: Drain
) -> None:
    first, _bad, later = publish(assembly, {}, {"poison": 1}, {}, customer_id=1)
    [other] = publish(assembly, {}, customer_id=2)
    nobodys = publish(assembly, {"poison": 1}, {}, customer_id=None)
    drain.run()
    assert effects(assembly, "probe.ordered") == [first, other, nobodys[1]]
    assert effects(assembly, "probe.each") == [first, later, other, nobodys[1]]
    assert drain.due() == []


def test_order_holds_while_an_earlier_one_waits_to_be_tried_again(assembly: Assembly) -> None:
    patient = Drain(assembly, Watch(lambda ids: None, 20), back_off=lambda attempts: timedelta(hours=1))
    publish(assembly, {"poison": 1}, {}, {})
    patient.run()
    assert effects(assembly, "probe.ordered") == []
    assert states(assembly, "probe.ordered") == ["due", "due", "due"]


def test_a_batch_handler_gets_lists_and_a_culprit_fails_alone(assembly: Assembly, drain: Drain) -> None:
    sizes: list[int] = []

    def note_sizes(ctx: Context, batch: list[events.Event]) -> None:
        sizes.append(len(batch))
        probe.note_all(ctx, batch)

    assembly.handlers["probe.batch"] = Handler("batch", "probe.batched", note_sizes, batch=True)
    good = publish(assembly, {}, {}, name="probe.batched")
    drain.run()
    assert (sizes, effects(assembly, "probe.batch")) == ([2], good)
    first, _, last = publish(assembly, {}, {"poison": 1}, {}, name="probe.batched")
    drain.run()
    assert effects(assembly, "probe.batch") == [*good, first, last]


def test_a_transaction_that_fails_as_a_whole_is_charged_to_its_first_delivery(
    assembly: Assembly, drain: Drain
) -> None:
    def closes(ctx: Context, event: events.Event) -> None:
        if event.payload.get("cut"):
            driver = ctx.session.connection().connection.dbapi_connection
            assert driver is not None
            driver.close()
        probe.note(ctx, event)

    assembly.handlers = {"probe.each": Handler("each", "probe.happened", closes)}
    _, second = publish(assembly, {"cut": 1}, {})
    drain.run()
    assert effects(assembly, "probe.each") == [second]
    assert states(assembly, "probe.each") == ["dead", "done"]


def test_deliveries_of_an_absent_module_are_parked_and_taken_back(assembly: Assembly, drain: Drain) -> None:
    handlers = assembly.handlers
    [event_id] = publish(assembly, {})
    assembly.handlers = {}
    drain.run()
    assert states(assembly, "probe.each") == ["parked"]
    assembly.handlers = handlers
    drain.settle()
    drain.run()
    assert effects(assembly, "probe.each") == [event_id]


def test_a_disabled_module_gets_its_events_when_it_is_enabled(assembly: Assembly, drain: Drain) -> None:
    assembly.live = Live(disabled=frozenset({"probe"}))
    publish(assembly, {})
    drain.run()
    assert (states(assembly, "probe.each"), effects(assembly, "probe.each")) == (["parked"], [])
    assembly.live = Live()
    assert doing(assembly, lambda ctx: events.unpark(ctx, "probe")) == 2
    assert doing(assembly, lambda ctx: events.park(ctx, "pro")) == 0
    drain.run()
    assert states(assembly, "probe.each") == ["done"]


def test_a_new_handler_can_replay_what_it_missed(assembly: Assembly, drain: Drain) -> None:
    ids = publish(assembly, {}, {})
    drain.run()
    assembly.handlers["probe.new"] = Handler("new", "probe.happened", probe.note)
    since = utc_now() - timedelta(hours=1)
    assert doing(assembly, lambda ctx: events.replay(ctx, "probe.new", since)) == 2
    assert doing(assembly, lambda ctx: events.replay(ctx, "probe.new", since)) == 0
    assert doing(assembly, lambda ctx: events.replay(ctx, "probe.new", utc_now())) == 0
    drain.run()
    assert effects(assembly, "probe.new") == ids


def test_what_was_running_when_the_worker_died_pays_an_attempt(assembly: Assembly, drain: Drain) -> None:
    publish(assembly, {})
    with assembly.database.read() as session:
        t = table(Delivery)
        [delivery_id] = session.execute(select(t.c.id).where(t.c.handler == "probe.each")).scalars()
    for _ in range(drain_module.MAX_ATTEMPTS):
        drain.settle([delivery_id])
    assert (states(assembly, "probe.each"), states(assembly, "probe.ordered")) == (["dead"], ["due"])


def test_two_drains_at_once_deliver_once(assembly: Assembly) -> None:
    publish(assembly, *({} for _ in range(300)))
    drains = [Drain(assembly, Watch(lambda ids: None, 20)) for _ in range(3)]
    threads = [threading.Thread(target=item.run) for item in drains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(effects(assembly, "probe.each")) == sorted(set(effects(assembly, "probe.each")))
    assert len(effects(assembly, "probe.each")) == 300
    assert effects(assembly, "probe.ordered") == sorted(effects(assembly, "probe.ordered"))
    assert len(effects(assembly, "probe.ordered")) == 300


def test_the_backlog_is_counted_and_dead_letters_say_why(assembly: Assembly, drain: Drain) -> None:
    [bad] = publish(assembly, {"poison": 1})
    assembly.live = Live(disabled=frozenset({"probe"}))
    publish(assembly, {})
    assembly.live = Live()
    drain.run()
    publish(assembly, {}, customer_id=9)
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        assert events.backlog(ctx) == {"due": 2, "parked": 2, "dead": 2}
        letters = events.stuck(ctx)
        assert [(item.handler, item.event.id) for item in letters] == [
            ("probe.each", bad),
            ("probe.ordered", bad),
        ]
        assert letters[0].error.splitlines()[0] == "ValueError: this event is poison"
        assert events.stuck(ctx, after=letters[0].id) == letters[1:]


def test_only_what_everybody_is_done_with_is_forgotten(assembly: Assembly, drain: Drain) -> None:
    publish(assembly, {}, {"poison": 1}, {}, customer_id=None)
    drain.run()
    assert doing(assembly, lambda ctx: events.purge(ctx, utc_now() - timedelta(days=1))) == 0
    assert doing(assembly, lambda ctx: events.purge(ctx, utc_now())) == 2
    assert states(assembly, "probe.each") == ["dead"]
