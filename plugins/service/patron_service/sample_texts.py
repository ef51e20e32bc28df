"""What customers of the demo ask, and what they are told."""

MATTERS = (
    (
        "Delivery arrived with two chairs missing",
        "We ordered twelve chairs and got ten. The note says twelve. Can you send the other two?",
        "I am sorry for that. The two chairs leave our warehouse tomorrow; the carrier will call you.",
    ),
    (
        "Invoice shows the old address",
        "We moved in spring, but the invoice still has our old address. Our accounts need a corrected one.",
        "Thank you for telling us. I have changed the address, and the corrected invoice is on its way.",
    ),
    (
        "Desk lamp flickers",
        "The lamp from our last order flickers after about an hour. We tried another socket.",
        "That sounds like the driver. We will replace the lamp; please keep the old one for the courier.",
    ),
    (
        "How do I change the delivery date?",
        "Our new office is only ready a week later. Can the order wait?",
        "Certainly. I have moved the delivery to the week after; you will get a new confirmation.",
    ),
    (
        "Height adjustment is stuck",
        "One of the standing desks no longer moves up. It beeps three times.",
        "Three beeps mean that it wants a reset: hold the down key for ten seconds. Does that help?",
    ),
    (
        "Return of an unopened box",
        "We have one box too many. How can we send it back?",
        "I have booked a collection for Thursday between 8 and 12. The credit note follows when it is here.",
    ),
    (
        "Question about the warranty",
        "Does the warranty cover the gas springs as well?",
        "Yes, gas springs are covered for five years from the delivery.",
    ),
    (
        "Cannot sign in to the portal",
        "The link in the invitation says that it has expired.",
        "I have sent you a new invitation; it is good for three days.",
    ),
    (
        "Wrong colour of the fabric",
        "We chose slate grey, but this is nearly black.",
        "Could you send a picture of the label under the seat? Then I can see what went wrong.",
    ),
    (
        "Assembly instructions missing",
        "There was no manual in the box of the shelf.",
        "You find it under the article in the portal; I have also put a printed one in the post.",
    ),
    (
        "Praise for your fitters",
        "Your two colleagues were quick and left everything tidy. Please pass it on!",
        "How kind of you to write. I have passed it on, and it made their day.",
    ),
    (
        "Noise from the ventilation",
        "The cabinet hums since last week, louder in the morning.",
        "We will look at it on site. Would Tuesday at ten suit you?",
    ),
)
THANKS = (
    "That helped, thank you!",
    "Perfect, thanks for the quick answer.",
    "Great, that works for us.",
)
MORE = (
    "It still happens. What else can we try?",
    "Nobody has called yet. Could you check?",
    "Is there any news?",
)
NOTES = (
    "Called the carrier: they confirm.",
    "Second time for this customer, be generous.",
    "Asked the workshop, answer by noon.",
)

RATINGS = (
    (5, "Quick, and it was right the first time."),
    (4, ""),
    (5, ""),
    (3, "Solved, but I had to ask twice."),
    (2, "It took a week."),
)
