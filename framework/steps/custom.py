"""Step class Custom: a step that a function of the user makes with the SageMaker SDK.

In: `factory: package.module:function`, a module in the root or in the model's source directory. Out: the step that the function
returns, as its `to_request()` tells it. Only this function is called; what goes wrong in it is a finding at its line. The SDK is
imported by the user's module, and by nothing of ours.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from framework.config.paths import is_file, is_folder
from framework.findings import WARNING, Finding, Place
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, Wait, with_overrides

RULE = "SMP321"
SDK = "sagemaker"
_OWN_KEYS = {"display_name": "DisplayName", "description": "Description", "retry_policies": "RetryPolicies"}
"""Keys of the step in the configuration, and the members of the definition that they win over."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a factory may know of the pipeline: it is given to a parameter called `context`."""

    pipeline_name: str
    step_name: str
    region: str | None
    bucket: str
    role: str


class _FactoryError(Exception):
    """Why a factory made no step: message, hint, and where in the user's code, if it was there."""

    def __init__(self, message: str, hint: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.place = message, hint, place


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The step that the factory of `spec` makes; one that does nothing, after a finding, where it makes none."""
    try:
        request, waits = _request(spec, around)
    except _FactoryError as error:
        place = error.place or spec.place_of("factory")
        around.report(Finding(RULE, place, f"{spec.name}: {error.message}", error.hint))
        return Step(spec.name, "Fail", {"ErrorMessage": error.message}, spec)
    made = request.pop("Name")
    if made != spec.name:
        message = f"the step that {spec.values['factory']} makes is called {made}; in the pipeline it is {spec.name}"
        hint = f"call it {spec.name}, so that what else the SDK makes can refer to it"
        around.report(Finding(RULE, spec.place_of("factory"), message, hint, WARNING))
    step_type, arguments = str(request.pop("Type")), with_overrides(request.pop("Arguments"), spec)
    won = {member for key, member in _OWN_KEYS.items() if key in spec.config.values}
    members = {member: value for member, value in request.items() if member not in won}
    if spec.config.enable_cache:
        members.pop("CacheConfig", None)
    return Step(spec.name, step_type, arguments, spec, {}, spec.config.enable_cache, members=members, waits=waits)


def _request(spec: StepSpec, around: Surroundings) -> tuple[dict[str, Any], tuple[Wait, ...]]:
    """The step as the definition has it, less what it waits for, and that."""
    module_name, _, function_name = str(spec.values["factory"]).partition(":")
    root = around.config.root
    source = spec.model.source_directory
    folders = list(dict.fromkeys([root.resolve(), *([(root / source).resolve()] if source and is_folder(root / source) else [])]))
    file = _file(module_name, folders)
    if file is None:
        where = "the root" if len(folders) == 1 else f"the root and in {source}"
        raise _FactoryError(f"there is no module {module_name} in {where}", f"make {module_name.replace('.', '/')}.py there")
    context = Context(around.pipeline_name, spec.name, around.config.region, around.config.bucket, around.config.network.role)
    with _loading(folders, context.region), _as_findings(folders, root):
        function = _function(module_name, function_name, file)
        given = {"context": context} if _takes_context(function) else {}
        step = function(**given)
        if not callable(getattr(step, "to_request", None)):
            wrong = f"{function_name} returns {_article(step)}, which is no step of the SDK"
            raise _FactoryError(wrong, "return a step, such as ProcessingStep(…)")
        return _read(step.to_request())


def _read(raw: Any) -> tuple[dict[str, Any], tuple[Wait, ...]]:
    request = {key: value for key, value in dict(raw).items() if key != "DependsOn"}
    waits = tuple(_wait(item) for item in dict(raw).get("DependsOn") or ())
    request = _plain(request, ())
    if not isinstance(request.get("Arguments"), dict):
        raise _FactoryError("the step has no arguments", "look at what its to_request() tells")
    return request, waits


def _file(module: str, folders: list[Path]) -> Path | None:
    """The file that a module is in one of these folders."""
    parts = module.split(".")
    stems = [folder.joinpath(*parts) for folder in folders]
    files = [file for stem in stems for file in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py")]
    return next((file for file in files if is_file(file)), None)


def _function(module_name: str, name: str, file: Path) -> Callable[..., Any]:
    module = importlib.import_module(module_name)
    loaded = Path(str(getattr(module, "__file__", ""))).resolve()
    if loaded != file.resolve():
        raise _FactoryError(f"{module_name} is also the name of a module of Python or of a library", "rename the file")
    function = getattr(module, name, None)
    if not callable(function):
        legal = [each for each, value in vars(module).items() if inspect.isfunction(value) and value.__module__ == module_name]
        raise _FactoryError(f"{module_name} has no function {name}", f"one of {', '.join(legal)}" if legal else f"define {name}")
    return function  # type: ignore[no-any-return]


def _takes_context(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters
    return "context" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


def _article(value: Any) -> str:
    name = type(value).__name__
    return "nothing" if value is None else f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


@contextlib.contextmanager
def _loading(folders: list[Path], region: str | None) -> Iterator[None]:
    """Modules are found in these folders, leave no trace there or here, and print to stderr; the SDK knows the region."""
    path, modules, written = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    variables = {name: os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")}
    sys.path[:0] = [str(folder) for folder in folders]
    sys.dont_write_bytecode = True
    if region and not any(variables.values()):
        os.environ["AWS_DEFAULT_REGION"] = region
    importlib.invalidate_caches()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, written
        if region and not any(variables.values()):
            os.environ.pop("AWS_DEFAULT_REGION", None)
        for name in set(sys.modules) - modules:
            module = sys.modules[name]
            files = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]  # a folder may be a module without a file
            if any(_within(file, folders) for file in files):
                del sys.modules[name]


def _within(file: object, folders: list[Path]) -> bool:
    if not isinstance(file, str):
        return False
    path = Path(file).resolve()
    return any(path.is_relative_to(folder) for folder in folders) and "site-packages" not in path.parts


@contextlib.contextmanager
def _as_findings(folders: list[Path], root: Path) -> Iterator[None]:
    """What the user's code raises, with the last of its lines that it came from."""
    try:
        yield
    except _FactoryError:
        raise
    except SyntaxError as error:
        place = _place(error.filename, error.lineno, folders, root)
        raise _FactoryError(f"it is not valid Python: {error.msg}", "correct this line", place) from None
    except ModuleNotFoundError as error:
        place = _last(error, folders, root)
        if str(error.name).partition(".")[0] == SDK:
            message = f"the factory needs the SageMaker SDK: there is no module {error.name}"
            raise _FactoryError(message, 'install it with the extra "sdk": pip install ".[sdk]"', place) from None
        raise _FactoryError(f"there is no module {error.name}", f"install {error.name}, or correct the import", place) from None
    except (Exception, SystemExit) as error:
        place = _last(error, folders, root)
        message = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "correct the factory" if place else "look at what the factory gives to the SDK"
        raise _FactoryError(f"the factory failed with {message[:500]}", hint, place) from None


def _last(error: BaseException, folders: list[Path], root: Path) -> Place | None:
    frames = traceback.extract_tb(error.__traceback__)
    places = [_place(frame.filename, frame.lineno, folders, root) for frame in frames]
    return next((place for place in reversed(places) if place is not None), None)


def _place(file: str | None, line: int | None, folders: list[Path], root: Path) -> Place | None:
    own = Path(__file__).resolve().parents[1]
    if not file or not _within(file, folders) or Path(file).resolve().is_relative_to(own):
        return None
    path = Path(file).resolve()
    shown = path.relative_to(root.resolve()) if path.is_relative_to(root.resolve()) else path
    return Place(shown.as_posix(), line or 1, 1)


def _wait(item: Any) -> Wait:
    """A step that another waits for: a name, a step, several steps (the last of them counts), or a step and how it must end."""
    trigger = "Completed"
    if isinstance(item, Mapping):
        item, trigger = item["Step"], str(item["Trigger"])
    elif hasattr(item, "trigger"):
        item, trigger = item.step, str(item.trigger.value)
    item = getattr(item, "_step", None) or item
    item = item.steps[-1] if hasattr(item, "steps") else item
    return Wait(item if isinstance(item, str) else str(item.name), None, trigger)


def _plain(value: Any, path: tuple[str, ...]) -> Any:
    """What the SDK tells, in JSON: its variables in the definition's notation."""
    expression = getattr(value, "expr", None)
    if expression is not None and not callable(expression):
        return _plain(expression, path)
    if isinstance(value, Mapping):
        return {str(key): _entry(str(key), item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, path) for item in value]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    message = f"{'.'.join(path) or 'the step'} holds {_article(value)}, which no definition can hold"
    raise _FactoryError(message, "give the SDK texts, numbers, properties of steps or parameters there")


def _entry(key: str, value: Any, path: tuple[str, ...]) -> Any:
    if key != "DependsOn":
        return _plain(value, path)
    waits = [_wait(item) for item in value]
    return [wait.step if wait.trigger == "Completed" else {"Step": wait.step, "Trigger": wait.trigger} for wait in waits]


def inner_names(arguments: Arguments) -> Iterator[str]:
    """The names of the steps that stand inside a step's arguments, which the configuration does not know."""
    todo: list[Any] = [arguments]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(value.get("Name"), str) and "Type" in value and "Arguments" in value:
                yield value["Name"]
            todo += value.values()
        elif isinstance(value, list):
            todo += value
