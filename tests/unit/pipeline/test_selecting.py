from __future__ import annotations

from typing import Any

import pytest

from framework.findings import FindingsError
from framework.pipeline.compiled import StepOrigin
from framework.pipeline.selecting import Subject, choose


def step(name: str, *after: str, kind: str = "Processing", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, "DependsOn": list(after)}


def get(target: str) -> dict[str, str]:
    return {"Get": target}


STEPS = [
    step("prep"),
    step("fit", kind="Training", data=get("Steps.prep.Output")),
    step(
        "gate",
        kind="Condition",
        Conditions=[{"LeftValue": {"Std:JsonGet": {"PropertyFile": get("Steps.fit.PropertyFiles.report"), "Path": "f1"}}}],
        IfSteps=[step("register", kind="RegisterModel", model=get("Steps.fit.ModelArtifacts"))],
        ElseSteps=[step("fail", kind="Fail")],
    ),
    step(
        "loop",
        kind="ForEach",
        IterableItems="[]",
        ForEachBody=[step("chunk", data=get("Steps.prep.Output")), step("embed", data=get("Steps.chunk.Output"))],
    ),
    step("join", data=get("Steps.loop.IterationOutputs")),
    step("alone", kind="Lambda"),
]
ORIGINS = (
    StepOrigin("prep", "Processing", "churn"),
    StepOrigin("fit", "Training", "churn"),
    StepOrigin("register", "RegisterModel", "churn"),
    StepOrigin("chunk", "Processing", "rag"),
    StepOrigin("embed", "Processing", "rag"),
    StepOrigin("join", "Metrics", "rag"),
    StepOrigin("gate", "Condition"),
)


def subject(**members: Any) -> Subject:
    return Subject({"Steps": STEPS}, ORIGINS, **members)


def names(*select: str, exclude: tuple[str, ...] = (), **members: Any) -> str:
    return " ".join(choose(subject(**members), select, exclude).steps)


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("fit", "fit"),
        ("fit+", "fit gate register fail"),
        ("fit+1", "fit gate register fail"),
        ("prep+1", "prep fit loop chunk embed"),
        ("+register", "prep fit gate register fail"),
        ("1+fit", "prep fit"),
        ("register", "register"),
        ("gate", "gate register fail"),
        ("join fit", "fit join"),
        ("1+join", "loop chunk embed join"),
        ("embed", "loop chunk embed"),
        ("chunk+1", "loop chunk embed join"),
        ("*i*", "fit register fail join"),
        ("p?ep f[ai]*", "prep fit fail"),
        ("model:churn", "prep fit register"),
        ("model:c*,type:training", "fit"),
        ("class:PROCESSING", "prep loop chunk embed"),
        ("type:Processing", "prep loop chunk embed join"),
        ("class:Metrics+", "join"),
        ("type:Transform", ""),
        ("class:Transform", ""),
        ("x*", ""),
        ("fit+,model:churn", "fit register"),
    ],
)
def test_what_is_meant(select: str, expected: str) -> None:
    assert names(select) == expected


def test_without_a_selection_all_steps_are_meant_but_for_the_excluded() -> None:
    assert names() == "prep fit gate register fail loop chunk embed join alone"
    assert choose(subject(), ()).every
    assert names(exclude=("loop+ gate", "register fail")) == "prep fit alone"
    assert names("prep+", exclude=("model:rag loop", "type:Condition register+ fail")) == "prep fit"


def test_what_runs_with_others_names_them_and_a_run_is_told_no_step_of_a_loop() -> None:
    chosen = choose(subject(), ["chunk", "gate"])
    assert chosen.steps == {"gate": "", "register": "gate", "fail": "gate", "loop": "chunk", "chunk": "", "embed": "loop"}
    assert chosen.runs == ("gate", "register", "fail", "loop")
    assert not chosen.every


