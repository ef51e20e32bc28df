"""Data in and out: ``import``, ``imports``, ``export``, ``digest``, ``facts``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from patron.cli.common import (
    CLI_ACTOR,
    as_json,
    get_assembly,
    print_json,
    print_result,
    print_table,
    reading,
    unit_of_work,
)
from patron.context import Context
from patron.contributions import CustomerFields
from patron.errors import Invalid, NotFound
from patron.imports.staging import Guess
from patron.resources.api import filter_of


@click.command("import")
@click.argument("resource")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "mapping", help='JSON: {"column": "field" or null}; what is left out is guessed.')
@click.option("--source", default="", help="The system the file comes from: names its external ids.")
@click.option("--match", default="", help="What tells that a row is known: external_id, email, phone, …")
@click.option("--encoding", default="", help="Of the file: utf-8, cp1252, … What is left out is found out.")
@click.option("--sheet", default="", help="Of a workbook; the first if left out.")
@click.option("--dry-run", is_flag=True, help="Decide everything, write nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write refused rows here, with reasons.",
)
@as_json
def import_file(
    resource: str,
    file: Path,
    mapping: str | None,
    source: str,
    match: str,
    encoding: str,
    sheet: str,
    dry_run: bool,
    rejects: Path | None,
    json_output: bool,
) -> None:
    """Import a CSV, XLSX or vCard file. Every row is created, updated, skipped or rejected with a reason.

    With --json, "columns" tells what each column was taken for and why, "encoding" how the file was read.
    """
    from patron.imports.commands import resource_for_import, run_import
    from patron.imports.staging import guess

    assembly, override = get_assembly(), _mapping(mapping)
    understood = guess(
        resource_for_import(assembly, resource), file, override, encoding=encoding, sheet=sheet
    )
    if not json_output:
        _say_guess(understood)
    with _progress(json_output) as progress:
        result = run_import(
            assembly,
            resource,
            file,
            mapping=override,
            source=source,
            match=match,
            dry_run=dry_run,
            rejects_path=rejects,
            on_progress=_reporter(progress),
            encoding=encoding,
            sheet=sheet,
        )
    if json_output:
        columns = understood.columns.columns if understood.columns is not None else ()
        told = [
            {"header": c.header, "field": c.field, "confidence": c.confidence, "reason": c.reason}
            for c in columns
        ]
        result = {**result, "encoding": understood.encoding, "columns": told}
    print_result(result, json_output)


def _reporter(progress: Progress) -> Callable[[str, int, int], None]:
    """Moves the bar: one for each stage, made when the stage begins."""
    bars: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            bars[stage] = progress.add_task(stage, total=total or None)
        progress.update(bars[stage], completed=done, total=total or None)

    return report


def _mapping(text: str | None) -> dict[str, str | None] | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, str | None])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Invalid(f'--map takes JSON such as {{"Name": "name"}}: {error}') from error


def _say_guess(found: Guess) -> None:
    """How each column was understood, before anything is written."""
    if found.columns is not None:
        rows = [
            (column.header, column.field or "left out", column.reason) for column in found.columns.columns
        ]
        print_table(("column", "field", "because"), rows)


def _progress(quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        disable=quiet,
    )


@click.group()
def facts() -> None:
    """What modules know of each customer, stored for filters and segments."""


@facts.command("rebuild")
@click.argument("module", default="")
@as_json
def rebuild_facts(module: str, json_output: bool) -> None:
    """Reckon the facts of a module, or of all, anew from where they come from."""
    from patron.customers import facts as kept

    done: dict[str, int] = {}
    for name, item in _facts_of(module):
        with unit_of_work() as ctx:
            done[name] = done.get(name, 0) + kept.rebuild(ctx, item)
    print_result({"changed": done} if json_output else done, json_output)


@facts.command("check")
@click.argument("module", default="")
@as_json
def check_facts(module: str, json_output: bool) -> None:
    """Compare the facts of a module, or of all, with what defines them. Ends with 1 when one differs."""
    from patron.customers import facts as kept

    found = []
    with reading() as ctx:
        for name, item in _facts_of(module):
            found += [{"module": name, **asdict(one)} for one in kept.check(ctx, item)]
    if json_output:
        print_json(found)
    else:
        print_table(
            ("module", "customer", "fact", "stored", "defined"), [tuple(row.values()) for row in found]
        )
    if found:
        raise click.exceptions.Exit(1)


def _facts_of(module: str) -> list[tuple[str, CustomerFields]]:
    """The customer fields that are kept, with their modules; NotFound where that module keeps none."""
    kept = [(name, item) for name, item in get_assembly().customer_fields if item.define]
    chosen = [(name, item) for name, item in kept if module in ("", name)]
    if not chosen:
        raise NotFound(f"“{module}” keeps no facts of customers. There are: {', '.join(n for n, _ in kept)}.")
    return chosen


@click.group()
def imports() -> None:
    """Imports that were begun."""


@imports.command("resume")
@click.argument("import_id", type=int)
@as_json
def resume(import_id: int, json_output: bool) -> None:
    """Go on with an import that was stopped in the middle; no row comes twice."""
    from patron.imports.commands import resume_import

    with _progress(json_output) as progress:
        result = resume_import(get_assembly(), import_id, on_progress=_reporter(progress))
    print_result(result, json_output)


@imports.command("review")
@click.argument("import_id", type=int)
@click.option("--answer", type=click.Choice(["same", "new"]), help="Decide, and apply what is decided.")
@click.option("--line", "lines", type=int, multiple=True, help="Of this row only; may be repeated.")
@as_json
def review(import_id: int, answer: str | None, lines: tuple[int, ...], json_output: bool) -> None:
    """The rows that look like a known customer (--match likely), or what is decided of them."""
    from patron.imports import review as reviewing
    from patron.imports.commands import resume_import

    assembly = get_assembly()
    if answer is not None:
        with unit_of_work(assembly) as ctx:
            reviewing.decide(ctx.session, import_id, answer, lines or None)
        print_result(resume_import(assembly, import_id), json_output)
        return
    with reading(assembly) as ctx:
        found = [asdict(row) for row in reviewing.waiting(ctx.session, import_id, limit=100_000)]
    if json_output:
        print_json(found)
    else:
        shown = [
            (row["line"], row["name"], row["customer"], f"{row['percent']} %", row["reasons"])
            for row in found
        ]
        print_table(("line", "row", "looks like", "score", "because"), shown)


@imports.command("undo")
@click.argument("import_id", type=int)
@as_json
def undo(import_id: int, json_output: bool) -> None:
    """Take an import back: what it made goes, what it changed is as before.

    What somebody has edited or referred to since stays and is listed. Ends with 1 where rows stay.
    """
    from patron.imports.commands import undo_import

    with _progress(json_output) as progress:
        result = undo_import(get_assembly(), import_id, on_progress=_reporter(progress))
    kept = result["rows"]
    if json_output:
        print_json(result)
    else:
        print_result({name: value for name, value in result.items() if name != "rows"}, json_output=False)
        print_table(("line", "record", "stays because"), [tuple(row.values()) for row in kept])
    if kept:
        raise click.exceptions.Exit(1)


@click.command("export")
@click.argument("resource")
@click.option("--filter", "filter_text", default="", help="JSON, as in the API.")
@click.option(
    "--to", "path", type=click.Path(dir_okay=False, path_type=Path), help="Default: standard output."
)
@as_json
def export_resource(resource: str, filter_text: str, path: Path | None, json_output: bool) -> None:
    """Export a resource as CSV.

    With --json, which needs --to, it prints what was written: "resource", "rows", "to".
    """
    from patron.resources.export import export_lines
    from patron.resources.query import Listing

    if json_output and path is None:
        raise click.UsageError("--json tells of a file: name it with --to.")
    assembly = get_assembly()
    try:
        found = assembly.resource(resource)
    except KeyError:
        raise NotFound(
            f"There is no resource “{resource}”. There are: {', '.join(sorted(assembly.resources))}."
        ) from None
    listing = Listing(filter=filter_of(filter_text))
    with reading(assembly) as ctx:
        lines = export_lines(Context(ctx.session, assembly, CLI_ACTOR), found, listing)
    if path is None:
        for line in lines:
            click.echo(line, nl=False)
        return
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        rows = sum(1 for line in lines if file.write(line)) - 1  # the header is none
    if json_output:
        print_json({"resource": resource, "rows": rows, "to": str(path)})


@click.command()
@as_json
def digest(json_output: bool) -> None:
    """Rows and hash of every business table: the same data gives the same digest on either database."""
    from patron.digest import digest_of

    assembly = get_assembly()
    with reading(assembly) as ctx:
        found: dict[str, Any] = digest_of(ctx)
    if json_output:
        print_json(found)
    else:
        print_table(
            ("table", "rows", "sha256"), [(name, d["rows"], d["sha256"][:16]) for name, d in found.items()]
        )
