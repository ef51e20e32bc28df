"""The services of accounts, on both engines."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from patron.accounts import services
from patron.accounts.models import Audit, RateLimit, Role, SignIn, SignInLink, Token
from patron.accounts.services.limits import address_bucket, rate_limit
from patron.accounts.services.links import Purpose, find_link, use_link
from patron.accounts.services.people import person_of
from patron.accounts.services.roles import role_of, set_grants
from patron.assembly import Assembly, assemble
from patron.contributions import Permission, RoleGrant
from patron.db import Database
from patron.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from patron.hookspecs import hookimpl
from patron.permissions import Actor, Face, Scope
from patron.records import table
from patron.testing.faces import make_user, settings_for, working
from sqlalchemy import select, update


def role_grants(assembly: Assembly, name: str) -> dict[str, str]:
    with working(assembly) as ctx:
        t = table(Role)
        return dict(ctx.session.execute(select(t.c.grants).where(t.c.name == name)).scalar_one())


def test_roles_get_what_resources_and_modules_bring_once(assembly: Assembly, database: Database) -> None:
    assert role_grants(assembly, "admin") == {"*": "all"}
    assert role_grants(assembly, "manager")["customers.import"] == "all"
    user = role_grants(assembly, "user")
    assert user["customers.edit"] == "team"
    assert "customers.delete" not in user
    assert "customers.import" not in user
    assert [name for name in role_grants(assembly, "reader") if not name.endswith(".read")] == []

    with working(assembly) as ctx:
        t = table(Role)
        role_id = ctx.session.execute(select(t.c.id).where(t.c.name == "user")).scalar_one()
        grants = {name: scope for name, scope in role_of(ctx, role_id)[1].items() if name != "customers.edit"}
        set_grants(ctx, role_id, grants)
    again = assemble(settings_for(database), {"extra": _module()})
    with working(again) as ctx:
        fresh = services.sync_roles(ctx)
        assert services.sync_roles(ctx) == []
    assert fresh == ["user extra.read", "reader extra.see"]
    assert "customers.edit" not in role_grants(again, "user")  # the administrator's change stands
    assert role_grants(again, "user")["extra.read"] == "own"
    again.database.dispose()


def _module() -> Any:
    @hookimpl
    def register_permissions() -> list[Permission | RoleGrant]:
        return [
            Permission("extra.see", "See", {"reader": Scope.ALL}),
            Permission("extra.read", "Read"),
            RoleGrant("user", {"extra.read": Scope.OWN}),
        ]

    return SimpleNamespace(register_permissions=register_permissions, __package__="")


def test_users_are_unique_by_address_and_need_known_roles(assembly: Assembly) -> None:
    make_user(assembly, email="ada@example.com")
    with working(assembly) as ctx:
        with pytest.raises(Invalid, match="already"):
            services.add_user(ctx, "Ada@EXAMPLE.com", "Ada")
        with pytest.raises(Invalid, match="no role"):
            services.add_user(ctx, "bo@example.com", "Bo", ["emperor"])


def test_disabling_ends_everything_and_is_audited(assembly: Assembly) -> None:
    keeper, user_id = make_user(assembly), make_user(assembly)
    with working(assembly) as ctx:
        person = person_of(ctx.session, user_id=user_id)
        services.start_session(ctx, person)
        services.make_token(ctx, user_id, "x", ["*"])
        services.make_link(ctx, person, "invite")
        before = ctx.assembly.current_generation(ctx.session)
        services.disable_user(ctx, user_id)
        assert ctx.assembly.current_generation(ctx.session) > before
        for model, open_rows in ((SignIn, "id"), (Token, "revoked_at"), (SignInLink, "used_at")):
            t = table(model)
            which = t.c.user_id == user_id if open_rows == "id" else t.c[open_rows].is_(None)
            assert ctx.session.execute(select(t.c.id).where(t.c.user_id == user_id, which)).first() is None
        t = table(Audit)
        actions = ctx.session.execute(
            select(t.c.action).where(t.c.resource == "users", t.c.record_id == user_id)
        ).scalars()
        assert "disable" in set(actions)
        with pytest.raises(Conflict, match="last administrator"):
            services.disable_user(ctx, keeper)
        with pytest.raises(Conflict, match="last administrator"):
            services.set_roles(ctx, keeper, ["user"])


def test_nobody_disables_themselves(assembly: Assembly) -> None:
    make_user(assembly)
    user_id = make_user(assembly)
    with working(assembly) as ctx, pytest.raises(Conflict, match="yourself"):
        services.disable_user(ctx.acting_as(Actor("user", user_id)), user_id)


def test_tokens_name_known_permissions_and_tokens_make_none(assembly: Assembly) -> None:
    user_id = make_user(assembly)
    with working(assembly) as ctx:
        assert services.make_token(ctx, user_id, "x", ["customers.*"]).startswith("patron_")
        for scopes in ([], ["customers.fly"], ["nothing*"]):
            with pytest.raises(Invalid):
                services.make_token(ctx, user_id, "x", scopes)
        with pytest.raises(Invalid):
            services.make_token(ctx, user_id, "x", ["*"], days=4000)
        with pytest.raises(Forbidden):
            services.make_token(ctx.acting_as(Actor("token", user_id)), user_id, "x", ["*"])
        with pytest.raises(NotFound):
            services.revoke_token(ctx, user_id + 1, 1)


def test_a_link_is_good_once_on_its_face_and_for_its_purpose(assembly: Assembly) -> None:
    user_id = make_user(assembly)
    with working(assembly) as ctx:
        person = person_of(ctx.session, user_id=user_id)
        secret = services.make_link(ctx, person, "invite").rsplit("/", 1)[1]
        others: list[tuple[Face, Purpose]] = [(Face.CUSTOMER, "invite"), (Face.STAFF, "reset")]
        for face, purpose in others:
            with pytest.raises(NotFound):
                find_link(ctx.session, face, purpose, secret)
        link = find_link(ctx.session, Face.STAFF, "invite", secret)
        use_link(ctx, link)
        with pytest.raises(NotFound):
            use_link(ctx, link)  # found good by both, used by one
        expired = services.make_link(ctx, person, "invite").rsplit("/", 1)[1]
        ctx.session.execute(update(table(SignInLink)).values(expires_at=ctx.now - timedelta(seconds=1)))
        with pytest.raises(NotFound):
            find_link(ctx.session, Face.STAFF, "invite", expired)


def test_rate_limits_count_per_window_in_the_database(assembly: Assembly) -> None:
    for _ in range(3):
        with working(assembly) as ctx:
            rate_limit(ctx.session, "b", 3, timedelta(minutes=1))
    for _ in range(2):
        with pytest.raises(TooManyRequests) as refused, working(assembly) as ctx:
            rate_limit(ctx.session, "b", 3, timedelta(minutes=1))
    assert 50 < refused.value.retry_after <= 60
    with working(assembly) as ctx:
        rate_limit(ctx.session, "other", 3, timedelta(minutes=1))
        t = table(RateLimit)
        ctx.session.execute(update(t).values(window_start=ctx.now - timedelta(minutes=1)))
        rate_limit(ctx.session, "b", 3, timedelta(minutes=1))
        assert ctx.session.execute(select(t.c.hits).where(t.c.bucket == "b")).scalar_one() == 1


def test_an_ipv6_subscriber_is_one_address() -> None:
    assert address_bucket("x", "2001:db8::1") == address_bucket("x", "2001:db8::ffff:2")
    assert address_bucket("x", "2001:db8:0:1::1") != address_bucket("x", "2001:db8::1")
    assert address_bucket("x", "::ffff:192.0.2.1") == address_bucket("x", "192.0.2.1")


def test_role_addresses_get_no_account_and_mandates_add_up(assembly: Assembly) -> None:
    from patron.testing.faces import make_customer

    first, second = make_customer(assembly, "Ada"), make_customer(assembly, "Bo")
    with working(assembly) as ctx:
        with pytest.raises(Invalid, match="several people"):
            services.add_account(ctx, "info@example.com", "Info", first, ["tickets"])
        one = services.add_account(ctx, "ada@example.com", "Ada", first, ["tickets"])
        assert services.add_account(ctx, "ada@example.com", "Ada", second, ["orders"]) == one
        assert services.invite_account(ctx, one).startswith("https://testserver.local/my/invitation/")


def test_clean_up_keeps_what_lives(assembly: Assembly) -> None:
    user_id = make_user(assembly)
    with working(assembly) as ctx:
        person = person_of(ctx.session, user_id=user_id)
        services.start_session(ctx, person)
        services.clean_up(ctx)
        t = table(SignIn)
        assert len(ctx.session.execute(select(t.c.id)).all()) == 1
        ctx.session.execute(update(t).values(expires_at=ctx.now))
        services.clean_up(ctx)
        assert ctx.session.execute(select(t.c.id)).all() == []
