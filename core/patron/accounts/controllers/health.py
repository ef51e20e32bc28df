"""The health page: what ``patron doctor`` says, for who administers."""

from __future__ import annotations

from patron.accounts.controllers.common import ADMIN
from patron.context import Context
from patron.responses import Page
from patron.routing import Route, get
from patron.system.health import problems


@get("/admin/health", permission=ADMIN, slow=True)
def index(ctx: Context) -> Page:
    """Every check, those with a problem first."""
    checks = [{"name": name, "problem": problem} for name, problem in problems(ctx)]
    checks.sort(key=lambda check: not check["problem"])
    ill = sum(bool(check["problem"]) for check in checks)
    return Page("accounts/health.html", {"checks": checks, "ill": ill})


ROUTES: tuple[Route, ...] = (index,)
