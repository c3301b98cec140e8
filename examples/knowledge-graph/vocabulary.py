"""The words the generated sentences and questions are made of: names of four kinds, and phrasings of what can be said of them.

In: nothing. Out: constants. In a phrasing `{O1}` is an organisation, `{P1}` a person, `{L1}` a place, `{R1}` a product; the
triples that it states stand beside it. Phrasings nearer the top of a list are used more often.
"""

from __future__ import annotations


def listed(names: str) -> list[str]:
    return names.split()


KINDS = {"O": "ORGANISATION", "P": "PERSON", "L": "PLACE", "R": "PRODUCT"}

FIRST_NAMES = listed(
    "Ada Amir Anouk Bela Bruno Carla Chen Dana Edith Elif Farid Greta Hana Hugo Ines Ivan Jana Jonas Karim Lena Luca "
    "Maia Marek Nadia Nils Olga Omar Petra Quentin Rosa Ruben Sara Selim Tessa Tomas Uma Vera Viktor Wanda Yuki Zoe "
    "Austin Paris Victoria Sydney Florence Jordan "
)
LAST_ROOTS = listed("Al Bar Bren Cas Dal Dor Fal Gar Hal Hol Kel Lin Mar Mor Nor Ost Pet Ral Ros San Sil Stan Tor Val Ver Wes Win")
LAST_ENDS = listed("berg by dale den ev feld ford holm i ian lund man mann more o ova ski son stein sson ton well worth")

PLACE_ROOTS = listed(
    "Ash Bel Bren Cal Dun East Fair Glen Hart Kings Lang Mar Mill New Nor Oak Port Ros San Stan Thorn Ul Vil West Win"
)
PLACE_ENDS = listed("ham burg bury dale den fell ford gate haven holm ia lund mouth pool port stad ton vale ville wick worth")
PLACES_OF_TWO_WORDS = listed("Upper Lower New Port Saint Fort Lake Mount")

COMPANY_ROOTS = listed(
    "Acu Aero Alta Brio Cal Cora Delta Echo Ferro Gala Helio Ionis Kilo Lumen Meri Nova Octo Para Quanta Rado Sol "
    "Tera Vento Xeno Zeta "
)
COMPANY_ENDS = listed("bit cast core dyne flow form graph labs link logic med net on onix path sense soft tech via wave works x")
COMPANY_WORDS = listed("Systems Group Labs Holdings Energy Foods Analytics Robotics Partners Industries Bank Mobility")

PRODUCT_ROOTS = listed(
    "Arc Bolt Clear Dash Edge Flux Glide Hyper Jet Kite Loom Mesh Nimbus Orbit Pulse Quill Ray Spark Tide Volt Wisp Zen"
)
PRODUCT_ENDS = listed("Board Cam Desk Drive Hub Kit Pad Phone Scan Sync View Watch One Pro Mini X")

RELATIONS: dict[str, list[str]] = {
    "founded_by": [
        "{O1} was founded by {P1}",
        "{P1} founded {O1}",
        "{P1} , founder of {O1} , spoke about the plans",
        "{P1} started {O1} in a garage",
        "{O1} goes back to {P1} , who set it up",
        "the idea for {O1} came from {P1}",
        "{P1} co-founded {O1} with two friends",
        "{O1} owes its existence to {P1}",
    ],
    "headquartered_in": [
        "{O1} is headquartered in {L1}",
        "{O1} , based in {L1} , reported a profit",
        "the {L1} based company {O1} is hiring",
        "{O1} moved its head office to {L1}",
        "{L1} is home to {O1}",
        "from its offices in {L1} , {O1} serves clients abroad",
        "{O1} runs the business out of {L1}",
        "the headquarters of {O1} stand in {L1}",
    ],
    "acquired": [
        "{O1} acquired {O2}",
        "{O2} was acquired by {O1}",
        "{O1} bought {O2} for an undisclosed sum",
        "{O1} has completed the takeover of {O2}",
        "{O2} is now part of {O1}",
        "after the deal , {O2} belongs to {O1}",
        "{O1} swallowed its rival {O2}",
        "shareholders of {O2} accepted the offer of {O1}",
    ],
    "works_for": [
        "{P1} works for {O1}",
        "{P1} joined {O1} as an engineer",
        "{O1} hired {P1}",
        "{P1} , a manager at {O1} , declined to comment",
        "{P1} is the new chief executive of {O1}",
        "{O1} appointed {P1} to the board",
        "{P1} has been with {O1} since spring",
        "at {O1} , {P1} looks after sales",
    ],
    "produces": [
        "{O1} produces the {R1}",
        "{O1} launched the {R1}",
        "the {R1} is made by {O1}",
        "{R1} , built by {O1} , sells well",
        "{O1} sells {R1} to hospitals",
        "the latest product of {O1} is {R1}",
        "with {R1} , {O1} enters a new market",
        "{O1} unveiled {R1} at the fair",
    ],
    "born_in": [
        "{P1} was born in {L1}",
        "{P1} comes from {L1}",
        "{P1} , a native of {L1} , moved away early",
        "born in {L1} , {P1} studied physics",
        "{L1} is the birthplace of {P1}",
        "{P1} grew up in {L1} , where she was born",
        "{P1} left {L1} , the town of her birth",
        "the people of {L1} are proud of their daughter {P1}",
    ],
}
# Which side of a phrasing's first and second name is the subject: the kinds tell, save for two organisations.
SUBJECTS = {"founded_by": "O1", "headquartered_in": "O1", "acquired": "O1", "works_for": "P1", "produces": "O1", "born_in": "P1"}
OBJECTS = {"founded_by": "P1", "headquartered_in": "L1", "acquired": "O2", "works_for": "O1", "produces": "R1", "born_in": "L1"}

