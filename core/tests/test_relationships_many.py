"""Several employers at once, subsidiaries, sites, buying groups, succession, households: seen from both ends."""

from __future__ import annotations

import pytest
from patron.assembly import Assembly
from patron.customers import relationships
from patron.errors import Invalid
from patron.testing.faces import app_client, make_customer, signed_in, working


def test_whoever_belongs_together_is_kept_on_the_profile_of_both(assembly: Assembly) -> None:
    ada = make_customer(assembly, "Ada Berg")
    home = make_customer(assembly, "Berg family", "household")
    mill, loom, shop, ring, heir = (
        make_customer(assembly, name, "organisation")
        for name in ("Mill", "Loom", "Mill shop", "Ring", "Heir")
    )
    with app_client(assembly) as client:
        signed_in(client)

        def relate(one: int, other: int, kind: str, **more: str) -> int:
            sent = {"kind": kind, "to": other, **more}
            return int(client.post(f"/customers/{one}/relationships", data=sent).status_code)

        assert relate(ada, mill, "works_at", role="Buyer", is_primary="true") == 303
        assert relate(ada, loom, "works_at", role="Adviser") == 303
        for one, other, kind in (
            (ada, home, "member_of_household"),
            (loom, mill, "subsidiary_of"),
            (shop, mill, "site_of"),
            (mill, ring, "member_of_group"),
            (loom, heir, "succeeded_by"),
        ):
            assert relate(one, other, kind) == 303
        assert relate(mill, loom, "subsidiary_of") == 422  # a circle
        assert relate(heir, loom, "succeeded_by") == 422
        pages = {key: client.get(f"/customers/{key}/profile").text for key in (ada, mill, loom, heir, home)}
    for text in ("Works at · Buyer", "Works at · Adviser", "Member of household"):
        assert text in _plain(pages[ada])
    for text in ("Employs · Buyer", "Has subsidiary", "Has site", "Member of buying group"):
        assert text in _plain(pages[mill])
    assert "Subsidiary of" in pages[loom]
    assert "Succeeded by" in pages[loom]
    assert "Successor of" in pages[heir]
    assert "Has member" in pages[home]
    with working(assembly) as ctx:
        employers = [one for one in relationships.related_to(ctx, ada) if one.label == "Works at"]
        assert [(one.name, one.is_primary, one.ended) for one in employers] == [
            ("Mill", True, False),
            ("Loom", False, False),
        ]
        with pytest.raises(Invalid):
            relationships.relate(ctx, ada, ada, "works_at")


def _plain(page: str) -> str:
    return " ".join(page.split())
