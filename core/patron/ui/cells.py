"""How a field's value is shown, in lists, on pages and on cards: in Python, since it runs for every cell of a page.

What is to be done for a field is found out once; each function then takes a row, with ``<name>_shown`` and
``<name>_url`` of references, and escapes what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from patron.contributions import Choice, Field
from patron.ui import filters

Row = Mapping[str, Any]
Cell = Callable[[Row], str]
Translate = Callable[[str], str]
NOTHING = Markup('<span class="nothing">–</span>')


def _safe(html: str) -> Markup:
    return Markup(html)  # noqa: S704 - every part that comes from outside was escaped where it was put in


def cell_of(item: Field, translate: Translate, *, inside_link: bool = False) -> Cell:
    """What shows this field of a row: a dash where there is nothing, no link where it stands in one already."""
    name = item.name
    writers = {**_WRITERS, **_UNLINKED} if inside_link else _WRITERS
    write = writers[item.kind](item, translate) if item.kind in writers else _SAID[item.says]

    def cell(row: Row) -> str:
        value = row.get(name)
        return NOTHING if value is None or value == "" else write(value, row)

    return cell


def lines_of(items: Iterable[Field], translate: Translate) -> Cell:
    """What shows these fields of a row as lines of a card; those without a value have none."""
    cells = [(item.name, cell_of(item, translate)) for item in items]

    def lines(row: Row) -> str:
        shown = (f'<p class="card-line">{escape(cell(row))}</p>' for name, cell in cells if row.get(name))
        return _safe(f'<div class="card-lines">{"".join(shown)}</div>')

    return lines


_Write = Callable[[Any, Row], str]


def _plain(value: Any, _: Row) -> str:
    return escape(value)


def _country(value: Any, _: Row) -> str:
    return escape(filters.country(value))


_SAID: Mapping[str, _Write] = {"itself": _plain, "country": _country, "currency": _plain}


def _choice(item: Field, _: Translate) -> _Write:
    shown = {choice.value: _badge(choice, item.tells_state) for choice in item.choices}
    return lambda value, _: shown.get(value, Markup())


def _badge(choice: Choice, tells_state: bool) -> Markup:
    if choice.tone == "neutral" and not tells_state:
        return escape(choice.label)
    dot = '<span class="badge-dot"></span>'
    return _safe(f'<span class="badge badge-{escape(choice.tone)}">{dot}{escape(choice.label)}</span>')


def _money(item: Field, _: Translate) -> _Write:
    return lambda value, _: _safe(f'<span class="money">{escape(filters.money(value))}</span>')


def _date(item: Field, _: Translate) -> _Write:
    return lambda value, _: _safe(
        f'<time datetime="{filters.iso(value)}">{escape(filters.date_text(value))}</time>'
    )


def _instant(item: Field, _: Translate) -> _Write:
    def write(value: Any, _: Row) -> str:
        title, shown = escape(filters.datetime_text(value, "long")), escape(filters.ago(value))
        return _safe(f'<time datetime="{filters.iso(value)}" title="{title}" data-ago>{shown}</time>')

    return write


def _yes_no(item: Field, translate: Translate) -> _Write:
    words = {True: escape(translate("Yes")), False: escape(translate("No"))}
    return lambda value, _: words[bool(value)]


def _percent(item: Field, _: Translate) -> _Write:
    return lambda value, _: escape(f"{value} %")


def _integer(item: Field, _: Translate) -> _Write:
    return lambda value, _: escape(filters.number(value))


@lru_cache(maxsize=4096)
def _person(name: str) -> Markup:
    avatar = f"avatar avatar-person hue-{filters.hue(name)} avatar-small"
    return _safe(
        f'<span class="person"><span class="{avatar}" aria-hidden="true">{escape(filters.initials(name))}</span>'
        f'<span class="person-text"><span>{escape(name)}</span></span></span>'
    )


def _user(item: Field, _: Translate) -> _Write:
    key = f"{item.name}_shown"

    def write(value: Any, row: Row) -> str:
        name = row.get(key)
        return _person(str(name)) if name else NOTHING

    return write


def _reference(item: Field, _: Translate) -> _Write:
    shown, url = f"{item.name}_shown", f"{item.name}_url"

    def write(value: Any, row: Row) -> str:
        address = row.get(url)
        return _safe(f'<a href="{escape(address)}">{escape(row[shown])}</a>') if address else NOTHING

    return write


def _link(scheme: str, attributes: str = "") -> Callable[[Field, Translate], _Write]:
    def writer(item: Field, _: Translate) -> _Write:
        def write(value: Any, _: Row) -> str:
            text = escape(value)
            return _safe(f'<a href="{scheme}{text}"{attributes}>{text}</a>')

        return write

    return writer


def _reference_text(item: Field, _: Translate) -> _Write:
    shown = f"{item.name}_shown"
    return lambda value, row: escape(row[shown]) if row.get(shown) else NOTHING


def _phone_text(item: Field, _: Translate) -> _Write:
    return lambda value, _: escape(filters.phone(value))


def _text(item: Field, _: Translate) -> _Write:
    return _plain


def _phone(item: Field, _: Translate) -> _Write:
    return lambda value, _: _safe(f'<a href="tel:{escape(value)}">{escape(filters.phone(value))}</a>')


_WRITERS: Mapping[str, Callable[[Field, Translate], _Write]] = {
    "choice": _choice,
    "money": _money,
    "date": _date,
    "instant": _instant,
    "bool": _yes_no,
    "integer": _integer,
    "percent": _percent,
    "user": _user,
    "team": _user,
    "customer": _reference,
    "ref": _reference,
    "email": _link("mailto:"),
    "phone": _phone,
    "url": _link("", ' rel="noopener noreferrer" target="_blank"'),
}
_UNLINKED: Mapping[str, Callable[[Field, Translate], _Write]] = {
    "customer": _reference_text,
    "ref": _reference_text,
    "email": _text,
    "phone": _phone_text,
    "url": _text,
}
