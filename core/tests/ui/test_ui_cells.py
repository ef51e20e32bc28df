"""Cells made in Python: the same markup as the design system's macros, escaped, and only what a field's kind says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from markupsafe import Markup, escape
from patron.contributions import Choice, Field
from patron.ui import Shell, make_environment
from patron.ui.stencils import Stencil, mark

EVIL = '"><script>alert(1)</script>'
SHELL = Shell("Patron", None, "token", "/", locale="de", timezone="Europe/Berlin")
CHOICES = (Choice("new", "New"), Choice("won", "Won & done", tone="success"))
AT = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
SHOWN = {"x_shown": "Ada Løve", "x_url": "/customers/7"}


def render(template: str, **data: Any) -> str:
    source = '{% import "ui/all.html" as ui with context %}' + template
    return make_environment({}).from_string(source).render(shell=SHELL, **data)


@pytest.mark.parametrize(
    ("item", "value", "macro"),
    [
        (Field("x", "X"), "Tom & Sons", "{{ value }}"),
        (Field("x", "X", "choice", choices=CHOICES), "won", '{{ ui.status("Won & done", tone="success") }}'),
        (Field("x", "X", "choice", choices=CHOICES[:1]), "new", "New"),
        (Field("x", "X", "choice", choices=CHOICES), "new", '{{ ui.status("New") }}'),
        (Field("x", "X", "choice", choices=CHOICES), "gone", ""),
        (Field("x", "X", "money"), {"minor": 123456, "currency": "EUR"}, "{{ ui.money(value) }}"),
        (Field("x", "X", "date"), date(2026, 3, 31), "{{ ui.date(value) }}"),
        (Field("x", "X", "instant"), AT, "{{ ui.ago(value) }}"),
        (Field("x", "X", "integer"), 12345, "{{ value | number }}"),
        (Field("x", "X", "bool"), False, "No"),
        (Field("x", "X", "user"), "7", '{{ ui.person("Ada Løve", size="small") }}'),
        (Field("x", "X", "customer"), "7", '<a href="/customers/7">Ada Løve</a>'),
        (Field("x", "X", "email"), "a@b.example", '<a href="mailto:a@b.example">a@b.example</a>'),
        (Field("x", "X", "phone"), "+493012345", '<a href="tel:+493012345">+49 30 12345</a>'),
        (Field("x", "X"), None, '<span class="nothing">–</span>'),
        (Field("x", "X", "integer"), 0, "0"),
    ],
)
def test_a_cell_is_what_the_macros_make(item: Field, value: Any, macro: str) -> None:
    row = {"x": value, **SHOWN}
    shown = render("{{ cell_of(item)(row) }}", item=item, row=row)
    assert shown == render(macro, value=value)


@pytest.mark.parametrize(
    "kind", ["text", "longtext", "email", "phone", "url", "user", "team", "customer", "ref", "computed"]
)
def test_no_value_becomes_markup(kind: Any) -> None:
    row = {"x": EVIL, "x_shown": EVIL, "x_url": EVIL}
    for template in (
        "{{ cell_of(item)(row) }}",
        "{{ lines_of([item])(row) }}",
        "{{ cell_of(item, inside_link=true)(row) }}",
    ):
        shown = render(template, item=Field("x", "X", kind), row=row)
        assert str(escape(EVIL)) in shown
        assert "<script" not in shown
        assert EVIL not in shown


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("email", "a@b.example", "a@b.example"),
        ("phone", "+493012345", "+49 30 12345"),
        ("url", "https://b.example", "https://b.example"),
        ("customer", "7", "Ada Løve"),
        ("ref", "7", "Ada Løve"),
    ],
)
def test_a_cell_inside_a_link_has_no_link(kind: Any, value: str, text: str) -> None:
    shown = render(
        "{{ cell_of(item, inside_link=true)(row) }}", item=Field("x", "X", kind), row={"x": value, **SHOWN}
    )
    assert shown == text


def test_a_choice_is_shown_escaped() -> None:
    item = Field("x", "X", "choice", choices=(Choice("a", EVIL), Choice("b", EVIL, tone="danger")))
    for value in ("a", "b"):
        assert "<script" not in render("{{ cell_of(item)(row) }}", item=item, row={"x": value})


def test_lines_leave_out_what_is_not_there() -> None:
    items = [Field("x", "X"), Field("y", "Y", "integer")]
    shown = render("{{ lines_of(items)(row) }}", items=items, row={"x": "Call", "y": None})
    assert shown == '<div class="card-lines"><p class="card-line">Call</p></div>'


def test_a_stencil_takes_values_as_text() -> None:
    stencil = Stencil(Markup(f'<a href="{mark("url")}">{mark("title")}{mark("body")}</a>'))
    filled = stencil.fill(url='/x?"', title=mark("url") + EVIL, body=Markup("<b>!</b>"))
    assert "<script" not in filled
    assert filled.endswith("<b>!</b></a>")
    assert filled.startswith('<a href="/x?&#34;">')
    assert mark("url") in filled  # a value is not looked at for marks
    assert stencil.fill(url="/") == '<a href="/"></a>'
