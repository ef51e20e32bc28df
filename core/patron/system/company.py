"""The firm itself: its legal entity and its brand, one row of each, and what letters and documents say of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session

from patron.accounts import audit
from patron.context import Context
from patron.errors import Conflict, FieldError, Invalid
from patron.records import table
from patron.system.generation import bump_generation
from patron.system.models import Brand, LegalEntity

ENTITY_FIELDS = ("name", "legal_name", "address", "tax_number", "registration", "iban", "bic")
BRAND_FIELDS = {"brand": "name", "sender_name": "sender_name"}  # of the form: of the table
FIELDS = (*ENTITY_FIELDS, *BRAND_FIELDS)
LONGEST = 200
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_LINES = (("tax_number", "Tax number"), ("registration", "Register"), ("iban", "IBAN"), ("bic", "BIC"))


@dataclass(frozen=True)
class Company:
    """The firm as everybody sees it, nothing left empty that has a stand-in. The ids are None before it was read.

    ``name`` is what the firm is called, ``legal_name`` what documents say, ``brand`` what customers know it by,
    ``sender_name`` what mail comes from where a mailbox does not say; empty where nobody chose one.
    """

    name: str
    legal_name: str
    brand: str
    address: str = ""
    tax_number: str = ""
    registration: str = ""
    iban: str = ""
    bic: str = ""
    sender_name: str = ""
    entity_id: int | None = None
    brand_id: int | None = None

    def printed(self) -> dict[str, str]:
        """What a document keeps of its seller: name, address (lines), tax_number, registration, iban, bic."""
        numbers = {name: getattr(self, name) for name, _ in _LINES}
        return {"name": self.legal_name, "address": self.address, **numbers}


def unread(site_name: str) -> Company:
    """The firm while all that is known of it is the installation's name."""
    return Company(site_name, site_name, site_name)


def read_company(session: Session, site_name: str) -> Company:
    """The firm as stored; the installation's name stands in for what it is called. One statement."""
    row = session.execute(_statement()).mappings().one()
    name = row["name"] or site_name
    return Company(
        name=name, legal_name=row["legal_name"] or name, brand=row["brand"] or name, address=row["address"],
        tax_number=row["tax_number"], registration=row["registration"], iban=row["iban"], bic=row["bic"],
        sender_name=row["sender_name"], entity_id=row["entity_id"], brand_id=row["brand_id"],
    )  # fmt: skip


def _statement() -> Any:
    e, b = table(LegalEntity), table(Brand)
    own = [e.c[name] for name in ENTITY_FIELDS]
    of_brand = [b.c[column].label(name) for name, column in BRAND_FIELDS.items()]
    ids = (e.c.id.label("entity_id"), b.c.id.label("brand_id"), e.c.version)
    joined = b.join(e, e.c.id == b.c.legal_entity_id)
    return select(*own, *of_brand, *ids).select_from(joined).order_by(e.c.id, b.c.id).limit(1)


def foot_lines(seller: Mapping[str, str]) -> list[str]:
    """The numbers of a printed seller with their names, for the foot of a document; those that are empty left out."""
    return [f"{label} {seller[name]}" for name, label in _LINES if seller.get(name)]


def company_values(ctx: Context) -> dict[str, Any]:
    """What the form of the firm holds, as stored, with its ``version``."""
    return dict(ctx.session.execute(_statement()).mappings().one())


def save_company(ctx: Context, values: Mapping[str, str], version: int) -> None:
    """Store the form of the firm; the caller has decided that the actor may. Every process follows.

    ``values`` has a text for each of FIELDS. Invalid with every error; Conflict when someone changed it meanwhile.
    """
    given = _checked(values)
    before = company_values(ctx)
    e, b = table(LegalEntity), table(Brand)
    meanwhile = Conflict("Somebody else has changed the company meanwhile. Please look at it once more.")
    if version != before["version"]:
        raise meanwhile
    changed = {name: (before[name], given[name]) for name in FIELDS if before[name] != given[name]}
    if not changed:
        return
    fresh = {"version": version + 1, "updated_at": ctx.now}
    mine = (e.c.id == before["entity_id"]) & (e.c.version == version)
    stored = update(e).where(mine).values({name: given[name] for name in ENTITY_FIELDS} | fresh)
    if ctx.session.execute(stored.returning(e.c.id)).first() is None:
        raise meanwhile
    of_brand = {column: given[name] for name, column in BRAND_FIELDS.items()}
    ctx.session.execute(
        update(b)
        .where(b.c.id == before["brand_id"])
        .values(of_brand | {"version": b.c.version + 1, "updated_at": ctx.now})
    )
    audit.record(ctx, "change", "company", before["entity_id"], changed)
    bump_generation(ctx.session)


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    given = {name: " ".join(values.get(name, "").split()) for name in FIELDS}
    given["address"] = "\n".join(
        filter(None, (" ".join(line.split()) for line in values["address"].splitlines()))
    )
    given["iban"] = given["iban"].replace(" ", "").upper()
    given["bic"] = given["bic"].replace(" ", "").upper()
    errors = [
        FieldError(name, f"At most {LONGEST} characters.")
        for name, said in given.items()
        if len(said) > LONGEST
    ]
    if given["iban"] and not valid_iban(given["iban"]):
        errors.append(FieldError("iban", "This is no IBAN: a digit is wrong or missing."))
    if given["bic"] and not _BIC.fullmatch(given["bic"]):
        errors.append(FieldError("bic", "A BIC has eight or eleven letters and digits."))
    if errors:
        raise Invalid("Please check the fields that are marked.", errors=errors)
    return given


def valid_iban(iban: str) -> bool:
    """Whether an IBAN, written without spaces, has the right check digits (ISO 13616: modulo 97 leaves 1)."""
    if not _IBAN.fullmatch(iban):
        return False
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
