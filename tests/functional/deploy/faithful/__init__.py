"""AWS as the deploy room sees it, in memory and over HTTP, held to botocore's own service model in both directions.

In: requests of SageMaker (pipelines, versions, executions, tags, model package groups), S3 by path, CloudWatch Logs, STS, rules of
EventBridge, schedules of EventBridge Scheduler and topics of SNS. Out:
what the API reference says. Where that is silent, it is like this here: a token that comes again with other parameters is a
ValidationException, and so is stopping what has ended or deleting what runs.
"""

from tests.functional.deploy.faithful.executions import Frame as Frame
from tests.functional.deploy.faithful.server import Call as Call
from tests.functional.deploy.faithful.server import Faithful as Faithful
