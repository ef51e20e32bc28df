"""What is done first with an installation: a customer is made, a touch is logged, and their page is opened.

Runs in the environment under test, in the folder of the installation; over HTTP, in one process. Prints the statuses
of the answers and whether the page shows both, as JSON.
"""

from __future__ import annotations

import json

from litestar.testing import TestClient
from patron.accounts import services
from patron.accounts.authentication import csrf_token, masked
from patron.accounts.services.people import person_of
from patron.app import app_of
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.settings import load_settings
from patron.ui import CSRF_HEADER


def sign_in(assembly: Assembly) -> str:
    """The secret of a session of a new administrator."""
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        user_id = services.add_user(ctx, "first@firm.example", "First User", ["admin"])
        return services.start_session(ctx, person_of(session, user_id=user_id))


def main() -> None:
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
    print(json.dumps({"statuses": [made.status_code, logged.status_code, page.status_code], "shown": shown}))
    assembly.database.dispose()


main()
