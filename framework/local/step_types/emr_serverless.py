"""EMRServerless: a sparkSubmit job runs here where spark-submit is installed; a hive job, and all others, are recorded.

The description is that of EMR Serverless' GetJobRun. A job run may take executionTimeoutMinutes, twelve hours when nothing is said,
and any time when that is 0 (API StartJobRun).
"""

from __future__ import annotations

import hashlib
import shlex
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

DEFAULT_MINUTES = 720


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    config = step.arguments.get("JobConfig") or {}
    if not config.get("jobDriver"):
        raise StepError("ClientError: the step has no JobConfig.jobDriver")
    begin = now()
    why = _why_not(config)
    if why is None:
        minutes = int(config.get("executionTimeoutMinutes", DEFAULT_MINUTES))
        spark.submit(step, _words(config["jobDriver"]["sparkSubmit"]), minutes * 60 or None)
    description = _description(step, config, begin)
    return description if why is None else recorded(step, description, why)


def simulated(step: Mapping[str, Any], settings: LocalSettings) -> str | None:
    """See `StepType.simulated`."""
    return _why_not(object_at(step, "Arguments", "JobConfig"))


def _why_not(config: Mapping[str, Any]) -> str | None:
    """Why a job would not run here."""
    if not object_at(config, "jobDriver").get("sparkSubmit"):
        return "only jobs of the driver sparkSubmit run without EMR Serverless, so that nothing was started"
    if spark.program() is None:
        return f"there is no {spark.PROGRAM} on the PATH of this machine, so that nothing was started"
    return None


def _words(driver: Mapping[str, Any]) -> list[str]:
    try:
        options = shlex.split(text(driver.get("sparkSubmitParameters", "")))
    except ValueError as error:
        raise StepError(f"ClientError: sparkSubmitParameters cannot be read: {error}") from None
    return [*options, text(driver["entryPoint"]), *(text(word) for word in driver.get("entryPointArguments") or ())]


def _description(step: StepRun, config: Mapping[str, Any], begin: str) -> dict[str, Any]:
    digest = hashlib.sha256(step.job_name.encode()).hexdigest()[:16]
    application = str(step.arguments.get("ApplicationId") or config.get("applicationId") or f"local{digest[:11]}")
    job = {
        **{
            name: config[name]
            for name in ("jobDriver", "configurationOverrides", "executionTimeoutMinutes", "tags")
            if name in config
        },
        "applicationId": application,
        "jobRunId": digest,
        "name": config.get("name") or step.job_name,
        "executionRole": config.get("executionRoleArn") or step.arguments.get("ExecutionRoleArn"),
        "state": "SUCCESS",
        "stateDetails": "",
        "createdAt": begin,
        "updatedAt": now(),
    }
    return {"ApplicationId": application, "JobRunId": digest, "jobRun": job}


STEP_TYPE = StepType("EMRServerless", "jobrun", "", "", run, arn_is_result=True, simulated=simulated)
