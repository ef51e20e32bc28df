"""Customers that are one: ``patron duplicates scan``, ``patron merge``, ``patron split``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select

from patron.assembly import Assembly
from patron.cli.common import as_json, get_assembly, print_json, print_result, print_table, unit_of_work
from patron.customers import merging, splitting
from patron.customers.models import Customer, ExternalId
from patron.duplicates.comparing import Comparison
from patron.duplicates.saying import reason
from patron.duplicates.scanning import LEAST, keep, scan
from patron.records import table

_READ = 5_000


@click.group()
def duplicates() -> None:
    """Customers that are probably one and the same."""


@duplicates.command("scan")
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=LEAST,
              show_default=True, help="How likely two must be one to be told.")  # fmt: skip
@as_json
def scan_all(threshold: float, json_output: bool) -> None:
    """Compare all customers, tell each pair that is probably one, and put those into the queue.

    With --json a line for each pair: ids, ids in the system they came from, score from 0 to 1, reasons.
    """
    assembly = get_assembly()
    found = sorted(scan(assembly, threshold), key=lambda pair: (-pair.score, pair.a, pair.b))
    keep(assembly, [pair for pair in found if pair.score >= LEAST], complete=threshold <= LEAST)
    known = _known(assembly, sorted({side for pair in found for side in (pair.a, pair.b)}))
    if not json_output:
        rows = [
            (f"{pair.score:.0%}", *(_said(known, side) for side in (pair.a, pair.b)), _why(pair))
            for pair in found
        ]
        print_table(("likely", "customer", "and", "because"), rows)
        click.echo(f"{len(found)} pairs")
    for pair in found if json_output else ():
        print_json(
            {
                "a": pair.a,
                "b": pair.b,
                "a_external": known[pair.a][1],
                "b_external": known[pair.b][1],
                "score": round(pair.score, 4),
                "reasons": [reason(field, level) for field, level in pair.reasons],
            }
        )


def _known(assembly: Assembly, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Name, and id in the system that the customer came from (empty without one), by id."""
    c, x = table(Customer), table(ExternalId)
    found: dict[int, tuple[str, str]] = {}
    with assembly.database.read() as session:
        for start in range(0, len(ids), _READ):
            some = ids[start : start + _READ]
            external: dict[int, str] = {}
            for row in session.execute(
                select(x.c.customer_id, x.c.value).where(x.c.customer_id.in_(some)).order_by(x.c.id)
            ):
                external.setdefault(row.customer_id, row.value)
            for row in session.execute(select(c.c.id, c.c.name).where(c.c.id.in_(some))):
                found[row.id] = (row.name, external.get(row.id, ""))
    return found


def _said(known: dict[int, tuple[str, str]], customer: int) -> str:
    return f"{known[customer][0]} ({customer})"


def _why(pair: Comparison) -> str:
    return ", ".join(reason(field, level) for field, level in pair.reasons)


@click.command("merge")
@click.argument("survivor", type=int)
@click.argument("other", type=int)
@click.option(
    "--take",
    multiple=True,
    type=click.Choice(list(merging.CHOICES)),
    help="A value of OTHER that is to stay.",
)
@as_json
def merge_two(survivor: int, other: int, take: tuple[str, ...], json_output: bool) -> None:
    """Make one customer of two: SURVIVOR stays, OTHER becomes part of it. `patron split` undoes it."""
    with unit_of_work() as ctx:
        merge_id = merging.merge(ctx, survivor, other, take or None)
    print_result({"merge_id": merge_id, "survivor": survivor}, json_output)


@click.command("split")
@click.argument("merge_id", type=int)
@click.option("--plan", is_flag=True, help="Say what would go where, and change nothing.")
@as_json
def split_again(merge_id: int, plan: bool, json_output: bool) -> None:
    """Undo a merge: two customers again. What came since goes to the side that it came by."""
    with unit_of_work() as ctx:
        if plan:
            print_result(_planned(splitting.plan(ctx, merge_id)), json_output)
            return
        restored = splitting.split(ctx, merge_id)
    print_result({"merge_id": merge_id, "restored": restored}, json_output)


def _planned(plan: splitting.Plan) -> dict[str, Any]:
    """By table how many rows go back, go along and stay; values that stay as they are; how many mails went out."""
    return {
        "moved": {one["table"]: len(one["ids"]) for one in plan.merge["moved"]},
        "goes": {one.table: n for one in plan.arrivals if (n := sum(bool(row.because) for row in one.rows))},
        "stays": {one.table: n for one in plan.arrivals if (n := sum(not row.because for row in one.rows))},
        "edited": list(plan.edited),
        "sent": len(plan.sent),
    }