@pytest.mark.parametrize(
    ("select", "exclude", "message"),
    [
        ("ft", (), '--select SMP803 there is no step ft (offset 0 of "ft"). Try: fit.'),
        ("fit,+model:chrn", (), '--select SMP803 there is no model chrn (offset 11 of "fit,+model:chrn"). Try: churn.'),
        ("class:Trainning", (), '--select SMP803 there is no step class Trainning (offset 6 of "class:Trainning"). Try: Training.'),
        ("type:Modle", (), '--select SMP803 there is no step type Modle (offset 5 of "type:Modle"). Try: Model.'),
        ("fit", ("a 2+Fit+",), '--exclude SMP803 there is no step Fit (offset 4 of "a 2+Fit+"). Try: fit.'),
        (
            "gate",
            ("register",),
            "--exclude SMP803 register is excluded, and stands in gate, which is selected and runs as a whole. "
            "Try: exclude gate too, or let register run.",
        ),
        (
            "chunk",
            ("loop",),
            "--exclude SMP803 loop is excluded, and runs as a whole with chunk, which stands in it and is selected. "
            "Try: exclude chunk too, or let loop run.",
        ),
    ],
)
def test_what_is_not_there_or_torn_apart_is_a_finding(select: str, exclude: tuple[str, ...], message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        choose(subject(), [select], exclude)
    assert message in [str(finding) for finding in caught.value.findings]


def test_every_mistake_is_said_at_once() -> None:
    with pytest.raises(FindingsError) as caught:
        choose(subject(), ["ft", "modle:x"], ["state:", "model:x"])
    assert [str(finding) for finding in caught.value.findings] == [
        '--exclude SMP803 nothing stands behind "state:" (offset 6 of "state:"). Try: one of modified, new, unmodified.',
        '--exclude SMP803 there is no model x (offset 6 of "model:x"). Try: one of churn, rag.',
        '--select SMP803 steps cannot be selected by modle (offset 0 of "modle:x"). Try: model.',
        '--select SMP803 there is no step ft (offset 0 of "ft"). Try: fit.',
    ]


@pytest.mark.parametrize("method", ["model", "class"])
def test_a_foreign_definition_knows_neither_models_nor_classes(method: str) -> None:
    with pytest.raises(FindingsError) as caught:
        choose(Subject({"Steps": STEPS}), [f"fit+,{method}:*"])
    assert [str(finding) for finding in caught.value.findings] == [
        f'--select SMP803 the definition does not say of which {method} a step is (offset 5 of "fit+,{method}:*"). '
        "Try: select by names, or by type:."
    ]


def test_states_compare_with_what_was() -> None:
    was = [*STEPS[:1], {**STEPS[1], "DependsOn": ["prep"]}, *STEPS[2:5]]
    assert names("state:modified", before=lambda: {"Steps": was}) == "fit alone"
    assert names("state:new", before=lambda: {"Steps": was}) == "alone"
    assert names("state:modified+", before=lambda: {"Steps": was}) == "fit gate register fail alone"
    assert names("state:unmodified,type:Processing", before=lambda: {"Steps": was}) == "prep loop chunk embed join"
    assert names("state:new", before=lambda: None) == names()


def test_results_of_steps_and_of_iterations() -> None:
    states = [
        {"StepName": "fit", "StepStatus": "Failed"},
        {"StepName": "prep", "StepStatus": "Succeeded"},
        {"StepName": "gone", "StepStatus": "Failed"},
        {"StepName": "embed-1", "StepStatus": "Failed", "IterationContext": {"ParentStepName": "loop", "Index": 1}},
        {"StepName": "chunk-1", "StepStatus": "Succeeded", "IterationContext": {"ParentStepName": "loop", "Index": 1}},
    ]
    assert names("result:failed", results=lambda: states) == "fit loop chunk embed"
    assert names("result:failed,type:Training", results=lambda: states) == "fit"
    assert names("result:succeeded", results=lambda: states[:2]) == "prep"
    assert names("result:stopped", results=lambda: states) == ""


def test_nothing_is_asked_that_the_selection_does_not_speak_of() -> None:
    def asked() -> Any:
        raise AssertionError

    assert names("fit", before=asked, results=asked) == "fit"


def test_whatever_a_definition_holds_it_is_selected_from() -> None:
    odd = [3, {"Name": 4}, {"Name": "a", "Arguments": 5}, {"Name": "b", "DependsOn": 6}, {"Name": "c", "DependsOn": [7, "d"]}]
    around = [{"Name": "d", "DependsOn": ["c", "x"], "Type": []}, {"Name": "c"}, step("e", kind="ForEach", ForEachBody=[None, {}])]
    chosen = choose(Subject({"Steps": [*odd, *around]}), ["+c e"])
    assert list(chosen.steps) == ["e", "c", "d"], "a circle comes last"
