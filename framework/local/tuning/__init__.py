"""Hyperparameter tuning: the space, the search through it, and its training jobs."""
