"""The step classes: each module builds the definition's step from a section of a model."""
