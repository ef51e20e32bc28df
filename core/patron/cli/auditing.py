"""The audit on the command line: ``patron audit verify``."""

from __future__ import annotations

import click

from patron.accounts import sealing
from patron.cli.common import as_json, print_result, unit_of_work


@click.group()
def audit() -> None:
    """The audit: who did what, sealed against tampering."""


@audit.command("verify")
@as_json
def verify(json_output: bool) -> None:
    """Go through the sealed audit from its first row; fails at the first one that was changed or is gone."""
    with unit_of_work() as ctx:
        verdict = sealing.verify(ctx)
    print_result(
        {"checked": verdict.checked, "broken_at": verdict.broken_at, "reason": verdict.reason}, json_output
    )
    if not verdict.holds:
        raise click.ClickException(f"The audit does not hold at row {verdict.broken_at}: {verdict.reason}.")
