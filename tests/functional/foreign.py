"""What a definition that somebody else made needs to run here: its inputs, its scripts and its models, derived from the definition.

In: a definition. Out: objects for the local store, all of one generic script. The script refuses an input without files, writes a
file to every output, and a model with code that can be served; a property file has a number at every path that is asked of it.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

from framework.local.functions import parse_path
from framework.pipeline.step_graph import every_step

ROWS = "id,a,b,y\n" + "".join(f"{row},{row % 7},{row * 3 % 11},{int(row % 7 > 3)}\n" for row in range(60))
INFERENCE = """
import json
def model_fn(folder):
    with open(f"{folder}/weights.json") as file:
        return json.load(file)
def transform_fn(model, data, content_type, accept):
    rows = data.splitlines() if isinstance(data, str) else [data]
    return "\\n".join(str(model["bias"]) for row in rows if row.strip())
"""
SCRIPT = """
import json, os
WRITTEN, MODEL = json.loads({written!r}), json.loads({model!r})
def files(folder):
    return [name for _, _, names in os.walk(folder) for name in names]
def write(folder, named):
    for name, content in named.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content)
about = "/opt/ml/config/processingjobconfig.json"
if os.path.exists(about):
    with open(about) as file:
        job = json.load(file)
    for entry in job.get("ProcessingInputs") or ():
        assert files(entry["S3Input"]["LocalPath"]), entry["InputName"]
    for entry in (job.get("ProcessingOutputConfig") or {{}}).get("Outputs") or ():
        write(entry["S3Output"]["LocalPath"], WRITTEN)
else:
    with open("/opt/ml/input/config/inputdataconfig.json") as file:
        for channel in json.load(file):
            assert files(f"/opt/ml/input/data/{{channel}}"), channel
    write("/opt/ml/model", MODEL)
    print("loss=0.75")
"""
SHELL = "exec python3 -SE - <<'END_OF_SCRIPT'\n{}\nEND_OF_SCRIPT\n"


def archive(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            packed.addfile(member, io.BytesIO(content.encode()))
    return stream.getvalue()


class Foreign:
    """A definition, and what it needs.

    Args:
        definition: the definition.
        number: the value at every path that a Std:JsonGet asks for.
    """

    def __init__(self, definition: Mapping[str, Any], number: float = 0.25) -> None:
        self._steps = list(every_step(definition["Steps"]))
        self._defaults = {each["Name"]: each.get("DefaultValue") for each in definition.get("Parameters") or ()}
        self._number = number
        self.model = {"weights.json": '{"bias": 0.5}', **{f"code/{name}": INFERENCE for name in self._programs()}}
        self.script = SCRIPT.format(written=json.dumps(self._written()), model=json.dumps(self.model))

    def objects(self) -> dict[str, bytes]:
        """The objects that must lie in S3 for the definition, by URI."""
        return {uri: content for uri, content in self._objects() if uri.startswith("s3://")}

    def _objects(self) -> Iterator[tuple[str, bytes]]:
        for step in self._steps:
            arguments = step.get("Arguments") or {}
            for entry in arguments.get("ProcessingInputs") or ():
                yield from self._source(entry["S3Input"]["S3Uri"])
            yield from self._training(arguments.get("TrainingJobDefinition") or arguments)
            source = (arguments.get("TransformInput") or {}).get("DataSource") or {}
            yield from self._source((source.get("S3DataSource") or {}).get("S3Uri"))
            for container in _containers(arguments):
                yield str(container.get("ModelDataUrl")), archive(self.model)
                code = (container.get("Environment") or {}).get("SAGEMAKER_SUBMIT_DIRECTORY", "")
                yield str(code), archive({"inference.py": INFERENCE})

    def _training(self, arguments: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
        for channel in arguments.get("InputDataConfig") or ():
            yield from self._source((channel["DataSource"].get("S3DataSource") or {}).get("S3Uri"))
        parameters = arguments.get("HyperParameters") or arguments.get("StaticHyperParameters") or {}
        if code := str(parameters.get("sagemaker_submit_directory", "")).strip('"'):
            program = str(parameters["sagemaker_program"]).strip('"')
            yield code, archive({program: self._as(program)})

    def _source(self, uri: Any) -> Iterator[tuple[str, bytes]]:
        """The object, or the objects below a prefix, of an input; nothing where another step writes it."""
        if isinstance(uri, Mapping):
            uri = self._defaults.get(str(uri.get("Get")).removeprefix("Parameters."))
        if not isinstance(uri, str):
            return
        name = uri.rpartition("/")[2]
        if name == "sm_drivers":
            yield f"{uri}/sm_train.sh", self._as("sm_train.sh").encode()
        elif name.endswith((".sh", ".py")):
            yield uri, self._as(name).encode()
        elif name == "sourcedir.tar.gz" or not name:
            yield f"{uri}sourcedir.tar.gz" if not name else uri, archive({"anything.py": ""})
        else:
            yield uri if "." in name else f"{uri}/rows.csv", ROWS.encode()

    def _as(self, name: str) -> str:
        return SHELL.format(self.script) if name.endswith(".sh") else self.script

    def _programs(self) -> set[str]:
        """The files of code that the models of the definition are served by."""
        found = {"inference"}
        for step in self._steps:
            for container in _containers(step.get("Arguments") or {}):
                program = (container.get("Environment") or {}).get("SAGEMAKER_PROGRAM")
                if isinstance(program, str):
                    found.add(program.removesuffix(".py"))
        return {f"{name.replace('.', '/')}.py" for name in sorted(found)}

    def _written(self) -> dict[str, str]:
        """What every output gets: rows under every name that another step reads below an output, and the property files."""
        found = {"rows.csv": ROWS}
        for each in _walk([step.get("Arguments") for step in self._steps]):
            values = (each.get("Std:Join") or {}).get("Values") or [] if isinstance(each.get("Std:Join"), Mapping) else []
            if values and "Outputs[" in str(values[0]) and all(isinstance(value, str) for value in values[1:]):
                found["/".join(values[1:])] = ROWS
        report = json.dumps(self._report())
        for step in self._steps:
            found |= {entry["FilePath"]: report for entry in step.get("PropertyFiles") or ()}
        return found

    def _report(self) -> dict[str, Any]:
        report: dict[str, Any] = {}
        for each in _walk([step.get("Arguments") for step in self._steps]):
            if "Std:JsonGet" in each:
                _put(report, parse_path(each["Std:JsonGet"]["Path"]), self._number)
        return report


def _put(value: Any, parts: list[str | int], number: float) -> None:
    """Sets what is at a path of an object; lists on the way have one element."""
    first, *rest = parts
    if isinstance(first, int):
        value[:] = value or [None]
    if not rest:
        value[first] = number
        return
    empty: Any = [] if isinstance(rest[0], int) else {}
    if isinstance(first, int):
        value[first] = value[first] or empty
    else:
        value.setdefault(first, empty)
    _put(value[first], rest, number)


def _containers(arguments: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from [arguments["PrimaryContainer"]] if "PrimaryContainer" in arguments else []
    yield from arguments.get("Containers") or ()
    yield from (arguments.get("InferenceSpecification") or {}).get("Containers") or ()


def _walk(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for member in value.values():
            yield from _walk(member)
    elif isinstance(value, list):
        for member in value:
            yield from _walk(member)
