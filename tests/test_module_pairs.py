"""Each module absent, and each pair present: what is left assembles strictly, and a day's work goes through it.

The tables are those of the modules that are there, no others. Which tests of a module pass while another is not
installed at all is for ``make pairs``.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.customers import erasing, facts, merging, splitting
from patron.customers.models import Customer
from patron.digest import digest_of
from patron.interactions.models import TimelineEntry
from patron.migrate import CORE, Distribution
from patron.permissions import Face
from patron.plugins import discover
from patron.records import table
from patron.testing.databases import Databases
from patron.testing.faces import (
    app_client,
    settings_for,
    signed_in,
    signed_in_customer,
    signed_in_partner,
    working,
)
from sqlalchemy import func, select

Client = TestClient[Litestar]
Group = tuple[str, ...]
_LINK = re.compile(r"""(?:href|action|hx-get|hx-post)="(/[^"#]*)""")
OURS = ("/static/", "/files/")
EVERY_RIGHT = ("deals", "leads", "orders", "preferences", "tickets")
# Answered by a document or by the search of a field, for which the address says of what.
ASKING = re.compile(
    r"/lookup$|/matches$|/availability$|/oauth/callback$"
)  # answer only who asks them something

INSTALLED: Mapping[str, frozenset[str]] = {p.name: frozenset(p.requires) for p in discover(None)}


def with_required(names: Iterable[str]) -> frozenset[str]:
    """The modules and what they require."""
    found = set(names)
    while more := {needed for name in found for needed in INSTALLED[name]} - found:
        found |= more
    return frozenset(found)


def without(name: str) -> frozenset[str]:
    """Every module that does without that one."""
    return frozenset(other for other in INSTALLED if name not in with_required([other]))


def groups(found: Iterable[frozenset[str]]) -> list[Group]:
    """Each once, in the order in which they migrate."""
    return [tuple(name for name in INSTALLED if name in group) for group in dict.fromkeys(found)]


ABSENT = groups(without(name) for name in INSTALLED)
PRESENT = groups(with_required(pair) for pair in itertools.combinations(INSTALLED, 2))
FEW = groups(
    [
        without("catalog") & without("insights"),
        without("workflow") & without("knowledge") & without("marketing"),
    ]
)


@dataclass
class Firm:
    """An assembly of some modules with their sample data, and a client of its application."""

    assembly: Assembly
    client: Client

    def pages(self, face: Face) -> list[str]:
        """The addresses of a face that take no id."""
        routes = [r for r in self.assembly.routes if r.method == "GET" and r.face == face]
        return sorted({r.path for r in routes if "{" not in r.path and not ASKING.search(r.path)})

    def open(self, urls: Iterable[str], allowed: tuple[int, ...] = ()) -> dict[str, str]:
        """What is wrong with the answers: an error, or a link that leads nowhere here. Empty when all is well."""
        told = {}
        for url in urls:
            answer = self.client.get(url)
            if answer.status_code >= 400 and answer.status_code not in allowed:
                told[url] = f"answers {answer.status_code}: {answer.text[:300]}"
            elif lost := [link for link in _links(answer.text) if not self._leads(link)]:
                told[url] = f"leads nowhere: {sorted(set(lost))}"
        return told

    def _leads(self, link: str) -> bool:
        path = urlsplit(link).path
        return path.startswith(OURS) or any(pattern.fullmatch(path) for pattern in self._patterns())

    def _patterns(self) -> list[re.Pattern[str]]:
        if "patterns" not in self.assembly.plans:
            self.assembly.plans["patterns"] = [_pattern(r.path) for r in self.assembly.routes]
        return list(self.assembly.plans["patterns"])

    def busiest(self) -> tuple[int, int]:
        """The two customers of whom most has been written down."""
        t = table(TimelineEntry)
        count = func.count().label("entries")
        with self.assembly.database.read() as session:
            rows = session.execute(
                select(t.c.customer_id, count).group_by(t.c.customer_id).order_by(count.desc()).limit(2)
            ).all()
        return rows[0].customer_id, rows[1].customer_id


