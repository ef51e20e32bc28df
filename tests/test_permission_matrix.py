"""Who gets what from every route: the matrix of actors and routes, made from the route table.

A new route is covered on the day it is written. Nobody is shown a canary that their role does not reach, and no
request that was refused has changed a business row.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.accounts.models import Role, Token
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.contributions import Resource
from patron.db import Database
from patron.migrate import CORE
from patron.permissions import Face, Scope
from patron.plugins import discover
from patron.records import table, utc_now
from patron.resources.declaration import table_of
from patron.routing import ANYONE, SIGNED_IN, Route
from patron.testing.asking import UNSAFE, Ask, ask
from patron.testing.canaries import KEEPER_TEAM, MARKUP, Canaries, hatch, mark
from patron.testing.databases import Databases
from patron.testing.faces import (
    app_client,
    settings_for,
    signed_in,
    signed_in_customer,
    signed_in_partner,
    token_for,
    working,
)
from patron.testing.watching import Watch, differing
from patron.ui import CSRF_HEADER
from patron_orders.api import issue_invoice
from sqlalchemy import insert, select, text, update

Client = TestClient[Litestar]
REFUSED = (401, 403, 404, 409, 422)
SHARED = ("core_user", "core_team", "core_team_member", "core_role", "core_brand", "core_legal_entity")
HATCHED: dict[str, Canaries] = {}  # by engine: what the template of that engine holds


@dataclass(frozen=True)
class Actor:
    """Somebody who asks: how they sign in, on which face they stand, and what their role reaches."""

    name: str
    face: Face = Face.STAFF
    role: str = ""
    team: str = ""
    only: tuple[str, ...] = ("*",)
    entitled: bool = False  # with every right that a mandate can give
    own: bool = False  # of the canary customer itself

    def __str__(self) -> str:
        return self.name

    @property
    def by_token(self) -> bool:
        return self.only != ("*",)


ACTORS = (
    Actor("anonymous", Face.PUBLIC),
    Actor("no role"),
    Actor("reader elsewhere", role="reader", team="South"),
    Actor("user elsewhere", role="user", team="South"),
    Actor("user of the team", role="user", team=KEEPER_TEAM),
    Actor("one with only their own", role="own", team=KEEPER_TEAM),
    Actor("manager", role="manager"),
    Actor("admin", role="admin"),
    Actor("its customer", Face.CUSTOMER, entitled=True, own=True),
    Actor("another customer", Face.CUSTOMER, entitled=True),
    Actor("customer without rights", Face.CUSTOMER),
    Actor("its partner", Face.PARTNER, entitled=True, own=True),
    Actor("another partner", Face.PARTNER, entitled=True),
    Actor("partner without rights", Face.PARTNER),
    Actor("narrow token", role="admin", only=("customers.read",)),
    Actor("useless token", role="admin", only=("interactions.export",)),
)
QUIET = tuple(actor for actor in ACTORS if actor.role not in ("manager", "admin") or actor.by_token)


def invoice(ctx: Context, found: Canaries) -> int:
    """An invoice is written once, from a confirmed order."""
    orders = ctx.assembly.resource("orders.orders")
    t = table_of(orders)
    statement = update(t).where(t.c.id == found.of(orders))
    ctx.session.execute(statement.values(status="confirmed"))
    return int(issue_invoice(ctx, found.of(orders)))


MAKERS = {"orders_invoice": invoice}  # what no form makes


def fill(database: Database) -> None:
    """Canaries of every installed module, once per engine."""
    assembly = assemble(settings_for(database, modules=None))
    assert [(p.name, p.refused) for p in assembly.plugins if p.refused] == []
    after_migration(assembly)
    HATCHED[database.dialect] = hatch(assembly, MAKERS)
    with working(assembly) as ctx:
        said = ctx.session.execute(
            select(table(Role).c.grants).where(table(Role).c.name == "user")
        ).scalar_one()
        ctx.session.execute(insert(table(Role)).values(name="own", grants=dict.fromkeys(said, Scope.OWN)))
    assembly.database.dispose()


NAME = "permission matrix"  # of the template with the canaries


@pytest.fixture(scope="module")
def applications(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Client]]:
    """The application of an engine, over one copy of the canaries, which each test finds as new."""
    distributions = (CORE, *(p.migrations for p in discover(None)))
    made: dict[str, Client] = {}
    with ExitStack() as stack:

        def application(engine_name: str) -> Client:
            if engine_name in made:
                databases.renew(NAME, made[engine_name].app.state.assembly.database)
            else:
                folder = tmp_path_factory.mktemp(engine_name)
                copy = databases.copied(NAME, engine_name, folder, distributions, fill)
                database = stack.enter_context(copy)
                assembly = assemble(settings_for(database, modules=None, folder=str(folder)))
                made[engine_name] = stack.enter_context(app_client(assembly))
            return made[engine_name]

        yield application


@pytest.fixture
def client(engine_name: str, applications: Callable[[str], Client]) -> Client:
    """A client of nobody yet, over a database as new."""
    client = applications(engine_name)
    client.cookies.clear()
    client.headers["Accept-Encoding"] = "identity"
    for name in ("Authorization", CSRF_HEADER):
        client.headers.pop(name, None)
    return client


@pytest.fixture
def watch(client: Client) -> Iterator[Callable[[], Watch]]:
    """Begins to watch the client's database."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Watch(client.app.state.assembly)))


