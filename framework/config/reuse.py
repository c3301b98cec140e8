"""What is written once and used several times: `extends` and `matrix`, carried out on the joined tree before variables are put in.

- `extends` in a section: another section of the model, or `model.section`, lies below it; in a model: another model does
  (extends.py).
- `matrix` in a unit: one unit for each combination of its values, and the model with it; `${matrix.KEY}` is the value (matrix.py).

`defaults` need the kind of a section and come later (defaults.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from framework.config.extends import extend
from framework.config.matrix import multiply
from framework.config.values import Map
from framework.findings import Finding, Place


def reuse(tree: Map, variables: Mapping[str, str]) -> tuple[Map, list[Finding], frozenset[Place]]:
    """Write out everything that is extended or multiplied.

    Args:
        variables: those of the environment, which the names of a matrix may be made of.

    Returns:
        the tree, what is wrong with that, and the places of the keys of models and sections that others extend.
    """
    conf = tree.get("conf")
    if not isinstance(conf, Map) or not isinstance(conf.get("models"), Map):
        return tree, [], frozenset()
    findings, extended = extend(conf["models"])
    pipeline = conf.get("sagemakerPipeline")
    if isinstance(pipeline, Map) and isinstance(pipeline.get("models"), Map):
        findings += multiply(conf, variables)
    return tree, findings, extended
