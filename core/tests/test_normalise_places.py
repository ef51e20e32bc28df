import pytest
from patron.customers.normalise import PostalAddress, country_code, format_address, postal_address
from patron.errors import Invalid


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Deutschland", "DE"),
        ("Alemania", "DE"),
        ("Allemagne", "DE"),
        ("DEU", "DE"),
        ("de", "DE"),
        ("USA", "US"),
        ("États-Unis", "US"),
        ("Pays-Bas", "NL"),
        ("The Netherlands", "NL"),
        ("UK", "GB"),
        ("España", "ES"),
        ("", ""),
    ],
)
def test_countries(name: str, code: str) -> None:
    assert country_code(name) == code


def test_unknown_country_is_refused() -> None:
    with pytest.raises(Invalid, match="Atlantis"):
        country_code("Atlantis")


def test_cleaning() -> None:
    address = postal_address({"line1": " Hauptstr.  5 \n Hof 2", "postcode": "d-10115", "city": "Berlin "})
    assert address == PostalAddress("Hauptstr. 5", "Hof 2", "10115", "Berlin", "", "DE")


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (
            PostalAddress("Hauptstr. 5", "", "10115", "Berlin", "", "DE"),
            ["Hauptstr. 5", "10115 Berlin", "GERMANY"],
        ),
        (
            PostalAddress("1 Main St", "Apt 2", "02101", "Boston", "MA", "US"),
            ["1 Main St", "Apt 2", "Boston, MA 02101", "UNITED STATES"],
        ),
        (
            PostalAddress("10 High St", "", "SW1A 1AA", "London", "", "GB"),
            ["10 High St", "London", "SW1A 1AA", "UNITED KINGDOM"],
        ),
        (
            PostalAddress("Via Roma 1", "", "20121", "Milano", "mi", "IT"),
            ["Via Roma 1", "20121 Milano (MI)", "ITALY"],
        ),
        (
            PostalAddress("丸の内1-1", "", "100-0005", "千代田区", "東京都", "JP"),
            ["100-0005", "東京都千代田区", "丸の内1-1", "JAPAN"],
        ),
    ],
)
def test_lines_stand_as_the_country_writes_them(address: PostalAddress, lines: list[str]) -> None:
    assert format_address(address) == lines
    assert format_address(address, home=address.country) == lines[:-1]
