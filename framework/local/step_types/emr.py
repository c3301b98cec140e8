"""EMR: a step of command-runner.jar that calls spark-submit runs here where spark-submit is installed; every other one is recorded.

The description is the Step of EMR's DescribeStep, and ClusterId. There is no cluster: a cluster configuration counts for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from framework.local import spark
from framework.local.functions import text
from framework.local.job import StepError, StepRun
from framework.local.names import now
from framework.local.recording import recorded
from framework.local.shapes import object_at
from framework.local.step_types.base import StepType
from framework.pipeline.compiled import LocalSettings

RUNNER = "command-runner.jar"


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    jar = (step.arguments.get("StepConfig") or {}).get("HadoopJarStep") or {}
    if not jar.get("Jar"):
        raise StepError("ClientError: the step has no StepConfig.HadoopJarStep.Jar")
    begin = now()
    why = _why_not(jar)
    if why is None:
        spark.submit(step, [text(word) for word in jar["Args"][1:]], None)
    description = _description(step, jar, begin)
    return description if why is None else recorded(step, description, why)


def simulated(step: Mapping[str, Any], settings: LocalSettings) -> str | None:
    """See `StepType.simulated`."""
    return _why_not(object_at(step, "Arguments", "StepConfig", "HadoopJarStep"))


def _why_not(jar: Mapping[str, Any]) -> str | None:
    """Why a step would not run here."""
    words = jar.get("Args")
    if not str(jar.get("Jar", "")).endswith(RUNNER) or not isinstance(words, list) or words[:1] != [spark.PROGRAM]:
        return f"only steps of {RUNNER} that call {spark.PROGRAM} run without a cluster, so that {jar.get('Jar')} was not started"
    if spark.program() is None:
        return f"there is no {spark.PROGRAM} on the PATH of this machine, so that nothing was started"
    return None


def _description(step: StepRun, jar: Mapping[str, Any], begin: str) -> dict[str, Any]:
    digest = hashlib.sha256(step.job_name.encode()).hexdigest().upper()[:13]
    config = {
        "Jar": jar["Jar"],
        "Args": list(jar.get("Args") or ()),
        "Properties": {str(entry["Key"]): entry["Value"] for entry in jar.get("Properties") or ()},
        **({"MainClass": jar["MainClass"]} if jar.get("MainClass") else {}),
    }
    return {
        **{name: value for name, value in step.arguments.items() if name != "StepConfig"},
        "ClusterId": step.arguments.get("ClusterId") or f"j-{digest}",
        "Id": f"s-{digest}",
        "Name": step.step["Name"],
        "Config": config,
        "Status": {"State": "COMPLETED", "Timeline": {"CreationDateTime": begin, "StartDateTime": begin, "EndDateTime": now()}},
    }


STEP_TYPE = StepType("EMR", "step", "", "", run, arn_is_result=True, simulated=simulated)
