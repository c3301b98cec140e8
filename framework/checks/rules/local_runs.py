"""Runs on this machine: what is refused before they begin, and while they wait for an answer."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP801",
        "Definition that cannot run on this machine",
        "A definition is not what the local engine can run: a step has a type, condition or member that does not exist here, a "
        "name that is no name or stands twice, a dependency on nothing or on itself, a loop with a step that loops cannot hold, or "
        "an expiry that is no duration; or a step needs its image, for which nothing stands here. It is said of all steps before "
        "any of them begins.",
        'Correct the step; for an image, say in "conf.local.images" what stands for it, or run it with --runner docker.',
    ),
    Rule(
        "SMP802",
        "Step that would only be recorded",
        "The run is to be strict (--strict-local), and this machine can only write down that the step was reached: nothing here "
        "can do what it does on SageMaker.",
        'Run without --strict-local, or say in "conf.local" what stands for it.',
    ),
    Rule(
        "SMP803",
        "Steps that cannot be selected, or run by themselves",
        "What is given to --select or --exclude cannot be read or names no step of the pipeline; or it leaves out a step that lies "
        "between two others, tears a step out of a condition or a loop that runs, or is more than SageMaker takes; or no earlier "
        "run, or not the one given to --source, has the results that the chosen steps need. The same holds for runs on SageMaker.",
        'Choose steps that hang together, as "smp ls --select" lists them, and run the whole pipeline once before, or choose the '
        "steps whose results are needed too.",
        source="SageMaker developer guide, page pipelines-selective-ex; API SelectiveExecutionConfig",
    ),
    Rule(
        "SMP804",
        "Answer that a callback does not take",
        "A Callback step is answered with an output that it does not have, without one that it has, with a value of another type, "
        "or with a reason where it succeeds or one of more than 256 characters. The step could not go on with that.",
        "Give each output of the step a value of its type, or answer with a failure and a short reason.",
        source="API SendPipelineExecutionStepSuccess and SendPipelineExecutionStepFailure",
    ),
)
