"""Setting up: ``init``, ``migrate``, ``demo``, ``golive``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from patron.assembly import Assembly, assemble
from patron.cli.common import (
    CLI_ACTOR,
    as_json,
    get_assembly,
    print_json,
    print_result,
    print_table,
    unit_of_work,
)
from patron.context import Context
from patron.db import Database
from patron.errors import Invalid, SetupError
from patron.metrics import services as metrics
from patron.plugins import GROUP, discover
from patron.records import utc_now
from patron.revisions import CORE, Distribution, MigrationStatus, status
from patron.settings import CONFIG_NAME, Settings, load_settings


@click.command()
@click.option(
    "--modules", help="Names with commas; “none” for the core alone; default: all that are installed."
)
@click.option("--database-url", help="sqlite:///patron.db or postgresql://user:password@host/database")
@click.option("--site-name", default=None, help="What the firm is called.")
@click.option("--base-url", default=None, help="Where people reach it.")
@click.option("--objective", "objectives", multiple=True, help="metric=target@YYYY-MM-DD, up to three.")
@click.option("--yes", is_flag=True, help="Ask nothing; take the defaults.")
@as_json
def init(
    modules: str | None,
    database_url: str | None,
    site_name: str | None,
    base_url: str | None,
    objectives: tuple[str, ...],
    yes: bool,
    json_output: bool,
) -> None:
    """Make an installation in the current folder (or PATRON_HOME): patron.toml, its secret, the database's tables."""
    config = Path(os.environ.get("PATRON_HOME", "."), CONFIG_NAME)
    if config.exists():
        raise SetupError(
            f"There is a {CONFIG_NAME} here already. Run “patron migrate”, or choose another folder."
        )
    installed = sorted(entry.name for entry in metadata.entry_points(group=GROUP))
    values = {
        "site_name": site_name or _ask("Name of the firm", "Patron", yes),
        "base_url": base_url or _ask("Address", "http://localhost:8000", yes),
        "database_url": database_url or _ask("Database", "sqlite:///patron.db", yes),
    }
    chosen = modules if modules is not None else _ask("Modules", ",".join(installed) or "none", yes)
    wanted = () if chosen == "none" else tuple(name.strip() for name in chosen.split(",") if name.strip())
    if missing := [name for name in wanted if name not in installed]:
        raise SetupError(f"“{missing[0]}” is not installed. Run: pip install patron-{missing[0]}")
    goals = [_objective(text) for text in objectives]
    if not yes and not objectives:
        goals = _ask_objectives()
    if len(goals) > 3:
        raise Invalid("Name at most three objectives: more are none.")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(config_text(values, wanted, goals), "utf-8")
    try:
        applied = migrate_installation(load_settings())
        with unit_of_work() as ctx:
            metrics.set_objectives(ctx, goals)
            metrics.snapshot(ctx)
    except BaseException:
        config.unlink()  # so that init can be run again, with what was wrong put right
        raise
    result = {"config": str(config), "modules": list(wanted), "migrated": applied}
    print_result(result, json_output)
    if not json_output:
        click.echo("Next: patron users add YOU@EXAMPLE.COM --name 'Your Name' --role admin; patron serve")


def _ask(question: str, default: str, yes: bool) -> str:
    return default if yes else str(click.prompt(question, default=default))


def _ask_objectives() -> list[dict[str, Any]]:
    """Up to three goals: what a firm has not said it wants, no tool will bring it."""
    goals: list[dict[str, Any]] = []
    click.echo("Which goals should this serve? For example: customers=500@2027-06-30. Empty ends.")
    while len(goals) < 3:
        text = click.prompt(f"Objective {len(goals) + 1}", default="", show_default=False)
        if not text:
            break
        try:
            goals.append(_objective(text))
        except Invalid as error:
            click.echo(error.detail, err=True)
    return goals


def _objective(text: str) -> dict[str, Any]:
    metric, _, rest = text.partition("=")
    target, _, day = rest.partition("@")
    try:
        due = date.fromisoformat(day.strip())
        goal = {"metric": metric.strip(), "target": int(target), "due": due}
    except ValueError as error:
        raise Invalid(f"“{text}” is not an objective such as customers=500@2027-06-30.") from error
    if due <= utc_now().date():
        raise Invalid(f"“{text}”: choose a day after today.")
    return goal


