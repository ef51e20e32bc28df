"""Words from which sample data is made. Names are common ones; addresses end in ``.example``, which nobody owns."""

from __future__ import annotations

GIVEN_NAMES = (
    "Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hugo", "Ida", "Jan", "Karim", "Lena", "Mats", "Nadia",
    "Oskar", "Paula", "Quentin", "Rosa", "Samir", "Tilda", "Ulrich", "Vera", "Wanda", "Xavier", "Yara", "Zoe", "Émile",
    "Søren", "Jürgen", "Núria", "Agnieszka", "Björn", "Chloé", "Dieter", "Eva", "Fatima", "Giulia", "Henrik",
)  # fmt: skip
FAMILY_NAMES = (
    "Bauer", "Schmidt", "Özdemir", "García", "Dubois", "Rossi", "Novak", "Jensen", "Kowalski", "Müller", "Fischer",
    "Lefèvre", "van der Berg", "O'Brien", "Andersson", "Silva", "Popescu", "Horvat", "Nielsen", "Haas", "Brandt",
    "Moreau", "Conti", "Ferreira", "Lindqvist", "Krause", "Weiss", "Petit", "Costa", "Bianchi", "Schäfer", "Walker",
)  # fmt: skip
CITIES = (
    ("10115", "Berlin", "DE"), ("20095", "Hamburg", "DE"), ("80331", "München", "DE"), ("50667", "Köln", "DE"),
    ("04109", "Leipzig", "DE"), ("1010", "Wien", "AT"), ("8001", "Zürich", "CH"), ("75001", "Paris", "FR"),
    ("69001", "Lyon", "FR"), ("28001", "Madrid", "ES"), ("1012 AB", "Amsterdam", "NL"), ("2100", "København", "DK"),
)  # fmt: skip
STREETS = (
    "Lindenallee", "Hauptstraße", "Am Markt", "Gartenweg", "Schillerstraße", "Rue de la Paix", "Calle Mayor",
    "Keizersgracht", "Bahnhofplatz", "Mozartgasse", "Birkenweg", "Uferstraße",
)  # fmt: skip
COMPANY_STEMS = (
    "Alder", "Baltic", "Cobalt", "Delta", "Ember", "Falke", "Granit", "Harbor", "Isar", "Juniper", "Kestrel", "Lumen",
    "Meridian", "Nordlicht", "Orion", "Pine", "Quartz", "Rhein", "Saturn", "Tundra", "Ursa", "Vela", "Wald", "Zenit",
)  # fmt: skip
COMPANY_TRADES = (
    "Architects", "Hotels", "Logistics", "Offices", "Clinics", "Studios", "Cafés", "Foods", "Schools", "Interiors",
    "Consulting", "Labs",
)  # fmt: skip
COMPANY_ENDINGS = ("GmbH", "AG", "Ltd", "SARL", "S.L.", "B.V.", "ApS", "KG")
JOB_TITLES = (
    "Head of purchasing", "Office manager", "Managing director", "Facility manager", "Architect", "Assistant",
    "Head of finance", "Project lead",
)  # fmt: skip
TOUCHES = (
    ("phone", "in", "enquiry", "Asks for desks", "Needs twelve height-adjustable desks by summer, wants a price."),
    ("phone", "out", "", "Follow-up call", "Went through the offer, decision next week."),
    ("phone", "in", "complaint", "Chair arrived damaged", "Armrest broken on arrival. Sent a photo. Wants a new one."),
    ("meeting", "out", "", "Visit in the showroom", "Tested three chairs, liked the mesh one best."),
    ("email", "in", "change", "New delivery address", "Please deliver to the rear entrance from now on."),
    ("email", "in", "payment", "Question on the invoice", "Asked for thirty days instead of fourteen."),
    ("phone", "in", "praise", "Happy with the fitting", "The fitters were quick and tidy."),
    ("post", "in", "order", "Signed order form", "Order form for the meeting room came by post."),
    ("chat", "in", "enquiry", "Colours of the fabric", "Is the blue still available?"),
    ("phone", "out", "", "Reminder of the appointment", "Confirmed Tuesday at ten."),
    ("meeting", "in", "suggestion", "Idea for the catalogue", "Would like to see the lamps beside the desks."),
)  # fmt: skip
BIRTH_NAMES = ("Lang", "Vogel", "Arnaud", "Molina", "Holm", "Zeman", "Keller", "Sommer")
NOTES = (
    (
        "Delivery notes.txt",
        "Deliver by the yard, second gate. Lorries up to 7.5 t. Ring the porter: he has the lift.\n",
    ),
    (
        "Measures second floor.txt",
        "Room 2.01: 6.40 x 4.20 m, 12 desks.\nRoom 2.02: 3.10 x 4.20 m, 4 desks.\n",
    ),
    ("Framework terms.txt", "Prices hold for twelve months. Payment within 30 days. Fitting is included.\n"),
)
LETTERS = (
    (
        "Sample of the fabric",
        "Hello,\n\ncould you send us a sample of the grey fabric before we decide?\n\nThank you",
        "Hello,\n\nit is in the post today and should be with you on Thursday.\n\nKind regards",
    ),
    (
        "Second delivery address",
        "Hello,\n\nthe lamps go to our other building from now on. Is that possible?\n\nBest wishes",
        "Hello,\n\nof course. We have noted the second address for the lamps.\n\nKind regards",
    ),
    (
        "Height of the desks",
        "Good morning,\n\nhow low do the adjustable desks go? One of us is rather short.\n\nThanks",
        "Good morning,\n\ndown to 62 cm. You can try one in our showroom.\n\nKind regards",
    ),
)
