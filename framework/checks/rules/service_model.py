"""The requests that steps make, against the SageMaker API; found broken in framework/checks/shapes.py."""

from __future__ import annotations

from framework.findings import Rule

_SOURCE = "botocore, the service model of SageMaker (sagemaker/2017-07-24/service-2)"
_NEWER = "What is newer than the installed boto3 needs a newer boto3."

RULES = (
    Rule(
        "SMP401",
        "Member that the API does not have",
        "The request that a step makes has a member that the SageMaker API does not know there; most often one that is misspelt "
        'below "arguments". The API refuses the whole request.',
        f"Correct the name, or leave the member out. {_NEWER}",
        source=_SOURCE,
    ),
    Rule(
        "SMP402",
        "Type that the API does not take",
        "A value in the request that a step makes is of another type than the SageMaker API takes there, such as a text in place "
        "of a number, or one value in place of a list. The API refuses the request.",
        "Write a value of the type that the finding names; mind what quotes make of numbers and truth values.",
        source=_SOURCE,
    ),
    Rule(
        "SMP403",
        "Member that the API requires",
        "The request that a step makes lacks a member that the SageMaker API requires, or a step has no arguments at all. The API "
        "refuses the request.",
        'Add the member, by the key that sets it or below "arguments".',
        source=_SOURCE,
    ),
    Rule(
        "SMP404",
        "Value that the API does not know",
        "A value is none of those that the SageMaker API lists for it, such as an instance type that does not exist. The API "
        "refuses the request.",
        f"Take one of the legal values. {_NEWER}",
        source=_SOURCE,
    ),
    Rule(
        "SMP405",
        "Text that does not match the API's pattern",
        "A text does not look as the SageMaker API wants it, such as a name with a letter that names cannot have, or a URI that is "
        "none. The API refuses the request.",
        "Write it so that all of it matches the pattern that the finding names.",
        source=_SOURCE,
    ),
    Rule(
        "SMP406",
        "Length, size or number beyond the API's limits",
        "A text is too long or too short, a list or mapping has too many or too few elements, or a number is too large or too "
        "small for the SageMaker API. The API refuses the request.",
        "Stay within the limits that the finding names.",
        source=_SOURCE,
    ),
)
