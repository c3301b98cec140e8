"""What is written once and used several times: rules of `extends` and `matrix`."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP121",
        "Section or model that cannot be extended",
        '"extends" names a section or model that does not exist, leads back to where it stands, or holds something else than one '
        "name. What was to be taken over from there would be missing.",
        'Name a section of the same model, "MODEL.SECTION", or, where a model extends, another model. Break circles.',
        blocking=True,
    ),
    Rule(
        "SMP122",
        "Matrix that makes no units",
        'A "matrix" has no list of values for a key, makes more than 100 units, or makes names that are empty or taken; or '
        '"${matrix.KEY}" names a key that it does not have; or something outside names a step or a model of which it makes '
        "several. Each combination becomes a unit with a model and steps of its own, which must be told apart by their names.",
        "Give each key a list of values that differ in letters or digits; outside of the unit, name one of the steps that it "
        "makes.",
        blocking=True,
    ),
)
