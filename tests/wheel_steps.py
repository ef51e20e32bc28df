"""What is done first with an installation: ``wheel_steps.py PACKAGE MODULES``.

It is set up and migrated unless it is, one looks at what there is; then a customer is made, a touch is logged, and
their page is opened, over HTTP. Runs in the environment under test, in the folder of the installation, all in one
process, since most of a command's time is its start. Prints what there is, the statuses of the answers and whether
the page shows both, as JSON.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from litestar.testing import TestClient
from patron.accounts import services
from patron.accounts.authentication import csrf_token, masked
from patron.accounts.services.people import person_of
from patron.app import app_of
from patron.assembly import Assembly, assemble
from patron.cli.main import patron
from patron.context import Context
from patron.settings import load_settings
from patron.ui import CSRF_HEADER


def sign_in(assembly: Assembly) -> str:
    """The secret of a session of a new administrator."""
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        user_id = services.add_user(ctx, "first@firm.example", "First User", ["admin"])
        return services.start_session(ctx, person_of(session, user_id=user_id))


def command(*arguments: str) -> str:
    """What ``patron`` with these arguments prints; whatever it refuses is raised."""
    with redirect_stdout(io.StringIO()) as printed:
        patron(list(arguments), standalone_mode=False)
    return printed.getvalue()


def look(package: str, modules: str) -> dict[str, Any]:
    """Set up, and what there is then."""
    if not Path("patron.toml").exists():
        command("init", "--modules", modules, "--yes")
        command("migrate")
    return {
        "where": importlib.import_module(package).__file__,
        "version": command("--version"),
        "plugins": json.loads(command("plugins", "--json")),
        "routes": json.loads(command("routes", "--json")),
    }


def main(package: str, modules: str) -> None:
    there = look(package, modules)
    assembly = assemble(load_settings())
    secret, settings = sign_in(assembly), assembly.settings
    headers = {"Accept": "text/html", CSRF_HEADER: masked(csrf_token(settings.secret_key, secret))}
    cookie = "__Host-patron" if settings.secure else "patron"
    with TestClient(app_of(assembly), base_url=settings.base_url) as client:
        client.follow_redirects = False
        client.headers.update({**headers, "Cookie": f"{cookie}={secret}"})
        person = {"kind": "person", "given_name": "Ada", "family_name": "Weber"}
        made = client.post("/customers/new", data=person)
        at = made.headers["location"]
        touch = {"channel": "phone", "direction": "in", "subject": "Asked for chairs"}
        logged = client.post(f"{at}/log", data=touch)
        page = client.get(at)
    shown = {words: words in page.text for words in ("Ada Weber", "Asked for chairs")}
    statuses = [made.status_code, logged.status_code, page.status_code]
    print(json.dumps({**there, "statuses": statuses, "shown": shown}))
    assembly.database.dispose()


main(*sys.argv[1:])
