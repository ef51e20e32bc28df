"""Every call of a macro in every template names a macro that is there, with arguments that it takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from patron.ui import TEMPLATES, make_environment

ROOT = Path(__file__).parents[3]
ENV = make_environment({})


def declared() -> dict[str, tuple[list[str], int]]:
    """Public name of a macro in ui/all.html → its argument names and how many of them have no default."""
    macros: dict[tuple[str, str], tuple[list[str], int]] = {}
    for path in (TEMPLATES / "ui").glob("*.html"):
        for macro in ENV.parse(path.read_text()).find_all(nodes.Macro):
            names = [argument.name for argument in macro.args]
            macros[path.stem, macro.name] = (names, len(names) - len(macro.defaults))
    found = {}
    for assignment in ENV.parse((TEMPLATES / "ui" / "all.html").read_text()).find_all(nodes.Assign):
        source = assignment.node
        assert isinstance(assignment.target, nodes.Name)
        assert isinstance(source, nodes.Getattr)
        assert isinstance(source.node, nodes.Name)
        found[assignment.target.name] = macros[source.node.name.removeprefix("_"), source.attr]
    return found


MACROS = declared()


def wrong_calls(env: Environment, source: str) -> list[str]:
    wrong = []
    for call in env.parse(source).find_all(nodes.Call):
        target = call.node
        if not (
            isinstance(target, nodes.Getattr)
            and isinstance(target.node, nodes.Name)
            and target.node.name == "ui"
        ):
            continue
        if target.attr not in MACROS:
            wrong.append(f"line {call.lineno}: there is no ui.{target.attr}")
            continue
        names, required = MACROS[target.attr]
        keywords = [keyword.key for keyword in call.kwargs]
        given = {*names[: len(call.args)], *keywords}
        unknown = [key for key in keywords if key not in names]
        missing = [] if call.dyn_kwargs or call.dyn_args else [n for n in names[:required] if n not in given]
        if unknown or missing or len(call.args) > len(names):
            wrong.append(f"line {call.lineno}: ui.{target.attr} does not take {unknown}, misses {missing}")
    return wrong


def all_templates() -> list[Path]:
    return sorted({*ROOT.glob("core/patron/**/*.html"), *ROOT.glob("plugins/*/*/templates/**/*.html")})


@pytest.mark.parametrize("path", all_templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_calls_of_macros_fit(path: Path) -> None:
    assert wrong_calls(ENV, path.read_text()) == []


@pytest.mark.parametrize(
    "call", ["ui.buton('x')", "ui.button('x', colour='red')", "ui.button()", "ui.stat('x')"]
)
def test_a_wrong_call_is_seen(call: str) -> None:
    assert wrong_calls(ENV, f"{{{{ {call} }}}}")


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    pattern = re.compile(r"""icon(?:_name)?=["']([a-z0-9-]+)["']|icon\(["']([a-z0-9-]+)["']""")
    have = set((ROOT / "core/frontend/icons.txt").read_text().split())
    sources = [*all_templates(), *ROOT.glob("core/patron/**/*.py"), *ROOT.glob("plugins/*/patron_*/**/*.py")]
    named = {name for path in sources for pair in pattern.findall(path.read_text()) for name in pair if name}
    assert len(named) > 20
    assert named - have == set()
