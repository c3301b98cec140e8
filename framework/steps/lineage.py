"""Step class Lineage: actions, artifacts and contexts of the lineage graph, and how they are associated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.config.expressions import Expression
from framework.findings import nearest
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, with_overrides
from framework.steps.jobs import without_nothing

RULE = "SMP312"
KINDS = {"actions": ("Actions", "Action"), "artifacts": ("Artifacts", "Artifact"), "contexts": ("Contexts", "Context")}
"""For each key: the member that it sets, and what an association calls such an entity."""

ORIGINS: Origins = {
    **{(member,): (key,) for key, (member, _) in KINDS.items()},
    ("Associations",): ("associations",),
}


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Lineage step of `spec`; its entities are the requests of CreateAction, CreateArtifact and CreateContext."""
    values = spec.values
    if not any(values.get(key) for key in (*KINDS, "associations")):
        message = f"{spec.name} records nothing"
        around.missing(spec, (), message, "give it actions, artifacts, contexts or associations", RULE)
    made = {
        (kind, name)
        for key, (_, kind) in KINDS.items()
        for entity in values.get(key) or ()
        if isinstance(name := entity.get(f"{kind}Name"), (str, Expression))  # of others the check of the request speaks
    }
    for index, association in enumerate(values.get("associations") or ()):
        for end in ("Source", "Destination"):
            fault = _fault(association.get(end), made)
            if fault:
                message = f"the {end} of an association of {spec.name} {fault[0]}"
                around.missing(spec, ("associations", index, end), message, fault[1], RULE)
    arguments: Arguments = {member: list(values.get(key) or ()) for key, (member, _) in KINDS.items()}
    arguments["Associations"] = list(values.get("associations") or ())
    return Step(spec.name, "Lineage", with_overrides(without_nothing(arguments), spec), spec, ORIGINS)


def _fault(end: Any, made: set[tuple[str, Any]]) -> tuple[str, str] | None:
    """What is wrong with one end of an association, and what to do; None where nothing is."""
    example = "write {Name: …, Type: Action|Artifact|Context} of an entity of this step, or {Arn: …}"
    if not isinstance(end, Mapping) or ("Arn" in end) == ("Name" in end or "Type" in end):
        return "is neither an Arn nor a Name and a Type", example
    if "Arn" in end:
        return None
    kinds = [kind for _, kind in KINDS.values()]
    if "Name" not in end or end.get("Type") not in kinds:
        return "needs a Name and a Type", nearest(end.get("Type"), kinds) if end.get("Type") else example
    name = end["Name"]
    if not isinstance(name, str) or (end["Type"], name) in made:
        return None
    legal = list(_texts(other for kind, other in made if kind == end["Type"]))
    return f'names the {end["Type"]} "{name}", which the step does not make', nearest(name, legal) or "name others by their Arn"


def _texts(values: Iterator[Any]) -> Iterator[str]:
    yield from sorted(value for value in values if isinstance(value, str))
