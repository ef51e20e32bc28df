"""Values in and out: input of forms, JSON and files checked field by field; rows given back as JSON says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision, list_currencies

from patron.contributions import Field, Resource
from patron.customers import normalise
from patron.errors import FieldError, Invalid

MAX_INTEGER = 2**63 - 1


def parse_date(value: Any) -> date:
    """A day from ``YYYY-MM-DD``; ValueError with a sentence."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("takes a day such as 2026-03-31.")


def parse_instant(value: Any) -> datetime:
    """An instant from ISO 8601 with an offset; ValueError with a sentence. A day alone is its midnight in UTC."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None:
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    raise ValueError("takes an instant such as 2026-03-31T09:00:00Z.")


def currency_code(text: str) -> str:
    """The ISO 4217 code, in capitals; ValueError with a sentence."""
    if (code := text.strip().upper()) not in list_currencies():
        raise ValueError(f"has an unknown currency “{text}”; take a code such as EUR.")
    return code


def minor_units(text: str, currency: str) -> int:
    """“12.50” in EUR is 1250; ValueError for anything else, also for more digits than the currency has."""
    digits = get_currency_precision(currency)
    whole, _, fraction = text.strip().replace(" ", "").partition(".")
    sign = -1 if whole.startswith("-") else 1
    whole = whole.lstrip("+-") or "0"
    if not (whole.isascii() and whole.isdigit()) or (
        fraction and not (fraction.isascii() and fraction.isdigit())
    ):
        raise ValueError("takes an amount such as 1250.00.")
    if len(fraction) > digits and fraction[digits:].strip("0"):
        raise ValueError(f"has more than {digits} decimals, which {currency} has not.")
    return sign * int(whole + fraction[:digits].ljust(digits, "0"))


def percent_hundredths(value: Any) -> int:
    """A percentage in hundredths: 19 is 1900, “19.5”, “19,5” and “19.5 %” are 1950. ValueError with a sentence."""
    text = str(value).replace("%", "", 1).strip().replace(",", ".", 1) if not isinstance(value, bool) else ""
    whole, point, fraction = text.removeprefix("-").partition(".")
    digits = whole + fraction
    if not (whole and digits.isascii() and digits.isdigit()) or (point and not fraction) or len(digits) > 15:
        raise ValueError("takes a percentage such as 19 or 19.5.")
    if len(fraction) > 2 and fraction[2:].strip("0"):
        raise ValueError("has more than two decimals.")
    number = int(whole) * 100 + int(fraction[:2].ljust(2, "0"))
    return -number if text.startswith("-") else number


def percent_text(hundredths: int) -> str:
    """1950 is “19.5”, 1900 is “19”."""
    return f"{Decimal(hundredths).scaleb(-2).normalize():f}"


def take(
    resource: Resource, values: Mapping[str, Any], *, partial: bool, currency: str, country: str
) -> dict[str, Any]:
    """Checked input by field name, as the columns store it. Invalid lists every field that is wrong.

    ``partial`` is for changes: what is left out stays. Unknown and read-only fields are refused, never ignored.
    """
    allowed = {item.name: item for item in resource.fields if item.name in resource.form}
    return take_fields(allowed, values, partial=partial, currency=currency, country=country)


def take_fields(
    allowed: Mapping[str, Field], values: Mapping[str, Any], *, partial: bool, currency: str, country: str
) -> dict[str, Any]:
    """``take`` for fields that are no resource's."""
    errors: list[FieldError] = []
    taken: dict[str, Any] = {}
    for name, value in values.items():
        item = allowed.get(name)
        if item is None or item.read_only:
            errors.append(FieldError(name, "There is no such field to set."))
            continue
        try:
            taken[name] = take_one(item, value, currency=currency, country=country)
        except Invalid as error:
            errors.extend(error.errors or (FieldError(name, error.detail),))
        except ValueError as error:
            errors.append(FieldError(name, f"{item.label} {error}"))
    for name, item in allowed.items():
        if name in taken and _has_to_be_chosen(item) and taken[name] in (None, ""):
            del taken[name]
            if partial:
                errors.append(FieldError(name, f"{item.label} is needed."))
        missing = name not in taken and not partial and name not in values and item.default in (None, "")
        emptied = name in taken and taken[name] in (None, "", [])
        if item.required and (missing or emptied):
            errors.append(FieldError(name, f"{item.label} is needed."))
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return taken


def _has_to_be_chosen(item: Field) -> bool:
    """Whether it is a choice with a default: it is never empty, so a new record left without one has the default."""
    return item.kind == "choice" and item.default not in (None, "")


def take_one(item: Field, value: Any, *, currency: str, country: str) -> Any:
    """One value, checked and normalised; ValueError or Invalid with a sentence that follows the field's label."""
    if value is None or value == "":
        return None if item.kind in _NULLABLE else _EMPTY.get(item.kind, "")
    return _TAKERS[item.kind](item, value, currency, country)


_NULLABLE = ("integer", "money", "percent", "date", "instant", "customer", "user", "team", "ref")
_EMPTY: Mapping[str, Any] = {"bool": False, "list": [], "computed": None}


def _text(item: Field, value: Any, currency: str, country: str) -> str:
    if not isinstance(value, str):
        raise ValueError("takes text.")
    text = value.replace("\x00", "").strip() if item.kind != "longtext" else value.replace("\x00", "")
    if len(text) > (item.max_length if item.kind != "longtext" else 100_000):
        raise ValueError(f"takes at most {item.max_length} characters.")
    if item.kind == "text" and any(char in text for char in "\r\n"):
        raise ValueError("takes a single line.")
    return currency_code(text) if item.says == "currency" else text


