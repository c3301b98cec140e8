"""The strongest way without a container engine: Linux namespaces, made by `programs/namespace.py`."""

from __future__ import annotations

from framework.local.runners.base import Command, Running, Traits
from framework.local.runners.supervised import start_supervised

NO_PID = (
    "There are no process namespaces here: a job sees the other processes of this user, and a process that leaves its job's "
    "group may outlive the job."
)


class NamespaceRunner:
    """Starts commands in Linux namespaces of their own.

    Args:
        user: make a user namespace too, which is what allows an ordinary user to mount.
        pid: make a PID namespace too; without it only the process group of a job is killed at its end.
    """

    def __init__(self, user: bool, pid: bool) -> None:
        self.user, self.pid = user, pid
        self.traits = Traits("namespace", () if pid else (NO_PID,))

    def start(self, command: Command) -> Running:
        """See `Runner.start`."""
        spec = {
            "words": list(command.words),
            "ml": str(command.ml),
            "environment": dict(command.environment),
            "folder": command.folder,
            "user": self.user,
            "pid": self.pid,
        }
        return start_supervised(spec, command, "namespace.py")
