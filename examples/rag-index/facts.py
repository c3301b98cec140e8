"""What the generated documents say, and how people ask for it.

In: nothing. Out: constants. A topic has ways to state its fact, ways to ask for it, and the range of its number; `{x}` is what the
document is about, `{n}` the number. A plain question takes up words
of the statement in the same place, a free one hardly any.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A heading, what can stand below it, and what can be asked about it."""

    heading: str
    statements: tuple[str, ...]
    plain: tuple[str, ...]
    free: tuple[str, ...]
    range: tuple[int, int]
    unit: str


PRODUCTS = [
    "AquaJet 300",
    "BreezeMax",
    "CleanBot S2",
    "DriftLamp",
    "ErgoChair Pro",
    "FrostBox 40",
    "GlowHeat",
    "HomeHub X",
    "InkWell 7",
]
COMPANIES = ["Northwind Ltd", "Southgate GmbH", "Eastbrook SA", "Westfield Inc", "Midland AB", "Lakeside BV", "Harbour SpA"]

MANUAL = [
    Topic(
        "Battery",
        ("A full charge keeps it running for {n}.", "The accumulator holds enough energy for {n} of operation."),
        ("How long does a full charge of the {x} last?", "For how much operation is the battery of the {x} good?"),
        ("How long can I use the {x} before I have to plug it in?", "What is the battery life of the {x}?"),
        (25, 95),
        "minutes",
    ),
    Topic(
        "Cleaning",
        ("Wipe the housing with a damp cloth every {n}.", "Remove dust and lime after every {n} of use."),
        ("How often do I wipe the housing of the {x}?", "When should I remove dust from the {x}?"),
        ("How often should the {x} be cleaned?", "At what interval do I have to wash my {x}?"),
        (3, 30),
        "days",
    ),
    Topic(
        "Filter",
        ("Replace the filter after {n}.", "The filter element lasts {n} and must then be exchanged."),
        ("When do I have to replace the filter of the {x}?", "How long does the filter element of the {x} last?"),
        ("When does the {x} need a new filter?", "How many months until I swap the filter of my {x}?"),
        (2, 18),
        "months",
    ),
    Topic(
        "Warranty",
        ("The manufacturer covers defects for {n} from the date of purchase.", "Faulty parts are repaired free of charge for {n}."),
        ("How long is the warranty of the {x}?", "For how long are faulty parts of the {x} repaired free of charge?"),
        ("How long is the {x} under guarantee?", "My {x} broke down; until when is the repair free?"),
        (12, 60),
        "months",
    ),
    Topic(
        "Noise",
        ("At full speed the sound pressure reaches {n}.", "The unit emits {n} in normal operation."),
        ("What sound pressure does the {x} reach at full speed?", "How much noise does the {x} emit?"),
        ("How loud is the {x}?", "What noise level does the {x} have?"),
        (28, 74),
        "decibels",
    ),
    Topic(
        "Weight",
        ("Without accessories it weighs {n}.", "The mass of the appliance is {n}."),
        ("What is the weight of the {x} without accessories?", "How much does the {x} weigh?"),
        ("How heavy is the {x}?", "How many kilograms do I lift when I carry the {x}?"),
        (2, 24),
        "kilograms",
    ),
    Topic(
        "Power",
        ("The rated input is {n}.", "It draws up to {n} from the mains."),
        ("What is the rated input of the {x}?", "How much power does the {x} draw from the mains?"),
        ("How much electricity does the {x} consume?", "What wattage does the {x} need?"),
        (15, 1900),
        "watts",
    ),
    Topic(
        "Storage",
        ("Keep it in a dry place above {n}.", "Do not leave the device in rooms colder than {n}."),
        ("How cold may the room for the storage of the {x} be?", "Above which temperature do I keep the {x}?"),
        ("What is the lowest temperature at which I may store the {x}?", "Can the {x} stay in an unheated garage in winter?"),
        (1, 14),
        "degrees",
    ),
    Topic(
        "Reset",
        ("Hold the power button for {n} to restore the factory settings.", "Pressing the main key for {n} erases all preferences."),
        ("How long do I hold the power button of the {x} to reset it?", "What restores the factory settings of the {x}?"),
        ("How do I reset the {x}?", "How long must I press the button to return the {x} to its original state?"),
        (4, 20),
        "seconds",
    ),
    Topic(
        "Wireless",
        ("Its radio reaches {n} in buildings.", "The remote control works over a distance of {n}."),
        ("Over what distance does the remote control of the {x} work?", "How far does the radio of the {x} reach?"),
        ("How far away from the router may the {x} stand?", "What is the wireless range of the {x}?"),
        (5, 60),
        "metres",
    ),
]

