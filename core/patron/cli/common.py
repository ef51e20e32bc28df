"""What commands share: the installation's assembly, a unit of work, and printing for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.errors import PatronError
from patron.permissions import Actor, Scope
from patron.settings import CONFIG_NAME, load_settings

as_json = click.option("--json", "json_output", is_flag=True, help="Print JSON for programs.")
CLI_ACTOR = Actor(kind="job", name="Command line", grants={"*": Scope.ALL})


@cache
def get_assembly() -> Assembly:
    """The installation of the current folder, put together. SetupError says what to do when it cannot."""
    return assemble(load_settings())


def find_assembly() -> Assembly | None:
    """The installation if there is a working one here: for help texts, which must not fail without."""
    settings_exist = load_settings_exist()
    try:
        return get_assembly() if settings_exist else None
    except PatronError:
        return None


def load_settings_exist() -> bool:
    """Whether the current folder (or PATRON_HOME) is an installation."""
    import os
    from pathlib import Path

    return Path(os.environ.get("PATRON_HOME", "."), CONFIG_NAME).exists()


@contextmanager
def unit_of_work(assembly: Assembly | None = None) -> Iterator[Context]:
    """One write transaction as the command line."""
    assembly = assembly or get_assembly()
    settings = assembly.settings
    with assembly.database.write() as session:
        yield Context(session, assembly, CLI_ACTOR, locale=settings.locale, time_zone=settings.time_zone)


@contextmanager
def reading(assembly: Assembly | None = None) -> Iterator[Context]:
    """One read transaction as the command line."""
    assembly = assembly or get_assembly()
    with assembly.database.read() as session:
        yield Context(session, assembly, CLI_ACTOR, locale=assembly.settings.locale)


def print_json(data: Any) -> None:
    """One line of JSON."""
    click.echo(msgspec.json.encode(data).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people."""
    shown = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        shown.add_row(*(str(cell) if cell is not None else "" for cell in row))
    Console().print(shown)


def print_result(data: Mapping[str, Any], json_output: bool) -> None:
    """A small result: JSON, or a line for each entry."""
    if json_output:
        print_json(data)
        return
    for name, value in data.items():
        click.echo(f"{name}: {value}")
