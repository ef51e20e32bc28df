"""Looking: ``routes``, ``openapi``, ``docs``, ``doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from patron.cli.common import as_json, get_assembly, print_json, print_table, reading
from patron.system.health import problems


@click.command()
@as_json
def routes(json_output: bool) -> None:
    """Every route with its face and permission."""
    rows = [
        {
            "method": r.method,
            "path": r.path,
            "face": str(r.face),
            "permission": r.permission,
            "module": r.module,
        }
        for r in sorted(get_assembly().routes, key=lambda r: (r.path, r.method))
    ]
    if json_output:
        print_json(rows)
    else:
        print_table(("method", "path", "face", "permission", "module"), [list(row.values()) for row in rows])


@click.command()
def openapi() -> None:
    """The OpenAPI 3.1 document of this assembly."""
    from patron.resources.openapi import document

    print_json(document(get_assembly()))


@click.command()
@click.option("--to", "folder", default="docs/reference", show_default=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; fail when a page is stale.")
def docs(folder: Path, check: bool) -> None:
    """Write the reference pages from the code: hooks, commands, settings."""
    from patron.cli.reference_pages import pages

    stale = []
    for name, text in pages().items():
        path = folder / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if check and stale:
        raise click.ClickException(f"Stale: {', '.join(stale)}. Run: make docs")
    click.echo(f"{len(stale)} written." if stale else "All pages are fresh.")


@click.command()
@as_json
def doctor(json_output: bool) -> None:
    """Run every health check and say the fix of what is not well."""
    assembly = get_assembly()
    with reading(assembly) as ctx:
        results = [{"check": name, "problem": problem} for name, problem in problems(ctx)]
    if json_output:
        print_json(results)
    else:
        print_table(("check", "problem"), [(r["check"], r["problem"] or "well") for r in results])
    if any(result["problem"] for result in results):
        raise click.exceptions.Exit(1)
