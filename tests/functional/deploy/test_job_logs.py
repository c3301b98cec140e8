"""Lines of jobs out of CloudWatch Logs, over HTTP: all of them, the last ones, and each once while more of them come."""

from __future__ import annotations

import pytest

from framework.deploy.clients import Clients
from framework.deploy.logs import JobLog, Reader, tail

GROUP = "/aws/sagemaker/TrainingJobs"
LOG = JobLog("arn", GROUP, "job-1/")


@pytest.fixture
def write(aws):
    def act(moment: int, line: str, stream: str = "job-1/algo-1-1", group: str = GROUP) -> None:
        aws.logs.groups[group].setdefault(stream, []).append((moment, line))

    return act


def test_the_last_lines_of_all_instances_in_the_order_of_time(aws, write):
    for moment in range(6):
        write(moment, f"{moment}", stream=f"job-1/algo-{moment % 2 + 1}")
    write(99, "of another job", stream="job-10/algo-1")
    clients = Clients()

    assert tail(clients, LOG, 3) == ["3", "4", "5"]
    assert tail(clients, LOG, 0) == []
    assert tail(clients, JobLog("arn", GROUP, "job-2/"), 3) == []
    assert tail(clients, JobLog("arn", "/aws/sagemaker/TransformJobs", "job-1/"), 3) == []


def test_each_line_is_read_once_also_when_it_comes_late(aws, write):
    reader = Reader(Clients(), LOG)
    assert list(reader.more()) == []
    write(100_000, "first")
    write(100_000, "of the same moment", stream="job-1/algo-2")

    assert list(reader.more()) == ["first", "of the same moment"]
    assert list(reader.more()) == []
    write(95_000, "late", stream="job-1/algo-2")
    write(101_000, "next")
    assert list(reader.more()) == ["late", "next"]
    assert list(reader.more()) == []
    assert [call.parameters["startTime"] for call in aws.of("FilterLogEvents")] == [0, 0, 90_000, 90_000, 91_000]


def test_many_lines_come_in_pages(aws, write):
    for moment in range(7):
        write(moment, f"{moment}")
    aws.logs.page_size = 3

    assert list(Reader(Clients(), LOG).more()) == list("0123456")
    assert len(aws.of("FilterLogEvents")) == 3


def test_the_log_of_a_function_is_what_it_wrote_while_the_step_ran(aws, write):
    for moment in (1_000, 5_000, 7_500, 9_000):
        write(moment, f"{moment}", stream="2026/01/05/[$LATEST]abc", group="/aws/lambda/notify")
    log = JobLog("arn", "/aws/lambda/notify", "", 5_000, 7_000)

    assert tail(Clients(), log, 5) == ["5000", "7500"]
    assert list(Reader(Clients(), log).more()) == ["5000", "7500"]
