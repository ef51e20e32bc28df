"""What staff do with articles beyond listing them: the editor with its preview, publishing, editions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from patron import (
    Context,
    Flash,
    Page,
    Redirect,
    Resource,
    Route,
    change_record,
    create_record,
    editing,
    get,
    post,
    show_edit,
    show_new,
)

from patron_knowledge.resource import ARTICLES
from patron_knowledge.services import text, writing

KEY, PATH = writing.KEY, "/knowledge/articles"
READ, CREATE, EDIT = f"{KEY}.read", f"{KEY}.create", f"{KEY}.edit"
ONE = f"{PATH}/{{article_id:int}}"
FORM = f"{PATH}/{{record_id:int}}/edit"  # where the resource has its own


def _with_preview(page: Page | Redirect) -> Page | Redirect:
    """The resource's form in an editor that shows what readers will see."""
    if isinstance(page, Redirect) or page.template != "resources/form.html":
        return page
    body = str(page.data["values"].get("body") or "")
    return Page("knowledge/editor.html", {**page.data, "preview": text.to_html(body)}, page.status)


def _editor(handler: Callable[..., Page | Redirect], doc: str) -> Callable[..., Page | Redirect]:
    def show(ctx: Context, *, resource: Resource, **params: Any) -> Page | Redirect:
        return _with_preview(handler(ctx, resource=resource, **params))

    show.__doc__ = doc
    return partial(show, resource=ARTICLES)


new = get(f"{PATH}/new", permission=CREATE)(_editor(show_new, "An empty editor."))
create = post(f"{PATH}/new", permission=CREATE)(_editor(create_record, "Make the article."))
edit = get(FORM, permission=EDIT)(_editor(show_edit, "The editor of an article."))
change = post(FORM, permission=EDIT)(_editor(change_record, "Change the article."))


@post(f"{PATH}/preview", permission=READ, transaction="read")
def preview(ctx: Context) -> Page:
    """A text as readers will see it (form: title, body). Nothing is kept."""
    title, body = ctx.web.value("title"), (ctx.web.values("body") or [""])[0]
    data = {"title": title, "preview": text.to_html(body)}
    return Page("knowledge/preview.html", data, partial="knowledge/_preview.html")


@post(f"{ONE}/publish", permission=writing.PUBLISH)
def publish(ctx: Context, article_id: int) -> Redirect:
    """Show the working text to its readers."""
    article = writing.publish_article(ctx, article_id)
    return Redirect(f"{PATH}/{article_id}", Flash(f"Published as edition {article.edition}."))


@post(f"{ONE}/archive", permission=writing.PUBLISH)
def archive(ctx: Context, article_id: int) -> Redirect:
    """Take the article from its readers."""
    writing.archive_article(ctx, article_id)
    return Redirect(f"{PATH}/{article_id}", Flash("Archived: readers find it no more."))


@get(ONE + "/editions/{number:int}", permission=READ)
def edition(ctx: Context, article_id: int, number: int) -> Page:
    """An earlier edition, and what has changed since."""
    article = editing.load(ctx, ctx.assembly.resource(KEY), article_id)
    then = writing.edition_of(ctx, article_id, number)
    data = {
        "article": article, "edition": then, "changes": text.changes(then.body, article.body),
        "preview": text.to_html(then.body), "may_edit": ctx.actor.may(EDIT),
    }  # fmt: skip
    return Page("knowledge/edition.html", data)


@post(ONE + "/editions/{number:int}/restore", permission=EDIT)
def restore(ctx: Context, article_id: int, number: int) -> Redirect:
    """Make an earlier edition the working text."""
    writing.restore_edition(ctx, article_id, number)
    return Redirect(
        f"{PATH}/{article_id}", Flash(f"Edition {number} is the working text now. Publish it to show it.")
    )


ROUTES: tuple[Route, ...] = (new, create, edit, change, preview, publish, archive, edition, restore)