@pytest.fixture
def found(client: Client, engine_name: str) -> Canaries:
    return HATCHED[engine_name]


def sign_in(client: Client, actor: Actor, found: Canaries) -> None:
    """Give the client the actor's session or token."""
    assembly: Assembly = client.app.state.assembly
    customer = found.customer if actor.own else found.other_customer
    rights = rights_of(assembly, actor)
    if actor.face == Face.CUSTOMER:
        signed_in_customer(client, customer, rights)
    elif actor.face == Face.PARTNER:
        signed_in_partner(client, customer, rights)
    elif actor.face == Face.STAFF:
        user_id = signed_in(client, actor.role, actor.team)
        if actor.by_token:
            token_for(client, user_id, actor.only)
            note_use(assembly)


def note_use(assembly: Assembly) -> None:
    """Tokens were used just now, as a session was when it began: it is not noted again within minutes."""
    with assembly.database.write() as session:
        session.execute(update(table(Token)).values(used_at=utc_now() + timedelta(hours=1)))


def rights_of(assembly: Assembly, actor: Actor) -> set[str]:
    """The rights of the actor's mandate: all that any route asks for, or none."""
    asked = {route.permission for route in assembly.routes if route.face in (Face.CUSTOMER, Face.PARTNER)}
    return asked - {SIGNED_IN} if actor.entitled else set()


def grants_of(assembly: Assembly, actor: Actor) -> dict[str, Scope]:
    """What the actor's role says, narrowed by what a token is good for."""
    t = table(Role)
    with assembly.database.read() as session:
        said = session.execute(select(t.c.grants).where(t.c.name == actor.role)).scalar() or {}
    if "*" in said:
        said = dict.fromkeys(assembly.permissions, said["*"])
    return {name: Scope(scope) for name, scope in said.items() if "*" in actor.only or name in actor.only}


def _context(session: Any, assembly: Assembly) -> Any:
    return Context(session, assembly)


def requests_of(client: Client, found: Canaries, methods: tuple[str, ...]) -> list[tuple[Route, Ask]]:
    """A request for each route with one of the methods; what ends the session comes last."""
    assembly: Assembly = client.app.state.assembly
    with assembly.database.read() as session:
        ctx = _context(session, assembly)
        asked = [
            (route, ask(ctx, route, found, FIXED.get(route.path)))
            for route in assembly.routes
            if route.method in methods
        ]
    return sorted(asked, key=lambda pair: pair[0].path.endswith("/sign-out"))


def wrong_status(
    assembly: Assembly, actor: Actor, grants: Mapping[str, Scope], route: Route, status: int, found: Canaries
) -> str:
    """What is wrong with the status, by what the route declares; empty when nothing is."""
    if status >= 500:
        return "crashed"
    if route.face == Face.PUBLIC:
        return ""
    if route.face != actor.face:
        refused = (401, 403) if actor.by_token else (401,)
        return "" if status in refused else "let a stranger to this face in"
    if actor.by_token and not route.path.startswith("/api/"):
        return "" if status == 403 else "took a token for a page"
    if route.permission == SIGNED_IN:
        return "refused somebody signed in" if status in (401, 403) else ""
    if route.face != Face.STAFF:
        if route.permission not in rights_of(assembly, actor):
            return "" if status == 404 else "did without the right of the mandate"
        others = not actor.own and "_id:int}" in route.path
        return "reached another customer's record" if others and status not in REFUSED else ""
    if route.permission not in grants:
        return "" if status == 403 else "did without the permission"
    resource = whose_record(assembly, route)
    if resource is not None and not reaches(actor, grants, route, resource):
        return "" if status in (403, 404) else "reached another team's record"
    return ""