def config_text(
    values: Mapping[str, str], modules: Sequence[str], goals: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The text of a ``patron.toml``."""
    lines = ["# The assembly of this firm. Reference: docs/reference/settings.md", ""]
    lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
    lines.append(f"modules = [{', '.join(_toml(name) for name in modules)}]")
    for goal in goals:
        lines += ["", "[[objectives]]", f"metric = {_toml(goal['metric'])}", f"target = {goal['target']}"]
        lines.append(f"due = {goal['due'].isoformat()}")
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@click.command()
@click.option("--check", is_flag=True, help="Only say what is pending.")
@as_json
def migrate(check: bool, json_output: bool) -> None:
    """Bring the database to the version of the installed programs, core first."""
    settings = load_settings()
    if check:
        database = Database(settings.database_url)
        states = status(database, distributions_of(settings))
        database.dispose()
        rows = [{"name": s.name, "current": s.current, "head": s.head, "pending": s.pending} for s in states]
        if json_output:
            print_json(rows)
        else:
            print_table(("module", "current", "head", "pending"), [list(row.values()) for row in rows])
        return
    print_result({"migrated": migrate_installation(settings)}, json_output)


def distributions_of(settings: Settings) -> list[Distribution]:
    """The core and each chosen module that can be imported, in the order in which they migrate."""
    plugins = discover(settings.modules)
    return [CORE, *(p.migrations for p in plugins if not p.refused and p.migrations.versions.is_dir())]


def migrate_installation(settings: Settings) -> list[str]:
    """Make and change tables, then what follows from what is declared: links, roles, replay. Returns what moved."""
    from patron.migrate import upgrade  # here, since only this needs what changes tables
    from patron.worker.durable import prepare_dbos

    database = Database(settings.database_url)
    distributions = distributions_of(settings)
    before = {state.name: state for state in status(database, distributions)}
    upgrade(database, distributions)
    after = status(database, distributions)
    database.dispose()
    prepare_dbos(settings)
    assembly = assemble(settings, check_journals=False)
    after_migration(assembly)
    assembly.database.dispose()
    get_assembly.cache_clear()
    return [
        _moved(before.get(state.name), state) for state in after if _changed(before.get(state.name), state)
    ]


def after_migration(assembly: Assembly) -> None:
    """What the database must know of what the modules declare; the same each time it is run."""
    from patron.accounts.services.roles import sync_roles
    from patron.customers import facts, journal
    from patron.customers.links import sync_links
    from patron.customers.names import renew_places_in_lists
    from patron.imports.existing import renew_name_keys

    with assembly.database.write() as session:
        ctx = Context(session, assembly, CLI_ACTOR)
        sync_links(ctx)
        sync_roles(ctx)
        renew_name_keys(ctx)
        renew_places_in_lists(ctx)
        for plugin in assembly.active:
            if plugin.name not in assembly.live.disabled:
                journal.replay(ctx, plugin.name)
        facts.fill_empty(ctx)


def _changed(before: MigrationStatus | None, after: MigrationStatus) -> bool:
    return before is None or before.current != after.current


def _moved(before: MigrationStatus | None, after: MigrationStatus) -> str:
    return f"{after.name}: {before.current if before and before.current else 'nothing'} → {after.current}"


@click.command()
@as_json
def golive(json_output: bool) -> None:
    """Freeze the baseline of each objective: from today on, progress is measured against what was before."""
    with unit_of_work() as ctx:
        metrics.snapshot(ctx)
        frozen = metrics.freeze_baselines(ctx)
    if json_output:
        print_json(frozen)
    else:
        print_table(("metric", "baseline", "target", "due"), [list(row.values()) for row in frozen])


@click.command()
@click.option("--dir", "folder", default=".demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--port", default=None, type=int, help="Default: PATRON_PORT or 8000.")
@click.option("--modules", default=None, help="Names with commas; default: all that are installed.")
@click.option("--serve/--no-serve", "serving", default=True, help="Only make it, without serving.")
def demo(folder: Path, port: int | None, modules: str | None, serving: bool) -> None:
    """A filled Patron to try: made on first use, served at once, entered by a one-time link."""
    from patron.sample.demo import prepare_demo, sign_in_link

    port = port or int(os.environ.get("PATRON_PORT", "8000"))
    settings = prepare_demo(folder, port, modules)
    assembly = assemble(settings)
    link = sign_in_link(assembly)
    assembly.database.dispose()
    click.echo(f"Sign in once with: {link}")
    if serving:
        from patron.serve import serve

        serve(settings)
