"""``patron reckon``: stages and data quality of all customers now, instead of at the next daily run."""

from __future__ import annotations

import click

from patron.cli.common import as_json, get_assembly, print_result, reading
from patron.reckoning import quality, stages
from patron.reckoning.scoring import WEIGHTS
from patron.reckoning.working import reckon_all


@click.command()
@as_json
def reckon(json_output: bool) -> None:
    """Reckon the stage and the data quality of every customer, and say how many are in each and how good it is."""
    assembly = get_assembly()
    reckon_all(assembly)
    with reading(assembly) as ctx:
        counted = stages.counts(ctx)
        whole = quality.base(ctx)["whole"] or {}
    said = {name: counted[name] for name in stages.STAGES}
    said |= {name: whole[name] for name in ("score", *WEIGHTS) if name in whole}
    print_result(said, json_output)
