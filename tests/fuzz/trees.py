"""Changes to trees of mappings and lists. A random generator and a tree in, a copy with changes out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.fuzz import odd
from tests.fuzz.odd import Raw


def owners(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every (mapping or list, key) of a tree."""
    todo = [tree]
    while todo:
        owner = todo.pop()
        pairs = list(owner.items()) if isinstance(owner, dict) else list(enumerate(owner))
        for key, value in pairs:
            yield owner, key
            if isinstance(value, (dict, list)):
                todo.append(value)


def step_names(tree: Any) -> list[str]:
    """What steps of a configuration or a definition are called."""
    found = [owner[key] for owner, key in owners(tree) if key in ("step_name", "Name") and isinstance(owner, dict)]
    return [name for name in found if isinstance(name, str)]


def copied(tree: Any) -> Any:
    """A copy that shares nothing; of a depth that any tree here has."""
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return [copied(value) for value in tree] if isinstance(tree, list) else tree


def mildly_changed_tree(rng: random.Random, tree: Any, seen: Mapping[str, Sequence[Any]]) -> Any:
    """A copy of a tree with one to three changes that may well be legal.

    Args:
        seen: for each key, values that are known to be legal under it.
    """
    tree = copied(tree)
    for _ in range(rng.choice((1, 1, 2, 3))):
        pairs = [(owner, key) for owner, key in owners(tree) if isinstance(owner, dict)]
        if not pairs:
            return tree
        owner, key = rng.choice(pairs)
        rng.choice(_MILD)(rng, owner, key, seen, step_names(tree))
    return tree


def _seen(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    owner[key] = copied(rng.choice(seen.get(key) or [owner[key]]))


def _without(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    del owner[key]


def _known_expression(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    name = rng.choice(names or ["a"])
    owner[key] = rng.choice((
        "${execution.PipelineExecutionId}", "x ${execution.StartDateTime} y", "${SMP_REGION}", "SMP_ROLE",
        f"${{steps.{name}.outputs.train}}", f"${{steps.{name}.outputs.model}}", f"${{steps.{name}.CreationTime}}",
        f"a/${{steps.{name}.LastModifiedTime}}",
    ))  # fmt: skip


def _other_text(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    """A text that is like those that people write, and still unusual."""
    if isinstance(owner[key], str):
        owner[key] = rng.choice(odd.TEXTS)
    elif isinstance(owner[key], (int, float)):
        owner[key] = rng.choice((owner[key] + 1, str(owner[key]), float(owner[key]), 0, 1, 10**6))


def _beside(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    """A key that others have beside one that is there."""
    other = rng.choice((
        "env", "tags", "instance_type", "arguments", "base_job_name", "hyperparameters", "depends_on", "description",
        "retry_policies", "channels", "max_runtime_seconds", "display_name", "role", "enable_cache", "extends", "matrix",
        "defaults", "property_files", "output_path",
    ))  # fmt: skip
    owner[other] = copied(rng.choice(seen.get(other) or ["a"]))


def _repeated_element(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    if isinstance(owner[key], list) and owner[key]:
        owner[key].insert(rng.randint(0, len(owner[key])), copied(rng.choice(owner[key])))
        rng.shuffle(owner[key])


def _arguments(rng: random.Random, owner: Any, key: str, seen: Mapping[str, Sequence[Any]], names: list[str]) -> None:
    """A member of a request where `arguments` may stand, odd at some depth of it."""
    if {"image_uri", "step_class", "entry_point", "train", "dataset", "monitor"}.isdisjoint(owner):
        return
    arguments = copied(rng.choice(seen["Arguments"]))
    pairs = list(owners(arguments))
    if pairs:
        inner, place = rng.choice(pairs)
        inner[place] = copied(odd.value(rng, names))
        member = rng.choice(list(arguments))
        given = owner.get("arguments")
        owner["arguments"] = {**(given if isinstance(given, dict) else {}), member: arguments[member]}


_MILD: tuple[Callable[[random.Random, Any, str, Mapping[str, Sequence[Any]], list[str]], None], ...] = (
    _seen, _seen, _seen, _without, _known_expression, _other_text, _beside, _repeated_element, _arguments, _arguments,
)  # fmt: skip


def changed_tree(rng: random.Random, tree: Any, donor: Any, json_only: bool = False) -> Any:
    """A copy of a tree with one to six changes at any path.

    Args:
        donor: another tree, which parts are taken from.
        json_only: whether only what JSON can hold may be put in.
    """
    tree, names = copied(tree), step_names(tree)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        pairs = list(owners(tree))
        if not pairs:
            return tree
        rng.choice(_OF_TREE)(rng, pairs, donor, names, json_only)
    return tree


Pairs = list[tuple[Any, Any]]


def _other(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    owner[key] = copied(odd.value(rng, names, json_only))


def _expression(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    text = odd.dependency(rng, names) if rng.random() < 0.1 else odd.expression(rng, names)
    owner[key] = (
        owner[key] + text if isinstance(owner[key], str) and not isinstance(owner[key], Raw) and rng.random() < 0.5 else text
    )


def _given(rng: random.Random, pairs: Pairs, donor: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    theirs = list(owners(donor))
    if theirs:
        other, place = rng.choice(theirs)
        owner[key] = copied(other[place])


def _given_alike(rng: random.Random, pairs: Pairs, donor: Any, names: list[str], json_only: bool) -> None:
    """An entry of the other tree, under its own key."""
    theirs = [(other, place) for other, place in owners(donor) if isinstance(other, dict)]
    mine = [owner for owner, _ in pairs if isinstance(owner, dict)]
    if theirs and mine:
        other, place = rng.choice(theirs)
        rng.choice(mine)[place] = copied(other[place])


def _removed(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    del owner[key]


def _renamed(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    if isinstance(owner, list):
        owner.insert(rng.randint(0, len(owner)), copied(owner[key]))
        return
    others = [str(other) for _, other in pairs if isinstance(other, str)]
    new = rng.choice((rng.choice(odd.KEYS), rng.choice(others or ["x"]), key[:-1], key + "s", key.upper(), key.replace("_", "")))
    owner[new] = owner.pop(key)


def _swapped(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    (one, key), (other, place) = rng.choice(pairs), rng.choice(pairs)
    one[key], other[place] = copied(other[place]), copied(one[key])


def _wrapped(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    held = owner[key]
    if isinstance(held, list) and held and rng.random() < 0.5:
        owner[key] = held[0]
    else:
        owner[key] = rng.choice(([held], {"a": held}, [held, copied(held)], {rng.choice(odd.KEYS): held}))


def _own_step(rng: random.Random, pairs: Pairs, _: Any, names: list[str], json_only: bool) -> None:
    owner, key = rng.choice(pairs)
    name = rng.choice(names or ["a"])
    choices: tuple[Any, ...] = (
        name, [name], [name, name], {"step": name}, f"${{steps.{name}.outputs.train}}", f"${{steps.{name}.report.a.b}}",
        f"${{steps.{name}.ModelArtifacts.S3ModelArtifacts}}", {"Get": f"Steps.{name}.ModelArtifacts.S3ModelArtifacts"},
        {"Get": f"Steps.{name}"}, [{"Step": name, "Trigger": rng.choice(("Failed", "x", 1))}],
    )  # fmt: skip
    owner[key] = rng.choice(choices)


_OF_TREE: tuple[Callable[[random.Random, Pairs, Any, list[str], bool], None], ...] = (
    _other, _other, _other, _expression, _given, _given_alike, _removed, _removed, _renamed, _swapped, _wrapped, _own_step,
)  # fmt: skip
