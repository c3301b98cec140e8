"""`defaults`: what sections say where they themselves say nothing, at three levels of which the nearest wins.

The levels are the framework (`conf.defaults`), the pipeline (`sagemakerPipeline.defaults`) and the model (`models.NAME.defaults`).
Each is a mapping from the name of a section, or from a step class (for all sections of its steps, whatever they are called; the
name of the section is nearer than the class), to values of such sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from framework.config.merge import overlay
from framework.config.model import STEP_CLASSES
from framework.config.values import Map
from framework.findings import WARNING, Finding, nearest

_ALSO = {"registry": ("create_model",), "create_model": ("registry",), "monitor": ("transform",)}
"""For kinds of sections, those of step classes whose defaults are theirs too."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of a configuration: those of the framework and of the pipeline, and those of each model."""

    shared: tuple[Map, ...] = ()
    models: dict[str, Map] = field(default_factory=dict)

    @classmethod
    def of(cls, conf: Map) -> Defaults:
        """The defaults that `conf` declares."""
        declared = [_map(conf.get("defaults")), _map(_map(conf.get("sagemakerPipeline")).get("defaults"))]
        models = {name: _map(_map(model).get("defaults")) for name, model in _map(conf.get("models")).items()}
        return cls(tuple(level for level in declared if level), {name: level for name, level in models.items() if level})

    def below(self, section: Map, model: str, name: str, kind: str) -> Map:
        """The section over the defaults that there are for it.

        Args:
            section: what it says itself.
            model: the model it belongs to.
            name: what it is called; "" for one that stands on its step.
            kind: the schema it follows.
        """
        levels = [*self.shared, *([self.models[model]] if model in self.models else [])]
        words = [*(word for word, about in STEP_CLASSES.items() if about.kind == kind or about.kind in _ALSO.get(kind, ())), name]
        result = None
        for values in (level[word] for level in levels for word in words if isinstance(level.get(word), Map)):
            result = values if result is None else overlay(result, values)
        if result is None:
            return section
        merged = overlay(result, section)
        merged.place = section.place
        return merged

    def unused(self, sections: Iterable[str]) -> Iterator[Finding]:
        """Warnings of defaults for what is neither a section nor a step class."""
        legal = {*sections, *STEP_CLASSES}
        for level in (*self.shared, *self.models.values()):
            for name in level:
                if name not in legal:
                    message = f'the defaults for "{name}" have no effect: no section or step class is called so'
                    yield Finding("SMP116", level.key_place_of(name), message, nearest(name, legal), WARNING)


def _map(value: Any) -> Map:
    return value if isinstance(value, Map) else Map()
