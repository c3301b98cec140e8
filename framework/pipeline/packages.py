"""Registered models that a pipeline uses: which version it is, is known when it is deployed or run, not when it is compiled.

In the definition the version's ARN is a parameter. In: a compiled pipeline and somebody who knows a registry. Out: the same
pipeline with that version as the parameter's default, so that every execution uses it until the next deployment finds a newer one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from framework.pipeline.compiled import CompiledPipeline, PackageRequest

Find = Callable[[PackageRequest], str]
"""The ARN of the version that is asked for; raises BackendError where there is none."""


def with_packages(compiled: CompiledPipeline, find: Find, given: Collection[str] = ()) -> CompiledPipeline:
    """The pipeline with the versions that its requests come to.

    Args:
        find: knows the registry.
        given: parameters that get a value otherwise; no version is looked for.

    Raises:
        BackendError: there is no such version.
    """
    found = {request.parameter: find(request) for request in compiled.model_packages if request.parameter not in given}
    if not found:
        return compiled
    parameters = [
        {**parameter, "DefaultValue": found[parameter["Name"]]} if parameter["Name"] in found else parameter
        for parameter in compiled.definition["Parameters"]
    ]
    return replace(compiled, definition={**compiled.definition, "Parameters": parameters})
