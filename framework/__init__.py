"""Per-model YAML in, one Amazon SageMaker pipeline out: checked, planned, deployed, or run on this machine."""

__version__ = "0.1.0"
