"""From files to one configuration: find, read, normalise, join, overlay, extend, multiply, substitute, bring into shape, check."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from framework.config import merge, schema
from framework.config.checks import POLICY
from framework.config.dialect import normalise
from framework.config.environment import ENVIRONMENT, Substituted, read_env_file, substitute
from framework.config.ignores import Ignore
from framework.config.model import Config
from framework.config.reader import read_file
from framework.config.reuse import reuse
from framework.config.typed import typed_config
from framework.config.values import Map, place_at, quoted
from framework.findings import Finding, FindingsError, Place, nearest

FRAMEWORK_FILES = ("conf/conf.yaml", "framework/conf/conf.yaml")
PATTERNS = ("modelConfigFilePath",)
DEFAULTS = {
    ("s3Bucket",): "SMP_S3BUCKETNAME",
    ("region",): "${SMP_REGION:-}",
    PATTERNS: "SMP_MODEL_CONFIGPATH",
    ("sagemakerNetworkSecurity", "role"): "SMP_ROLE",
    ("sagemakerNetworkSecurity", "subnets"): "SMP_SUBNETS",
    ("sagemakerNetworkSecurity", "security_groups_id"): "SMP_SECURITYGROUPS",
}
"""What the framework configuration says where no file says anything."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the configuration comes from; the global options of the command line.

    Attributes:
        root: folder that relative paths start from.
        framework_conf: the framework configuration's file; None looks in the usual places.
        patterns: globs of model configuration files; none takes those of the framework configuration.
        environment_name: overlays conf/environments/<name>.yaml.
        env_file: variables from a file of `export NAME="value"` lines; they win over the process's.
        overrides: `a.b=value` assignments, applied last.
    """

    root: Path
    framework_conf: str | None = None
    patterns: tuple[str, ...] = ()
    environment_name: str | None = None
    env_file: str | None = None
    overrides: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What has been read so far.

    Attributes:
        incomplete: models or steps may be missing, because something could not be read or found; that was said.
        lacks_variables: likewise variables.
    """

    root: Path
    variables: Mapping[str, str]
    files: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ignores: dict[str, tuple[Ignore, ...]] = field(default_factory=dict)
    incomplete: bool = False
    lacks_variables: bool = False

    def read(self, path: Path) -> Map | None:
        """The tree of one file; None, after a finding, when it holds nothing below `conf`."""
        path = path.absolute()
        self.files.append(path)
        result = read_file(path, self.name_of(path))
        self.ignores[self.name_of(path)] = result.ignores
        self.findings += result.findings
        tree = result.tree
        if tree is not None and not isinstance(tree.get("conf"), Map):
            self.findings += schema.check(tree, "", ())
            tree = None
        self.incomplete |= tree is None or any(finding.rule == "SMP102" for finding in result.findings)
        self.findings += [] if tree is None else normalise(tree)
        return tree

    def substitute(self, tree: Map) -> Substituted:
        """The tree with its variables replaced; that one is unset is not said where the file that may set it is broken."""
        result = substitute(tree, self.variables)
        self.findings += [finding for finding in result.findings if finding.rule != "SMP109" or not self._excuses(finding.place)]
        return result

    def _excuses(self, place: Place) -> bool:
        return self.lacks_variables or (self.incomplete and place == ENVIRONMENT)

    def name_of(self, path: Path) -> str:
        """A file's name in findings: relative to the root where it lies below it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()


def load_config(sources: Sources, environment: Mapping[str, str]) -> Config:
    """The one configuration that all sources make together.

    Its `findings` hold all that is wrong; a configuration with errors can be looked at but not compiled.

    Raises:
        FindingsError: when so little could be read that there is nothing to look at.
    """
    reading = _start(sources, environment)
    framework, framework_file = _framework_tree(sources, reading)
    overlay = _overlay_tree(sources, reading)
    place, patterns = _patterns(sources, framework, overlay, reading)
    trees = [framework] if framework is not None else []
    trees += [tree for path in _model_files(patterns, place, reading, framework_file) if (tree := reading.read(path)) is not None]
    if not trees:
        raise FindingsError(reading.findings or [_nothing(place)])
    merged, conflicts = merge.join(trees)
    anchors = _two_anchors(trees)
    reading.findings += [*conflicts, *anchors]
    reading.incomplete |= bool(anchors)
    if "modelConfigFilePath" in merged["conf"]:
        merged["conf"].drop("modelConfigFilePath")  # it has served; nothing else depends on the variable it may name
    return _finish(merged, overlay, sources, reading)


def _start(sources: Sources, environment: Mapping[str, str]) -> _Reading:
    reading = _Reading(sources.root.absolute(), environment)
    if sources.env_file is not None:
        path = reading.root / sources.env_file
        reading.files.append(path.absolute())
        variables, findings = read_env_file(path, sources.env_file)
        reading.variables = {**environment, **variables}
        reading.findings += findings
        reading.lacks_variables = bool(findings)
    return reading


def _finish(merged: Map, overlay: Map | None, sources: Sources, reading: _Reading) -> Config:
    if overlay is not None:
        merged = merge.overlay(merged, overlay)
    for assignment in sources.overrides:
        reading.findings += merge.override(merged, assignment)
    if sources.overrides:
        reading.findings += normalise(merged)  # they may be written in older spellings, too
    merged, findings, extended = reuse(merged, reading.variables)
    reading.findings += findings
    _fill_defaults(merged, (path for path in DEFAULTS if path != PATTERNS))
    result = reading.substitute(merged)
    files = tuple(reading.files)
    config = typed_config(
        result.tree, reading.root, files, reading.variables, result.unresolved, reading.incomplete, extended=extended
    )
    return replace(config, findings=(*reading.findings, *config.findings), ignores=reading.ignores, tree=result.tree)


def _nothing(place: Place) -> Finding:
    return Finding("SMP111", place, "there is no configuration", "name the model configurations with -c or SMP_MODEL_CONFIGPATH")


def _framework_tree(sources: Sources, reading: _Reading) -> tuple[Map | None, Path | None]:
    if sources.framework_conf is not None:
        path = reading.root / sources.framework_conf
        return reading.read(path), path
    for name in FRAMEWORK_FILES:
        path = reading.root / name
        if path.is_file():
            return reading.read(path), path
    return None, None


def _overlay_tree(sources: Sources, reading: _Reading) -> Map | None:
    if sources.environment_name is None:
        return None
    folder = reading.root / "conf" / "environments"
    for suffix in (".yaml", ".yml", ".json"):
        path = folder / f"{sources.environment_name}{suffix}"
        if path.is_file():
            return reading.read(path)
    names = [path.stem for path in sorted(folder.glob("*")) if path.suffix in {".yaml", ".yml", ".json"}]
    message = (
        f'there is no environment "{sources.environment_name}": conf/environments/{sources.environment_name}.yaml does not exist'
    )
    hint = nearest(sources.environment_name, names) or "create it"
    reading.findings.append(Finding("SMP114", Place("--env"), message, hint))
    return None


def _model_files(patterns: Sequence[str], place: Place, reading: _Reading, framework_file: Path | None) -> list[Path]:
    """The model configuration files, each once, in the order of their paths; the framework's own was read already."""
    found: dict[Path, Path] = {}
    for pattern in patterns:
        matches = {reading.root / match for match in glob.glob(pattern, root_dir=reading.root, recursive=True)}  # noqa: PTH207  (takes absolute patterns too)
        matches = {match for match in matches if match.is_file()}
        if not matches:
            message = f"no file matches {quoted(pattern)}"
            reading.findings.append(Finding("SMP111", place, message, "check the pattern; it is relative to the root (--root)"))
            reading.incomplete = True
        for match in matches:  # a file that links lead to twice is one file
            found[match.resolve()] = min(match, found.get(match.resolve(), match))
    for path in (framework_file, *(reading.root / name for name in (*FRAMEWORK_FILES, POLICY))):
        if path is not None:
            found.pop(path.resolve(), None)
    return sorted(found.values())


