"""What other systems call the columns of their exports of people: a file of theirs is recognised and mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Preset:
    """One export: a file is one if it has all of ``known_by``. ``fields`` maps columns that it may have.

    ``source`` names the system, for its ids. ``words`` says what cells of a column mean.
    """

    source: str
    label: str
    known_by: frozenset[str]
    fields: Mapping[str, str | None]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def columns(self, headers: Sequence[str]) -> dict[str, str | None]:
        """Of these headers, those that the preset knows."""
        return {header: self.fields[header] for header in headers if header in self.fields}

    def read(self, headers: Sequence[str], cells: list[str]) -> list[str]:
        """A row with the words of the other system in ours."""
        if not self.words:
            return cells
        return [self._word(header, cell) for header, cell in zip(headers, cells, strict=False)] + cells[
            len(headers) :
        ]

    def _word(self, header: str, cell: str) -> str:
        return self.words.get(header, {}).get(cell.strip().lower(), cell)


def _fields(text: str) -> dict[str, str | None]:
    """“Column = field” by line; a column without a field is left out."""
    pairs = (line.split("=") for line in text.strip().splitlines())
    return {header.strip(): meaning.strip() or None for header, meaning in pairs}


_HUBSPOT = """
Record ID = external_id
First Name = given_name
Last Name = family_name
Email = email
Additional email addresses = email
Phone Number = phone
Mobile Phone Number = mobile
Job Title = job_title
Company Name = organisation
Associated Company =
Primary Company =
Street Address = street
City = city
State/Region = region
Postal Code = postcode
Country/Region = country
Website URL = website
Date of birth = birthday
Preferred language = language
Contact owner = owner
Create Date = created_at
Lead Status = tags
Lifecycle Stage = tags
"""

_SALESFORCE = """
Id = external_id
FirstName = given_name
LastName = family_name
Name =
Salutation = prefix
Title = job_title
Account.Name = organisation
AccountId =
Email = email
Phone = phone
HomePhone = phone
OtherPhone = phone
MobilePhone = mobile
Fax = fax
MailingStreet = street
MailingCity = city
MailingState = region
MailingStateCode = region
MailingPostalCode = postcode
MailingCountry = country
MailingCountryCode = country
Birthdate = birthday
Description = notes
OwnerId =
LeadSource = tags
CreatedDate = created_at
"""

_SALESFORCE_REPORT = """
Contact ID = external_id
Salutation = prefix
First Name = given_name
Last Name = family_name
Title = job_title
Account Name = organisation
Mailing Street = street
Mailing City = city
Mailing State/Province = region
Mailing Zip/Postal Code = postcode
Mailing Country = country
Phone = phone
Mobile = mobile
Fax = fax
Email = email
Birthdate = birthday
Account Owner =
Contact Owner = owner
"""

_PIPEDRIVE = """
Person - ID = external_id
Person - Name = name
Person - First name = given_name
Person - Last name = family_name
Person - Organization = organisation
Person - Job title = job_title
Person - Email - Work = email
Person - Email - Home = email
Person - Email - Other = email
Person - Phone - Work = phone
Person - Phone - Home = phone
Person - Phone - Mobile = mobile
Person - Phone - Other = phone
Person - Birthday = birthday
Person - Notes = notes
Person - Label = tags
Person - Labels = tags
Person - Owner = owner
Person - Person created = created_at
Person - Postal address =
"""

_OUTLOOK = """
First Name = given_name
Last Name = family_name
Title = prefix
Company = organisation
Job Title = job_title
E-mail Address = email
E-mail 2 Address = email
E-mail 3 Address = email
E-mail Type =
E-mail Display Name =
Business Phone = phone
Business Phone 2 = phone
Home Phone = phone
Home Phone 2 = phone
Mobile Phone = mobile
Primary Phone = phone
Other Phone = phone
Company Main Phone =
Business Fax = fax
Business Street = street
Business Street 2 = street2
Business City = city
Business State = region
Business Postal Code = postcode
Business Country/Region = country
Business Country = country
Home Street =
Home City =
Home State =
Home Postal Code =
Home Country/Region =
Home Country =
Web Page = website
Birthday = birthday
Language = language
Notes = notes
Categories = tags
Account =
Location =
Gender =
"""

_GOOGLE = """
First Name = given_name
Given Name = given_name
Last Name = family_name
Family Name = family_name
Name =
Name Prefix = prefix
File As =
Nickname =
Organization Name = organisation
Organization 1 - Name = organisation
Organization Title = job_title
Organization 1 - Title = job_title
E-mail 1 - Value = email
E-mail 2 - Value = email
E-mail 3 - Value = email
E-mail 1 - Label =
E-mail 1 - Type =
Phone 1 - Value = phone
Phone 2 - Value = phone
Phone 3 - Value = phone
Phone 1 - Label =
Phone 1 - Type =
Address 1 - Label =
Address 1 - Type =
Address 1 - Formatted =
Address 1 - Street = street
Address 1 - Extended Address = street2
Address 1 - City = city
Address 1 - Region = region
Address 1 - Postal Code = postcode
Address 1 - Country = country
Website 1 - Value = website
Birthday = birthday
Notes = notes
Labels = tags
Group Membership = tags
"""

_ODOO = """
id = external_id
name = name
is_company = kind
company_type = kind
parent_id = organisation
parent_name = organisation
commercial_company_name =
parent_id/id =
function = job_title
title = prefix
email = email
phone = phone
mobile = mobile
street = street
street2 = street2
city = city
state_id = region
zip = postcode
country_id = country
website = website
lang = language
comment = notes
category_id = tags
user_id = owner
create_date = created_at
vat =
"""

_ODOO_LABELS = """
External ID = external_id
ID = external_id
Name = name
Complete Name =
Display Name =
Is a Company = kind
Company Type = kind
Related Company = organisation
Job Position = job_title
Title = prefix
Email = email
Phone = phone
Mobile = mobile
Street = street
Street2 = street2
City = city
State = region
Zip = postcode
Country = country
Website Link = website
Website = website
Language = language
Notes = notes
Tags = tags
Salesperson = owner
Tax ID =
Created on = created_at
"""

_COMPANY = {
    "true": "organisation",
    "1": "organisation",
    "false": "person",
    "0": "person",
    "company": "organisation",
}

PRESETS: tuple[Preset, ...] = (
    Preset("hubspot", "HubSpot", frozenset({"Record ID", "First Name", "Last Name", "Email"}), _fields(_HUBSPOT)),
    Preset("salesforce", "Salesforce", frozenset({"Id", "LastName", "Email"}), _fields(_SALESFORCE)),
    Preset(
        "salesforce", "Salesforce", frozenset({"Contact ID", "Last Name", "Account Name"}), _fields(_SALESFORCE_REPORT)
    ),
    Preset("pipedrive", "Pipedrive", frozenset({"Person - Name"}), _fields(_PIPEDRIVE)),
    Preset(
        "outlook", "Outlook", frozenset({"First Name", "Last Name", "E-mail Address"}), _fields(_OUTLOOK),
        {"Birthday": {"0/0/00": ""}},
    ),
    Preset("google", "Google Contacts", frozenset({"E-mail 1 - Value"}), _fields(_GOOGLE)),
    Preset(
        "odoo", "Odoo", frozenset({"name", "is_company", "email"}), _fields(_ODOO),
        {"is_company": _COMPANY, "company_type": _COMPANY},
    ),
    Preset(
        "odoo", "Odoo", frozenset({"Name", "Is a Company", "Email"}), _fields(_ODOO_LABELS),
        {"Is a Company": _COMPANY, "Company Type": _COMPANY},
    ),
)  # fmt: skip


def preset_of(headers: Sequence[str]) -> Preset | None:
    """The preset whose export a file with these headers is."""
    there = set(headers)
    return next((preset for preset in PRESETS if preset.known_by <= there), None)
