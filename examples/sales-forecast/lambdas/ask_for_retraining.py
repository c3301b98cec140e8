"""The function that sales-AskForRetraining calls on SageMaker: it starts the pipeline that builds the model.

In: the event {"pipeline", "execution", "drifted_columns", "error_ratio"}. Out: {"execution": ARN of the one that was started}.
Its role needs sagemaker:StartPipelineExecution on that pipeline, and nothing else.
"""

from __future__ import annotations

from typing import Any


def request(event: dict[str, Any]) -> dict[str, Any]:
    """What StartPipelineExecution gets.

    Args:
        event: What the step sent.

    Returns:
        The arguments. The token is the execution that asks: however often the step is tried, one retraining starts.
    """
    columns, ratio = int(event["drifted_columns"]), float(event["error_ratio"])
    return {
        "PipelineName": event["pipeline"],
        "PipelineExecutionDescription": f"{columns} drifted columns, {ratio:.2f} times the registered error",
        "ClientRequestToken": f"retraining-asked-for-by-{event['execution']}".ljust(32, "-")[:128],
    }


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    import boto3

    started = boto3.client("sagemaker").start_pipeline_execution(**request(event))
    return {"execution": started["PipelineExecutionArn"]}
