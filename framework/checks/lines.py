"""The very line behind a field of a step that a plan speaks of: a path of the definition in, the place of the value out.

What `places` says is right for most. What a plan knows better is what code comes from, and what stands beside the arguments. Where
`places` leads to a mapping only, the line is found by the value itself, as long as only one line of the step says it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framework.checks.places import Path, innermost, place_of
from framework.config.values import Map, Seq, entries, place_at
from framework.findings import Place
from framework.pipeline.build import Pipeline
from framework.steps.base import Step

_MEMBERS = {
    "BackoffRate": "backoff_rate",
    "ExceptionType": "exceptions",
    "ExpireAfterMin": "expire_after_minutes",
    "IntervalSeconds": "interval_seconds",
    "MaxAttempts": "max_attempts",
}
"""Members of a retry policy, and the keys that make them."""

BUNDLE = "sourcedir.tar.gz"
Leaf = tuple[Any, Place]


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
    uri = value.strip('"') if isinstance(value, str) else ""  # script mode quotes it
    if any(upload.uri == uri for upload in pipeline.uploads):
        return step.spec.model.source_place if uri.endswith(BUNDLE) else step.spec.place_of("entry_point")
    if rest[:2] == ["Arguments", "Tags"]:
        return found
    own = [*_leaves(step.spec.values), *_leaves(step.spec.config.values)]
    if any(place == found for _, place in own):
        return found
    values = pipeline.config.values
    return _only(value, own) or _only(value, [(values.get("s3Bucket"), place_at(values, ("s3Bucket",)))]) or found


def _only(value: Any, leaves: Sequence[Leaf]) -> Place | None:
    """The place of the one leaf that a text, or the name of something, comes from; None where none or several hold it."""
    names = [item for key, item in value.items() if key.endswith("Name")] if isinstance(value, Mapping) else [value]
    found = {place for leaf, place in leaves for name in names[:1] if isinstance(name, str) and str(leaf) == name and place.file}
    return found.pop() if len(found) == 1 else None


def _leaves(tree: Any) -> Iterator[Leaf]:
    """Every value below a mapping or list that is neither, with its place; none of those that nobody wrote."""
    for key, value in entries(tree) if isinstance(tree, (Map, Seq)) else ():
        if isinstance(value, (Map, Seq)):
            yield from _leaves(value)
        elif isinstance(tree, Seq) or key in tree.places:
            yield value, tree.place_of(key)


def _of_policy(step: Step, rest: Sequence[str | int]) -> Place | None:
    for values in (step.given, step.spec.values):
        policies = values.get("retry_policies")
        if policies:
            keys = (*rest[1:2], _MEMBERS.get(str(rest[2]), ""), *rest[3:])
            return place_at(policies, keys)
    return None


def _at(value: Any, path: Path) -> Any:
    for part in path:
        known = isinstance(value, Mapping) and part in value
        if not known and not (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            return None
        value = value[part]
    return value
