"""Search on both engines: what is found, by whom, in how many statements, and that the index stays true."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patron.accounts.models import Team, User
from patron.assembly import Assembly, Live
from patron.context import Context
from patron.contributions import CustomerLink, Field, Resource
from patron.customers.models import Assignment, Customer
from patron.customers.normalise import sort_key
from patron.customers.resource import CUSTOMERS
from patron.db import Database
from patron.errors import Invalid
from patron.migrate import CORE, differences, downgrade, upgrade
from patron.permissions import Actor, Scope
from patron.plugins import Hooks
from patron.records import Record, reference, table, utc_now
from patron.resources import editing, search
from patron.resources.query import Listing, read_page
from patron.resources.rules import Rules
from patron.settings import Settings
from patron.system.models import SavedView, SearchEntry
from sqlalchemy import ColumnElement, event, select
from sqlmodel import Field as Column


class Note(Record, table=True):
    """A record with no owner of its own: it is whose its customer is."""

    __tablename__ = "sample_note"
    name: str = Column(nullable=False)
    customer_id: int = reference("core_customer")


class PublicOnly(Rules):
    """Rows that are whose their audience says, whatever owner and team say."""

    def scope(self, ctx: Context, scope: Scope) -> ColumnElement[bool] | None:
        return table(SavedView).c.audience == "public"


NOTES = Resource(
    "notes", Note, "Note", "Notes", (Field("name", "Name"),), sorts=("id",), search=("name",), module="sample",
    links=(CustomerLink("customer_id"),),
)  # fmt: skip
VIEWS = Resource(
    "views",
    SavedView,
    "View",
    "Views",
    (Field("name", "Name"),),
    sorts=("id",),
    search=("name",),
    rules=PublicOnly,
    module="core",
)
ME, OTHER, TEAM, OTHER_TEAM = 1, 2, 1, 2
OWN = Actor("user", ME, grants={"*": Scope.OWN}, team_ids=frozenset({TEAM}))
OUR = Actor("user", ME, grants={"*": Scope.TEAM}, team_ids=frozenset({TEAM}))
ALL = Actor("user", ME, grants={"*": Scope.ALL})


@pytest.fixture
def assembly(database: Database) -> Assembly:
    with database.migration() as connection:
        table(Note).create(connection)
    resources = {item.key: item for item in (CUSTOMERS, NOTES, VIEWS)}
    assembly = Assembly(Settings(), database, Hooks([], (), True, False), [], resources=resources)
    with database.write() as session:
        session.add_all([User(id=i, email=f"{i}@example.test", name=str(i)) for i in (ME, OTHER)])
        session.add_all([Team(id=i, name=str(i)) for i in (TEAM, OTHER_TEAM)])
    return assembly


@contextmanager
def writing(assembly: Assembly, actor: Actor = ALL) -> Iterator[Context]:
    with assembly.database.write() as session:
        yield Context(session, assembly, actor)


def customer(ctx: Context, name: str, **values: Any) -> Customer:
    record = Customer(name=name, name_key=sort_key(name), **values)
    ctx.session.add(record)
    ctx.session.flush()
    search.index(ctx, CUSTOMERS, record)
    return record


def titles(ctx: Context, text: str, **options: Any) -> list[str]:
    return [found.title for found in search.find(ctx, text, **options)]


def listed(ctx: Context, text: str, resource: Resource = CUSTOMERS) -> list[str]:
    return [row["name"] for row in read_page(ctx, resource, Listing(search=text, fields=("name",))).items]


FOUND = ("muller", "MÜLLER", "ülle", "köln müll", "mü kö", "m", "mu", "anna  muller\n", "Müller Anna Anna")
NOT_FOUND = ("llermu", "bonn anna", "lle kö bonn", "ln", "er", "müller?")


def test_found_within_words_in_any_order_and_case(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Anna Müller", city="Köln")
        customer(ctx, "Bernd Schmidt", city="Bonn")
        for needle in FOUND:
            assert titles(ctx, needle) == listed(ctx, needle) == ["Anna Müller"], needle
        for needle in NOT_FOUND:
            assert titles(ctx, needle) == listed(ctx, needle) == [], needle
        assert titles(ctx, "") == titles(ctx, " \t") == []


NEEDLES = (
    ("obrien", ["Miles O'Brien", "Niles O’Brien"]),
    ("o’br", ["Miles O'Brien", "Niles O’Brien"]),
    ("ma", ["Anna-Maria"]),
    ("小龍", ["李小龍"]),
    ("lod", ["Łódź AG"]),
    ("капл", ["Каплан"]),
    (r"x\y", [r"x\y"]),
    ("50%", ["50% off"]),
    ("r_s", ["under_score"]),
    ('"hi"', ['say "hi" now']),
)


def test_names_of_all_kinds(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        for name in {name for _, names in NEEDLES for name in names}:
            customer(ctx, name)
        for needle, names in NEEDLES:
            assert sorted(titles(ctx, needle)) == sorted(listed(ctx, needle)) == names, needle


PHONES = ("089 123 456", "089/123-456", "(089) 123456", "+49 89 123 456", "0049 89 123456", "+49 (0)89 123456",
          "123456", "12 34 56", "4989 123456", "089123456")  # fmt: skip


def test_a_telephone_number_is_found_however_it_is_typed(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Anna Brandt", primary_phone="+4989123456")
        customer(ctx, "Bernd Schmidt", primary_phone="+4989999999")
        for needle in PHONES:
            assert titles(ctx, needle) == listed(ctx, needle) == ["Anna Brandt"], needle
        for needle in ("089 123 457", "0 0 0", "+1 234 567 890", "(089) 12 a"):
            assert titles(ctx, needle) == listed(ctx, needle) == [], needle


def test_a_number_that_begins_with_zeros_is_still_found(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Order 001234567")
        customer(ctx, "Order 000123")
        assert titles(ctx, "001234567") == ["Order 001234567"]
        assert sorted(titles(ctx, "000123")) == ["Order 000123"]


ATTACKS = (
    *(
        "%",
        "_",
        "%%%",
        "___",
        "a%b",
        "\\",
        "\\%",
        "'",
        "''",
        '"',
        '"" OR ""',
        "* OR 1",
        "NEAR(a b)",
        "text:anna",
    ),
    *(
        "-anna",
        "anna*",
        "^anna",
        "') OR 1=1 --",
        "\x00",
        "anna\x00%",
        "\ud800",
        "{a}",
        ":x",
        "%(x)s",
        "?",
        "OR",
    ),
    *("AND NOT OR", "anna" * 500, "q " * 500, "\u202eanna%"),
)


def test_what_looks_like_syntax_is_data(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Anna Brandt")
        for needle in ATTACKS:
            assert titles(ctx, needle) == listed(ctx, needle) == [], needle


def test_titles_that_begin_with_it_come_first(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        for name in ("Zoe Marten", "A Smart AG", "Marten", "Mart", "Martha"):
            customer(ctx, name)
        assert titles(ctx, "mart") == ["Mart", "Marten", "Martha", "A Smart AG", "Zoe Marten"]
        assert titles(ctx, "mart", limit=2) == ["Mart", "Marten"]


def test_own_team_and_all(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Canary mine", owner_id=ME, team_id=OTHER_TEAM)
        customer(ctx, "Canary ours", owner_id=OTHER, team_id=TEAM)
        customer(ctx, "Canary theirs", owner_id=OTHER, team_id=OTHER_TEAM)
        customer(ctx, "Canary of nobody")
        seen: list[tuple[Actor, list[str]]] = [
            (OWN, ["Canary mine"]),
            (OUR, ["Canary mine", "Canary ours"]),
            (ALL, ["Canary mine", "Canary of nobody", "Canary ours", "Canary theirs"]),
            (replace(OWN, grants={}), []),
            (replace(OWN, id=OTHER), ["Canary ours", "Canary theirs"]),
            (Actor("customer", 1, customer_id=1), []),
        ]
        for actor, expected in seen:
            assert titles(ctx.acting_as(actor), "canary") == expected
            assert titles(ctx.acting_as(actor), "ca") == expected
            if actor.grants:
                assert sorted(listed(ctx.acting_as(actor), "canary")) == expected


def test_account_team_until_its_last_day(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        record = customer(ctx, "Canary")
        team = customer(ctx, "Canary of the team")
        assert titles(ctx.acting_as(OUR), "canary") == []
        today = ctx.now.date()
        ctx.session.add(Assignment(customer_id=record.key, user_id=ME, until=today))
        ctx.session.add(Assignment(customer_id=team.key, team_id=TEAM))
        ctx.session.flush()
        search.rescope(ctx, [record.key])
        search.rescope(ctx, [team.key])
        assert titles(ctx.acting_as(OWN), "canary") == listed(ctx.acting_as(OWN), "canary") == ["Canary"]
        assert titles(ctx.acting_as(OUR), "canary") == ["Canary", "Canary of the team"]
        later = replace(ctx.acting_as(OWN), now=ctx.now + timedelta(days=1))
        assert titles(later, "canary") == listed(later, "canary") == []  # though no index was touched


def test_records_follow_their_customer(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        mine, other = customer(ctx, "Mine", owner_id=ME), customer(ctx, "Other", owner_id=OTHER)
        note = Note(name="Canary note", customer_id=other.key)
        ctx.session.add(note)
        ctx.session.flush()
        search.index(ctx, NOTES, note)
        me = ctx.acting_as(OWN)
        assert titles(me, "canary") == []
        other.owner_id = ME
        ctx.session.flush()
        search.rescope(ctx, [other.key])
        assert titles(me, "canary") == listed(me, "canary", NOTES) == ["Canary note"]
        other.owner_id, note.customer_id = OTHER, mine.key  # as a merge moves it
        ctx.session.flush()
        search.rescope(ctx, [other.key])
        assert titles(me, "canary") == ["Canary note"]
        mine.owner_id = OTHER
        ctx.session.flush()
        assert titles(me, "canary") == []  # the token is stale, the check is not
        search.rescope(ctx, [mine.key])
        assert titles(me, "canary") == titles(me, "mine") == []


def test_rules_of_a_module_say_whose(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        views = [
            SavedView(resource="x", name=f"Canary {kind}", audience=kind) for kind in ("public", "private")
        ]
        views[1].owner_id = ME
        ctx.session.add_all(views)
        ctx.session.flush()
        search.index_many(ctx, VIEWS, views)
        assert titles(ctx.acting_as(OWN), "canary") == ["Canary public"]
        assert titles(ctx, "canary") == ["Canary private", "Canary public"]


def test_disabled_modules_and_unreadable_resources_are_left_out(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        record = customer(ctx, "Canary customer")
        note = Note(name="Canary note", customer_id=record.key)
        ctx.session.add(note)
        ctx.session.flush()
        search.index(ctx, NOTES, note)
        only = ctx.acting_as(replace(ALL, grants={"sample.notes.read": Scope.ALL}))
        [found] = search.find(only, "canary")
        assert (found.resource, found.id, found.label) == ("sample.notes", note.id, "Note")
        assert found.url == f"/sample/notes/{note.id}"
        assert titles(ctx, "canary", resource=CUSTOMERS) == ["Canary customer"]
        assembly.live = Live(disabled=frozenset({"sample"}))
        assert titles(ctx, "canary") == ["Canary customer"]
        assert titles(only, "canary") == []
        del assembly.resources["sample.notes"]
        assert titles(ctx, "canary") == ["Canary customer"]


def test_a_common_needle_and_a_rare_one_give_the_same_rows(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        for number in range(30):
            customer(ctx, f"Common {number}" + " Rare" * (number == 7), team_id=TEAM, owner_id=OTHER)
        customer(ctx, "Common of others")
        for actor, seen in ((ALL, 31), (OUR, 30), (OWN, 0)):
            assert len(listed(ctx.acting_as(actor), "ommo")) == seen
            assert len(listed(ctx.acting_as(actor), "co")) == seen
            assert listed(ctx.acting_as(actor), "rare") == ["Common 7 Rare"] * (seen > 0)


def test_one_statement(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Canary", owner_id=ME)
    statements: list[str] = []
    event.listen(assembly.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    for actor in (OWN, OUR, ALL):
        with assembly.database.read() as session:
            ctx = Context(session, assembly, actor)
            session.connection()
            statements.clear()
            assert titles(ctx, "can") == ["Canary"]
            assert len(statements) == 1


def test_changed_removed_and_unsearched(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        record = customer(ctx, "Before")
        record.name = "Afterwards"
        search.index(ctx, CUSTOMERS, record)
        assert (titles(ctx, "before"), titles(ctx, "afterwards")) == ([], ["Afterwards"])
        search.remove(ctx, CUSTOMERS, record.key)
        assert titles(ctx, "afterwards") == []
        silent = replace(CUSTOMERS, search=())
        search.index(ctx, silent, record)
        assert titles(ctx, "afterwards") == []
        with pytest.raises(Invalid):
            search.search_clause(ctx, silent, "afterwards")


def test_the_trash_is_searched_apart(assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        gone, there = customer(ctx, "Canary gone"), customer(ctx, "Canary there")
        editing.trash(ctx, CUSTOMERS, [gone.key])

        def in_trash(text: str) -> list[str]:
            wanted = Listing(search=text, fields=("name",), trashed=True)
            return [row["name"] for row in read_page(ctx, CUSTOMERS, wanted).items]

        assert (listed(ctx, "canary"), titles(ctx, "canary"), in_trash("canary")) == (
            ["Canary there"], ["Canary there"], ["Canary gone"],
        )  # fmt: skip
        assert in_trash("elephant") == []
        search.rebuild(ctx, CUSTOMERS)
        assert (titles(ctx, "canary"), in_trash("canary")) == (["Canary there"], ["Canary gone"])
        editing.restore(ctx, CUSTOMERS, [gone.key])
        editing.trash(ctx, CUSTOMERS, [there.key])
        assert (titles(ctx, "canary"), in_trash("canary")) == (["Canary gone"], ["Canary there"])


NAMES = st.text(st.sampled_from("abÄß '-%_\""), min_size=1, max_size=8)
STEPS = st.lists(st.tuples(st.integers(0, 3), NAMES, st.sampled_from([None, ME, OTHER])), max_size=15)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, NAMES)
def test_kept_and_rebuilt_are_the_same_and_agree_with_a_scan(
    assembly: Assembly, steps: Any, needle: str
) -> None:
    def entries(ctx: Context) -> list[Any]:
        t = table(SearchEntry)
        columns = [column for column in t.c if column.name != "id"]
        return list(ctx.session.execute(select(*columns).order_by(t.c.record_id)))

    with writing(assembly) as ctx:
        example = ctx.session.begin_nested()
        kept: list[Customer] = []
        for number, name, owner in steps:
            if number < len(kept):
                record = kept[number]
                record.name, record.owner_id = name, owner
                record.trashed_at = None if record.trashed_at or owner else utc_now()
                ctx.session.flush()
                search.from_trash(ctx, CUSTOMERS, [record.key])
                search.index(ctx, CUSTOMERS, record)
                if record.trashed_at:
                    search.to_trash(ctx, CUSTOMERS, [record.key])
            else:
                kept.append(customer(ctx, name, owner_id=owner))
        before = entries(ctx)
        for actor in (OWN, ALL):
            here = [r for r in kept if not r.trashed_at and (actor is ALL or r.owner_id == ME)]
            plain = sorted(r.key for r in here if _matches(r.name, needle))
            found = sorted(item.id for item in search.find(ctx.acting_as(actor), needle, limit=100))
            assert found == plain
            if needle.strip():  # a list that is asked for nothing shows all
                page = read_page(ctx.acting_as(actor), CUSTOMERS, Listing(search=needle, fields=("id",)))
                assert sorted(int(row["id"]) for row in page.items) == plain
        search.rebuild(ctx, CUSTOMERS)
        assert entries(ctx) == before
        example.rollback()  # the next one begins empty


def _matches(name: str, needle: str) -> bool:
    from patron.resources.search_text import Needle, text_of

    parsed = Needle.parse(needle)
    return parsed is not None and all(pattern in text_of(name, [""]) for pattern in parsed.patterns)


def test_migration_down_and_up_over_entries(database: Database, assembly: Assembly) -> None:
    with writing(assembly) as ctx:
        customer(ctx, "Canary")
    assert differences(database, CORE) == []
    downgrade(database, CORE, "0001")
    assert not [found for found in differences(database, CORE) if "core_search" in str(found)]
    upgrade(database, [CORE])
    assert differences(database, CORE) == []
    with writing(assembly) as ctx:
        assert titles(ctx, "anar") == ["Canary"]
        customer(ctx, "Canary two", birth_date=date(2000, 1, 1))
        assert titles(ctx, "anar") == ["Canary", "Canary two"]
