"""Step class Custom: steps that a user's function makes with the SageMaker SDK, and what is said where it makes none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
needs_sdk = pytest.mark.skipif(find_spec("sagemaker") is None, reason="the extra sdk is not installed")

LAMBDA = """
from sagemaker.core.lambda_helper import Lambda
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.core.workflow.properties import Properties
from sagemaker.mlops.workflow.lambda_step import LambdaStep, LambdaOutput, LambdaOutputTypeEnum
from sagemaker.mlops.workflow.steps import CacheConfig
from sagemaker.mlops.workflow.step_dependency import StepDependency, TriggerCondition

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:tell"


def tell(context):
    print("noise")
    inputs = {
        "model": Properties(step_name="fit", path="ModelArtifacts.S3ModelArtifacts"),
        "stage": ParameterString("Stage"),
        "where": Join(on="/", values=["s3:/", context.bucket, context.pipeline_name, ExecutionVariables.PIPELINE_EXECUTION_ID]),
        "who": [context.role, context.region, context.step_name],
    }
    outputs = [LambdaOutput("answer", LambdaOutputTypeEnum.String)]
    step = LambdaStep("tell", lambda_func=Lambda(function_arn=ARN), inputs=inputs, outputs=outputs, description="of the SDK",
                      depends_on=["model", StepDependency("score", TriggerCondition.ANY)],
                      cache_config=CacheConfig(enable_caching=True, expire_after="P7D"))
    return step
"""


@pytest.fixture
def custom(project: Project) -> Project:
    project.pipeline["parameters"] = {"Stage": "test"}
    project.pipeline["steps"] = [{"step_name": "tell", "step_class": "Custom", "factory": "mine.steps:tell"}]
    return project


def made(project: Project, code: str, file: str = "mine/steps.py") -> Any:
    path = project.write(file, code)
    outcome = project.compile()
    assert not list(path.parent.rglob("__pycache__"))
    return outcome


@needs_sdk
def test_a_step_of_the_sdk_becomes_a_step_of_the_pipeline(custom: Project, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = made(custom, LAMBDA)
    assert outcome.texts == []
    execution = {"Get": "Execution.PipelineExecutionId"}
    assert outcome.steps["tell"] == {
        "Name": "tell",
        "Type": "Lambda",
        "Arguments": {
            "model": {"Get": "Steps.fit.ModelArtifacts.S3ModelArtifacts"},
            "stage": {"Get": "Parameters.Stage"},
            "where": {"Std:Join": {"On": "/", "Values": ["s3:/", "models", "churn-test", execution]}},
            "who": [custom.variables["SMP_ROLE"], "eu-west-1", "tell"],
        },
        "DependsOn": ["model", {"Step": "score", "Trigger": "Any"}],
        "Description": "of the SDK",
        "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:tell",
        "OutputParameters": [{"OutputName": "answer", "OutputType": "String"}],
        "CacheConfig": {"Enabled": True, "ExpireAfter": "P7D"},
    }
    assert list(outcome.steps).index("tell") > list(outcome.steps).index("fit")
    assert capsys.readouterr().out == ""


@needs_sdk
def test_keys_of_the_step_win_over_those_of_the_sdk(custom: Project) -> None:
    custom.pipeline["steps"][0] |= {
        "description": "ours", "display_name": "Tell", "enable_cache": True, "cache_expire_after": "P1D",
        "depends_on": [{"step": "model", "trigger": "Failed"}], "arguments": {"stage": "prod"},
    }  # fmt: skip
    step = made(custom, LAMBDA).steps["tell"]
    assert (step["Description"], step["DisplayName"], step["Arguments"]["stage"]) == ("ours", "Tell", "prod")
    assert step["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P1D"}
    assert step["DependsOn"] == [{"Step": "model", "Trigger": "Failed"}, {"Step": "score", "Trigger": "Any"}]


@needs_sdk
def test_the_module_may_lie_in_the_source_directory_and_import_its_neighbours(custom: Project) -> None:
    custom.pipeline["models"]["churn"]["steps"].append(custom.pipeline["steps"].pop())
    custom.write("src/mine/neighbour.py", 'MESSAGE = "no"\n')
    code = "from mine.neighbour import MESSAGE\nfrom sagemaker.mlops.workflow.fail_step import FailStep\n"
    outcome = made(custom, code + 'def tell():\n    return FailStep("tell", error_message=MESSAGE)\n', "src/mine/steps.py")
    assert outcome.at("tell") == {"ErrorMessage": "no"}
    assert "mine" not in sys.modules
    custom.write("src/mine/neighbour.py", 'MESSAGE = "changed"\n')
    assert custom.compile().at("tell") == {"ErrorMessage": "changed"}


CONDITION = """
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.parameters import ParameterString
from sagemaker.core.workflow.properties import Properties
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.core.workflow.functions import Join


