"""What happens only where service is there: articles while somebody writes a ticket, or answers one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from patron import Context, hookimpl

from patron_knowledge.services import reading

if TYPE_CHECKING:
    from patron_service.api import ArticleSource, SuggestedArticle

FOR_CUSTOMERS = (reading.PUBLIC, reading.CUSTOMER)


def suggest(ctx: Context, text: str) -> Sequence[SuggestedArticle]:
    """Articles that may answer a text, all of them such as the customer may read."""
    from patron_service.api import SuggestedArticle

    staff = ctx.actor.kind in reading.STAFF_KINDS
    if staff and not ctx.actor.may(reading.READ):
        return ()
    reader = ctx if staff else reading.as_reader(ctx)
    base = ctx.assembly.settings.base_url if staff else ""  # an answer goes out by mail: its links are whole
    found = reading.suggest(reader, text, only=FOR_CUSTOMERS)
    return [SuggestedArticle(item.title, item.summary, f"{base}/help/articles/{item.slug}") for item in found]


@hookimpl(optionalhook=True)
def service_article_sources() -> Sequence[ArticleSource]:
    """Help, as a source of articles for tickets."""
    from patron_service.api import ArticleSource

    return (ArticleSource("knowledge", suggest, "/help/search"),)