def _email(item: Field, value: Any, currency: str, country: str) -> str:
    return normalise.email_address(_text(item, value, currency, country)).normalised


def _phone(item: Field, value: Any, currency: str, country: str) -> str:
    return normalise.phone_number(_text(item, value, currency, country), country)


def _url(item: Field, value: Any, currency: str, country: str) -> str:
    return normalise.web_address(_text(item, value, currency, country))


def _integer(item: Field, value: Any, currency: str, country: str) -> int:
    if isinstance(value, str) and value.strip().lstrip("-").isascii() and value.strip().lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("takes a whole number.")
    if abs(value) > MAX_INTEGER:
        raise ValueError("is too large a number.")
    return value


def _bool(item: Field, value: Any, currency: str, country: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "on", "1", "yes"):
        return True
    if value in ("false", "off", "0", "no"):
        return False
    raise ValueError("takes true or false.")


def _money(item: Field, value: Any, currency: str, country: str) -> tuple[int, str]:
    """``{"minor": 1250, "currency": "EUR"}``, ``{"amount": "12.50", "currency": "EUR"}`` or “12.50” alone."""
    if isinstance(value, Mapping):
        code = value.get("currency") or currency
        if not set(value) <= {"minor", "amount", "currency"} or not isinstance(code, str):
            raise ValueError("takes minor (or amount) and currency.")
        amount = value.get("minor", value.get("amount"))
        in_minor = "minor" in value
    else:
        code, amount, in_minor = currency, value, False
    code = currency_code(code)
    if in_minor:
        return _integer(item, amount, currency, country), code
    if isinstance(amount, int) and not isinstance(amount, bool):
        amount = str(amount)
    if not isinstance(amount, str):
        raise ValueError("takes an amount such as “12.50”, as text.")
    minor = minor_units(amount, code)
    if abs(minor) > MAX_INTEGER:
        raise ValueError("is too large an amount.")
    return minor, code


def _choice(item: Field, value: Any, currency: str, country: str) -> str:
    if value not in {choice.value for choice in item.choices}:
        raise ValueError(f"is one of: {', '.join(choice.value for choice in item.choices)}.")
    return str(value)


def _id(item: Field, value: Any, currency: str, country: str) -> int:
    try:
        number = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else 0
    except ValueError:
        number = 0
    if not 0 < number <= MAX_INTEGER:
        raise ValueError("takes an id.")
    return number


def _list(item: Field, value: Any, currency: str, country: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > 200:
        raise ValueError("takes a list of at most 200 entries.")
    return value


_TAKERS: Mapping[str, Callable[[Field, Any, str, str], Any]] = {
    "text": _text,
    "longtext": _text,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "integer": _integer,
    "bool": _bool,
    "money": _money,
    "percent": lambda item, value, currency, country: percent_hundredths(value),
    "choice": _choice,
    "customer": _id,
    "user": _id,
    "team": _id,
    "ref": _id,
    "date": lambda item, value, currency, country: parse_date(value),
    "instant": lambda item, value, currency, country: parse_instant(value),
    "list": _list,
    "computed": lambda item, value, currency, country: value,
}


def columns_of(resource: Resource, names: Sequence[str] | None = None) -> list[str]:
    """The columns to read for these fields (all by default): always id and version, no column twice."""
    wanted = ["id", "version"]
    for item in resource.fields:
        if item.kind in ("list", "computed") or (names is not None and item.name not in names):
            continue
        wanted.append(item.attribute)
        if item.kind == "money":
            wanted.append("currency")
    return list(dict.fromkeys(wanted))


def give(resource: Resource, row: Mapping[Any, Any], names: Sequence[str] | None = None) -> dict[str, Any]:
    """A row of ``columns_of`` as the API says it: ids as strings, money as minor units with currency."""
    given: dict[str, Any] = {"id": str(row["id"]), "version": row["version"]}
    for item in resource.fields:
        if item.kind in ("list", "computed") or (names is not None and item.name not in names):
            continue
        value = row[item.attribute]
        if item.kind == "money":
            value = None if value is None else {"minor": value, "currency": row["currency"]}
        elif item.kind == "percent":
            value = None if value is None else percent_text(value)
        elif item.kind in ("customer", "user", "team", "ref"):
            value = None if value is None else str(value)
        given[item.name] = value
    return given


def giver(
    resource: Resource, columns: Sequence[str], names: Sequence[str] | None = None
) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """``give`` for rows as tuples in the order of ``columns``: what there is to do is found out once for all rows."""
    place = {name: at for at, name in enumerate(columns)}
    fields = [
        item
        for item in resource.fields
        if item.kind not in ("list", "computed") and (names is None or item.name in names)
    ]
    plain = [(item.name, place[item.attribute]) for item in fields]
    references = [item.name for item in fields if item.kind in ("customer", "user", "team", "ref")]
    amounts = [item.name for item in fields if item.kind == "money"]
    percents = [item.name for item in fields if item.kind == "percent"]
    record_id, version, currency = place["id"], place["version"], place.get("currency", 0)

    def given(row: Sequence[Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": str(row[record_id]), "version": row[version]}
        for name, at in plain:
            shown[name] = row[at]
        for name in references:
            if shown[name] is not None:
                shown[name] = str(shown[name])
        for name in amounts:
            if shown[name] is not None:
                shown[name] = {"minor": shown[name], "currency": row[currency]}
        for name in percents:
            if shown[name] is not None:
                shown[name] = percent_text(shown[name])
        return shown

    return given