def whose_record(assembly: Assembly, route: Route) -> Resource | None:
    """The resource whose canary record the request is about, by a generated route or by one of the module's own."""
    path = route.path.removeprefix("/api/v1")
    named = [r for r in assembly.resources.values() if path.startswith(f"{r.path}/{{")]
    if not named and "{customer_id" in path:
        named = [assembly.resources["customers"]]
    return next(iter(named), None)


def reaches(actor: Actor, grants: Mapping[str, Scope], route: Route, resource: Resource) -> bool:
    scope = grants.get(route.permission)
    if route.permission not in (resource.permission(verb) for verb in resource.verbs):
        scope = grants.get(resource.permission("read"))
    return sees(actor, scope)


def sees(actor: Actor, scope: Scope | None) -> bool:
    """Whether a grant of that scope reaches the canaries, which belong to somebody else of the keepers' team."""
    return scope == Scope.ALL or (scope == Scope.TEAM and actor.team == KEEPER_TEAM)


def forbidden_marks(
    assembly: Assembly, actor: Actor, grants: Mapping[str, Scope], found: Canaries
) -> set[str]:
    """The marks of the tables whose rows the actor may not read."""
    if actor.own:
        return set()
    readable = set(SHARED) if actor.face == Face.STAFF else set()
    shared_modules = set()
    for resource in assembly.resources.values():
        if sees(actor, grants.get(resource.permission("read"))):
            readable.add(resource.table)
            shared_modules.add(resource.module)
    if "core_customer" in readable:
        return {mark(r.table) for r in assembly.resources.values() if r.table not in readable}
    resources = {r.table for r in assembly.resources.values()}
    children = {
        name
        for name in found.ids
        if name not in resources and name.split("_")[0] in shared_modules - {"core"}
    }
    return {mark(name) for name in found.ids.keys() - readable - children}


def allowed_at(assembly: Assembly, route: Route) -> set[str]:
    """A customer's history says of every module what happened: who may read the customer reads its lines."""
    if route.path == "/shop" or route.path.startswith("/shop/"):
        return {mark("catalog_product")}  # what is on sale is everybody's to see
    history = route.path.startswith(("/customers/{", "/api/v1/customers/{"))
    return {mark(r.table) for r in assembly.resources.values() if r.module != "core"} if history else set()


def shown(answer: Any) -> str:
    """All that an answer shows: body, headers, and the message that a cookie carries to the next page."""
    said: str = answer.content.decode("utf-8", "replace") + str(dict(answer.headers))
    for name, value in answer.cookies.items():
        if name.endswith("patron-flash") and value:
            said += urlsafe_b64decode(value.partition(".")[0]).decode()
    return said


def listed(problems: Sequence[Any]) -> str:
    return "\n" + "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize("actor", ACTORS, ids=str)
def test_reading_shows_nobody_what_their_role_does_not_reach(
    client: Client, found: Canaries, watch: Callable[[], Watch], actor: Actor
) -> None:
    assembly: Assembly = client.app.state.assembly
    sign_in(client, actor, found)
    grants = grants_of(assembly, actor)
    forbidden = forbidden_marks(assembly, actor, grants, found)
    watching, problems = watch(), []
    for route, request in requests_of(client, found, ("GET",)):
        answer = request.send(client)
        said = shown(answer)
        reason = wrong_status(assembly, actor, grants, route, answer.status_code, found)
        if reason:
            problems.append((reason, answer.status_code, request.method, request.url))
        if leaked := [canary for canary in forbidden - allowed_at(assembly, route) if canary in said]:
            problems.append(("showed", leaked, request.method, request.url))
        if answer.headers["content-type"].startswith("text/html") and MARKUP in said:
            problems.append(("markup is alive", "", request.method, request.url))
    assert not problems, listed(problems)
    assert set(watching.changed()) <= {"core_audit", "core_audit_value"}, "an export is noted, nothing else"


