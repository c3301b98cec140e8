"""What is written once and used several times: `extends` and `matrix`, carried out on the joined tree before variables are put in.

- `extends` in a section: another section of the model, or `model.section`, lies below it; in a model: another model does.
- `matrix` in a unit: one unit for each combination of its values, and the model with it; `${matrix.KEY}` is the value.

Places are kept: what was extended is shown where it was written. `defaults` need the kind of a section and come later
(defaults.py).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from framework.config.merge import overlay
from framework.config.values import Map, Seq
from framework.findings import Finding, Place, nearest

EXTENDS, MATRIX = "extends", "matrix"
MOST = 100
"""How many units a matrix may make."""

_VALUE = re.compile(r"\$\{\s*matrix\.([A-Za-z0-9_-]+)\s*\}")
_NAMES = ("chain_input_source_step", "chain_input_source_steps", "depends_on")
_LISTS = ("steps", "if_steps", "else_steps")


def reuse(tree: Map) -> tuple[Map, list[Finding]]:
    """The tree with everything that is extended or multiplied written out, and what is wrong with that."""
    conf = tree.get("conf")
    if not isinstance(conf, Map) or not isinstance(conf.get("models"), Map):
        return tree, []
    findings: list[Finding] = []
    _extend(conf["models"], findings)
    pipeline = conf.get("sagemakerPipeline")
    if isinstance(pipeline, Map) and isinstance(pipeline.get("models"), Map):
        _multiply(conf, pipeline, findings)
    return tree, findings


def _extend(models: Map, findings: list[Finding]) -> None:
    """Lay every model and section over what it extends."""
    done: dict[tuple[str, ...], Map | None] = {}
    for name in list(models):
        if isinstance(models[name], Map):
            models[name] = _model(name, models, done, findings)
    for name, model in models.items():
        for section in list(model) if isinstance(model, Map) else ():
            if isinstance(model[section], Map):
                model[section] = _section((name, section), models, done, findings)


def _model(name: str, models: Map, done: dict[tuple[str, ...], Map | None], findings: list[Finding]) -> Map:
    if (name,) in done:
        return done[(name,)] or models[name]
    done[(name,)] = None  # while it is worked on
    model: Map = models[name]
    base = model.get(EXTENDS)
    if isinstance(base, str):
        place = model.place_of(EXTENDS)
        if not isinstance(models.get(base), Map):
            findings.append(
                Finding("SMP121", place, f'the model {name} extends "{base}", which is no model', nearest(base, models))
            )
        elif (base,) in done and done[(base,)] is None:
            findings.append(Finding("SMP121", place, f"the model {name} extends itself, by way of {base}", "break the circle"))
        else:
            model = overlay(_model(base, models, done, findings), model)
            model.place = models[name].place
        model = _without(model, EXTENDS)
    done[(name,)] = model
    return model


def _section(path: tuple[str, str], models: Map, done: dict[tuple[str, ...], Map | None], findings: list[Finding]) -> Map:
    if path in done:
        return done[path] or models[path[0]][path[1]]
    done[path] = None
    section: Map = models[path[0]][path[1]]
    written = section.get(EXTENDS)
    if isinstance(written, str):
        base, place = _base(written, path[0], models), section.place_of(EXTENDS)
        if base is None:
            known = [f"{model}.{name}" for model, values in models.items() for name in _sections(values)]
            message = f'{".".join(path)} extends "{written}", which is no section'
            findings.append(Finding("SMP121", place, message, nearest(written, [*_sections(models[path[0]]), *known])))
        elif base in done and done[base] is None:
            message = f"{'.'.join(path)} extends itself, by way of {'.'.join(base)}"
            findings.append(Finding("SMP121", place, message, "break the circle"))
        else:
            section = overlay(_section(base, models, done, findings), section)
            section.place = models[path[0]][path[1]].place
        section = _without(section, EXTENDS)
    done[path] = section
    return section


def _base(written: str, model: str, models: Map) -> tuple[str, str] | None:
    """The section that a name means: one of the model itself, or `model.section`."""
    if written in _sections(models[model]):
        return model, written
    other, _, section = written.rpartition(".")
    return (other, section) if other in models and section in _sections(models[other]) else None


def _sections(model: Any) -> list[str]:
    return [name for name, value in model.items() if isinstance(value, Map)] if isinstance(model, Map) else []


def _without(values: Map, key: str) -> Map:
    rest = Map(values.place)
    for name in values:
        if name != key:
            rest.take(name, values)
    return rest


def _multiply(conf: Map, pipeline: Map, findings: list[Finding]) -> None:
    """Replace every unit that has a matrix, and its model, by those of its combinations."""
    units: Map = pipeline["models"]
    renamed: dict[str, tuple[str, list[str]]] = {}
    for name in [name for name, unit in units.items() if isinstance(unit, Map) and MATRIX in unit]:
        combinations = _combinations(name, units[name], findings)
        steps = _step_names(units[name])
        for chosen in combinations:
            _add(name, chosen, conf, pipeline, steps)
            for step in steps:
                renamed.setdefault(step, (name, []))[1].append(_named(step, chosen))
        for holder in (units, conf["models"]):
            if combinations and name in holder:
                holder.drop(name)
    if renamed:
        _rename_dependencies(pipeline, renamed)


def _combinations(name: str, unit: Map, findings: list[Finding]) -> list[dict[str, tuple[Any, Place]]]:
    """The values of each combination, in the order they are written."""
    matrix, place = unit[MATRIX], unit.place_of(MATRIX)
    lists = matrix.items() if isinstance(matrix, Map) else ()
    if not lists or not all(isinstance(values, Seq) and values for _, values in lists):
        message = f"the matrix of {name} must give a list of values for each key"
        findings.append(Finding("SMP122", place, message, "write matrix: {KEY: [VALUE, …]}"))
        return []
    axes = [[(key, value, values.place_of(at)) for at, value in enumerate(values)] for key, values in lists]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > MOST:
        findings.append(
            Finding("SMP122", place, f"the matrix of {name} makes {count} units; {MOST} is the most", "make it smaller")
        )
        return []
    return [{key: (value, at) for key, value, at in combination} for combination in itertools.product(*axes)]


def _add(name: str, chosen: Mapping[str, tuple[Any, Place]], conf: Map, pipeline: Map, steps: list[str]) -> None:
    """Add the unit of one combination, and its model."""
    models, units = conf["models"], pipeline["models"]
    own, names = _named(name, chosen), {step: _named(step, chosen) for step in steps}
    unit = _filled(_without(units[name], MATRIX), chosen, names)
    for listed in _step_lists(unit):
        for step in listed:
            _rename(step, names)
    units.put(own, unit, units.key_place_of(name), units.place_of(name))
    if isinstance(models.get(name), Map):
        models.put(own, _filled(models[name], chosen, names), models.key_place_of(name), models.place_of(name))


def _named(name: str, chosen: Mapping[str, tuple[Any, Place]]) -> str:
    """The name that a unit or a step has in a combination: with the values put in, else with them behind it."""
    if _VALUE.search(name):
        return _VALUE.sub(lambda match: str(chosen[match[1]][0]) if match[1] in chosen else match[0], name)
    return "-".join([name, *(re.sub(r"[^A-Za-z0-9]+", "-", str(value)).strip("-") for value, _ in chosen.values())])


def _filled(value: Any, chosen: Mapping[str, tuple[Any, Place]], names: Mapping[str, str]) -> Any:
    """A copy of a tree, the values of the combination put in, and steps called by their new names in expressions."""
    if isinstance(value, Map):
        mapping = Map(value.place)
        for key in value:
            mapping.take(key, value)
            mapping[key] = _filled(value[key], chosen, names)
        return mapping
    if isinstance(value, Seq):
        listed = Seq(value.place)
        for index, item in enumerate(value):
            listed.add(_filled(item, chosen, names), value.place_of(index), value.raw.get(index))
        return listed
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _VALUE.fullmatch(value.strip())
    if whole and whole[1] in chosen:
        return chosen[whole[1]][0]
    value = _VALUE.sub(lambda match: str(chosen[match[1]][0]) if match[1] in chosen else match[0], value)
    return re.sub(r"\$\{[^}]*\}", lambda match: _renamed(match[0], names), value)


def _renamed(expression: str, names: Mapping[str, str]) -> str:
    """An expression in which the steps of the unit have their new names."""
    for old, new in names.items():
        expression = re.sub(rf"(\bsteps\.){re.escape(old)}(?![A-Za-z0-9_-])", rf"\g<1>{new}", expression)
        expression = expression.replace(f"steps['{old}']", f"steps['{new}']")
    return expression


def _step_lists(unit: Map) -> Iterator[Seq]:
    """Every list of steps in a unit, those of branches and loops too."""
    todo = [unit.get("steps")]
    while todo:
        listed = todo.pop()
        if isinstance(listed, Seq):
            yield listed
            todo += [step.get(key) for step in listed if isinstance(step, Map) for key in _LISTS]


def _step_names(unit: Map) -> list[str]:
    steps = [step for listed in _step_lists(unit) for step in listed if isinstance(step, Map)]
    return [step["step_name"] for step in steps if isinstance(step.get("step_name"), str)]


def _rename(step: Any, names: Mapping[str, str]) -> None:
    """Give a step its new name, and those that it names."""
    if not isinstance(step, Map):
        return
    if isinstance(step.get("step_name"), str):
        step["step_name"] = names.get(step["step_name"], step["step_name"])
    for key in (*_NAMES, *_LISTS):
        given = step.get(key)
        if isinstance(given, str):
            step[key] = ",".join(names.get(part.strip(), part) for part in given.split(","))
        listed = given if isinstance(given, Seq) else Seq()
        for index, item in enumerate(listed):
            if isinstance(item, str):
                listed[index] = names.get(item, item)
            elif isinstance(item, Map) and key == "depends_on" and isinstance(item.get("step"), str):
                item["step"] = names.get(item["step"], item["step"])


def _rename_dependencies(pipeline: Map, renamed: Mapping[str, tuple[str, list[str]]]) -> None:
    """Write the dependencies out: between steps of one unit within each combination, else with all combinations.

    Args:
        renamed: for each step that was multiplied, its unit and its new names.
    """
    given = pipeline.get("dependencies")
    if not isinstance(given, Seq):
        return
    result = Seq(given.place)
    for index, text in enumerate(given):
        names = [name for name in renamed if isinstance(text, str) and re.search(_whole(name), text)]
        inside = len({renamed[name][0] for name in names}) == 1 and _only(text, names)
        for number in range(len(renamed[names[0]][1]) if inside else 1):
            line = text
            for name in sorted(names, key=len, reverse=True):
                made = renamed[name][1]
                line = re.sub(_whole(name), made[number] if inside else f"[{', '.join(made)}]", line)
            result.add(line, given.place_of(index))
    pipeline["dependencies"] = result


def _whole(name: str) -> str:
    return rf"(?<![^\s\[\],<>]){re.escape(name)}(?![^\s\[\],<>])"


def _only(text: str, names: list[str]) -> bool:
    """Whether a dependency names no other steps than these."""
    return set(re.findall(r"[^\s\[\],<>]+", text)) <= set(names)
