"""Names of steps that a matrix made several of, where other things name them: lists, dependencies, expressions.

In: the old names and the new ones. Out: the same trees with the new names; findings where one of several must be chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framework.config.values import Map, Seq, entries
from framework.findings import Finding, Place

_NAMES = ("chain_input_source_step", "chain_input_source_steps", "depends_on")
_LISTS = ("steps", "if_steps", "else_steps")
_REFERENCE = re.compile(
    r"\$\$\{|(?P<root>\$\{\s*(?:steps|iteration))(?:\.(?P<name>[A-Za-z0-9_-]+)|\['(?P<key>[^'\]]+)'\]|\[\"(?P<quoted>[^\"\]]+)\"\])"
)
_PART = re.compile(r">>|<<|\[|\]|,|[^\s\[\],<>]+|[<>]")


def step_lists(unit: Map) -> Iterator[Seq]:
    """Every list of steps in a unit, those of branches and loops too."""
    todo = [unit.get("steps")]
    while todo:
        listed = todo.pop()
        if isinstance(listed, Seq):
            yield listed
            todo += [step.get(key) for step in listed if isinstance(step, Map) for key in _LISTS]


@dataclass(frozen=True, slots=True)
class Renaming:
    """What matrices made.

    Attributes:
        made: for each step that was multiplied, its unit and its new names.
        models: for each unit that was multiplied, the names of its models.
        findings: takes what is wrong.
    """

    made: Mapping[str, tuple[str, list[str]]]
    models: Mapping[str, list[str]]
    findings: list[Finding]

    def outside(self, conf: Map) -> None:
        """Put the new names where things outside the units name the old ones."""
        if not self.models:
            return
        pipeline: Map = conf["sagemakerPipeline"]
        inside = {name for names in self.models.values() for name in names}
        several = {name: new for name, (_, new) in self.made.items()}
        holders = [pipeline, *(unit for name, unit in pipeline["models"].items() if name not in inside and isinstance(unit, Map))]
        for step in (step for holder in holders for listed in step_lists(holder) for step in listed if isinstance(step, Map)):
            self.named(step, several)
            self._model(step)
        self._dependencies(pipeline)
        for key, holder in (("models", pipeline), ("models", conf)):
            for name, value in holder[key].items():
                if name not in inside:
                    self._expressions(value)
        for key, value in pipeline.items():
            if key != "models":
                self._one_of(pipeline, key)
                self._expressions(value)

    @staticmethod
    def named(step: Map, names: Mapping[str, Sequence[str]]) -> None:
        """Put the new names into the lists of a step that name others."""
        for key in (*_NAMES, *_LISTS):
            given = step.get(key)
            if isinstance(given, str):
                step[key] = ",".join(new for part in given.split(",") for new in names.get(part.strip(), [part]))
            elif isinstance(given, Seq):
                step[key] = _renamed_list(given, names, key == "depends_on")

    @staticmethod
    def renamed(text: str, names: Mapping[str, str]) -> str:
        """A text in whose expressions steps have their new names."""
        return _REFERENCE.sub(lambda match: _reference(match, names), text)

    def _model(self, step: Map) -> None:
        made = self.models.get(str(step.get("model")))
        if made:
            self._several(str(step["model"]), str(step["model"]), made, step.place_of("model"))
            step["model"] = made[0]

    def _several(self, name: str, unit: str, made: Sequence[str], place: Place) -> None:
        shown = ", ".join(made[:4]) + (", …" if len(made) > 4 else "")
        message = f'the matrix of {unit} makes several of "{name}": {shown}'
        self.findings.append(Finding("SMP122", place, message, f"name one of them, such as {made[0]}"))

    def _expressions(self, tree: Any) -> None:
        """Say where an expression outside names a step of which there are several; the first stands for it."""
        for key, value in list(entries(tree)) if isinstance(tree, (Map, Seq)) else ():
            self._one_of(tree, key)
            self._expressions(value)

    def _one_of(self, holder: Any, key: Any) -> None:
        text = holder[key]
        if not isinstance(text, str) or "${" not in text:
            return
        for match in _REFERENCE.finditer(text):
            name = match["name"] or match["key"] or match["quoted"]
            if name in self.made:
                self._several(name, *self.made[name], holder.place_of(key))
        holder[key] = self.renamed(text, {name: made[0] for name, (_, made) in self.made.items()})

    def _dependencies(self, pipeline: Map) -> None:
        """Write the dependencies out: between steps of one unit within each combination, else with all combinations."""
        given = pipeline.get("dependencies")
        if not isinstance(given, Seq):
            return
        result = Seq(given.place)
        for index, text in enumerate(given):
            for line in self._lines(text) if isinstance(text, str) else [text]:
                result.add(line, given.place_of(index))
        pipeline["dependencies"] = result

    def _lines(self, text: str) -> list[str]:
        parts = _PART.findall(text)
        words = [part for part in parts if part not in {">>", "<<", "[", "]", ",", "<", ">"}]
        names = [word for word in words if word in self.made]
        if not names or not _is_readable(parts):  # then it is quoted as it was written
            return [text]
        if len({self.made[name][0] for name in names}) == 1 and set(words) == set(names):
            return [
                " ".join(self.made[part][1][number] if part in self.made else part for part in parts)
                for number in range(len(self.made[names[0]][1]))
            ]
        return [" ".join(self._expanded(parts))]

    def _expanded(self, parts: Sequence[str]) -> Iterator[str]:
        within = False
        for part in parts:
            within = part == "[" or (within and part != "]")
            made = ", ".join(self.made[part][1]) if part in self.made else ""
            yield part if not made else made if within else f"[{made}]"


def _is_readable(parts: Sequence[str]) -> bool:
    """Whether a line of dependencies follows the notation; what is wrong with it otherwise is said when it is read."""
    kinds = "".join(
        part if part in {"[", "]", ","} else ">" if part in {">>", "<<"} else "!" if part in {"<", ">"} else "n" for part in parts
    )
    return re.fullmatch(r"(n|\[n(,n)*\])(>(n|\[n(,n)*\]))+", kinds) is not None


def _renamed_list(given: Seq, names: Mapping[str, Sequence[str]], mappings: bool) -> Seq:
    result = Seq(given.place)
    for index, item in enumerate(given):
        name = item.get("step") if mappings and isinstance(item, Map) else item
        if not isinstance(name, str) or name not in names:
            result.add(item, given.place_of(index), given.raw.get(index))
            continue
        for new in names[name]:
            result.add(_calling(item, new), given.place_of(index))
    return result


def _calling(item: Any, name: str) -> Any:
    if not isinstance(item, Map):
        return name
    copy = Map(item.place)
    for key in item:
        copy.take(key, item)
    copy["step"] = name
    return copy


def _reference(match: re.Match[str], names: Mapping[str, str]) -> str:
    name = match["name"] or match["key"] or match["quoted"]
    if name not in names:
        return match[0]
    return f"{match['root']}.{names[name]}" if match["name"] else f"{match['root']}['{names[name]}']"
