"""What is written and does nothing, or something else than it seems to: rules that only warn."""

from __future__ import annotations

from framework.findings import WARNING, Rule

RULES = (
    Rule(
        "SMP113",
        "Setting without the effect that it seems to have",
        "A key is understood and does nothing where it stands: it is an older one that nothing is named after, the service does "
        "not look at it for such a step (a cache, a retry, a role, an input), or another key wins. Or it does something else than "
        "one would think: files of one training channel become a folder or several channels, a path of this machine is read as a "
        "key in a bucket, a step runs its image's own program although there are scripts. The pipeline is built, but it is not "
        "what a reader of the file expects.",
        "Remove it, or write what is meant; the finding says why it has no effect.",
        WARNING,
        "SageMaker developer guide, pages pipelines-caching-enabling and pipelines-retry-policy (which steps are cached and "
        "retried)",
    ),
    Rule(
        "SMP116",
        "Section or defaults that nothing uses",
        'No step of a model uses one of its sections, or "defaults" are given for what is neither a section nor a step class. Most '
        "often a name is misspelt, and a step is built without what was written for it.",
        'Correct the name, name the section as the "step_type" of a step, or remove it.',
        WARNING,
    ),
    Rule(
        "SMP117",
        "Model that is not part of the pipeline",
        'A file configures a model of which "sagemakerPipeline" has no unit and no step, and which no other model extends. It is '
        "not built, which is easily overlooked.",
        'Name it under "sagemakerPipeline.models", remove it, or let the pattern of model files match fewer of them.',
        WARNING,
    ),
)
