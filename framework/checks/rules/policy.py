"""SMP611 to SMP619: what the policy file denies, or warns of. Each violation names the line of the policy, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from framework.checks.choices import ANYTHING, choices
from framework.checks.protected import ISOLATION, VPC, encrypted, owners
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.config.model import Clause
from framework.findings import ERROR, WARNING, Rule
from framework.pipeline.step_graph import INNER_STEPS

_CURE = "Change what the step asks for, or let who keeps the policy change it."


def _rule(number: int, title: str, why: str) -> Rule:
    return Rule(f"SMP{number}", title, f"{why} Where the policy warns only, this is a warning.", _CURE)


RULES = (
    _rule(611, "Tag missing that the policy requires", 'The pipeline, or a job or model of it, lacks a tag of "required_tags".'),
    _rule(612, "KMS key against the policy", 'An output or a volume is encrypted with no KMS key, or with none of "kms_keys".'),
    _rule(613, "Subnet against the policy", 'Containers run in no VPC, or in a subnet that "subnets" does not name.'),
    _rule(614, "Network isolation missing", 'Containers may reach a network, and the policy asks for "network_isolation".'),
    _rule(
        615, "Instance type against the policy", 'A job or variant runs on an instance type that "instance_types" does not name.'
    ),
    _rule(616, "More instances than the policy allows", 'A job or variant has more instances than "max_instance_count".'),
    _rule(617, "Region against the policy", 'The pipeline lies in a region that "regions" does not name.'),
    _rule(618, "Image against the policy", 'An image comes from a registry that "registries" does not name.'),
    _rule(619, "Role against the policy", 'The pipeline or a job runs as a role that "roles" does not name.'),
)

TAGS, KEYS, SUBNETS, ISOLATED, TYPES, COUNTS, REGIONS, REGISTRIES, ROLES = (rule.id for rule in RULES)
_TAGGED = frozenset({
    "AutoML", "Endpoint", "EndpointConfig", "InferenceComponent", "Model", "Processing", "QualityCheck", "ClarifyCheck", "Training",
    "Transform", "Tuning",
})  # fmt: skip
"""Step types whose requests take tags. A model package has those of its group."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands against a clause: the rule, the place, what is wrong, what to do; and the member that is missing, if one is."""

    rule: str
    path: Path
    message: str
    hint: str
    lacks: str = ""


def violations(subject: Subject) -> Iterator[Violation]:
    """What stands against the clauses of the policy; what is denied is not warned of as well."""
    denied: set[tuple[str, Path]] = set()
    for clause in subject.policy:
        severity, verb = (ERROR, "denies") if clause.denies else (WARNING, "warns of")
        for fault in _CLAUSES[clause.key](subject, clause):
            if clause.denies:
                denied.add((fault.rule, fault.path))
            elif (fault.rule, fault.path) in denied:
                continue
            message = f"{fault.message}; the policy {verb} it at {clause.place}"
            yield Violation(fault.rule, fault.path, message, fault.hint, severity, fault.lacks)


def _required_tags(subject: Subject, clause: Clause) -> Iterator[Fault]:
    pipeline = {str(tag.get("Key")) for tag in subject.compiled.tags}
    missing = [key for key in clause.value if key not in pipeline]
    for key in missing:
        hint = f"add {{Key: {key}, Value: …}} to the tags of sagemakerPipeline"
        yield Fault(TAGS, ("Tags",), f'the pipeline has no tag "{key}"', hint)
    for step in subject.steps if not missing else ():
        listed = step.arguments.get("Tags")
        keys = {str(tag.get("Key")) for tag in listed if isinstance(tag, Mapping)} if isinstance(listed, list) else set()
        for key in clause.value if step.type in _TAGGED else ():
            if key not in keys:
                place = (*path_of(step.trail), "Arguments")
                yield Fault(TAGS, place, f'{step.name} has no tag "{key}"', "add it to the tags of its section", "Tags")


