"""Articles, what is published of them, categories, feedback and gaps as resources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron import Action, Choice, Context, CustomerLink, Field, Invalid, Resource, Rules, table
from sqlalchemy import ColumnElement

from patron_knowledge.models import Article, Category, Feedback, Gap, Publication
from patron_knowledge.services import reading, response, text, writing

AUDIENCES = (
    Choice("public", "Everybody", "success"), Choice("customer", "Customers, signed in", "info"),
    Choice("partner", "Partners", "accent"), Choice("staff", "Our own people", "warning"),
)  # fmt: skip
STATES = (
    Choice("draft", "Draft", "warning"), Choice("published", "Published", "success"), Choice("archived", "Archived"),
)  # fmt: skip
LOCALES = (
    Choice("en", "English"), Choice("de", "Deutsch"), Choice("fr", "Français"), Choice("es", "Español"),
    Choice("it", "Italiano"), Choice("nl", "Nederlands"), Choice("pl", "Polski"), Choice("cs", "Čeština"),
)  # fmt: skip


class CategoryRules(Rules):
    """A category has an address of its own, and stays while it holds articles."""

    def before_save(
        self, ctx: Context, record: Category, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.name_key = writing.title_key(ctx, record.name)
        if created:
            record.slug = writing.free_slug(ctx, Category, record.name, record.id)

    def before_trash(self, ctx: Context, records: Sequence[Category]) -> None:
        if writing.is_used(ctx, [record.key for record in records]):
            raise Invalid("There are articles in it: move them first.")


class ArticleRules(Rules):
    """The state changes by publishing and archiving only; a narrower audience counts at once."""

    def before_save(self, ctx: Context, record: Article, values: Mapping[str, Any], *, created: bool) -> None:
        record.title_key = writing.title_key(ctx, record.title)
        if created or "slug" in values:
            record.slug = writing.free_slug(ctx, Article, record.slug or record.title, record.id)

    def after_save(
        self, ctx: Context, record: Article, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if "audience" in changed and not created:
            writing.narrow(ctx, record, changed["audience"][0])

    def before_trash(self, ctx: Context, records: Sequence[Article]) -> None:
        for record in records:
            writing.withdraw(ctx, record.key)
            if record.state == "published":
                record.state = "archived"

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is not None and not {"views", "helpful"} & set(names):
            return
        numbers = response.numbers_of(ctx, [int(row["id"]) for row in rows])
        for row in rows:
            row["views"] = numbers[int(row["id"])]["views"]
            row["helpful"] = response.share(numbers[int(row["id"])])

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return next(choice.label for choice in AUDIENCES if choice.value == row.get("audience", "public"))

    def actions(self, ctx: Context, record: Article) -> Sequence[Action]:
        here = f"/knowledge/articles/{record.key}"
        found = [
            Action("Publish", f"{here}/publish", writing.PUBLISH, "post", "send", record.state == "draft")
        ]
        if record.state == "published":
            found.append(Action("Archive", f"{here}/archive", writing.PUBLISH, "post", "archive"))
        return found if record.trashed_at is None else ()

    def page_data(self, ctx: Context, record: Article) -> Mapping[str, Any]:
        shown = writing.publication_of(ctx, record.key)
        numbers = response.numbers_of(ctx, [record.key])[record.key]
        return {
            "article": record, "preview": text.to_html(record.body), "numbers": numbers,
            "share": response.share(numbers), "comments": response.comments_of(ctx, record.key),
            "editions": response.editions_of(ctx, record.key), "publication": shown,
            "pending": shown is not None and not writing.is_shown(shown, record),
            "overdue": record.review_by is not None and record.review_by < response.today(ctx),
        }  # fmt: skip


class PublicationRules(Rules):
    """Who reads what: the one place that decides."""

    def visible(self, ctx: Context) -> ColumnElement[bool]:
        return table(Publication).c.audience.in_(reading.audiences(ctx.actor))

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("summary") or "")

    def actions(self, ctx: Context, record: Publication) -> Sequence[Action]:
        url = f"/knowledge/articles/{record.article_id}"
        return (Action("Edit the article", url, f"{writing.KEY}.read", icon="pencil"),)

    def page_data(self, ctx: Context, record: Publication) -> Mapping[str, Any]:
        return {"publication": record, "body": text.to_html(record.body)}


class FeedbackRules(Rules):
    """An answer is called by what it says."""

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is None or "said" in names:
            said = response.said_of(ctx, [int(row["id"]) for row in rows])
            for row in rows:
                row["said"] = said[int(row["id"])]


CATEGORIES = Resource(
    name="categories",
    module="knowledge",
    model=Category,
    label="Category",
    label_plural="Categories",
    icon="folder",
    nav="Administration",
    rules=CategoryRules,
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=100),
        Field("slug", "Address", read_only=True),
        Field("description", "What stands in it", max_length=300),
        Field("position", "Position", "integer", default=50, help="Smaller ones come first."),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "description", "position"),
    filters=("name",),
    sorts=("position", "name"),
    form=("name", "description", "position"),
    search=("name",),
    natural_key="name",
    kept_by="managers",
)

ARTICLES = Resource(
    name="articles",
    module="knowledge",
    model=Article,
    label="Article",
    label_plural="Articles",
    icon="pen-line",
    nav="Knowledge",
    template="knowledge/article.html",
    rules=ArticleRules,
    title="title",
    fields=(
        Field("title", "Title", sort_column="title_key", required=True, max_length=200),
        Field("slug", "Address", max_length=text.SLUG, help="The last part of its web address; made from the title."),
        Field("summary", "In a sentence", max_length=300, help="What lists and searches show below the title."),
        Field("body", "Text", "longtext", max_length=100_000,
              help="Markdown: ## heading, **bold**, - list, [words](address)."),
        Field("category", "Category", "ref", column="category_id", ref="knowledge.categories"),
        Field("audience", "Who may read it", "choice", default="public", choices=AUDIENCES),
        Field("locale", "Language", "choice", default="en", choices=LOCALES),
        Field("state", "State", "choice", choices=STATES, read_only=True),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("review_by", "Review by", "date"),
        Field("edition", "Edition", "integer", read_only=True),
        Field("published_at", "Published", "instant", read_only=True),
        Field("views", "Views", "computed", read_only=True),
        Field("helpful", "Helped", "computed", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("title", "category", "audience", "state", "owner", "review_by", "views", "helpful"),
    filters=("state", "audience", "category", "locale", "owner", "team", "review_by", "slug"),
    sorts=("-updated_at", "title"),
    form=("title", "summary", "body", "category", "audience", "locale", "owner", "team", "review_by", "slug"),
    search=("title", "summary", "body"),
    natural_key="slug",
)  # fmt: skip

PUBLICATIONS = Resource(
    name="publications",
    module="knowledge",
    model=Publication,
    label="Published article",
    label_plural="Handbook",
    icon="book-open",
    nav="Knowledge",
    template="knowledge/publication.html",
    rules=PublicationRules,
    title="title",
    fields=(
        Field("title", "Title", sort_column="title_key"),
        Field("summary", "In a sentence"),
        Field("body", "Text", "longtext"),
        Field("category", "Category", "ref", column="category_id", ref="knowledge.categories"),
        Field("audience", "Who may read it", "choice", default="staff", choices=AUDIENCES),
        Field("locale", "Language", "choice", choices=LOCALES),
        Field("slug", "Address"),
        Field("edition", "Edition", "integer"),
        Field("published_at", "Published", "instant"),
    ),
    columns=("title", "summary", "category", "audience", "published_at"),
    filters=("audience", "category", "locale", "slug"),
    sorts=("-published_at", "title"),
    search=("title", "summary", "body"),
    verbs=("read",),
)

FEEDBACK = Resource(
    name="feedback",
    module="knowledge",
    model=Feedback,
    label="Reader's answer",
    label_plural="Readers' answers",
    icon="message-square",
    nav="Knowledge",
    title="said",
    rules=FeedbackRules,
    fields=(
        Field("said", "Answer", "computed", read_only=True),
        Field("comment", "Comment", personal=True),
        Field("helpful", "Helped", "bool"),
        Field("article", "Article", "ref", column="article_id", ref="knowledge.articles"),
        Field("customer", "Customer", "customer", column="customer_id"),
        Field("updated_at", "When", "instant"),
    ),
    columns=("said", "article", "customer", "updated_at"),
    filters=("helpful", "article", "customer"),
    sorts=("-updated_at",),
    links=(CustomerLink("customer_id"),),
    verbs=("read", "delete", "export"),
)

GAPS = Resource(
    name="gaps",
    module="knowledge",
    model=Gap,
    label="Search without a result",
    label_plural="What people did not find",
    icon="search",
    nav="Knowledge",
    template="knowledge/gap.html",
    title="query",
    fields=(
        Field("query", "Searched for", read_only=True),
        Field("hits", "How often", "integer", read_only=True),
        Field("last_at", "Last", "instant", read_only=True),
    ),
    columns=("query", "hits", "last_at"),
    filters=("query", "hits", "last_at"),
    sorts=("-hits", "-last_at"),
    verbs=("read", "delete", "export"),
)
RESOURCES = (CATEGORIES, ARTICLES, PUBLICATIONS, FEEDBACK, GAPS)
