"""The daily work that is measured, each beside the one statement that a bare driver would need for it."""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns
from urllib.parse import urlencode

import msgspec
from patron.customers.models import Customer
from patron.customers.normalise import fold
from patron.records import table

from bench.filling import NEEDLE
from bench.harness import Client
from bench.installation import Installation
from bench.works import Work

_LISTED = (
    "id, version, kind, name, primary_email, primary_phone, city, country, owner_id, team_id, updated_at"
)


def works(installation: Installation) -> list[Work]:
    """The daily work on an installation; that of a module only where it is installed."""
    filled = installation.filled
    wide = {"Authorization": f"Bearer {filled.token}"}
    narrow = {"Authorization": f"Bearer {filled.narrow_token}"}
    person = {"Cookie": f"__Host-patron={filled.cookie}"}
    api, city = "/api/v1/customers", fold(filled.city)
    in_city = f"{api}?{urlencode({'filter': msgspec.json.encode({'city': filled.city}).decode()})}"
    begun = time_ns()

    def get(path: str, headers: dict[str, str]) -> Callable[[Client, int], object]:
        return lambda client, _: client.request("GET", path, headers=headers)

    def create(client: Client, number: int) -> object:
        address = f"n{number}.{begun}@example.test"
        body = {"kind": "person", "given_name": "Ada", "family_name": f"New {number}", "emails": [address]}
        return client.request("POST", api, body, wide)

    by_name = f"SELECT {_LISTED} FROM core_customer WHERE trashed_at IS NULL"
    one, page = f"{by_name} AND id = ?", f"{by_name} ORDER BY name_key, id LIMIT 51"
    history = "SELECT * FROM core_timeline WHERE customer_id = ? ORDER BY at DESC, id DESC LIMIT 31"
    found = "SELECT record_id, title FROM core_search WHERE title_key LIKE ? LIMIT 50"
    columns = ", ".join(column.name for column in table(Customer).columns if not column.primary_key)
    copy = f"INSERT INTO core_customer ({columns}) SELECT {columns} FROM core_customer WHERE id = ?"
    last = installation.customers
    return [
        Work("list 50 of a city by name, API", get(in_city, wide),
             f"{by_name} AND city_key = ? ORDER BY name_key, id LIMIT 51", (city,), 1.6),
        Work("the same as one who sees 1 %", get(in_city, narrow),
             f"{by_name} AND city_key = ? AND owner_id = 2 ORDER BY name_key, id LIMIT 51", (city,), 1.6),
        Work("list 50 as one who sees 1 %, API", get(api, narrow),
             f"{by_name} AND owner_id = 2 ORDER BY name_key, id LIMIT 51", (), 1.6),
        Work("search, 10 % match, sees 1 %, API", get(f"{api}?q={NEEDLE}", narrow), found, (f"{NEEDLE}%",), 2.5),
        Work("read one, API", get(f"{api}/{last // 2}", wide), one, (last // 2,), 0.7),
        Work("create one, API", create, copy, (last,), 2.5),
        Work("customer list page", get("/customers", person), page, (), 5),
        Work("customer page", get(f"/customers/{filled.customer}", person), history, (filled.customer,), 6),
        *_of_sales(installation, get("/sales/opportunities/board", person)),
        *_of_modules(installation, lambda path: get(path, person)),
    ]  # fmt: skip


def _of_sales(installation: Installation, board: Callable[[Client, int], object]) -> list[Work]:
    if "sales" not in installation.modules:
        return []
    statement = (
        "SELECT stage, id, name, value_minor FROM"
        " (SELECT *, row_number() OVER (PARTITION BY stage ORDER BY updated_at DESC) AS place"
        " FROM sales_opportunity WHERE trashed_at IS NULL) AS ranked WHERE place <= 50"
    )
    return [Work(BOARD, board, statement, (), 7)]


BOARD = "board over 5,000 opportunities"


_FACTS = urlencode({"filter": '{"marketing.mails": {"ge": 1}, "kind": "person"}'})
# Of each module one page or list that its users open all day, and the statement that it could not do without.
_PAGES = (
    ("catalog", "product list page", "/catalog/products", "SELECT * FROM catalog_product ORDER BY name_key LIMIT 51"),
    ("ecommerce", "shop's front page", "/shop", "SELECT * FROM catalog_product WHERE active LIMIT 24"),
    ("insights", "home page with its numbers", "/", "SELECT sum(net_minor) FROM orders_invoice"),
    ("knowledge", "help page", "/help", "SELECT * FROM knowledge_article LIMIT 24"),
    ("marketing", "customers by a fact of another module", f"/customers?{_FACTS}",
     "SELECT * FROM marketing_engagement WHERE mails >= 1 LIMIT 51"),
    ("orders", "invoice list page", "/orders/invoices", "SELECT * FROM orders_invoice ORDER BY issued_on LIMIT 51"),
    ("prm", "partners' registrations page", "/prm/registrations", "SELECT * FROM prm_registration LIMIT 51"),
    ("service", "ticket list page", "/service/tickets", "SELECT * FROM service_ticket ORDER BY opened_at LIMIT 51"),
    ("workflow", "task list page", "/workflow/tasks", "SELECT * FROM workflow_task LIMIT 51"),
)  # fmt: skip


def measured_of(module: str) -> str:
    """The name of the work that the module adds to the benchmark."""
    return next((name for owner, name, *_ in _PAGES if owner == module), BOARD if module == "sales" else "")


def _of_modules(
    installation: Installation, page: Callable[[str], Callable[[Client, int], object]]
) -> list[Work]:
    return [
        Work(name, page(path), statement)
        for module, name, path, statement in _PAGES
        if module in installation.modules
    ]