@pytest.mark.parametrize("actor", QUIET, ids=str)
def test_a_refused_request_changes_nothing(
    client: Client, found: Canaries, watch: Callable[[], Watch], actor: Actor
) -> None:
    assembly: Assembly = client.app.state.assembly
    sign_in(client, actor, found)
    grants = grants_of(assembly, actor)
    forbidden = forbidden_marks(assembly, actor, grants, found)
    watching, problems = watch(), []
    for route, request in requests_of(client, found, UNSAFE):
        answer = request.send(client)
        changed = watching.changed()
        reason = wrong_status(assembly, actor, grants, route, answer.status_code, found)
        if reason:
            problems.append((reason, answer.status_code, request.method, request.url))
        if route.path.endswith("/sign-in"):
            changed = [name for name in changed if name != "core_audit"]  # that it was refused is noted
        if answer.status_code in REFUSED and changed:
            problems.append(("changed", changed, request.method, request.url))
        said, allowed = shown(answer), allowed_at(assembly, route)
        if leaked := [canary for canary in forbidden - allowed if canary in said]:
            problems.append(("showed", leaked, request.method, request.url))
    assert not problems, listed(problems)


SAID_BY_RULES = {"ecommerce.shoppers"}  # the only text of the row is a name that is never stored


def test_the_canaries_are_where_the_matrix_looks(client: Client, found: Canaries) -> None:
    """Every resource has a canary, and an administrator is shown it: else the matrix would prove nothing."""
    assembly: Assembly = client.app.state.assembly
    signed_in(client, "admin")
    for resource in assembly.resources.values():
        t = table_of(resource)
        with assembly.database.read() as session:
            row = session.execute(select(t).where(t.c.id == found.of(resource))).mappings().one()
        marked = [value for value in row.values() if isinstance(value, str) and mark(resource.table) in value]
        texts = [
            f
            for f in resource.fields
            if f.kind in ("text", "longtext") and not f.read_only and f.attribute in row
        ]
        assert marked or not texts, resource.key
        answer = client.get(f"{resource.path}/{found.of(resource)}")
        assert answer.status_code == 200, resource.key
        said = resource.key in SAID_BY_RULES
        assert mark(resource.table) in answer.text or not marked or said, resource.key


def test_a_change_is_seen(client: Client, watch: Callable[[], Watch]) -> None:
    """Else no refused request could be blamed."""
    watching = watch()
    assert watching.changed() == []
    with working(client.app.state.assembly) as ctx:
        ctx.session.execute(text("UPDATE core_brand SET name = name || '!'"))
    assert watching.changed() == ["core_brand"]
    assert watching.changed() == []


def test_every_route_stands_in_the_matrix(client: Client, found: Canaries) -> None:
    assembly: Assembly = client.app.state.assembly
    asked = [route for route, _ in requests_of(client, found, ("GET", *UNSAFE))]
    assert len(asked) == len(assembly.routes)
    rights = rights_of(assembly, Actor("", entitled=True))
    assert {route.permission for route in asked} <= {ANYONE, SIGNED_IN, *assembly.permissions, *rights}