POLICY = [
    Topic(
        "Annual leave",
        ("Every employee is entitled to {n} of paid holiday per year.", "Staff receive {n} of annual leave."),
        ("How many days of annual leave do staff of {x} receive?", "To how much paid holiday is an employee of {x} entitled?"),
        ("How much vacation do people at {x} get?", "How many days off per year does {x} grant?"),
        (22, 36),
        "days",
    ),
    Topic(
        "Parental leave",
        (
            "After the birth of a child either parent may stay at home for {n}.",
            "New mothers and fathers are released from work for {n}.",
        ),
        (
            "How long is parental leave after the birth of a child at {x}?",
            "For how many weeks are new parents at {x} released from work?",
        ),
        ("How long can I be away with a baby at {x}?", "What is the parental leave of {x}?"),
        (8, 52),
        "weeks",
    ),
    Topic(
        "Notice period",
        ("Either side may end the contract with {n} of notice.", "A resignation takes effect after {n}."),
        ("What notice does it take to end the contract with {x}?", "When does a resignation at {x} take effect?"),
        ("How early must I tell {x} that I want to quit?", "How long is the notice period at {x}?"),
        (4, 13),
        "weeks",
    ),
    Topic(
        "Remote work",
        ("Up to {n} a month may be worked from home.", "Staff can do their job outside the office on {n} a month."),
        ("On how many days a month may staff of {x} work from home?", "How much remote work outside the office is there at {x}?"),
        ("How often am I allowed to do home office at {x}?", "Does {x} let people work remotely, and how much?"),
        (4, 17),
        "days",
    ),
    Topic(
        "Travel expenses",
        ("Hotel bills are reimbursed up to {n} a night.", "For accommodation on business trips the firm pays {n} at most."),
        ("Up to what amount a night does {x} reimburse hotel bills?", "What does {x} pay for accommodation on business trips?"),
        ("What may a hotel cost when I travel for {x}?", "How much does {x} pay for lodging on a trip?"),
        (90, 260),
        "euros",
    ),
    Topic(
        "Sick leave",
        ("A medical certificate is due after {n} of illness.", "Who is ill for more than {n} must hand in a note from a doctor."),
        (
            "After how many days of illness is a medical certificate due at {x}?",
            "When must an ill person at {x} hand in a note from a doctor?",
        ),
        ("When does {x} want a doctor's note?", "How long may I be sick at {x} without proof?"),
        (2, 7),
        "days",
    ),
    Topic(
        "Training",
        ("Each person has a yearly budget of {n} for courses.", "Further education is supported with {n} per head."),
        ("What is the yearly budget for courses at {x}?", "With how much does {x} support further education?"),
        ("How much money is there for seminars at {x}?", "What does {x} spend on my professional development?"),
        (400, 3200),
        "euros",
    ),
    Topic(
        "Pension",
        ("The employer adds {n} of the salary to the retirement plan.", "Old-age provision is topped up by {n} of gross pay."),
        ("How much does {x} add to the retirement plan?", "By what share is old-age provision topped up at {x}?"),
        ("How much does {x} contribute to my pension?", "What share does {x} put into retirement savings?"),
        (3, 11),
        "percent",
    ),
    Topic(
        "Overtime",
        ("Extra hours are paid with a supplement of {n}.", "Work beyond the agreed time is rewarded with {n} on top."),
        ("With what supplement are extra hours paid at {x}?", "How is work beyond the agreed time rewarded at {x}?"),
        ("What is the bonus for overtime at {x}?", "If I stay late at {x}, how much more do I earn?"),
        (15, 60),
        "percent",
    ),
    Topic(
        "Probation",
        ("The first {n} of the employment are a trial.", "New hires are on probation for {n}."),
        ("How long are new hires at {x} on probation?", "For how many months is the employment at {x} a trial?"),
        ("How long is the trial period at {x}?", "After what time is a new job at {x} permanent?"),
        (2, 7),
        "months",
    ),
]

TICKET = [
    Topic(
        "Does not start",
        (
            "After a cold night it stayed dark; the fuse of {n} was replaced.",
            "The customer saw no light; a new {n} fuse solved it.",
        ),
        ("Which fuse was replaced in the {x} that does not start?", "What new fuse solved it when the {x} showed no light?"),
        ("Which fuse helped when the {x} would not turn on?", "My {x} is dead; what did support put in?"),
        (2, 16),
        "amperes",
    ),
    Topic(
        "Error on the display",
        ("The screen showed code E{n} ; updating the firmware removed it.", "Message E{n} came up until the software was renewed."),
        (
            "Which error code did the display of the {x} show until the firmware was updated?",
            "What error message came up on the screen of the {x}?",
        ),
        ("Which error code of the {x} went away with new firmware?", "What fault number did the {x} show before the update?"),
        (11, 99),
        "",
    ),
    Topic(
        "Refund",
        ("It was sent back and {n} were returned to the card.", "The buyer withdrew from the purchase and got {n}."),
        ("What refund did the buyer of the {x} get?", "How many euros were returned for the {x} that was sent back?"),
        ("How much money was paid back for a returned {x}?", "What did the customer who sent the {x} back receive?"),
        (40, 700),
        "euros",
    ),
    Topic(
        "Late delivery",
        ("The parcel arrived {n} after the promised date.", "Shipping took {n} longer than announced."),
        (
            "How long after the promised date did the parcel with the {x} arrive?",
            "How much longer did shipping of the {x} take than announced?",
        ),
        ("By how many days was the order of the {x} delayed?", "How late did the {x} reach the client?"),
        (2, 21),
        "days",
    ),
    Topic(
        "Strange smell",
        ("A burnt odour vanished once the motor had cooled for {n}.", "It reeked of plastic for {n} , which is harmless."),
        ("When did the burnt odour of the {x} vanish?", "How long did the {x} have a strange smell of plastic?"),
        ("How long did the {x} stink?", "After what time was the bad smell of the {x} gone?"),
        (10, 90),
        "minutes",
    ),
]

FILLERS = [
    "Please read this page with care.",
    "Ask your contact person if anything is unclear.",
    "Changes are announced in good time.",
    "The picture on the right shows an example.",
    "Older versions of this text are no longer valid.",
    "Local rules may add to what is said here.",
    "Keep this document for later reference.",
    "The usual exceptions apply.",
]
