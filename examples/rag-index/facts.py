"""What the generated documents say, and how people ask for it.

In: nothing. Out: constants. A topic has ways to state its fact, ways to ask for it, and the range of its number; `{x}` is what the
document is about, `{n}` the number. The questions avoid the words of the statements: that is what an embedding is for.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A heading, what can stand below it, and what can be asked about it."""

    heading: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    low: int
    high: int
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
        ("How long can I use the {x} before I have to plug it in?", "What is the battery life of the {x}?"),
        25,
        95,
        "minutes",
    ),
    Topic(
        "Cleaning",
        ("Wipe the housing with a damp cloth every {n}.", "Remove dust and lime after every {n} of use."),
        ("How often should the {x} be cleaned?", "At what interval do I have to wash my {x}?"),
        3,
        30,
        "days",
    ),
    Topic(
        "Filter",
        ("Replace the filter after {n}.", "The filter element lasts {n} and must then be exchanged."),
        ("When does the {x} need a new filter?", "How many months until I swap the filter of my {x}?"),
        2,
        18,
        "months",
    ),
    Topic(
        "Warranty",
        ("The manufacturer covers defects for {n} from the date of purchase.", "Faulty parts are repaired free of charge for {n}."),
        ("How long is the {x} under guarantee?", "My {x} broke down; until when is the repair free?"),
        12,
        60,
        "months",
    ),
    Topic(
        "Noise",
        ("At full speed the sound pressure reaches {n}.", "The unit emits {n} in normal operation."),
        ("How loud is the {x}?", "What noise level does the {x} have?"),
        28,
        74,
        "decibels",
    ),
    Topic(
        "Weight",
        ("Without accessories it weighs {n}.", "The mass of the appliance is {n}."),
        ("How heavy is the {x}?", "How many kilograms do I lift when I carry the {x}?"),
        2,
        24,
        "kilograms",
    ),
    Topic(
        "Power",
        ("The rated input is {n}.", "It draws up to {n} from the mains."),
        ("How much electricity does the {x} consume?", "What wattage does the {x} need?"),
        15,
        1900,
        "watts",
    ),
    Topic(
        "Storage",
        ("Keep it in a dry place above {n}.", "Do not leave the device in rooms colder than {n}."),
        ("What is the lowest temperature at which I may store the {x}?", "Can the {x} stay in an unheated garage in winter?"),
        1,
        14,
        "degrees",
    ),
    Topic(
        "Reset",
        ("Hold the power button for {n} to restore the factory settings.", "Pressing the main key for {n} erases all preferences."),
        ("How do I reset the {x}?", "How long must I press the button to return the {x} to its original state?"),
        4,
        20,
        "seconds",
    ),
    Topic(
        "Wireless",
        ("Its radio reaches {n} in buildings.", "The remote control works over a distance of {n}."),
        ("How far away from the router may the {x} stand?", "What is the wireless range of the {x}?"),
        5,
        60,
        "metres",
    ),
]

POLICY = [
    Topic(
        "Annual leave",
        ("Every employee is entitled to {n} of paid holiday per year.", "Staff receive {n} of annual leave."),
        ("How much vacation do people at {x} get?", "How many days off per year does {x} grant?"),
        22,
        36,
        "days",
    ),
    Topic(
        "Parental leave",
        (
            "After the birth of a child either parent may stay at home for {n}.",
            "New mothers and fathers are released from work for {n}.",
        ),
        ("How long can I be away with a baby at {x}?", "What is the parental leave of {x}?"),
        8,
        52,
        "weeks",
    ),
    Topic(
        "Notice period",
        ("Either side may end the contract with {n} of notice.", "A resignation takes effect after {n}."),
        ("How early must I tell {x} that I want to quit?", "How long is the notice period at {x}?"),
        4,
        13,
        "weeks",
    ),
    Topic(
        "Remote work",
        ("Up to {n} a month may be worked from home.", "Staff can do their job outside the office on {n} a month."),
        ("How often am I allowed to do home office at {x}?", "Does {x} let people work remotely, and how much?"),
        4,
        17,
        "days",
    ),
    Topic(
        "Travel expenses",
        ("Hotel bills are reimbursed up to {n} a night.", "For accommodation on business trips the firm pays {n} at most."),
        ("What may a hotel cost when I travel for {x}?", "How much does {x} pay for lodging on a trip?"),
        90,
        260,
        "euros",
    ),
    Topic(
        "Sick leave",
        ("A medical certificate is due after {n} of illness.", "Who is ill for more than {n} must hand in a note from a doctor."),
        ("When does {x} want a doctor's note?", "How long may I be sick at {x} without proof?"),
        2,
        7,
        "days",
    ),
    Topic(
        "Training",
        ("Each person has a yearly budget of {n} for courses.", "Further education is supported with {n} per head."),
        ("How much money is there for seminars at {x}?", "What does {x} spend on my professional development?"),
        400,
        3200,
        "euros",
    ),
    Topic(
        "Pension",
        ("The employer adds {n} of the salary to the retirement plan.", "Old-age provision is topped up by {n} of gross pay."),
        ("How much does {x} contribute to my pension?", "What share does {x} put into retirement savings?"),
        3,
        11,
        "percent",
    ),
    Topic(
        "Overtime",
        ("Extra hours are paid with a supplement of {n}.", "Work beyond the agreed time is rewarded with {n} on top."),
        ("What is the bonus for overtime at {x}?", "If I stay late at {x}, how much more do I earn?"),
        15,
        60,
        "percent",
    ),
    Topic(
        "Probation",
        ("The first {n} of the employment are a trial.", "New hires are on probation for {n}."),
        ("How long is the trial period at {x}?", "After what time is a new job at {x} permanent?"),
        2,
        7,
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
        ("Which fuse helped when the {x} would not turn on?", "My {x} is dead; what did support put in?"),
        2,
        16,
        "amperes",
    ),
    Topic(
        "Error on the display",
        ("The screen showed code E{n} ; updating the firmware removed it.", "Message E{n} came up until the software was renewed."),
        ("Which error code of the {x} went away with new firmware?", "What fault number did the {x} show before the update?"),
        11,
        99,
        "",
    ),
    Topic(
        "Refund",
        ("It was sent back and {n} were returned to the card.", "The buyer withdrew from the purchase and got {n}."),
        ("How much money was paid back for a returned {x}?", "What did the customer who sent the {x} back receive?"),
        40,
        700,
        "euros",
    ),
    Topic(
        "Late delivery",
        ("The parcel arrived {n} after the promised date.", "Shipping took {n} longer than announced."),
        ("By how many days was the order of the {x} delayed?", "How late did the {x} reach the client?"),
        2,
        21,
        "days",
    ),
    Topic(
        "Strange smell",
        ("A burnt odour vanished once the motor had cooled for {n}.", "It reeked of plastic for {n} , which is harmless."),
        ("How long did the {x} stink?", "After what time was the bad smell of the {x} gone?"),
        10,
        90,
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