FIXED: dict[str, dict[str, Any]] = {  # what of a body cannot be guessed
    "/partner/registrations/new": {"end_name": "Harbour Foods"},
    "/customers/{customer_id:int}/erase": {"confirm": f"{mark('core_customer')} {MARKUP}"},
    "/account": {"name": "Another Name", "theme": "dark", "locale": "en", "time_zone": "UTC"},
    "/customers/{customer_id:int}/names": {"kind": "former"},
    "/admin/company": {"name": "Another Firm"},
    "/admin/telephony": {"name": "Front desk", "country": "DE"},
    "/customers/{customer_id:int}/names/{name_id:int}": {"kind": "former", "name": "Ada Byron"},
    "/customers/{customer_id:int}/points/{holder_id:int}": {"use": "shared", "label": "work"},
    "/interactions/{interaction_id:int}/intent": {"intent": "praise"},
    "/customers/stages": {
        **dict.fromkeys(("active", "lapsed", "lost", "prospect", "preview"), ""),
        **{"basis": "last_contact_at", "active_days": "30", "lapsed_days": "60"},
    },
    "/customers/survivorship": {
        **dict.fromkeys(("birth_date", "language", "website", "owner"), ""),
        **{"ranks": "person", "name": "rank"},
    },
    "/customers/{customer_id:int}/log": {"body": "Asks for desks"},
    "/interactions/log": {"body": "Asks for desks", "caller_name": "Somebody"},
    "/api/v1/interactions/log": {"body": "Asks for desks", "parties": [{"name": "Somebody"}]},
    "/customers/{customer_id:int}/preferences": {"channel_preference": "phone", "language": "de"},
    "/catalog/products/{product_id:int}/prices": {"price_currency": "EUR", "amount_currency": "EUR"},
    "/sales/opportunities/{opportunity_id:int}/stage": {"stage": "proposal", "to": "proposal"},
    "/api/v1/sales/quotes/{quote_id:int}/lines": {
        "lines": [{"description": "Oak", "quantity": "1", "price": "5"}]
    },
    "/ecommerce/stock/{stock_id:int}/adjust": {"difference": "3", "reason": "counted"},
}
UNAUDITED = {  # by path's end: why a change may leave no row in the audit
    "/views": "a saved view is its owner's own bookmark",
}
UNCHANGING = {  # by path's end: why a success may change nothing
    "/bulk": "only shows what it would do; or says of each record why not",
    "/bulk/apply": "the value asked for may be the one that is there",
    "/preview": "only shows",
    "/customers/alike": "only looks",
    "/mailboxes/{mailbox_id:int}/test": "only tries",
    "/mailboxes/{mailbox_id:int}/fetch": "the canary mailbox names no server",
    "/users/{user_id:int}/enable": "is enabled",
    "/customers/{customer_id:int}/owner": "is the owner already",
    "/ui/board": "the living page of the design system stores nothing",
    "/orders/{order_id:int}/confirm": "is confirmed, since it is invoiced",
    "/orders/{order_id:int}/invoice": "is invoiced: gives the same invoice",
    "/quotes/{quote_id:int}/revise": "asks first, with a page",
    "/quotes/{quote_id:int}/accept": "the customer is on hold: asks for the reason",
    "/catalog/prices/{record_id:int}/edit": "of a price, no text can be changed",
    "/catalog/prices/{record_id:int}": "of a price, no text can be changed",
    "/automations/{record_id:int}/switch": "the canary's trigger is none: it stays off",
    "/automations/{record_id:int}/try": "takes everything back that it tries",
    "/notices/seen": "nobody was told anything",
    "/ecommerce/stock/{record_id:int}/edit": "of a stock, no text can be changed",
    "/ecommerce/stock/{record_id:int}": "of a stock, no text can be changed",
    "/my/orders/claim": "nobody ordered as a guest from that address",
    "/my/tickets/articles": "only shows",
    "/help/search/missed": "the search has results",
}
REFUSED_GUESS = {  # by path's end: why a plausible request is refused; each of these has a test of its own
    "/views/{view_id:int}/delete": "nobody has saved a view",
    "/bulk/{bulk_id:int}/undo": "nothing was changed in bulk",
    "/restore": "nothing is in the trash",
    "/import": "needs a file",
    "/import/{import_id:int}/map": "nothing was uploaded",
    "/import/{import_id:int}/apply": "nothing was uploaded",
    "/import/{import_id:int}/resume": "nothing was uploaded",
    "/import/{import_id:int}/cancel": "nothing was uploaded",
    "/import/{import_id:int}/review": "nothing was uploaded",
    "/import/{import_id:int}/refused": "nothing was uploaded",
    "/import/{import_id:int}/undo": "nothing was uploaded",
    "/account/password": "needs the password of today",
    "/account/sessions/{session_id:int}/revoke": "another's session",
    "/account/tokens/{token_id:int}/revoke": "another's token",
    "/switch": "no other mandate",
    "/modules/{name:str}/disable": "a module that others need",
    "/modules/{name:str}/enable": "there is none of that name",
    "/interactions/{interaction_id:int}/attach": "the party does not take part",
    "/points/{holder_id:int}/delete": "they are reached there still",
    "/deletions/{audit_id:int}/undo": "nothing was removed",
    "/customers/{customer_id:int}/team": "needs a user or a team, not both",
    "/customers/{customer_id:int}/files": "needs a file",
    "/merges/{merge_id:int}/split": "nothing was merged",
    "/interactions/{interaction_id:int}/release": "the canary is not held back",
    "/interactions/{interaction_id:int}/new-thread": "the canary is not held back",
    "/held/{interaction_id:int}/release": "the canary is not held back",
    "/held/{interaction_id:int}/new-thread": "the canary is not held back",
    "/marketing/segments/new": "a condition is in the filter language",
    "/marketing/segments/{record_id:int}/edit": "a condition is in the filter language",
    "/api/v1/marketing/segments": "a condition is in the filter language",
    "/marketing/campaigns/new": "a purpose is one of the firm's",
    "/marketing/campaigns/{record_id:int}/edit": "a purpose is one of the firm's",
    "/api/v1/marketing/campaigns": "a purpose is one of the firm's",
    "/campaigns/{campaign_id:int}/test": "no mailbox sends",
    "/campaigns/{campaign_id:int}/send": "no mailbox sends",
    "/campaigns/{campaign_id:int}/pause": "the canary is a draft",
    "/campaigns/{campaign_id:int}/resume": "the canary is a draft",
    "/campaigns/{campaign_id:int}/cancel": "the canary is a draft",
    "/marketing/forms/new": "an address is of small letters",
    "/marketing/forms/{record_id:int}/edit": "an address is of small letters",
    "/marketing/forms/bulk/apply": "an address is of small letters",
    "/api/v1/marketing/forms": "an address is of small letters",
    "/api/v1/marketing/forms/{record_id:int}": "an address is of small letters",
    "/mailboxes/new": "names servers",
    "/mailboxes/{mailbox_id:int}": "names servers",
    "/customers/trash": "something is owed by it",
    "/api/v1/customers/{record_id:int}": "something is owed by it",
    "/orders/{order_id:int}/cancel": "is invoiced",
    "/orders/{order_id:int}/lines": "needs a product or a price; and the order is confirmed",
    "/orders/{order_id:int}/lines/{line_id:int}/delete": "the order is confirmed",
    "/orders/orders/board/move": "is invoiced",
    "/orders/orders/{record_id:int}/edit": "is invoiced: its customer stands",
    "/open-items/{item_id:int}/payments": "needs a day and an amount",
    "/open-items/{item_id:int}/refund": "nothing was paid",
    "/orders/payments/new": "needs an open item and today's date",
    "/api/v1/orders/payments": "needs an open item and today's date",
    "/customers/{customer_id:int}/hold": "is on hold",
    "/enquiries/new": "its customer, or who asks, is a choice of the form",
    "/enquiries/board/move": "the last column needs a reason",
    "/opportunities/board/move": "the last column needs a reason",
    "/quotes/{quote_id:int}/mail": "needs a mailbox, and a quote whose customer is not on hold",
    "/api/v1/sales/quotes/{quote_id:int}/accept": "the customer is on hold",
    "/payments/{payment_id:int}/settle": "is pending",
    "/payments/{payment_id:int}/refund": "is pending",
    "/ecommerce/stock/new": "the article has a stock",
    "/api/v1/ecommerce/stock": "the article has a stock",
    "/ecommerce/vouchers/new": "takes a percentage or an amount, not both",
    "/ecommerce/vouchers/{record_id:int}/edit": "takes a percentage or an amount, not both",
    "/ecommerce/vouchers/bulk/apply": "takes a percentage or an amount, not both",
    "/api/v1/ecommerce/vouchers": "takes a percentage or an amount, not both",
    "/api/v1/ecommerce/vouchers/{record_id:int}": "takes a percentage or an amount, not both",
    "/articles/{article_id:int}/publish": "is published: the same text makes no other edition",
    "/categories/trash": "there are articles in it",
    "/api/v1/knowledge/categories/{record_id:int}": "there are articles in it",
    "/automations/new": "triggers have names of their own",
    "/automations/{record_id:int}/edit": "triggers have names of their own",
    "/automations/bulk/apply": "triggers have names of their own",
    "/api/v1/workflow/automations": "triggers have names of their own",
    "/api/v1/workflow/automations/{record_id:int}": "triggers have names of their own",
    "/help/articles/{slug:str}/seen": "no article for partners is published",
    "/help/articles/{slug:str}/feedback": "no article for partners is published",
    "/tickets/{ticket_id:int}/satisfaction": "the ticket is not solved",
    "/insights/objectives": "needs a day to come",
    "/tickets/{ticket_id:int}/reply": "needs a mailbox and an address",
    "/mail/new": "needs a mailbox and an address",
    "/interactions/{interaction_id:int}/take-out": "it is alone in its thread",
    "/interactions/{interaction_id:int}/thread": "it stands in that thread",
    "/api/v1/interactions/mail": "needs a mailbox and an address",
    "/mail/mine/address": "needs a mailbox that is fetched",
    "/tickets/{ticket_id:int}/requester": "says whether a person or an organisation asks",
    "/prm/partners/new": "the customer has a profile already",
    "/prm/partners/{record_id:int}/edit": "a territory is of countries",
    "/api/v1/prm/partners": "the customer has a profile already",
    "/prm/registrations/new": "a country is one that there is",
    "/prm/registrations/{record_id:int}/edit": "a country is one that there is",
    "/api/v1/prm/registrations": "a country is one that there is",
    "/prm/leads/new": "a country is one that there is",
    "/prm/leads/{record_id:int}/edit": "a country is one that there is",
    "/api/v1/prm/leads": "a country is one that there is",
    "/registrations/{registration_id:int}/approve": "a partner is not its own end customer",
    "/partner/leads/{offer_id:int}/accept": "the time to answer is over",
    "/partner/leads/{offer_id:int}/decline": "the time to answer is over",
    "/calls/unknown/{participant_id:int}": "it is known who that is",
    "/workflow/calendars/new": "hours have a grammar",
    "/workflow/calendars/{record_id:int}/edit": "hours have a grammar",
    "/api/v1/workflow/calendars": "hours have a grammar",
    "/workflow/rules/new": "conditions have a grammar",
    "/workflow/rules/{record_id:int}/edit": "conditions have a grammar",
    "/api/v1/workflow/rules": "conditions have a grammar",
}
CHANGING = tuple(
    a for a in ACTORS if a.own or (a.role == "admin" and not a.by_token)
)  # the furthest on each face


