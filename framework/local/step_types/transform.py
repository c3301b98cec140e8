"""Transform: the model's script behind an inference server of our own, every input object through it, answers to S3."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from framework.local import records
from framework.local.associate import Association, SelectionError, association
from framework.local.functions import text
from framework.local.invoker import Invoker
from framework.local.job import Job, StepError, StepRun, own_environment, s3_prefix
from framework.local.serving import container_of, prepare
from framework.local.step_types.base import StepType

DEFAULT_PAYLOAD_MB = 6
DEFAULT_TIMEOUT = 600.0


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    container = container_of(step, step.arguments.get("ModelName"), "transforms")
    source, plan = step.arguments["TransformInput"], _plan(step.arguments)
    inputs = step.site.store.find(s3_prefix((source.get("DataSource") or {}).get("S3DataSource") or {}, "TransformInput"))
    archive = step.site.store.object(str(container["ModelDataUrl"]))
    job = Job(step, str(container.get("Image", "")))
    server = prepare(job, archive, container, {**own_environment(step.arguments), "SAGEMAKER_BATCH": "true"})
    with Invoker(job, server.environment, _timeout(step.arguments), server.words) as invoker:
        for name, path in inputs:
            _transform(path, step.folder / "out" / f"{name}.out", Exchange(invoker, step.arguments, plan, name))
    step.site.store.upload(step.folder / "out", str(step.arguments["TransformOutput"]["S3OutputPath"]), step.folder)
    about = {"TransformJobName": step.job_name, "TransformJobArn": step.job_arn, "TransformJobStatus": "Completed"}
    return {**step.arguments, **about}


def _plan(arguments: Mapping[str, Any]) -> Association | None:
    """What the job asks for beside predictions; refuses what cannot be done here."""
    split_type = arguments["TransformInput"].get("SplitType", "None")
    if split_type not in records.SPLIT_TYPES:
        raise StepError(f"ClientError: SplitType {split_type} is not known to a local run; it splits by Line, or not at all")
    try:
        return association(arguments)
    except SelectionError as error:
        raise StepError(f"ClientError: {error}") from None


def _timeout(arguments: Mapping[str, Any]) -> float:
    return float((arguments.get("ModelClientConfig") or {}).get("InvocationsTimeoutInSeconds", DEFAULT_TIMEOUT))


class Exchange:
    """The conversation with the model about one input object.

    Args:
        invoker: the model.
        arguments: of CreateTransformJob.
        plan: filters and join, if any.
        name: the object's name.
    """

    def __init__(self, invoker: Invoker, arguments: Mapping[str, Any], plan: Association | None, name: str) -> None:
        source, target = arguments["TransformInput"], arguments["TransformOutput"]
        self._invoker, self._plan, self._name = invoker, plan, name
        self._content_type, self._accept = text(source.get("ContentType") or ""), text(target.get("Accept") or "")
        self.compressed = source.get("CompressionType", "None") == "Gzip"
        self._split, self._assemble = source.get("SplitType", "None"), target.get("AssembleWith", "None")
        self._many = arguments.get("BatchStrategy", "MultiRecord") == "MultiRecord"
        self._limit = int(arguments.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)) * records.MEGABYTE

    def answers(self, content: BinaryIO) -> Iterator[bytes]:
        """The pieces of the output, in order.

        Raises:
            StepError: the model fails, or the records do not fit what the job asks for.
        """
        try:
            for batch in self._batches(content):
                yield self._answer(batch)
        except (records.TooLargeError, SelectionError) as error:
            raise StepError(f"ClientError: {self._name}: {error}") from None

    def _batches(self, content: BinaryIO) -> Iterator[list[tuple[bytes, bytes]]]:
        """Pairs of a record and what the model gets of it, by request."""
        plan = self._plan
        pairs = ((record, plan.to_model(record) if plan else record) for record in records.split(content, self._split))
        return records.batches(pairs, self._many, self._limit, size=lambda pair: len(pair[1]))

    def _answer(self, batch: list[tuple[bytes, bytes]]) -> bytes:
        body = records.body([sent for _, sent in batch])
        answer = self._invoker.invoke(body, self._content_type, self._accept, self._name)
        if self._plan and self._plan.changes_output:
            return self._plan.to_output([record for record, _ in batch], answer)
        return records.assemble(answer, self._assemble)


def _transform(source: Path, target: Path, exchange: Exchange) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as raw, target.open("wb") as output:
        content = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if exchange.compressed else raw
        output.writelines(exchange.answers(content))


STEP_TYPE = StepType("TransformJob", "transform-job", "TransformJobName", "TransformJobArn", run)
