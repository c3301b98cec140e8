"""SMP611 to SMP619: what the policy file denies, or warns of. Each violation names the line of the policy, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from framework.checks.protected import ISOLATION, KMS, VPC, has_own_storage, owners
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import INNER_STEPS, PlacedStep, Subject
from framework.config.model import Clause
from framework.findings import ERROR, WARNING, Rule

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

Fault = tuple[str, tuple[str | int, ...], str, str]
"""A rule, a place, a message and a hint."""


def violations(subject: Subject) -> Iterator[Violation]:
    """What stands against the clauses of the policy."""
    for clause in subject.policy:
        severity = ERROR if clause.denies else WARNING
        verb = "denies" if clause.denies else "warns of"
        for rule, path, message, hint in _CLAUSES[clause.key](subject, clause):
            yield Violation(rule, path, f"{message}; the policy {verb} it at {clause.place}", hint, severity)


def _required_tags(subject: Subject, clause: Clause) -> Iterator[Fault]:
    pipeline = {str(tag.get("Key")) for tag in subject.compiled.tags}
    for key in clause.value:
        if key not in pipeline:
            yield TAGS, (), f'the pipeline has no tag "{key}"', f"add {{Key: {key}, Value: …}} to the tags of sagemakerPipeline"
    for step in subject.steps:
        listed = step.arguments.get("Tags")
        keys = {str(tag.get("Key")) for tag in listed if isinstance(tag, Mapping)} if isinstance(listed, list) else set()
        for key in clause.value if step.type in _TAGGED and pipeline.issuperset(clause.value) else ():
            if key not in keys:
                yield (
                    TAGS,
                    (*path_of(step.trail), "Arguments"),
                    f'{step.name} has no tag "{key}"',
                    "add it to the tags of its section",
                )


def _kms_keys(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step in subject.steps:
        for keys, member in KMS.get(step.type, ()):
            for owner, path in owners(step, keys):
                if not owner.get(member) and not (member == "VolumeKmsKeyId" and has_own_storage(owner)):
                    what = "its volume" if member == "VolumeKmsKeyId" else "what it puts out"
                    message = f"{step.name} encrypts {what} with no KMS key"
                    yield KEYS, (*path_of(step.trail), *path), message, "set sagemakerNetworkSecurity.kms_key"
                elif owner.get(member):
                    place = (*path_of(step.trail), *path, member)
                    yield from _unlisted(subject, KEYS, owner[member], place, clause.value, f"{step.name} uses the KMS key")


def _subnets(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, owner, path, member in _members(subject, VPC):
        vpc = owner.get(member)
        named = vpc.get("Subnets") if isinstance(vpc, Mapping) else None
        if not named:
            message, hint = f"{step.name} runs in no VPC", "set sagemakerNetworkSecurity.subnets and security_groups_id"
            yield SUBNETS, path, message, hint
        for index, subnet in enumerate(named if isinstance(named, list) else ()):
            place = (*path, member, "Subnets", index)
            yield from _unlisted(subject, SUBNETS, subnet, place, clause.value, f"{step.name} runs in the subnet")


def _network_isolation(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, owner, path, member in _members(subject, ISOLATION) if clause.value else ():
        if owner.get(member) is not True:
            yield ISOLATED, path, f"{step.name} is not cut off from the network", f"set {member}: true under arguments"


def _members(
    subject: Subject, table: Mapping[str, tuple[tuple[str, ...], str]]
) -> Iterator[tuple[PlacedStep, Mapping[str, Any], tuple[str | int, ...], str]]:
    for step in subject.steps:
        if step.type in table:
            keys, member = table[step.type]
            for owner, path in owners(step, keys):
                yield step, owner, (*path_of(step.trail), *path), member


def _instance_types(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, value, path in _valued(subject, {"InstanceType"}):
        yield from _unlisted(subject, TYPES, value, path, clause.value, f"{step.name} runs on")


def _max_instance_count(subject: Subject, clause: Clause) -> Iterator[Fault]:
    for step, value, path in _valued(subject, {"InstanceCount", "InitialInstanceCount", "MaxInstanceCount"}):
        literal, is_open = _may_be(subject, value)
        for count in literal:
            if isinstance(count, int) and count > clause.value:
                yield (
                    COUNTS,
                    path,
                    f"{step.name} asks for {count} instances, more than {clause.value}",
                    f"ask for {clause.value} at most",
                )
        if is_open and not any(isinstance(count, int) and count > clause.value for count in literal):
            yield COUNTS, path, f"{step.name} takes any number of instances that an execution is started with", _CHOICES


_CHOICES = "write it out, or give the parameter choices (enum) that the policy allows"


def _regions(subject: Subject, clause: Clause) -> Iterator[Fault]:
    region = subject.compiled.region
    if region is None:
        yield REGIONS, (), "the pipeline names no region", "set conf.region, or SMP_REGION"
    else:
        yield from _unlisted(subject, REGIONS, region, (), clause.value, "the pipeline lies in")


def _registries(subject: Subject, clause: Clause) -> Iterator[Fault]:
    globs = [glob for each in clause.value for glob in (each, f"{each}/*", f"{each}:*", f"{each}@*")]
    for step, value, path in _valued(subject, {"ImageUri", "TrainingImage", "Image"}):
        yield from _unlisted(subject, REGISTRIES, value, path, globs, f"{step.name} runs the image", clause.value)


def _roles(subject: Subject, clause: Clause) -> Iterator[Fault]:
    if subject.compiled.role:
        yield from _unlisted(subject, ROLES, subject.compiled.role, (), clause.value, "the pipeline runs as")
    for step, value, path in _valued(subject, {"RoleArn", "ExecutionRoleArn", "executionRoleArn"}):
        if value != subject.compiled.role:
            yield from _unlisted(subject, ROLES, value, path, clause.value, f"{step.name} runs as")


def _unlisted(
    subject: Subject,
    rule: str,
    value: Any,
    path: tuple[str | int, ...],
    globs: Iterable[str],
    what: str,
    shown: Iterable[str] | None = None,
) -> Iterator[Fault]:
    """The faults of a value that no glob names, and of a parameter that an execution may set to anything."""
    globs = list(globs)
    literal, is_open = _may_be(subject, value)
    bad = [each for each in literal if not (isinstance(each, str) and any(fnmatchcase(each, glob) for glob in globs))]
    for each in bad:
        yield rule, path, f"{what} {each}", f"use one that {' or '.join(shown or globs)} names"
    if is_open and not bad and "*" not in globs:
        yield rule, path, f"{what} whatever an execution is started with", _CHOICES


def _may_be(subject: Subject, value: Any) -> tuple[list[Any], bool]:
    """What a value may be when the pipeline runs, as far as that is known, and whether it may be something else, too."""
    if not isinstance(value, Mapping):
        return [value], False
    target = value.get("Get")
    root, _, name = target.partition(".") if isinstance(target, str) else ("", "", "")
    if root != "Parameters" or name not in subject.parameters:
        return [], False  # another step or the loop tells it: nothing that a person chooses
    parameter = subject.parameters[name][1]
    choices, default = parameter.get("EnumValues"), parameter.get("DefaultValue")
    if isinstance(choices, list):
        return list(choices), False
    return ([] if default is None else [default]), True


def _valued(subject: Subject, members: set[str]) -> Iterator[tuple[PlacedStep, Any, tuple[str | int, ...]]]:
    """The values of some members, wherever in a step's Arguments they stand, with their places."""
    for step in subject.steps:
        todo: list[tuple[Any, Any]] = [(step.arguments, step.at("Arguments"))]
        while todo:
            value, trail = todo.pop()
            entries = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, item in list(entries)[::-1]:
                if key in members and (isinstance(item, (str, int)) or (isinstance(item, Mapping) and len(item) == 1)):
                    yield step, item, path_of((trail, key))
                elif isinstance(item, (dict, list)) and key not in INNER_STEPS.get(step.type, ()):
                    todo.append((item, (trail, key)))


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
