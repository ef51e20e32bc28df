"""What the sample articles say: title, category, audience, summary, text. The last one stays a draft."""

from __future__ import annotations

CATEGORIES = (
    ("Delivery and assembly", "When it comes, how it is put together, what is in the box."),
    ("Care and repair", "Cleaning, spare parts, warranty."),
    ("Orders and invoices", "Paying, changing, sending back."),
    ("For partners", "Prices, registrations, material."),
    ("Selling", "Playbooks for our own people."),
)

ARTICLES = (
    (
        "When will my furniture be delivered?",
        "Delivery and assembly",
        "public",
        "Usual delivery times by kind of product, and how to see yours.",
        "Stock items leave our warehouse within **three working days**. Made-to-order pieces "
        "take longer:\n\n| What | Working days |\n| --- | --- |\n| Chairs from stock | 3 |\n| "
        "Desks, any size | 15 |\n| Acoustic panels | 20 |\n\n## See your own date\n\nThe date "
        "stands in your order confirmation. The carrier calls the day before.\n\n## Nobody "
        "there?\n\nThe carrier tries again on the next working day. After the second try, tell "
        "us and we arrange a new date.",
    ),
    (
        "Put a chair together in ten minutes",
        "Delivery and assembly",
        "public",
        "Base, gas spring, seat: the order that works, without tools.",
        "You need no tools but a flat floor.\n\n1. Press the five castors into the base until "
        "they click.\n2. Put the gas spring into the base, narrow end down.\n3. Set the seat on "
        "the spring and sit down once, firmly.\n4. Hang in the back and turn the two hand "
        "screws.\n\n> The seat sinks slowly? Then the spring is not in fully. Lift the seat, "
        "turn it by a quarter, and sit down again.",
    ),
    (
        "A part is missing or damaged",
        "Care and repair",
        "public",
        "What to send us so that the spare part leaves the same day.",
        "We send spare parts free of charge within the warranty.\n\nPlease tell us:\n\n- the "
        "order number, from the label under the seat or inside the door,\n- what is missing or "
        "broken, best with a photo,\n- where the part should go.\n\nParts that reach us before "
        "noon leave **the same day**. Keep damaged parts until the new one has come: the carrier "
        "may want to see them.",
    ),
    (
        "Clean fabric, wood and mesh",
        "Care and repair",
        "public",
        "What each surface takes, and what ruins it.",
        "- **Fabric**: vacuum weekly, stains with lukewarm water and a little soap.\n- **Oiled "
        "wood**: a damp cloth, then dry; oil once a year.\n- **Mesh**: a soft brush. No "
        "steam.\n\nNever use solvents or microfibre sponges: they take the finish off.",
    ),
    (
        "Warranty: what is covered, and for how long",
        "Care and repair",
        "public",
        "Five years on frames and springs, two on fabric; how to claim it.",
        "Frames, gas springs and motors carry **five years**, fabric and castors two. Wear from "
        "normal use is not covered, breakage is.\n\nA claim needs the order number and a photo. "
        "We repair, replace or refund, in this order.",
    ),
    (
        "Return an order",
        "Orders and invoices",
        "public",
        "Thirty days, in the original box, and who pays for the way back.",
        "Stock items may be returned within **30 days**. Made-to-order pieces may not.\n\n1. "
        "Tell us the order number and what you return.\n2. We send a label.\n3. Put it into the "
        "original box.\n\nThe refund follows within five working days of the goods' arrival. The "
        "way back is free where we made the mistake.",
    ),
    (
        "Pay by invoice and change the address on it",
        "Orders and invoices",
        "customer",
        "Terms of payment for account customers, and how to have an invoice written again.",
        "Account customers pay within 30 days of the invoice date, without discount. To change "
        "the address, write to us **before** paying: a paid invoice can only be cancelled and "
        "written anew.\n\nPlease quote the invoice number with your transfer.",
    ),
    (
        "Register a deal and keep your price",
        "For partners",
        "partner",
        "Who may register, for how long it protects, and what we need to know.",
        "Register as soon as the customer has named a project, with place, pieces and month.\n\n"
        "- Protection lasts **90 days** and can be renewed once.\n- The project price holds as "
        "long as the protection does.\n- We answer within two working days.",
    ),
    (
        "Playbook: when the customer says we are too expensive",
        "Selling",
        "staff",
        "Compare the cost of ten years, not the price of a day.",
        "1. Ask **too expensive against what**. Often it is another class of product.\n2. Put "
        "the five-year warranty and the spare parts next to the offer.\n3. Work out the cost per "
        "seat and year together.\n4. Only then talk about quantity. A discount of more than 12 % "
        "goes to the sales manager first.\n\n*Never* argue against a rival by name.",
    ),
    (
        "Playbook: plan a room in one visit",
        "Selling",
        "staff",
        "What to measure and ask on site so that the quote needs no second visit.",
        "Measure the room, the doors and the lift. Ask how many sit there at once, who takes "
        "calls, and where the sockets are. Take four photos from the corners. Offer acoustic "
        "panels from eight seats on.",
    ),
    (
        "Moving house with us",
        "Delivery and assembly",
        "public",
        "Taking down, moving and putting up again, at a fixed price.",
        "Draft: prices for 2027 to be confirmed.",
    ),
)

COMMENTS = {
    True: ("Clear and short, thank you.", "Worked at the second try.", "The table is just what I needed."),
    False: (
        "Does this hold for the island shipping too?",
        "The picture is missing.",
        "My model looks different.",
    ),
}

GAPS = (
    ("export to switzerland", 9), ("colour samples", 7), ("desk motor error e7", 6), ("island shipping", 4),
    ("stackable", 3), ("reach certificate", 2),
)  # fmt: skip
