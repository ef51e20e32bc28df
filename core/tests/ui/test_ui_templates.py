"""The template environment, its filters, and the rules that every template of the product keeps."""

from __future__ import annotations

import gettext
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, UndefinedError
from patron.ui import Shell, asset_url, make_environment
from patron.ui.filters import ago, csrf_token, initials, money

ROOT = Path(__file__).parents[3]
FORBIDDEN = {
    "|safe": r"\|\s*safe\b|\bMarkup\(",
    "autoescape off": r"\{%-?\s*autoescape\s+false",
    "inline style": r"<style|\sstyle\s*=",
    "inline handler": r"<[^>]*\son[a-z]+\s*=",
    "code in htmx": r"hx-on|\bjs:|javascript:",
    "inline script": r"<script(?![^>]*\bsrc=)",
    "other origin": r"(?:src|href)\s*=\s*[\"']https?://",
}


def broken_rules(source: str) -> list[str]:
    return [rule for rule, pattern in FORBIDDEN.items() if re.search(pattern, source, re.IGNORECASE)]


def templates() -> list[Path]:
    found = [*ROOT.glob("core/patron/**/templates/**/*.html"), *ROOT.glob("plugins/*/*/templates/**/*.html")]
    return sorted(found + list(ROOT.glob("core/patron/templates/**/*.html")))


@pytest.mark.parametrize("path", sorted(set(templates())), ids=lambda path: str(path.relative_to(ROOT)))
def test_template_keeps_the_rules(path: Path) -> None:
    assert broken_rules(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "{{ name | safe }}",
        "{% autoescape false %}",
        '<p style="color: red">',
        '<button type="button" onclick="x()">',
        '<a hx-on:click="x()">',
        """<a hx-vals='js:{"a": 1}'>""",
        "<script>x()</script>",
        '<img src="https://elsewhere.example/x.png">',
    ],
)
def test_the_rules_can_fail(source: str) -> None:
    assert broken_rules(source)


def shell(**changes: Any) -> Shell:
    return Shell(**{"site_name": "S", "user": None, "csrf": "secret", "path": "/", **changes})


def render(source: str, **context: Any) -> str:
    return make_environment(DictLoader({"t": source})).get_template("t").render(**context)


def test_everything_is_escaped_and_nothing_may_be_missing() -> None:
    assert render("{{ name }}", name="<script>") == "&lt;script&gt;"
    source = '{% import "ui/all.html" as ui %}{{ ui.person(name) }}{{ ui.text("a", name, value=name) }}'
    assert "<script>" not in render(source, name='"><script>')
    with pytest.raises(UndefinedError):
        render("{{ nmae }}", name="x")


def test_a_form_carries_the_token_of_its_page_only() -> None:
    source = '{% import "ui/all.html" as ui %}{% call ui.form("/x") %}{% endcall %}'
    assert 'value="secret"' in render(source, shell=shell())
    with pytest.raises(RuntimeError, match="rendered with `shell`"):
        render(source)
    with pytest.raises(RuntimeError):
        csrf_token()


def test_a_plugin_cannot_replace_a_page_of_core(tmp_path: Path) -> None:
    (tmp_path / "bare.html").write_text("mine")
    env = make_environment({"sales": tmp_path})
    assert env.get_template("bare.html").filename != str(tmp_path / "bare.html")


def test_money_is_minor_units_and_a_currency() -> None:
    assert money(12345, "EUR") == "€123.45"
    assert money(12345, "JPY") == "¥12,345"
    assert money(-1, "EUR") == "-€0.01"
    assert money(None, "EUR") == ""
    assert money({"minor": 1250, "currency": "EUR"}) == "€12.50"
    with pytest.raises(TypeError):
        money(12.5, "EUR")
    with pytest.raises(TypeError):
        money(100)


def test_values_follow_the_locale_and_zone_of_the_page() -> None:
    source = "{{ 123456 | money('EUR') }}|{{ at | datetime }}|{{ day | date }}|{{ at | iso }}"
    values = {"at": datetime(2026, 1, 2, 23, 30, tzinfo=UTC), "day": date(2026, 1, 2)}
    shown = render(source, shell=shell(locale="de_DE", timezone="Europe/Berlin"), **values).replace(
        "\xa0", " "
    )
    assert shown == "1.234,56 €|03.01.2026, 00:30|02.01.2026|2026-01-02T23:30:00+00:00"


def test_one_instant_is_said_in_the_zone_of_each_page() -> None:
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]  # 02:30 comes twice in Berlin
    shown = [
        render("{{ at | datetime('long') }}", shell=shell(timezone=zone), at=at)
        for at in twice
        for zone in ("UTC", "Europe/Berlin")
    ]
    assert len(set(shown)) == 4
    assert all("2:30" in shown[at] for at in (1, 3))


def test_ago_and_initials() -> None:
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert ago(datetime(2026, 1, 2, 9, tzinfo=UTC), now) == "3 hours ago"
    assert [initials(name) for name in ("Amara Okafor", "Noor", "", None, "Jean-Luc Picard")] == [
        "AO",
        "N",
        "?",
        "?",
        "JP",
    ]
    with pytest.raises(TypeError):
        ago(datetime(2026, 1, 2))  # noqa: DTZ001


def test_words_come_from_the_catalogue_of_the_page() -> None:
    class German(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {"Save": "Speichern"}.get(message, message)

    env = make_environment(DictLoader({"t": "{{ _('Save') }}"}), {"de": German()})
    template = env.get_template("t")
    assert template.render(shell=shell(locale="de_AT")) == "Speichern"
    assert template.render(shell=shell(locale="fr")) == "Save"


def test_a_wrong_asset_name_fails_loudly() -> None:
    assert asset_url("app.css").startswith("/static/build/style-")
    assert asset_url("sales/board.js", "/s") == "/s/sales/board.js"
    with pytest.raises(LookupError, match=r"app\.cs"):
        asset_url("app.cs")
