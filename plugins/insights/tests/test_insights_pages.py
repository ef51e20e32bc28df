"""The pages of numbers: what one may read is what one's number is made of, and objectives keep their baseline."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from patron import metrics
from patron.assembly import Assembly
from patron.testing.faces import make_customer, make_user, signed_in, working

Client = TestClient[Litestar]


def number_on(html: str) -> int:
    """The first number that the page of a metric says."""
    found = re.search(r'class="stat-value">([\d,]+)', html)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_the_rows_behind_a_number_are_as_many_as_it_says(assembly: Assembly, client: Client) -> None:
    mine, other = make_user(assembly, "user"), make_user(assembly, "user")
    for city, owner in (("Oslo", mine), ("Oslo", other), ("Rome", other), ("", mine), ("Rome", mine)):
        make_customer(assembly, f"Someone of {city}", owner=owner, addresses=[{"city": city}] if city else [])
    make_customer(assembly, "A firm", "organisation", owner=mine)
    for user_id, expected in ((mine, 3), (make_user(assembly, "admin"), 5)):
        signed_in(client, user_id=user_id)
        answer = client.get("/insights/counting.people")
        assert answer.status_code == 200
        assert number_on(answer.text) == expected
        rows = re.search(r'<table class="table" id="rows">.*?<tbody>(.*?)</tbody>', answer.text, re.S)
        assert rows is not None
        assert rows[1].count("<tr ") == expected
        bars = re.search(r'<table class="bars">.*?<tbody>(.*?)</tbody>', answer.text, re.S)
        assert bars is not None
        assert sum(int(n) for n in re.findall(r'bars-value">([\d,]+)', bars[1])) == expected


def test_who_reads_no_such_records_has_no_such_number(assembly: Assembly, client: Client) -> None:
    signed_in(client, role="")
    assert client.get("/insights/counting.people").status_code == 403
    signed_in(client)
    assert client.get("/insights/counting.nothing").status_code == 404


def test_a_number_that_is_of_no_records_is_the_firms_and_says_its_unit(
    assembly: Assembly, client: Client
) -> None:
    signed_in(client)
    page = client.get("/insights").text
    assert "Answers that helped" in page
    assert "12.5 %" in page
    assert "of the whole firm" in page
    signed_in(client, role="user")
    page = client.get("/insights").text
    assert "People" in page
    assert "Answers that helped" not in page


def test_the_home_page_has_the_pinned_numbers_and_the_goals(assembly: Assembly, client: Client) -> None:
    make_customer(assembly)
    with working(assembly) as ctx:
        metrics.add_objective(ctx, "counting.people", 50, metrics.today(ctx) + timedelta(days=30))
    signed_in(client)
    page = client.get("/").text
    assert 'data-panel="insights.numbers"' in page
    assert 'data-panel="insights.objectives"' in page
    assert "Began at 1" in page
    signed_in(client, role="user")
    assert 'data-panel="insights.objectives"' not in client.get("/").text


def test_an_objective_is_set_and_dropped(assembly: Assembly, client: Client) -> None:
    make_customer(assembly)
    signed_in(client)
    due = "2099-01-01"
    answer = client.post(
        "/insights/objectives", data={"metric": "counting.people", "target": "20", "due": due}
    )
    assert answer.status_code == 303
    with working(assembly) as ctx:
        goal = metrics.progress(ctx)[0]
        assert (goal.baseline, goal.target) == (1, 20)
    assert client.post(f"/insights/objectives/{goal.id}/drop").status_code == 303
    with working(assembly) as ctx:
        assert metrics.progress(ctx) == []
    assert client.post(f"/insights/objectives/{goal.id}/drop").status_code == 404


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"metric": "none", "target": "1", "due": "2099-01-01"}, "metric"),
        ({"metric": "counting.people", "target": "many", "due": "2099-01-01"}, "target"),
        ({"metric": "counting.people", "target": "1e400", "due": "2099-01-01"}, "target"),
        ({"metric": "counting.people", "target": "1", "due": "2020-01-01"}, "due"),
        ({"metric": "counting.people", "target": "1", "due": "soon"}, "due"),
    ],
)
def test_an_impossible_objective_is_refused_at_its_field(
    client: Client, typed: dict[str, str], field: str
) -> None:
    signed_in(client)
    answer = client.post("/insights/objectives", data=typed)
    assert answer.status_code == 422
    assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', answer.text)


def test_a_customers_page_says_what_they_are_worth(assembly: Assembly, client: Client) -> None:
    customer = make_customer(assembly)
    signed_in(client)
    assert 'data-panel="insights.worth"' in client.get(f"/customers/{customer}").text
