"""A private touch is its owner's alone, through every door; a team's is the team's."""

from __future__ import annotations

from patron.accounts.models import TeamMember
from patron.assembly import Assembly
from patron.interactions import services as interactions
from patron.permissions import Actor, Scope
from patron.records import table
from patron.resources import search
from patron.testing.faces import app_client, make_customer, make_user, signed_in, working
from sqlalchemy import select


def test_private_and_team_touches_stay_with_their_people(assembly: Assembly) -> None:
    customer_id = make_customer(assembly)
    mine, mate, boss = (make_user(assembly, "admin", team=team) for team in ("North", "North", "South"))
    with working(assembly) as ctx:
        team_ids = _teams(assembly, mine)
        acting = ctx.acting_as(Actor("user", mine, "Mine", grants={"*": Scope.ALL}, team_ids=team_ids))
        for visibility in ("all", "team", "private"):
            party = interactions.Party("caller", customer_id)
            touch = interactions.log(
                acting, "phone", [party], subject=f"Canary {visibility}", visibility=visibility
            )
            search.index(ctx, assembly.resource("interactions"), touch)
        private_id = touch.key
    for user_id, seen in ((mine, {"all", "team", "private"}), (mate, {"all", "team"}), (boss, {"all"})):
        with app_client(assembly) as client:
            signed_in(client, user_id=user_id)
            doors = {
                "api": client.get("/api/v1/interactions").text,
                "list": client.get("/interactions").text,
                "export": client.get("/interactions/export").text,
                "search": client.get("/search?q=canary").text,
                "list search": client.get("/interactions?q=canary").text,
                "timeline": client.get(f"/api/v1/customers/{customer_id}/timeline").text,
            }
            for door, text in doors.items():
                found = {word for word in ("all", "team", "private") if f"Canary {word}" in text}
                assert found == seen, (door, user_id)
            status = client.get(f"/interactions/{private_id}").status_code
            assert status == (200 if user_id == mine else 404)


def _teams(assembly: Assembly, user_id: int) -> frozenset[int]:
    t = table(TeamMember)
    with assembly.database.read() as session:
        return frozenset(session.execute(select(t.c.team_id).where(t.c.user_id == user_id)).scalars())