@pytest.mark.parametrize("engine_name", ["sqlite"])  # what is audited differs in no statement
@pytest.mark.parametrize("actor", CHANGING, ids=str)
def test_every_change_leaves_a_row_in_the_audit(
    client: Client, found: Canaries, databases: Databases, engine_name: str, tmp_path: Path, actor: Actor
) -> None:
    """Every changing route of the actor's face once, each over the same rows."""
    assembly: Assembly = client.app.state.assembly
    sign_in(client, actor, found)
    with closing(Watch(assembly)) as watching:
        before = watching.seen
    problems, excuses, requests = [], Excuses(), requests_of(client, found, UNSAFE)
    assembly.database.dispose()
    with databases._copy(engine_name, assembly.database, tmp_path) as kept:
        for route, request in requests:
            if route.face != actor.face:
                continue
            answer = request.send(client)
            if answer.status_code >= 400:  # refused: the rows are as they were
                if not excuses.cover(REFUSED_GUESS, route):
                    problems.append(
                        (answer.status_code, request.method, request.url, route.path, answer.text[:160])
                    )
                continue
            with closing(Watch(assembly)) as now:
                changed = differing(before, now.seen)
            if changed and "core_audit" not in changed and not excuses.cover(UNAUDITED, route):
                problems.append(("silent", request.method, request.url, route.path, sorted(changed)))
            if not changed and not excuses.cover(UNCHANGING, route):
                problems.append(("nothing changed", request.method, request.url, route.path))
            databases.restore(assembly.database, kept)
    assert not problems, listed(problems)
    unused = excuses.unused(assembly, actor)
    assert not unused, f"what needs no excuse any more must not keep one: {listed(unused)}"


@dataclass
class Excuses:
    """The reasons of the lists above that a run has needed."""

    used: set[str] = field(default_factory=set)

    def cover(self, reasons: Mapping[str, str], route: Route) -> bool:
        found = {path for path in reasons if route.path.endswith(path)}
        self.used |= found
        return bool(found)

    def unused(self, assembly: Assembly, actor: Actor) -> list[str]:
        """Of those for routes that only this actor's run has asked, and those for no route at all."""
        faces = {
            path: {r.face for r in assembly.routes if r.method in UNSAFE and r.path.endswith(path)}
            for path in (*REFUSED_GUESS, *UNAUDITED, *UNCHANGING)
        }
        return [path for path, of in faces.items() if of <= {actor.face} and path not in self.used]
