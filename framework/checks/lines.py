"""The very line behind a value of a step: a path of the definition in, the place of the value that it came from out.

`places` leads to the key that makes an argument. Where that key holds a whole mapping, or where something makes it that all steps
share, the line is found by the value itself, as long as only one line says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framework.checks.places import Path, innermost, place_of
from framework.config.values import Map, Seq, entries, place_at
from framework.findings import Place
from framework.pipeline.build import Pipeline
from framework.steps.base import Step

Leaf = tuple[Any, Place]

_NETWORK = ("conf", "sagemakerNetworkSecurity")
_SHARED = (("role",), ("subnets",), ("security_groups_id",), ("kms_key",))
_MEMBERS = {
    "BackoffRate": "backoff_rate",
    "ExceptionType": "exceptions",
    "ExpireAfterMin": "expire_after_minutes",
    "IntervalSeconds": "interval_seconds",
    "MaxAttempts": "max_attempts",
}
"""Members of a retry policy, and the keys that make them."""

BUNDLE = "sourcedir.tar.gz"


def line_of(path: Path, definition: Mapping[str, Any], pipeline: Pipeline) -> Place:
    """Where the configuration says what stands at a path of a step; the step itself for the path of one."""
    found = place_of(path, definition, pipeline)
    name, rest = innermost(path, definition, pipeline.steps)
    if name not in pipeline.steps or not rest:
        return found
    step, value = pipeline.steps[name], _at(definition, path)
    if rest == ["CacheConfig", "Enabled"] and "enable_cache" in step.given:
        return place_at(step.spec.config.values, ("enable_cache",))
    if rest[0] == "RetryPolicies" and len(rest) > 2:
        return _of_policy(step, rest) or found
    if rest[:2] == ["Arguments", "Tags"] and len(rest) > 2:
        return _of_tag(_at(definition, path[: len(path) - len(rest) + 3]), step, pipeline, whole=len(rest) == 3) or found
    uri = value.strip('"') if isinstance(value, str) else ""  # script mode quotes it
    if any(upload.uri == uri for upload in pipeline.uploads):
        return step.spec.model.source_place if uri.endswith(BUNDLE) else step.spec.place_of("entry_point")
    own = [*_leaves(step.spec.values), *_leaves(step.spec.config.values)]
    if (str(value), found) in [(str(leaf), place) for leaf, place in own]:
        return found
    is_leaf = any(place == found for _, place in own)
    return (None if is_leaf else _only(value, own)) or _only(value, list(_shared(pipeline))) or found


def _of_policy(step: Step, rest: Sequence[str | int]) -> Place | None:
    for values in (step.given, step.spec.values):
        policies = values.get("retry_policies")
        if policies:
            keys = (*rest[1:2], _MEMBERS.get(str(rest[2]), ""), *rest[3:])
            return place_at(policies, keys)
    return None


def _of_tag(tag: Any, step: Step, pipeline: Pipeline, whole: bool) -> Place | None:
    """Where a tag of a step was written, or its value: in its section, else among the tags of the pipeline."""
    key = tag.get("Key") if isinstance(tag, Mapping) else None
    anchor = pipeline.config.tree.get("conf", {}).get("sagemakerPipeline", {})
    for tags in (step.spec.values.get("tags"), anchor.get("tags")):
        for index, each in enumerate(tags or ()):
            if isinstance(each, Map) and each.get("Key") == key:
                return place_at(tags, (index, "Key" if whole else "Value"))
    return None


def _only(value: Any, leaves: Sequence[Leaf]) -> Place | None:
    """The place of the one leaf that a value, or the first text in it that any leaf holds, comes from; None for none or several."""
    for text in _texts(value):
        found = {place for leaf, place in leaves if str(leaf) == text and place.file}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and value:
        yield value


def _shared(pipeline: Pipeline) -> Iterator[Leaf]:
    """What the framework configuration says for all steps."""
    tree = pipeline.config.tree
    network = tree.get("conf", {}).get("sagemakerNetworkSecurity")
    for keys in _SHARED:
        held = network.get(keys[0]) if isinstance(network, Map) else None
        yield from _leaves(held) if isinstance(held, Seq) else [(held, place_at(tree, (*_NETWORK, *keys)))]
    yield pipeline.config.bucket, place_at(tree, ("conf", "s3Bucket"))


def _leaves(tree: Any) -> Iterator[Leaf]:
    """Every value below a mapping or list that is neither, with its place; none of those that nobody wrote."""
    for key, value in entries(tree) if isinstance(tree, (Map, Seq)) else ():
        if isinstance(value, (Map, Seq)):
            yield from _leaves(value)
        elif isinstance(tree, Seq) or key in tree.places:
            yield value, tree.place_of(key)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        known = isinstance(value, Mapping) and part in value
        if not known and not (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            return None
        value = value[part]
    return value
