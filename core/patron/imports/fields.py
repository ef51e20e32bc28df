"""The fields of a customer that a column may hold, and what such columns are called in four languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MULTIPLE = frozenset({"email", "phone", "mobile", "fax", "website", "tags", "notes"})
"""Fields that several columns may hold at once."""


@dataclass(frozen=True, slots=True)
class ImportField:
    """``names`` are folded, without punctuation; a header that is one, or ends or begins with one, is
    recognised.
    """

    name: str
    names: tuple[str, ...]
    multiple: bool = False


_NAMES: Mapping[str, str] = {
    "external_id": (
        "id|external id|externe id|kundennummer|kundennr|kunden nr|kdnr|kd nr|debitor|"
        "debitorennummer|customer id|customer number|customer no|client id|contact id|account id|"
        "record id|nr|no|numero client|numero de client|code client|id client|identifiant|"
        "id cliente|numero de cliente|codigo de cliente|codigo|ref|reference|referenz|referencia|"
        "uid|key"
    ),
    "kind": (
        "kind|type|typ|art|kundenart|kundentyp|customer type|record type|type de client|tipo|"
        "tipo de cliente|contact type|kontaktart"
    ),
    "name": (
        "name|full name|fullname|display name|contact name|contact|customer name|customer|client|"
        "client name|vollstandiger name|name vollstandig|anzeigename|kunde|kundenname|"
        "ansprechpartner|kontakt|nom complet|nom et prenom|nom affiche|nombre completo|"
        "nombre y apellidos|nombre y apellido|cliente|contacto|person|fn"
    ),
    "given_name": (
        "first name|firstname|given name|givenname|forename|christian name|vorname|rufname|prenom|"
        "nombre|nombre de pila|primer nombre|nombres|given"
    ),
    "family_name": (
        "last name|lastname|surname|family name|familyname|nachname|familienname|zuname|nom|"
        "nom de famille|apellido|apellidos|primer apellido|family"
    ),
    "prefix": (
        "salutation|title prefix|prefix|honorific|anrede|titel|civilite|titre de civilite|"
        "tratamiento|gender|sex|geschlecht|genre|sexe|genero|sexo"
    ),
    "organisation": (
        "organisation|organization|company|company name|companyname|employer|account name|account|"
        "firm|business|firma|firmenname|unternehmen|arbeitgeber|gesellschaft|societe|entreprise|"
        "raison sociale|nom de l entreprise|employeur|empresa|compania|razon social|"
        "nombre de la empresa|sociedad|org"
    ),
    "job_title": (
        "job title|jobtitle|title|position|role|function|job|occupation|funktion|beruf|"
        "berufsbezeichnung|stelle|fonction|poste|intitule du poste|titre|profession|cargo|puesto|"
        "puesto de trabajo|profesion|funcion"
    ),
    "email": (
        "email|e mail|mail|email address|e mail address|emailadresse|e mail adresse|mailadresse|"
        "mail adresse|courriel|adresse e mail|adresse email|adresse mail|adresse electronique|mel|"
        "correo|correo electronico|direccion de correo|direccion de correo electronico|"
        "direccion de email|email work|email home|email privat|email geschaftlich"
    ),
    "mobile": (
        "mobile|mobile phone|mobile number|cell|cell phone|cellphone|handy|handynummer|mobil|"
        "mobilnummer|mobiltelefon|telefon mobil|portable|telephone portable|tel portable|"
        "telephone mobile|tel mobile|movil|telefono movil|celular|telefono celular|gsm|natel"
    ),
    "fax": "fax|fax number|faxnummer|telefax|fax nr|telecopie|numero de fax|facsimile",
    "phone": (
        "phone|telephone|tel|phone number|telephone number|business phone|home phone|work phone|"
        "office phone|telefon|telefonnummer|telefon nr|rufnummer|telefon geschaftlich|"
        "telefon privat|festnetz|numero de telephone|telephone fixe|tel fixe|"
        "telephone professionnel|telefono|numero de telefono|telefono fijo|tlf|"
        "telefono de trabajo|telefonnr|phone work|phone home"
    ),
    "street": (
        "street|street address|address|address line 1|address 1|addressline1|address1|street 1|"
        "strasse|str|strasse und hausnummer|strasse hausnummer|anschrift|adresse|adresszeile 1|"
        "rue|voie|adresse 1|adresse postale|adresse ligne 1|calle|direccion|domicilio|direccion 1|"
        "direccion postal|business street"
    ),
    "street2": (
        "street 2|street2|address line 2|address 2|addressline2|address2|adresszusatz|zusatz|"
        "adresszeile 2|complement|complement d adresse|adresse 2|adresse ligne 2|direccion 2|"
        "suite|apartment|complemento|c o"
    ),
    "postcode": (
        "postcode|post code|postal code|postalcode|zip|zip code|zipcode|plz|postleitzahl|"
        "code postal|cp|codigo postal|c p|cod postal|zip postal code"
    ),
    "city": (
        "city|town|place|locality|ort|stadt|wohnort|ortschaft|ville|commune|localite|ciudad|"
        "poblacion|localidad|municipio"
    ),
    "region": (
        "region|state|province|county|state province|bundesland|land kreis|kanton|departement|"
        "etat|provincia|estado|comunidad autonoma|comunidad|canton"
    ),
    "country": (
        "country|country code|nation|land|staat|landercode|landeskennzeichen|pays|code pays|pais|"
        "codigo de pais|country region|lkz"
    ),
    "website": (
        "website|web site|web|url|homepage|home page|web page|internet|webseite|internetseite|"
        "webadresse|site|site web|site internet|adresse web|sitio web|pagina web|pagina|domain|"
        "company website"
    ),
    "birthday": (
        "birthday|date d anniversaire|"
        "birth date|birthdate|date of birth|dob|born|geburtstag|geburtsdatum|geboren|"
        "geboren am|geb datum|anniversaire|date de naissance|ne le|naissance|fecha de nacimiento|"
        "nacimiento|cumpleanos"
    ),
    "language": (
        "language|preferred language|lang|locale|sprache|korrespondenzsprache|muttersprache|"
        "langue|langue preferee|idioma|lengua"
    ),
    "notes": (
        "notes|note|comment|comments|remark|remarks|description|notiz|notizen|bemerkung|"
        "bemerkungen|kommentar|beschreibung|anmerkung|remarque|remarques|commentaire|commentaires|"
        "nota|notas|comentario|comentarios|observaciones|descripcion"
    ),
    "tags": (
        "tags|tag|labels|label|categories|category|groups|group|keywords|kategorie|kategorien|"
        "schlagworte|stichworte|gruppe|gruppen|etiquettes|etiquette|categorie|mots cles|groupe|"
        "etiquetas|etiqueta|categoria|categorias|grupo|group membership"
    ),
    "owner": (
        "owner|account owner|contact owner|sales rep|sales representative|assigned to|"
        "account manager|betreuer|kundenbetreuer|zustandig|verantwortlich|bearbeiter|proprietaire|"
        "responsable|commercial|charge de clientele|propietario|asignado a|vendedor|gestor|"
        "comercial|inhaber"
    ),
    "created_at": (
        "created|created at|created on|creation date|create date|date created|date added|erstellt|"
        "erstellt am|angelegt|angelegt am|anlagedatum|erfasst am|cree le|date de creation|"
        "date d ajout|creado|creado el|fecha de creacion|fecha de alta|alta"
    ),
}

CUSTOMER_FIELDS: tuple[ImportField, ...] = tuple(
    ImportField(name, tuple(names.split("|")), name in MULTIPLE) for name, names in _NAMES.items()
)
"""What columns of a file of customers may be."""
