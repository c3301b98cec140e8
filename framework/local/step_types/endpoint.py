"""Endpoint: a server on loopback for the model of a production variant, which goes on until somebody stops it.

An endpoint that has the name already is replaced once the new server answers GET /ping (`framework.local.endpoints`). Of several
variants the one with the largest weight is served. A model or a configuration that no step of the pipeline made is not here; then
the endpoint is only recorded. A server has as long as a container to answer (developer guide, page "How containers serve
inferences": eight minutes, or ContainerStartupHealthCheckTimeoutInSeconds).
"""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from framework.errors import BackendError
from framework.local import endpoints
from framework.local.detached import DetachedRunner, DetachedRunning
from framework.local.endpoints import Deployment, Endpoint
from framework.local.invoker import free_port
from framework.local.job import Job, StepError, StepRun, last_line, last_lines
from framework.local.names import arn, now
from framework.local.recording import note, recorded, state_folder
from framework.local.runners.base import Running
from framework.local.runners.containers import SERVER_PORT
from framework.local.serving import Server, container_of, prepare
from framework.local.step_types.base import StepType

PROGRAM = Path(__file__).parents[1] / "programs" / "endpoint_server.py"
START_SECONDS = 480.0
POLL_SECONDS = 0.02
PING_SECONDS = 2.0
KEPT_LINES = 50


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    name = str(step.arguments.get("EndpointName") or step.job_name)
    if not endpoints.NAME.fullmatch(name):
        raise StepError(f"ClientError: {name!r} is not a name of an endpoint: letters, digits and single hyphens, at most 63")
    config = _made(step, "EndpointConfig", step.arguments.get("EndpointConfigName")) or {"ProductionVariants": []}
    variant: Mapping[str, Any] = max(config["ProductionVariants"], key=_weight, default={})
    if why := _why_not(step, config, variant):
        return recorded(step, _description(step, name, config, ""), f"{why}, so that no server was started")
    container = container_of(step, variant["ModelName"], "serves")
    endpoint = _deploy(step, name, variant, container)
    note(step, f"the endpoint {name} answers: POST {endpoint.url}; its log: {endpoint.log}; to end it: smp local stop {name}")
    if len(config["ProductionVariants"]) > 1:
        note(step, f"of its variants only {variant['VariantName']} is served, which has the largest weight")
    return {**_description(step, name, config, str(variant["VariantName"])), "LocalUrl": endpoint.url}


def _made(step: StepRun, kind: str, name: object) -> Mapping[str, Any] | None:
    """What a step of this pipeline made under a name; None when none did."""
    told = [about for about in list(step.descriptions.values()) if f"{kind}Arn" in about and about.get(f"{kind}Name") == name]
    return told[0] if told else None


def _why_not(step: StepRun, config: Mapping[str, Any], variant: Mapping[str, Any]) -> str:
    """Why there is nothing to serve here; empty when there is."""
    if not config["ProductionVariants"]:
        return f"no step of this pipeline made the endpoint configuration {step.arguments.get('EndpointConfigName')}"
    if not variant.get("ModelName"):
        return "its variant names no model but leaves that to inference components, which a local run only records"
    if _made(step, "Model", variant["ModelName"]) is None:
        return f"no step of this pipeline made the model {variant['ModelName']}"
    return ""


def _weight(variant: Mapping[str, Any]) -> float:
    return float(variant.get("InitialVariantWeight", 1.0))


def _description(step: StepRun, name: str, config: Mapping[str, Any], served: str) -> dict[str, Any]:
    time_now = now()
    return {
        **step.arguments,
        "EndpointName": name,
        "EndpointArn": arn("endpoint", name),
        "EndpointStatus": endpoints.IN_SERVICE,
        "ProductionVariants": [_variant(variant, served) for variant in config["ProductionVariants"]],
        "CreationTime": time_now,
        "LastModifiedTime": time_now,
    }


def _variant(variant: Mapping[str, Any], served: str) -> dict[str, Any]:
    wanted = int(variant.get("InitialInstanceCount", 1))
    return {
        "VariantName": variant.get("VariantName"),
        "CurrentWeight": _weight(variant),
        "DesiredWeight": _weight(variant),
        "CurrentInstanceCount": 1 if variant.get("VariantName") == served else 0,
        "DesiredInstanceCount": wanted,
    }


def _deploy(step: StepRun, name: str, variant: Mapping[str, Any], container: Mapping[str, Any]) -> Endpoint:
    archive = step.site.store.object(str(container["ModelDataUrl"]))
    seconds = float(variant.get("ContainerStartupHealthCheckTimeoutInSeconds", START_SECONDS))
    with Deployment(state_folder(step.site), name) as deployment:
        run = replace(step, folder=deployment.folder)
        try:
            job = Job(run, str(container.get("Image", "")))
            server = prepare(job, archive, container, {})
            launch = Launch(job, server, name)
            try:
                port = launch.wait(seconds)
                about = {"model": str(variant["ModelName"]), "config": str(step.arguments["EndpointConfigName"])}
                return deployment.keep(launch.running, port, path=launch.path, job=step.job_name, **about)
            except BaseException:
                launch.running.stop()
                raise
        except (StepError, BackendError):
            _keep_log(step, run.log)
            raise


class Launch:
    """A server that was started and does not answer yet.

    Args:
        job: has the model.
        server: serves it.
        name: the endpoint's name.

    Attributes:
        running: the server.
        path: where it answers requests to the model.
    """

    def __init__(self, job: Job, server: Server, name: str) -> None:
        self._job, self._stopped = job, getattr(job.run.site.runner, "stopped", None)
        self._file, self._port = job.run.folder / "port", 0
        job.run = replace(job.run, site=replace(job.run.site, runner=DetachedRunner(job.run.site.runner)))
        self.running = cast("DetachedRunning", self._foreign(server) if server.words else self._own(server, name))

    def _own(self, server: Server, name: str) -> Running:
        self.path = f"/endpoints/{name}/invocations"
        return self._job.start(["python", str(PROGRAM), str(self._file), name], server.environment)

    def _foreign(self, server: Server) -> Running:
        self.path, self._port = "/invocations", free_port()
        inside = self._job.in_container
        environment = {**server.environment, "SAGEMAKER_BIND_TO_PORT": str(SERVER_PORT if inside else self._port)}
        return self._job.start(server.words, environment, entry_point=inside, port=self._port)

    def wait(self, seconds: float) -> int:
        """The server's port, once it answers there.

        Raises:
            StepError: it ends, or does not answer in time.
            BackendError: the run was stopped.
        """
        limit = time.monotonic() + seconds
        while not self._answers():
            code = self.running.wait(POLL_SECONDS)
            if code is not None:
                raise StepError(f"AlgorithmError: the model cannot be loaded: {last_line(self._job.run.log)}, exit code: {code}")
            if self._stopped is not None and self._stopped.is_set():
                raise BackendError("Starting the endpoint", "the run was stopped")
            if time.monotonic() > limit:
                raise StepError(f"AlgorithmError: the server did not answer GET /ping within {seconds:.0f} seconds")
        return self._port

    def _answers(self) -> bool:
        if not self._port and self._file.is_file():
            self._port = int(self._file.read_text())
        if not self._port:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PING_SECONDS)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        return False


def _keep_log(step: StepRun, log: Path) -> None:
    """Takes over the end of the log of a server that will be gone."""
    with step.log.open("a", encoding="utf-8") as target:
        target.writelines(f"{line}\n" for line in last_lines(log, KEPT_LINES))


STEP_TYPE = StepType("Endpoint", "endpoint", "EndpointName", "EndpointArn", run, arn_is_result=True)
