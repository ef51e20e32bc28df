"""Articles of another module, by the hook ``service_article_sources``; of one that is disabled, none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from patron import hookimpl
from patron.assembly import assemble
from patron.db import Database
from patron.testing.faces import settings_for, working
from patron_service.api import ArticleSource, SuggestedArticle
from patron_service.services import articles


def module(found: object) -> SimpleNamespace:
    @hookimpl
    def service_article_sources() -> object:
        return found

    return SimpleNamespace(service_article_sources=service_article_sources, __package__="")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_another_module_gives_articles(database: Database, tmp_path: Path) -> None:
    wiki = ArticleSource(
        "wiki", lambda ctx, text: [SuggestedArticle(f"On {text}", "", "/wiki/1")] * 5, "/wiki"
    )
    settings = settings_for(database, modules=("service",), folder=str(tmp_path), strict=True)
    made = assemble(settings, {"wiki": module((wiki,))})
    with working(made) as ctx:
        assert [item.title for item in articles.suggest(ctx, "chairs")] == ["On chairs"] * 4
        assert articles.search_url(ctx) == "/wiki"
        made.live = replace(made.live, disabled=frozenset({"wiki"}))
        assert (articles.suggest(ctx, "chairs"), articles.search_url(ctx)) == ([], "")
    made.database.dispose()
    refused = assemble(replace(settings, strict=False), {"wiki": module(("no source",))})
    assert [plugin.name for plugin in refused.plugins if plugin.refused] == ["wiki"]
    refused.database.dispose()
