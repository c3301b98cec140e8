"""Modeling units: what each step is built from, and which steps stand before it."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP205",
        "Section that is missing, or does not fit its step",
        "A step asks for a section that its model does not have, or for one that parametrises steps of another class; or two steps "
        "of different classes share a section; or a Tuning step cannot tune the jobs of its section, because these start a command "
        "of their own or because nothing defines the metric that it looks for. Nothing can be built from it.",
        'Add the section, correct "step_class" or "step_type", or give each step a section of its own. For a Tuning step, define '
        'the metric in "metric_definitions", and let its jobs start with "launcher: toolkit".',
        blocking=True,
    ),
    Rule(
        "SMP206",
        "Step that is missing before another",
        "A step does not name what it works on, and no step before it makes that: the model that CreateModel and RegisterModel "
        "take from a Training step, the one that Transform, EndpointConfig and InferenceComponent take from a CreateModel step, "
        "the configuration or endpoint that Endpoint and InferenceComponent take. It is a warning where a Metrics step stands "
        "below the RegisterModel step, which then registers its model without metrics.",
        "List the missing step above it, or name what it works on.",
        blocking=True,
    ),
    Rule(
        "SMP207",
        "No source of data, too many, or one without data",
        "A Transform or AutoML step has no source of data, or several where it reads exactly one; or a step chains from one that "
        "puts out no data. It would have nothing to read, or nobody could tell what.",
        'Give it one data file, or one step in "chain_input_source_step" that puts out data: Processing, Training, Tuning, '
        "Transform or Metrics.",
        blocking=True,
    ),
    Rule(
        "SMP208",
        "Model without steps",
        "A model of the pipeline lists no steps, and has none of the sections that a default unit is made from. Nothing of it "
        "would run.",
        'List its "steps", or add sections such as "train" and "registry".',
        blocking=True,
    ),
)