# Names that stand together and state nothing.
NOTHING = [
    "{P1} visited {L1} last week",
    "{O1} and {O2} settled their dispute",
    "{O1} denied that it had acquired {O2}",
    "{P1} criticised {O1} in a speech",
    "{O1} opened a small shop in {L1}",
    "{P1} turned down a job at {O1}",
    "critics compared the {R1} with anything {O1} had shown",
    "{P1} bought the {R1} in {L1}",
    "{O1} was not founded by {P1}",
    "{O1} sponsors the marathon of {L1}",
]
# A phrasing that states two things at once.
DOUBLES = [
    ("{O1} , founded by {P1} , is headquartered in {L1}", ["founded_by", "headquartered_in"]),
    ("{O1} acquired {O2} , which is based in {L1}", ["acquired", ("O2", "headquartered_in", "L1")]),
    ("{P1} was born in {L1} and works for {O1}", ["born_in", "works_for"]),
    ("{O1} hired {P1} to sell the {R1}", ["works_for", "produces"]),
    ("{P1} of {L2} founded {O1} in {L1}", ["founded_by", "headquartered_in"]),
]
OPENINGS = [
    "",
    "",
    "",
    "",
    "yesterday",
    "according to the report ,",
    "in 2019 ,",
    "last year",
    "as expected ,",
    "{P9} said that",
    "in {L9} ,",
]
CLOSINGS = [
    "",
    "",
    "",
    "",
    "in March",
    "this week",
    "according to {O9}",
    "said {P9}",
    "despite the weak market",
    "to the surprise of {L9}",
    "again",
]

# A question: what is asked (the intent), and how; the names in it are its slots.
INTENTS: dict[str, list[str]] = {
    "founder_of": [
        "who founded {O1}",
        "who is the founder of {O1}",
        "who started {O1}",
        "which person set up {O1}",
        "who was behind {O1} in the beginning",
        "tell me who created {O1}",
    ],
    "headquarters_of": [
        "where is {O1} headquartered",
        "where is {O1} based",
        "in which town does {O1} sit",
        "what is the head office of {O1}",
        "where does {O1} have its offices",
        "which town is {O1} in",
    ],
    "companies_in": [
        "which companies are based in {L1}",
        "who has headquarters in {L1}",
        "what companies are there in {L1}",
        "list the firms of {L1}",
        "which town firms sit in {L1}",
    ],
    "owner_of": [
        "who acquired {O1}",
        "who owns {O1}",
        "which company bought {O1}",
        "to whom does {O1} belong",
        "who took over {O1}",
        "who is behind {O1} now",
    ],
    "acquisitions_of": [
        "what did {O1} acquire",
        "which companies did {O1} buy",
        "whom has {O1} taken over",
        "list what {O1} owns",
        "what belongs to {O1}",
    ],
    "employer_of": [
        "who does {P1} work for",
        "where does {P1} work",
        "which company employs {P1}",
        "what is the job of {P1}",
        "which company is {P1} with",
    ],
    "staff_of": [
        "who works for {O1}",
        "whom did {O1} hire",
        "list the people of {O1}",
        "who is with {O1}",
        "which people work at {O1}",
    ],
    "maker_of": [
        "who makes the {R1}",
        "which company produces {R1}",
        "who is behind the {R1}",
        "who builds {R1}",
        "where does the {R1} come from",
    ],
    "products_of": [
        "what does {O1} make",
        "which products does {O1} sell",
        "list the products of {O1}",
        "what did {O1} launch",
        "what can one buy from {O1}",
    ],
    "birthplace_of": [
        "where was {P1} born",
        "where does {P1} come from",
        "in which town was {P1} born",
        "what is the home town of {P1}",
        "which town is {P1} from",
    ],
}
POLITE_OPENINGS = ["", "", "", "please tell me", "do you know", "hi ,", "i want to know", "quick question :"]
POLITE_CLOSINGS = ["?", "?", "?", "", "please ?", "today ?", "thanks"]
