"""Modules enabled and disabled while the application runs: their data stays, every process follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata

from sqlalchemy import insert, update

from patron import events
from patron.accounts.audit import record
from patron.context import Context
from patron.customers import journal
from patron.errors import Conflict, NotFound
from patron.plugins import Plugin
from patron.records import table
from patron.system.generation import bump_generation
from patron.system.models import PluginState


@dataclass(frozen=True)
class PluginView:
    """A module as administration sees it. ``state``: enabled, disabled or refused, with the reason."""

    name: str
    distribution: str
    version: str
    state: str
    reason: str
    requires: tuple[str, ...]
    summary: str
    title: str
    needs: tuple[str, ...]  # the titles of those it requires


def list_plugins(ctx: Context) -> Sequence[PluginView]:
    """Every installed or wanted module with its state. Costs no statement."""
    titles = {plugin.name: plugin.title for plugin in ctx.assembly.plugins}
    return [_view(ctx, plugin, titles) for plugin in ctx.assembly.plugins]


def _view(ctx: Context, plugin: Plugin, titles: Mapping[str, str]) -> PluginView:
    disabled = plugin.name in ctx.assembly.live.disabled
    state = "refused" if plugin.refused else "disabled" if disabled else "enabled"
    return PluginView(
        plugin.name, plugin.distribution, plugin.version, state, plugin.refused, plugin.requires,
        _summary(plugin.distribution), plugin.title, tuple(titles.get(name, name) for name in plugin.requires),
    )  # fmt: skip


def _summary(distribution: str) -> str:
    """What a distribution says of itself in a line; nothing when it is not installed."""
    try:
        return (metadata(distribution)["Summary"] or "") if distribution else ""
    except PackageNotFoundError:
        return ""


def disable(ctx: Context, name: str) -> None:
    """Take a module out of service: its routes answer 404, its parts go, its data and parked events stay.

    Conflict while an enabled module requires it. The module's ``plugin_disabled`` runs first.
    """
    _installed(ctx, name)
    if name in ctx.assembly.live.disabled:
        return
    in_use = [
        item.name for item in ctx.assembly.active if name in item.requires and ctx.assembly.has(item.name)
    ]
    if in_use:
        raise Conflict(f"“{name}” is needed by {', '.join(in_use)}. Disable that first.")
    ctx.assembly.hooks.transact(ctx, "plugin_disabled", only=name)
    events.park(ctx, name)
    _store(ctx, name, False)


def enable(ctx: Context, name: str) -> None:
    """Put a module back into service: it follows the merges, splits and erasures it missed, waiting deliveries
    become due.

    Conflict while it lacks another.
    """
    plugin = _installed(ctx, name)
    if name not in ctx.assembly.live.disabled:
        return
    if missing := [needed for needed in plugin.requires if not ctx.assembly.has(needed)]:
        raise Conflict(f"“{name}” needs {', '.join(missing)}. Enable that first.")
    journal.replay(ctx, name)
    ctx.assembly.hooks.transact(ctx, "plugin_enabled", only=name)
    events.unpark(ctx, name)
    _store(ctx, name, True)


def _installed(ctx: Context, name: str) -> Plugin:
    plugin = next((item for item in ctx.assembly.plugins if item.name == name), None)
    if plugin is None:
        raise NotFound(f"There is no module “{name}”.")
    if plugin.refused:
        raise Conflict(f"“{name}” was left out at start: {plugin.refused}")
    return plugin


def _store(ctx: Context, name: str, enabled: bool) -> None:
    t = table(PluginState)
    values = {"enabled": enabled, "changed_at": ctx.now}
    if (
        ctx.session.execute(update(t).where(t.c.name == name).values(values).returning(t.c.id)).first()
        is None
    ):
        ctx.session.execute(insert(t).values(name=name, **values))
    bump_generation(ctx.session)
    record(ctx, "enable" if enabled else "disable", "modules", None, {name: (not enabled, enabled)})
