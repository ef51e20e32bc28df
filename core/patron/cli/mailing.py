"""``patron mail``: what Patron makes of a message."""

from __future__ import annotations

from pathlib import Path

import click

from patron.cli.common import as_json, print_json, print_result
from patron.interactions.mail.parsing import as_json as described
from patron.interactions.mail.parsing import parse as parse_mail


@click.group()
def mail() -> None:
    """Mail."""


@mail.command("parse")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def parse(file: Path, json_output: bool) -> None:
    """Say how a message is read: threading, visible text, robots, bounces, attachments."""
    found = described(parse_mail(file.read_bytes()))
    if json_output:
        print_json(found)
    else:
        print_result(found, False)
