"""The reference pages, made from the code, so that they cannot say anything else than the code does."""

from __future__ import annotations

import importlib.util
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields
from types import FunctionType

import click

from patron import hookspecs
from patron.plugins import discover
from patron.settings import Settings

_MODES = {
    "refuse": "A failing implementation refuses its plugin, with the reason shown.",
    "skip": "A failing part is left out, logged, and an incident number shown.",
    "abort": "A failing implementation rolls the whole transaction back.",
}
_OFFERED = (
    "Declared in a module's own `hookspecs.py`, under its name, and collected at start: a failing implementation "
    "refuses its plugin. Who does not require the module that offers marks an implementation `optionalhook=True`."
)


def pages() -> dict[str, str]:
    """File name to Markdown text."""
    return {"hooks.md": hooks_page(), "commands.md": commands_page(), "settings.md": settings_page()}


def hooks_page() -> str:
    """Every hook: signature, what it is for, what happens when it fails."""
    lines = ["# Hooks", "", "Made from `patron/hookspecs.py` by `make docs`.", ""]
    for mode, said in _MODES.items():
        lines += [f"## When it fails: {mode}", "", said, ""]
        for name, its_mode in hookspecs.MODES.items():
            if its_mode == mode:
                lines += _hook(getattr(hookspecs, name))
    lines += ["## Offered by modules", "", _OFFERED, ""]
    for spec in offered_hooks():
        lines += _hook(spec)
    return "\n".join(lines)


def offered_hooks() -> list[FunctionType]:
    """The hooks that installed modules offer to others, by their names: what their ``hookspecs.py`` declares."""
    found = []
    for plugin in discover(None):
        place = f"{plugin.package}.hookspecs"
        if plugin.package and importlib.util.find_spec(place):
            declared = importlib.import_module(place)
            found += [getattr(declared, name) for name in hookspecs.OFFERED.get(place, {})]
    return sorted(found, key=lambda spec: spec.__name__)


def _hook(spec: FunctionType) -> Iterator[str]:
    name = spec.__name__
    signature = inspect.signature(spec)
    arguments = ", ".join(str(parameter) for parameter in signature.parameters.values())
    yield f"### {name}"
    yield ""
    yield f"`{name}({arguments}) -> {signature.return_annotation}`"
    yield ""
    yield inspect.cleandoc(spec.__doc__ or "")
    yield ""


def commands_page() -> str:
    """Every command with its help."""
    from patron.cli.main import patron

    lines = ["# Commands", "", "Made from the command line's own help by `make docs`.", ""]
    lines += [
        "Exit codes: 0 done, 1 refused (the reason is printed), 2 wrong usage, 75 busy or taken: try again.",
        "",
    ]
    for name in sorted(patron.commands):
        lines += _command(f"patron {name}", patron.commands[name])
    return "\n".join(lines)


def _command(path: str, command: click.Command) -> Iterator[str]:
    with click.Context(command, info_name=path) as ctx:
        ctx.terminal_width = ctx.max_content_width = 100
        yield f"## {path}"
        yield ""
        yield "```text"
        yield textwrap.dedent(command.get_help(ctx))
        yield "```"
        yield ""
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _command(f"{path} {name}", command.commands[name])


def settings_page() -> str:
    """Every setting of an installation with its default."""
    lines = ["# Settings", "", "Made from `patron/settings.py` by `make docs`.", ""]
    lines += ["Command line, then environment (`PATRON_<NAME>`), then `patron.toml`, then the default.", ""]
    lines += ["| setting | type | default |", "| --- | --- | --- |"]
    for item in fields(Settings):
        if item.name in ("folder", "plugins"):
            continue
        default = "" if item.default is MISSING or not item.repr else repr(item.default)
        lines.append(f"| `{item.name}` | `{item.type}` | `{default}` |".replace("``", ""))
    lines += ["", "Settings of a module stand under `[settings.<module>]`.", ""]
    return "\n".join(lines)
