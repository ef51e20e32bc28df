"""Administration of the firm itself: what it is called, and what invoices, quotes and mails say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron.accounts.controllers.common import ADMIN
from patron.context import Context
from patron.errors import BadRequest, Conflict, FieldError, Invalid
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.system import company
from patron.web import whole_number

URL = "/admin/company"


@get(URL, permission=ADMIN)
def show(ctx: Context) -> Page:
    """The form of the firm."""
    return _form(ctx, company.company_values(ctx))


def _form(
    ctx: Context, values: Mapping[str, Any], errors: Sequence[FieldError] = (), status: int = 200
) -> Page:
    data = {
        "values": values, "errors": list(errors), "site_name": ctx.assembly.settings.site_name,
        "by_field": {error.field: [error.message] for error in errors},
    }  # fmt: skip
    return Page("accounts/company.html", data, status=status)


@post(URL, permission=ADMIN)
def change(ctx: Context) -> Page | Redirect:
    """Change it, or show the form again with every error, and what was typed."""
    version = whole_number(ctx.web.value("version"))
    if version is None:
        raise BadRequest("The form does not say which version it changes.")
    values = {name: (ctx.web.values(name) or [""])[0] for name in company.FIELDS}
    try:
        company.save_company(ctx, values, version)
    except Invalid as error:
        return _form(ctx, {**values, "version": version}, error.errors, 422)
    except Conflict as error:
        current = company.company_values(ctx)
        return _form(ctx, {**values, "version": current["version"]}, [FieldError("name", error.detail)], 409)
    return Redirect(URL, Flash("The company is changed."))


ROUTES: tuple[Route, ...] = (show, change)
