import pytest
from patron.errors import Invalid
from patron.imports.mapping import guess_mapping


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            "ID,First Name,Last Name,Company,Job Title,E-mail Address,Business Phone,"
            "Mobile Phone,Street,City,State,"
            "ZIP/Postal Code,Country/Region,Web Page,Birthday,Notes",
            "external_id,given_name,family_name,organisation,job_title,email,phone,mobile,"
            "street,city,region,postcode,"
            "country,website,birthday,notes",
        ),
        (
            "Kundennr.;Anrede;Vorname;Name;Firma;Funktion;E-Mail-Adresse 1;E-Mail-Adresse 2;"
            "Telefon geschäftlich;Handy;"
            "Straße;Adresszusatz;PLZ;Ort;Bundesland;Land;Geburtsdatum;Sprache;Bemerkungen;"
            "Betreuer;Angelegt am",
            "external_id,prefix,given_name,family_name,organisation,job_title,email,email,"
            "phone,mobile,street,street2,"
            "postcode,city,region,country,birthday,language,notes,owner,created_at",
        ),
        (
            "Code client;Civilité;Prénom;Nom;Société;Fonction;Courriel;Téléphone fixe;"
            "Téléphone portable;Adresse;"
            "Code postal;Ville;Pays;Site web;Date de naissance;Remarques",
            "external_id,prefix,given_name,family_name,organisation,job_title,email,phone,"
            "mobile,street,postcode,city,"
            "country,website,birthday,notes",
        ),
        (
            "Código de cliente;Nombre;Apellidos;Empresa;Cargo;Correo electrónico;Teléfono;"
            "Teléfono móvil;Dirección;"
            "Código postal;Ciudad;Provincia;País;Página web;Fecha de nacimiento;Etiquetas;"
            "Observaciones",
            "external_id,given_name,family_name,organisation,job_title,email,phone,mobile,"
            "street,postcode,city,region,"
            "country,website,birthday,tags,notes",
        ),
        (
            "external_id,kind,name,email,phone,street,postcode,city,country",
            "external_id,kind,name,email,phone,street,postcode,city,country",
        ),
        (
            "givenName,familyName,emailAddress,phoneNumber,favouriteColour",
            "given_name,family_name,email,phone,None",
        ),
        ("Nom;E-mail", "name,email"),
        ("Nombre;Correo", "name,email"),
    ],
)
def test_columns_are_known_by_name_in_four_languages(headers: str, expected: str) -> None:
    names = headers.split(";" if ";" in headers else ",")
    assert [str(column.field) for column in guess_mapping(names, []).columns] == expected.split(",")


def test_columns_are_known_by_content() -> None:
    rows = [["anna@example.com", "+49 30 1234567", "Germany", "www.example.com", "blue"]] * 5
    guess = guess_mapping(["A", "B", "C", "D", "E"], rows)
    assert [column.field for column in guess.columns] == ["email", "phone", "country", "website", None]


def test_digits_and_dates_are_no_phone_numbers() -> None:
    rows = [["81234567", "12/03/1980", "+49 30 1234567"]] * 5
    columns = guess_mapping(["A", "B", "C"], rows).columns
    assert [column.field for column in columns] == [None, None, "phone"]


def test_of_two_names_alike_the_better_content_wins() -> None:
    rows = [["x", "10115"], ["y", "80331"]]
    assert guess_mapping(["PLZ", "Postcode"], rows).indexes("postcode") == [1]


def test_an_address_of_mail_is_not_a_street() -> None:
    assert guess_mapping(["Address"], [["anna@example.com"]] * 3).columns[0].field == "email"


def test_override() -> None:
    guess = guess_mapping(["Name", "Firma", "Mail"], [])
    chosen = guess.override({"Firma": "name", "Mail": None})
    assert [column.field for column in chosen.columns] == [None, "name", None]
    assert chosen.override(chosen.as_dict()).as_dict() == chosen.as_dict()


@pytest.mark.parametrize("chosen", [{"Nope": "name"}, {"Name": "nope"}, {"Name": "city", "Ort": "city"}])
def test_wrong_override_is_refused(chosen: dict[str, str | None]) -> None:
    with pytest.raises(Invalid):
        guess_mapping(["Name", "Ort"], []).override(chosen)
