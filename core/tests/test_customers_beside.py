"""What stands beside a customer is read in one statement, and says what counts now."""

from __future__ import annotations

from patron.assembly import Assembly
from patron.customers import consents, roles, team
from patron.customers.beside import beside
from patron.statements import statement_count
from patron.testing.faces import make_customer, make_user, working


def test_one_statement_reads_what_stands_beside(assembly: Assembly) -> None:
    customer_id, user_id = make_customer(assembly), make_user(assembly, "user", name="Kim Account")
    with working(assembly) as ctx:
        roles.give_role(ctx, customer_id, "buyer")
        roles.give_role(ctx, customer_id, "prospect")
        roles.end_role(ctx, customer_id, "prospect")
        consents.record_consent(ctx, customer_id, "news", granted=True)
        consents.record_consent(ctx, customer_id, "news", granted=False, source="phone")
        team.assign(ctx, customer_id, user_id=user_id, role="key account")
        team.set_preference(ctx, customer_id, {"channel": "phone", "hours": "09:00-12:00"})
    with working(assembly) as ctx:
        with statement_count() as count:
            found = beside(ctx, customer_id)
        assert count.total == 1
        assert [role["role"] for role in found["roles"]] == ["buyer", "prospect"]
        assert found["roles"][1]["until"] is not None
        assert [(c.purpose, c.granted, c.source) for c in found["consents"]] == [("news", False, "phone")]
        assert [(m["user"], m["role"], m["since"]) for m in found["team"]] == [
            ("Kim Account", "key account", ctx.now.date())
        ]
        assert found["preference"]["channel"] == "phone"
        assert beside(ctx, customer_id + 1) == {
            **{name: [] for name in ("roles", "consents", "team")},
            **{name: {} for name in ("preference", "stage", "quality")},
        }
