"""From files to one configuration: find, read, normalise, join, overlay, substitute, bring into shape, check."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from framework.config import merge, schema
from framework.config.dialect import normalise
from framework.config.environment import read_env_file, substitute
from framework.config.model import Config
from framework.config.reader import read_file
from framework.config.typed import typed_config
from framework.config.values import Map, place_at
from framework.findings import Finding, FindingsError, Place, has_errors, nearest

FRAMEWORK_FILES = ("conf/conf.yaml", "framework/conf/conf.yaml")
PATTERNS = ("modelConfigFilePath",)
DEFAULTS = {
    ("s3Bucket",): "SMP_S3BUCKETNAME",
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
    """What has been read so far."""

    root: Path
    files: list[Path] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def read(self, path: Path) -> Map | None:
        path = path.absolute()
        self.files.append(path)
        result = read_file(path, self.name_of(path))
        self.findings += result.findings
        if result.tree is not None:
            self.findings += normalise(result.tree)
        return result.tree

    def name_of(self, path: Path) -> str:
        """A file's name in findings: relative to the root where it lies below it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()


def load_config(sources: Sources, environment: Mapping[str, str]) -> Config:
    """The one configuration that all sources make together.

    Its `findings` hold all that is wrong; a configuration with errors can be looked at but not compiled.

    Raises:
        FindingsError: when so little could be read that there is nothing to look at.
    """
    reading = _Reading(sources.root.absolute())
    if sources.env_file is not None:
        variables, findings = read_env_file(reading.root / sources.env_file, sources.env_file)
        environment = {**environment, **variables}
        reading.findings += findings
    framework, framework_file = _framework_tree(sources, reading)
    overlay = _overlay_tree(sources, reading)
    place, patterns = _patterns(sources, framework, overlay, environment, reading)
    trees = [framework] if framework is not None else []
    trees += [tree for path in _model_files(patterns, place, reading, framework_file) if (tree := reading.read(path)) is not None]
    merged, conflicts = merge.join(trees)
    reading.findings += [*conflicts, *_two_anchors(trees)]
    conf = merged.get("conf")
    if not isinstance(conf, Map) or (not conf.get("models") and has_errors(reading.findings)):
        raise FindingsError([*reading.findings, *schema.check(merged, "", ())])
    if "modelConfigFilePath" in conf:
        conf.drop("modelConfigFilePath")  # it has served; nothing else depends on the variable it may name
    return _finish(merged, overlay, sources, environment, reading)


def _finish(merged: Map, overlay: Map | None, sources: Sources, environment: Mapping[str, str], reading: _Reading) -> Config:
    if overlay is not None:
        merged = merge.overlay(merged, overlay)
    for assignment in sources.overrides:
        reading.findings += merge.override(merged, assignment)
    _fill_defaults(merged, (path for path in DEFAULTS if path != PATTERNS))
    tree, unset = substitute(merged, environment)
    config = typed_config(tree, reading.root, tuple(reading.files), environment, {finding.place for finding in unset})
    return replace(config, findings=(*reading.findings, *unset, *config.findings))


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
    reading.findings.append(Finding("SMP114", Place("--env"), message, nearest(sources.environment_name, names)))
    return None


def _model_files(patterns: Sequence[str], place: Place, reading: _Reading, framework_file: Path | None) -> list[Path]:
    """The model configuration files, each once, in the order of their paths; the framework's own was read already."""
    found: set[Path] = set()
    for pattern in patterns:
        matches = {reading.root / match for match in glob.glob(pattern, root_dir=reading.root, recursive=True)}  # noqa: PTH207  (takes absolute patterns too)
        matches = {match for match in matches if match.is_file()}
        if not matches:
            message = f'no file matches "{pattern}"'
            reading.findings.append(Finding("SMP111", place, message, "check the pattern; it is relative to the root (--root)"))
        found |= matches
    return sorted(found - {framework_file})


def _patterns(
    sources: Sources, framework: Map | None, overlay: Map | None, environment: Mapping[str, str], reading: _Reading
) -> tuple[Place, Sequence[str]]:
    """Where the globs were written, and the globs. They are needed before there is a merged tree to read them from."""
    if sources.patterns:
        return Place("--config"), sources.patterns
    early = merge.overlay(framework or Map(), overlay or Map())
    for assignment in sources.overrides:
        if assignment.partition("=")[0].strip().removeprefix("conf.") == "modelConfigFilePath":
            merge.override(early, assignment)
    _fill_defaults(early, [PATTERNS])
    tree, findings = substitute(_only(early, "modelConfigFilePath"), environment)
    place = place_at(early, ("conf", "modelConfigFilePath"))
    reading.findings += findings
    if findings:
        return place, ()
    shaped = schema.Shaper().shape(tree, schema.definition(""), (), place)
    value: Any = shaped["conf"].get("modelConfigFilePath", ())
    return place, [str(pattern) for pattern in value]


def _only(tree: Map, key: str) -> Map:
    """A tree that holds nothing but `conf.key`."""
    only = Map(tree.place)
    conf = Map(tree.place)
    conf.take(key, tree["conf"])
    only.put("conf", conf, tree.place, tree.place)
    return only


def _fill_defaults(tree: Map, paths: Iterable[tuple[str, ...]]) -> None:
    """Name the SMP_ variable of each framework setting of `paths` that no file sets."""
    place = Place("environment")
    for path in paths:
        parent: Any = tree
        for key in ("conf", *path[:-1]):
            if isinstance(parent, Map) and parent.get(key) is None:
                parent.put(key, Map(place), place, place)
            parent = parent[key] if isinstance(parent, Map) else None
        if isinstance(parent, Map) and parent.get(path[-1]) is None:
            parent.put(path[-1], DEFAULTS[path], place, place)


def _two_anchors(trees: Sequence[Map]) -> list[Finding]:
    places = sorted(
        tree["conf"].key_place_of("sagemakerPipeline")
        for tree in trees
        if isinstance(tree.get("conf"), Map) and tree["conf"].get("sagemakerPipeline") is not None
    )
    return [
        Finding("SMP107", place, f"sagemakerPipeline stands in two files; the other is {places[0]}", "keep it in one anchor model")
        for place in places[1:]
    ]


def require(config: Config) -> Config:
    """The configuration itself when it has no errors.

    Raises:
        FindingsError: with every finding, when it has.
    """
    if has_errors(config.findings):
        raise FindingsError(config.findings)
    return config
