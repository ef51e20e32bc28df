"""Whoever asks, ready made: applications, and clients signed in on each face, without the cost of a password.

As a plugin of pytest (``pytest_plugins = ["patron.testing.plugin", "patron.testing.faces"]``) it gives ``assembly``:
the modules of ``plugins`` (override that fixture) over the test's own ``database``, with what a migration leaves:
links and the built-in roles.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from patron.accounts import services
from patron.accounts.authentication import PARTNER, csrf_token, masked
from patron.accounts.faces import CUSTOMERS, PARTNERS, Door
from patron.accounts.services.people import Person, person_of
from patron.accounts.services.teams import list_teams, members_of
from patron.app import app_of
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.customers.roles import give_role
from patron.db import Database
from patron.resources import editing
from patron.settings import Settings
from patron.ui import CSRF_HEADER

BASE_URL = "https://testserver.local"
_numbers = itertools.count(1)


def settings_for(database: Database, **changes: Any) -> Settings:
    """Settings of an installation on that database, with no module but those given."""
    values: dict[str, Any] = {
        "base_url": BASE_URL, "database_url": database.url, "secret_key": "of-a-test", "modules": (),
        "hang_seconds": 0.0,
    }  # fmt: skip
    return Settings(**{**values, **changes})


@pytest.fixture
def plugins() -> Mapping[str, Any]:
    """Modules to assemble beside the core: name to module or object. Override it."""
    return {}


@pytest.fixture
def assembly(database: Database, plugins: Mapping[str, Any], tmp_path: Path) -> Iterator[Assembly]:
    """An assembly over the test's database, with the built-in roles."""
    made = assemble(settings_for(database, folder=str(tmp_path)), plugins)
    after_migration(made)
    yield made
    made.database.dispose()


@contextmanager
def working(assembly: Assembly) -> Iterator[Context]:
    """A context of the system in a write transaction of its own."""
    with assembly.database.write() as session:
        assembly.refresh(session, assembly.current_generation(session))
        yield Context(session, assembly)


@contextmanager
def app_client(assembly: Assembly) -> Iterator[TestClient[Litestar]]:
    """A client of a new application of that assembly; it asks for pages, follows no redirect, keeps cookies."""
    with TestClient(app_of(assembly), base_url=BASE_URL) as client:
        client.follow_redirects = False
        client.headers["Accept"] = "text/html,*/*;q=0.8"
        yield client


def make_user(
    assembly: Assembly, role: str = "admin", team: str = "", email: str = "", name: str = ""
) -> int:
    """A user with that role, in that team (made when it does not exist). Returns the id."""
    number = next(_numbers)
    with working(assembly) as ctx:
        roles = [role] if role else []
        user_id = services.add_user(
            ctx, email or f"{role or 'none'}{number}@example.com", name or f"User {number}", roles
        )
        if team:
            found = next((team_id for team_id, title, _ in list_teams(ctx) if title == team), None)
            team_id = services.add_team(ctx, team) if found is None else found
            services.set_members(ctx, team_id, {*members_of(ctx, team_id), user_id})
    return user_id


def signed_in(client: TestClient[Litestar], role: str = "admin", team: str = "", *, user_id: int = 0) -> int:
    """Sign a (new) user of staff in with this client, forms' token included. Returns the user's id."""
    assembly: Assembly = client.app.state.assembly
    user_id = user_id or make_user(assembly, role, team)
    with assembly.database.read() as session:
        person = person_of(session, user_id=user_id)
    enter(client, person, "__Host-patron")
    return user_id


def signed_in_customer(
    client: TestClient[Litestar], customer_id: int, rights: Iterable[str] = (), *, account_id: int = 0
) -> int:
    """Sign a (new) customer's account in with this client, acting for that customer. Returns the account's id."""
    return _signed_in_account(client, CUSTOMERS, customer_id, rights, account_id)


def signed_in_partner(
    client: TestClient[Litestar], customer_id: int, rights: Iterable[str] = (), *, account_id: int = 0
) -> int:
    """Sign a (new) partner's account in with this client, acting for that customer, which becomes a partner.

    Returns the account's id.
    """
    with working(client.app.state.assembly) as ctx:
        give_role(ctx, customer_id, PARTNER)
    return _signed_in_account(client, PARTNERS, customer_id, rights, account_id)


def _signed_in_account(
    client: TestClient[Litestar], door: Door, customer_id: int, rights: Iterable[str], account_id: int
) -> int:
    assembly: Assembly = client.app.state.assembly
    if not account_id:
        with working(assembly) as ctx:
            email = f"{door.face}{next(_numbers)}@example.com"
            account_id = services.add_account(ctx, email, "Buyer", customer_id, rights, door.face)
    with assembly.database.read() as session:
        person = person_of(session, account_id=account_id)
    enter(client, person, f"__Host-{door.cookie}")
    return account_id


def enter(client: TestClient[Litestar], person: Person, cookie: str) -> str:
    """Give the client a session of that person. Returns its secret."""
    assembly: Assembly = client.app.state.assembly
    with working(assembly) as ctx:
        secret = services.start_session(ctx, person)
    if cookie in client.cookies:
        client.cookies.delete(cookie)
    client.cookies.set(cookie, secret, domain="testserver.local")
    client.headers[CSRF_HEADER] = masked(csrf_token(assembly.settings.secret_key, secret))
    return secret


def token_for(client: TestClient[Litestar], user_id: int, scopes: Sequence[str] = ("*",)) -> str:
    """Let the client act by a new API token of that user, and by nothing else. Returns the token."""
    assembly: Assembly = client.app.state.assembly
    with working(assembly) as ctx:
        secret = services.make_token(ctx, user_id, "test", scopes)
    client.cookies.clear()
    client.headers.pop(CSRF_HEADER, None)
    client.headers["Authorization"] = f"Bearer {secret}"
    return secret


def form_token(html: str) -> str:
    """The token that the forms of a page carry."""
    return html.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]


def without_token(html: str) -> str:
    """A page without the forms' token, which is masked anew each time: for pages that must be alike."""
    return html.replace(form_token(html), "")


def make_customer(assembly: Assembly, name: str = "Ada Lovelace", kind: str = "person", **values: Any) -> int:
    """A customer, made as the system. Returns the id."""
    with working(assembly) as ctx:
        resource = assembly.resource("customers")
        return int(editing.create(ctx, resource, {"kind": kind, "name": name, **values}).key)
