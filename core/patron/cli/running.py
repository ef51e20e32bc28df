"""Running: ``serve``, ``worker``, ``events``."""

from __future__ import annotations

from datetime import datetime

import click

from patron.cli.common import as_json, print_json, print_result, print_table, reading, unit_of_work
from patron.settings import load_settings


@click.command()
@click.option("--host", default=None)
@click.option("--port", default=None, type=int)
@click.option("--workers", default=None, type=int, help="Web processes.")
@click.option("--worker/--no-worker", "with_worker", default=True, help="Run the worker beside them.")
def serve(host: str | None, port: int | None, workers: int | None, with_worker: bool) -> None:
    """Serve the web and, beside it, one worker; both are kept alive until this is told to stop."""
    from patron.serve import serve as run

    run(load_settings(host=host, port=port), workers, with_worker)


@click.command()
@click.option("--executor-id", default=None, help="Unique for each worker of a database.")
def worker(executor_id: str | None) -> None:
    """Run a worker: event handlers, scheduled jobs, mail. A second one with the same id refuses to start."""
    from patron.worker.process import run_worker

    run_worker(load_settings(), executor_id)


@click.group()
def events() -> None:
    """Events and their deliveries."""


@events.command("status")
@as_json
def events_status(json_output: bool) -> None:
    """How many deliveries are due, done, parked and dead, for each handler."""
    from patron.events import counts

    with reading() as ctx:
        rows = counts(ctx)
    if json_output:
        print_json(rows)
    else:
        print_table(("handler", "state", "deliveries"), [list(row.values()) for row in rows])


@events.command("dead")
@click.option("--limit", default=100, show_default=True)
@as_json
def dead(limit: int, json_output: bool) -> None:
    """The deliveries that were given up, and why. ``patron events rerun ID`` tries one again."""
    from patron.events import stuck

    with reading() as ctx:
        letters = stuck(ctx, limit=limit)
    rows = [
        {
            "id": letter.id,
            "handler": letter.handler,
            "event": letter.event.name,
            "attempts": letter.attempts,
            "error": letter.error if json_output else letter.error.partition("\n")[0],
        }
        for letter in letters
    ]
    if json_output:
        print_json(rows)
    else:
        print_table(("id", "handler", "event", "attempts", "error"), [list(row.values()) for row in rows])


@events.command("rerun")
@click.argument("delivery_ids", nargs=-1, type=int)
@as_json
def rerun(delivery_ids: tuple[int, ...], json_output: bool) -> None:
    """Run dead deliveries again: those named, or all."""
    from patron.events import rerun as again

    with unit_of_work() as ctx:
        number = again(ctx, delivery_ids or None)
    print_result({"rerun": number}, json_output)


@events.command("replay")
@click.argument("handler")
@click.option("--since", required=True, type=click.DateTime())
@as_json
def replay(handler: str, since: datetime, json_output: bool) -> None:
    """Deliver past events to a handler that did not see them."""
    from datetime import UTC

    from patron.events import replay as again

    with unit_of_work() as ctx:
        number = again(ctx, handler, since.replace(tzinfo=UTC))
    print_result({"replayed": number}, json_output)