def _kms_keys(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step in subject.steps:
        for encryption, key, keys in encrypted(subject, step):
            path, member = (*path_of(step.trail), *keys), encryption.member
            if key is None:
                asked = subject.network is not None and subject.network.kms_key
                hint = f"set {member}" if asked else "set sagemakerNetworkSecurity.kms_key"
                yield Fault(KEYS, path, f"{step.name} encrypts {encryption.what} with no KMS key", hint, member)
            else:
                listed = _Listed(KEYS, clause.value, f"{step.name} uses the KMS key")
                yield from _unlisted(subject, step, key, (*path, member), listed)


def _subnets(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, owner, path, member in _members(subject, VPC):
        vpc = owner.get(member)
        named = vpc.get("Subnets") if isinstance(vpc, Mapping) else None
        if not named:
            asked = subject.network is not None and subject.network.subnets
            hint = f"set {member}" if asked else "set sagemakerNetworkSecurity.subnets and security_groups_id"
            yield Fault(SUBNETS, path, f"{step.name} runs in no VPC", hint, member)
        listed = _Listed(SUBNETS, clause.value, f"{step.name} runs in the subnet")
        for index, subnet in enumerate(named if isinstance(named, list) else ()):
            yield from _unlisted(subject, step, subnet, (*path, member, "Subnets", index), listed)


def _network_isolation(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, owner, path, member in _members(subject, ISOLATION) if clause.value else ():
        may_be = choices(subject, step, owner.get(member))
        if not all(choice is True for choice in may_be):
            place = (*path, member) if member in owner else path
            keys = ".".join((*ISOLATION[step.type][0], member)).replace("*", "")
            yield Fault(ISOLATED, place, f"{step.name} is not cut off from the network", f"set {keys}: true under arguments")


def _members(
    subject: Subject, table: Mapping[str, tuple[tuple[str, ...], str]]
) -> Iterator[tuple[PlacedStep, Mapping[str, Any], Path, str]]:
    for step in subject.steps:
        if step.type in table:
            keys, member = table[step.type]
            for owner, path in owners(step, keys):
                yield step, owner, (*path_of(step.trail), *path), member


def _instance_types(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, value, path in _valued(subject, {"InstanceType"}):
        yield from _unlisted(subject, step, value, path, _Listed(TYPES, clause.value, f"{step.name} runs on"))


def _max_instance_count(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, value, path in _valued(subject, {"InstanceCount", "InitialInstanceCount", "MaxInstanceCount"}):
        may_be = choices(subject, step, value)
        most = max((choice for choice in may_be if isinstance(choice, (int, float))), default=0)
        if most > clause.value:
            message = f"{step.name} asks for {most:g} instances, more than {clause.value}"
            yield Fault(COUNTS, path, message, f"ask for {clause.value} at most")
        elif ANYTHING in may_be:
            message = f"{step.name} takes any number of instances that an execution is started with"
            yield Fault(COUNTS, path, message, f"write it out, or give the parameter the maximum {clause.value}")


def _regions(subject: Subject, clause: Clause) -> Iterator[Fault]:
    region = subject.compiled.region
    if region is None:
        yield Fault(REGIONS, ("Region",), "the pipeline names no region", "set conf.region, or SMP_REGION")
    elif not _matches(region, clause.value):
        yield Fault(REGIONS, ("Region",), f"the pipeline lies in {region}", _one_of(clause.value))


def _registries(subject: Subject, clause: Clause) -> Iterator[Fault]:
    globs = [glob for each in clause.value for glob in (each, f"{each}/*", f"{each}:*", f"{each}@*")]
    for step, value, path in _valued(subject, {"ImageUri", "TrainingImage", "Image", "imageUri"}):
        yield from _unlisted(subject, step, value, path, _Listed(REGISTRIES, globs, f"{step.name} runs the image", clause.value))


def _roles(subject: Subject, clause: Clause) -> Iterator[Fault]:
    role = subject.compiled.role
    if role and not _matches(role, clause.value):
        yield Fault(ROLES, ("RoleArn",), f"the pipeline runs as {role}", _one_of(clause.value))
    for step, value, path in _valued(subject, {"RoleArn", "ExecutionRoleArn", "executionRoleArn"}):
        if value != role:
            yield from _unlisted(subject, step, value, path, _Listed(ROLES, clause.value, f"{step.name} runs as"))


@dataclass(frozen=True, slots=True)
class _Listed:
    """What values may be: the rule that says so, globs, what is said of a value that none matches, and the globs as written."""

    rule: str
    globs: Sequence[str]
    what: str
    written: Sequence[str] = ()


def _unlisted(subject: Subject, step: PlacedStep, value: Any, path: Path, listed: _Listed) -> Iterator[Fault]:
    """The faults of a value that no glob matches, and of one that an execution may set to what none matches."""
    bad = [choice for choice in choices(subject, step, value) if not _matches(choice, listed.globs)]
    named = [choice for choice in bad if ANYTHING not in str(choice)]
    for choice in named:
        yield Fault(listed.rule, path, f"{listed.what} {choice}", _one_of(listed.written or listed.globs))
    if bad and not named:
        hint = "write it out, or give the parameter choices (enum) that the policy allows"
        yield Fault(listed.rule, path, f"{listed.what} whatever an execution is started with", hint)


def _matches(value: Any, globs: Iterable[str]) -> bool:
    return isinstance(value, str) and any(fnmatchcase(value, glob) for glob in globs)


def _one_of(globs: Iterable[str]) -> str:
    return f"use one that {' or '.join(globs)} names"


def _valued(subject: Subject, members: set[str]) -> Iterator[tuple[PlacedStep, Any, Path]]:
    """The values of some members, wherever in a step's Arguments they stand, with their places."""
    for step in subject.steps:
        todo: list[tuple[Any, Any]] = [] if step.type in _OF_PROGRAMS else [(step.arguments, step.at("Arguments"))]
        while todo:
            value, trail = todo.pop()
            entries = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, item in list(entries)[::-1]:
                if key in members and (isinstance(item, (str, int)) or (isinstance(item, Mapping) and len(item) == 1)):
                    yield step, item, path_of((trail, key))
                elif isinstance(item, (dict, list)) and key not in {*INNER_STEPS.get(step.type, ()), *_FOR_PROGRAMS}:
                    todo.append((item, (trail, key)))


_OF_PROGRAMS = frozenset({"Callback", "Lambda"})
_FOR_PROGRAMS = ("Environment", "HyperParameters", "StaticHyperParameters", "Tags")
"""Step types, and members of requests, whose keys programs give a meaning to, and not the API."""

_CLAUSES: Mapping[str, Callable[[Subject, Clause], Iterator[Fault]]] = {
    "required_tags": _required_tags,
    "kms_keys": _kms_keys,
    "subnets": _subnets,
    "network_isolation": _network_isolation,
    "instance_types": _instance_types,
    "max_instance_count": _max_instance_count,
    "regions": _regions,
    "registries": _registries,
    "roles": _roles,
}