def _patterns(sources: Sources, framework: Map | None, overlay: Map | None, reading: _Reading) -> tuple[Place, Sequence[str]]:
    """Where the globs were written, and the globs. They are needed before there is a merged tree to read them from."""
    if sources.patterns:
        return Place("--config"), sources.patterns
    early = merge.overlay(framework or Map(), overlay or Map())
    for assignment in sources.overrides:
        if assignment.partition("=")[0].strip().removeprefix("conf.") == "modelConfigFilePath":
            merge.override(early, assignment)
    _fill_defaults(early, [PATTERNS])
    place = place_at(early, ("conf", "modelConfigFilePath"))
    result = reading.substitute(_only(early, "modelConfigFilePath"))
    shaped = schema.Shaper().shape(result.tree, schema.definition(""), (), place)
    wrong = [] if result.unresolved else list(schema.check(shaped, "", ()))
    reading.findings += wrong
    if wrong or result.unresolved:
        reading.incomplete = True
        return place, ()
    return place, shaped["conf"].get("modelConfigFilePath", ())


def _only(tree: Map, key: str) -> Map:
    """A tree that holds nothing but `conf.key`."""
    only = Map(tree.place)
    conf = Map(tree.place)
    conf.take(key, tree["conf"])
    only.put("conf", conf, tree.place, tree.place)
    return only


def _fill_defaults(tree: Map, paths: Iterable[tuple[str, ...]]) -> None:
    """Name the SMP_ variable of each framework setting of `paths` that no file sets."""
    for path in paths:
        parent: Any = tree
        for key in ("conf", *path[:-1]):
            if isinstance(parent, Map) and parent.get(key) is None:
                parent.put(key, Map(ENVIRONMENT), ENVIRONMENT, ENVIRONMENT)
            parent = parent[key] if isinstance(parent, Map) else None
        if isinstance(parent, Map) and parent.get(path[-1]) is None:
            parent.put(path[-1], DEFAULTS[path], ENVIRONMENT, ENVIRONMENT)


def _two_anchors(trees: Sequence[Map]) -> list[Finding]:
    places = sorted(
        tree["conf"].key_place_of("sagemakerPipeline")
        for tree in trees
        if isinstance(tree.get("conf"), Map) and tree["conf"].get("sagemakerPipeline") is not None
    )
    return [
        Finding(
            "SMP107",
            place,
            f"sagemakerPipeline stands in two files; the other is {places[0]}",
            "keep it in one anchor model; of two pipelines, name one with -c",
        )
        for place in places[1:]
    ]