def _pattern(path: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{[^}]*\})", path)
    return re.compile(
        "".join(r"\d+" if ":int" in p else r"[^/]+" if p.startswith("{") else re.escape(p) for p in pieces)
    )


def _links(html: str) -> list[str]:
    return [link for link in _LINK.findall(html) if not link.startswith("//")]


@pytest.fixture
def firm(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Firm]:
    """Of the modules that the test names, on tables of their own, with sample data."""
    modules: Group = request.param
    distributions = (CORE, *(Distribution(name, f"patron_{name}") for name in modules))
    with databases.fresh("sqlite", tmp_path, distributions) as database:
        settings = settings_for(database, modules=modules, strict=True, folder=str(tmp_path))
        assembly = assemble(settings)
        after_migration(assembly)
        numbers = random.Random(1)
        for _module, sample in assembly.samples:
            with working(assembly) as ctx:
                ctx.cache["sample scale"] = 0.1
                sample.run(ctx, numbers)
        with app_client(assembly) as client:
            yield Firm(assembly, client)
        assembly.database.dispose()


def named(group: Group) -> str:
    return "+".join(group)


def missing(group: Group) -> str:
    return "without " + named(tuple(name for name in INSTALLED if name not in group))


def day(firm: Firm) -> None:
    """A day with those modules: every page of every face, search, and what is done to customers as a whole."""
    one, other = firm.busiest()
    signed_in(firm.client, "admin")
    customer = [f"/customers/{one}", f"/customers/{one}/profile", "/search?q=an", "/palette?q=an"]
    assert firm.open([*firm.pages(Face.STAFF), *customer]) == {}
    assert firm.open(firm.pages(Face.PUBLIC), allowed=(404, 503)) == {}
    signed_in_customer(firm.client, one, EVERY_RIGHT)
    assert firm.open(firm.pages(Face.CUSTOMER)) == {}
    signed_in_partner(firm.client, other, EVERY_RIGHT)
    assert firm.open(firm.pages(Face.PARTNER)) == {}
    _merge_split_and_erase(firm, one, other)


def _merge_split_and_erase(firm: Firm, one: int, other: int) -> None:
    with working(firm.assembly) as ctx:
        before = digest_of(ctx)
        merge_id = merging.merge(ctx, one, other)
    with working(firm.assembly) as ctx:
        splitting.split(ctx, merge_id)
    with working(firm.assembly) as ctx:
        after = digest_of(ctx)
        kept = {
            table(item.model).name for _module, item in firm.assembly.customer_fields
        }  # they say as of when
        own = [name for name in before if not name.startswith("core_") and name not in kept]
        assert [name for name in own if after[name] != before[name]] == []
        wrong = [one for _module, item in firm.assembly.customer_fields for one in facts.check(ctx, item)]
        assert wrong == []
    with working(firm.assembly) as ctx:
        erasing.erase(ctx, one)
    with working(firm.assembly) as ctx:
        t = table(Customer)
        erased = ctx.session.execute(select(t.c.erased_at).where(t.c.id == one)).scalar_one()
        assert erased is not None
    signed_in(firm.client, "admin")
    assert firm.open([f"/customers/{one}", f"/customers/{other}", "/customers", "/", "/admin/audit"]) == {}


def test_the_few_leave_out_each_module_once() -> None:
    assert {name for name in INSTALLED for group in FEW if name not in group} == set(INSTALLED)


@pytest.mark.parametrize("firm", FEW, ids=named, indirect=True)
def test_a_few_groups_in_which_each_module_is_absent_once(firm: Firm) -> None:
    day(firm)


@pytest.mark.soak
@pytest.mark.parametrize("firm", ABSENT, ids=missing, indirect=True)
def test_with_a_module_absent(firm: Firm) -> None:
    day(firm)


@pytest.mark.soak
@pytest.mark.parametrize("firm", PRESENT, ids=named, indirect=True)
def test_with_a_pair_present(firm: Firm) -> None:
    day(firm)
