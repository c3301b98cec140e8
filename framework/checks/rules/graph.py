"""The graph: which steps there are, who waits for whom, and where each stands."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP201",
        "Step or model that does not exist",
        "A dependency, a chain input, a branch, a loop, an expression or a reference names a step that the pipeline does not have; "
        "or the pipeline, or a step, names a model that no file configures. What waits for it would never begin, and what reads it "
        "would find nothing.",
        "Correct the name, or add the step or the model.",
        blocking=True,
    ),
    Rule(
        "SMP202",
        "Name that is taken",
        "Two steps have one name; or a step has the name of the one that is made to repack its model; or the parameter that is "
        "made for a registered model would have the name of another one. Steps and parameters are found by their names, so each "
        "name can stand for one thing only.",
        "Rename one of the two.",
        blocking=True,
    ),
    Rule(
        "SMP203",
        "Cycle of steps",
        "Steps wait for each other in a circle, by dependencies, by data that flows between them, or by both. None of them could "
        "ever begin.",
        "Remove one of the edges that the finding names, each with its line.",
        source="SageMaker developer guide, page pipelines-overview (a pipeline is a directed acyclic graph)",
        blocking=True,
    ),
    Rule(
        "SMP204",
        "Dependency that cannot be read",
        'A line of "dependencies" does not follow the notation: names of steps, joined by ">>" or "<<", several at once in '
        "brackets. Were it left out, a step could begin too early.",
        'Write "a >> b", "b << a" or "[a, b] >> c", the last in quotes.',
        blocking=True,
    ),
    Rule(
        "SMP209",
        "Step that cannot stand there, or be waited for from there",
        "A step waits for one inside a branch that may not run, for one in another branch of the same condition, for one inside "
        "itself, or for the result of the step that holds it; or it stands in two branches or in a branch of itself; or it is a "
        "Condition, Fail or ForEach step inside a loop, which the service does not allow.",
        "Let it wait for the step that holds the other one, put both into one branch, or take one of them out.",
        source="SageMaker developer guide, page build-and-manage-steps-types; SageMaker Python SDK, ForEachStep",
        blocking=True,
    ),
)
