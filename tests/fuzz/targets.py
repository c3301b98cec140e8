"""The targets: a case in, all that came of it out, as one text. What must not be is an exception: any but those that are an answer,
or `BrokenError` where an answer is not as answers are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from framework.checks import check_definition
from framework.checks.service_model import check_arguments
from framework.commands.definitions import read_definition
from framework.config.environment import read_env_file, substitute
from framework.config.expressions import ExpressionError, is_expression, parse, written
from framework.config.load import Sources, load_config
from framework.config.reader import read_file, read_value
from framework.config.start import read_values
from framework.config.values import Map, Seq, entries
from framework.errors import BackendError
from framework.findings import Finding, FindingsError, Place, has_errors
from framework.local.admission import admitted
from framework.local.state import RunOptions
from framework.pipeline.build import build_pipeline
from framework.pipeline.compiled import CompiledPipeline, Definition
from framework.pipeline.dependencies import DependencyError, parse_dependency
from framework.pipeline.explaining import explain
from framework.report.text import dry_run, findings_text
from framework.road import travel
from framework.steps.conditions import ConditionError, read_conditions
from tests.fuzz.case import Case
from tests.fuzz.folder import Folder

BREAKS = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


class BrokenError(AssertionError):
    """An answer that is not as answers are; the message begins with what it lacks, a colon behind it."""


def run(case: Case, folder: Folder) -> str:
    """What came of a case."""
    return TARGETS[case.target](case, folder)


def configurations(case: Case, folder: Folder) -> str:
    variables = {name: value for name, value in case.options["variables"].items() if value is not None}
    with folder.holding(case.files) as root:
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in case.options["sources"].items()}
        sources = Sources(root, **given)
        compiled, findings = _travelled(sources, variables)
        sound_findings(findings, root)
        if compiled is not None and not has_errors(findings):
            again, findings_again = _travelled(sources, variables)
            _broken_unless(findings == findings_again, "other findings the second time", findings, findings_again)
            _broken_unless(again == compiled, "another pipeline the second time", compiled.name)
        if case.options.get("explain"):
            _explained(sources, variables)
    return "\n".join([*map(str, findings), *([] if compiled is None else _sound(compiled))])


def _travelled(sources: Sources, variables: Mapping[str, str]) -> tuple[CompiledPipeline | None, tuple[Finding, ...]]:
    try:
        compiled, findings = travel(sources, variables)
    except FindingsError as error:
        compiled, findings = None, error.findings
    _broken_unless(compiled is not None or has_errors(findings), "no pipeline and no error", findings)
    return compiled, findings


def _sound(compiled: CompiledPipeline) -> list[str]:
    """A compiled pipeline as text; it is JSON, can be sent, and the local engine answers it."""
    text, body = compiled.definition_text(), compiled.definition_body()
    json.dumps(compiled.definition, allow_nan=False)
    body.encode()
    _broken_unless(json.loads(body) == compiled.definition, "other than JSON types in the definition", compiled.name)
    names = [step["Name"] for step in compiled.definition["Steps"]]
    _broken_unless(len(set(names)) == len(names), "two steps of one name", names)
    dry_run(compiled, {}, True, True).encode()
    return [text, *(f"{upload.uri} {upload.sha256}" for upload in compiled.uploads), *_admission(compiled, {})]


def _explained(sources: Sources, variables: Mapping[str, str]) -> None:
    try:
        pipeline = build_pipeline(load_config(sources, variables))
    except FindingsError:
        return
    for name in pipeline.steps:
        for value in explain(pipeline, name, ()):
            json.dumps(value.to_json())
            explain(pipeline, name, value.key.split("."))


def reader(case: Case, folder: Folder) -> str:
    [name] = case.files
    with folder.holding(case.files) as root:
        result = read_file(root / name, name)
        sound_findings(result.findings, root)
        _broken_unless(result.tree is not None or has_errors(result.findings), "no tree and no error", name)
        _broken_unless(result.tree is None or _placed(result.tree), "a value without a place", result.tree)
        variables, findings = read_env_file(root / name, name)
        sound_findings(findings, root)
        started = _start_values(root / name)
    value, _, found = read_value(case.files[name].decode("utf-8", "surrogateescape"), Place("--set a"))
    sound_findings(found, root)
    return "\n".join(map(str, (*result.findings, result.tree, variables, *findings, *started, value, *found)))


def _start_values(path: Path) -> list[str]:
    """The values of parameters in a file, or what is said; less the folder that it lies in."""
    try:
        return [json.dumps(read_values(path))]
    except FindingsError as error:
        sound_findings(error.findings, path.parent)
        return [str(finding).replace(f"{path.parent}/", "") for finding in error.findings]


def _placed(tree: Map | Seq) -> bool:
    todo: list[Any] = [tree]
    while todo:
        owner = todo.pop()
        if not all(owner.place_of(key).line >= 1 for key, _ in entries(owner)):
            return False
        todo += [value for _, value in entries(owner) if isinstance(value, (Map, Seq))]
    return True


def expressions(case: Case, folder: Folder) -> str:
    text = case.text
    said = [str(is_expression(text)), _parsed(text)]
    variables = {"X": case.options.get("X") or "", "SMP_REGION": "eu-west-1"}
    tree = Map(Place("f", 1, 1))
    for number, whole in enumerate((text, f"${{{text}}}", f"s3://b/${{{text}}}/x", f"a {text} ${{item.x}} b")):
        tree.put(f"k{number}", whole, Place("f", 1, 1), Place("f", 1 + number, 1))
    tree.put(text, "x", Place("f", 9, 1), Place("f", 9, 1))
    result = substitute(tree, variables)
    sound_findings(result.findings, folder.root)
    for value in result.tree.values():
        said += [written(value), _condition(value)]
    return "\n".join([*said, *map(str, result.findings)])


def _parsed(text: str) -> str:
    """An expression, which can be written and read again, or why it is none."""
    try:
        value = parse(text)
    except ExpressionError as error:
        _broken_unless(0 <= error.offset <= len(text), "a place outside the text", error.offset, text)
        return f"{error} at {error.offset}: {error.hint}"
    again = written(value)
    _broken_unless(again.startswith("${") and again.endswith("}"), "not written as an expression", again)
    try:
        same = parse(again[2:-1]) == value
    except ExpressionError:
        same = False
    _broken_unless(same, "not read again as it was written", text, again)
    return repr(value)


def _condition(value: Any) -> str:
    try:
        return repr(read_conditions(value))
    except ConditionError as error:
        return str(error)


def dependencies(case: Case, folder: Folder) -> str:
    try:
        pairs = parse_dependency(case.text)
    except DependencyError as error:
        return str(error)
    _broken_unless(bool(pairs), "no pair and no error", case.text)
    for one, other in pairs:
        _broken_unless(parse_dependency(f"{one} >> {other}") == [(one, other)], "not read again as it was written", one, other)
    return repr(pairs)


def definitions(case: Case, folder: Folder) -> str:
    said: list[str] = []
    definition: Definition | None = None
    with folder.holding(case.files) as root:
        try:
            definition = read_definition(root / "definition.json")
        except FindingsError as error:
            sound_findings(error.findings, root)
            said += [str(finding).replace(str(root), "") for finding in error.findings]
    if definition is not None:
        violations = check_arguments(definition)
        said += map(str, violations)
        _broken_unless(all(each.message and each.hint for each in violations), "a violation without words", violations)
        every = check_definition(CompiledPipeline("fuzz", definition))
        said += map(str, every)
        _broken_unless(all(each.message for each in every), "a violation without words", every)
        said += _admission(CompiledPipeline("fuzz", definition), case.options)
    if case.options["command"]:
        said.append(_command(case, folder))
    return "\n".join(said)


def _admission(compiled: CompiledPipeline, options: Mapping[str, Any]) -> list[str]:
    """Whether a definition may run here: the part that would run and its parameters, or why not."""
    how = RunOptions(compiled.name, strict=options.get("strict", False))
    try:
        values, part = admitted(compiled, options.get("parameters", {}), how, options.get("select", []))
    except FindingsError as error:
        sound_findings(error.findings, Path())
        return [str(finding) for finding in error.findings]
    except BackendError as error:
        return [str(error)]
    return [json.dumps(values), *part.nodes]


def _command(case: Case, folder: Folder) -> str:
    """What `smp run --local --dry-run` prints."""
    from click.testing import CliRunner

    from framework.cli import smp

    given = [word for name, value in case.options["parameters"].items() for word in ("-p", f"{name}={value}")]
    style = ["--format", "json"] if case.options["strict"] else []
    with folder.holding(case.files) as root:
        words = ["--root", str(root), *style, "run", "--local", "--dry-run", "--definition", str(root / "definition.json"), *given]
        done = CliRunner().invoke(smp, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return f"{done.exit_code} {done.output}".replace(str(root), "")


def sound_findings(findings: Iterable[Finding], root: Path) -> None:
    """Whether every finding is one line of words about a place that exists."""
    for finding in findings:
        _broken_unless(re.fullmatch(r"SMP[0-9]{3}", finding.rule) is not None, "a finding without a rule", finding)
        _broken_unless(bool(finding.message), "a finding without words", finding)
        _broken_unless(str(finding).isprintable(), "a finding that is no line", finding)
        _broken_unless(_exists(finding.place, root), "a place that does not exist", finding)
        try:
            findings_text([finding]).encode()
        except UnicodeEncodeError:
            raise BrokenError(f"a finding that cannot be printed: {finding!r}") from None


def _exists(place: Place, root: Path) -> bool:
    path = root / place.file
    if not place.line or not path.is_file():
        return place.line >= 0
    text = path.read_bytes().decode("utf-8-sig", "replace")
    readings = [BREAKS.split(text)] + ([] if path.suffix in {".yaml", ".yml"} else [text.split("\n")])  # others know fewer breaks
    return place.column >= 1 and any(
        place.line <= len(lines) + 1 and place.column <= (len(lines[place.line - 1]) if place.line <= len(lines) else 0) + 1
        for lines in readings
    )


def _broken_unless(holds: bool, fault: str, *about: Any) -> None:
    if not holds:
        raise BrokenError(f"{fault}: {', '.join(repr(each)[:2000] for each in about)}")


TARGETS: Mapping[str, Callable[[Case, Folder], str]] = {
    "configurations": configurations,
    "reader": reader,
    "expressions": expressions,
    "dependencies": dependencies,
    "definitions": definitions,
}
