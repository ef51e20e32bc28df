"""Names, portal access, files and merges on the profile of a customer."""

from __future__ import annotations

from patron.accounts.models import Mandate
from patron.assembly import Assembly
from patron.context import Context
from patron.customers import contacts, merging, relationships, splitting
from patron.customers.models import ContactHolder
from patron.digest import digest_of
from patron.interactions import services as interactions
from patron.records import table
from patron.resources import editing
from patron.testing.faces import app_client, make_customer, signed_in, working
from sqlalchemy import select


def test_the_profile_keeps_names_access_and_files(assembly: Assembly, tmp_path: object) -> None:
    customer_id = make_customer(assembly, "Ada Lovelace", emails=["ada@example.com"])
    base = f"/customers/{customer_id}"
    with app_client(assembly) as client:
        signed_in(client, "admin")
        assert client.post(f"{base}/names", data={"kind": "birth", "name": "Ada Byron"}).status_code == 303
        assert client.post(f"{base}/names", data={"kind": "ship", "name": "X"}).status_code == 422
        invited = client.post(f"{base}/accounts", data={"email": "ada@example.com", "name": "Ada"})
        assert invited.status_code == 303
        sent = {"file": ("../../<b>plan.html", b"<script>alert(1)</script>", "text/html")}
        assert client.post(f"{base}/files", files=sent).status_code == 303
        page = client.get(f"{base}/profile").text
        assert "Ada Byron" in page
        assert "ada@example.com" in page
        assert "&lt;b&gt;plan" in page
        file_id = page.split('href="/files/')[1].split('"')[0]
        file = client.get(f"/files/{file_id}")
        assert file.headers["content-type"].startswith("text/plain")
        assert file.headers["content-disposition"].startswith("attachment")
        assert file.headers["x-content-type-options"] == "nosniff"
    with app_client(assembly) as other:
        signed_in(other, "reader", team="Elsewhere")
        assert other.get(f"/files/{file_id}").status_code == 404
        assert other.get(f"{base}/profile").status_code == 404


def test_inviting_again_changes_nothing_of_what_they_may_do(assembly: Assembly) -> None:
    customer_id = make_customer(assembly, "Ada Lovelace")
    with app_client(assembly) as client:
        signed_in(client, "admin")
        sent = {"email": "ada@example.com", "name": "Ada", "limit": "100.00", "until": "2999-01-31"}
        url, m = f"/customers/{customer_id}/accounts", table(Mandate)
        assert client.post(url, data=sent).status_code == 303
        with assembly.database.read() as session:
            before = session.execute(select(m)).mappings().all()
        again = client.post(url, data={"email": "ADA@example.com", "name": "Ada"})
        assert again.status_code == 409
        assert "acts for them already" in again.text
        with assembly.database.read() as session:
            assert session.execute(select(m)).mappings().all() == before


def test_where_the_survivor_was_reached_once_it_is_reached_again(assembly: Assembly) -> None:
    survivor, merged = (
        make_customer(assembly, name, emails=["one@example.com"]) for name in ("Bob", "Robert")
    )
    customers, h = assembly.resource("customers"), table(ContactHolder)

    def reached(ctx: Context) -> set[int]:
        return {
            row.customer_id
            for row in contacts.holders_of(ctx, "email", {"one@example.com"})["one@example.com"]
        }

    with working(assembly) as ctx:
        editing.change(ctx, customers, survivor, {"emails": []})
        ended = select(h.c.until).where(h.c.customer_id == survivor)
        until = ctx.session.execute(ended).scalar_one()
        merge_id = merging.merge(ctx, survivor, merged)
        assert reached(ctx) == {survivor}
        splitting.split(ctx, merge_id)
        assert reached(ctx) == {merged}
        assert ctx.session.execute(ended).scalar_one() == until


def test_a_merge_moves_everything_and_can_be_split(assembly: Assembly) -> None:
    survivor = make_customer(assembly, "Bob Builder", emails=["bob@example.com"])
    emails = ["robert@example.com", "bob@example.com"]
    merged = make_customer(assembly, "Robert Builder", emails=emails, note="likes tea")
    firm = make_customer(assembly, "Builder Ltd", kind="organisation")
    with working(assembly) as ctx:
        relationships.relate(ctx, merged, firm, "works_at")
        interactions.log(ctx, "phone", [interactions.Party("caller", merged)], subject="Called")
    beside = (
        "core_contact_holder",
        "core_relationship",
        "core_participant",
        "core_consent",
        "core_external_id",
    )
    with working(assembly) as ctx:
        before = digest_of(ctx)
    with working(assembly) as ctx:
        merge_id = merging.merge(ctx, survivor, merged)
    with app_client(assembly) as client:
        signed_in(client, "admin")
        assert client.get(f"/customers/{merged}").headers["location"] == f"/customers/{survivor}"
        one = client.get(f"/api/v1/customers/{survivor}").json()
        assert set(one["emails"]) == {"bob@example.com", "robert@example.com"}
        assert one["note"] == "likes tea"
        titles = [e["title"] for e in client.get(f"/api/v1/customers/{survivor}/timeline").json()["items"]]
        assert "Called" in titles
        assert client.post(f"/merges/{merge_id}/split").status_code == 303
        assert client.get(f"/api/v1/customers/{merged}").json()["emails"] == [
            "robert@example.com",
            "bob@example.com",
        ]
        assert client.get(f"/api/v1/customers/{survivor}").json()["note"] == ""
    with working(assembly) as ctx:
        after = digest_of(ctx)
    assert {name: after[name] for name in beside} == {name: before[name] for name in beside}
