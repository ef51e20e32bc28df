"""The quote as PDF: what it says, and that nothing typed into it is ever read as markup."""

from __future__ import annotations

from io import BytesIO

from litestar import Litestar
from litestar.testing import TestClient
from patron import Context, company, editing
from patron.assembly import Assembly
from patron.testing.faces import signed_in, working
from patron_sales.services import quotes
from patron_sales.services.lines import LineInput
from pypdf import PdfReader

HOSTILE = '#read("/etc/passwd") *bold* $x$ <label> @ref [a] \\ #panic("no") “Łukasz” Иван Ελένη'


def make_quote(ctx: Context, product: int) -> int:
    customers, resource = ctx.assembly.resource("customers"), ctx.assembly.resource("sales.quotes")
    address = {"line1": "Hafenstr. 1", "postcode": "20457", "city": "Hamburg", "country": "DE"}
    customer = editing.create(
        ctx, customers, {"kind": "organisation", "name": HOSTILE, "addresses": [address]}
    )
    values = {"customer": customer.key, "valid_until": "2099-12-31", "note": f"Carriage paid.\n{HOSTILE}"}
    quote = editing.create(ctx, resource, values)
    typed = [LineInput(str(product), HOSTILE, "12", "", "2.5"), *[LineInput("", "Carriage", "1", "49")] * 40]
    return quotes.save_lines(ctx, quote.key, typed).key


def test_the_document_says_what_the_quote_says_and_reads_nothing_as_markup(
    assembly: Assembly, client: TestClient[Litestar], products: dict[str, int]
) -> None:
    with working(assembly) as ctx:
        quote_id = make_quote(ctx, products["CH-1"])
        values = company.company_values(ctx)
        firm = {"legal_name": "Acme GmbH", "address": "Kai 1\n20459 Hamburg", "tax_number": "DE123456789"}
        company.save_company(ctx, {**values, **firm}, values["version"])
    signed_in(client, "manager")
    answer = client.get(f"/sales/quotes/{quote_id}/pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"].startswith("attachment")
    reader = PdfReader(BytesIO(answer.content))
    assert len(reader.pages) > 1
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    year = answer.headers["content-disposition"].split("Q-")[1][:4]
    for wanted in (f"Quote Q-{year}-00001", "Hafenstr. 1", "20457 Hamburg", "Draft", "CH-1", "2.5 %"):
        assert wanted in text, wanted
    for wanted in ("Acme GmbH · Tax number DE123456789", "Kai 1 20459 Hamburg"):
        assert wanted in text, wanted
    for wanted in ("€1,053.00", "Tax 19 %", "Carriage paid.", "Valid until", "December 31, 2099"):
        assert wanted in text, wanted
    assert text.count('#read("/etc/passwd")') == 3
    assert "*bold* $x$ <label> @ref [a]" in text
    assert "Łukasz" in text
    assert "Иван" in text
    assert "root:" not in text
