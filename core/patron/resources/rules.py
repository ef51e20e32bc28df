"""What a module adds to a resource by hand: subclass ``Rules`` and name it in the declaration."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement

from patron.context import Context
from patron.contributions import Action, Panel
from patron.permissions import Scope
from patron.plugins import Failure


class Rules:
    """The defaults: nothing special. Every method is called inside the unit of work and flushes, never commits.

    ``values`` are checked input by field name, ``changed`` maps field names to (was, became). ``irreversible`` says why
    an import of such records cannot be taken back: what is booked with them lies in other records.
    """

    irreversible: str = ""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        """Values of a new record that the input does not give."""
        return {}

    def check(self, ctx: Context, record: Any, values: Mapping[str, Any]) -> None:
        """Raise Invalid where the values do not fit together. ``record`` is None on create."""

    def before_save(self, ctx: Context, record: Any, values: Mapping[str, Any], *, created: bool) -> None:
        """Fill derived columns; the values are already on the record."""

    def after_save(
        self, ctx: Context, record: Any, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        """Write what stands beside the record: children, timeline, events."""

    def writes_beside(self, names: Collection[str]) -> bool:
        """Whether ``after_save`` has anything to do when these fields of a record change. Where it has not, records
        that are changed together are written at once."""
        return type(self).after_save is not Rules.after_save

    def before_trash(self, ctx: Context, records: Sequence[Any]) -> None:
        """Raise Invalid where the records must not go to the trash now."""

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        """Add list and computed fields (those in ``names``, or all) to rows about to be shown: a fixed number of
        statements for all of them."""

    def scope(self, ctx: Context, scope: Scope) -> ColumnElement[bool] | None:
        """Whose rows these are, where owner, team and customer do not say it. None leaves it to them."""
        return None

    def visible(self, ctx: Context) -> ColumnElement[bool] | None:
        """Rows that stay hidden even from who may read all of them (a private note). None hides nothing."""
        return None

    def said(self, ctx: Context, name: str, value: Any, row: Mapping[str, Any]) -> str | None:
        """How a stored value of a field reads in the history of the record that is ``row`` now, where only the module
        can say it (a condition, the steps of a rule). None leaves it to the field's kind."""
        return None

    def subtitle(self, row: Mapping[str, Any]) -> str:
        """The second line of the record in search results and on its page."""
        return ""

    def search_text(self, record: Any) -> str:
        """Generally readable words of the record beyond its declared search fields."""
        return ""

    def panels(self, ctx: Context, record: Any) -> Sequence[tuple[str, Panel | Failure]]:
        """Panels on the record's page, each with the module that it comes from."""
        return ()

    def page_data(self, ctx: Context, record: Any) -> Mapping[str, Any]:
        """What the record page's own template needs beyond the fields."""
        return {}

    def actions(self, ctx: Context, record: Any) -> Sequence[Action]:
        """What can be done with the record, beyond editing it."""
        return ()


_PLAIN = Rules()
_MADE: dict[type[Rules], Rules] = {}


def rules_of(resource: Any) -> Rules:
    """The one instance of the resource's rules."""
    kind = resource.rules
    if kind is None:
        return _PLAIN
    if kind not in _MADE:
        _MADE[kind] = kind()
    return _MADE[kind]
