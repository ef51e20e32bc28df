import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from patron.customers.normalise import email_address, handle, is_role_address, phone_number, web_address
from patron.customers.normalise.phone import _parsed_number, quick_number
from patron.errors import Invalid


@pytest.mark.parametrize(
    ("raw", "display", "normalised"),
    [
        ("anna@example.com", "anna@example.com", "anna@example.com"),
        (" Anna.Berg+news@Example.COM ", "Anna.Berg+news@example.com", "anna.berg+news@example.com"),
        ("Jörg Maier <joerg@müller.de>", "joerg@müller.de", "joerg@xn--mller-kva.de"),
        ("joerg@xn--mller-kva.de", "joerg@müller.de", "joerg@xn--mller-kva.de"),
        ("mailto:a.b@example.org?subject=x", "a.b@example.org", "a.b@example.org"),
    ],
)
def test_email_addresses(raw: str, display: str, normalised: str) -> None:
    address = email_address(raw)
    assert (address.display, address.normalised) == (display, normalised)


@pytest.mark.parametrize(
    "raw", ["", "anna", "a@b", "a@@b.de", "a b@c.de", "a@b.de, c@d.de", "a.@b.de", "a@firma.local", "a@-b.de"]
)
def test_refused_email_addresses_say_why(raw: str) -> None:
    with pytest.raises(Invalid) as refusal:
        email_address(raw)
    assert refusal.value.errors[0].field == "email"
    assert refusal.value.errors[0].message


@pytest.mark.parametrize(
    "local", ["info", "Sales", "kontakt", "ventas", "contact", "info2", "sales-de", "no-reply"]
)
def test_role_addresses(local: str) -> None:
    assert is_role_address(local)


@pytest.mark.parametrize("local", ["anna", "infante", "salesch", "info.rossi", "all.berg"])
def test_addresses_of_persons(local: str) -> None:
    assert not is_role_address(local)


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("+49 (0) 30 1234567", "US", "+49301234567"),
        ("030/1234567", "DE", "+49301234567"),
        ("0044 20 7031 3000", "", "+442070313000"),
        ("(202) 555-0143", "US", "+12025550143"),
        ("+1 202 555 0143 ext. 5", "", "+12025550143;ext=5"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("612 34 56 78", "es", "+34612345678"),
        ("06 6982", "IT", "+39066982"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
    ],
)
def test_phone_numbers(raw: str, region: str, expected: str) -> None:
    assert phone_number(raw, region) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("030 1234567", "country code"),
        ("+49 1", "short"),
        ("4.93012E+11", "spreadsheet"),
        ("n/a", "not a phone"),
    ],
)
def test_refused_phone_numbers_say_why(raw: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        phone_number(raw)


@settings(max_examples=1500)
@given(
    st.sampled_from(
        ["", "DE", "FR", "ES", "US", "GB", "IT", "AT", "CH", "AR", "BR", "MX", "RU", "CN", "JP", "HU"]
    ),
    st.sampled_from(["", "+", "0", "00", "+49", "+490", "+33", "+1", "+7", "+54", "011", "49", "1", "8"]),
    st.text("0123456789 -/", min_size=4, max_size=14),
)
@example("DE", "0", "49301234567")
@example("ID", "", "00792788668")
def test_quick_numbers_never_differ_from_the_full_parser(region: str, start: str, rest: str) -> None:
    quick = quick_number(start + rest, region)
    if quick is None:
        return
    text = start + rest
    if not region and text.lstrip().startswith("00"):
        text = "+" + text.lstrip()[2:]
    assert quick == _parsed_number(text, region)
    assert phonenumbers.is_possible_number(phonenumbers.parse(quick))


def test_web_addresses() -> None:
    assert web_address("Example.com/") == "https://example.com"
    assert web_address("HTTP://Www.Example.com/a b?q=1") == "http://www.example.com/a%20b?q=1"
    for bad in ("javascript:alert(1)", "localhost", "https://u:p@x.de", "not a site", "file:///etc/passwd"):
        with pytest.raises(Invalid):
            web_address(bad)


def test_handles() -> None:
    assert handle("@Anna_B") == "anna_b"
    assert handle("https://social.example/@Anna") == "anna"
    with pytest.raises(Invalid):
        handle("two words")
