"""The one question after a ticket, at the link of its mail. Reading a page changes nothing: mail scanners read too."""

from __future__ import annotations

from patron import ANYONE, Context, Face, FieldError, Invalid, Page, Redirect, Route, get, post

from patron_service.services import surveys

OPEN = {"face": Face.PUBLIC, "permission": ANYONE}


def _page(ctx: Context, secret: str, errors: tuple[FieldError, ...] = ()) -> Page:
    survey = surveys.find(ctx, secret)
    data = {
        "secret": secret,
        "title": survey.title,
        "scores": [(str(value), label) for value, label in surveys.SCORES],
        "score": ctx.web.value("score") if errors else str(survey.score or ""),
        "comment": ctx.web.value("comment") if errors else survey.comment,
        "answered": survey.answered_at is not None,
        "errors": list(errors),
        "by_field": {error.field: [error.message] for error in errors},
    }
    return Page("service/survey.html", data, status=422 if errors else 200)


@get("/survey/{secret:str}", **OPEN)
def show(ctx: Context, secret: str) -> Page:
    """The question; 404 for a link that is no survey’s, or whose time is over."""
    return _page(ctx, secret)


@post("/survey/{secret:str}", **OPEN)
def answer(ctx: Context, secret: str) -> Page | Redirect:
    """The answer (form: score, comment)."""
    try:
        surveys.answer(ctx, surveys.find(ctx, secret), ctx.web.value("score"), ctx.web.value("comment"))
    except Invalid as error:
        ctx.session.rollback()
        return _page(ctx, secret, error.errors)
    return Redirect(f"/survey/{secret}")


ROUTES: tuple[Route, ...] = (show, answer)
