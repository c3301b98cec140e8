"""The convention of SageMaker's training toolkit: how hyperparameters become arguments and SM_* variables of a script.

In: a job's hyperparameters and channels. Out: arguments, environment variables and a command. Documented behaviour, written anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.local.environment import cores
from framework.local.job import HOST, ML

PROGRAM, SUBMIT_DIRECTORY = "sagemaker_program", "sagemaker_submit_directory"
CODE = f"{ML}/code"
INPUT, OUTPUT, MODEL = f"{ML}/input", f"{ML}/output", f"{ML}/model"
INTERFACE = "lo"
READ_BY_TOOLKIT = frozenset(
    f"sagemaker_{name}"
    for name in (
        "program",
        "submit_directory",
        "enable_cloudwatch_metrics",
        "region",
        "container_log_level",
        "job_name",
        "s3_output",
    )
)
RUN_SCRIPT = ["/bin/sh", "-c", 'chmod +x "$0"; exec "$0" "$@"']


def decode(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """The values that hyperparameters stand for: JSON where it is JSON, else the string itself."""
    return {name: _decoded(value) for name, value in hyperparameters.items()}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def user_parameters(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """The decoded hyperparameters that are meant for the script."""
    return {name: value for name, value in hyperparameters.items() if not name.startswith("sagemaker_")}


def arguments(parameters: Mapping[str, Any]) -> list[str]:
    """The script's command line: `--name value` by name, `-n value` for one letter."""
    words = []
    for name, value in sorted(parameters.items()):
        words += [f"--{name}" if len(name) > 1 else f"-{name}", _argument(value)]
    return words


def _argument(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={member}" for key, member in sorted(value.items()))
    return "" if value is None else str(value)


def command(program: str, words: Sequence[str]) -> list[str]:
    """How a program in the code folder is started: Python for a .py file, else as an executable."""
    if program.endswith(".py"):
        return ["python", program, *words]
    return [*RUN_SCRIPT, f"./{program}", *words]


def variables(
    hyperparameters: Mapping[str, Any],
    channels: Mapping[str, Mapping[str, str]],
    resources: Mapping[str, Any],
    job_name: str,
) -> dict[str, str]:
    """The SM_* variables of a script.

    Args:
        hyperparameters: all of them, decoded.
        channels: the content of inputdataconfig.json.
        resources: the content of resourceconfig.json.
        job_name: the training job's name.
    """
    own = user_parameters(hyperparameters)
    rest = {name: value for name, value in hyperparameters.items() if name not in own and name not in READ_BY_TOOLKIT}
    folders = {name: f"{INPUT}/data/{name}" for name in sorted(channels)}
    about = {**_places(), **_program(hyperparameters), **_machine(resources), "input_data_config": channels}
    training = {
        "job_name": job_name,
        "hyperparameters": own,
        "channel_input_dirs": folders,
        "additional_framework_parameters": rest,
    }
    together = {
        **about,
        "channels": list(folders),
        "hps": own,
        "framework_params": rest,
        "user_args": arguments(own),
        "training_env": {**about, **training},
        **{f"channel_{name}": folder for name, folder in folders.items()},
        **{f"hp_{name}": value for name, value in own.items()},
    }
    return {f"SM_{name.upper()}": _variable(value) for name, value in together.items()}


def _places() -> dict[str, Any]:
    return {
        "input_dir": INPUT,
        "input_config_dir": f"{INPUT}/config",
        "output_dir": OUTPUT,
        "output_data_dir": f"{OUTPUT}/data",
        "output_intermediate_dir": f"{OUTPUT}/intermediate",
        "model_dir": MODEL,
    }


def _program(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    program = str(hyperparameters.get(PROGRAM))
    return {
        "module_name": program.removesuffix(".py"),
        "module_dir": str(hyperparameters.get(SUBMIT_DIRECTORY, CODE)),
        "user_entry_point": program,
        "framework_module": None,
        "log_level": hyperparameters.get("sagemaker_container_log_level", 20),
    }


def _machine(resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hosts": resources["hosts"],
        "current_host": HOST,
        "current_instance_type": resources["current_instance_type"],
        "current_instance_group": resources["current_group_name"],
        "network_interface_name": resources["network_interface_name"],
        "resource_config": resources,
        "num_cpus": cores(),
        "num_gpus": len(list(Path("/dev").glob("nvidia[0-9]*"))),
    }


def _variable(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
