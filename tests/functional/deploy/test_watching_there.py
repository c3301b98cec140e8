"""`smp run --wait` in a pseudo-terminal: the table of an execution on SageMaker."""

from __future__ import annotations

import os
import re
import signal
from datetime import datetime, timezone

from tests.functional.deploy.test_commands import PROJECT
from tests.functional.test_watching import Window


def test_the_table_shows_the_steps_without_log_lines(cloud, tmp_path):
    states = [
        {"StepName": "lgbm-Training", "StepStatus": "Executing", "StartTime": datetime.now(timezone.utc).timestamp() - 100},
        {"StepName": "lgbm-Preprocessing", "StepStatus": "Succeeded", "StartTime": 1e9, "EndTime": 1e9 + 7},
    ]
    cloud.always("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=states))
    cloud.always("DescribePipelineExecution", cloud.ok(PipelineExecutionArn="arn:x/y", PipelineExecutionStatus="Executing"))
    seen = Window(tmp_path, (*PROJECT, "run", "--wait"), {}, (24, 100))
    try:
        text = seen.until(lambda screen: "not begun" in screen)
        assert re.search(r"^lgbm-Training +Training +Executing +1:4\d min$", text, re.MULTILINE)
        assert re.search(r"^lgbm-Preprocessing +Processing +Succeeded +7 s$", text, re.MULTILINE)
        assert re.search(r"^1 running, 1 succeeded, \d+ not begun$", text, re.MULTILINE)
        seen.process.send_signal(signal.SIGINT)
        seen.end()
        assert seen.process.returncode == 4
        assert seen.screen.cursor
        assert "lgbm-Training" not in seen.screen.text()
        assert "detached: the execution goes on\n" in seen.screen.text()
    finally:
        seen.process.kill()
        seen.process.wait()
        os.close(seen.master)
        os.close(seen.slave)
