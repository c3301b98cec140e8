"""A package of its own, so that the `tests` that some library installs is not taken for it."""
