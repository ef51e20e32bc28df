"""Articles that may settle a ticket before it is written, or that its answer links to."""

from __future__ import annotations

from patron import Context

from patron_service.hookspecs import ArticleSource, SuggestedArticle

SHOWN = 4


def sources(ctx: Context) -> list[ArticleSource]:
    """Where articles come from in this assembly; none where no module has any."""
    return ctx.assembly.offered("service_article_sources")


def search_url(ctx: Context) -> str:
    """A page to search articles on; empty where there is none."""
    return next((source.search_url for source in sources(ctx)), "")


def suggest(ctx: Context, text: str) -> list[SuggestedArticle]:
    """The articles nearest to a text."""
    return [found for source in sources(ctx) for found in source.suggest(ctx, text)][:SHOWN]
