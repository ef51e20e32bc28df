"""What other modules may use of service."""

from __future__ import annotations

from patron_service.hookspecs import ArticleSource, SuggestedArticle

__all__ = ["ArticleSource", "SuggestedArticle"]
