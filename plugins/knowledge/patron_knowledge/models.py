"""The tables of knowledge: what is written, what is published, every edition, and what readers made of it."""

from __future__ import annotations

from datetime import date, datetime

from patron import BigInt, Column, Record, Row, SortKey, instant, reference, table_args
from sqlalchemy import Index, UniqueConstraint


class Category(Record, table=True):
    """A shelf of articles."""

    __tablename__ = "knowledge_category"
    __table_args__ = table_args(
        Index("ix_knowledge_category_position", "position", "id"),
        Index("ix_knowledge_category_name", "name_key", "id"),
    )
    name: str = Column(nullable=False, unique=True)
    name_key: str = Column(sa_type=SortKey, nullable=False)
    slug: str = Column(nullable=False, unique=True)
    description: str = Column(default="", nullable=False)
    position: int = Column(default=50, nullable=False)


class Article(Record, table=True):
    """The working text of an article. Readers see the publication, a copy made when it is published."""

    __tablename__ = "knowledge_article"
    __table_args__ = table_args(
        Index("ix_knowledge_article_title", "title_key", "id"),
        Index("ix_knowledge_article_updated", "updated_at", "id"),
        Index("ix_knowledge_article_review", "state", "review_by", "id"),
    )
    title: str = Column(nullable=False)
    title_key: str = Column(sa_type=SortKey, nullable=False)
    slug: str = Column(nullable=False, unique=True)
    summary: str = Column(default="", nullable=False)
    body: str = Column(default="", nullable=False)  # Markdown
    category_id: int | None = reference("knowledge_category", nullable=True)
    audience: str = Column(default="public", nullable=False)  # public | customer | partner | staff
    locale: str = Column(default="en", nullable=False)
    state: str = Column(default="draft", nullable=False)  # draft | published | archived
    owner_id: int | None = reference("core_user", nullable=True)
    team_id: int | None = reference("core_team", nullable=True)
    review_by: date | None = Column(default=None, nullable=True)
    edition: int = Column(default=0, nullable=False)  # the last that was published; 0: none yet
    published_at: datetime | None = instant(nullable=True)


class Publication(Record, table=True):
    """An article as its readers see it. There is a row while the article is published, and none otherwise."""

    __tablename__ = "knowledge_publication"
    __table_args__ = table_args(
        Index("ix_knowledge_publication_title", "title_key", "id"),
        Index("ix_knowledge_publication_published", "published_at", "id"),
        Index("ix_knowledge_publication_shelf", "audience", "category_id", "title_key", "id"),
    )
    article_id: int = reference("knowledge_article", unique=True, index=False)
    title: str = Column(nullable=False)
    title_key: str = Column(sa_type=SortKey, nullable=False)
    slug: str = Column(nullable=False, unique=True)
    summary: str = Column(default="", nullable=False)
    body: str = Column(default="", nullable=False)
    category_id: int | None = reference("knowledge_category", nullable=True)
    audience: str = Column(default="staff", nullable=False)
    locale: str = Column(default="en", nullable=False)
    edition: int = Column(default=1, nullable=False)
    published_at: datetime = instant()


class Edition(Row, table=True):
    """The text of an article as it once was published."""

    __tablename__ = "knowledge_edition"
    __table_args__ = table_args(
        UniqueConstraint("article_id", "number", name="uq_knowledge_edition_article_id")
    )
    article_id: int = reference("knowledge_article", index=False)
    number: int = Column(nullable=False)
    title: str = Column(nullable=False)
    summary: str = Column(default="", nullable=False)
    body: str = Column(default="", nullable=False)
    audience: str = Column(nullable=False)
    published_at: datetime = instant()
    published_by: int | None = reference("core_user", nullable=True)


class Views(Row, table=True):
    """How often an article was opened on a day of the firm, by browsers that run scripts."""

    __tablename__ = "knowledge_views"
    __table_args__ = table_args(UniqueConstraint("article_id", "day", name="uq_knowledge_views_article_id"))
    article_id: int = reference("knowledge_article", index=False)
    day: date = Column(nullable=False)
    count: int = Column(default=0, sa_type=BigInt, nullable=False)


class Feedback(Record, table=True):
    """Whether an article helped one reader. ``voter`` is a hash of their session: a later answer replaces the first."""

    __tablename__ = "knowledge_feedback"
    __table_args__ = table_args(
        UniqueConstraint("article_id", "voter", name="uq_knowledge_feedback_article_id"),
        Index("ix_knowledge_feedback_updated", "updated_at", "id"),
    )
    article_id: int = reference("knowledge_article", index=False)
    helpful: bool = Column(nullable=False)
    comment: str = Column(default="", nullable=False)
    customer_id: int | None = reference("core_customer", nullable=True)
    voter: str = Column(nullable=False)


class Gap(Record, table=True):
    """What readers searched for and did not find."""

    __tablename__ = "knowledge_gap"
    __table_args__ = table_args(
        Index("ix_knowledge_gap_hits", "hits", "id"), Index("ix_knowledge_gap_last", "last_at", "id")
    )
    query: str = Column(nullable=False, unique=True)  # folded
    hits: int = Column(default=1, nullable=False)
    last_at: datetime = instant()
