"""The modules of the installation: state, reason, and switching them off and on."""

from __future__ import annotations

from typing import Any

import click

from patron.assembly import Assembly
from patron.cli.common import as_json, get_assembly, print_json, print_table, unit_of_work
from patron.hookspecs import MODES
from patron.records import table
from patron.revisions import status
from patron.system import plugins_service


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def plugins(ctx: click.Context, json_output: bool) -> None:
    """Each module's state, version, reason, hooks, tables and migration head."""
    if ctx.invoked_subcommand is not None:
        return
    rows = describe(get_assembly())
    if json_output:
        print_json(rows)
        return
    print_table(
        ("name", "version", "state", "reason", "tables", "head"),
        [(r["name"], r["version"], r["state"], r["reason"], len(r["tables"]), r["head"]) for r in rows],
    )


def describe(assembly: Assembly) -> list[dict[str, Any]]:
    """What there is to know of each module."""
    found = [plugin for plugin in assembly.plugins if plugin.module is not None and plugin.package]
    heads = {s.name: s.head for s in status(assembly.database, [plugin.migrations for plugin in found])}
    rows = []
    for plugin in assembly.plugins:
        state = (
            "refused"
            if plugin.refused
            else "disabled"
            if plugin.name in assembly.live.disabled
            else "enabled"
        )
        own = [r for r in assembly.resources.values() if r.module == plugin.name]
        prefix = f"{plugin.name}_"
        names = (
            {name for name in table(own[0].model).metadata.tables if name.startswith(prefix)}
            if own
            else set()
        )
        rows.append(
            {
                "name": plugin.name,
                "version": plugin.version,
                "state": state,
                "reason": plugin.refused,
                "hooks": sorted(hook for hook in MODES if callable(getattr(plugin.module, hook, None))),
                "tables": sorted(names),
                "head": heads.get(plugin.name, ""),
            }
        )
    return rows


@plugins.command("disable")
@click.argument("name")
@as_json
def disable(name: str, json_output: bool) -> None:
    """Switch a module off: its pages answer 404, its data and history stay."""
    with unit_of_work() as ctx:
        plugins_service.disable(ctx, name)
    _say(name, "disabled", json_output)


@plugins.command("enable")
@click.argument("name")
@as_json
def enable(name: str, json_output: bool) -> None:
    """Switch a module on again: it first follows what it missed."""
    with unit_of_work() as ctx:
        plugins_service.enable(ctx, name)
    _say(name, "enabled", json_output)


def _say(name: str, state: str, json_output: bool) -> None:
    if json_output:
        print_json({"name": name, "state": state})
    else:
        click.echo(f"{name} is {state}.")
