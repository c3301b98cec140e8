"""The engine that runs a pipeline definition on this machine, without Docker."""
