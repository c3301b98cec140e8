"""Programs that run inside a job's process, by themselves: standard library only, nothing of the framework imported."""
