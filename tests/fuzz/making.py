"""Cases: a target, a seed and a number in; always the same case out, whatever the machine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from tests.fuzz import mutators, odd, seeds, trees
from tests.fuzz.case import Case, of_text
from tests.fuzz.grammar import Grammar
from tests.fuzz.seeds import Seed
from tests.fuzz.writer import Writer, as_json

NAMES = ("model.yaml", "a.yaml", "ü n.yaml", "z.yml", "m.json")
VARIABLES = (
    "", " ", "x", "${SMP_REGION}", "${", "SMP_ROLE", "a\nb", "\udcff", "é", "a" * 5000, "1", "true", "s3://b/k", "[a, b]", "\0",
    "'", "${item}",
)  # fmt: skip
"""What variables hold."""

PATTERNS = (
    "*.yaml", "", ".", "..", "a" * 300, "*" * 50, "**/**/**/*.yaml", "[", "[!", "[z-a]*", "a\0*/x.yaml", "\0", "*\n*",
    "*.y?ml", "model.yaml/x", "${X}", "SMP_X", "$${", "{a,b}.yaml", "~/*.yaml", "conf/conf.yaml", "../root/*.yaml", "é*",
    "\ud800*", "src/*", "./*.yaml",
)  # fmt: skip
IGNORED = ("*", "!*", "!", "", "#", "[", "[!", "[z-a]", "*.py", "!train.py", "/", "//", "\0", "\t", "src/", "**/x", "\\", "é")
LOCK = {
    "sagemaker": "3.20.0",
    "images": {"sklearn 1.2-1 py3 cpu training in eu-west-1": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x:1"},
}


def make(target: str, seed: int, number: int) -> Case:
    """The case of that number."""
    return MAKERS[target](random.Random(f"{seed}/{target}/{number}"))


def configuration(rng: random.Random) -> Case:
    kind = rng.choices(("bytes", "text", "mild", "tree", "grammar"), (8, 17, 30, 25, 20))[0]
    seed = _seed(rng, good=kind == "mild" or rng.random() < 0.7)
    files, variables, sources = dict(seed.files), {**seeds.VARIABLES, **seed.variables}, dict(seed.sources)
    if kind == "grammar":
        careful = rng.random() < 0.6
        tree = Grammar(rng, seeds.seen(), careful).project()
        tree = tree if careful or rng.random() < 0.5 else trees.changed_tree(rng, tree, _donor(rng))
        files, sources = {"model.yaml": _text(rng, tree)}, {"patterns": ["*.yaml"]}
    elif kind in ("mild", "tree") and seeds.trees(seed):
        name = rng.choice(list(seeds.trees(seed)))
        tree = seeds.trees(seed)[name]
        if kind == "mild":
            files[name] = _text(rng, trees.mildly_changed_tree(rng, tree, seeds.seen()), name, 0.0)
        else:
            files[name] = _text(rng, trees.changed_tree(rng, tree, _donor(rng)), name)
    else:
        name = rng.choice(list(files))
        files[name] = _changed_content(rng, files[name], kind)
    if rng.random() < 0.2:
        _something_beside(rng, files, variables, sources)
    return Case("configurations", files, {"sources": sources, "variables": variables, "explain": rng.random() < 0.1}, kind)


def _seed(rng: random.Random, good: bool) -> Seed:
    """One of the projects, one that compiles or one that does not; the small ones more often, since they are run faster."""
    chosen, weights = _pool(good)
    return rng.choices(chosen, weights)[0]


@cache
def _pool(good: bool) -> tuple[Sequence[Seed], Sequence[float]]:
    chosen = [seed for seed in seeds.configurations() if seed.good == good]
    return chosen, [1 / (800 + sum(map(len, seed.files.values()))) for seed in chosen]


def _donor(rng: random.Random) -> Any:
    return rng.choice(list(seeds.trees(_seed(rng, rng.random() < 0.6)).values()) or [{}])


def _text(rng: random.Random, tree: Any, name: str = "", oddness: float | None = None) -> bytes:
    if name.endswith(".json") or rng.random() < 0.3:
        return as_json(tree).encode("utf-8", "surrogatepass")
    how_odd = rng.choice((0.0, 0.002, 0.02)) if oddness is None else oddness
    return Writer(rng, how_odd).text(tree).encode("utf-8", "surrogatepass")


def _changed_content(rng: random.Random, content: bytes, kind: str) -> bytes:
    other = rng.choice(list(_seed(rng, rng.random() < 0.6).files.values()))
    if kind == "bytes":
        return mutators.changed_bytes(rng, content, [other, content])
    text = mutators.changed_text(rng, content.decode("utf-8", "replace"), [other.decode("utf-8", "replace")])
    return text.encode("utf-8", "surrogatepass")


def _something_beside(
    rng: random.Random, files: dict[str, bytes], variables: dict[str, str | None], sources: dict[str, Any]
) -> None:
    """Another variable, assignment, overlay, file or name."""
    name = rng.choice(list(files))
    which = rng.randrange(9)
    if which == 0:
        variables[rng.choice((*seeds.VARIABLES, "X", "Y", "SMP_MODEL_CONFIGPATH", "SMP_SUBNETS"))] = rng.choice((*VARIABLES, None))
    elif which == 1:
        sources["overrides"] = [_assignment(rng) for _ in range(rng.randint(1, 3))]
    elif which == 2:
        sources["environment_name"] = "dev"
        files["conf/environments/dev.yaml"] = _text(rng, trees.changed_tree(rng, _donor(rng), _donor(rng)))
    elif which == 3:
        files["second.yaml"] = rng.choice(list(_seed(rng, rng.random() < 0.6).files.values()))
    elif which == 4:
        files[rng.choice(NAMES)] = files.pop(name)
        sources["patterns"] = ["*.yaml", "*.y*ml", "*.json"]
    elif which == 5:
        files["env.env"] = _env_file(rng).encode("utf-8", "surrogatepass")
        sources["env_file"] = "env.env"
    elif which == 6:
        key = rng.choice(("s3Bucket", "region", "local", "defaults", "models", "sagemakerNetworkSecurity"))
        files["conf/conf.yaml"] = _text(rng, {"conf": {key: odd.value(rng)}})
        sources["patterns"] = rng.choice((["*.yaml"], ["model.yaml", "*"], [], ["", "["], ["**/*.yaml"]))
    elif which == 7:
        listed = [rng.choice(PATTERNS) for _ in range(rng.randint(1, 3))]
        files["conf/conf.yaml"] = _text(rng, {"conf": {"modelConfigFilePath": rng.choice((listed, ",".join(listed)))}})
        sources["patterns"] = rng.choice(([], listed))
    else:
        lock = trees.changed_tree(rng, LOCK, _donor(rng), json_only=True)
        files |= {
            "smp.lock": as_json(lock).encode("utf-8", "surrogatepass"),
            "src/.smpignore": "\n".join(rng.choices(IGNORED, k=3)).encode(),
        }


def _assignment(rng: random.Random) -> str:
    path = [str(key) for _, key in rng.choices(list(trees.owners(_donor(rng))) or [({}, "a")], k=rng.randint(1, 4))]
    parts = rng.choice((path, ["models", "m", "train", *path], ["sagemakerPipeline", "parameters", *path], ["conf", *path]))
    values = ("[a, b]", "{a: 1}", "", "*x", "&x y", "{", "!x", "1.50", "~")
    value = rng.choice((json.dumps(odd.expression(rng)), str(odd.scalar(rng, json_only=True))[:300], rng.choice(values)))
    return rng.choice((".", ".", ".", "..", "/")).join(parts) + rng.choice(("=", "=", "=", " = ", "")) + value


def reader(rng: random.Random) -> Case:
    """The bytes of one file."""
    which = rng.random()
    name = rng.choice(("f.yaml", "f.yaml", "f.json", "f.yml"))
    if which < 0.4:
        content = rng.choice(list(_seed(rng, rng.random() < 0.6).files.values()))
        content = _changed_content(rng, content, rng.choice(("bytes", "text")))
    elif which < 0.6:
        content = "".join(rng.choice(mutators.TOKENS) for _ in range(rng.randint(0, 40))).encode("utf-8", "surrogatepass")
    elif which < 0.68:
        content = rng.randbytes(rng.randint(0, 60))
    elif which < 0.75:
        content = b"".join(rng.choice(mutators.CONTROLS) for _ in range(rng.randint(0, 9)))
    elif which < 0.9:
        content = _text(rng, trees.changed_tree(rng, _donor(rng), _donor(rng)), name)
    else:
        content = _env_file(rng).encode("utf-8", "surrogatepass")
    return Case("reader", {name: content}, {}, "bytes")


def _env_file(rng: random.Random) -> str:
    lines = (
        'export SMP_REGION="us-east-1"', "SMP_X=a b", "SMP_X='a'b", 'SMP_X="a', "X=${SMP_REGION}", "  export  Y = 1", "=x",
        "# x", "", "\t", "é=1", "X=1 # y", "X=#", "SMP_ROLE=", "export", "X='\x07'", "X=\x85Y=2", "\ufeffX=1", "X=\ud800",
        "a" * 3000 + "=1", "X=" + "é" * 3000, "\0=1",
    )  # fmt: skip
    return "\n".join(rng.choice(lines) for _ in range(rng.randint(0, 6)))


def expression(rng: random.Random) -> Case:
    """What stands in `${…}`, a text around some, or a condition."""
    known = seeds.texts()
    which = rng.random()
    if which < 0.35:
        text = odd.inside(rng)
    elif which < 0.65:
        text = odd.expression(rng)
    elif which < 0.8:
        text = _changed_line(rng, rng.choice(known["expressions"]))
    elif which < 0.95:
        text = _changed_line(rng, rng.choice(known["conditions"] or ["${parameters.a} > 1"]))
    else:
        text = "".join(rng.choice((*"${}.[]'\"", chr(rng.randrange(0x3000)))) for _ in range(rng.randint(0, 30)))
    return of_text("expressions", text, "text", X=rng.choice(VARIABLES))


_PIECES = (
    "${", "}", "$", ".", "[", "]", "'", '"', "(", ")", " and ", " or ", " not ", " in ", ">=", "==", "1e999", "9" * 50, "${X}",
    "SMP_REGION", "\0", "é",
)  # fmt: skip


def _changed_line(rng: random.Random, text: str) -> str:
    for _ in range(rng.choice((0, 1, 2, 4))):
        start = rng.randint(0, len(text))
        piece = rng.choice((rng.choice(_PIECES), text[: rng.randint(0, len(text))], odd.expression(rng), ""))
        text = (text[:start] + piece + text[start + rng.choice((0, 1, 3)) :])[:4000]
    return text * 40 if rng.random() < 0.01 else text


def dependencies(rng: random.Random) -> Case:
    which = rng.random()
    if which < 0.6:
        text = odd.dependency(rng)
    elif which < 0.98:
        text = _changed_line(rng, rng.choice(seeds.texts()["dependencies"]))
    else:
        text = odd.dependency(rng) * 200
    return of_text("dependencies", text, "text")


def definition(rng: random.Random) -> Case:
    """The bytes of a definition, and how it is to be run."""
    known = seeds.definitions()
    tree, donor = (known[int(len(known) * rng.random() ** 2)] for _ in range(2))
    tree = trees.changed_tree(rng, _less(rng, tree), donor, json_only=True)
    content = as_json(tree).encode()
    kind = "tree"
    if rng.random() < 0.12:
        kind, content = "bytes", mutators.changed_bytes(rng, content, [json.dumps(donor).encode()])
    given = {rng.choice(("Epochs", "ModelApprovalStatus", "X")): rng.choice(("1", "x", "", "1e999"))} if rng.random() < 0.2 else {}
    names = trees.step_names(tree) if isinstance(tree, (dict, list)) else []
    options: Mapping[str, Any] = {
        "parameters": given,
        "select": [rng.choice(names or ["a"])] if rng.random() < 0.2 else [],
        "strict": rng.random() < 0.3,
        "command": rng.random() < 0.1,
    }
    return Case("definitions", {"definition.json": content}, options, kind)


def _less(rng: random.Random, tree: Any) -> Any:
    """A definition with some of its steps only, mostly, since that is faster."""
    steps: Sequence[Any] = tree.get("Steps", ())
    if len(steps) < 4 or rng.random() < 0.2:
        return tree
    start = rng.randrange(len(steps))
    return {**tree, "Steps": list(steps[start : start + 3])}


MAKERS: Mapping[str, Callable[[random.Random], Case]] = {
    "configurations": configuration,
    "reader": reader,
    "expressions": expression,
    "dependencies": dependencies,
    "definitions": definition,
}