def tell():
    first = FailStep("first", error_message="one")
    second = FailStep("second", error_message="two", depends_on=[first])
    return ConditionStep("tell", conditions=[ConditionEquals(left=ParameterString("Stage"), right="x")], if_steps=[first, second])
"""


@needs_sdk
def test_a_condition_of_the_sdk_holds_its_steps(custom: Project) -> None:
    outcome = made(custom, CONDITION)
    assert outcome.texts == []
    arguments = outcome.at("tell")
    assert arguments["Conditions"] == [{"Type": "Equals", "LeftValue": {"Get": "Parameters.Stage"}, "RightValue": "x"}]
    assert [(step["Name"], step.get("DependsOn")) for step in arguments["IfSteps"]] == [("first", None), ("second", ["first"])]


FAIL = "from sagemaker.mlops.workflow.fail_step import FailStep\n"

# what the module holds, and all that is said (the place of the configuration is CONF)
FAULTS: list[tuple[str, str]] = [
    (f'{FAIL}def tell():\n    return FailStep("other", error_message="x")\n',
     "CONF SMP321 warning: the step that mine.steps:tell makes is called other; in the pipeline it is tell. "
     "Try: call it tell, so that what else the SDK makes can refer to it."),
    ("def tell():\n    return 7\n",
     "CONF SMP321 tell: tell returns an int, which is no step of the SDK. Try: return a step, such as ProcessingStep(…)."),
    ("def tell():\n    pass\n",
     "CONF SMP321 tell: tell returns nothing, which is no step of the SDK. Try: return a step, such as ProcessingStep(…)."),
    ("def told():\n    pass\n", "CONF SMP321 tell: mine.steps has no function tell. Try: one of told."),
    ("tell = 3\n", "CONF SMP321 tell: mine.steps has no function tell. Try: define tell."),
    ("def tell():\n    return help_me()\n",
     "mine/steps.py:2:1 SMP321 tell: the factory failed with NameError: name 'help_me' is not defined. Try: correct the factory."),
    ("import os\n\ndef tell(context):\n    def inner():\n        raise SystemExit(3)\n    return inner()\n",
     "mine/steps.py:5:1 SMP321 tell: the factory failed with SystemExit: 3. Try: correct the factory."),
    ("def tell(:\n", "mine/steps.py:1:1 SMP321 tell: it is not valid Python: invalid syntax. Try: correct this line."),
    ("import nothing_of_this_name\n",
     "mine/steps.py:1:1 SMP321 tell: there is no module nothing_of_this_name. "
     "Try: install nothing_of_this_name, or correct the import."),
    ("def tell(name):\n    pass\n",
     "CONF SMP321 tell: the factory failed with TypeError: tell() missing 1 required positional argument: 'name'. "
     "Try: look at what the factory gives to the SDK."),
    ("class Step:\n    def to_request(self):\n        return {'Name': 'tell', 'Type': 'Fail', 'Arguments': {'a': [object]}}\n"
     "def tell():\n    return Step()\n",
     "CONF SMP321 tell: Arguments.a holds a type, which no definition can hold. "
     "Try: give the SDK texts, numbers, properties of steps or parameters there."),
    ("class Step:\n    def to_request(self):\n        return {'Name': 'tell', 'Type': 'Fail', 'Arguments': None}\n"
     "def tell():\n    return Step()\n",
     "CONF SMP321 tell: the step has no arguments. Try: look at what its to_request() tells."),
    ("class Step:\n    def to_request(self):\n        return {'Name': 'tell', 'Type': 'Fail', "
     "'Arguments': {}, 'DependsOn': ['fti']}\n"
     "def tell():\n    return Step()\n",
     'HERE SMP201 tell waits for "fti", which is no step. Try: fit.'),
    ("class Step:\n    def to_request(self):\n        return {'Name': 'tell', 'Type': 'Fail', "
     "'Arguments': {'ErrorMessage': {'Get': 'Steps.fti.X'}}}\n"
     "def tell():\n    return Step()\n",
     'HERE SMP201 tell refers to "fti", which is no step. Try: fit.'),
]  # fmt: skip


@pytest.mark.parametrize(("code", "said"), FAULTS, ids=range(len(FAULTS)))
def test_what_a_factory_does_wrong_is_said_at_its_line(custom: Project, code: str, said: str) -> None:
    if "sagemaker" in code and find_spec("sagemaker") is None:
        pytest.skip("the extra sdk is not installed")
    del custom.pipeline["parameters"]
    outcome = made(custom, code)
    line = next(line for line in outcome.texts)
    place = line.partition(" ")[0]
    expected = said.replace("CONF", place).replace("HERE", place)
    assert outcome.texts == [expected]
    assert place.startswith("churn/conf/conf.yaml:" if said[:4] in {"CONF", "HERE"} else "mine/steps.py:")


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("other.steps:tell", "there is no module other.steps in the root. Try: make other/steps.py there."),
        ("os:system", "there is no module os in the root. Try: make os.py there."),
        ("json:tell", "json is also the name of a module of Python or of a library. Try: rename the file."),
    ],
)
def test_only_modules_of_the_project_are_called(custom: Project, factory: str, said: str) -> None:
    custom.write("json.py", "def tell():\n    pass\n")
    custom.pipeline["steps"][0]["factory"] = factory
    [text] = custom.compile().texts
    assert text.endswith(f"SMP321 tell: {said}")


@pytest.mark.parametrize(
    "factory", ["mine.steps", "mine/steps.py:tell", "mine.steps:tell()", "mine.steps:__import__('os')", "a:b:c"]
)
def test_a_factory_is_named_as_module_and_function(custom: Project, factory: str) -> None:
    custom.pipeline["steps"][0]["factory"] = factory
    [text] = custom.compile().texts
    assert "SMP104 tell.factory cannot be " in text
    assert text.endswith("Try: the function as package.module:function.")


WITHOUT_SDK = """
import sys
sys.modules["sagemaker"] = None  # what `import` finds where nothing is installed
from framework.cli import main
main()
"""


def smp(project: Project, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    project.save()
    environment = {**os.environ, **project.variables, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, "--root", str(project.root), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_missing_sdk_is_a_finding(custom: Project) -> None:
    custom.write("mine/steps.py", LAMBDA)
    done = smp(custom, WITHOUT_SDK, "validate")
    assert done.returncode == 1
    assert done.stdout == (
        "mine/steps.py:2:1 SMP321 tell: the factory needs the SageMaker SDK: there is no module sagemaker.core. "
        'Try: install it with the extra "sdk": pip install ".[sdk]".\n'
        f"  2 | {LAMBDA.splitlines()[1]}\n"
        "    | ^^^^\n"
    )


WATCHED = """
import atexit, sys
atexit.register(lambda: print(*sorted(name for name in sys.modules if name.startswith(("sagemaker", "boto3"))), file=sys.stderr))
from framework.cli import main
main()
"""


def test_without_custom_steps_nothing_imports_the_sdk(project: Project) -> None:
    done = smp(project, WATCHED, "compile")
    assert json.loads(done.stdout)["Version"] == "2020-12-01"
    assert done.stderr.strip() == ""
