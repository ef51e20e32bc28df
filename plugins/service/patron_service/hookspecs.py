"""The hooks that service offers to other modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from patron import Context, hook


@dataclass(frozen=True)
class SuggestedArticle:
    """An article that may answer a ticket. ``url`` is where its reader opens it."""

    title: str
    summary: str
    url: str


@dataclass(frozen=True)
class ArticleSource:
    """Somewhere with articles. ``suggest`` gets a text as it was typed, and gives those that the acting customer may
    read, best first; of an acting user of staff, those that any customer may read, with whole addresses.
    ``search_url`` is a page that takes ``?q=``."""

    name: str
    suggest: Callable[[Context, str], Sequence[SuggestedArticle]]
    search_url: str


@hook("refuse", items=(ArticleSource,))
def service_article_sources() -> Sequence[ArticleSource]:
    """Where articles come from that are shown while a customer writes a ticket, or an agent answers one."""
    raise AssertionError
